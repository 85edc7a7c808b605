"""The declarative base, its column types and naming convention, and how an engine is made. No queries."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import psycopg
import sqlalchemy as sa
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, Session, mapped_column, sessionmaker
from sqlalchemy.sql.compiler import SQLCompiler

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


class Ids(sa.types.UserDefinedType[Collection[int]]):
    """Many numbers handed over as one array, in the database's own writing: the driver's takes six times as long."""

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_: Any) -> str:
        """What the array is of."""
        return "BIGINT[]"

    def bind_processor(self, _: Dialect) -> Callable[[Collection[int] | None], str]:
        """`{1,2}`; whatever is no number is refused here."""
        return lambda values: "{" + ",".join([f"{value:d}" for value in values or ()]) + "}"


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


class _Mapped(WeakKeyDictionary[Any, Any]):
    """The mapped classes' managers, of which a copy is walked through: modules with tables are loaded in one thread
    while another's first query configures what is there, and a dictionary that grows meanwhile is refused."""

    def __iter__(self) -> Iterator[Any]:
        return iter([manager for known in self.keyrefs() if (manager := known()) is not None])


Base.registry._managers = _Mapped()


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


WAITS: Mapping[str, int] = {
    "connect_timeout": 5, "tcp_user_timeout": 15_000,
    "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
}  # fmt: skip
"""A server that has gone without a word is noticed: while connecting, by what was sent and by a silent connection."""


def make_engine(url: str, *, pool_size: int = 32, prepared: int = 100) -> sa.Engine:
    """An engine whose pool is as large as the number of requests that may be inside at once (engineering.md).

    `prepared` statements at most are kept by each connection: more where few connections say everything there is.
    """
    engine = sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=False,
        connect_args={**WAITS, "options": "-c timezone=UTC -c lock_timeout=10s", "prepare_threshold": 2},
    )

    @sa.event.listens_for(engine, "connect")
    def connected(connection: psycopg.Connection[Any], _: object) -> None:
        connection.prepared_max = prepared

    return engine


def make_sessions(engine: sa.Engine) -> sessionmaker[Session]:
    """Sessions that keep what they read after a commit: a row never reloads itself behind one's back."""
    return sessionmaker(engine, expire_on_commit=False)


DIALECT = sa.make_url("postgresql+psycopg://").get_dialect()()


class Straight:
    """A statement on the hot path, rendered once and run on the driver's own connection, in the session's transaction.

    SQLAlchemy still says what the SQL is; what is saved is its work around every single execution (docs/decisions).
    Values come back as the driver reads them.
    """

    def __init__(self, statement: sa.ClauseElement) -> None:
        compiled = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 -- of a query it always is; this tells the type checker
        self._text = str(compiled)
        self._json = frozenset(name for name, bound in compiled.binds.items() if isinstance(bound.type, JSONB))
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}

    def run(self, session: Session, parameters: Mapping[str, Any]) -> psycopg.Cursor[Any]:
        """Execute it now; pending changes of the session are not flushed by this."""
        values = self._constants | {n: Jsonb(value) if n in self._json else value for n, value in parameters.items()}
        pooled = session.connection().connection
        driver: psycopg.Connection[Any] = pooled.driver_connection  # type: ignore[assignment]  # it is psycopg's
        return driver.cursor(row_factory=namedtuple_row).execute(self._text, values, prepare=True)
