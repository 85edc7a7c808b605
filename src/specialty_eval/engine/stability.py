"""How stable each rating is when the weights are a little wrong: the same scoring under thousands of other weights.

A draw multiplies every weight by its own factor, 0.9 to 1.1, and scales them back to 100. Everything but the weights is
held: figures, points, ranks among peers, conditions that look at neither total, dimension nor completeness.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .batch import RATINGS, Ratings
from .compiled import Compiled, comparisons, conditions
from .conditions import Subject
from .errors import Invalid, Problem
from .exact import LARGEST, Array, places
from .rating import Marks, first_ratings, last_ratings, mark_later_steps
from .results import EMPTY, Results
from .scoring import ROWS, Sums, scores_from
from .vocabulary import Missing, Rating

MOST_DRAWS = 100_000
MOST_SEED = 2**63 - 1
STEPS = 65_535
"""A factor is 0.9 + 0.2 x k / STEPS, k uniform in 0..STEPS: two bytes of the stream, so no value is likelier."""

_LEAST, _SPREAD = 9 * STEPS, 2
"""The factor's numerator over 10 x STEPS is _LEAST + _SPREAD x k."""


@dataclass(frozen=True, slots=True)
class Stability:
    """Of each specialty in the order of the results, how many of the draws give which rating."""

    draws: int
    seed: int
    counts: NDArray[np.int64]
    """Rating (by code) x specialty."""

    def of(self, i: int) -> dict[Rating, int]:
        """Rating → in how many draws the i-th has it; those it never has left out."""
        return {rating: int(n) for rating, n in zip(RATINGS, self.counts[:, i], strict=True) if n}


def factors(seed: int, draws: int, weights: int) -> NDArray[np.int64]:
    """Draw x weight: every k, two bytes each, most significant first, of SHAKE-256 of the seed's text.

    The stream is the same everywhere and begins alike for any number of draws.
    """
    stream = hashlib.shake_256(f"specialty-eval/stability/1/{seed}".encode()).digest(2 * draws * weights)
    return np.frombuffer(stream, ">u2").astype(np.int64).reshape(draws, weights)


def stability(results: Results, *, seed: int, draws: int) -> Stability:
    """Rate everybody anew under each draw. Invalid for a policy without weights, or with weights too fine to draw."""
    if problems := _problems(results, seed, draws):
        raise Invalid(*problems)
    compiled, size = results.compiled, len(results)
    counts = np.zeros((len(RATINGS), size), np.int64)
    if not size:
        return Stability(draws, seed, counts)
    own = np.array([one.weight for group in compiled.weighted for one in group], np.int64)
    drawn = own * (_LEAST + _SPREAD * factors(seed, draws, len(own)))
    for ratings in _rated(results, drawn):
        for code in range(len(RATINGS)):
            counts[code] += (ratings == code).sum(axis=0)
    return Stability(draws, seed, counts)


def out_of_range(seed: int, draws: int) -> list[Problem]:
    """What is wrong with the numbers asked for."""
    found = []
    if not 0 <= draws <= MOST_DRAWS:
        found.append(Problem("draws-out-of-range", "draws", {"value": draws, "most": MOST_DRAWS}))
    if not 0 <= seed <= MOST_SEED:
        found.append(Problem("seed-out-of-range", "seed", {"most": MOST_SEED}))
    return found


def _problems(results: Results, seed: int, draws: int) -> list[Problem]:
    compiled, found = results.compiled, []
    found += out_of_range(seed, draws)
    if not compiled.policy.weighted:
        found.append(Problem("nothing-to-draw", "draws"))
    elif _largest(compiled) > LARGEST:
        found.append(Problem("weights-too-fine", "draws"))
    return found


def _most(compiled: Compiled) -> int:
    """What the weights of a draw add up to at most."""
    return compiled.whole * (_LEAST + _SPREAD * STEPS)


def _largest(compiled: Compiled) -> int:
    """The largest number that a draw computes with: as `scoring` bounds it."""
    extra = [a.points for a in compiled.policy.adjustments]
    fine = 10 ** (max([2, *map(places, extra)]) - 2)
    return int(4 * _most(compiled) * (10000 * fine + sum(abs(points) for points in extra) * 100 * fine + 10000))


def _rated(results: Results, drawn: NDArray[np.int64]) -> Iterator[Ratings]:
    """Draw x specialty, some draws at a time: the steps of `score_batch`, all but the weights taken once."""
    compiled, size = results.compiled, len(results)
    block = results.block()
    parts = _Parts.of(compiled, results)
    shared = {quota.within: results.groups(quota.within) for quota in compiled.policy.rating.quotas}
    at_a_time = max(1, ROWS // size)
    for start in range(0, len(drawn), at_a_time):
        weights = drawn[start : start + at_a_time]
        shape = len(weights), size
        marks: Marks = np.zeros((len(compiled.reasons), *shape), np.bool_)
        incomplete = np.broadcast_to(scores_from(compiled, block, parts.sums(weights), marks), shape)
        ratings = first_ratings(compiled, block, incomplete, marks)
        mark_later_steps(compiled, block, marks)
        score = block.scores[Subject.TOTAL, ""]
        total = np.full(shape, EMPTY, np.int16)
        np.copyto(total, score.data, casting="unsafe", where=score.has)
        # Every draw is a world of its own: its groups are its own.
        worlds = {within: _apart(group, len(weights)) for within, group in shared.items()}
        last_ratings(compiled, ratings.reshape(-1), total.reshape(-1), worlds, marks.reshape(len(marks), -1))
        yield ratings


def _apart(group: NDArray[np.int64], worlds: int) -> NDArray[np.int64]:
    """The groups of several worlds, one after the other."""
    apart = group + np.arange(worlds)[:, None] * (int(group.max(initial=0)) + 1)
    return apart.reshape(-1)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the weights are multiplied by: indicator x specialty, indicators by dimension."""

    policy_most: int
    points: Array
    counts: Array | None
    known: Array | None
    dimensions: Sequence[slice | None]
    """Which lines are a dimension's, None for one that no rule asks for."""

    @classmethod
    def of(cls, compiled: Compiled, results: Results) -> "_Parts":
        block = results.block()
        year = block.years[-1]
        order = [one for group in compiled.weighted for one in group]
        has = np.array([block.value(one.code, year).has for one in order])
        points = np.array([block.hundredths(one.code, year) for one in order], np.int64) * has
        left_out = np.array([one.missing is Missing.EXCLUDE for one in order])[:, None]
        asked = {c.code for when in conditions(compiled.policy) for c in comparisons(when)
                 if c.subject is Subject.DIMENSION}  # fmt: skip
        ends = np.cumsum([len(group) for group in compiled.weighted])
        dimensions = [
            slice(int(end) - len(group), int(end)) if group and dimension.code in asked else None
            for dimension, group, end in zip(compiled.policy.dimensions, compiled.weighted, ends, strict=True)
        ]
        return cls(
            policy_most=_most(compiled),
            points=points,
            counts=(has | ~left_out).astype(np.int64) if compiled.lanes.counted else None,
            known=has.astype(np.int64) if compiled.lanes.complete else None,
            dimensions=dimensions,
        )

    def sums(self, weights: NDArray[np.int64]) -> Sums:
        """Of some draws, whose weights are in the order of the lines."""
        everything = slice(0, len(self.points))
        whole = weights.sum(axis=1, keepdims=True)
        return Sums(
            dimensions=[None if lines is None else self._sum(weights, lines) for lines in self.dimensions],
            everything=self._sum(weights, everything),
            known=None if self.known is None else weights @ self.known,
            whole=whole,
            most=self.policy_most,
        )

    def _sum(self, weights: NDArray[np.int64], lines: slice) -> tuple[Array, Array]:
        mine = weights[:, lines]
        counted = mine.sum(axis=1, keepdims=True) if self.counts is None else mine @ self.counts[lines]
        return mine @ self.points[lines], counted
