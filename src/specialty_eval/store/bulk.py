"""Many rows at once: COPY into a table, COPY and UPDATE FROM, in the session's own transaction. Checks nothing."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql
from psycopg.copy import QueuedLibpqWriter
from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from .base import Base, table_of

INCOMING = "incoming"
"""The temporary table that rows wait in; it ends with the transaction."""


def _cursor(session: Session) -> psycopg.Cursor[Any]:
    session.flush()
    driver = session.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101 -- the only driver there is; this tells the type checker
    return driver.cursor()


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def insert_rows(session: Session, model: type[Base], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into the model's table; constraints are the database's to check."""
    _copy(session, table_of(model).name, columns, rows)


def insert_all(session: Session, model: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    """COPY rows as they come; all name the same columns, and values of JSON columns are given as they are."""
    left = iter(rows)
    first = next(left, None)
    if first is None:
        return
    json = {name for name in first if isinstance(table_of(model).c[name].type, JSONB)}

    def values(row: Mapping[str, Any]) -> list[Any]:
        return [Jsonb(row[name]) if name in json else row[name] for name in first]

    insert_rows(session, model, tuple(first), map(values, chain([first], left)))


def _copy(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), _names(columns))
    with _cursor(session) as cursor, cursor.copy(into) as copy:
        for row in rows:
            copy.write_row(row)


def copy_text(session: Session, model: type[Base], columns: Sequence[str], lines: Iterable[bytes]) -> None:
    """COPY rows that are already in the database's text format, in blocks of any size.

    The next block is made while the database still takes the last ones, which wait in memory; no statement meanwhile.
    """
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table_of(model).name), _names(columns))
    with _cursor(session) as cursor, cursor.copy(into, writer=QueuedLibpqWriter(cursor)) as copy:
        for block in lines:
            copy.write(block)


def lay_out(
    session: Session, model: type[Base], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> sa.TableClause:
    """COPY rows into a temporary table with these columns of the model's, for statements that join it."""
    table = table_of(model)
    with _cursor(session) as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{}").format(sql.Identifier(INCOMING)))
        cursor.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
                sql.Identifier(INCOMING), _names(columns), sql.Identifier(table.name)
            )
        )
    _copy(session, INCOMING, columns, rows)
    with _cursor(session) as cursor:
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(INCOMING)))
    return sa.table(INCOMING, *(sa.column(name, table.c[name].type) for name in columns))


def update_rows(session: Session, model: type[Base], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Set columns of many rows, each row `(key, value, …)` with `columns[0]` naming the key."""
    if not rows:
        return
    incoming = lay_out(session, model, columns, rows)
    table = table_of(model)
    session.execute(
        sa.update(table)
        .where(table.c[columns[0]] == incoming.c[columns[0]])
        .values({name: incoming.c[name] for name in columns[1:]})
    )
