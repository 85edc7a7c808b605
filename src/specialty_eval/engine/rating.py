"""From totals to ratings, step by step: unrated, rules, quotas, caps, history, flags; and the reasons they leave."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .batch import NONE, RATINGS
from .compiled import Compiled, Step
from .evaluation import holds
from .exact import Mask
from .indicators import Block
from .policy import Quota, TopQuota
from .vocabulary import COLOURS, Rating

CODE: Mapping[Rating, int] = {rating: code for code, rating in enumerate(RATINGS)}

Ratings = NDArray[np.uint8]


class Marks:
    """One bit for each reason of the policy, row by row; the bits ascend in the order of the reasons."""

    def __init__(self, reasons: int, rows: int) -> None:
        self.words = np.zeros((-(-reasons // 64), rows), np.uint64)

    def add(self, reason: int, where: Mask, rows: slice = slice(None)) -> None:
        """Mark a reason where the mask (over these rows) holds."""
        word = self.words[reason // 64, rows]
        word |= where.astype(np.uint64) << np.uint64(reason % 64)

    def of(self, row: int) -> list[int]:
        """The numbers of one row's reasons, in order."""
        bits = "".join(f"{int(word):064b}"[::-1] for word in self.words[:, row])
        return [number for number, bit in enumerate(bits) if bit == "1"]


@dataclass(frozen=True, slots=True)
class Pending:
    """Where the conditions of caps, history steps and flags hold; they are applied after the quotas."""

    caps: Sequence[Mask]
    history: Sequence[Mask]
    flags: Sequence[Mask]

    @classmethod
    def for_rows(cls, compiled: Compiled, rows: int) -> "Pending":
        """Room for so many rows."""
        steps = compiled.policy.rating
        caps, history, flags = ([np.zeros(rows, np.bool_) for _ in s] for s in (steps.caps, steps.history, steps.flags))
        return cls(caps, history, flags)

    def look(self, compiled: Compiled, block: Block, rows: slice) -> None:
        """Evaluate the conditions for a block, which has its scores."""
        steps = compiled.policy.rating
        year = block.years[-1]
        conditions = [*(s.when for s in steps.caps), *(s.when for s in steps.history), *(s.when for s in steps.flags)]
        for when, mask in zip(conditions, (*self.caps, *self.history, *self.flags), strict=True):
            mask[rows] = holds(when, block, year)


def first_ratings(compiled: Compiled, block: Block, incomplete: Mask, marks: Marks, rows: slice) -> Ratings:
    """Steps 1 and 2: unrated, then incomplete, then the first rule that holds."""
    steps = compiled.policy.rating
    year = block.years[-1]
    rating = np.full(incomplete.shape, NONE, np.uint8)
    undecided = np.ones(incomplete.shape, np.bool_)

    def decide(reason: int, where: Mask | None, becomes: Rating) -> None:
        nonlocal undecided
        hit = undecided if where is None else undecided & where
        rating[hit] = CODE[becomes]
        marks.add(reason, hit, rows)
        undecided = undecided & ~hit

    for number, step in enumerate(steps.unrated, compiled.first(Step.UNRATED)):
        decide(number, holds(step.when, block, year), Rating.UNRATED)
    decide(compiled.first(Step.INCOMPLETE), incomplete, Rating.INCOMPLETE)
    for number, rule in enumerate(steps.rules, compiled.first(Step.RULE)):
        decide(number, None if rule.when is None else holds(rule.when, block, year), rule.rate)
    return rating


def quota(step: Quota, rating: Ratings, total: NDArray[np.int16], group: NDArray[np.int64]) -> Mask:
    """Step 3, one quota: whose rating it changes. Rows without a colour are in no group."""
    changed = np.zeros(rating.shape, np.bool_)
    rated = np.flatnonzero(rating < len(COLOURS))
    if not rated.size:
        return changed
    share = Fraction(step.share)
    sizes = np.bincount(group[rated])
    alone = sizes < step.group_at_least
    number = np.array([size * share.numerator // share.denominator for size in sizes.tolist()], np.int64)
    if isinstance(step, TopQuota):
        those = rated[rating[rated] == CODE[step.rate]]
        kept = _first(-total[those].astype(np.int64), group[those], np.where(alone, sizes, number))
        if step.otherwise is not step.rate:
            changed[those[~kept]] = True
    else:
        taken = _first(total[rated].astype(np.int64), group[rated], np.where(alone, 0, number))
        changed[rated[taken]] = True
        changed &= rating < CODE[step.becomes]
    return changed


def _first(key: NDArray[np.int64], group: NDArray[np.int64], number: NDArray[np.int64]) -> Mask:
    """The first `number[group]` of each group by key; where the cut falls inside a tie, none of the tie."""
    order = np.lexsort((key, group))
    ordered = group[order]
    place = np.arange(len(order)) - np.searchsorted(ordered, ordered, side="left")
    cut = np.full(number.shape, np.iinfo(np.int64).max)
    beyond = order[place == number[ordered]]
    cut[group[beyond]] = key[beyond]
    first: Mask = key < cut[group]
    return first


def last_ratings(
    compiled: Compiled,
    rating: Ratings,
    total: NDArray[np.int16],
    group_of: Mapping[tuple[str, ...], NDArray[np.int64]],
    pending: Pending,
    marks: Marks,
) -> None:
    """Steps 3 to 6, in place, over all rated rows."""
    steps = compiled.policy.rating

    def change(reason: int, hit: Mask, becomes: Rating) -> None:
        rating[hit] = CODE[becomes]
        marks.add(reason, hit)

    for number, share in enumerate(steps.quotas, compiled.first(Step.QUOTA)):
        hit = quota(share, rating, total, group_of[share.within])
        change(number, hit, share.otherwise if isinstance(share, TopQuota) else share.becomes)
    for number, (cap, held) in enumerate(zip(steps.caps, pending.caps, strict=True), compiled.first(Step.CAP)):
        change(number, held & (rating < CODE[cap.at_most]), cap.at_most)
    for number, (step, held) in enumerate(
        zip(steps.history, pending.history, strict=True), compiled.first(Step.HISTORY)
    ):
        change(number, held & _is_one_of(rating, step.now) & (rating != CODE[step.becomes]), step.becomes)
    for number, (flag, held) in enumerate(zip(steps.flags, pending.flags, strict=True), compiled.first(Step.FLAG)):
        marks.add(number, held & _is_one_of(rating, flag.now))


def _is_one_of(rating: Ratings, now: Iterable[Rating]) -> Mask:
    return np.isin(rating, [CODE[r] for r in now])
