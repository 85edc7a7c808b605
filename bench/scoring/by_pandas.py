"""pandas, column by column: `cut` for steps, `interp` for lines, boolean masks for the rating."""

from typing import Any

import by_numpy
import numpy as np
import pandas as pd
from data import load
from rules import load as load_rules

NAMED = {"i00": "m00", "i04": "m04", "i06": "m06", "years_open": "years_open", "last": "last", "before": "before"}


class Pandas:
    """A DataFrame -> a DataFrame."""

    def prepare(self, n: int) -> Any:
        self.rules = load_rules()
        table = load(n)
        frame = pd.DataFrame(table.x, columns=[i.measure for i in self.rules.indicators])
        return frame.assign(years_open=table.years_open, last=table.last, before=table.before)

    def score(self, frame: Any) -> Any:
        sums = [pd.Series(0.0, frame.index) for _ in self.rules.weights]
        known = pd.Series(0, frame.index)
        for one in self.rules.indicators:
            value = frame[one.measure]
            if one.form == "flag":
                points = value.map({0.0: one.ys[0], 1.0: one.ys[1]})
            elif one.form == "steps":
                points = pd.Series(np.array((0, *one.ys))[np.searchsorted(one.xs, value, side="right")], value.index)
            else:
                points = pd.Series(np.interp(value, one.xs, one.ys), value.index)
            reported = value.notna()
            sums[one.dimension] += one.weight * points.where(reported, 0.0)
            known += one.weight * reported
        whole = [by_numpy.whole(s) for s in sums]
        total, dimensions = by_numpy.mean(sum(whole), 100), list(map(by_numpy.mean, whole, self.rules.weights))
        of = {name: frame[column].to_numpy() for name, column in NAMED.items()}
        rating, why = by_numpy.rate(self.rules, total, dimensions, known.to_numpy(), of)
        named = {f"d{d}": score for d, score in enumerate(dimensions)}
        return pd.DataFrame({"total": total, **named, "rating": rating, "reasons": why}, index=frame.index)

    def found(self, result: Any) -> Any:
        dimensions = np.array([result[f"d{d}"] for d in range(len(self.rules.weights))])
        return result["total"].to_numpy(), dimensions, result["rating"].to_numpy(), result["reasons"].to_numpy()
