"""Which experts score which reviews: the question, its answer, and why there is not enough. The solver is another file.

Nobody is asked about what is not their field, about whom they are near to, or more often than they are lent for.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

ANY_FIELD = "*"
"""The field of somebody who scores every specialty: teaching, say, not a trade."""


@dataclass(frozen=True, slots=True)
class Wanting:
    """A review and how many places it has for experts who have not scored yet, those going included."""

    review: int
    code: str
    """Its specialty's readable code."""
    field: str
    """Its specialty's class (专业大类), two digits."""
    places: int


@dataclass(frozen=True, slots=True)
class Lent:
    """An expert of the pool: how many more places they may take in the round, and how many they have scored there."""

    person: int
    at_most: int
    scored: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be shared out. `fits` is review → the people of the pool who may score it; `going`: (review, person)
    who were asked and still have their days: they stay wherever that costs no review an expert.
    """

    wanting: tuple[Wanting, ...]
    lent: tuple[Lent, ...]
    fits: Mapping[int, frozenset[int]]
    going: frozenset[tuple[int, int]] = frozenset()
    draw: str = ""
    """What the lot is drawn from where everything else is equal; the same gives the same."""

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Every (review, person) that is possible, in one order whatever order the question was asked in."""
        known = {lent.person for lent in self.lent}
        return tuple(sorted((w.review, p) for w in self.wanting for p in self.fits.get(w.review, ()) if p in known))

    @property
    def parts(self) -> dict[str, str]:
        """The hash of each part of it, to say which of them is another now."""
        said = {
            "reviews": sorted([w.review, w.code, w.field, w.places] for w in self.wanting),
            "experts": sorted([x.person, x.at_most, x.scored] for x in self.lent),
            "conflicts": self.edges,
            "assignments": sorted(self.going),
        }
        return {name: _sha256(part) for name, part in said.items()}

    @property
    def digest(self) -> str:
        """SHA-256 of all of it: an answer is to this question and to no other."""
        return _sha256([sorted(self.parts.items()), self.draw])

    def lot(self, review: int, person: int) -> int:
        """The number drawn for a pair, 0-999: nobody chooses it, and anybody can draw it again."""
        drawn = hashlib.sha256(f"{self.draw}/{review}/{person}".encode()).digest()
        return int.from_bytes(drawn[:8], "big") % 1000


def _sha256(said: object) -> str:
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Lacking:
    """Reviews that together want more places than the experts who fit them can take: no one of them can be left out of
    the explanation, and nothing else need be in it.
    """

    fields: tuple[str, ...]
    codes: tuple[str, ...]
    places: int
    given: int
    experts: int
    """How many experts fit any of them."""
    too_few: int
    """How many places stay empty however much each expert takes: people are lacking."""
    at_limit: tuple[int, ...] = ()
    """The experts whose limit is reached."""
    limit_needed: int | None = None
    """The least limit for all of those with which nothing but `too_few` would be lacking; None where it is no matter of
    limits.
    """

    @property
    def short(self) -> int:
        """How many places stay empty."""
        return self.places - self.given


@dataclass(frozen=True, slots=True)
class Allotted:
    """Who is asked anew, whose place is taken from them, how many places stay empty by review, and why."""

    added: tuple[tuple[int, int], ...]
    dropped: tuple[tuple[int, int], ...]
    short: Mapping[int, int] = field(default_factory=dict)
    lacking: tuple[Lacking, ...] = ()


_FIELD = re.compile(r"\*|[2-7][0-9]([0-9]{2}){0,2}|X[0-9]{5}")


def is_field(text: str) -> bool:
    """Whether it is one: the beginning of a catalogue code (2, 4 or 6 digits), an off-catalogue code, or any."""
    return _FIELD.fullmatch(text) is not None


def fits_field(fields: Collection[str], catalogue_code: str, class_code: str) -> bool:
    """Whether one of an expert's fields is the specialty's: its code, the beginning of it, its class, or any."""
    return any(f in (ANY_FIELD, class_code) or catalogue_code.startswith(f) for f in fields)


@dataclass(frozen=True, slots=True)
class Tangle:
    """Reviews and the experts at their limit whom they compete for."""

    reviews: frozenset[int]
    full: frozenset[int]


def tangles(question: Question, chosen: Iterable[tuple[int, int]], short: Mapping[int, int]) -> tuple[Tangle, ...]:
    """Of an answer with the fewest empty places: what hangs together with each of those that stay empty.

    From a review to everybody who fits it and is not asked there (they are at their limit, or they would be), and on
    to the reviews those are asked for: the smallest set that proves that no answer leaves fewer places empty.
    """
    taken: dict[int, set[int]] = {}
    for review, person in chosen:
        taken.setdefault(person, set()).add(review)
    fitting: dict[int, set[int]] = {}
    for review, person in question.edges:
        fitting.setdefault(review, set()).add(person)
    found, seen = [], set[int]()
    for start in sorted(short):
        if start in seen:
            continue
        reviews, full, ahead = {start}, set[int](), [start]
        while ahead:
            at = ahead.pop()
            for person in fitting.get(at, set()) - full:
                if at not in taken.get(person, ()):
                    full.add(person)
                    new = taken.get(person, set()) - reviews
                    reviews |= new
                    ahead.extend(new)
        seen |= reviews
        found.append(Tangle(frozenset(reviews), frozenset(full)))
    return _joined(found)


def _joined(found: Sequence[Tangle]) -> tuple[Tangle, ...]:
    """Those that share a review or an expert are one."""
    joined: list[Tangle] = []
    for one in found:
        apart = [t for t in joined if not (t.reviews & one.reviews or t.full & one.full)]
        touching = [t for t in joined if t not in apart]
        for other in touching:
            one = Tangle(one.reviews | other.reviews, one.full | other.full)  # noqa: PLW2901 -- it grows as it is joined
        joined = [*apart, one]
    return tuple(sorted(joined, key=lambda t: min(t.reviews)))


def within(question: Question, tangle: Tangle, limit: int | None = None) -> Question:
    """The question of these reviews alone, the experts at their limit with another one."""
    fitting = {p for review in tangle.reviews for p in question.fits.get(review, ())}
    lent = tuple(
        Lent(x.person, x.at_most if limit is None or x.person not in tangle.full else max(x.at_most, limit - x.scored),
             x.scored)
        for x in question.lent if x.person in fitting
    )  # fmt: skip
    wanting = tuple(w for w in question.wanting if w.review in tangle.reviews)
    return Question(wanting, lent, {w.review: question.fits.get(w.review, frozenset()) for w in wanting})
