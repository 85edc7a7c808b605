"""Polars: one lazy query of expressions, planned and run each time; `POLARS_MAX_THREADS` says on how many threads."""

from typing import Any

import numpy as np
import polars as pl
from data import load
from rules import Indicator
from rules import load as load_rules


class Polars:
    """A DataFrame of floats -> a DataFrame."""

    unit = 1
    """So many of a column's units are 1."""

    def prepare(self, n: int) -> Any:
        self.rules = load_rules()
        table = load(n)
        names = [i.measure for i in self.rules.indicators]
        columns = [self.column(name, values) for name, values in zip(names, table.x.T, strict=True)]
        others = [pl.Series(name, getattr(table, name)) for name in ("years_open", "last", "before")]
        return pl.DataFrame([*columns, *others])

    def column(self, name: str, values: Any) -> Any:
        return pl.Series(name, values, nan_to_null=True)

    def points(self, one: Indicator) -> Any:
        """Weight x points x unit, 0 where the value is not reported."""
        value, unit = pl.col(one.measure), self.unit
        xs, ys = [x * unit for x in one.xs], [y * unit * one.weight for y in one.ys]
        if one.form == "flag":
            points = pl.when(value == unit).then(ys[1]).otherwise(ys[0])
        elif one.form == "steps":
            points = pl.when(value < xs[0]).then(0)
            for x, y in zip(xs[1:], ys, strict=False):
                points = points.when(value < x).then(y)
            points = points.otherwise(ys[-1])
        else:
            points = pl.when(value <= xs[0]).then(ys[0])
            for k in range(1, len(xs)):
                slope = (ys[k] - ys[k - 1]) // (xs[k] - xs[k - 1])
                points = points.when(value <= xs[k]).then(ys[k - 1] + (value - xs[k - 1]) * slope)
            points = points.otherwise(ys[-1])
        return pl.when(value.is_null()).then(0).otherwise(points)

    def whole(self, points: Any) -> Any:
        """Their hundredths."""
        return (points * 100).round().cast(pl.Int32)

    def score(self, frame: Any) -> Any:
        rules, col = self.rules, pl.col
        by_dimension = range(len(rules.weights))
        sums = [
            pl.sum_horizontal(self.points(i) for i in rules.indicators if i.dimension == d).alias(f"s{d}")
            for d in by_dimension
        ]
        known = pl.sum_horizontal(col(i.measure).is_not_null().cast(pl.Int32) * i.weight for i in rules.indicators)
        whole = [self.whole(col(f"s{d}")) for d in by_dimension]
        scores = [((2 * s + w) // (2 * w)).alias(f"d{d}") for d, (s, w) in enumerate(zip(whole, rules.weights))]  # noqa: B905
        total = (pl.sum_horizontal(whole) + 50) // 100
        query = frame.lazy().with_columns(*sums, known=known).with_columns(*scores, total=total)
        return self.rated(query).collect()

    def rated(self, query: Any) -> Any:
        """The rating steps: a column of the rating as each step leaves it, and where the step changed it."""
        bits, col, unit = self.rules.bits, pl.col, self.unit
        steps = (
            ("serious-accident", col("m04") == unit, (0, 1), 2),
            ("no-demand", col("m00") < 3 * unit, (0, 1), 2),
            ("few-teachers", col("m06") < 6 * unit, (0,), 1),
            ("too-little-evidence", col("known") < 90, (0,), 1),
            ("second-yellow", col("last") == 1, (1,), 2),
            ("no-leap", col("last") == 2, (0,), 1),
        )
        total, rated = col("total"), col("years_open") >= 3
        first = pl.when(~rated).then(3).when(total >= 8000).then(0).when(total >= 6000).then(1).otherwise(2)
        query = query.with_columns(r0=first.cast(pl.Int8))
        why = pl.when(col("r0") == 0).then(bits["score-green"]).when(col("r0") == 1).then(bits["score-yellow"])
        why = why.when(col("r0") == 2).then(bits["score-red"]).otherwise(bits["newly-opened"])
        for k, (code, holds, now, becomes) in enumerate(steps):
            was = col(f"r{k}")
            hit = (holds & ((was == now[0]) if len(now) == 1 else (was < 2))).fill_null(False)
            query = query.with_columns(
                hit.alias(f"h{k}"), pl.when(hit).then(becomes).otherwise(was).cast(pl.Int8).alias(f"r{k + 1}")
            )
            why = why + col(f"h{k}").cast(pl.Int32) * bits[code]
        rating = col(f"r{len(steps)}")
        again = (rating == 2) & ((col("last") == 2) | (col("before") == 2))
        why = why + again.cast(pl.Int32) * bits["red-again"]
        dimensions = [f"d{d}" for d in range(len(self.rules.weights))]
        for d, name in enumerate(dimensions):
            why = why + (rated & (col(name) < 4000)).cast(pl.Int32) * (bits["weak-demand"] << d)
        return query.select("total", *dimensions, rating.alias("rating"), why.alias("reasons"))

    def found(self, result: Any) -> Any:
        dimensions = np.array([result[f"d{d}"].to_numpy() for d in range(len(self.rules.weights))])
        return result["total"].to_numpy(), dimensions, result["rating"].to_numpy(), result["reasons"].to_numpy()


class PolarsIntegers(Polars):
    """The same over whole hundredths: what a user does who knows that the evidence has two places."""

    unit = 100

    def column(self, name: str, values: Any) -> Any:
        return (pl.Series(name, values, nan_to_null=True) * 100).round().cast(pl.Int32)

    def whole(self, points: Any) -> Any:
        return points
