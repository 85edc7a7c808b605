"""An indicator's value, year by year and over years, and its points, for some rows of a batch.

Weights and ratings are `scoring`'s and `rating`'s work."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from .batch import Batch, History, Ratings, Rows, groups
from .conditions import Subject
from .evaluation import holds
from .exact import Array, Codes, Mask, Numbers, Operand, added, negated, quotient, rounded, summed, wide
from .forms import Change, Difference, OverKind, Plain, Rank, Ratio, ValueForm
from .points import Points, ranked
from .policy import Indicator


@dataclass(frozen=True, slots=True)
class Measured:
    """An indicator with its points form compiled (None: no points, or a rank)."""

    indicator: Indicator
    points: Points | None


class Peers:
    """A batch with the policy's indicators, the history, and the ranks that look across it, each found once."""

    def __init__(self, indicators: dict[str, Measured], batch: Batch, history: History) -> None:
        self.indicators = indicators
        self.batch = batch
        self.history = history
        self._ranks: dict[tuple[str, int], NDArray[np.int64]] = {}

    def rank_points(self, code: str, rank: Rank, year: int) -> NDArray[np.int64]:
        """Everybody's rank points of the year, in hundredths."""
        if (code, year) not in self._ranks:
            value = Block(self, slice(0, self.batch.size)).value(code, year)
            if not isinstance(value, Numbers):
                raise TypeError(value)
            self._ranks[code, year] = ranked(value, groups(self.batch, rank.within), rank.best_high)
        return self._ranks[code, year]


class Block:
    """Some rows, and every value of theirs that was asked for; `scores` are added once they are known."""

    def __init__(self, peers: Peers, rows: Rows) -> None:
        self.peers = peers
        self.rows = rows
        self.scores: dict[tuple[Subject, str], Numbers] = {}
        self._known: dict[tuple[str, str, int], Operand] = {}

    @property
    def years(self) -> Sequence[int]:
        return self.peers.batch.years

    def present(self, year: int) -> Mask:
        batch = self.peers.batch
        here: Mask = batch.rows[batch.years.index(year)][self.rows] >= 0
        return here

    def earlier(self) -> Ratings:
        return self.peers.history.codes[:, self.rows]

    def operand(self, subject: Subject, code: str, year: int) -> Operand:
        match subject:
            case Subject.MEASURE:
                return self.measure(code, year)
            case Subject.INDICATOR:
                return self.value(code, year)
            case Subject.POINTS:
                return self.points(code, year)
            case Subject.ATTRIBUTE:
                return self.attribute(code)
            case _:
                return self.scores[subject, code]

    def own(self, subject: Subject, code: str, year: int) -> Operand:
        return self.own_value(code, year) if subject is Subject.INDICATOR else self.operand(subject, code, year)

    def attribute(self, code: str) -> Operand:
        key = ("attribute", code, 0)
        if key not in self._known:
            self._known[key] = self.peers.batch.attributes[code].operand(self.rows)
        return self._known[key]

    def measure(self, code: str, year: int) -> Operand:
        key = ("measure", code, year)
        if key not in self._known:
            batch = self.peers.batch
            self._known[key] = batch.measures[code][batch.years.index(year)].operand(self.rows)
        return self._known[key]

    def entries(self, code: str, year: int) -> Array | None:
        """The measure's column entries, for a table of 0..missing; None where it isn't a bounded column."""
        batch = self.peers.batch
        column = batch.measures[code][batch.years.index(year)]
        return column.data[self.rows] if column.bounded else None

    def own_value(self, code: str, year: int) -> Operand:
        """The indicator's value of that year alone, after `needs`."""
        key = ("own", code, year)
        if key not in self._known:
            indicator = self.peers.indicators[code].indicator
            found = formed(indicator.value, lambda c: self.measure(c, year), indicator.decimals)
            if indicator.needs is not None:
                found = _only(found, holds(indicator.needs, self, year))
            self._known[key] = found
        return self._known[key]

    def value(self, code: str, year: int) -> Operand:
        """The indicator's value as of that year, after `over`; none without a row in the year."""
        indicator = self.peers.indicators[code].indicator
        if indicator.over.kind is OverKind.LATEST:
            return self.own_value(code, year)
        key = ("value", code, year)
        if key not in self._known:
            window = [y for y in self.years if year - indicator.over.years < y <= year]
            over = _pooled if indicator.over.kind is OverKind.POOLED else _over_years
            self._known[key] = _only(over(self, indicator, window), self.present(year))
        return self._known[key]

    def points(self, code: str, year: int) -> Numbers:
        """The points of the year's value; not reported where that isn't."""
        key = ("points", code, year)
        if key not in self._known:
            value = self.value(code, year)
            self._known[key] = Numbers(self.hundredths(code, year), value.has, 2, 0, 10000)
        found = self._known[key]
        assert isinstance(found, Numbers)  # noqa: S101 -- narrows what this method alone puts there
        return found

    def hundredths(self, code: str, year: int) -> Array:
        """Points in hundredths, 0 where there is no value."""
        measured = self.peers.indicators[code]
        form = measured.indicator.points
        if isinstance(form, Rank):
            return self.peers.rank_points(code, form, year)[self.rows]
        if measured.points is None:
            raise TypeError(code)
        return measured.points(self.value(code, year))


def formed(form: ValueForm, measure: Callable[[str], Operand], decimals: int) -> Operand:
    """The value form over measures, rounded; a boolean or a choice stays one."""
    if isinstance(form, Plain):
        value = measure(form.measure)
        return rounded(value, decimals) if isinstance(value, Numbers) else value

    def number(code: str) -> Numbers:
        value = measure(code)
        if not isinstance(value, Numbers):
            raise TypeError(code)
        return value

    match form:
        case Ratio(of, to, times):
            above, below = added([number(c) for c in of]), added([number(c) for c in to])
            return quotient(above, below, Fraction(times), decimals)
        case Difference(plus, minus):
            return rounded(added([number(plus), negated(number(minus))]), decimals)
        case Change(now, before):
            rise = added([number(now), negated(number(before))])
            return quotient(rise, number(before), Fraction(100), decimals)


def _over_years(block: Block, indicator: Indicator, window: Sequence[int]) -> Operand:
    """Mean, lowest or highest of the already rounded values of these years."""
    values = [block.own_value(indicator.code, year) for year in window]
    numbers = [v for v in values if isinstance(v, Numbers)]
    if indicator.over.kind is OverKind.MEAN:
        total = summed([(v, v.has) for v in numbers])
        count = sum(v.has.astype(np.int64) for v in numbers)
        of = Numbers(np.maximum(count, 1), total.has, 0, 1, len(numbers))
        return quotient(total, of, Fraction(1), indicator.decimals)
    better = np.less if indicator.over.kind is OverKind.LOWEST else np.greater
    found = numbers[0]
    for v in numbers[1:]:
        bound = max(found.bound, v.bound)
        mine, theirs = wide(found.data, bound), wide(v.data, bound)
        taken = v.has & (~found.has | better(theirs, mine).astype(np.bool_))
        data = np.where(taken, theirs, mine)
        found = Numbers(data, found.has | v.has, v.scale, min(found.low, v.low), max(found.high, v.high))
    return found


class _Pooled:
    """A block whose measures are summed over the years in which every part of a ratio is reported."""

    def __init__(self, block: Block, parts: Sequence[str], window: Sequence[int]) -> None:
        self.block = block
        self.years = block.years
        self.present, self.earlier = block.present, block.earlier
        self.full = {y: reduce(operator.and_, (block.measure(c, y).has for c in parts)) for y in window}

    def measure(self, code: str) -> Operand:
        values = [(self.block.measure(code, year), full) for year, full in self.full.items()]
        return summed([(v, full) for v, full in values if isinstance(v, Numbers)])

    def operand(self, subject: Subject, code: str, year: int) -> Operand:  # noqa: ARG002 -- all years in one
        if subject is not Subject.MEASURE:
            raise TypeError(subject)
        return self.measure(code)

    own = operand


def _pooled(block: Block, indicator: Indicator, window: Sequence[int]) -> Operand:
    """The ratio of the sums; `needs` is asked of each measure's sum over the same years."""
    form = indicator.value
    if not isinstance(form, Ratio):
        raise TypeError(form)
    sums = _Pooled(block, (*form.of, *form.to), window)
    value = formed(form, sums.measure, indicator.decimals)
    return value if indicator.needs is None else _only(value, holds(indicator.needs, sums, window[-1]))


def _only(value: Operand, where: Mask) -> Operand:
    has = value.has & where
    if isinstance(value, Codes):
        return Codes(value.data, has, value.index)
    return Numbers(value.data, has, value.scale, value.low, value.high)
