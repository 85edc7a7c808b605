"""DuckDB: the policy written out as one SQL statement over a table of its own, on one thread."""

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from data import load
from rules import Indicator, Rules
from rules import load as load_rules

STEPS = (
    ("serious-accident", "m04 = 1", "< 2", 2),
    ("no-demand", "m00 < 3", "< 2", 2),
    ("few-teachers", "m06 < 6", "= 0", 1),
    ("too-little-evidence", "known < 90", "= 0", 1),
    ("second-yellow", "last = 1", "= 1", 2),
    ("no-leap", "last = 2", "= 0", 1),
)


def points(one: Indicator) -> str:
    """Weight x points, 0 where the value is not reported."""
    value, xs, ys = one.measure, one.xs, [y * one.weight for y in one.ys]
    if one.form == "flag":
        cases = [f"WHEN {value} = 1 THEN {ys[1]}", f"ELSE {ys[0]}"]
    elif one.form == "steps":
        cases = [f"WHEN {value} < {x} THEN {y}" for x, y in zip(xs, (0, *ys), strict=False)] + [f"ELSE {ys[-1]}"]
    else:
        cases = [f"WHEN {value} <= {xs[0]} THEN {ys[0]}"]
        for k in range(1, len(xs)):
            slope = (ys[k] - ys[k - 1]) // (xs[k] - xs[k - 1])
            cases.append(f"WHEN {value} <= {xs[k]} THEN {ys[k - 1]} + ({value} - {xs[k - 1]}) * {slope}")
        cases.append(f"ELSE {ys[-1]}")
    return f"(CASE WHEN {value} IS NULL THEN 0 {' '.join(cases)} END)::DOUBLE"


def statement(rules: Rules) -> str:
    """The sums, the scores, the rating as each step leaves it, the reasons."""
    by_dimension = range(len(rules.weights))
    sums = [" + ".join(points(i) for i in rules.indicators if i.dimension == d) for d in by_dimension]
    whole = ", ".join(f"round(100 * ({s}))::INT AS s{d}" for d, s in enumerate(sums))
    known = " + ".join(f"CASE WHEN {i.measure} IS NULL THEN 0 ELSE {i.weight} END" for i in rules.indicators)
    scores = ", ".join(f"(2 * s{d} + {w}) // {2 * w} AS d{d}" for d, w in enumerate(rules.weights))
    total = " + ".join(f"s{d}" for d in by_dimension)
    first = "CASE WHEN years_open < 3 THEN 3 WHEN total >= 8000 THEN 0 WHEN total >= 6000 THEN 1 ELSE 2 END AS r0"
    tables = [
        f"a AS (SELECT *, {whole}, {known} AS known FROM evidence)",
        f"b AS (SELECT *, {scores}, ({total} + 50) // 100 AS total FROM a)",
        f"t AS (SELECT *, {first} FROM b)",
    ]
    bits, before = rules.bits, "t"
    why = [f"CASE r0 WHEN 0 THEN {bits['score-green']} WHEN 1 THEN {bits['score-yellow']}"
           f" WHEN 2 THEN {bits['score-red']} ELSE {bits['newly-opened']} END"]  # fmt: skip
    for k, (code, holds, now, becomes) in enumerate(STEPS):
        hit = f"coalesce({holds}, false) AND r{k} {now}"
        after = f"CASE WHEN {hit} THEN {becomes} ELSE r{k} END AS r{k + 1}"
        tables.append(f"t{k} AS (SELECT *, {hit} AS h{k}, {after} FROM {before})")
        before = f"t{k}"
        why.append(f"CASE WHEN h{k} THEN {bits[code]} ELSE 0 END")
    rating = f"r{len(STEPS)}"
    why.append(f"CASE WHEN {rating} = 2 AND (last = 2 OR before = 2) THEN {bits['red-again']} ELSE 0 END")
    weak = bits["weak-demand"]
    why += [f"CASE WHEN d{d} < 4000 AND years_open >= 3 THEN {weak << d} ELSE 0 END" for d in by_dimension]
    shown = ", ".join(f"d{d}" for d in by_dimension)
    shown = f"id, total, {shown}, {rating}::TINYINT AS rating, ({' + '.join(why)})::INT AS reasons"
    return f"WITH {', '.join(tables)} SELECT {shown} FROM {before}"


class DuckDB:
    """A table -> arrays."""

    def prepare(self, n: int) -> Any:
        self.rules = load_rules()
        self.statement = statement(self.rules)
        table = load(n)
        connection = duckdb.connect()
        connection.execute("SET threads = 1")
        names = [i.measure for i in self.rules.indicators]
        columns = {name: pa.array(values, from_pandas=True) for name, values in zip(names, table.x.T, strict=True)}
        others = {name: getattr(table, name) for name in ("years_open", "last", "before")}
        connection.register("given", pa.table({"id": np.arange(n), **others, **columns}))
        connection.execute("CREATE TABLE evidence AS SELECT * FROM given")
        connection.unregister("given")
        return connection

    def score(self, connection: Any) -> Any:
        return connection.execute(self.statement).fetchnumpy()

    def found(self, result: Any) -> Any:
        order = np.argsort(result["id"])
        dimensions = np.array([result[f"d{d}"][order] for d in range(len(self.rules.weights))])
        return result["total"][order], dimensions, result["rating"][order], result["reasons"][order]
