"""A database that answers in another order wherever nobody asked for one: what rests on luck shows.

In which order a server tells rows is its plan's business, and its plan follows from what its vacuum has counted so far.
Here the rows of a query without ORDER BY come in any order, and so do those that an ORDER BY leaves tied.
"""

import re
from functools import cache
from typing import Any

import psycopg
import sqlalchemy as sa

TAIL = re.compile(r"\b(LIMIT|OFFSET|FOR (UPDATE|SHARE|NO KEY|KEY))\b")
SETS = re.compile(r"\b(DISTINCT|UNION|EXCEPT|INTERSECT|GROUP BY)\b|\b(count|sum|min|max|avg|array_agg|jsonb_agg)\x00")
SEED = "SELECT setseed(0.5)"
"""The same any order from run to run, as far as the plans are the same."""


class AnyOrder(psycopg.Cursor[Any]):
    """The driver's cursor, for whom no order is a promise."""

    def execute(self, query: Any, params: Any = None, **how: Any) -> "AnyOrder":
        return super().execute(shuffled(query) if isinstance(query, str) else query, params, **how)


def shuffle(engine: sa.Engine) -> None:
    """From now on the engine's connections answer in any order."""

    @sa.event.listens_for(engine, "connect")
    def connected(connection: psycopg.Connection[Any], _: object) -> None:
        connection.execute(SEED)
        connection.commit()
        connection.cursor_factory = AnyOrder


@cache
def shuffled(query: str) -> str:
    """The query with any order behind whatever order it asks for; what is no query stays as it is."""
    flat = _outermost(query)
    if not flat.lstrip().startswith(("SELECT", "WITH")) or re.search(r"\b(INSERT|UPDATE|DELETE)\s", _unlocked(flat)):
        return query
    if not re.search(r"\bFROM\b", flat):
        return query
    tail = TAIL.search(flat)
    end = tail.start() if tail else len(query)
    if SETS.search(flat):
        return query if tail or "ORDER BY" in flat else f"SELECT * FROM ({query}) AS any_order ORDER BY random()"
    word = ", " if "ORDER BY" in flat else " ORDER BY "
    return f"{query[:end].rstrip()}{word}random() {query[end:]}"


def _unlocked(flat: str) -> str:
    return re.sub(r"FOR (NO KEY )?UPDATE", "", flat)


def _outermost(query: str) -> str:
    """The query without what stands in brackets or quotes, each character in its place."""
    kept, depth, quote = [], 0, ""
    for character in query:
        if quote:
            quote = "" if character == quote else quote
            kept.append("\x00")
            continue
        if character in "'\"":
            quote = character
        depth -= character == ")"
        kept.append(character if depth == 0 and not quote and character not in "()" else "\x00")
        depth += character == "("
    return "".join(kept)
