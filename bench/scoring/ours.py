"""This project's scorer as one of the peers: what a round's frozen evidence looks like, and its results to check by."""

from pathlib import Path
from typing import Any

import numpy as np
from data import Table, load

from specialty_eval.engine import Batch, History, Policy, Results, load_policy, score_batch
from specialty_eval.engine.batch import codes, measure_numbers, numbers

POLICY = Path(__file__).parent / "policy.yaml"


class SpecialtyEval:
    """Columns of small exact integers -> `score_batch`."""

    def prepare(self, n: int) -> Any:
        return frozen(load_policy(POLICY.read_text(encoding="utf-8")), load(n))

    def score(self, state: Any) -> Results:
        return score_batch(*state)

    def found(self, results: Results) -> Any:
        bits = np.int64(1) << np.arange(len(results.marks))
        return results.total, results.dimensions, results.ratings, bits @ results.marks


class FromFloats(SpecialtyEval):
    """The columns of floats that the peers get -> columns of small integers, and then the same."""

    def prepare(self, n: int) -> Any:
        table = load(n)
        return load_policy(POLICY.read_text(encoding="utf-8")), table._replace(x=np.asfortranarray(table.x))

    def score(self, state: Any) -> Results:
        return score_batch(*frozen(*state))


def frozen(policy: Policy, table: Table) -> tuple[Policy, Batch, History]:
    """The evidence as a round freezes it."""
    everybody = np.ones(len(table.x), np.bool_)
    columns = {}
    for measure, values in zip(policy.measures.values(), table.x.T, strict=True):
        has = ~np.isnan(values)
        known = np.where(has, values, 0)
        if measure.type == "boolean":
            columns[measure.code] = codes(np.where(has, known, 2), (False, True))
        else:
            columns[measure.code] = measure_numbers(measure, np.rint(known * 100).astype(np.int64), has)
    years_open = {"years_open": numbers(table.years_open, everybody, 0)}
    batch = Batch.from_columns(policy, range(len(table.x)), columns, years_open)  # type: ignore[arg-type]
    return policy, batch, History(np.array([table.last, table.before]).astype(np.uint8))
