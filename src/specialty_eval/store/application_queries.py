"""Questions about applications: whose they are, what a check counts, which come before, how they are read."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.application import APPLICATION_GOING, ApplicationState
from specialty_eval.engine.cycle import RoundState
from specialty_eval.engine.entry_counts import Site
from specialty_eval.engine.opening import OPENS
from specialty_eval.engine.permissions import READ, Actor, Reach, Role, Scope, Thing, reach

from . import scopes
from .accounts import CommitteeMember
from .applications import Application, ApplicationAttachment, ApplicationOpinion
from .cycles import Cycle, PolicyDocument, Round
from .registry import Organisation, School, within
from .specialty_lists import SpecialtyList
from .standing_rounds import going, stands

GOING = [state.value for state in APPLICATION_GOING]
_OPENS = [kind.value for kind in OPENS]


def one_at_a_time(session: Session, city: str) -> None:
    """Wait until nobody else receives, checks or registers an application of this city; held to the transaction's end.

    What one of them opens counts for the next: no limit is exceeded by two that pass at once.
    """
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"application {city}", 0))))


# --- what it is judged by --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rules:
    """The policy an application is judged by, and the year whose figures are taken."""

    policy_id: int
    evidence_year: int


def rules_for(session: Session, city: str, year: int) -> Rules | None:
    """Those of the city's newest round that has begun, before one that is only planned; None where there is none.

    A cancelled one whose ratings stand comes last.
    """
    planned = Round.state == RoundState.PLANNED.value
    found = (
        sa.select(Round.policy_id, Round.evidence_year)
        .join(Cycle, Cycle.id == Round.cycle_id)
        .where(Cycle.jurisdiction_code == city, stands())
        .order_by(going().desc(), planned, (Round.year <= year).desc(), Round.year.desc(), Round.number.desc())
        .limit(1)
    )
    row = session.execute(found).one_or_none()
    return None if row is None else Rules(*row)


def earlier(session: Session, row: Application) -> list[Site]:
    """What applications of the city received before this one would open, if they are registered too."""
    found = (
        sa.select(
            Application.id, Application.school_id, Application.level, Application.catalogue_code,
            Application.effective_on,
        )
        .where(
            Application.jurisdiction_code == row.jurisdiction_code, Application.id < row.id,
            Application.kind.in_(_OPENS), Application.state.in_(GOING),
        )
        .order_by(Application.id)
    )  # fmt: skip
    rows = session.execute(found.where(Application.effective_on.is_not(None)))
    return [Site(str(school), level, code or provisional(key), day) for key, school, level, code, day in rows if day]


def provisional(application_id: int) -> str:
    """What an off-catalogue one counts under while it has no number: an entry of its own."""
    return f"application {application_id}"


def policy_of_list(session: Session, list_id: int) -> int:
    """The policy whose rules a list was built by."""
    return session.scalars(sa.select(SpecialtyList.policy_id).where(SpecialtyList.id == list_id)).one()


def policy_named(session: Session, policy_row_id: int) -> str:
    """The policy's id and version, as they are quoted."""
    found = sa.select(PolicyDocument.policy_id, PolicyDocument.policy_version)
    return "@".join(session.execute(found.where(PolicyDocument.id == policy_row_id)).one())


def is_going(session: Session, *about: sa.ColumnElement[bool]) -> int | None:
    """An application about the same that is not decided yet."""
    found = sa.select(Application.id).where(Application.state.in_(GOING), *about)
    return session.scalar(found.order_by(Application.id).limit(1))


def department(session: Session, code: str, areas: Collection[str]) -> bool:
    """Whether there is a department of this code in one of these areas."""
    found = sa.select(Organisation.id).where(
        Organisation.kind == "department", Organisation.code == code, Organisation.jurisdiction_code.in_(areas)
    )
    return session.scalar(found.limit(1)) is not None


# --- whose it is -----------------------------------------------------------------------------------------------------


def scope_of(session: Session, row: Application, *, acting: int | None) -> Scope:
    """Whose the application is, who sits in the committee, and whether who acts is recused from it.

    While the school is to be looked at, every site visitor of the city has a part in it.
    """
    session.flush()
    is_recused = scopes.recused_from_application(acting)
    found = (
        sa.select(School.id, School.jurisdiction_code, School.city_code, School.run_by, is_recused)
        .select_from(Application)
        .join(School, School.id == Application.school_id)
        .where(Application.id == row.id)
    )
    scope = scopes.scope_from(session.execute(found).one(), acting)
    visitors = frozenset({str(acting)} if row.state == ApplicationState.VISIT_FIRST else ())
    departments = frozenset({row.department_code} - {""})
    return replace(scope, departments=departments, visitors=visitors, members=_members(session, scope.city))


def near(session: Session, actor: Actor, today: date) -> Reach:
    """Whose applications the actor may read: where their offices reach, and the cities in whose committee they sit."""
    found = reach(actor, READ[Thing.APPLICATIONS], today)
    cities = [g.jurisdiction for g in actor.grants if g.role == Role.COMMITTEE_MEMBER and g.holds(today)]
    if not cities or actor.person_id is None or actor.key_id is not None:
        return found
    sits = (
        sa.select(Organisation.jurisdiction_code)
        .join(CommitteeMember, CommitteeMember.bureau_id == Organisation.id)
        .where(CommitteeMember.person_id == int(actor.person_id), Organisation.jurisdiction_code.in_(cities))
    )
    return replace(found, cities=found.cities | frozenset(session.scalars(sits)))


def _members(session: Session, city: str) -> frozenset[str]:
    found = (
        sa.select(CommitteeMember.person_id)
        .join(Organisation, Organisation.id == CommitteeMember.bureau_id)
        .where(Organisation.jurisdiction_code == city)
    )
    return frozenset(str(person) for person in session.scalars(found))


# --- opinions and files ----------------------------------------------------------------------------------------------


def opinions(session: Session, application_id: int) -> list[ApplicationOpinion]:
    """What the bureau and the department said, the bureau first."""
    found = sa.select(ApplicationOpinion).where(ApplicationOpinion.application_id == application_id)
    return list(session.scalars(found.order_by(ApplicationOpinion.party)))


def attachments(session: Session, application_id: int) -> list[ApplicationAttachment]:
    """The files that prove it, in the order in which they came."""
    found = sa.select(ApplicationAttachment).where(ApplicationAttachment.application_id == application_id)
    return list(session.scalars(found.order_by(ApplicationAttachment.id)))


# --- reading ---------------------------------------------------------------------------------------------------------


def visible(
    near: Reach, acting: int | None, departments: Collection[tuple[str, str]]
) -> sa.Select[Application, str, str]:
    """Every registered one, and the others within reach: one's own school, county, city, or department's; none that
    one is recused from. (code, area) are the departments somebody answers for.
    """
    asked = sa.or_(
        False,
        *(
            sa.and_(
                Application.department_code == code,
                sa.or_(School.city_code == area, School.jurisdiction_code == area),
            )
            for code, area in departments
        ),
    )
    own = School.id.in_([int(key) for key in near.schools])
    recused = scopes.recused_from_application(acting)
    registered = Application.state == ApplicationState.REGISTERED.value
    return (
        sa.select(Application, School.code, School.name)
        .join(School, School.id == Application.school_id)
        .where(sa.or_(registered, own, sa.and_(~recused, sa.or_(within(near), asked))))
    )


def is_told(application_id: Any, near: Reach, acting: int | None) -> sa.ColumnElement[bool]:
    """Whether all of that application is within reach: one's own school's, or one that one is not recused from."""
    own = School.id.in_([int(key) for key in near.schools])
    found = (
        sa.select(Application.id)
        .join(School, School.id == Application.school_id)
        .where(Application.id == application_id, within(near))
        .where(sa.or_(own, ~scopes.recused_from_application(acting)))
    )
    # OFFSET 0: each application is looked up; without it PostgreSQL would read every one first.
    return found.correlate_except(Application, School).offset(0).exists()


def overdue(now: Any) -> sa.ColumnElement[bool]:
    """What an office owes an answer on since its day."""
    return sa.and_(Application.state.in_(GOING), Application.due < now)
