"""Questions about events: which city one belongs to that is about no single specialty, what the public knows of one."""

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from .accounts import RoleGrant
from .applications import Application
from .cycles import Cycle, Round
from .ledger import Event
from .registry import Jurisdiction, Organisation, School, Specialty


def city_of_event() -> sa.ColumnElement[str]:
    """The city of an event's round or cycle; else of the organisation somebody acted for; else of the one they are at.

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
    return sa.func.coalesce(of_round, of_cycle, acted_for, at_home.correlate(Event).scalar_subquery())


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
    return sa.and_(is_application(), found.where(Application.id == Event.subject_id, *within).correlate(Event).exists())


def is_application() -> sa.ColumnElement[bool]:
    """The event is about an application that has no specialty yet."""
    return sa.and_(Event.subject_kind == Application.__tablename__, Event.specialty_id.is_(None))


def tells(what: Mapping[str, Collection[str]]) -> sa.ColumnElement[bool]:
    """The event is of one of these kinds, and its facts say one of the kind's words as `what`."""
    said = Event.facts["what"].astext
    return sa.or_(*(sa.and_(Event.kind == kind, said.in_(words)) for kind, words in what.items()))


def told_of_standing(session: Session, specialty_id: int) -> Sequence[Event]:
    """Every public event about a specialty's standing, oldest first."""
    told = sa.select(Event).where(
        Event.specialty_id == specialty_id, Event.subject_kind == "standing", Event.audience == "public"
    )
    return session.scalars(told.order_by(Event.seq)).all()
