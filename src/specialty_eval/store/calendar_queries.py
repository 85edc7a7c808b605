"""What bureaus entered of a calendar, and the running deadlines that end at an instant: found, and moved later."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.cycle import ROUND_ENDED
from specialty_eval.engine.permissions import Kind
from specialty_eval.engine.publicity import ListState

from .base import table_of
from .calendars import CalendarYear
from .cycles import Round
from .days_kept import Kept
from .deadline_queries import OF_PHASE, OF_SERVICE, Deadline
from .due_queries import OPEN
from .outcomes import Publication, Rectification
from .registry import Organisation
from .registry_queries import numbered

KEPT = "calendars"
"""Under which name a session keeps the calendars it has read."""


def entered(session: Session, years: Collection[int]) -> tuple[tuple[int, tuple[date, ...], tuple[date, ...]], ...]:
    """(year, days off, days worked) of each of these years that was entered, in order."""
    found = sa.select(CalendarYear.year, CalendarYear.days_off, CalendarYear.workdays)
    rows = session.execute(found.where(CalendarYear.year.in_(years)).order_by(CalendarYear.year))
    return tuple((year, _days(off), _days(worked)) for year, off, worked in rows)


def _days(listed: Sequence[str]) -> tuple[date, ...]:
    return tuple(sorted(map(date.fromisoformat, listed)))


def serves_another(session: Session, city: str) -> bool:
    """Whether the installation serves another city's bureau too: the calendar is then common to both."""
    others = sa.select(Organisation.id).where(
        Organisation.kind == Kind.BUREAU.value, Organisation.jurisdiction_code != city
    )
    return session.scalar(others.limit(1)) is not None


def lock(session: Session, year: int) -> None:
    """One enters a year at a time: the second finds what the first has entered."""
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"specialty-eval calendar {year}"))))


def of_year(session: Session, year: int) -> CalendarYear | None:
    """The row of a year, read again."""
    found = sa.select(CalendarYear).where(CalendarYear.year == year)
    return session.scalar(found.execution_options(populate_existing=True))


def kinds() -> list[Deadline]:
    """Every deadline of a round's phases, each once, and those that began with a decision's service."""
    return [*dict.fromkeys(deadline for of_phase in OF_PHASE.values() for deadline in of_phase), *OF_SERVICE]


def ending(session: Session, deadline: Deadline, due: datetime) -> list[int]:
    """The rows whose running deadline of this kind ends at that instant, in order of id."""
    table = table_of(deadline.model)
    found = sa.select(table.c.id).where(
        table.c.state.in_(list(deadline.states)), table.c[deadline.column] == due
    )  # fmt: skip
    return list(session.scalars(found.order_by(table.c.id)))


def move(session: Session, deadline: Deadline, ids: Sequence[int], until: datetime) -> None:
    """Let these end then. The rows are locked by the caller."""
    model = deadline.model
    later = sa.update(model).where(numbered(model.id, ids))
    later = later.values({deadline.column: until, "version": table_of(model).c.version + 1})
    session.execute(later, execution_options={"synchronize_session": "fetch"})


def ending_beside(session: Session, kept: Kept, due: datetime, now: datetime) -> list[int]:
    """The rows where a day of this kind, kept beside the rounds', ends at that instant, in order of id."""
    key = table_of(kept.model).c.id
    found = sa.select(key).select_from(kept.of).where(kept.waits, kept.day == due)
    found = found.where(sa.text(OPEN)) if kept.model is Rectification else found
    return list(session.scalars(found.order_by(key), {"now": now}))


def move_beside(session: Session, kept: Kept, ids: Sequence[int], until: datetime) -> None:
    """Let these end then. The rows are locked by the caller."""
    table = table_of(kept.model)
    later = sa.update(kept.model).where(numbered(table.c.id, ids))
    later = later.values({kept.day.key: until, "version": table.c.version + 1})
    session.execute(later, execution_options={"synchronize_session": "fetch"})


def in_publicity(session: Session, now: datetime) -> list[int]:
    """The publication lists whose publicity runs, in order."""
    found = sa.select(Publication.id).where(Publication.state == ListState.IN_PUBLICITY.value)
    return list(session.scalars(found.where(Publication.closes_at > now).order_by(Publication.id)))


def phases_ending(session: Session, due: datetime) -> list[tuple[int, str]]:
    """(round, phase) of every running phase that ends at that instant, in order of the round."""
    found = [
        sa.select(Round.id, sa.literal(phase)).where(
            Round.state.not_in([state.value for state in ROUND_ENDED]),
            Round.state == phase,
            table_of(Round).c[f"{phase}_due"] == due,
        )
        for phase in OF_PHASE
    ]
    rows = session.execute(sa.union_all(*found))
    return sorted((key, phase) for key, phase in rows)
