"""What one specialty's rating would be with one other figure, the others' held: many such questions in one pass.

Its own scores come from the scorer; its rank from its new value among the others' old ones; its place in the quotas
from its new total among the others' old totals, each question in a world of its own.
"""

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
        self._worlds = _Worlds(results)

    def present(self, measure: Measure) -> Operand:
        """The measure's figures of the scored year, of the rated."""
        return self.results.block().measure(measure.code, self.results.peers.batch.scored)

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
        peers = _HeldPeers(self.results.peers, measure.code, changed)
        return Block(peers, places)


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
    """Everybody with a figure replaced, each ranked among the others as they were."""

    def __init__(self, held: Peers, measure: str, changed: Batch) -> None:
        super().__init__(held.indicators, changed, held.history)
        self._held, self._measure = held, measure

    def rank_points(self, code: str, rank: Rank, year: int) -> NDArray[np.int64]:
        indicator = self.indicators[code].indicator
        if year != self.batch.scored or self._measure not in _looks_at(indicator):
            return self._held.rank_points(code, rank, year)
        if (code, year) not in self._ranks:
            everybody = slice(0, self.batch.size)
            new, old = (Block(peers, everybody).value(code, year) for peers in (self, self._held))
            if not isinstance(new, Numbers) or not isinstance(old, Numbers):
                raise TypeError(new)
            self._ranks[code, year] = ranked_among(new, old, groups(self.batch, rank.within), rank.best_high)
        return self._ranks[code, year]


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

    A quota only compares totals within a group, so totals between the same two of a group's are the same to it.
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

    def apply(self, rows: Places, rating: Ratings, total: Array) -> None:
        """Step 3 for each of these rows alone, in place."""
        if not self._quotas:
            return
        places = []
        for within, group in self._groups.items():
            for side in _SIDES:
                places.append(np.searchsorted(self._ordered[within], group[rows] * _SPAN + total, side=side).tolist())
        keys = list(zip(rows.tolist(), rating.tolist(), *places, strict=True))
        unknown = {
            key: place for place, key in enumerate(keys) if key[1] < len(COLOURS) and key not in self._known
        }  # fmt: skip
        at_a_time = max(1, ROWS // len(self._results))
        asked = list(unknown.items())
        for start in range(0, len(asked), at_a_time):
            self._ask(asked[start : start + at_a_time], total)
        rating[:] = [self._known.get(key, key[1]) for key in keys]

    def _ask(self, asked: list[tuple[tuple[int, ...], int]], total: Array) -> None:
        size, worlds = len(self._results), len(asked)
        row = np.array([key[0] for key, _ in asked])
        own = np.arange(worlds), row
        rating = np.tile(self._before, (worlds, 1))
        totals = np.tile(self._results.total, (worlds, 1))
        rating[own] = [key[1] for key, _ in asked]
        totals[own] = [total[place] for _, place in asked]
        apart = np.arange(worlds)[:, None]
        groups_ = {w: (g + apart * (int(g.max(initial=0)) + 1)).reshape(-1) for w, g in self._groups.items()}
        marks = np.zeros((len(self._compiled.reasons), worlds * size), np.bool_)
        apply_quotas(self._compiled, rating.reshape(-1), totals.reshape(-1), groups_, marks)
        self._known.update(zip((key for key, _ in asked), rating[own].tolist(), strict=True))


def _before_quotas(results: Results) -> Ratings:
    """What the rules alone gave everybody."""
    marks: Marks = np.zeros((len(results.compiled.reasons), len(results)), np.bool_)
    block = results.block()
    incomplete = score_block(results.compiled, block, marks)
    return first_ratings(results.compiled, block, incomplete, marks)
