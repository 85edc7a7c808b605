"""Questions about events: where in the log one stands, whose it is that is of no specialty, what the public knows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from specialty_eval.engine.assignment import AssignmentState
from specialty_eval.engine.overdue import Awaited
from specialty_eval.engine.roles import Role

from .accounts import RoleGrant
from .applications import Application
from .closings import ClosingAppealPanelist
from .cycles import Cycle, Round
from .deliberation import ExpertAssignment
from .ledger import Event, EventSource
from .outcomes import AppealPanelist, EnrolmentPlan
from .registry import Jurisdiction, Organisation, School, Specialty
from .reports import Report
from .site_visits import SiteVisitor


def city_of_event() -> sa.ColumnElement[str]:
    """The city of an event's round or cycle; else of the organisation somebody acted for; else of the one they are at;
    else, where the clock acted, of the plan or the report.

    Null when it is nobody's: such an event is told to no office.
    """
    of_round = (
        sa.select(Cycle.jurisdiction_code)
        .join(Round, Round.cycle_id == Cycle.id)
        .where(Round.id == Event.round_id)
        .correlate(Event)
        .scalar_subquery()
    )
    of_cycle = (
        sa.select(Cycle.jurisdiction_code)
        .where(Event.subject_kind == Cycle.__tablename__, Cycle.id == Event.subject_id)
        .correlate(Event)
        .scalar_subquery()
    )
    area, held = aliased(Jurisdiction), aliased(RoleGrant)
    city = sa.select(sa.case((area.kind == "city", area.code), else_=area.parent_code)).join(
        Organisation, Organisation.jurisdiction_code == area.code
    )
    acted_for = city.where(Organisation.id == Event.acting_for_id).correlate(Event).scalar_subquery()
    by_holder = sa.or_(held.person_id == Event.actor_person_id, held.api_key_id == Event.actor_key_id)
    at_home = city.join(held, held.organisation_id == Organisation.id).where(by_holder).order_by(held.id).limit(1)
    its = (_own_city(EnrolmentPlan), _own_city(Report))
    return sa.func.coalesce(of_round, of_cycle, acted_for, at_home.correlate(Event).scalar_subquery(), *its)


def _own_city(subject: type[EnrolmentPlan | Report]) -> sa.ScalarSelect[str]:
    """The city that the event's subject is of, where it is one of these."""
    found = sa.select(subject.jurisdiction_code)
    return (
        found.where(Event.subject_kind == subject.__tablename__, subject.id == Event.subject_id)
        .correlate(Event)
        .scalar_subquery()
    )


def city_told() -> sa.ColumnElement[str]:
    """The city whose offices an event is told to: its specialty's, else its own."""
    of_specialty = (
        sa.select(School.city_code)
        .join(Specialty, Specialty.school_id == School.id)
        .where(Specialty.id == Event.specialty_id)
        .correlate(Event)
        .scalar_subquery()
    )
    return sa.func.coalesce(of_specialty, city_of_event())


def of_application(*within: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """The event is about an application that has no specialty yet, of a school like this."""
    found = sa.select(Application.id).join(School, School.id == Application.school_id)
    # `is_application` within too: PostgreSQL then looks at each event's own, and reads no other application.
    its = found.where(is_application(), Application.id == Event.subject_id, *within)
    return sa.and_(is_application(), its.correlate(Event).exists())


def is_application() -> sa.ColumnElement[bool]:
    """The event is about an application that has no specialty yet."""
    return sa.and_(Event.subject_kind == Application.__tablename__, Event.specialty_id.is_(None))


def tells(what: Mapping[str, Collection[str]]) -> sa.ColumnElement[bool]:
    """The event is of one of these kinds, and its facts say one of the kind's words as `what`."""
    said = Event.facts["what"].astext
    return sa.or_(*(sa.and_(Event.kind == kind, said.in_(words)) for kind, words in what.items()))


def own_days(person_id: int) -> list[tuple[Role, str, sa.ColumnElement[bool]]]:
    """(the role, the kind of event, whose days it tells of are this person's own): to be asked of an event's row.

    An expert who is not to learn whose material it is (`blind`) is told nothing that names the specialty.
    """
    asked = [AssignmentState.INVITED.value, AssignmentState.ACCEPTED.value, AssignmentState.SCORED.value]
    scores = sa.and_(
        ExpertAssignment.id == Event.subject_id, ExpertAssignment.person_id == person_id,
        ExpertAssignment.state.in_(asked), Round.id == Event.round_id, ~Round.blind,
    )  # fmt: skip
    sits = sa.and_(AppealPanelist.appeal_id == Event.subject_id, AppealPanelist.person_id == person_id)
    closing = sa.and_(ClosingAppealPanelist.appeal_id == Event.subject_id, ClosingAppealPanelist.person_id == person_id)
    named = sa.and_(
        SiteVisitor.review_id == Event.subject_id, SiteVisitor.person_id == person_id,
        SiteVisitor.withdrawn_at.is_(None),
    )  # fmt: skip
    last = sa.func.timezone("Asia/Shanghai", SiteVisitor.due) - sa.literal(timedelta(microseconds=1), sa.Interval())
    until, own = Event.facts["until"].astext, sa.func.to_char(last, "YYYY-MM-DD")
    visits = sa.and_(named, Event.facts["what"].astext == Awaited.SITE_VISIT.value)
    # Whose day is earlier still was not given this one.
    whose = Event.facts["visitor"].astext
    is_own = sa.or_(whose.is_(None), whose == sa.cast(SiteVisitor.id, sa.Text))
    extended = sa.and_(visits, is_own, until <= own, SiteVisitor.named_at <= Event.at)
    visits = sa.and_(visits, until == own)
    panel = Role.APPEAL_PANEL_MEMBER
    return [
        (Role.SITE_VISITOR, "review.name_visitors", sa.and_(named, SiteVisitor.named_at == Event.at)),
        (Role.SITE_VISITOR, "review.remind", visits), (Role.SITE_VISITOR, "review.extend", extended),
        (Role.EXPERT, "assignment.remind", scores), (panel, "appeal.remind", sits),
        (panel, "closing_appeal.remind", closing),
    ]  # fmt: skip


def told_of_standing(session: Session, specialty_id: int) -> Sequence[Event]:
    """Every public event about a specialty's standing, oldest first."""
    told = sa.select(Event).where(
        Event.specialty_id == specialty_id, Event.subject_kind == "standing", Event.audience == "public"
    )
    return session.scalars(told.order_by(Event.seq)).all()


# --- where in the log -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Behind an event, in the order (transaction, seq): everything up to it has been read."""

    transaction: int
    seq: int


BEGINNING = Place(0, 0)
EVER = datetime.min.replace(tzinfo=UTC)
"""Nothing was sealed before: the whole log is offered."""


@dataclass(frozen=True, slots=True)
class Log:
    """How the log stands to a place: its last settled event, the transactions up to which nothing is offered any more,
    whether the place is behind one of its events, and whether events behind the place are not offered any more.
    """

    end: Place
    dropped: int
    has_it: bool
    is_cut: bool


_STANDS = sa.text("""
    WITH last AS (
        SELECT transaction, seq FROM event
        WHERE transaction < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint
        ORDER BY transaction DESC, seq DESC LIMIT 1
    ), kept AS (
        SELECT coalesce(max(through), 0) AS dropped FROM event_seal WHERE sealed_at <= :before
    )
    SELECT coalesce((SELECT transaction FROM last), 0), coalesce((SELECT seq FROM last), 0), dropped,
        :transaction = 0 OR EXISTS (SELECT FROM event WHERE seq = :seq AND transaction = :transaction),
        coalesce((
            SELECT transaction FROM event WHERE (transaction, seq) > (:transaction, :seq)
            ORDER BY transaction, seq LIMIT 1
        ) <= dropped, false)
    FROM kept
""")


def log(session: Session, place: Place, before: datetime) -> Log:
    """How the log stands to this place when what was sealed before that instant is not offered any more."""
    asked = {"transaction": place.transaction, "seq": place.seq, "before": before}
    transaction, seq, dropped, has_it, is_cut = session.execute(_STANDS, asked).one()
    return Log(Place(transaction, seq), dropped, has_it, is_cut)


def end(session: Session) -> Place:
    """Behind the last event that no running transaction can still precede."""
    return log(session, BEGINNING, EVER).end


def source(session: Session) -> str:
    """What this log is called."""
    return session.scalars(sa.select(EventSource.urn)).one()


TOLD: tuple[Any, ...] = (
    Event.seq, Event.transaction, Event.at, Event.kind, Event.subject_kind, Event.subject_id, Event.specialty_id,
    Event.round_id, Event.source, Event.target, Event.actor_person_id, Event.actor_key_id, Event.acting_for_id,
    Event.reason, Event.audience, sa.cast(Event.facts, sa.Text).label("facts"),
)  # fmt: skip
"""An event to be told on as it is: its facts as the text that they are kept as."""


def within(after: Place, end: Place) -> sa.ColumnElement[bool]:
    """Behind one place and up to another."""
    where = sa.tuple_(Event.transaction, Event.seq)
    return sa.and_(where > sa.tuple_(*_typed(after)), where <= sa.tuple_(*_typed(end)))


def _typed(place: Place) -> tuple[sa.ColumnElement[int], sa.ColumnElement[int]]:
    return sa.literal(place.transaction, sa.BigInteger), sa.literal(place.seq, sa.BigInteger)


def behind(
    session: Session, rule: sa.ColumnElement[bool], kinds: Collection[str], between: tuple[Place, Place], limit: int
) -> Sequence[sa.Row[Any]]:
    """The first events of these kinds (none named: of any) that the rule lets through behind a place and up to another,
    in their order.
    """
    found = sa.select(*TOLD).where(rule).limit(limit)
    if not kinds:
        return session.execute(found.where(within(*between)).order_by(Event.transaction, Event.seq)).all()
    # Each kind by its own index, in their common order: however rare they are, no other event is read.
    its = [sa.select(Event.transaction, Event.seq).where(Event.kind == kind, within(*between)) for kind in kinds]
    keys = sa.union_all(*its).subquery()
    found = found.join(keys, keys.c.seq == Event.seq)
    return session.execute(found.order_by(keys.c.transaction, keys.c.seq)).all()


def states(
    session: Session,
    rule: sa.ColumnElement[bool],
    kinds: Collection[str],
    end: Place,
    after: tuple[str, int],
    limit: int,
) -> Sequence[sa.Row[Any]]:
    """Of each subject behind `after` the last change of state by these kinds (none named: by any) up to a place that
    the rule lets through, in order.
    """
    place = sa.tuple_(sa.literal(after[0], sa.Text), sa.literal(after[1], sa.BigInteger))

    def those(*of: sa.ColumnElement[bool]) -> tuple[sa.ColumnElement[bool], ...]:
        subject = sa.tuple_(Event.subject_kind, Event.subject_id)
        return (*of, Event.target.is_not(None), within(BEGINNING, end), subject > place)

    key: tuple[Any, ...] = (Event.subject_kind, Event.subject_id, Event.transaction, Event.seq)
    found, order = sa.select(*TOLD).where(rule), key
    if kinds:
        keys = sa.union_all(*(sa.select(*key).where(*those(Event.kind == kind)) for kind in kinds)).subquery()
        found, order = found.join(keys, keys.c.seq == Event.seq), tuple(keys.c)
    else:
        found = found.where(*those())
    kind, number, transaction, seq = order
    last = found.ext(distinct_on(kind, number)).order_by(kind, number, transaction.desc(), seq.desc())
    return session.execute(last.limit(limit)).all()
