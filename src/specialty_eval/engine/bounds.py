"""Between which values a score lies when some figures are withheld, row by row: within the scales of their indicators.

Sound, not sharp: the true score is always between its bounds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .compiled import Compiled, Weighted
from .conditions import Comparison, Condition, Op, Subject, Test
from .exact import Array, Mask, ceil_scaled, floor_scaled
from .forms import ChoicePoints, FlagPoints, PointsForm, Rank
from .indicators import Block
from .points import hundredths
from .policy import Indicator
from .sources import Sources, of_points, of_value
from .vocabulary import Missing

WIDEST = 1 << 62


@dataclass(frozen=True, slots=True)
class Held:
    """Where a condition surely holds, and where it may."""

    surely: Mask
    maybe: Mask


@dataclass(frozen=True, slots=True)
class Between:
    """Hundredths; what is between them where there is a value, and where there is one."""

    low: Array
    high: Array
    has: Held

    def held(self, comparison: Comparison) -> Held | None:
        """Where a comparison of it holds; None where it is with something else than numbers."""
        found = [self._test(test) for test in comparison.tests]
        parts = [held for held in found if held is not None]
        if len(parts) < len(found):
            return None
        surely, maybe = ([getattr(held, side) for held in parts] for side in ("surely", "maybe"))
        return Held(np.logical_and.reduce(surely), np.logical_and.reduce(maybe))

    def _test(self, test: Test) -> Held | None:
        right = test.right
        if test.op is Op.REPORTED:
            return self.has if right else Held(~self.has.maybe, ~self.has.surely)
        if isinstance(right, tuple | str | bool) or hasattr(right, "code"):
            return None
        low, high = self.low, self.high
        floor, ceil = floor_scaled(right, 2), ceil_scaled(right, 2)
        match test.op:
            case Op.AT_LEAST:
                surely, maybe = low >= ceil, high >= ceil
            case Op.ABOVE:
                surely, maybe = low > floor, high > floor
            case Op.AT_MOST:
                surely, maybe = high <= floor, low <= floor
            case Op.BELOW:
                surely, maybe = high < ceil, low < ceil
            case _:
                same = floor == ceil
                surely, maybe = (low == high) & (low == floor) & same, (low <= floor) & (floor <= high) & same
        return Held(np.asarray(surely & self.has.surely, np.bool_), np.asarray(maybe & self.has.maybe, np.bool_))


def reach(form: PointsForm) -> tuple[int, int]:
    """The least and the most points that a form gives, in hundredths."""
    if isinstance(form, Rank):
        return 0, 10000
    if isinstance(form, FlagPoints):
        ends = [form.is_true, form.is_false]
    elif isinstance(form, ChoicePoints):
        ends = list(form.options.values())
    else:
        ends = [y for _, y in form.points]
    points = [hundredths(y) for y in ends]
    return min(0, *points), max(0, *points)


class Bounds:
    """The bounds of points and scores of a block. `unknown` tells whose result rests on something withheld; `told` is
    (row of the block, indicator) → between which points the public is told that it lies.
    """

    def __init__(
        self,
        compiled: Compiled,
        block: Block,
        unknown: Callable[[Sources], Mask],
        told: Mapping[tuple[int, str], tuple[int, int]],
    ) -> None:
        self.compiled, self.block, self.unknown, self.told = compiled, block, unknown, told
        self.year = block.years[-1]
        self._points: dict[str, Between] = {}

    def is_told(self, code: str) -> Mask:
        """Of whom it is told between which points the indicator lies: it has a value."""
        found = np.zeros(self.block.present(self.year).shape, np.bool_)
        found[[row for row, told in self.told if told == code]] = True
        return found

    def points(self, indicator: Indicator) -> Between:
        """Of an indicator's points, as they enter the sums: 0 where nothing is reported and it counts as 0."""
        if indicator.code not in self._points:
            self._points[indicator.code] = self._found(indicator)
        return self._points[indicator.code]

    def _found(self, indicator: Indicator) -> Between:
        if indicator.points is None:
            raise TypeError(indicator.code)
        policy = self.compiled.policy
        has = self.block.value(indicator.code, self.year).has
        dark = self.unknown(of_value(indicator, policy))
        surely, maybe = has & ~dark, has | dark
        exact = self.block.hundredths(indicator.code, self.year).astype(np.int64)
        least, most = reach(indicator.points)
        unseen = self.unknown(of_points(indicator, policy)) & maybe
        low, high = np.where(unseen, least, exact), np.where(unseen, most, exact)
        for (row, code), (lower, upper) in self.told.items():
            if code == indicator.code and unseen[row]:
                low[row], high[row] = max(least, lower), min(most, upper)
                surely[row] = True
        return Between(low, high, Held(surely, maybe))

    def score(self, group: Sequence[Weighted], incomplete: Held, extra: tuple[Array, Array] | None = None) -> Between:
        """Of the weighted mean of some indicators, with the points of the adjustments added."""
        low, forced = self._mean(group, is_high=False)
        high, _ = self._mean(group, is_high=True)
        if extra is not None:
            low, high = np.clip(low + extra[0], 0, 10000), np.clip(high + extra[1], 0, 10000)
        return Between(low, high, Held(~incomplete.maybe & forced, ~incomplete.surely))

    def _mean(self, group: Sequence[Weighted], *, is_high: bool) -> tuple[Array, Mask]:
        """(The least or the greatest mean, where something surely counts)."""
        shape = self.block.present(self.year).shape
        kind = object if self.compiled.whole * 10001 > WIDEST else np.int64
        above, below = np.zeros(shape, kind), np.zeros(shape, kind)
        free: list[tuple[int, int, Mask]] = []
        for one in group:
            found = self.points(self.compiled.indicators[one.code].indicator)
            points = found.high if is_high else found.low
            counts = found.has.surely
            if one.missing is Missing.ZERO:
                counts = np.ones(shape, np.bool_)
                points = np.where(found.has.surely, points, np.maximum(points, 0) if is_high else np.minimum(points, 0))
            elif one.missing is Missing.BLOCK:
                counts = found.has.maybe  # where it is missing there is no score
            above += np.where(counts, points.astype(kind) * one.weight, 0)
            below += np.where(counts, one.weight, 0)
            open_ = found.has.maybe & ~counts
            if open_.any():
                free.append((int((points[open_].max() if is_high else points[open_].min())), one.weight, open_))
        forced = np.asarray(below > 0, np.bool_)
        for points_of_one, weight, open_ in sorted(free, key=lambda f: f[0], reverse=is_high):
            better = points_of_one * below > above if is_high else points_of_one * below < above
            taken = open_ & (np.asarray(better, np.bool_) | (below == 0))
            above += np.where(taken, points_of_one * weight, 0)
            below += np.where(taken, weight, 0)
        divisor = np.where(below == 0, 1, below)
        mean = -(-above // divisor) if is_high else above // divisor
        unfounded = 10000 if is_high else 0
        return np.where(below == 0, unfounded, mean).astype(np.int64), forced

    def scores(
        self, incomplete: Held, held: Callable[[Condition | None], Held]
    ) -> Mapping[tuple[Subject, str], Between]:
        """Of every dimension and of the total; `held` tells where an adjustment's condition holds."""
        policy = self.compiled.policy
        found: dict[tuple[Subject, str], Between] = {}
        for dimension, group in zip(policy.dimensions, self.compiled.weighted, strict=True):
            found[Subject.DIMENSION, dimension.code] = self.score(group, incomplete)
        low, high = (np.zeros(self.block.present(self.year).shape, np.int64) for _ in range(2))
        for adjustment in policy.adjustments:
            where = held(adjustment.when)
            least, most = floor_scaled(adjustment.points, 2), ceil_scaled(adjustment.points, 2)
            low += np.where(where.surely, least, np.where(where.maybe, min(0, least), 0))
            high += np.where(where.surely, most, np.where(where.maybe, max(0, most), 0))
        everything = [one for group in self.compiled.weighted for one in group]
        found[Subject.TOTAL, ""] = self.score(everything, incomplete, (low, high))
        return found
