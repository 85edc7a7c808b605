"""From totals to ratings, step by step: unrated, rules, quotas, caps, history, flags; and the reasons they leave."""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .batch import NONE, RATINGS, Ratings, is_one_of
from .compiled import Compiled, Step
from .evaluation import holds
from .exact import Mask
from .indicators import Block
from .policy import Quota, TopQuota
from .vocabulary import COLOURS, Rating

Marks = NDArray[np.bool_]
"""Reason x row: in the end, where the reason is one of the row's. Reasons are in the order in which they are shown."""

CODE: Mapping[Rating, int] = {rating: code for code, rating in enumerate(RATINGS)}


def first_ratings(compiled: Compiled, block: Block, incomplete: Mask, marks: Marks) -> Ratings:
    """Steps 1 and 2: unrated, then incomplete, then the first rule that holds."""
    steps = compiled.policy.rating
    year = block.years[-1]
    rating = np.full(incomplete.shape, NONE, np.uint8)
    undecided = np.ones(incomplete.shape, np.bool_)

    def decide(reason: int, where: Mask | None, becomes: Rating) -> None:
        hit = undecided if where is None else undecided & where
        marks[reason] = hit
        np.copyto(rating, CODE[becomes], where=hit)
        np.logical_and(undecided, ~hit, out=undecided)

    for number, step in enumerate(steps.unrated, compiled.first[Step.UNRATED]):
        decide(number, holds(step.when, block, year), Rating.UNRATED)
    decide(compiled.first[Step.INCOMPLETE], incomplete, Rating.INCOMPLETE)
    for number, rule in enumerate(steps.rules, compiled.first[Step.RULE]):
        decide(number, None if rule.when is None else holds(rule.when, block, year), rule.rate)
    return rating


def mark_later_steps(compiled: Compiled, block: Block, marks: Marks) -> None:
    """Where the conditions of caps, history steps and flags hold; `last_ratings` keeps those that do something."""
    steps = compiled.policy.rating
    conditions = [*(s.when for s in steps.caps), *(s.when for s in steps.history), *(s.when for s in steps.flags)]
    for number, when in enumerate(conditions, compiled.first[Step.CAP]):
        marks[number] = holds(when, block, block.years[-1])


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
    low = key.min(initial=0)
    span = int(key.max(initial=0)) - int(low) + 1
    ordered = np.sort(group * span + (key - low))  # by group, and within it by key
    sizes = np.bincount(group, minlength=len(number))
    starts = np.cumsum(sizes) - sizes
    cut = np.full(number.shape, np.iinfo(np.int64).max)
    beyond = np.flatnonzero(number < sizes)
    cut[beyond] = ordered[starts[beyond] + number[beyond]] - beyond * span + low
    first: Mask = key < cut[group]
    return first


def last_ratings(
    compiled: Compiled,
    rating: Ratings,
    total: NDArray[np.int16],
    group_of: Mapping[tuple[str, ...], NDArray[np.int64]],
    marks: Marks,
) -> None:
    """Steps 3 to 6, in place, over all rated rows."""
    apply_quotas(compiled, rating, total, group_of, marks)
    apply_later_steps(compiled, rating, marks)


def apply_quotas(
    compiled: Compiled,
    rating: Ratings,
    total: NDArray[np.int16],
    group_of: Mapping[tuple[str, ...], NDArray[np.int64]],
    marks: Marks,
) -> None:
    """Step 3, in place."""
    for number, share in enumerate(compiled.policy.rating.quotas, compiled.first[Step.QUOTA]):
        hit = quota(share, rating, total, group_of[share.within])
        _change(rating, marks, number, hit, share.otherwise if isinstance(share, TopQuota) else share.becomes)


def apply_later_steps(compiled: Compiled, rating: Ratings, marks: Marks) -> None:
    """Steps 4 to 6, in place: of what `mark_later_steps` marked, what does something stays."""
    steps = compiled.policy.rating
    for number, cap in enumerate(steps.caps, compiled.first[Step.CAP]):
        _change(rating, marks, number, marks[number] & (rating < CODE[cap.at_most]), cap.at_most)
    for number, step in enumerate(steps.history, compiled.first[Step.HISTORY]):
        hit = marks[number] & is_one_of(rating, step.now) & (rating != CODE[step.becomes])
        _change(rating, marks, number, hit, step.becomes)
    for number, flag in enumerate(steps.flags, compiled.first[Step.FLAG]):
        marks[number] &= is_one_of(rating, flag.now)


def _change(rating: Ratings, marks: Marks, reason: int, hit: Mask, becomes: Rating) -> None:
    marks[reason] = hit
    np.copyto(rating, CODE[becomes], where=hit)
