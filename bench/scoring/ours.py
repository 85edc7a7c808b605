"""This project's scorer as one of the peers: what a round's frozen evidence looks like, and its results to check by."""

from pathlib import Path
from typing import Any

import numpy as np
from data import load

from specialty_eval.engine import Batch, History, Policy, Results, load_policy, score_batch
from specialty_eval.engine.batch import codes, measure_numbers, numbers

POLICY = Path(__file__).parent / "policy.yaml"


class SpecialtyEval:
    """Columns of small exact integers -> `score_batch`."""

    def prepare(self, n: int) -> tuple[Policy, Batch, History]:
        policy = load_policy(POLICY.read_text(encoding="utf-8"))
        table = load(n)
        everybody = np.ones(n, np.bool_)
        columns = {}
        for measure, values in zip(policy.measures.values(), table.x.T, strict=True):
            has = ~np.isnan(values)
            known = np.where(has, values, 0)
            if measure.type == "boolean":
                columns[measure.code] = codes(np.where(has, known, 2), (False, True))
            else:
                columns[measure.code] = measure_numbers(measure, np.rint(known * 100).astype(np.int64), has)
        years_open = {"years_open": numbers(table.years_open, everybody, 0)}
        batch = Batch.from_columns(policy, range(n), columns, years_open)  # type: ignore[arg-type]
        return policy, batch, History(np.array([table.last, table.before]).astype(np.uint8))

    def score(self, state: tuple[Policy, Batch, History]) -> Results:
        return score_batch(*state)

    def found(self, results: Results) -> tuple[Any, Any, Any, Any]:
        bits = np.int64(1) << np.arange(len(results.marks))
        return results.total, results.dimensions, results.ratings, bits @ results.marks
