"""Trying what a database should refuse, and showing which constraint it is that refuses."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError


def refused_by(connection: sa.Connection, statement: str) -> str | None:
    """The constraint or trigger that refuses the statement, the deferred ones asked too; None where all accept it.

    Whatever it changed is taken back.
    """
    attempt = connection.begin_nested()
    try:
        connection.exec_driver_sql(statement)
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError as refusal:
        return refusal.orig.diag.constraint_name if isinstance(refusal.orig, psycopg.Error) else str(refusal)
    finally:
        attempt.rollback()
    return None


@contextmanager
def without(connection: sa.Connection, names: Sequence[str]) -> Iterator[None]:
    """The database without these constraints and triggers, for as long as it takes to try something."""
    dropped = connection.begin_nested()
    for name in names:
        connection.exec_driver_sql(_drop(connection, name))
    yield
    dropped.rollback()


def _drop(connection: sa.Connection, name: str) -> str:
    table = connection.scalar(
        sa.text("SELECT conrelid::regclass::text FROM pg_constraint WHERE conname = :n AND contype <> 't'"),
        {"n": name},
    )
    if table is not None:
        return f"ALTER TABLE {table} DROP CONSTRAINT {name}"
    own = connection.execute(
        sa.text(
            "SELECT t.tgname, t.tgrelid::regclass::text FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE p.proname = :n OR t.tgname = :n"
        ),
        {"n": name},
    ).all()
    if not own:
        return f"DROP INDEX {name}"
    return "; ".join(f"DROP TRIGGER {trigger} ON {of}" for trigger, of in own)


def assert_refused(connection: sa.Connection, statement: str, *names: str) -> None:
    """One of these refuses it, and without them nothing does: no other constraint would have been enough."""
    by = refused_by(connection, statement)
    assert by in names, (by, statement)
    with without(connection, names):
        assert refused_by(connection, statement) is None, statement
