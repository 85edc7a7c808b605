"""What the public status of a specialty rests on: its code, what is provisional, what is contested, its quotas."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.plan import PlanState
from specialty_eval.engine.review import State

from . import public_queries
from .ledger import Event
from .outcomes import EnrolmentLine, EnrolmentPlan, OpeningQuota, Standing
from .registry import School, Specialty, SpecialtyCode
from .registry_reads import present_code
from .reviews import Review


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
    found = (
        sa.select(
            Specialty.id, present_code(), Specialty.name, School.name, School.city_code, Specialty.closed_on,
        )
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Specialty.id)
        .join(School, School.id == Specialty.school_id)
        .where(SpecialtyCode.code == code)
    )  # fmt: skip
    row = session.execute(found).one_or_none()
    return None if row is None else Named(*row)


@dataclass(frozen=True, slots=True)
class Publicised:
    """A review whose proposed rating is public and not confirmed yet."""

    review_id: int
    rating: str


def publicised(session: Session, specialty_id: int) -> Publicised | None:
    """The provisional rating, if one is in publicity."""
    found = (
        sa.select(Review.id, Review.decided_rating)
        .where(Review.specialty_id == specialty_id, Review.state == State.PUBLICISED.value)
        .order_by(Review.id.desc())
    )
    row = session.execute(found).first()
    return None if row is None or row[1] is None else Publicised(row[0], row[1])


def contested(session: Session, specialty_id: int) -> tuple[str, ...]:
    """What is going on against a rating: an `objection` that was admitted, an `appeal`, a `correction`."""
    under = public_queries.contested()
    return public_queries.in_order(session.scalar(sa.select(under.c.under).where(under.c.specialty_id == specialty_id)))


def standing(session: Session, specialty_id: int) -> tuple[str, date] | None:
    """The standing and since when; None before the first."""
    row = session.execute(
        sa.select(Standing.state, Standing.since).where(Standing.specialty_id == specialty_id)
    ).first()
    return None if row is None else (row[0], row[1])


def quotas(session: Session, specialty_id: int) -> dict[int, int]:
    """Academic year → quota: of the approved plans, and of the opening balance where there is none."""
    opening = sa.select(OpeningQuota.academic_year, OpeningQuota.quota).where(OpeningQuota.specialty_id == specialty_id)
    approved = (
        sa.select(EnrolmentPlan.academic_year, EnrolmentLine.quota)
        .join(EnrolmentPlan, EnrolmentPlan.id == EnrolmentLine.plan_id)
        .where(EnrolmentLine.specialty_id == specialty_id, EnrolmentPlan.state == PlanState.APPROVED.value)
    )
    known = {year: quota for year, quota in session.execute(opening)}  # noqa: C416 -- a Row is no tuple to dict()
    return known | {year: quota for year, quota in session.execute(approved)}  # noqa: C416 -- see above


def sequence(session: Session, specialty_id: int) -> int:
    """The newest public event about the specialty; 0 when there is none."""
    newest = sa.select(sa.func.max(Event.seq)).where(Event.specialty_id == specialty_id, Event.audience == "public")
    return session.scalar(newest) or 0
