"""A row under a lock, or a new one: straight on the driver's connection, handed out as the session's own row."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from .base import DIALECT, Base, Straight, table_of

R = TypeVar("R", bound=Base)


class Whole(Generic[R]):
    """Every column of a row class, for a straight statement's list, and back from its values to the session's row."""

    def __init__(self, model: type[R]) -> None:
        self._model = model
        self._mapper = sa.inspect(model)
        kept = [attribute for attribute in self._mapper.column_attrs if not attribute.deferred]
        self.columns: tuple[sa.ColumnElement[Any], ...] = tuple(attribute.columns[0] for attribute in kept)
        # A type of ours may still have its say on what the driver read.
        self._read = [(a.key, a.columns[0].type.dialect_impl(DIALECT).result_processor(DIALECT, None)) for a in kept]
        self._key = self.columns.index(self._mapper.primary_key[0])

    def row(self, session: Session, values: Sequence[Any]) -> R:
        """The session's row with these values, whatever it knew of it before."""
        key = self._mapper.identity_key_from_primary_key((values[self._key],))
        known: Any = session.identity_map.get(key)
        row: R = self._model() if known is None else known
        for (name, read), value in zip(self._read, values, strict=True):
            set_committed_value(row, name, value if read is None else read(value))
        if known is None:
            make_transient_to_detached(row)
            session.add(row)
        return row


@lru_cache(maxsize=64)
def whole(model: type[R]) -> Whole[R]:
    """The columns of a row class, found once."""
    return Whole(model)


@lru_cache(maxsize=64)
def _lock(model: type[Base]) -> Straight:
    key = sa.inspect(model).primary_key[0]
    wanted = sa.select(*whole(model).columns).where(key == sa.bindparam("key", type_=key.type))
    return Straight(wanted.with_for_update())


def locked(session: Session, model: type[R], key: object) -> R | None:
    """The row of this key under a lock, read anew; None when there is none."""
    session.flush()
    found = _lock(model).run(session, {"key": key}).fetchone()
    return None if found is None else whole(model).row(session, found)


@lru_cache(maxsize=64)
def _insert(model: type[Base], names: tuple[str, ...]) -> Straight:
    table = table_of(model)
    given = {name: sa.bindparam(f"n_{name}", type_=table.c[name].type) for name in names}
    return Straight(sa.insert(model).values(given).returning(*whole(model).columns))


def inserted(session: Session, model: type[R], values: Mapping[str, Any]) -> R:
    """A new row with these values, written now."""
    session.flush()
    written = _insert(model, tuple(values)).run(session, {f"n_{name}": value for name, value in values.items()})
    row: R = whole(model).row(session, written.fetchall()[0])
    return row
