"""Keyset paging: a cursor names the last row seen, never an offset, so that new rows neither repeat nor hide others."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from specialty_eval.engine.errors import Invalid, Problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """How many rows, and after which key; `after` is None on the first page."""

    limit: int
    after: tuple[Any, ...] | None = None

    @classmethod
    def of(cls, limit: int, cursor: str | None) -> "Page":
        """Read an opaque cursor; Invalid when it is none of ours."""
        if cursor is None:
            return cls(limit)
        try:
            key = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=="))
        except (ValueError, binascii.Error, UnicodeError, RecursionError):
            key = None
        if not isinstance(key, list) or not key or not all(isinstance(part, int | str) for part in key):
            raise Invalid(Problem("cursor-unknown", "after", {"value": cursor[:100]}))
        return cls(limit, tuple(key))

    def within(self, query: sa.Select[*tuple[Any, ...]], *columns: Any) -> sa.Select[*tuple[Any, ...]]:
        """The rows after the cursor in the order of `columns` (which must be unique together), one more than shown."""
        if self.after is not None:
            if len(self.after) != len(columns) or not all(map(_fits, self.after, columns)):
                raise Invalid(Problem("cursor-unknown", "after"))
            typed = [sa.cast(part, column.type) for part, column in zip(self.after, columns, strict=True)]
            query = query.where(sa.tuple_(*columns) > sa.tuple_(*typed))
        return query.order_by(*columns).limit(self.limit + 1)

    def cut(self, rows: Sequence[T], key: Callable[[T], tuple[Any, ...]]) -> tuple[Sequence[T], str | None]:
        """The rows to show and the cursor of the next page, None at the end."""
        if len(rows) <= self.limit:
            return rows, None
        shown = rows[: self.limit]
        return shown, cursor(*key(shown[-1]))

    def resume(self, shown: Sequence[T], key: Callable[[T], tuple[Any, ...]]) -> str | None:
        """The cursor behind the last row shown, or the one this page began at: where more will appear."""
        if shown:
            return cursor(*key(shown[-1]))
        return None if self.after is None else cursor(*self.after)


def _fits(part: Any, column: Any) -> bool:
    """Whether the part of a cursor can be a value of this column: nobody but us makes cursors."""
    if column.type.python_type is int:
        return type(part) is int and abs(part) < 2**63
    return isinstance(part, str) and part.isprintable()


def cursor(*key: Any) -> str:
    """The opaque form of a key."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")
