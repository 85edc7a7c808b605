"""Keyset paging: a cursor names the last row seen, never an offset, so that new rows neither repeat nor hide others."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from specialty_eval.engine.errors import Invalid, Problem

T = TypeVar("T")
MARK = re.compile(r"[0-9a-f]{8}")
"""How a `question` begins each of its cursors."""


@dataclass(frozen=True, slots=True)
class Page:
    """How many rows, and after which key; `after` is None on the first page. `query` tells what is asked apart from
    everything else that is: a cursor is good for the question it was given for alone.
    """

    limit: int
    after: tuple[Any, ...] | None = None
    query: str = ""

    @classmethod
    def of(cls, limit: int, cursor: str | None, query: str = "") -> "Page":
        """Read an opaque cursor; Invalid when it is none of ours, or was given for another question."""
        return cls(limit, None if cursor is None else key_of(cursor, query), query)

    def within(self, query: sa.Select[*tuple[Any, ...]], *columns: Any) -> sa.Select[*tuple[Any, ...]]:
        """The rows after the cursor in the order of `columns` (which must be unique together), one more than shown."""
        if self.after is not None:
            if len(self.after) != len(columns) or not all(map(_fits, self.after, columns)):
                raise Invalid(Problem("cursor-unknown", "after"))
            typed = [sa.cast(part, column.type) for part, column in zip(self.after, columns, strict=True)]
            query = query.where(sa.tuple_(*columns) > sa.tuple_(*typed))
        return query.order_by(*columns).limit(self.limit + 1)

    def newest_first(self, query: sa.Select[*tuple[Any, ...]], number: Any) -> sa.Select[*tuple[Any, ...]]:
        """The same by a table's own numbers, downwards, by its index. The key is the number with a minus."""
        if self.after is not None:
            if len(self.after) != 1 or not _fits(self.after[0], number):
                raise Invalid(Problem("cursor-unknown", "after"))
            query = query.where(number < sa.cast(-self.after[0], number.type))
        return query.order_by(number.desc()).limit(self.limit + 1)

    def cut(self, rows: Sequence[T], key: Callable[[T], tuple[Any, ...]]) -> tuple[Sequence[T], str | None]:
        """The rows to show and the cursor of the next page, None at the end."""
        if len(rows) <= self.limit:
            return rows, None
        shown = rows[: self.limit]
        return shown, cursor_of(key(shown[-1]), self.query)


def _fits(part: Any, column: Any) -> bool:
    """Whether the part of a cursor can be a value of this column: nobody but us makes cursors."""
    if column.type.python_type is int:
        return type(part) is int and abs(part) < 2**63
    return isinstance(part, str) and part.isprintable()


def cursor_of(key: Sequence[Any], query: str = "") -> str:
    """The opaque form of a key, for one question."""
    parts = [query, *key] if query else key
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def key_of(cursor: str, query: str = "") -> tuple[Any, ...]:
    """The key of a cursor; Invalid when it is none of ours, or was given for another question."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=="))
    except (ValueError, binascii.Error, UnicodeError, RecursionError):
        key = None
    sound = isinstance(key, list) and key and all(isinstance(part, int | str) for part in key)
    if not isinstance(key, list) or not sound or (query and not MARK.fullmatch(str(key[0]))):
        raise Invalid(Problem("cursor-unknown", "after", {"value": cursor[:100]}))
    if query and key.pop(0) != query:
        raise Invalid(Problem("cursor-of-another-query", "after", {"value": cursor[:100]}))
    return tuple(key)


def question(*parts: str) -> str:
    """A short mark of what is asked, for the cursors of its answers."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]
