"""Who has a day to keep, and who was reminded of it when."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from .base import table_of
from .contested import is_going
from .days_kept import NOW, UNVISITED, Kept, within
from .ledger import Event
from .outcomes import Appeal
from .registry_queries import numbered
from .reviews import Review


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that waits, its day (or what its days are counted from), and since when that was told."""

    id: int
    day: datetime
    known: datetime | None


def waiting(
    session: Session,
    kept: Kept,
    subject: int | str,
    after: datetime,
    until: datetime | None,
    *,
    holds: bool = False,
    unvisited: Collection[int] = (),
) -> list[Waiting]:
    """The rows of a round (its number) or a city (its code) whose day lies between the two, by day and id; of days that
    are counted from an act, all that wait. `holds`: an appeal that is going holds the consequences. `unvisited`: the
    round's reviews that a visitor is to be named for.
    """
    known = sa.null() if kept.known is None else kept.known
    found = sa.select(table_of(kept.model).c.id, kept.day, known).select_from(kept.of)
    found = found.where(within(kept, subject), kept.waits).params({NOW.key: after, UNVISITED.key: list(unvisited)})
    if not kept.days:
        found = found.where(kept.day > after)
        found = found if until is None else found.where(kept.day <= until)
    if kept.held and holds:
        found = found.where(~sa.exists().where(Appeal.review_id == Review.id, is_going(Appeal)).correlate(Review))
    return [Waiting(*row) for row in session.execute(found.order_by(kept.day, table_of(kept.model).c.id))]


def reminded(session: Session, kept: Kept, ids: Collection[int]) -> dict[tuple[int, str], datetime]:
    """(row, day or, where it has but one, nothing) → when it was last reminded of that."""
    day = Event.facts["until"].astext if kept.each else sa.literal("", sa.Text())
    found = (
        sa.select(Event.subject_id, day, sa.func.max(Event.at))
        .where(
            Event.subject_kind == kept.model.__tablename__,
            numbered(Event.subject_id, ids),
            Event.kind == kept.kind,
            Event.facts["what"].astext == kept.what.value,
        )
        .group_by(Event.subject_id, day)
    )
    return {(key, of): at for key, of, at in session.execute(found)}


def left_of(session: Session, kept: Kept, round_id: int) -> int:
    """For how many reviews of a round something is owed by its day."""
    wanted = sa.select(sa.func.count()).select_from(Review).where(Review.round_id == round_id, kept.left)
    return session.scalar(wanted) or 0


def lock(session: Session, kept: Kept, ids: Sequence[int]) -> None:
    """Lock these in one order, also rows that have no state."""
    key = table_of(kept.model).c.id
    session.flush()
    session.execute(sa.select(key).where(numbered(key, ids)).order_by(key).with_for_update(of=table_of(kept.model)))


def count(session: Session, ids: Sequence[int]) -> None:
    """One more reminder was served to the schools of these reviews: a default needs two."""
    served = sa.update(Review).where(numbered(Review.id, ids)).values(reminders=Review.reminders + 1)
    session.execute(served, execution_options={"synchronize_session": "fetch"})
