"""The negative list and the urgent-need list: which catalogue entries a policy's `lists` names, and why.

What is counted of an entry is `entry_counts`' work; a list's steps from built to superseded are `specialty_list`'s.
"""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from .conditions import All, AnyOf, AtLeastOf, Comparison, Condition, Not, Op, Subject, Test
from .consequences import CatalogueList, ListRule
from .decimals import parse
from .entry_counts import FEWEST_GRADUATES, MEASURES
from .errors import Problem
from .policy import Policy
from .vocabulary import Publish


class ListKind(StrEnum):
    """The two lists a policy can describe."""

    NEGATIVE = "negative"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: a catalogue entry at its level, with what is known of it."""

    level: str
    code: str
    name: str = ""
    attributes: Mapping[str, str] | None = None
    """Those a policy may declare that are an entry's own; all others are not reported."""
    counts: Mapping[str, Decimal] | None = None
    """Those that are known (`entry_counts`)."""

    def seen(self, subject: Subject, code: str) -> Decimal | str | None:
        """What a comparison looks at; None where it is not reported."""
        if subject is Subject.COUNT:
            return (self.counts or {}).get(code)
        return (self.attributes or {}).get(code) or None


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that rules name: their codes, those of the exemptions that hold, and the figures the rules looked at."""

    entry: Entry
    reasons: tuple[str, ...]
    exempt: tuple[str, ...]
    figures: Mapping[str, Decimal]


def evaluate(rules: CatalogueList, entries: Iterable[Entry]) -> list[Found]:
    """Every entry for which a rule holds, exempt or not, by code and level; reasons in the policy's order."""
    found = []
    for entry in entries:
        holding = [rule for rule in rules.rules if holds(rule.when, entry)]
        if holding:
            exempt = tuple(rule.code for rule in rules.exempt if holds(rule.when, entry))
            found.append(Found(entry, tuple(rule.code for rule in holding), exempt, _figures(entry, holding)))
    return sorted(found, key=lambda each: (each.entry.code, each.entry.level))


def holds(condition: Condition, entry: Entry) -> bool:
    """Whether the condition holds of the entry. Counts are compared as printed, attributes as values."""
    match condition:
        case All(conditions):
            return all(holds(inner, entry) for inner in conditions)
        case AnyOf(conditions):
            return any(holds(inner, entry) for inner in conditions)
        case AtLeastOf(number, conditions):
            return sum(holds(inner, entry) for inner in conditions) >= number
        case Not(inner):
            return not holds(inner, entry)
        case Comparison(subject, code, tests, None):
            return all(passes(test, entry.seen(subject, code)) for test in tests)
    raise TypeError(condition)  # the loader lets nothing else into a list's rules


_ORDERED: Mapping[Op, Callable[[Decimal, Decimal], bool]] = {
    Op.AT_LEAST: operator.ge,
    Op.ABOVE: operator.gt,
    Op.AT_MOST: operator.le,
    Op.BELOW: operator.lt,
}


def passes(test: Test, left: Decimal | str | None) -> bool:
    """One comparison; what is not reported fails all but `reported: false`."""
    if test.op is Op.REPORTED:
        return (left is not None) == bool(test.right)
    if left is None:
        return False
    constants = test.right if isinstance(test.right, tuple) else (test.right,)
    if test.op in _ORDERED:
        number = _number(left)
        return number is not None and all(isinstance(c, Decimal) and _ORDERED[test.op](number, c) for c in constants)
    return any(_equal(left, constant) for constant in constants)


def _equal(left: Decimal | str, right: object) -> bool:
    if isinstance(right, Decimal):
        return _number(left) == right
    if isinstance(right, bool):  # of `defaulted`, whose truth may be written without quotes
        return left == ("true" if right else "false")
    return left == right


def _number(value: Decimal | str) -> Decimal | None:
    """An attribute that the policy declares as a number is compared as one."""
    return value if isinstance(value, Decimal) else parse(value)


def counts_in(condition: Condition) -> Iterator[str]:
    """The counts a condition looks at, in the order in which it names them."""
    match condition:
        case Comparison(Subject.COUNT, code):
            yield code
        case Not(inner):
            yield from counts_in(inner)
        case All(conditions) | AnyOf(conditions) | AtLeastOf(_, conditions):
            for inner in conditions:
                yield from counts_in(inner)
        case _:
            return


RESTS_ON: Mapping[str, str] = {"posts_per_graduate": "graduates"}
"""Count → another one that it would give away: kept beside it, so that both are withheld together."""


def _figures(entry: Entry, rules: Iterable[ListRule]) -> dict[str, Decimal]:
    """What the rules looked at, as far as it is known, in their order."""
    return in_their_order(rules, entry.counts or {})


V = TypeVar("V")


def in_their_order(rules: Iterable[ListRule], known: Mapping[str, V]) -> dict[str, V]:
    """What these rules looked at, in the order in which they name it."""
    looked_at = dict.fromkeys(code for rule in rules for code in counts_in(rule.when))
    kept = dict.fromkeys(each for code in looked_at for each in (code, RESTS_ON.get(code, code)))
    return {code: known[code] for code in kept if code in known}


# --- what a policy must have, what everybody may see -----------------------------------------------------------------


def uncountable(policy: Policy, kind: ListKind) -> Iterator[Problem]:
    """What keeps the list from being built: the policy has none, or its rules count what no measure reports."""
    rules = policy.lists.get(kind)
    if rules is None:
        yield Problem("list-not-in-policy", f"lists.{kind}", {"kind": kind.value})
        return
    for rule in (*rules.rules, *rules.exempt):
        for code in dict.fromkeys(counts_in(rule.when)):
            lacking = [measure for measure in MEASURES.get(code, ()) if measure not in policy.measures]
            if lacking:
                facts = {"count": code, "measures": lacking}
                yield Problem("list-count-without-measure", f"lists.{kind}.{rule.code}", facts)


def as_kept(found: Found) -> dict[str, str]:
    """The figures as they are put on record: beside a sum of graduates the smallest part of it."""
    figures = {code: f"{value:f}" for code, value in found.figures.items()}
    fewest = (found.entry.counts or {}).get(FEWEST_GRADUATES)
    return figures if "graduates" not in figures or fewest is None else {**figures, FEWEST_GRADUATES: f"{fewest:f}"}


def may_be_shown(policy: Policy, figures: Mapping[str, str], fewest: str | None = None) -> dict[str, str | None]:
    """Figures as everybody may see them: None for one that rests on a measure that is not public, or on fewer people
    than the policy shows, and for a sum over a site with so few (`fewest` graduates; None is not known, and counts as
    few): the others' figures are public and would tell them. A count of years, schools or ratings gives nobody away.
    """
    has_any = Decimal(figures.get("graduates", "0")) > 0
    people = {**figures, "graduates": fewest or "1"} if has_any else figures
    return {code: value if _shown(policy, code, people) else None for code, value in figures.items()}


PEOPLE = frozenset({"intake", "graduates"})
"""Counts of people, small ones of which are not shown."""


def _shown(policy: Policy, code: str, figures: Mapping[str, str]) -> bool:
    if code.startswith("years_"):
        return True
    if any(policy.measures[m].publish is not Publish.PUBLIC for m in MEASURES.get(code, ()) if m in policy.measures):
        return False
    people = RESTS_ON.get(code, code)
    is_small = people in PEOPLE and 0 < Decimal(figures.get(people, "0")) < policy.publication.suppress_below
    return not is_small


# --- what an application is checked against --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of a published list, as an application meets it: what it is checked against, and why it is refused."""

    level: str
    code: str
    year: int
    reasons: tuple[str, ...] = ()
    is_exempt: bool = False
    document_number: str = ""


def is_listed(level: str, code: str, year: int, published: Iterable[Listed]) -> Listed | None:
    """The line of the lists in force for that year that names the entry; None where none does, or it is exempt."""
    named = (line for line in published if (line.level, line.code, line.year) == (level, code, year))
    return next((line for line in named if not line.is_exempt), None)
