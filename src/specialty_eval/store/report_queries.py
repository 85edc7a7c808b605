"""Questions behind the reports: what was in force at a year's end, what came of it, whose deadlines were missed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from specialty_eval.engine.plan import PlanState
from specialty_eval.engine.review import State
from specialty_eval.engine.roles import Role

from .base import Utc
from .cycles import Cycle, Round
from .deliberation import Decision
from .ledger import Event
from .outcomes import Appeal, EnrolmentLine, EnrolmentPlan, Objection, RatingInForce, Rectification, Standing
from .overdue import Escalation
from .public_queries import plain
from .registry import Jurisdiction, School, Specialty, SpecialtyCode
from .reviews import Challenge, Review, ScoreSheet
from .standing_rounds import stands

Rows = list[tuple[Any, ...]]


def _open_on(day: date) -> sa.ColumnElement[bool]:
    return sa.and_(Specialty.opened_on <= day, sa.or_(Specialty.closed_on.is_(None), Specialty.closed_on > day))


def _holds(rating: Any, day: date, known: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        rating.specialty_id == Specialty.id,
        rating.valid_from <= day,
        sa.or_(rating.valid_to.is_(None), rating.valid_to > day),
        rating.known_from <= known,
        sa.or_(rating.known_to.is_(None), rating.known_to > known),
    )


def _is_held(rating: Any, day: date, known: datetime) -> sa.ColumnElement[bool]:
    """The same for a whole city: by the index on the days that ratings hold, not specialty by specialty."""
    days = sa.func.daterange(rating.valid_from, rating.valid_to)
    knowledge = sa.func.tstzrange(rating.known_from, rating.known_to)
    on, at = sa.literal(day, sa.Date), sa.literal(known, Utc)
    return sa.and_(rating.specialty_id == Specialty.id, days.bool_op("@>")(on), knowledge.bool_op("@>")(at))


def _rows(session: Session, found: sa.Select[*tuple[Any, ...]]) -> Rows:
    return [tuple(row) for row in session.execute(found)]


def ratings_on(session: Session, city: str, day: date, known: datetime) -> Rows:
    """(county, level, class, rating in force or None, how many) of the specialties open that day."""
    by = (Jurisdiction.name, Specialty.level, Specialty.class_name, RatingInForce.rating)
    found = (
        sa.select(*by, sa.func.count())
        .select_from(Specialty)
        .join(School, School.id == Specialty.school_id)
        .join(Jurisdiction, Jurisdiction.code == School.jurisdiction_code)
        .outerjoin(RatingInForce, _is_held(RatingInForce, day, known))
        .where(School.city_code == city, _open_on(day))
        .group_by(*by, Jurisdiction.code, Specialty.class_code)
        .order_by(Jurisdiction.code, Specialty.level, Specialty.class_code, RatingInForce.rating)
    )
    return _rows(session, found)


def changes(session: Session, city: str, before: date, after: date, known: datetime) -> Rows:
    """(rating then, rating now, how many) of the specialties open on both days."""
    then, now = aliased(RatingInForce), aliased(RatingInForce)
    found = (
        sa.select(then.rating, now.rating, sa.func.count())
        .select_from(Specialty)
        .join(School, School.id == Specialty.school_id)
        .outerjoin(then, _is_held(then, before, known))
        .outerjoin(now, _is_held(now, after, known))
        .where(School.city_code == city, _open_on(before), _open_on(after))
        .group_by(then.rating, now.rating)
        .order_by(then.rating, now.rating)
    )
    return _rows(session, found)


def schools(session: Session, city: str, day: date) -> int:
    """How many schools teach a specialty that day."""
    found = sa.select(sa.func.count(sa.distinct(School.id))).select_from(Specialty)
    found = found.join(School, School.id == Specialty.school_id).where(School.city_code == city, _open_on(day))
    return session.scalar(found) or 0


def _of_city(found: sa.Select[*tuple[Any, ...]], city: str, year: int) -> sa.Select[*tuple[Any, ...]]:
    """Narrowed to the reviews of the city's rounds of a year."""
    return (
        found.join(Round, Round.id == Review.round_id)
        .join(Cycle, Cycle.id == Round.cycle_id)
        .where(Cycle.jurisdiction_code == city, Round.year == year)
    )


def cases(session: Session, city: str, year: int) -> Rows:
    """(challenge, objection or appeal, state, how many) about the year's reviews."""
    told: Rows = []
    for model in (Challenge, Objection, Appeal):
        found = sa.select(sa.literal(model.__tablename__), model.state, sa.func.count()).select_from(model)
        found = _of_city(found.join(Review, Review.id == model.review_id), city, year)
        told += _rows(session, found.group_by(model.state).order_by(model.state))
    return told


def mending(session: Session, city: str, year: int) -> Rows:
    """(rating, state of its rectification, how many) of the year's reviews."""
    found = sa.select(Rectification.rating, Rectification.state, sa.func.count()).select_from(Rectification)
    found = _of_city(found.join(Review, Review.id == Rectification.review_id), city, year)
    by = (Rectification.rating, Rectification.state)
    return _rows(session, found.group_by(*by).order_by(*by))


def standings(session: Session, city: str) -> Rows:
    """(standing, how many) now."""
    found = sa.select(Standing.state, sa.func.count()).select_from(Standing)
    found = found.join(Specialty, Specialty.id == Standing.specialty_id)
    found = found.join(School, School.id == Specialty.school_id).where(School.city_code == city)
    return _rows(session, found.group_by(Standing.state).order_by(Standing.state))


def approved_plan(session: Session, city: str, year: int) -> int | None:
    """The plan of an academic year that is approved."""
    found = sa.select(EnrolmentPlan.id).where(
        EnrolmentPlan.jurisdiction_code == city, EnrolmentPlan.academic_year == year,
        EnrolmentPlan.state == PlanState.APPROVED.value,
    )  # fmt: skip
    return session.scalar(found)


def city_of(session: Session, county: str) -> str:
    """The city that a county belongs to."""
    return session.scalar(sa.select(Jurisdiction.parent_code).where(Jurisdiction.code == county)) or county


def names_of(session: Session, codes: Collection[str]) -> dict[str, str]:
    """Area → what it is called."""
    found = sa.select(Jurisdiction.code, Jurisdiction.name).where(Jurisdiction.code.in_(codes))
    return {code: name for code, name in session.execute(found)}  # noqa: C416 -- a Row is no tuple to dict()


@dataclass(frozen=True, slots=True)
class Rated:
    """A review confirmed in a round of the year, with its sheet; `code` as its run knew it."""

    review_id: int
    round_id: int
    policy_id: int
    run_id: int
    school_id: int
    code: str
    name: str
    rating: str
    reasons: list[str]
    total: Decimal | None
    indicators: list[dict[str, Any]]


def rated(session: Session, city: str, year: int, school_id: int | None = None) -> list[Rated]:
    """The confirmed reviews of the year's rounds, in order of the codes; of one school where it is named."""
    found = (
        sa.select(
            Review.id, Review.round_id, Round.policy_id, ScoreSheet.run_id, School.id, SpecialtyCode.code,
            Specialty.name, RatingInForce.rating, RatingInForce.reasons, ScoreSheet.total, ScoreSheet.indicators,
        )
        .select_from(Review)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Specialty.id)
        .join(RatingInForce, RatingInForce.review_id == Review.id)
        .join(Decision, Decision.id == Review.decision_id)
        .join(ScoreSheet, ScoreSheet.id == Decision.sheet_id)
        .where(
            Review.state == State.CONFIRMED.value, SpecialtyCode.valid_to.is_(None), RatingInForce.known_to.is_(None)
        )
        .order_by(SpecialtyCode.code, RatingInForce.id)
    )  # fmt: skip
    narrowed = _of_city(found, city, year)
    if school_id is not None:
        narrowed = narrowed.where(School.id == school_id)
    kept = {row[0]: Rated(*plain(row)) for row in session.execute(narrowed)}
    return list(kept.values())


def of_school(session: Session, school_id: int, days: tuple[date, date], known: datetime, year: int) -> Rows:
    """(code, name, level, rating now, rating before, standing, approved quota) of the specialties open at the end."""
    before, after = days
    then, now = aliased(RatingInForce), aliased(RatingInForce)
    quota = (
        sa.select(EnrolmentLine.quota)
        .join(EnrolmentPlan, EnrolmentPlan.id == EnrolmentLine.plan_id)
        .where(EnrolmentLine.specialty_id == Specialty.id, EnrolmentPlan.academic_year == year,
               EnrolmentPlan.state == PlanState.APPROVED.value)
        .limit(1)
        .scalar_subquery()
    )  # fmt: skip
    found = (
        sa.select(SpecialtyCode.code, Specialty.name, Specialty.level, now.rating, then.rating, Standing.state, quota)
        .select_from(Specialty)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Specialty.id)
        .outerjoin(then, _holds(then, before, known))
        .outerjoin(now, _holds(now, after, known))
        .outerjoin(Standing, Standing.specialty_id == Specialty.id)
        .where(Specialty.school_id == school_id, SpecialtyCode.valid_to.is_(None), _open_on(after))
        .order_by(SpecialtyCode.code)
    )
    return _rows(session, found)


def mending_of_school(session: Session, school_id: int) -> Rows:
    """(specialty, rating, state, plan due) of its rectifications."""
    found = (
        sa.select(Specialty.name, Rectification.rating, Rectification.state, Rectification.plan_due)
        .join(Specialty, Specialty.id == Rectification.specialty_id)
        .where(Specialty.school_id == school_id)
        .order_by(Rectification.id)
    )
    return _rows(session, found)


# --- supervision -----------------------------------------------------------------------------------------------------

TOLD = {"review.default": "defaulted", "review.remind": "reminded", "review.extend": "extended"}


def _narrowed(found: sa.Select[*tuple[Any, ...]], city: str, county: str | None) -> sa.Select[*tuple[Any, ...]]:
    found = found.where(School.city_code == city)
    return found if county is None else found.where(School.jurisdiction_code == county, School.run_by != "city")


_WHOSE = Event.facts["whose"].astext
_OF_THE_SCHOOL = (Role.SCHOOL_HEAD.value, Role.SCHOOL_EDITOR.value)


def happened(session: Session, city: str, county: str | None, span: tuple[datetime, datetime]) -> Rows:
    """(kind, what, county, school, how often) of what lateness led to within a span of time.

    Schools, offices, experts and visitors are all reminded of a review: who was not the school is counted apart, by
    what they were reminded of. Reminders that name nobody are older, and were the school's alone.
    """
    begins, ends = span
    is_elses = sa.and_(Event.kind == "review.remind", _WHOSE.not_in(_OF_THE_SCHOOL))
    kind = sa.case((is_elses, "reminded_others"), else_=Event.kind).label("kind")
    what = sa.case((is_elses, Event.facts["what"].astext), else_="").label("what")
    by = (Jurisdiction.name, School.name)
    late = (
        sa.select(sa.literal("escalated"), Escalation.what, *by, sa.func.count(), Jurisdiction.code)
        .select_from(Escalation)
        .outerjoin(Review, Review.id == Escalation.review_id)
        .outerjoin(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == sa.func.coalesce(Escalation.school_id, Specialty.school_id))
        .join(Jurisdiction, Jurisdiction.code == School.jurisdiction_code)
        .where(Escalation.escalated_at >= begins, Escalation.escalated_at < ends)
        .group_by(Escalation.what, *by, Jurisdiction.code)
    )
    acts = (
        sa.select(kind, what, *by, sa.func.count(), Jurisdiction.code)
        .select_from(Review)
        .join(Event, sa.and_(Event.subject_kind == Review.__tablename__, Event.subject_id == Review.id))
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(Jurisdiction, Jurisdiction.code == School.jurisdiction_code)
        .where(Event.kind.in_(list(TOLD)), Event.at >= begins, Event.at < ends)
        .where(
            sa.or_(Event.kind != "review.extend", Event.audience == "school")
        )  # a visitor's days are not the school's
        .group_by(kind, what, *by, Jurisdiction.code)
    )
    rows: Sequence[tuple[Any, ...]] = [
        *_rows(session, _narrowed(late, city, county)), *_rows(session, _narrowed(acts, city, county))
    ]  # fmt: skip
    told = [(TOLD.get(kind, kind), what, area, school, number) for kind, what, area, school, number, _ in rows]
    return sorted(told)


def rounds_going(session: Session, city: str) -> list[int]:
    """The city's rounds in which something can be late."""
    found = (
        sa.select(Round.id)
        .join(Cycle, Cycle.id == Round.cycle_id)
        .where(Cycle.jurisdiction_code == city, Round.state != "planned", stands())
    )
    return list(session.scalars(found.order_by(Round.id)))
