"""Which ratings are possible when some figures are withheld: every step is taken both ways where it cannot be told.

Sound, not sharp: the true rating is always among the possible ones, and what is alone there is certain.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .batch import RATINGS, Batch, History
from .committee import ceiling
from .compiled import compile_policy
from .conditions import Condition
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
class Held:
    """Where a condition surely holds, and where it may."""

    surely: Mask
    maybe: Mask


class _Look:
    """What can be told of some rows of a batch; `hidden` is measure → whose figures of it are withheld."""

    def __init__(self, policy: Policy, block: Block, hidden: Mapping[str, Mask]) -> None:
        self.policy, self.block, self.hidden = policy, block, hidden
        self.year = block.years[-1]
        self.nobody = np.zeros(block.present(self.year).shape, np.bool_)

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
        if condition is None:
            return Held(~self.nobody, ~self.nobody)
        unknown = self.unknown(of_condition(self.policy, condition))
        found = holds(condition, self.block, self.year)
        return Held(found & ~unknown, found | unknown)

    def incomplete(self, computed: Mask) -> Held:
        """Who is incomplete: surely by a value that is missing in the open."""
        surely, counts = self.nobody.copy(), self.nobody.copy()
        for indicator in self.policy.indicators:
            known = ~self.unknown(of_value(indicator, self.policy))
            if indicator.missing is Missing.BLOCK:
                surely |= known & ~self.block.value(indicator.code, self.year).has
            if indicator.weight is not None and indicator.missing is Missing.ZERO:
                counts |= True
            elif indicator.weight is not None:
                counts |= known & self.block.value(indicator.code, self.year).has
        unknown = self.unknown(of_completing(self.policy))
        if self.policy.weighted:
            unknown |= ~counts & self.unknown(joined(of_value(i, self.policy) for i in self.policy.weighted))
        return Held(surely | (computed & ~unknown), computed | unknown)


def possible_ratings(
    policy: Policy, batch: Batch, history: History, rated: NDArray[np.intp], withheld: Mapping[str, frozenset[str]]
) -> list[frozenset[Rating]]:
    """The ratings that these rows of the batch may have; `withheld` is specialty → measures of which some is hidden."""
    look, computed = _look(policy, batch, history, rated, withheld)
    found = _first(look, computed)
    found = _by_quotas(policy, found, is_open=bool(look.hidden))
    for cap in policy.rating.caps:
        better = [r for r in Rating if RATINGS.index(r) < RATINGS.index(cap.at_most)]
        found = _moved(found, look.held(cap.when), better, cap.at_most)
    for step in policy.rating.history:
        found = _moved(found, look.held(step.when), step.now, step.becomes)
    return [frozenset(r for n, r in enumerate(RATINGS) if mask >> n & 1) for mask in found.tolist()]


def ceilings(
    policy: Policy, batch: Batch, history: History, rated: NDArray[np.intp], withheld: Mapping[str, frozenset[str]]
) -> list[tuple[Rating | None, Rating | None]]:
    """Above which colour no vote gets, of each of these rows: by the caps that surely hold, and by all that may."""
    look, _ = _look(policy, batch, history, rated, withheld)
    caps = [(cap.code, look.held(cap.when)) for cap in policy.rating.caps]
    surely = [{code for code, held in caps if held.surely[i]} for i in range(len(rated))]
    maybe = [{code for code, held in caps if held.maybe[i]} for i in range(len(rated))]
    return [
        (ceiling(policy.rating.caps, a), ceiling(policy.rating.caps, b)) for a, b in zip(surely, maybe, strict=True)
    ]


def _look(
    policy: Policy, batch: Batch, history: History, rated: NDArray[np.intp], withheld: Mapping[str, frozenset[str]]
) -> tuple[_Look, Mask]:
    """(What can be told of these rows, who is incomplete.)"""
    compiled = compile_policy(policy)
    block = Block(Peers(compiled.indicators, batch, history), rated)
    incomplete = score_block(compiled, block, np.zeros((len(compiled.reasons), len(rated)), np.bool_))
    return _Look(policy, block, _hidden(batch, withheld)), incomplete


def _hidden(batch: Batch, withheld: Mapping[str, frozenset[str]]) -> dict[str, Mask]:
    found: dict[str, Mask] = {}
    for i, specialty in enumerate(batch.specialties):
        for code in withheld.get(specialty, ()):
            found.setdefault(code, np.zeros(batch.size, np.bool_))[i] = True
    return found


def _first(look: _Look, computed: Mask) -> Possible:
    """Steps 1 and 2: every step that may be the first to hold."""
    found = np.zeros(look.nobody.shape, np.uint8)
    undecided = ~look.nobody

    def decide(held: Held, becomes: Rating) -> None:
        found[undecided & held.maybe] |= _bit(becomes)
        np.logical_and(undecided, ~held.surely, out=undecided)

    for step in look.policy.rating.unrated:
        decide(look.held(step.when), Rating.UNRATED)
    decide(look.incomplete(computed), Rating.INCOMPLETE)
    for rule in look.policy.rating.rules:
        decide(look.held(rule.when), rule.rate)
    return found


def _by_quotas(policy: Policy, found: Possible, *, is_open: bool) -> Possible:
    """A place among peers whose totals are not all known: taken or not."""
    if not is_open:
        raise ValueError("with nothing withheld a rating is computed, not guessed at")
    either = Held(np.zeros(found.shape, np.bool_), np.ones(found.shape, np.bool_))
    for quota in policy.rating.quotas:
        if isinstance(quota, TopQuota):
            found = _moved(found, either, [quota.rate], quota.otherwise)
        else:
            better = [r for r in Rating if RATINGS.index(r) < RATINGS.index(quota.becomes)]
            found = _moved(found, either, better, quota.becomes)
    return found


def _moved(found: Possible, held: Held, now: list[Rating] | tuple[Rating, ...], becomes: Rating) -> Possible:
    """A step that turns some ratings into another, where it holds, or may."""
    those = np.uint8(sum(_bit(rating) for rating in now))
    touched = (found & those) != 0
    after = np.where(touched, (found & ~those) | _bit(becomes), found).astype(np.uint8)
    may = np.where(held.maybe, found | after, found)
    return np.where(held.surely, after, may).astype(np.uint8)


def _bit(rating: Rating) -> int:
    return 1 << RATINGS.index(rating)
