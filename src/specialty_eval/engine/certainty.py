"""Which ratings are possible when some figures are withheld: every step is taken both ways where it cannot be told.

Sound, not sharp: the true rating is always among the possible ones, and what is alone there is certain.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .batch import RATINGS, Batch, History
from .bounds import Between, Bounds, Held
from .committee import ceiling
from .compiled import compile_policy
from .conditions import All, AnyOf, AtLeastOf, Comparison, Condition, Not, Previous, Subject
from .evaluation import holds
from .exact import Mask
from .indicators import Block, Peers
from .policy import Policy, TopQuota
from .scoring import score_block
from .sources import Sources, joined, of_completing, of_condition, of_value
from .vocabulary import Missing, Rating

Possible = NDArray[np.uint8]
"""A bit for each rating, by its place in `RATINGS`."""


@dataclass(frozen=True, slots=True)
class PossibleReasons:
    """The reasons that a rating surely has, and those it may have; `order` is that of all reasons."""

    surely: frozenset[str]
    maybe: frozenset[str]
    order: tuple[str, ...]


class Look:
    """What can be told of some rows of a batch; `withheld` is specialty → measures of which some is hidden, `told`
    (specialty, indicator) → between which hundredths of points the public is told that it lies.
    """

    def __init__(
        self,
        policy: Policy,
        batch: Batch,
        history: History,
        rated: NDArray[np.intp],
        withheld: Mapping[str, frozenset[str]],
        told: Mapping[tuple[str, str], tuple[int, int]] | None = None,
    ) -> None:
        self.policy, self.compiled = policy, compile_policy(policy)
        self.block = Block(Peers(self.compiled.indicators, batch, history), rated)
        self.hidden = _hidden(batch, withheld)
        self.year = self.block.years[-1]
        self.nobody = np.zeros(self.block.present(self.year).shape, np.bool_)
        marks = np.zeros((len(self.compiled.reasons), len(rated)), np.bool_)
        incomplete = score_block(self.compiled, self.block, marks)
        row = {batch.specialties[place]: i for i, place in enumerate(rated.tolist())}
        points = {(row[code], of): ends for (code, of), ends in (told or {}).items() if code in row}
        self.bounds = Bounds(self.compiled, self.block, self.unknown, points)
        self.scores: dict[tuple[Subject, str], Between] = {}
        self.incomplete = self._incomplete(incomplete)
        self.scores = dict(self.bounds.scores(self.incomplete, self.held))

    def unknown(self, sources: Sources) -> Mask:
        """Whose result cannot be told, because it looks at something withheld."""
        found = self.nobody.copy()
        for code in sources.own & self.hidden.keys():
            found |= self.hidden[code][self.block.rows]
        if any(self.hidden[code].any() for code in sources.peers & self.hidden.keys()):
            found |= True
        return found

    def held(self, condition: Condition | None) -> Held:
        """Where a condition of a step holds; without one it does everywhere."""
        match condition:
            case None:
                return Held(~self.nobody, ~self.nobody)
            case Not(inner):
                held = self.held(inner)
                return Held(~held.maybe, ~held.surely)
            case All(conditions):
                return _all([self.held(inner) for inner in conditions])
            case AnyOf(conditions):
                parts = [self.held(inner) for inner in conditions]
                return Held(
                    np.logical_or.reduce([p.surely for p in parts]), np.logical_or.reduce([p.maybe for p in parts])
                )
            case AtLeastOf(number, conditions):
                parts = [self.held(inner) for inner in conditions]
                surely, maybe = (sum(getattr(p, side).astype(np.int64) for p in parts) for side in ("surely", "maybe"))
                return Held(np.asarray(surely >= number, np.bool_), np.asarray(maybe >= number, np.bool_))
            case _:
                return self._single(condition)

    def _single(self, condition: Comparison | Previous) -> Held:
        unknown = self.unknown(of_condition(self.policy, condition))
        found = holds(condition, self.block, self.year)
        between = self._between(condition)
        held = None if between is None else between.held(condition)  # type: ignore[arg-type]  # has a subject
        if held is None:
            held = Held(self.nobody, ~self.nobody)
        return Held(np.where(unknown, held.surely, found), np.where(unknown, held.maybe, found))

    def _between(self, condition: Comparison | Previous) -> Between | None:
        """The bounds of what is compared, where it has some."""
        if isinstance(condition, Previous) or condition.years is not None:
            return None
        if condition.subject is Subject.POINTS:
            return self.bounds.points(self.compiled.indicators[condition.code].indicator)
        return self.scores.get((condition.subject, condition.code))

    def _incomplete(self, computed: Mask) -> Held:
        """Who is incomplete: surely by a value that is missing in the open; not by one of which a band is told."""
        surely, counts, open_ = (self.nobody.copy() for _ in range(3))
        for indicator in self.policy.indicators:
            unknown = self.unknown(of_value(indicator, self.policy))
            has = self.block.value(indicator.code, self.year).has
            told = unknown & self.bounds.is_told(indicator.code)
            if indicator.missing is Missing.BLOCK:
                surely |= ~unknown & ~has
                open_ |= unknown & ~told
            if indicator.weight is not None:
                counts |= told | (~unknown & has) | (indicator.missing is Missing.ZERO)
        dark = self.unknown(of_completing(self.policy))
        if self.policy.weighted:
            weighted = ~counts & self.unknown(joined(of_value(i, self.policy) for i in self.policy.weighted))
            dark, open_ = dark | weighted, open_ | weighted
        return Held(surely | (computed & ~dark), surely | open_ | (computed & (~dark | ~counts)))


def _all(parts: Sequence[Held]) -> Held:
    surely, maybe = ([getattr(part, side) for part in parts] for side in ("surely", "maybe"))
    return Held(np.logical_and.reduce(surely), np.logical_and.reduce(maybe))


def possible_ratings(look: Look) -> tuple[list[frozenset[Rating]], list[PossibleReasons]]:
    """The ratings that these rows may have, and the reasons."""
    marks = dict[str, Held]()
    for adjustment in look.policy.adjustments:
        held = look.held(adjustment.when)
        marks[adjustment.code] = Held(held.surely & ~look.incomplete.maybe, held.maybe & ~look.incomplete.surely)
    found = _first(look, marks)
    found = _by_quotas(look.policy, found, marks, is_open=bool(look.hidden))
    for cap in look.policy.rating.caps:
        better = [r for r in Rating if RATINGS.index(r) < RATINGS.index(cap.at_most)]
        found = _moved(found, look.held(cap.when), better, cap.at_most, (marks, cap.code))
    for step in look.policy.rating.history:
        now = [rating for rating in step.now if rating is not step.becomes]
        found = _moved(found, look.held(step.when), now, step.becomes, (marks, step.code))
    for flag in look.policy.rating.flags:
        _moved(found, look.held(flag.when), flag.now, None, (marks, flag.code))
    ratings = [frozenset(r for n, r in enumerate(RATINGS) if mask >> n & 1) for mask in found.tolist()]
    return ratings, _reasons(look, marks)


def _reasons(look: Look, marks: Mapping[str, Held]) -> list[PossibleReasons]:
    order = tuple(reason.code for reason in look.compiled.reasons)
    return [
        PossibleReasons(
            frozenset(code for code, held in marks.items() if held.surely[i]),
            frozenset(code for code, held in marks.items() if held.maybe[i]),
            order,
        )
        for i in range(len(look.nobody))
    ]


def led_to(policy: Policy, reasons: Collection[str]) -> str:
    """The rating that reasons, in their order, lead to; empty where they lead to none."""
    steps = policy.rating
    first = {step.code: Rating.UNRATED for step in steps.unrated} | {Rating.INCOMPLETE.value: Rating.INCOMPLETE}
    first |= {rule.code: rule.rate for rule in steps.rules}
    later = {q.code: q.otherwise if isinstance(q, TopQuota) else q.becomes for q in steps.quotas}
    later |= {cap.code: cap.at_most for cap in steps.caps} | {step.code: step.becomes for step in steps.history}
    begun = [code for code in reasons if code in first]
    if len(begun) != 1:
        return ""
    return [first[begun[0]], *(later[code] for code in reasons if code in later)][-1].value


def ceilings(look: Look) -> list[tuple[Rating | None, Rating | None]]:
    """Above which colour no vote gets, of each of these rows: by the caps that surely hold, and by all that may."""
    caps = [(cap.code, look.held(cap.when)) for cap in look.policy.rating.caps]
    surely = [{code for code, held in caps if held.surely[i]} for i in range(len(look.nobody))]
    maybe = [{code for code, held in caps if held.maybe[i]} for i in range(len(look.nobody))]
    known = look.policy.rating.caps
    return [(ceiling(known, a), ceiling(known, b)) for a, b in zip(surely, maybe, strict=True)]


def _hidden(batch: Batch, withheld: Mapping[str, frozenset[str]]) -> dict[str, Mask]:
    found: dict[str, Mask] = {}
    for i, specialty in enumerate(batch.specialties):
        for code in withheld.get(specialty, ()):
            found.setdefault(code, np.zeros(batch.size, np.bool_))[i] = True
    return found


Marks = dict[str, Held]


def _first(look: Look, marks: Marks) -> Possible:
    """Steps 1 and 2: every step that may be the first to hold."""
    found = np.zeros(look.nobody.shape, np.uint8)
    undecided, untouched = ~look.nobody, ~look.nobody

    def decide(code: str, held: Held, becomes: Rating) -> None:
        hit = undecided & held.maybe
        found[hit] |= _bit(becomes)
        marks[code] = Held(untouched & held.surely, hit)
        np.logical_and(undecided, ~held.surely, out=undecided)
        np.logical_and(untouched, ~held.maybe, out=untouched)

    for step in look.policy.rating.unrated:
        decide(step.code, look.held(step.when), Rating.UNRATED)
    decide(Rating.INCOMPLETE.value, look.incomplete, Rating.INCOMPLETE)
    for rule in look.policy.rating.rules:
        decide(rule.code, look.held(rule.when), rule.rate)
    return found


def _by_quotas(policy: Policy, found: Possible, marks: Marks, *, is_open: bool) -> Possible:
    """A place among peers whose totals are not all known: taken or not."""
    if not is_open:
        raise ValueError("with nothing withheld a rating is computed, not guessed at")
    either = Held(np.zeros(found.shape, np.bool_), np.ones(found.shape, np.bool_))
    for quota in policy.rating.quotas:
        if isinstance(quota, TopQuota):
            changed = [] if quota.rate is quota.otherwise else [quota.rate]
            found = _moved(found, either, changed, quota.otherwise, (marks, quota.code))
        else:
            better = [r for r in Rating if RATINGS.index(r) < RATINGS.index(quota.becomes)]
            found = _moved(found, either, better, quota.becomes, (marks, quota.code))
    return found


def _moved(
    found: Possible, held: Held, now: Sequence[Rating], becomes: Rating | None, mark: tuple[Marks, str]
) -> Possible:
    """A step that turns some ratings into another (None: leaves them), where it holds, or may; and where it is one of
    the reasons.
    """
    those = np.uint8(sum(_bit(rating) for rating in now))
    touched, all_touched = (found & those) != 0, (found & ~those) == 0
    marks, code = mark
    marks[code] = Held(held.surely & all_touched, held.maybe & touched)
    if becomes is None:
        return found
    after = np.where(touched, (found & ~those) | _bit(becomes), found).astype(np.uint8)
    may = np.where(held.maybe, found | after, found)
    return np.where(held.surely, after, may).astype(np.uint8)


def _bit(rating: Rating) -> int:
    return 1 << RATINGS.index(rating)
