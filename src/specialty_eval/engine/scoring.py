"""Totals, dimension scores and completeness of a batch, block by block, and the ratings that follow from them.

The one way to a score: a single specialty is a batch of one."""

import operator
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from .batch import Batch, History, Rows, groups
from .compiled import Compiled, Step, Weighted, compile_policy
from .conditions import Subject
from .errors import Invalid, Problem
from .evaluation import holds
from .exact import Array, Mask, Numbers, added, divided, floor_scaled, places, wide
from .indicators import Block, Peers
from .policy import Policy
from .rating import Marks, first_ratings, last_ratings, mark_later_steps
from .results import EMPTY, Results
from .vocabulary import Rating

ROWS = 32768
"""So many rows at a time: what is computed for them stays in the processor's second cache."""


def score_batch(
    policy: Policy,
    batch: Batch,
    history: History | Mapping[str, Sequence[Rating | str]] | None = None,
    *,
    rated: Collection[str] | NDArray[np.bool_] | None = None,
) -> Results:
    """Score and rate specialties of a batch.

    `history` has each specialty's earlier ratings in the order of their years. `rated` (specialties, or a mask over
    the batch) limits who gets a total and a rating and is in a quota's group; ranks look at everybody. By default all
    that have a row in the scored year. Raises Invalid when one to be rated has none.
    """
    compiled = compile_policy(policy)
    past = history if isinstance(history, History) else History.of(batch, history or {})
    peers = Peers(compiled.indicators, batch, past)
    chosen = _chosen(batch, rated)
    size = batch.size if chosen is None else len(chosen)
    total = np.full(size, EMPTY, np.int16)
    dimensions = np.full((len(policy.dimensions), size), EMPTY, np.int16)
    rating = np.empty(size, np.uint8)
    marks = np.zeros((len(compiled.reasons), size), np.bool_)
    for start in range(0, size, ROWS):
        rows = slice(start, min(start + ROWS, size))
        block = Block(peers, rows if chosen is None else chosen[rows])
        incomplete = score_block(compiled, block, marks[:, rows])
        _store(compiled, block, total[rows], dimensions[:, rows])
        rating[rows] = first_ratings(compiled, block, incomplete, marks[:, rows])
        mark_later_steps(compiled, block, marks[:, rows])
    shared = {q.within: groups(batch, q.within)[_all(chosen)] for q in policy.rating.quotas}
    first = compiled.first[Step.CAP]
    capped = marks[first : first + len(policy.rating.caps)].copy()
    last_ratings(compiled, rating, total, shared, marks)
    return Results(compiled, peers, chosen, total, dimensions, rating, marks, capped)


def checks_that_hold(policy: Policy, batch: Batch) -> list[tuple[int, int | None, str]]:
    """Every check that objects: (number of the row among those given, its year, the check's code), by row."""
    peers = Peers(compile_policy(policy).indicators, batch, History.none(batch.size))
    block = Block(peers, slice(0, batch.size))
    found = []
    for place, year in enumerate(batch.years):
        present = block.present(year)
        for number, check in enumerate(policy.checks):
            for row in batch.rows[place][holds(check.when, block, year) & present].tolist():
                found.append((row, number, batch.year_of(place), check.code))
    return [(row, year, code) for row, _, year, code in sorted(found, key=lambda f: f[:2])]


def _all(chosen: NDArray[np.intp] | None) -> Rows:
    return slice(None) if chosen is None else chosen


def _chosen(batch: Batch, rated: Collection[str] | NDArray[np.bool_] | None) -> NDArray[np.intp] | None:
    """The batch's rows that are rated, None for all of them."""
    present = batch.rows[-1] >= 0
    if rated is None:
        return None if present.all() else np.flatnonzero(present)
    if isinstance(rated, np.ndarray):
        mask, unknown = rated, []
    else:
        wanted = frozenset(rated)
        mask = np.array([s in wanted for s in batch.specialties], np.bool_)
        unknown = sorted(wanted.difference(batch.specialties))
    absent = [batch.specialties[i] for i in np.flatnonzero(mask & ~present).tolist()]
    if problems := [_without_row(s, batch) for s in (*absent, *unknown)]:
        raise Invalid(*problems)
    return None if mask.all() else np.flatnonzero(mask)


def _without_row(specialty: str, batch: Batch) -> Problem:
    return Problem("scored-year-missing", specialty, {"value": specialty, "year": batch.year_of(-1)})


@dataclass(frozen=True, slots=True)
class Sums:
    """Everybody's weighted sums: (Σ weight x points in hundredths, Σ weight that counts), by dimension and of all.

    None where nothing is weighted, or where nobody asks for that dimension. `known` is Σ weight that has a value, None
    where no rule asks; `whole` Σ of all weights, nowhere above `most`. A row may be seen under several weights at once:
    then the arrays are weights x rows.
    """

    dimensions: Sequence[tuple[Array, Array | int] | None]
    everything: tuple[Array, Array | int] | None
    known: Array | None
    whole: Array | int
    most: int


def score_block(compiled: Compiled, block: Block, marks: Marks) -> Mask:
    """Give the block its scores and mark the adjustments; returns who is incomplete."""
    return scores_from(compiled, block, _packed(compiled, block), marks)


def scores_from(compiled: Compiled, block: Block, sums: Sums, marks: Marks) -> Mask:
    """Give the block the scores that follow from these sums and mark the adjustments; returns who is incomplete."""
    incomplete = np.zeros(marks.shape[1:], np.bool_)
    for code in compiled.blocking:
        incomplete |= ~block.value(code, block.years[-1]).has
    if sums.everything is not None and isinstance(sums.everything[1], np.ndarray):
        incomplete |= sums.everything[1] == 0
    scored = ~incomplete
    for dimension, found in zip(compiled.policy.dimensions, sums.dimensions, strict=True):
        block.scores[Subject.DIMENSION, dimension.code] = _mean(found, scored, sums.most)
    if sums.known is not None:
        block.scores[Subject.COMPLETENESS, ""] = _completeness(sums.known, sums.whole, sums.most)
    extra = _extra(compiled, block, scored, marks)
    block.scores[Subject.TOTAL, ""] = _mean(sums.everything, scored, sums.most, extra)
    return incomplete


def _packed(compiled: Compiled, block: Block) -> Sums:
    """The sums under the policy's own weights, all lanes in one pass."""
    parts = [_sum(compiled, block, weighted) for weighted in compiled.weighted]
    packed = [part for part in parts if part is not None]
    everything = reduce(operator.add, packed) if packed else None
    return Sums(
        dimensions=[_unpacked(compiled, part, [of]) for part, of in zip(parts, compiled.weighted, strict=True)],
        everything=_unpacked(compiled, everything, compiled.weighted),
        known=compiled.lanes.complete_of(everything) if everything is not None and compiled.lanes.complete else None,
        whole=compiled.whole,
        most=compiled.whole,
    )


def _unpacked(
    compiled: Compiled, sums: Array | None, weighted: Iterable[Sequence[Weighted]]
) -> tuple[Array, Array | int] | None:
    """The weight that counts is the same for everybody unless some indicator may be left out."""
    if sums is None:
        return None
    same = sum(one.weight for group in weighted for one in group)
    return compiled.lanes.points_of(sums), compiled.lanes.counted_of(sums) if compiled.lanes.counted else same


def _sum(compiled: Compiled, block: Block, weighted: Sequence[Weighted]) -> Array | None:
    """The packed sums of some weighted indicators; None for none."""
    year = block.years[-1]
    total: Array | None = None
    for one in weighted:
        entries = block.entries(one.measure, year) if one.table is not None else None
        if one.table is not None and entries is not None:
            part = one.table.take(entries)
        else:
            has = block.value(one.code, year).has
            part = compiled.lanes.packed(block.hundredths(one.code, year), has, one.weight, one.missing)
        if total is None:
            total = part
        else:
            total += part
    return total


def _extra(compiled: Compiled, block: Block, scored: Mask, marks: Marks) -> Numbers | None:
    """The points of the adjustments that hold."""
    parts = []
    for number, adjustment in enumerate(compiled.policy.adjustments, compiled.first[Step.ADJUSTMENT]):
        held = holds(adjustment.when, block, block.years[-1]) & scored
        marks[number] = held
        points = floor_scaled(adjustment.points, scale := max(2, places(adjustment.points)))
        parts.append(Numbers(wide(held, abs(points)) * points, held, scale, min(0, points), max(0, points)))
    if not parts:
        return None
    return added(parts)


def _mean(sums: tuple[Array, Array | int] | None, scored: Mask, most: int, extra: Numbers | None = None) -> Numbers:
    """Σ weight x points / Σ weight, and the extra points, cut to 0-100, in hundredths; empty where nothing counts."""
    if sums is None:
        return Numbers(np.zeros(scored.shape, np.int64), np.zeros(scored.shape, np.bool_), 2, 0, 0)
    above, counted = sums
    has = scored if isinstance(counted, int) else scored & (counted > 0)
    below = counted if isinstance(counted, int) else np.maximum(counted, 1)
    if extra is not None:
        fine = 10 ** (extra.scale - 2)
        bound = 4 * most * (10000 * fine + extra.bound)
        below = wide(np.asarray(below), bound)
        above = np.clip(wide(above, bound) * fine + wide(extra.data, bound) * below, 0, below * (10000 * fine))
        below = below * fine
    return Numbers(divided(above, below, signed=False), has, 2, 0, 10000)


def _completeness(known: Array, whole: Array | int, most: int) -> Numbers:
    """The weight of the weighted indicators that have a value, of 100, to two places."""
    data = divided(wide(known, 20001 * most) * 10000, whole, signed=False)
    return Numbers(data, np.ones(data.shape, np.bool_), 2, 0, 10000)


def _store(compiled: Compiled, block: Block, total: NDArray[np.int16], dimensions: NDArray[np.int16]) -> None:
    """Write the scores to the results, which are EMPTY where there are none."""
    subjects = [(Subject.DIMENSION, dimension.code) for dimension in compiled.policy.dimensions]
    for target, subject in zip((total, *dimensions), ((Subject.TOTAL, ""), *subjects), strict=True):
        score = block.scores[subject]
        np.copyto(target, score.data, casting="unsafe", where=score.has)
