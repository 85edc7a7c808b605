"""The spine: who acts, when, in which transaction, and the one pen that moves a state and writes its event."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from specialty_eval.engine.calendar import Calendar
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou, Problem, Refusal, TryAgain
from specialty_eval.engine.machine import Workflow
from specialty_eval.engine.permissions import (
    HELD_BY_PEOPLE,
    READ,
    UNKNOWN_TO_THE_RECUSED,
    Actor,
    Grant,
    Kind,
    Role,
    Scope,
    Thing,
    allowed,
    may,
    may_read,
)
from specialty_eval.store import ledger, rows
from specialty_eval.store.base import Base
from specialty_eval.store.files import Files

from .holidays import calendar_with

LOCAL = ZoneInfo("Asia/Shanghai")

SETTLES = timedelta(minutes=5)
"""So long after a deadline what arrived in time may still be on its way in: it is kept however long a lock took, and
whoever ends something by that deadline, the clock or an office, comes after it.
"""

R = TypeVar("R", bound=Base)
F = TypeVar("F")


class Stateful(Protocol):
    """A row that moves through a machine."""

    id: Any
    state: Any
    version: Any


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a caller shows: a person's token, a machine's key, or nothing."""

    secret: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What an event says beside who, when and what: why, to whom, and facts for that audience (no names).

    `specialty_id` and `round_id` are for rows that do not carry them themselves.
    """

    reason: str = ""
    audience: str = "office"
    told: Mapping[str, Any] = field(default_factory=dict)
    specialty_id: int | None = None
    round_id: int | None = None


@dataclass(frozen=True, slots=True)
class Possible:
    """An event the caller may fire from here, who else may, and what stands in its way now (nothing: possible)."""

    event: str
    roles: Sequence[str]
    reasons: tuple[Problem, ...]


@dataclass(slots=True)
class Context:
    """One caller's transaction. Opened and committed at the edge; actions only load, decide and record.

    `now` is an aware instant, passed in. `today` is the local day of the jurisdiction.
    """

    session: Session
    actor: Actor
    now: datetime
    files: Files

    @property
    def today(self) -> date:
        """The local day."""
        return self.now.astimezone(LOCAL).date()

    @property
    def settled(self) -> datetime:
        """Nothing that arrived before then is still on its way in: what ended before then may be acted on."""
        return self.now - SETTLES

    @property
    def person_id(self) -> int | None:
        """The acting person's number, if a person acts."""
        return None if self.actor.person_id is None else int(self.actor.person_id)

    def as_system(self) -> "Context":
        """The same transaction with the clock as actor: for what follows by rule from what somebody did."""
        return replace(self, actor=Actor(is_system=True))

    def calendar(self) -> Calendar:
        """The working days of the years a deadline told now can fall into, as entered when this transaction looks."""
        from specialty_eval.store import calendar_queries  # noqa: PLC0415 -- slow import: rows that a status needs not

        known: dict[int, Calendar] = self.session.info.setdefault(calendar_queries.KEPT, {})
        year = self.today.year
        if year not in known:
            years = range(year - 1, year + 5)
            known[year] = calendar_with(years, calendar_queries.entered(self.session, years))
        return known[year]

    def answers(self) -> bool:
        """Whether the database does."""
        try:
            self.session.execute(sa.text("SELECT 1"))
        except DBAPIError:
            return False
        return True

    # --- reading for writing ------------------------------------------------------------------------------------------

    def locked(
        self, model: type[R], key: object, *, version: int | None = None, where: str = "", permitted: bool = False
    ) -> R:
        """Lock the row and read it again. NotFound; Changed when the caller read another version (`If-Match`)."""
        row = rows.locked(self.session, model, key)
        name = model.__tablename__
        if row is None:
            raise NotFound(Problem("not-found", where or name, {"kind": name, "id": key}))
        self.check_version(row, version, permitted=permitted)
        return row

    def check_version(self, row: Base, version: int | None, *, permitted: bool = False) -> None:
        """Pass when the caller has read this version of a locked row, or does not say which (`If-Match`).

        Whoever is known to be `permitted` is told what changed: where the row stands now, and since when.
        """
        current = getattr(row, "version", None)
        if version is None or current == version:
            return
        told = {"yours": version, "current": current}
        if permitted:
            told |= {"state": getattr(row, "state", ""), "since": getattr(row, "updated_at", self.now).isoformat()}
        raise Changed(Problem("changed-meanwhile", row.__tablename__, told))

    def lock_all(self, model: type[Base], ids: Sequence[int]) -> dict[int, str]:
        """Lock a set of rows in one order and read their states, before their facts are gathered."""
        self.session.flush()
        return ledger.lock_many(self.session, model, ids)

    # --- rights -------------------------------------------------------------------------------------------------------

    def permit(self, roles: frozenset[Role], scope: Scope, *, where: str = "") -> Grant | None:
        """The grant that lets the caller act here now, None for the clock and the public; NotYou with who may."""
        grant = allowed(self.actor, roles, scope, self.today)
        if grant is None and not may(self.actor, roles, scope, self.today):
            if self._only_recused(roles, scope):
                raise NotYou(Problem("recused", where))
            if self.actor.key_id is not None and roles <= HELD_BY_PEOPLE:
                raise NotYou(Problem("person-needed", where))
            raise NotYou(Problem("role-missing", where, {"roles": sorted(r.value for r in roles)}))
        return grant

    def permit_read(self, thing: Thing, scope: Scope, *, where: str = "") -> None:
        """Pass if the caller may read this; else NotFound: who may not see it does not learn that it is there.

        NotYou for the recused, who know the review by its title and are told that a deputy stands in.
        """
        if not may_read(self.actor, thing, scope, self.today):
            if thing not in UNKNOWN_TO_THE_RECUSED and self._only_recused(READ[thing], scope):
                raise NotYou(Problem("recused", where or thing.value))
            raise NotFound(Problem("not-found", where or thing.value, {"kind": thing.value}))

    def _only_recused(self, roles: frozenset[Role], scope: Scope) -> bool:
        """Whether the caller would hold one of these roles here, were it not for being recused."""
        is_recused = self.actor.person_id in scope.recused
        return is_recused and may(self.actor, roles, replace(scope, recused=frozenset()), self.today)

    def office(self, *wanted: Role) -> Scope:
        """The caller's own city, for acts on an installation rather than on a case; NotYou without such a role."""
        held = [g for g in self.actor.grants if g.role in wanted and g.holds(self.today) and g.kind == Kind.BUREAU]
        if not held:
            raise NotYou(Problem("role-missing", "", {"roles": sorted(r.value for r in wanted)}))
        return Scope(city=held[0].jurisdiction)

    def possible(self, workflow: Workflow[F], state: str, facts: F, scope: Scope) -> list[Possible]:
        """What the table lets the caller do from this state, each with why it is not possible now.

        Events that no role of the caller here may fire are left out: they are not theirs to know about.
        """
        found = []
        for event in workflow.open_events(state):
            named = next(step.event for step in workflow.steps if step.event == event)
            who = workflow.roles_for(state, named)
            if may(self.actor, who, scope, self.today):
                found.append(Possible(event, sorted(who), tuple(workflow.objections(state, named, facts))))
        return found

    # --- the pen ------------------------------------------------------------------------------------------------------

    def advance(
        self,
        workflow: Workflow[F],
        row: Stateful,
        event: StrEnum,
        facts: F,
        scope: Scope,
        *,
        note: Note = Note(),
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        """Permit → machine → new state and event, in the caller's transaction. The row must be `locked`.

        `changes` are further columns of the row that change with the state. NotYou, NotNow with every objection;
        nothing is written then.
        """
        grant = self.permit(entitled(workflow, row.state, event), scope, where=workflow.name)
        moved = workflow.move(row.state, event, facts)
        self.session.flush()
        fresh = ledger.move_one(
            self.session,
            row,
            workflow.name,
            moved,
            changes or {},
            self._entry(note, grant),
        )
        if fresh is None:
            raise NotNow(Problem("changed-meanwhile", workflow.name, {"id": row.id}))
        for name, value in fresh.items():
            set_committed_value(row, name, value)

    def advance_many(
        self,
        workflow: Workflow[F],
        model: type[R],
        event: StrEnum,
        ids: Sequence[int],
        scope: Scope,
        *,
        facts: Mapping[int, F] | None = None,
        note: Note = Note(),
        changes: Mapping[str, Any] | None = None,
    ) -> int:
        """Move a set in one statement, with the same table, checks and events as `advance`; all or nothing.

        `facts` by id, gathered after `lock_all`, where the event's checks look at any. All ids must
        share `scope` for the permission. Returns how many moved; NotNow names every row that cannot.
        """
        if facts is None and any(s.checks for s in workflow.steps if s.event == event):
            raise TypeError(f"{workflow.name}.{event} has checks: lock the rows, gather their facts and pass them")
        self.session.flush()
        states = {} if facts is None else ledger.lock_many(self.session, model, ids)
        grant = self.permit(entitled(workflow, "", event), scope, where=workflow.name)
        entry = self._entry(note, grant)
        if facts is not None and (problems := many_objections(workflow, event, ids, states, facts)):
            raise NotNow(*problems)
        moved = ledger.move_many(
            self.session, model, workflow.name, event, workflow.legal(event), ids, changes or {}, entry
        )
        if moved != len(set(ids)):
            now = ledger.lock_many(self.session, model, ids)
            raise NotNow(*many_objections(workflow, event, ids, now, facts))
        return moved

    def record(self, kind: str, subject: Base, note: Note = Note(), *, grant: Grant | None = None) -> None:
        """Write an event without a change of state (`evidence.save`, `meeting.cast`)."""
        self.session.flush()
        entry = self._entry(note, grant)
        ledger.record(self.session, kind, subject, entry)

    def record_many(
        self, kind: str, model: type[Base], ids: Sequence[int], note: Note = Note(), *, grant: Grant | None = None
    ) -> None:
        """Write the same event for each row of a set, without a change of state, in one statement."""
        self.session.flush()
        if ids:
            ledger.record_many(self.session, kind, model, ids, self._entry(note, grant))

    def _entry(self, note: Note, grant: Grant | None) -> ledger.Entry:
        return ledger.Entry(
            at=self.now,
            person_id=self.person_id,
            key_id=None if self.actor.key_id is None else int(self.actor.key_id),
            acting_for=None if grant is None else int(grant.organisation_id),
            reason=note.reason,
            audience=note.audience,
            facts=dict(note.told),
            specialty_id=note.specialty_id,
            round_id=note.round_id,
        )

    def saved(self, row: R) -> R:
        """Flush at the end of an action: ids, versions and constraint errors belong to the verb, not to the commit."""
        self.session.add(row)
        self.session.flush()
        return row


def entitled(workflow: Workflow[Any], state: str, event: StrEnum) -> frozenset[Role]:
    """Who may fire the event in this state; where the state has no such step, who may anywhere.

    A wrong state is then told to those who may act (NotNow), and nobody else learns it (NotYou).
    """
    return workflow.roles_for(state, event) or frozenset(
        role for step in workflow.steps if step.event == event for role in step.roles
    )


def many_objections(
    workflow: Workflow[F], event: StrEnum, ids: Sequence[int], states: Mapping[int, str], facts: Mapping[int, F] | None
) -> list[Problem]:
    """Every reason why a row of the set cannot move: not there, wrong state, a check that objects."""
    legal = {source for source, _ in workflow.legal(event)}
    problems: list[Problem] = []
    for key in ids:
        state = states.get(key)
        if state is None:
            problems.append(Problem("not-found", f"{workflow.name} {key}", {"kind": workflow.name, "id": key}))
        elif state not in legal:
            problems.append(Problem("step-not-open", f"{workflow.name} {key}", {"event": event.value, "state": state}))
        elif facts is not None:
            problems.extend(
                Problem(p.code, f"{workflow.name} {key} {p.where}".strip(), p.facts)
                for p in workflow.objections(state, event, facts[key])
            )
    return problems


def opened(session: Session, now: datetime, identify: Callable[[Session, datetime], Actor], files: Files) -> Context:
    """A context whose caller is looked up in the same transaction that will act; it ends when nobody is found."""
    try:
        return Context(session=session, actor=identify(session, now), now=now, files=files)
    except BaseException:
        session.close()
        raise


def commit(ctx: Context) -> None:
    """End the transaction. Only the edge calls this, once, before its answer leaves."""
    ctx.session.commit()


WAITED_TOO_LONG = frozenset({"40001", "40P01", "55P03", "57014"})
"""Serialization failure, deadlock, lock not available, cancelled: the same request may succeed."""

AWAY = frozenset({"57P01", "57P02", "57P03", "53300"})
"""The server is going down, starting, or takes no further connection."""

NOT_STORABLE = frozenset({"22003", "22021", "22P05", None})
"""A number out of range, bytes that are no text; None: the driver itself refused it (NUL)."""


def refusal_of(error: Exception) -> Refusal | None:
    """What a fault of the database means to the caller, if it is one that can be named; None for a bug."""
    if isinstance(error, Refusal):
        return error
    fault = error.orig if isinstance(error, DBAPIError) else error  # statements run straight raise the driver's own
    if not isinstance(fault, psycopg.Error):
        return None
    state, name = fault.sqlstate, fault.diag.constraint_name or ""
    refusal: Refusal | None = None
    if isinstance(fault, psycopg.OperationalError) and (state is None or state[:2] == "08" or state in AWAY):
        refusal = TryAgain(Problem("database-away", "database"))
    elif state in WAITED_TOO_LONG:
        refusal = TryAgain(Problem("busy"))
    elif state == "23505":
        refusal = NotNow(Problem("already-there", name, {"constraint": name}))
    elif state == "23503":
        refusal = Invalid(Problem("reference-unknown", name, {"constraint": name}))
    elif isinstance(fault, psycopg.DataError) and state in NOT_STORABLE:
        refusal = Invalid(Problem("value-not-storable"))
    return refusal
