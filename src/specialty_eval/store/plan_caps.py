"""What a plan is bounded by beside the city's total: the places of one county's, or one school's, specialties."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from .base import Base, one_of
from .outcomes import EnrolmentLine, EnrolmentPlan
from .plan_carried import number_before
from .registry import School, Specialty

KINDS = ("county", "school")


class EnrolmentCap(Base):
    """How many places a plan may give one county's or one school's specialties together."""

    __tablename__ = "enrolment_cap"
    __table_args__ = (one_of("kind", KINDS), sa.CheckConstraint("students >= 0", name="students_not_negative"))

    plan_id: Mapped[int] = mapped_column(sa.ForeignKey("enrolment_plan.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    students: Mapped[int] = mapped_column(sa.Integer)


Caps = Mapping[tuple[str, str], int]
"""(kind, code) → at most so many."""


def caps_of(session: Session, plan_id: int) -> dict[tuple[str, str], int]:
    """What a plan is bounded by beside the city's total."""
    found = sa.select(EnrolmentCap.kind, EnrolmentCap.code, EnrolmentCap.students).where(
        EnrolmentCap.plan_id == plan_id
    )
    return {(kind, code): students for kind, code, students in session.execute(found)}


def set_caps(session: Session, plan_id: int, caps: Caps) -> None:
    """These, and no others."""
    session.execute(sa.delete(EnrolmentCap).where(EnrolmentCap.plan_id == plan_id))
    session.add_all(
        EnrolmentCap(plan_id=plan_id, kind=kind, code=code, students=students)
        for (kind, code), students in caps.items()
    )
    session.flush()


def caps_before(session: Session, plan: EnrolmentPlan) -> dict[tuple[str, str], int]:
    """Those of the plan before it of the same year."""
    key = number_before(session, plan)
    return {} if key is None else caps_of(session, key)


def unknown_places(session: Session, city: str, caps: Caps) -> list[tuple[str, str]]:
    """Those of the caps that are of no county or school with a school in the city."""
    schools = sa.select(School.jurisdiction_code, School.code).where(School.city_code == city)
    known = {place for county, code in session.execute(schools) for place in (("county", county), ("school", code))}
    return sorted(set(caps) - known)


def planned_with(session: Session, plan_id: int, specialty_id: int) -> dict[tuple[str, str], int]:
    """Of the county and of the school of a specialty: what the plan gives all of its specialties together."""
    own = sa.orm.aliased(School)
    mine = (
        sa.select(own.jurisdiction_code, own.code, own.id)
        .join(Specialty, Specialty.school_id == own.id)
        .where(Specialty.id == specialty_id)
    )
    county, code, school = session.execute(mine).one()
    sums = (
        sa.select(
            sa.func.coalesce(sa.func.sum(EnrolmentLine.quota).filter(School.jurisdiction_code == county), 0),
            sa.func.coalesce(sa.func.sum(EnrolmentLine.quota).filter(School.id == school), 0),
        )
        .select_from(EnrolmentLine)
        .join(Specialty, Specialty.id == EnrolmentLine.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(EnrolmentLine.plan_id == plan_id)
    )
    of_county, of_school = session.execute(sums).one()
    return {("county", county): int(of_county), ("school", code): int(of_school)}
