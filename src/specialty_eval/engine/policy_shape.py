"""Reading a node as what it should be — text, number, list, mapping — and noting every way in which it isn't.

A reader that finds a mistake notes it and answers a default, so that the rest is read too; what a valid document means
is the other `policy_*` modules' work.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from . import decimals
from .errors import Problem
from .policy_yaml import Listing, Lost, Mapping, Node, Scalar, child_path, shortened, written

E = TypeVar("E", bound=StrEnum)

_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
# Read as yes or no by YAML 1.1: a code written so would be another one in the next program that reads the policy.
_YES_OR_NO = frozenset({"yes", "no", "on", "off"})


@dataclass(frozen=True, slots=True)
class Spot:
    """A node, where it stands, and the list that every problem of the document goes to."""

    node: Node
    path: str
    problems: list[Problem]

    def refuse(self, code: str, **facts: object) -> None:
        """Note a problem here, with the line, the value as written and what would be right."""
        said = {"line": self.node.line, "value": written(self.node), "expected": "", **facts}
        self.problems.append(Problem(code, self.path, said))

    def missing(self, key: str) -> None:
        """Note that a key of this mapping is needed and not there."""
        facts = {"line": self.node.line, "value": "", "expected": key}
        self.problems.append(Problem("missing-key", child_path(self.path, key), facts))

    def at(self, key: str | int, node: Node) -> "Spot":
        """The spot of a node below this one."""
        return Spot(node, child_path(self.path, key), self.problems)

    @property
    def is_lost(self) -> bool:
        """Something stood here that has been refused already."""
        return isinstance(self.node, Lost)

    @property
    def is_mapping(self) -> bool:
        """Keys and values."""
        return isinstance(self.node, Mapping)

    @property
    def is_list(self) -> bool:
        """A list of nodes."""
        return isinstance(self.node, Listing)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of a mapping, none of anything else."""
        return tuple(key.text for key, _ in self.node.entries) if isinstance(self.node, Mapping) else ()

    def word_under(self, key: str) -> str:
        """What is written under a key that decides which others belong here; `` when nothing readable is."""
        entries = self.node.entries if isinstance(self.node, Mapping) else ()
        return next((node.text for name, node in entries if name.text == key and isinstance(node, Scalar)), "")

    def scalar(self, expected: object) -> Scalar | None:
        """A single value that is not empty."""
        if not isinstance(self.node, Scalar):
            self._refuse_shape("not-a-value", expected)
            return None
        if self.node.is_null:
            self.refuse("empty-value", expected=expected)
            return None
        return self.node

    def text(self) -> str:
        """Text that is not empty; `` when it isn't text. Text that looks like something else must be quoted."""
        scalar = self.scalar("text")
        if scalar is None:
            return ""
        if scalar.is_number or scalar.is_odd_number or scalar.boolean is not None:
            self.refuse("text-not-quoted", expected=f'"{shortened(scalar.text)}"')
        elif not scalar.text.strip():
            self.refuse("empty-value", expected="text")
        else:
            return scalar.text
        return ""

    def code(self) -> str:
        """A name others refer to: ASCII letters, digits, `_` and `-`; `` when it isn't one."""
        if isinstance(self.node, Scalar) and not self.node.quoted and self.node.text.lower() in _YES_OR_NO:
            self.refuse("text-not-quoted", expected=f'"{self.node.text}"')
            return ""
        text = self.text()
        if text and not _CODE.fullmatch(text):
            self.refuse("not-a-code", expected="[A-Za-z0-9_-]{1,64}")
            return ""
        return text

    def one_of(self, options: Collection[str]) -> str:
        """One of these words; `` when it isn't."""
        text = self.text()
        if text and text not in options:
            self.refuse("not-one-of", expected=tuple(options), nearest=nearest(text, options))
            return ""
        return text

    def word(self, words: type[E]) -> E | None:
        """One of an enumeration's words."""
        text = self.one_of([str(w) for w in words])
        return words(text) if text else None

    def number(self, low: int | None = None, high: int | None = None, kind: str = "number") -> Decimal | None:
        """A plain number within bounds, exactly as written; `kind` is what a message calls it."""
        expected = _between(kind, low, high)
        scalar = self.scalar(expected)
        if scalar is None:
            return None
        number = decimals.parse(scalar.text) if scalar.is_number else None
        if number is None:
            self.refuse("not-a-number", expected=expected)
            return None
        if (low is not None and number < low) or (high is not None and number > high):
            self.refuse("out-of-range", expected=expected)
            return None
        return number

    def integer(self, low: int | None = None, high: int | None = None) -> int | None:
        """A whole number within bounds, without a point."""
        if isinstance(self.node, Scalar) and self.node.is_number and "." in self.node.text:
            self.refuse("not-an-integer", expected=_between("integer", low, high))
            return None
        number = self.number(low, high, "integer")
        return None if number is None else int(number)

    def yes_no(self) -> bool | None:
        """`true` or `false`; `yes` is text."""
        scalar = self.scalar("true|false")
        if scalar is None:
            return None
        if scalar.boolean is None:
            self.refuse("not-true-or-false", expected="true|false")
        return scalar.boolean

    def label(self) -> dict[str, str]:
        """Texts by language code."""
        texts: dict[str, str] = {}
        for language, spot in self.entries():
            if not _LANGUAGE.fullmatch(language):
                spot.refuse("not-a-language", value=shortened(language), expected="zh, en")
            elif text := spot.text():
                texts[language] = text
        return texts

    def items(self, *, at_least: int = 1, at_most: int | None = None) -> list["Spot"]:
        """The nodes of a list of so many."""
        expected = _between("list", at_least, at_most)
        if not isinstance(self.node, Listing):
            self._refuse_shape("not-a-list", expected)
            return []
        count = len(self.node.nodes)
        if count < at_least or (at_most is not None and count > at_most):
            self.refuse("wrong-count", value=count, expected=expected)
        return [self.at(i, node) for i, node in enumerate(self.node.nodes)]

    def entries(self, *, at_least: int = 1) -> list[tuple[str, "Spot"]]:
        """The keys and values of a mapping whose keys are the document's own."""
        if not isinstance(self.node, Mapping):
            self._refuse_shape("not-a-mapping", "mapping")
            return []
        if len(self.node.entries) < at_least:
            self.refuse("wrong-count", value=0, expected=_between("mapping", at_least, None))
        return [(key.text, self.at(key.text, node)) for key, node in self.node.entries]

    def coded(self) -> Iterator[tuple[str, "Spot"]]:
        """As `entries`, of a mapping whose keys must be codes; an impossible key is noted and still read."""
        if isinstance(self.node, Mapping):
            for key, node in self.node.entries:
                Spot(key, child_path(self.path, key.text), self.problems).code()
                yield key.text, self.at(key.text, node)
        else:
            self.entries()

    def fields(self, required: str, optional: str = "") -> "Fields":
        """A mapping that has these keys (separated by spaces) and no others."""
        needed, known = required.split(), [*required.split(), *optional.split()]
        if not isinstance(self.node, Mapping):
            self._refuse_shape("not-a-mapping", f"mapping: {', '.join(known)}")
            return Fields(self, {})
        found = {key.text: self.at(key.text, node) for key, node in self.node.entries}
        for key, _ in self.node.entries:
            if key.text not in known:
                spot = Spot(key, child_path(self.path, key.text), self.problems)
                spot.refuse("unknown-key", expected=tuple(known), nearest=nearest(key.text, known))
        for name in needed:
            if name not in found:
                self.missing(name)
        return Fields(self, found)

    def _refuse_shape(self, code: str, expected: object) -> None:
        if isinstance(self.node, Scalar) and self.node.is_null:
            self.refuse("empty-value", expected=expected)
        elif not self.is_lost:
            self.refuse(code, expected=expected)


@dataclass(frozen=True, slots=True)
class Fields:
    """The keys of one mapping. Each reader answers its default where the key is absent or its value refused."""

    spot: Spot
    found: dict[str, Spot]

    def __contains__(self, key: str) -> bool:
        return key in self.found

    def get(self, key: str) -> Spot | None:
        """Where the key's value stands."""
        return self.found.get(key)

    def text(self, key: str, default: str = "") -> str:
        """See `Spot.text`."""
        return (self.found[key].text() or default) if key in self.found else default

    def code(self, key: str) -> str:
        """See `Spot.code`."""
        return self.found[key].code() if key in self.found else ""

    def one_of(self, key: str, options: Collection[str], default: str = "") -> str:
        """See `Spot.one_of`."""
        return (self.found[key].one_of(options) or default) if key in self.found else default

    def word(self, key: str, words: type[E], default: E) -> E:
        """See `Spot.word`."""
        return (self.found[key].word(words) or default) if key in self.found else default

    def number(self, key: str, low: int | None = None, high: int | None = None) -> Decimal | None:
        """See `Spot.number`."""
        return self.found[key].number(low, high) if key in self.found else None

    def integer(self, key: str, low: int, high: int | None = None, *, default: int) -> int:
        """See `Spot.integer`."""
        found = self.found[key].integer(low, high) if key in self.found else None
        return default if found is None else found

    def yes_no(self, key: str, default: bool) -> bool:
        """See `Spot.yes_no`."""
        found = self.found[key].yes_no() if key in self.found else None
        return default if found is None else found

    def label(self, key: str = "label") -> dict[str, str]:
        """See `Spot.label`."""
        return self.found[key].label() if key in self.found else {}

    def items(self, key: str, *, at_least: int = 1, at_most: int | None = None) -> list[Spot]:
        """See `Spot.items`."""
        return self.found[key].items(at_least=at_least, at_most=at_most) if key in self.found else []


def nearest(word: str, words: Collection[str]) -> str:
    """The right word that was probably meant, or ``."""
    return next(iter(get_close_matches(word, words, n=1)), "")


def _between(kind: str, low: int | None, high: int | None) -> str:
    if low is None and high is None:
        return kind
    return f"{kind} {'' if low is None else low}..{'' if high is None else high}"
