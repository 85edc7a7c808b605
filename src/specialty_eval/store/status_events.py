"""Which public statuses events may have changed, and which events a reader has not seen yet. Every one is looked at."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from specialty_eval.engine.plan import PLAN, PlanEvent

from .contested import OUT
from .plain import EVENT, PLAN_LINE, PUBLICATION_ENTRY, REVIEW

CHANNEL = "specialty_eval_event"
"""What the database calls when an event is written that may change a public status (a migration's trigger)."""

LOADED = frozenset({"intake.schools", "intake.specialties", "intake.ratings", "intake.standings", "intake.quotas"})
"""Files that may change any status."""
SILENT = frozenset({
    "allotment", "amendment", "api_key", "application", "calendar_year", "committee_member", "cycle",
    "designation_targets", "document", "document_template", "enrolment_plan", "expert", "expert_assignment",
    "expert_tie", "intake", "job", "jurisdiction", "letter_batch", "meeting", "meeting_item", "organisation", "person",
    "policy", "publication", "report", "role_grant", "round", "simulation", "specialty_group", "specialty_list",
    "succession", "webhook_endpoint",
})  # fmt: skip
"""What an event may be about without a specialty of its own and without changing a status, but for what is named here
(files, plans, lists): their reviews, cases, standings and specialties have events of their own. A test holds that no
status is read from these tables, and that every kind of event is about one of them or bears its specialty. Of anything
else everything is read.
"""
PLANS_READ = frozenset({f"{PLAN.name}.{PlanEvent.APPROVE.value}", f"{PLAN.name}.{PlanEvent.SUPERSEDE.value}"})


@dataclass(slots=True)
class Position:
    """How far somebody has read: every transaction before `since`, and of those from it on the events in `seen`."""

    since: int = 0
    seen: frozenset[int] = field(default_factory=frozenset)
    newest: int = 0


def listen(session: Session) -> None:
    """Be told from now on, on this session's connection; once its transaction has ended."""
    session.execute(sa.text(f"LISTEN {CHANNEL}"))


def wait(session: Session, seconds: float) -> None:
    """Until an event is told of, at most so long. Not inside a transaction that has read."""
    driver = session.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101 -- the only driver there is; this tells the type checker
    for _ in driver.notifies(timeout=seconds, stop_after=1):
        pass


def snapshot(session: Session) -> str:
    """What this transaction sees, as a name: where it is the same as another's, nothing was committed in between."""
    return str(session.scalar(sa.text("SELECT pg_current_snapshot()::text")))


def start(session: Session) -> Position:
    """From where to go on for whoever reads everything in this snapshot."""
    lowest, _ = _running(session)
    seen = frozenset(event.seq for event in _visible(session, lowest))
    return Position(lowest, seen, session.scalar(sa.select(sa.func.max(EVENT.c.seq))) or 0)


def unseen(session: Session, at: Position) -> tuple[Sequence[Any], Position] | None:
    """The events that became visible since, whatever the order in which transactions ended, and how far that is.

    In one snapshot with what follows. A transaction that is not visible now is not below the oldest one that runs now:
    reading goes on from there. None: it is another log than the one that was read.
    """
    lowest, beyond = _running(session)
    if beyond < at.since:
        return None
    visible = _visible(session, at.since)
    events = [event for event in visible if event.seq not in at.seen]
    still = frozenset(event.seq for event in visible if event.transaction >= lowest)
    return events, Position(lowest, still, max([at.newest, *(event.seq for event in events)]))


def _running(session: Session) -> tuple[int, int]:
    """The oldest transaction that runs, and the next one to begin."""
    bounds = sa.text(
        "SELECT (pg_snapshot_xmin(s)::text)::bigint, (pg_snapshot_xmax(s)::text)::bigint"
        " FROM pg_current_snapshot() AS s"
    )
    lowest, beyond = session.execute(bounds).one()
    return lowest, beyond


def _visible(session: Session, since: int) -> Sequence[Any]:
    return session.execute(sa.select(EVENT).where(EVENT.c.transaction >= since).order_by(EVENT.c.seq)).all()


def touched(session: Session, events: Iterable[Any]) -> set[int] | None:
    """The specialties whose status these may have changed; None: any."""
    ids, plans, lists = set[int](), set[int](), set[int]()
    for event in events:
        if event.specialty_id is not None:
            ids.add(event.specialty_id)
        elif event.kind in PLANS_READ:
            plans.add(event.subject_id)
        elif event.subject_kind == "publication" and {event.source, event.target} & set(OUT):
            lists.add(event.subject_id)
        elif event.kind in LOADED or event.subject_kind not in SILENT:
            return None
    return ids.union(_on_plans(session, plans), _on_lists(session, lists))


def _on_plans(session: Session, plans: set[int]) -> Iterator[int]:
    if plans:
        yield from session.scalars(sa.select(PLAN_LINE.c.specialty_id).where(_among(PLAN_LINE.c.plan_id, plans)))


def _on_lists(session: Session, lists: set[int]) -> Iterator[int]:
    if lists:
        entry = PUBLICATION_ENTRY.c
        listed = sa.select(REVIEW.c.specialty_id).join_from(REVIEW, PUBLICATION_ENTRY, entry.review_id == REVIEW.c.id)
        yield from session.scalars(listed.where(_among(entry.publication_id, lists)))


def _among(column: Any, ids: Iterable[int]) -> sa.ColumnElement[bool]:
    return column == sa.any_(sa.literal(list(ids), ARRAY(sa.BigInteger)))  # type: ignore[no-any-return]  # any column
