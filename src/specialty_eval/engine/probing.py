"""What one specialty's rating would be with one other figure, the others' held: many such questions in one pass.

Its own scores come from the scorer; its rank from its new value among the others' old ones; its place in the quotas
from its new total among the others' old totals, each question in a world of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .batch import Batch, Column, Ratings, codes, groups, measure_numbers
from .conditions import Subject, measures_in
from .evaluation import holds
from .exact import Array, Codes, Mask, Numbers, Operand, unscaled
from .forms import Change, Difference, Plain, Rank, Ratio
from .indicators import Block, Peers
from .points import ranked_among
from .policy import Indicator, Measure
from .rating import Marks, apply_later_steps, apply_quotas, first_ratings, mark_later_steps
from .results import EMPTY, Results
from .scoring import ROWS, score_block
from .vocabulary import COLOURS, Type

Places = NDArray[np.intp]
"""Places among the results."""

Values = NDArray[np.int64]
"""Figures as scaled integers or codes."""


class Probes:
    """Questions about one run's results."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self._batch_row = np.arange(results.peers.batch.size)[results.rows_rated]
        self._now = results.block()
        self._looks_at = {code: _looks_at(one.indicator) for code, one in results.peers.indicators.items()}
        self._worlds = _Worlds(results)

    def present(self, measure: Measure) -> Operand:
        """The measure's figures of the scored year, of the rated."""
        return self._now.measure(measure.code, self.results.peers.batch.scored)

    def told(self, measure: Measure, rows: Places) -> list[Decimal | bool | str | None]:
        """The figures as they are written, None where nothing is reported."""
        found = self.present(measure)
        if isinstance(found, Codes):
            names = {code: value for value, code in found.index.items()}
            return [names[int(found.data[i])] if found.has[i] else None for i in rows]
        return [unscaled(int(found.data[i]), found.scale) if found.has[i] else None for i in rows]

    def is_checked(self, measure: Measure) -> bool:
        """Whether a check of the policy looks at it."""
        return any(measure.code in measures_in(check.when) for check in self.results.policy.checks)

    def rated(self, measure: Measure, rows: Places, values: Values) -> tuple[Ratings, Mask]:
        """The ratings of these rows, each with its one new figure, and whether no check objects to it."""
        compiled = self.results.compiled
        block = self._block(measure, rows, values)
        marks: Marks = np.zeros((len(compiled.reasons), len(rows)), np.bool_)
        incomplete = score_block(compiled, block, marks)
        rating = first_ratings(compiled, block, incomplete, marks)
        mark_later_steps(compiled, block, marks)
        score = block.scores[Subject.TOTAL, ""]
        self._worlds.apply(rows, rating, np.where(score.has, score.data, EMPTY))
        apply_later_steps(compiled, rating, marks)
        fine = np.ones(len(rows), np.bool_)
        for check in self.results.policy.checks:
            if measure.code in measures_in(check.when):
                fine &= ~holds(check.when, block, block.years[-1])
        return rating, fine

    def points(self, indicator: Indicator, measure: Measure, rows: Places, values: Values) -> tuple[Values, Values]:
        """An indicator's points in hundredths, now and with the new figures; -1 without a value."""
        if indicator.points is None:
            nothing = np.full(len(rows), -1, np.int64)
            return nothing, nothing
        found = []
        for block in (Block(self.results.peers, self._batch_row[rows]), self._block(measure, rows, values)):
            points = block.points(indicator.code, block.years[-1])
            found.append(np.where(points.has, points.data, -1).astype(np.int64))
        return found[0], found[1]

    def _block(self, measure: Measure, rows: Places, values: Values) -> Block:
        batch, places = self.results.peers.batch, self._batch_row[rows]
        columns = [*batch.measures[measure.code]]
        columns[-1] = _with(measure, columns[-1], places, values)
        changed = replace(batch, measures={**batch.measures, measure.code: columns})
        touched = frozenset(code for code, measures in self._looks_at.items() if measure.code in measures)
        peers = _HeldPeers(self.results.peers, touched, changed)
        return _HeldBlock(peers, places, self._now, rows)


def _with(measure: Measure, column: Column, places: Places, values: Values) -> Column:
    """The column with some figures replaced."""
    old = column.operand(slice(0, len(column.data)))
    data: Array = old.data.astype(np.int64 if old.data.dtype != object else object)
    has = old.has.copy()
    data[places], has[places] = values, True
    if isinstance(old, Codes):
        known = (False, True) if measure.type is Type.BOOLEAN else measure.options
        return codes(np.where(has, data, len(known)), known)
    return measure_numbers(measure, data, has)


class _HeldPeers(Peers):
    """Everybody with a figure replaced, each ranked among the others as they were; `touched` indicators rest on it."""

    def __init__(self, held: Peers, touched: frozenset[str], changed: Batch) -> None:
        super().__init__(held.indicators, changed, held.history)
        self._held, self._touched = held, touched

    def is_as_it_was(self, code: str, year: int) -> bool:
        """Whether the indicator of that year rests on none of the figures that were replaced."""
        return year != self.batch.scored or code not in self._touched

    def rank_points(self, code: str, rank: Rank, year: int) -> NDArray[np.int64]:
        if self.is_as_it_was(code, year):
            return self._held.rank_points(code, rank, year)
        if (code, year) not in self._ranks:
            everybody = slice(0, self.batch.size)
            new, old = (Block(peers, everybody).value(code, year) for peers in (self, self._held))
            if not isinstance(new, Numbers) or not isinstance(old, Numbers):
                raise TypeError(new)
            self._ranks[code, year] = ranked_among(new, old, groups(self.batch, rank.within), rank.best_high)
        return self._ranks[code, year]


class _HeldBlock(Block):
    """Rows with a figure replaced: what rests on none that was replaced is taken from what is known of all rows."""

    def __init__(self, peers: _HeldPeers, rows: Places, now: Block, places: Places) -> None:
        super().__init__(peers, rows)
        self._held, self._now, self._places = peers, now, places

    def own_value(self, code: str, year: int) -> Operand:
        if self._held.is_as_it_was(code, year):
            return _taken(self._now.own_value(code, year), self._places)
        return super().own_value(code, year)

    def value(self, code: str, year: int) -> Operand:
        if self._held.is_as_it_was(code, year):
            return _taken(self._now.value(code, year), self._places)
        return super().value(code, year)

    def hundredths(self, code: str, year: int) -> Array:
        if self._held.is_as_it_was(code, year):
            return self._now.points(code, year).data[self._places]
        return super().hundredths(code, year)


def _taken(known: Operand, places: Places) -> Operand:
    """An operand of these rows alone."""
    if isinstance(known, Codes):
        return Codes(known.data[places], known.has[places], known.index)
    return Numbers(known.data[places], known.has[places], known.scale, known.low, known.high)


def _looks_at(indicator: Indicator) -> frozenset[str]:
    """The measures its value rests on."""
    needs = () if indicator.needs is None else measures_in(indicator.needs)
    match indicator.value:
        case Plain(measure):
            return frozenset({measure, *needs})
        case Ratio(of, to, _):
            return frozenset({*of, *to, *needs})
        case Difference(plus, minus):
            return frozenset({plus, minus, *needs})
        case Change(now, before):
            return frozenset({now, before, *needs})


_SPAN = 20_000
"""More than any total in hundredths."""

_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


class _Worlds:
    """The quotas with one specialty's rating and total replaced; what was asked once is remembered.

    A quota only compares totals within a group, so totals between the same two of a group's are the same to it; and
    what shares no group with a specialty, through however many others, never matters to it.
    """

    def __init__(self, results: Results) -> None:
        self._results, self._compiled = results, results.compiled
        self._quotas = results.policy.rating.quotas
        self._known: dict[tuple[int, ...], int] = {}
        if self._quotas:
            self._groups = {quota.within: results.groups(quota.within) for quota in self._quotas}
            self._before = _before_quotas(results)
            totals = results.total.astype(np.int64)
            self._ordered = {within: np.sort(group * _SPAN + totals) for within, group in self._groups.items()}
            self._part = parts(list(self._groups.values()))
            self._members = [np.flatnonzero(self._part == part) for part in range(int(self._part.max(initial=-1)) + 1)]
            self._local = {within: _numbered_within(group, self._part) for within, group in self._groups.items()}

    def apply(self, rows: Places, rating: Ratings, total: Array) -> None:
        """Step 3 for each of these rows alone, in place."""
        if not self._quotas:
            return
        places = []
        for within, group in self._groups.items():
            for side in _SIDES:
                places.append(np.searchsorted(self._ordered[within], group[rows] * _SPAN + total, side=side).tolist())
        keys = list(zip(rows.tolist(), rating.tolist(), *places, strict=True))
        asked: dict[tuple[int, ...], int] = {}
        cells = 0
        for place, key in enumerate(keys):
            if key[1] < len(COLOURS) and key not in self._known and key not in asked:
                asked[key] = place
                cells += len(self._members[self._part[key[0]]])
            if cells >= ROWS:
                self._ask(asked, total)
                asked, cells = {}, 0
        if asked:
            self._ask(asked, total)
        rating[:] = [self._known.get(key, key[1]) for key in keys]

    def _ask(self, asked: Mapping[tuple[int, ...], int], total: Array) -> None:
        """Each in a world of its own, one after the other."""
        members = [self._members[self._part[key[0]]] for key in asked]
        sizes = np.array([len(world) for world in members])
        rows, world = np.concatenate(members), np.repeat(np.arange(len(members)), sizes)
        first = np.cumsum(sizes) - sizes
        own = first + [np.searchsorted(world, key[0]) for world, key in zip(members, asked, strict=True)]
        rating, totals = self._before[rows], self._results.total[rows]
        rating[own] = [key[1] for key in asked]
        totals[own] = [total[place] for place in asked.values()]
        part = self._part[[key[0] for key in asked]]
        apart = {}
        for within, (local, counts) in self._local.items():
            number = counts[part]
            apart[within] = (np.cumsum(number) - number)[world] + local[rows]
        marks = np.zeros((len(self._compiled.reasons), len(rows)), np.bool_)
        apply_quotas(self._compiled, rating, totals, apart, marks)
        self._known.update(zip(asked, rating[own].tolist(), strict=True))


def parts(groupings: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """A dense number for each set of rows that hang together by sharing a group in any of the groupings."""
    found = np.arange(len(groupings[0]))
    while True:
        before = found
        for group in groupings:
            least = np.full(int(group.max(initial=0)) + 1, len(found))
            np.minimum.at(least, group, found)
            found = least[group]
        if (found == before).all():
            return np.unique(found, return_inverse=True)[1].astype(np.int64)


def _numbered_within(group: NDArray[np.int64], part: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each row the number of its group among those of its part; and how many groups each part has."""
    part_of = np.zeros(int(group.max(initial=-1)) + 1, np.int64)
    part_of[group] = part
    counts = np.bincount(part_of, minlength=int(part.max(initial=-1)) + 1)
    order = np.argsort(part_of, kind="stable")
    number = np.empty_like(part_of)
    number[order] = np.arange(len(order)) - (np.cumsum(counts) - counts)[part_of[order]]
    return number[group], counts


def _before_quotas(results: Results) -> Ratings:
    """What the rules alone gave everybody."""
    marks: Marks = np.zeros((len(results.compiled.reasons), len(results)), np.bool_)
    block = results.block()
    incomplete = score_block(results.compiled, block, marks)
    return first_ratings(results.compiled, block, incomplete, marks)
