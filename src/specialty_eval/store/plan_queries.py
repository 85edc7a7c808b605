"""Questions about enrolment plans: lines, totals, and the lock that lets a year's plans follow each other."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.enrolment import PlanLine
from specialty_eval.engine.plan import PlanState
from specialty_eval.engine.standing import STOPPED

from .outcome_queries import among
from .outcomes import EnrolmentLine, EnrolmentPlan
from .registry import School, Specialty, SpecialtyCode
from .reviews import Figure

TOTALS_BY: Mapping[str, Any] = {
    "county": School.jurisdiction_code,
    "level": Specialty.level,
    "class": Specialty.class_name,
    "school_kind": School.kind,
}
"""What a plan's totals are told by."""


def one_at_a_time(session: Session, city: str, year: int) -> None:
    """Wait until nobody else drafts or approves a plan of this city and year; held to the end of the transaction."""
    name = f"enrolment-plan {city} {year}"
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))


def newest_number(session: Session, city: str, year: int) -> int:
    """The number of the newest plan of the year, 0 when there is none."""
    found = sa.select(sa.func.max(EnrolmentPlan.number)).where(
        EnrolmentPlan.jurisdiction_code == city, EnrolmentPlan.academic_year == year
    )
    return session.scalar(found) or 0


def others_going(session: Session, plan: EnrolmentPlan, *, newer: bool) -> list[int]:
    """The other plans of the same year that are not superseded, older or newer than this one, in order of id."""
    later = EnrolmentPlan.number > plan.number if newer else EnrolmentPlan.number < plan.number
    found = sa.select(EnrolmentPlan.id).where(
        EnrolmentPlan.jurisdiction_code == plan.jurisdiction_code,
        EnrolmentPlan.academic_year == plan.academic_year,
        EnrolmentPlan.state != PlanState.SUPERSEDED.value,
        later,
    )
    return list(session.scalars(found.order_by(EnrolmentPlan.id)))


def lines_to_check(session: Session, plan_id: int) -> list[PlanLine]:
    """Every line as the engine checks it, by code."""
    found = (
        sa.select(
            SpecialtyCode.code, EnrolmentLine.quota, EnrolmentLine.computed, EnrolmentLine.capacity,
            EnrolmentLine.adjustment_reason, School.jurisdiction_code, School.code,
            EnrolmentLine.standing.in_([state.value for state in STOPPED]),
        )
        .join(SpecialtyCode, SpecialtyCode.specialty_id == EnrolmentLine.specialty_id)
        .join(Specialty, Specialty.id == EnrolmentLine.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(EnrolmentLine.plan_id == plan_id, SpecialtyCode.valid_to.is_(None))
        .order_by(SpecialtyCode.code)
    )  # fmt: skip
    return [PlanLine(*row) for row in session.execute(found)]


def computed(session: Session, plan_id: int) -> dict[int, tuple[int | None, int | None]]:
    """Specialty → (what the policy gave, the capacity on record) when the plan was drafted."""
    found = sa.select(EnrolmentLine.specialty_id, EnrolmentLine.computed, EnrolmentLine.capacity).where(
        EnrolmentLine.plan_id == plan_id
    )
    return {key: (quota, capacity) for key, quota, capacity in session.execute(found)}


def codes_of(session: Session, specialties: Collection[int]) -> list[str]:
    """The present codes of these specialties, in their order."""
    found = sa.select(SpecialtyCode.code).where(
        among(SpecialtyCode.specialty_id, specialties), SpecialtyCode.valid_to.is_(None)
    )
    return list(session.scalars(found.order_by(SpecialtyCode.code)))


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line with the names people know its specialty by."""

    code: str
    specialty: str
    school: str
    county: str
    level: str
    class_name: str
    school_kind: str
    before: int | None
    base: int | None
    computed: int | None
    quota: int
    capacity: int | None
    limited: bool
    standing: str
    rule: str
    cause: str
    step: int
    adjustment_reason: str


def lines(plan_id: int) -> sa.Select[*tuple[Any, ...]]:
    """The query behind `LineRow`; to be ordered by code and cut by the caller."""
    return (
        sa.select(
            SpecialtyCode.code, Specialty.name, School.name, School.jurisdiction_code, Specialty.level,
            Specialty.class_name, School.kind, EnrolmentLine.before, EnrolmentLine.base, EnrolmentLine.computed,
            EnrolmentLine.quota, EnrolmentLine.capacity, EnrolmentLine.limited, EnrolmentLine.standing,
            EnrolmentLine.rule, EnrolmentLine.cause, EnrolmentLine.step, EnrolmentLine.adjustment_reason,
        )
        .join(Specialty, Specialty.id == EnrolmentLine.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Specialty.id)
        .where(EnrolmentLine.plan_id == plan_id, SpecialtyCode.valid_to.is_(None))
    )  # fmt: skip


def sum_of(session: Session, plan_id: int) -> int:
    """All quotas of a plan together."""
    found = sa.select(sa.func.coalesce(sa.func.sum(EnrolmentLine.quota), 0)).where(EnrolmentLine.plan_id == plan_id)
    return int(session.scalar(found) or 0)


def totals(session: Session, plan_id: int) -> dict[str, Any]:
    """Lines, students before and planned: of all, and by county, level, class and school kind; one statement."""
    by = list(TOTALS_BY.values())
    found = (
        sa.select(
            sa.func.grouping(*by), *by, sa.func.count(), sa.func.coalesce(sa.func.sum(EnrolmentLine.before), 0),
            sa.func.coalesce(sa.func.sum(EnrolmentLine.quota), 0),
        )
        .select_from(EnrolmentLine)
        .join(Specialty, Specialty.id == EnrolmentLine.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(EnrolmentLine.plan_id == plan_id)
        .group_by(sa.func.grouping_sets(*(sa.tuple_(column) for column in by), sa.tuple_()))
        .order_by(*by)
    )  # fmt: skip
    told: dict[str, Any] = {"all": {"lines": 0, "before": 0, "quota": 0}, **{name: {} for name in TOTALS_BY}}
    for left_out, *keys, number, before, quota in session.execute(found):
        sums = {"lines": number, "before": int(before), "quota": int(quota)}
        # A bit is set for each column that a grouping set leaves out, the first column's highest.
        place = next((i for i in range(len(by)) if not left_out >> (len(by) - 1 - i) & 1), None)
        if place is None:
            told["all"] = sums
        else:
            told[list(TOTALS_BY)[place]][keys[place]] = sums
    return told


BREACH_CODE = SpecialtyCode.code
"""What the list of breaches is ordered by."""


def breaches(plan: EnrolmentPlan) -> sa.Select[*tuple[Any, ...]]:
    """(code, school, county, quota, intake) of each line whose specialty reported more new students than it has."""
    intake = sa.cast(Figure.value, sa.Numeric())
    # The text is a number before it is compared as one: CASE is evaluated in its order.
    above = sa.case((Figure.value.regexp_match(r"^[0-9]{1,9}(\.[0-9]+)?$"), intake > EnrolmentLine.quota), else_=False)
    return (
        sa.select(SpecialtyCode.code, School.name, School.jurisdiction_code, EnrolmentLine.quota, intake)
        .select_from(EnrolmentLine)
        .join(
            Figure,
            sa.and_(
                Figure.specialty_id == EnrolmentLine.specialty_id,
                Figure.year == plan.academic_year,
                Figure.measure == "intake",
                Figure.superseded_at.is_(None),
            ),
        )
        .join(Specialty, Specialty.id == EnrolmentLine.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Specialty.id)
        .where(EnrolmentLine.plan_id == plan.id, SpecialtyCode.valid_to.is_(None), above)
    )
