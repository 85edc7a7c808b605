"""Worlds made once and copied afterwards: what a factory wrote into an empty database is written again as rows.

The actions make a world the first time a process asks for it. The same world again is its rows, its sequences and a
copy of what the factory returned: into an empty database alone, and by a role that may do without triggers (their
work is in the rows already); otherwise it is made anew, as it is for whoever asks that it be (`anew`).
"""

import copy
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Concatenate, Generic, ParamSpec, TypeVar

import psycopg
import pytest
from sqlalchemy.orm import Session

Given = ParamSpec("Given")
Made = TypeVar("Made")

TABLES = """
    SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
SEQUENCES = """
    SELECT format('%I', sequencename), last_value FROM pg_sequences
    WHERE schemaname = 'public' AND last_value IS NOT NULL
"""
EMPTY = """
    SELECT NOT EXISTS (SELECT FROM jurisdiction) AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
"""

OF_THIS_TRANSACTION = "UPDATE event SET transaction = DEFAULT"
_ANEW: list[bool] = []
"""Not empty while worlds are made by the actions, whether they are remembered or not."""


@dataclass(frozen=True)
class Kept(Generic[Made]):
    """A world: the rows of each table as COPY writes them, where the sequences stood, what the factory returned."""

    rows: dict[str, list[bytes]]
    sequences: str
    returned: Made


def remembered(make: Callable[Concatenate[Session, Given], Made]) -> Callable[Concatenate[Session, Given], Made]:
    """A factory whose worlds are remembered by its arguments."""
    worlds: dict[str, Kept[Made]] = {}

    def made(session: Session, /, *given: Given.args, **named: Given.kwargs) -> Made:
        session.flush()
        driver = session.connection().connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        cursor = driver.cursor()
        empty = cursor.execute(EMPTY).fetchone()
        if empty != (True,) or _ANEW:
            return make(session, *given, **named)
        key = repr((given, sorted(named.items())))
        if key not in worlds:
            seeded = _rows(cursor)
            returned = make(session, *given, **named)
            session.flush()
            worlds[key] = Kept(_without(_rows(cursor), seeded), _sequences(cursor), _copied(returned, session, None))
            return returned
        _write(cursor, worlds[key])
        return _copied(worlds[key].returned, None, session)

    functools.update_wrapper(made, make)
    return made


def remembered_fixture(make: Callable[[Session], Made]) -> Callable[[Session], Made]:
    """A fixture of the test's session alone, whose world is remembered."""
    keep = remembered(make)

    @functools.wraps(make)
    def fixture(session: Session) -> Made:
        return keep(session)

    return pytest.fixture(fixture)


@contextmanager
def anew() -> Iterator[None]:
    """Whatever is made meanwhile has the numbers and lies in the files as if no other test had been before."""
    _ANEW.append(True)
    try:
        yield
    finally:
        _ANEW.pop()


def _copied(returned: Made, old: Session | None, new: Session | None) -> Made:
    """A copy that belongs to another session (`None`: to nobody)."""
    return copy.deepcopy(returned, {id(old): new})


def _rows(cursor: psycopg.Cursor[tuple[object, ...]]) -> dict[str, list[bytes]]:
    rows = {}
    for (table,) in cursor.execute(TABLES).fetchall():
        with cursor.copy(f'COPY "{table}" TO STDOUT') as read:
            rows[str(table)] = [bytes(row) for row in read]
    return rows


def _without(rows: dict[str, list[bytes]], seeded: dict[str, list[bytes]]) -> dict[str, list[bytes]]:
    """What came with the migrations is there already, and no factory changes it."""
    for table, first in seeded.items():
        assert rows[table][: len(first)] == first, table
    added = {table: found[len(seeded[table]) :] for table, found in rows.items()}
    return {table: found for table, found in added.items() if found}


def _sequences(cursor: psycopg.Cursor[tuple[object, ...]]) -> str:
    """A statement that moves every sequence to at least where it is now; in a copied database it may be behind."""
    stand = cursor.execute(SEQUENCES).fetchall()
    moves = (f"setval('{name}', greatest({value}, (SELECT last_value FROM {name})))" for name, value in stand)
    return "SELECT " + ", ".join(moves)


def _write(cursor: psycopg.Cursor[tuple[object, ...]], kept: Kept[Made]) -> None:
    cursor.execute("SET LOCAL session_replication_role = replica")
    for table, rows in kept.rows.items():
        with cursor.copy(f'COPY "{table}" FROM STDIN') as write:
            write.write(b"".join(rows))
    cursor.execute(OF_THIS_TRANSACTION)  # as if it had been made here: not settled before the test's own events are
    cursor.execute("SET LOCAL session_replication_role = origin")
    cursor.execute(kept.sequences)
