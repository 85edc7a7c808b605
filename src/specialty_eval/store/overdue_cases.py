"""What of a city is late beside its rounds, in one query: closings, appeals against them, and applications."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.application import ApplicationState
from specialty_eval.engine.closing import CLOSING_APPEAL_ENDED
from specialty_eval.engine.overdue import OF_THE_CITY, Awaited

from . import closing_queries
from .applications import Application
from .closings import ClosingAppeal, ClosingProposal
from .overdue import Escalation
from .overdue_queries import Owed
from .registry import School, Specialty, SpecialtyCode
from .scopes import recused_from_application, recused_from_specialty

_TO_CHECK = (ApplicationState.RECEIVED.value, ApplicationState.CHECKED.value)
_TO_DECIDE = (ApplicationState.CLEAR.value, ApplicationState.VISIT_FIRST.value, ApplicationState.COMMITTEE.value)


def late(cities: Sequence[str], now: datetime, *, acting: int | None) -> sa.Subquery:
    """The rows behind `Owed` of these cities that the person is not recused from, to be ordered and cut by (what,
    subject).
    """
    parts = (_appeals(cities, now, acting), *_closings(cities, now, acting), _applications(cities, now, acting))
    return sa.union_all(*parts).subquery("owed")


def _appeals(cities: Sequence[str], now: datetime, acting: int | None) -> sa.Select[*tuple[Any, ...]]:
    ended = [state.value for state in CLOSING_APPEAL_ENDED]
    return (
        sa.select(
            sa.literal(Awaited.CLOSING_APPEAL_ANSWER.value, sa.Text()).label("what"),
            ClosingAppeal.id.label("subject_id"), ClosingAppeal.answer_due.label("at"),
            Specialty.id.label("specialty_id"), SpecialtyCode.code.label("code"), Specialty.name.label("specialty"),
            School.name.label("school"), School.jurisdiction_code.label("county"), School.id.label("school_id"),
        )
        .join(Specialty, Specialty.id == ClosingAppeal.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, sa.and_(SpecialtyCode.specialty_id == Specialty.id, SpecialtyCode.valid_to.is_(None)))
        .where(School.city_code.in_(cities), ClosingAppeal.state.not_in(ended), ClosingAppeal.answer_due <= now)
        .where(sa.not_(recused_from_specialty(acting)))
    )  # fmt: skip


def _of_closings(now: datetime) -> tuple[tuple[Awaited, Any, sa.ColumnElement[bool]], ...]:
    """What is owed of a proposal to close, until when, and while what."""
    return (
        (Awaited.CLOSING_DECISION, ClosingProposal.decide_due, closing_queries.is_undecided()),
        (Awaited.CLOSING, ClosingProposal.close_due, closing_queries.is_to_be_carried_out(now)),
    )


def _closings(cities: Sequence[str], now: datetime, acting: int | None) -> list[sa.Select[*tuple[Any, ...]]]:
    return [
        sa.select(
            sa.literal(what.value, sa.Text()), ClosingProposal.id, day, Specialty.id, SpecialtyCode.code,
            Specialty.name, School.name, School.jurisdiction_code, School.id,
        )
        .join(Specialty, Specialty.id == ClosingProposal.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, sa.and_(SpecialtyCode.specialty_id == Specialty.id, SpecialtyCode.valid_to.is_(None)))
        .where(School.city_code.in_(cities), day <= now, waits, sa.not_(recused_from_specialty(acting)))
        for what, day, waits in _of_closings(now)
    ]  # fmt: skip


def _applications(cities: Sequence[str], now: datetime, acting: int | None) -> sa.Select[*tuple[Any, ...]]:
    what = sa.case(
        (Application.state.in_(_TO_CHECK), Awaited.APPLICATION_CHECK.value), else_=Awaited.APPLICATION_DECISION.value
    )
    return (
        sa.select(
            what, Application.id, Application.due, Application.specialty_id, Application.catalogue_code,
            Application.name, School.name, School.jurisdiction_code, School.id,
        )
        .join(School, School.id == Application.school_id)
        .where(Application.jurisdiction_code.in_(cities), Application.state.in_((*_TO_CHECK, *_TO_DECIDE)))
        .where(Application.due <= now, sa.not_(recused_from_application(acting)))
    )  # fmt: skip


def owed_of(row: Any) -> Owed:
    """A row of `late`."""
    return Owed(Awaited(row.what), row.subject_id, None, row.at, row.specialty_id, row.code, row.specialty, row.school,
                row.county, row.school_id)  # fmt: skip


def escalated(session: Session, schools: Sequence[int]) -> dict[tuple[str, int, datetime], datetime]:
    """(what, subject, due) → when it was escalated, of what is owed to these schools in no round."""
    found = sa.select(Escalation.what, Escalation.subject_id, Escalation.due, Escalation.escalated_at)
    rows = session.execute(found.where(Escalation.school_id.in_(schools), Escalation.what.in_(list(OF_THE_CITY))))
    return {(what, subject, due): at for what, subject, due, at in rows}


def cities(session: Session, now: datetime) -> list[tuple[str, datetime]]:
    """The cities where something is late beside the rounds, and since when."""
    ended = [state.value for state in CLOSING_APPEAL_ENDED]
    appealed = (
        sa.select(School.city_code.label("city"), ClosingAppeal.answer_due.label("at"))
        .join(Specialty, Specialty.id == ClosingAppeal.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(ClosingAppeal.state.not_in(ended), ClosingAppeal.answer_due <= now)
    )
    applied = sa.select(Application.jurisdiction_code, Application.due).where(
        Application.state.in_((*_TO_CHECK, *_TO_DECIDE)), Application.due <= now
    )
    proposed = [
        sa.select(School.city_code, day)
        .select_from(ClosingProposal)
        .join(Specialty, Specialty.id == ClosingProposal.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(day <= now, waits)
        for _, day, waits in _of_closings(now)
    ]
    both = sa.union_all(appealed, *proposed, applied).subquery()
    found = sa.select(both.c.city, sa.func.min(both.c.at)).group_by(both.c.city)
    return [(city, since) for city, since in session.execute(found)]
