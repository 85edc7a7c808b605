"""What is asked of one specialty: which it is by a code, its rating on a day as known then, its newest event."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.succession import Act
from specialty_eval.engine.vocabulary import Rating

from .plain import EVENT, RATING, SCHOOL, SPECIALTY, SPECIALTY_CODE, SUCCESSION_LINE


@dataclass(frozen=True, slots=True)
class Named:
    """A specialty under its present code; of a closed one its last."""

    id: int
    code: str
    name: str
    school: str
    city: str
    closed_on: date | None
    part_of: int | None = None
    """What it was merged into."""


def named(session: Session, code: str, on: date | None = None) -> Named | None:
    """The specialty that this code names, now or before: what it is part of by now, where it was merged.

    On a day that is asked about it names what it was part of then: its own before its merger, between that and the next
    what it was merged into first.
    """
    s = SPECIALTY.c
    own = SPECIALTY.alias()  # whose code it is or was: itself, or part of the specialty it names now
    names: sa.ColumnElement[int] = sa.func.coalesce(own.c.successor_id, own.c.id)
    if on is not None:
        names = _then(code, on)
    found = (
        sa.select(s.id, present_code(s.id), s.name, SCHOOL.c.name, SCHOOL.c.city_code, s.closed_on, s.successor_id)
        .select_from(SPECIALTY_CODE)
        .join(own, own.c.id == SPECIALTY_CODE.c.specialty_id)
        .join(SPECIALTY, s.id == names)
        .join(SCHOOL, SCHOOL.c.id == s.school_id)
        .where(SPECIALTY_CODE.c.code == code)
    )
    row = session.execute(found).one_or_none()
    return None if row is None else Named(*row)


def _then(code: str, on: date) -> sa.ColumnElement[int]:
    """What whose code it is or was had come to by that day, one merger after another."""
    first = sa.select(SPECIALTY_CODE.c.specialty_id.label("id"), sa.literal(0).label("step"))
    led = first.where(SPECIALTY_CODE.c.code == code).cte("led", recursive=True)
    s, line = SPECIALTY.c, SUCCESSION_LINE.c
    merged = sa.and_(line.from_specialty_id == s.id, line.act == Act.MERGED.value, s.closed_on <= on)
    further = sa.select(line.to_specialty_id, led.c.step + 1).select_from(led).join(SPECIALTY, s.id == led.c.id)
    led = led.union_all(further.join(SUCCESSION_LINE, merged))
    last = sa.case((s.closed_on > on, s.id), else_=sa.func.coalesce(s.successor_id, s.id))
    then = sa.select(last).select_from(led).join(SPECIALTY, s.id == led.c.id)
    return then.order_by(led.c.step.desc()).limit(1).scalar_subquery()


def present_code(specialty: Any) -> sa.ScalarSelect[str]:
    """The code that the specialty of this id column has now; of a closed one its last."""
    own = SPECIALTY_CODE.alias().c  # the query around this may be about codes itself
    newest = (own.valid_to.desc().nulls_first(), own.valid_from.desc())
    return sa.select(own.code).where(own.specialty_id == specialty).order_by(*newest).limit(1).scalar_subquery()


def code_of(session: Session, specialty_id: int) -> str:
    """The code that a specialty has now; of a closed one its last."""
    return session.scalars(sa.select(present_code(sa.literal(specialty_id, sa.BigInteger)))).one()


# --- the rating ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RatingRow:
    """A rating with both its times: when it holds (`valid_to` exclusive, None: still) and when that was known."""

    id: int
    specialty_id: int
    review_id: int | None
    rating: Rating
    year: int
    reasons: tuple[str, ...]
    document_number: str
    source: str
    valid_from: date
    valid_to: date | None
    known_from: datetime
    known_to: datetime | None
    acts_since: date | None = None


def rating_row(found: Any) -> RatingRow:
    """A row of the table as values."""
    return RatingRow(
        found.id, found.specialty_id, found.review_id, Rating(found.rating), found.year, tuple(found.reasons),
        found.document_number, found.source, found.valid_from, found.valid_to, found.known_from, found.known_to,
        found.acts_since,
    )  # fmt: skip


def rating_at(session: Session, specialty_id: int, valid_at: date, known_at: datetime) -> RatingRow | None:
    """The rating in force on that day as it was known at that instant; None when there was none."""
    r = RATING.c
    found = sa.select(RATING).where(
        r.specialty_id == specialty_id,
        r.valid_from <= valid_at,
        sa.or_(r.valid_to.is_(None), r.valid_to > valid_at),
        r.known_from <= known_at,
        sa.or_(r.known_to.is_(None), r.known_to > known_at),
    )
    row = session.execute(found).first()
    return None if row is None else rating_row(row)


def sequence(session: Session, specialty_id: int) -> int:
    """The newest public event about the specialty; 0 when there is none."""
    newest = sa.select(sa.func.max(EVENT.c.seq)).where(
        EVENT.c.specialty_id == specialty_id, EVENT.c.audience == "public"
    )
    return session.scalar(newest) or 0
