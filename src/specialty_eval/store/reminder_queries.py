"""Who is to be reminded of a deadline now: a threshold of days before it has been reached, and no reminder since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from .base import table_of
from .deadline_queries import Deadline, of_round
from .ledger import Event
from .registry_queries import numbered
from .reviews import Review


@dataclass(frozen=True, slots=True)
class Threshold:
    """So many days before a deadline; whose end then lies in `after` (exclusive) to `until`."""

    days: int
    after: datetime
    until: datetime

    @property
    def ago(self) -> timedelta:
        """From the first instant of the threshold's day to the deadline, which is the end of its own."""
        return timedelta(days=self.days + 1)


def kind_of(deadline: Deadline) -> str:
    """The event that says so."""
    return "review.remind" if deadline.model is Review else "assignment.remind"


def owed(session: Session, deadline: Deadline, round_id: int, threshold: Threshold) -> list[tuple[int, datetime]]:
    """(row, its deadline) of a round, by deadline and id: waiting since before the threshold's day, not reminded since.

    A deadline told on that day or later needs no reminder of it; one that the clock slept through is caught up once.
    """
    table = table_of(deadline.model)
    due = table.c[deadline.column]
    day = due - sa.literal(threshold.ago, sa.Interval())
    found = sa.select(table.c.id, due).where(
        of_round(deadline, round_id),
        table.c.state.in_(list(deadline.states)),
        due > threshold.after,
        due <= threshold.until,
        table.c.updated_at < day,
        ~_reminded(deadline, day),
    )
    return [(key, at) for key, at in session.execute(found.order_by(due, table.c.id))]


def unreminded(session: Session, deadline: Deadline, round_id: int, now: datetime, since: datetime) -> list[int]:
    """The rows of a round whose deadline is still to come and that were not reminded of it since then."""
    table = table_of(deadline.model)
    found = sa.select(table.c.id).where(
        of_round(deadline, round_id),
        table.c.state.in_(list(deadline.states)),
        table.c[deadline.column] > now,
        ~_reminded(deadline, sa.literal(since, Event.at.type)),
    )
    return list(session.scalars(found.order_by(table.c.id)))


def _reminded(deadline: Deadline, since: sa.ColumnElement[datetime]) -> sa.Exists:
    table = table_of(deadline.model)
    return (
        sa.exists()
        .where(
            Event.subject_kind == table.name,
            Event.subject_id == table.c.id,
            Event.kind == kind_of(deadline),
            Event.facts["what"].astext == deadline.what,
            Event.at >= since,
        )
        .correlate(table)
    )


def count(session: Session, ids: Sequence[int]) -> None:
    """One more reminder was served to the schools of these reviews: a default needs two."""
    served = sa.update(Review).where(numbered(Review.id, ids)).values(reminders=Review.reminders + 1)
    session.execute(served, execution_options={"synchronize_session": "fetch"})
