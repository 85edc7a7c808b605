"""Every statement that a process sends, explained on its own connection a moment before it runs, and judged.

The driver's cursor is where all of them pass: SQLAlchemy's, and those written straight for it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import sqlalchemy as sa

from growth.grown import growing
from specialty_eval.store.metadata import METADATA

GROW = growing()
PARTIAL = frozenset(
    index.name for table in METADATA.tables.values() for index in table.indexes
    if index.dialect_options["postgresql"]["where"] is not None
)  # fmt: skip
"""Indexes on a few of a table's rows: such a one may be read whole."""
ROLL = frozenset({"committee_member", "organisation", "person", "role_grant", "school", "specialty", "specialty_code",
                  "standing"})  # fmt: skip
"""Who and what there is in a city today: it grows with the city, not with the years. What is about the whole city may
go through it; a page of a list, which has a limit, may not.
"""
ASKS = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE")
EACH = 1
"""Plans that are looked at of one statement."""
MOST = 10_000.0
"""What a statement may cost: a round's rows by index cost less, a table of evidence or events costs many times that."""
BY_INDEX = frozenset({"Index Scan", "Index Only Scan", "Bitmap Heap Scan"})
COST = "cost"
"""In place of a table: none of them is read whole, and yet too much is."""
TAKES_ALL = frozenset({"Sort", "Incremental Sort", "Aggregate", "Hash", "WindowAgg", "SetOp", "Materialize"})
"""Above these a limit stops nobody below: they read all of it first."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with a statement's plan, in which table, and who sent it first."""

    asked: str
    what: str
    table: str
    statement: str

    def __str__(self) -> str:
        return f"{self.asked}\n    {self.what}: {self.table}\n    {self.statement}"


@dataclass
class Watch:
    """What is asked now, every statement seen, and what is wrong with any."""

    asked: str = "the start"
    seen: dict[str, list[Any]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def look(self, connection: psycopg.Connection[Any], statement: str, given: Any) -> None:
        """Explain it with these values, unless it was often enough."""
        known = self.seen.setdefault(statement, [])
        if len(known) >= EACH or given in known:
            return
        known.append(given)
        plain = psycopg.Cursor(connection)
        row = plain.execute(f"EXPLAIN (FORMAT JSON) {statement}", given, prepare=False).fetchone()
        assert row is not None
        asked = "the statuses kept in memory" if threading.current_thread().name == "statuses" else self.asked
        for what, table in wrong_with(row[0][0]["Plan"]):
            self.findings.append(Finding(asked, what, table, " ".join(statement.split())))


def wrong_with(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(what is wrong, the table) of a whole plan."""
    is_page = plan["Node Type"] == "Limit"
    read = {table for table in _tables(plan) if table in GROW}
    yield from _within(plan, GROW if is_page else GROW - ROLL, is_limited=False)
    if plan["Total Cost"] > MOST and read:
        yield f"costs {plan['Total Cost']:.0f}, more than reading a round, of {', '.join(sorted(read))}", COST


def _within(node: dict[str, Any], grow: frozenset[str], *, is_limited: bool) -> Iterator[tuple[str, str]]:
    kind, table, below = node["Node Type"], node.get("Relation Name", ""), node.get("Plans", [])
    if table in grow and kind == "Seq Scan":
        yield "reads the whole table", table
    if table in grow and not is_limited and kind in BY_INDEX and not any(map(_is_part, _all([node]))):
        yield "reads a whole index", table
    is_limited = kind == "Limit" or (is_limited and kind not in TAKES_ALL)
    for one in below:
        yield from _within(one, grow, is_limited=is_limited)


def _is_part(node: dict[str, Any]) -> bool:
    return "Index Cond" in node or node.get("Index Name") in PARTIAL


def _all(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        yield node
        yield from _all(node.get("Plans", []))


def _tables(plan: dict[str, Any]) -> Iterator[str]:
    return (node["Relation Name"] for node in _all([plan]) if "Relation Name" in node)


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Every connection that a pool opens meanwhile is watched."""

    class Watched(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
            self._look(query, params)
            return super().execute(query, params, **more)

        def executemany(self, query: Any, params_seq: Any, **more: Any) -> Any:
            many = list(params_seq)
            if many:
                self._look(query, many[0])
            return super().executemany(query, many, **more)

        def _look(self, query: Any, params: Any) -> None:
            text = query if isinstance(query, str) else query.as_string(self.connection)
            if text.lstrip(" (\n").upper().startswith(ASKS):
                watch.look(self.connection, text, params)

    def listen(connection: Any, _: object) -> None:
        connection.cursor_factory = Watched

    sa.event.listen(sa.pool.Pool, "connect", listen)
    try:
        yield
    finally:
        sa.event.remove(sa.pool.Pool, "connect", listen)
