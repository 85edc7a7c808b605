"""The same rules row by row in plain Python, as quick as plain Python is: ready functions, floats, no objects."""

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import numpy as np
from data import load
from rules import Indicator, Rules
from rules import load as load_rules

GREEN, YELLOW, RED, UNRATED = range(4)


def points(one: Indicator) -> Callable[[float], float]:
    """From a value to points."""
    xs, ys, last = one.xs, one.ys, len(one.xs)
    if one.form == "flag":
        return lambda value: ys[1] if value == 1 else ys[0]
    if one.form == "steps":
        all_ys = (0, *ys)
        return lambda value: all_ys[bisect_right(xs, value)]

    def line(value: float) -> float:
        k = bisect_right(xs, value)
        if k == 0:
            return ys[0]
        if k == last:
            return ys[-1]
        return ys[k - 1] + (value - xs[k - 1]) * (ys[k] - ys[k - 1]) / (xs[k] - xs[k - 1])

    return line


class Rows:
    """A list of rows -> a list of results."""

    def prepare(self, n: int) -> Any:
        self.rules = load_rules()
        table = load(n)
        rows = [[None if v != v else v for v in row] for row in table.x.tolist()]  # noqa: PLR0124 -- not a number
        return list(zip(rows, table.years_open.tolist(), table.last.tolist(), table.before.tolist(), strict=True))

    def score(self, state: Any) -> list[tuple[int, list[int], int, int]]:
        rules = self.rules
        ready = [(i, points(one), one.dimension, one.weight) for i, one in enumerate(rules.indicators)]
        results = []
        for values, years_open, last, before in state:
            sums, known = [0.0] * len(rules.weights), 0
            for i, of, dimension, weight in ready:
                value = values[i]
                if value is not None:
                    sums[dimension] += weight * of(value)
                    known += weight
            scores = [(2 * round(100 * s) + w) // (2 * w) for s, w in zip(sums, rules.weights, strict=True)]
            total = (round(100 * sum(sums)) + 50) // 100
            results.append((total, scores, *rate(rules, values, total, scores, known, (years_open, last, before))))
        return results

    def found(self, results: Any) -> Any:
        total, scores, ratings, reasons = zip(*results, strict=True)
        return np.array(total), np.array(scores).T, np.array(ratings), np.array(reasons)


def rate(
    rules: Rules, values: list[Any], total: int, scores: list[int], known: int, of: tuple[int, int, int]
) -> tuple[int, int]:
    """The rating steps; the rating and the reasons' bits."""
    bits = rules.bits
    years_open, last, before = of
    if years_open < 3:
        return UNRATED, bits["newly-opened"]
    if total >= 8000:
        rating, why = GREEN, bits["score-green"]
    elif total >= 6000:
        rating, why = YELLOW, bits["score-yellow"]
    else:
        rating, why = RED, bits["score-red"]
    if values[4] == 1 and rating < RED:
        rating, why = RED, why | bits["serious-accident"]
    if values[0] is not None and values[0] < 3 and rating < RED:
        rating, why = RED, why | bits["no-demand"]
    if values[6] is not None and values[6] < 6 and rating < YELLOW:
        rating, why = YELLOW, why | bits["few-teachers"]
    if known < 90 and rating < YELLOW:
        rating, why = YELLOW, why | bits["too-little-evidence"]
    if rating == YELLOW and last == YELLOW:
        rating, why = RED, why | bits["second-yellow"]
    if rating == GREEN and last == RED:
        rating, why = YELLOW, why | bits["no-leap"]
    if rating == RED and RED in (last, before):
        why |= bits["red-again"]
    return rating, why + sum(bits["weak-demand"] << d for d, score in enumerate(scores) if score < 4000)
