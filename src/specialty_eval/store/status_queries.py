"""What the public status of a specialty rests on: code, rating, what is provisional or contested, quotas."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.plan import PlanState
from specialty_eval.engine.review import State
from specialty_eval.engine.vocabulary import Rating

from .contested import contested, in_order
from .plain import EVENT, OPENING_QUOTA, PLAN, PLAN_LINE, RATING, REVIEW, SCHOOL, SPECIALTY, SPECIALTY_CODE, STANDING


@dataclass(frozen=True, slots=True)
class Named:
    """A specialty under its present code; of a closed one its last."""

    id: int
    code: str
    name: str
    school: str
    city: str
    closed_on: date | None


def named(session: Session, code: str) -> Named | None:
    """The specialty that this code names, now or before."""
    s = SPECIALTY.c
    found = (
        sa.select(s.id, present_code(s.id), s.name, SCHOOL.c.name, SCHOOL.c.city_code, s.closed_on)
        .select_from(SPECIALTY)
        .join(SPECIALTY_CODE, SPECIALTY_CODE.c.specialty_id == s.id)
        .join(SCHOOL, SCHOOL.c.id == s.school_id)
        .where(SPECIALTY_CODE.c.code == code)
    )
    row = session.execute(found).one_or_none()
    return None if row is None else Named(*row)


def present_code(specialty: Any) -> sa.ScalarSelect[str]:
    """The code that the specialty of this id column has now; of a closed one its last."""
    own = SPECIALTY_CODE.alias().c  # the query around this may be about codes itself
    newest = (own.valid_to.desc().nulls_first(), own.valid_from.desc())
    return sa.select(own.code).where(own.specialty_id == specialty).order_by(*newest).limit(1).scalar_subquery()


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


def rating_row(found: Any) -> RatingRow:
    """A row of the table as values."""
    return RatingRow(
        found.id, found.specialty_id, found.review_id, Rating(found.rating), found.year, tuple(found.reasons),
        found.document_number, found.source, found.valid_from, found.valid_to, found.known_from, found.known_to,
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


@dataclass(frozen=True, slots=True)
class Publicised:
    """A review whose proposed rating is public and not confirmed yet."""

    review_id: int
    rating: str


def publicised(session: Session, specialty_id: int) -> Publicised | None:
    """The provisional rating, if one is in publicity."""
    found = (
        sa.select(REVIEW.c.id, REVIEW.c.decided_rating)
        .where(REVIEW.c.specialty_id == specialty_id, REVIEW.c.state == State.PUBLICISED.value)
        .order_by(REVIEW.c.id.desc())
    )
    row = session.execute(found).first()
    return None if row is None or row[1] is None else Publicised(row[0], row[1])


def under_way(session: Session, specialty_id: int) -> tuple[str, ...]:
    """What is going on against a rating: an `objection` that was admitted, an `appeal`, a `correction`."""
    under = contested()
    return in_order(session.scalar(sa.select(under.c.under).where(under.c.specialty_id == specialty_id)))


# --- what follows ----------------------------------------------------------------------------------------------------


def standing(session: Session, specialty_id: int) -> tuple[str, date] | None:
    """The standing and since when; None before the first."""
    found = sa.select(STANDING.c.state, STANDING.c.since).where(STANDING.c.specialty_id == specialty_id)
    row = session.execute(found).first()
    return None if row is None else (row[0], row[1])


def quotas(session: Session, specialty_id: int) -> dict[int, int]:
    """Academic year → quota: of the approved plans, and of the opening balance where there is none."""
    opening = sa.select(OPENING_QUOTA.c.academic_year, OPENING_QUOTA.c.quota).where(
        OPENING_QUOTA.c.specialty_id == specialty_id
    )
    approved = (
        sa.select(PLAN.c.academic_year, PLAN_LINE.c.quota)
        .join_from(PLAN_LINE, PLAN, PLAN.c.id == PLAN_LINE.c.plan_id)
        .where(PLAN_LINE.c.specialty_id == specialty_id, PLAN.c.state == PlanState.APPROVED.value)
    )
    known = {year: quota for year, quota in session.execute(opening)}  # noqa: C416 -- a Row is no tuple to dict()
    return known | {year: quota for year, quota in session.execute(approved)}  # noqa: C416 -- see above


def sequence(session: Session, specialty_id: int) -> int:
    """The newest public event about the specialty; 0 when there is none."""
    newest = sa.select(sa.func.max(EVENT.c.seq)).where(
        EVENT.c.specialty_id == specialty_id, EVENT.c.audience == "public"
    )
    return session.scalar(newest) or 0
