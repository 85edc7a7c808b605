"""The declarative base, its column types and naming convention, and how an engine is made. No queries."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, Session, mapped_column, sessionmaker

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Utc(sa.types.TypeDecorator[datetime]):
    """An instant. Naive values are refused, what comes back is in UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Refuse an instant without a zone: guessing one has cost others a deadline."""
        if value is not None and value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Whatever zone the session has, the value is handed out in UTC."""
        return None if value is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables. Rows are read on purpose: there are no relationships that load themselves."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {
        datetime: Utc,
        dict[str, Any]: JSONB,
        list[str]: JSONB,
        str: sa.Text,
        int: sa.BigInteger,
    }


class Versioned:
    """A row that moves through a machine: its state, and a version that every change raises."""

    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    updated_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


def identity() -> MappedColumn[int]:
    """A permanent, meaningless number."""
    return mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)


def reference(target: str, *, null: bool = False, index: bool = True) -> MappedColumn[Any]:
    """A foreign key, indexed unless another index already begins with it."""
    return mapped_column(sa.ForeignKey(target), nullable=null, index=index)


def table_of(model: type[Base]) -> sa.Table:
    """A row class's table, for statements that go past the session."""
    table = model.__table__
    assert isinstance(table, sa.Table)  # noqa: S101 -- a declarative class always has one; this tells the type checker
    return table


def one_of(column: str, values: type[StrEnum] | tuple[str, ...]) -> sa.CheckConstraint:
    """The column holds one of these and nothing else; the database says so, not only the program."""
    listed = ", ".join(f"'{v}'" for v in ([m.value for m in values] if isinstance(values, type) else values))
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def make_engine(url: str, *, pool_size: int = 32) -> sa.Engine:
    """An engine whose pool is as large as the number of requests that may be inside at once (engineering.md)."""
    return sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=False,
        connect_args={"options": "-c timezone=UTC -c lock_timeout=10s", "prepare_threshold": 2},
    )


def make_sessions(engine: sa.Engine) -> sessionmaker[Session]:
    """Sessions that keep what they read after a commit: a row never reloads itself behind one's back."""
    return sessionmaker(engine, expire_on_commit=False)
