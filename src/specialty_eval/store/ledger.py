"""The append-only event log: audit trail, timeline and feed are the same rows. Only `actions.context` writes here.

No names, contacts or ballots: people stand as numbers. Triggers refuse UPDATE, DELETE and TRUNCATE.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column

from specialty_eval.engine.machine import Moved

from .base import Base, Straight, identity, one_of, table_of

AUDIENCES = ("public", "school", "office", "sealed")
"""Who may read an event, fixed when it is written: anyone; the specialty's school and offices; offices; auditors."""


class Event(Base):
    """One thing that happened: a change of state (`source` → `target`) or an act without one.

    `seq` is not commit order. A reader that must miss nothing follows (`transaction`, `seq`) and reads only below the
    oldest running transaction (`pg_snapshot_xmin`), see `feed` in actions.
    """

    __tablename__ = "event"
    __table_args__ = (
        sa.Index("ix_event_subject", "subject_kind", "subject_id", "seq"),
        sa.Index("ix_event_feed", "transaction", "seq"),
        sa.Index("ix_event_kind", "kind", "transaction", "seq"),
        sa.Index(
            "ix_event_state", "kind", "subject_kind", "subject_id", sa.text("transaction DESC"), sa.text("seq DESC"),
            postgresql_where=sa.text("target IS NOT NULL"),
        ),
        sa.Index("ix_event_specialty", "specialty_id", "seq", postgresql_where=sa.text("specialty_id IS NOT NULL")),
        one_of("audience", AUDIENCES),
    )  # fmt: skip

    seq: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    transaction: Mapped[int] = mapped_column(server_default=sa.text("((pg_current_xact_id())::text)::bigint"))
    at: Mapped[datetime]
    kind: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[int]
    specialty_id: Mapped[int | None]
    round_id: Mapped[int | None]
    source: Mapped[str | None]
    target: Mapped[str | None]
    actor_person_id: Mapped[int | None]
    actor_key_id: Mapped[int | None]
    acting_for_id: Mapped[int | None]
    reason: Mapped[str] = mapped_column(server_default="")
    audience: Mapped[str]
    facts: Mapped[dict[str, Any]]


class EventSeal(Base):
    """A hash over the events of a span of transactions, chained to the seal before; its head stands in each notice.

    Sealed is what no running transaction can still add to: everything below the snapshot's oldest transaction.
    """

    __tablename__ = "event_seal"

    id: Mapped[int] = identity()
    through: Mapped[int] = mapped_column(unique=True)
    count: Mapped[int]
    previous: Mapped[str]
    head: Mapped[str]
    sealed_at: Mapped[datetime]


class EventSource(Base):
    """What this log is called outside (`urn:uuid:…`), in one row that the migrations write: no two logs share it."""

    __tablename__ = "event_source"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_log"),)

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    urn: Mapped[str]


@dataclass(frozen=True, slots=True)
class Entry:
    """What an event says beside its subject: when, who, for whom, why, and facts for its audience."""

    at: datetime
    person_id: int | None
    key_id: int | None
    acting_for: int | None
    reason: str
    audience: str
    facts: Mapping[str, Any]
    specialty_id: int | None = None
    round_id: int | None = None

    def parameters(self) -> dict[str, Any]:
        """As bound parameters of the statements below."""
        return {
            "e_at": self.at, "e_person": self.person_id, "e_key": self.key_id, "e_for": self.acting_for,
            "e_reason": self.reason, "e_audience": self.audience, "e_facts": dict(self.facts),
            "e_specialty": self.specialty_id, "e_round": self.round_id,
        }  # fmt: skip


COLUMNS = (
    "at", "kind", "subject_kind", "subject_id", "specialty_id", "round_id", "source", "target",
    "actor_person_id", "actor_key_id", "acting_for_id", "reason", "audience", "facts",
)  # fmt: skip


def _entry_columns(subject: sa.ColumnElement[Any], specialty: Any, round_: Any, source: Any, target: Any) -> list[Any]:
    event = table_of(Event)

    def bound(name: str, column: str) -> Any:
        return sa.bindparam(name, type_=event.c[column].type)

    return [
        bound("e_at", "at"), bound("e_kind", "kind"), bound("e_subject_kind", "subject_kind"), subject,
        specialty, round_, source, target,
        bound("e_person", "actor_person_id"), bound("e_key", "actor_key_id"), bound("e_for", "acting_for_id"),
        bound("e_reason", "reason"), bound("e_audience", "audience"), bound("e_facts", "facts"),
    ]  # fmt: skip


_REVIEW = sa.table("review", *(sa.column(name, sa.BigInteger()) for name in ("id", "specialty_id", "round_id")))
"""By name: the table family of reviews knows this one, not the other way round."""


def _own(table: sa.Table, moved: sa.FromClause, column: str, parameter: str) -> Any:
    """The row's own specialty or round where it has or is one; else what the caller says, else its review's."""
    if column in table.c:
        return moved.c[column]
    if column == "specialty_id" and table.name == "specialty":
        return moved.c.id
    said = sa.bindparam(parameter, type_=sa.BigInteger())
    if "review_id" not in table.c:
        return said
    of = _REVIEW.alias("of")
    return sa.func.coalesce(said, sa.select(of.c[column]).where(of.c.id == moved.c.review_id).scalar_subquery())


def _returned(table: sa.Table) -> list[sa.ColumnElement[Any]]:
    return [table.c.id, *(table.c[c] for c in ("specialty_id", "round_id", "review_id") if c in table.c)]


@lru_cache(maxsize=256)
def _one(table: sa.Table, changed: tuple[str, ...]) -> Straight:
    """UPDATE of one row guarded by state and version, and its event, as one statement."""
    update = (
        sa.update(table)
        .where(
            table.c.id == sa.bindparam("r_id", type_=table.c.id.type),
            table.c.state == sa.bindparam("e_source", type_=table.c.state.type),
            table.c.version == sa.bindparam("r_version", type_=table.c.version.type),
        )
        .values(
            state=sa.bindparam("e_target", type_=table.c.state.type),
            version=table.c.version + 1,
            updated_at=sa.bindparam("e_at", type_=table.c.updated_at.type),
            **{c: sa.bindparam(f"c_{c}", type_=table.c[c].type) for c in changed},
        )
        .returning(*_returned(table))
        .cte("moved")
    )
    said = _entry_columns(
        update.c.id,
        _own(table, update, "specialty_id", "e_specialty"),
        _own(table, update, "round_id", "e_round"),
        sa.bindparam("e_source", type_=sa.Text()),
        sa.bindparam("e_target", type_=sa.Text()),
    )
    return Straight(sa.insert(Event).from_select(COLUMNS, sa.select(*said).select_from(update)))


def move_one(
    session: Session, row: Any, name: str, moved: Moved, changes: Mapping[str, Any], entry: Entry
) -> dict[str, Any] | None:
    """Write the new state and the event. The row's fresh columns, or None when it is no longer what was read."""
    table: sa.Table = row.__table__
    parameters = {
        **entry.parameters(),
        **{f"c_{column}": value for column, value in changes.items()},
        "r_id": row.id, "r_version": row.version, "e_kind": f"{name}.{moved.event}", "e_subject_kind": table.name,
        "e_source": moved.source, "e_target": moved.target,
    }  # fmt: skip
    result = _one(table, tuple(sorted(changes))).run(session, parameters)
    if result.rowcount != 1:
        return None
    return {**changes, "state": moved.target, "version": row.version + 1, "updated_at": entry.at}


def lock_many(session: Session, model: type[Base], ids: Sequence[int]) -> dict[int, str]:
    """Lock the rows in one order (so that two sets cannot wait for each other) and read their states."""
    table = table_of(model)
    wanted = sa.select(table.c.id, table.c.state).where(table.c.id == sa.any_(sa.bindparam("ids", type_=_IDS)))
    rows = session.connection().execute(wanted.order_by(table.c.id).with_for_update(), {"ids": list(ids)})
    return {key: state for key, state in rows}  # noqa: C416 -- a Row is no tuple to dict()'s stub


_IDS = ARRAY(sa.BigInteger())


@lru_cache(maxsize=256)
def _many(table: sa.Table, legal: tuple[tuple[str, str], ...], changed: tuple[str, ...]) -> sa.Insert:
    """UPDATE of a set, legal steps joined from the machine's own table, and an event for each, as one statement."""
    steps = sa.values(sa.column("source", sa.Text), sa.column("target", sa.Text), name="legal").data(list(legal))
    update = (
        sa.update(table)
        .where(table.c.id == sa.any_(sa.bindparam("ids", type_=_IDS)), table.c.state == steps.c.source)
        .values(
            state=steps.c.target,
            version=table.c.version + 1,
            updated_at=sa.bindparam("e_at", type_=table.c.updated_at.type),
            **{c: sa.bindparam(f"c_{c}", type_=table.c[c].type) for c in changed},
        )
        .returning(*_returned(table), steps.c.source, steps.c.target)
        .cte("moved")
    )
    said = _entry_columns(
        update.c.id,
        _own(table, update, "specialty_id", "e_specialty"),
        _own(table, update, "round_id", "e_round"),
        update.c.source,
        update.c.target,
    )
    # An INSERT's row count is not kept unless asked for, and it is what tells that the guard held.
    # In the order of the rows: which of a set is told first hangs on no plan.
    written = sa.insert(Event).from_select(COLUMNS, sa.select(*said).select_from(update).order_by(update.c.id))
    return written.execution_options(preserve_rowcount=True)


def move_many(
    session: Session,
    model: type[Base],
    name: str,
    event: StrEnum,
    legal: tuple[tuple[str, str], ...],
    ids: Sequence[int],
    changes: Mapping[str, Any],
    entry: Entry,
) -> int:
    """Write the new states and the events of a set. How many rows were in a legal state and moved."""
    table = table_of(model)
    parameters = {
        **entry.parameters(),
        **{f"c_{column}": value for column, value in changes.items()},
        "ids": list(ids), "e_kind": f"{name}.{event.value}", "e_subject_kind": table.name,
    }  # fmt: skip
    return session.connection().execute(_many(table, legal, tuple(sorted(changes))), parameters).rowcount


_RECORD = Straight(
    sa.insert(Event).from_select(
        COLUMNS,
        sa.select(
            *_entry_columns(
                sa.bindparam("e_subject", type_=sa.BigInteger()),
                sa.bindparam("e_specialty", type_=sa.BigInteger()),
                sa.bindparam("e_round", type_=sa.BigInteger()),
                sa.null(),
                sa.null(),
            )
        ),
    )
)


def record(session: Session, kind: str, subject: Any, entry: Entry) -> None:
    """Write an event that changes no state."""
    parameters = {
        **entry.parameters(), "e_kind": kind, "e_subject_kind": subject.__tablename__, "e_subject": subject.id,
        "e_specialty": getattr(subject, "specialty_id", None) or entry.specialty_id,
        "e_round": getattr(subject, "round_id", None) or entry.round_id,
    }  # fmt: skip
    _RECORD.run(session, parameters)


@lru_cache(maxsize=64)
def _each(table: sa.Table) -> sa.Insert:
    said = _entry_columns(
        table.c.id, _own(table, table, "specialty_id", "e_specialty"), _own(table, table, "round_id", "e_round"),
        sa.null(), sa.null(),
    )  # fmt: skip
    rows = sa.select(*said).where(table.c.id == sa.any_(sa.bindparam("ids", type_=_IDS))).order_by(table.c.id)
    return sa.insert(Event).from_select(COLUMNS, rows)


def record_many(session: Session, kind: str, model: type[Base], ids: Sequence[int], entry: Entry) -> None:
    """Write an event that changes no state for each row of a set."""
    table = table_of(model)
    parameters = {**entry.parameters(), "ids": list(ids), "e_kind": kind, "e_subject_kind": table.name}
    session.connection().execute(_each(table), parameters)


def is_settled() -> sa.ColumnElement[bool]:
    """Below the oldest running transaction: no event can still appear before these."""
    return Event.transaction < sa.text("(pg_snapshot_xmin(pg_current_snapshot())::text)::bigint")


def settled(session: Session, after: int) -> Sequence[Event]:
    """The settled events of the transactions after this one, in the order (transaction, seq)."""
    wanted = sa.select(Event).where(Event.transaction > after, is_settled())
    return session.scalars(wanted.order_by(Event.transaction, Event.seq)).all()


def between(session: Session, after: int, through: int) -> Sequence[Event]:
    """The events of the transactions after one and up to another, in the order (transaction, seq)."""
    wanted = sa.select(Event).where(Event.transaction > after, Event.transaction <= through)
    return session.scalars(wanted.order_by(Event.transaction, Event.seq)).all()
