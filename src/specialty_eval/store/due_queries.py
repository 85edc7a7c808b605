"""Which things of the tables the worker has to look at, and since when each is due."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.allotment import AllotmentState
from specialty_eval.engine.cycle import CycleState, RoundState
from specialty_eval.engine.publicity import ListState
from specialty_eval.engine.rectification import RectificationState

from .cycles import Cycle, Round
from .experts import Allotment
from .outcomes import Publication, Rectification
from .registry import School, Specialty
from .staging import StagedFile
from .standing_rounds import stands

OPEN = "rectification.state NOT IN ('passed', 'failed', 'superseded')"
"""Word for word the condition of the index on open rectifications, so that it is used."""
IN_MAKING = "allotment.state IN ('asked', 'proposed')"
"""Likewise of proposals in the making."""
Since = tuple[str, datetime | None]
"""A subject, and since when something of it is due; None where that is not known before looking."""


def rounds_to_open(session: Session, today: date) -> list[tuple[str, date]]:
    """The planned rounds of running cycles whose day has come, and which day that is."""
    found = (
        sa.select(Round.id, Round.opens_on)
        .join(Cycle, Cycle.id == Round.cycle_id)
        .where(
            Round.state == RoundState.PLANNED.value,
            Cycle.state == CycleState.RUNNING.value,
            Round.opens_on <= today,
        )
    )
    return [(str(key), day) for key, day in session.execute(found) if day is not None]


def rounds_going(session: Session) -> list[Since]:
    """The rounds that began and still stand, each with the end of its phase, where the clock moves it on.

    A round that has ended may still have appeals and rectifications whose offices keep silent, also a cancelled one.
    """
    ends = sa.case(
        (Round.state == RoundState.COLLECTING.value, Round.collecting_due),
        (Round.state == RoundState.VERIFYING.value, Round.verifying_due),
        (Round.state == RoundState.SCORING.value, Round.scoring_due),
    )
    found = sa.select(Round.id, ends).join(Cycle, Cycle.id == Round.cycle_id)
    return _told(session, found.where(Round.state != RoundState.PLANNED.value, stands()))


def lists_to_close(session: Session, now: datetime) -> list[Since]:
    """The publication lists whose days are over, since when."""
    found = sa.select(Publication.id, Publication.closes_at)
    return _told(
        session, found.where(Publication.state == ListState.IN_PUBLICITY.value, Publication.closes_at <= now)
    )  # fmt: skip


def allotments_asked(session: Session) -> list[Since]:
    """The proposals who scores what that are to be made yet, since they were asked for."""
    found = sa.select(Allotment.id, Allotment.asked_at)
    return _told(session, found.where(Allotment.state == AllotmentState.ASKED.value, sa.text(IN_MAKING)))


def cities_mending(session: Session, now: datetime, today: date) -> list[Since]:
    """The cities where a rectification waits for something with a day, since when its plan is overdue."""
    state = Rectification.state
    overdue = sa.func.min(Rectification.plan_due).filter(
        state == RectificationState.DUE.value, Rectification.plan_due <= now
    )
    waits = sa.or_(
        sa.and_(state == RectificationState.DUE.value, Rectification.plan_due <= now),
        state == RectificationState.PLANNED.value,
        sa.and_(state == RectificationState.IN_PROGRESS.value, Rectification.recheck_from <= today),
    )
    found = (
        sa.select(School.city_code, overdue)
        .select_from(Rectification)
        .join(Specialty, Specialty.id == Rectification.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(waits, sa.text(OPEN))
        .group_by(School.city_code)
    )
    return _told(session, found)


def cities_rated(session: Session, year: int) -> list[Since]:
    """The cities with a round of this academic year's calendar year or before: its ratings move standings.

    A year that began before the city's first round is the opening balance's.
    """
    found = (
        sa.select(Cycle.jurisdiction_code, sa.null())
        .join(Round, Round.cycle_id == Cycle.id)
        .where(Round.state != RoundState.PLANNED.value, Round.year <= year, stands())
        .distinct()
    )
    return _told(session, found)


def _told(session: Session, query: sa.Select[*tuple[Any, ...]]) -> list[Since]:
    return [(str(subject), since) for subject, since in session.execute(query)]


def files_to_check(session: Session) -> list[tuple[str, datetime]]:
    """The staged files that nobody has checked, and since when they are there."""
    found = sa.select(StagedFile.id, StagedFile.received_at).where(StagedFile.checked_at.is_(None))
    return [(str(key), at) for key, at in session.execute(found.order_by(StagedFile.id))]


def files_to_take(session: Session) -> list[tuple[str, datetime]]:
    """The staged files whose yes is not carried out, and since when it is given."""
    found = sa.select(StagedFile.id, StagedFile.asked_at).where(
        StagedFile.asked_at.is_not(None), StagedFile.confirmed_at.is_(None), StagedFile.refused == []
    )
    return [(str(key), at) for key, at in session.execute(found.order_by(StagedFile.id)) if at is not None]
