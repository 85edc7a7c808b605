"""A database whose planner believes in fifty times the demo's rows: real tables and indexes, statistics as if.

Rows would take minutes; the planner asks how many there are, not where they are. It takes rows per page from the
statistics and pages from the file, so each table needs one page at least, which a row taken back leaves behind.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

from specialty_eval.store.base import Utc
from specialty_eval.store.metadata import METADATA

TIMES = 50
FEW = 2000
"""Rows of a table that may be read whole: what the demo shows of it, fifty times, is no more."""
AT_LEAST = 321
"""Rows that a table counts as where the demo has none: as many as it has reviews. It does not show everything."""
ONE_EACH = frozenset({"document"})
"""Of these the demo makes a few for show, of the first reviews; a bureau may make one for each review."""
WAITING = frozenset({"next_at"})
"""Columns of such tables that are filled while something waits, and empty ever after."""
COUNTED_BY_THE_SERVER = "transaction"
"""A column of numbers that tell only how much went on in the server before."""
OF_A_ROUND = "one or a few of each round: 150 rounds after fifty times three"
SMALL = {
    "amendment": OF_A_ROUND,
    "calendar_year": "one of each year",
    "catalogue_edition": "one every few years, the ministry's",
    "catalogue_entry": "the ministry's list of what may be taught",
    "closing_appeal": "some of the few proposals to close",
    "cycle": OF_A_ROUND,
    "document_form": "a city's templates",
    "document_sequence": "one of each kind of document and year",
    "document_template": "a city's templates",
    "enrolment_cap": "the classes of a plan's policy",
    "enrolment_plan": OF_A_ROUND,
    "event_source": "one",
    "jurisdiction": "a province's counties",
    "meeting": OF_A_ROUND,
    "policy": "versions of a text that people write",
    "publication": OF_A_ROUND,
    "round": OF_A_ROUND,
    "score_run": OF_A_ROUND,
    "specialty_list": OF_A_ROUND,
    "webhook_endpoint": "other systems of a city",
}
"""Tables that stay so small that reading them whole is right, and why."""

FORGOTTEN = """
    SELECT pg_clear_relation_stats('public', c.relname), (
        SELECT count(pg_clear_attribute_stats('public', c.relname, a.attname, false)) FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
    FROM pg_class AS c WHERE c.relkind IN ('r', 'i') AND c.relnamespace = 'public'::regnamespace
"""


@cache
def demo() -> dict[str, Any]:
    """What `measure.py` wrote."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "demo.json").read_text(encoding="utf-8"))
    return found


@cache
def growing() -> frozenset[str]:
    """The tables that are not to be read whole."""
    return frozenset(name for name in METADATA.tables if name not in SMALL and rows_of(name) > FEW)


def rows_of(table: str) -> int:
    """How many rows the planner is to believe in."""
    shown = demo().get(table, {"rows": 0})["rows"]
    if table in SMALL:
        return int(TIMES * max(shown, 1))
    return int(TIMES * (shown if shown and table not in ONE_EACH else AT_LEAST))


def forget(connection: psycopg.Connection[Any]) -> None:
    """Nothing is known of any table, column or index, and nobody comes to learn it: how much the server had time to
    look at, before the database was copied or while its world was made, must not be what a plan depends on.
    """
    for table in METADATA.sorted_tables:
        connection.execute(
            sql.SQL("ALTER TABLE {} SET (autovacuum_enabled = false)").format(sql.Identifier(table.name))
        )
    connection.execute(FORGOTTEN)


def grow(connection: psycopg.Connection[Any]) -> None:
    """Make the planner believe it, from now on and for everybody; what is in the tables stays as it is."""
    for table in METADATA.sorted_tables:
        _one_page(connection, table)
        (pages,) = connection.execute("SELECT pg_relation_size(%s::regclass) / 8192", [table.name]).fetchone() or (0,)
        _restore(connection, "relation", relname=table.name, relpages=pages, relallvisible=pages,
                 reltuples=float(rows_of(table.name)))  # fmt: skip
        for column, said in _columns(table):
            _restore(connection, "attribute", relname=table.name, attname=column, inherited=False, **said)


def _restore(connection: psycopg.Connection[Any], what: str, **values: Any) -> None:
    casts = {"relpages": "integer", "relallvisible": "integer", "reltuples": "real", "inherited": "boolean",
             "null_frac": "real", "avg_width": "integer", "n_distinct": "real", "correlation": "real",
             "most_common_freqs": "real[]"}  # fmt: skip
    given = {"schemaname": "public", **values}
    pairs = sql.SQL(", ").join(
        sql.SQL("{}, {}::{}").format(sql.Literal(name), sql.Placeholder(name), sql.SQL(casts.get(name, "text")))
        for name in given
    )
    call = sql.SQL("SELECT {}({})").format(sql.Identifier(f"pg_restore_{what}_stats"), pairs)
    assert connection.execute(call, given).fetchone() == (True,), values


def _columns(table: sa.Table) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is said of each column that the demo fills: of a vocabulary the same words, of others' keys more of them."""
    yield from _assumed(table)
    for name, measured in demo().get(table.name, {"columns": {}})["columns"].items():
        if name not in table.c:  # gone since it was measured
            continue
        said = dict(measured)
        if _grows(table.c[name]):
            if said["n_distinct"] > 0:
                said["n_distinct"] = float(said["n_distinct"] * TIMES)
            for gone in ("most_common_vals", "most_common_freqs"):
                said.pop(gone, None)
            if name == COUNTED_BY_THE_SERVER or table.name in ONE_EACH:
                said.pop("histogram_bounds", None)
        yield name, said


def _assumed(table: sa.Table) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of a table that the demo leaves empty: its rows are about as many different things as there are."""
    if demo().get(table.name, {"rows": 0})["rows"]:
        return
    for column in table.c:
        for key in column.foreign_keys:
            others = min(rows_of(key.column.table.name), rows_of(table.name))
            yield column.name, {"null_frac": 0.0, "avg_width": 8, "n_distinct": float(others)}
        if column.name in WAITING:
            yield column.name, {"null_frac": 0.99, "avg_width": 8, "n_distinct": -0.01}


def _grows(column: sa.Column[Any]) -> bool:
    """Whether more rows mean more values: a key of a row that there are more of, a day, an instant."""
    points_to = [key.column.table.name for key in column.foreign_keys]
    if points_to:
        return points_to[0] not in SMALL or SMALL[points_to[0]] == OF_A_ROUND
    is_number = column.primary_key or column.name.endswith("_id") or column.name == COUNTED_BY_THE_SERVER
    return is_number or isinstance(column.type, sa.Date | sa.DateTime | Utc)


def _one_page(connection: psycopg.Connection[Any], table: sa.Table) -> None:
    """A table without a page has no rows whatever the statistics say: a row is written and taken back."""
    if connection.execute("SELECT pg_relation_size(%s::regclass)", [table.name]).fetchone() != (0,):
        return
    name = sql.Identifier(table.name)
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL session_replication_role = replica")
        for constraint in connection.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'x', 'p')",
            [table.name],
        ).fetchall():
            connection.execute(
                sql.SQL("ALTER TABLE {} DROP CONSTRAINT {} CASCADE").format(name, sql.Identifier(constraint[0]))
            )
        for column in table.c:
            if not column.nullable and column.identity is None:
                connection.execute(
                    sql.SQL("ALTER TABLE {} ALTER {} DROP NOT NULL").format(name, sql.Identifier(column.name))
                )
        connection.execute(sql.SQL("INSERT INTO {} DEFAULT VALUES").format(name))
