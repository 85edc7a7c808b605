"""Counts of the cohorts that are taught out, and who is left by the newest."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from .base import Base, identity, reference
from .outcome_queries import among
from .outcomes import EnrolmentLine, EnrolmentPlan, Standing
from .registry import Specialty
from .reviews import Figure
from .status_sets import approved_places


class TeachOutCount(Base):
    """A school's count of a specialty's students, by the year they entered in; every count stays."""

    __tablename__ = "teach_out_count"
    __table_args__ = (sa.UniqueConstraint("specialty_id", "number"),)

    id: Mapped[int] = identity()
    specialty_id: Mapped[int] = reference("specialty.id", index=False)
    number: Mapped[int] = mapped_column(sa.Integer)
    counted_on: Mapped[date]
    reason: Mapped[str] = mapped_column(server_default="")
    reported_at: Mapped[datetime]
    reported_by: Mapped[int | None] = reference("person.id", null=True, index=False)


class TeachOutCohort(Base):
    """Those who entered in one academic year, as counted."""

    __tablename__ = "teach_out_cohort"
    __table_args__ = (sa.CheckConstraint("students >= 0", name="students_not_negative"),)

    count_id: Mapped[int] = mapped_column(sa.ForeignKey("teach_out_count.id"), primary_key=True)
    entry_year: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    students: Mapped[int] = mapped_column(sa.Integer)


def counts_of(session: Session, specialty_id: int) -> list[TeachOutCount]:
    """Every count, the first one first."""
    found = sa.select(TeachOutCount).where(TeachOutCount.specialty_id == specialty_id)
    return list(session.scalars(found.order_by(TeachOutCount.number)))


def cohorts_of(session: Session, counts: Collection[int]) -> dict[int, dict[int, int]]:
    """Count → entry year → students."""
    found = sa.select(TeachOutCohort).where(among(TeachOutCohort.count_id, counts))
    told: dict[int, dict[int, int]] = {key: {} for key in counts}
    for row in session.scalars(found.order_by(TeachOutCohort.count_id, TeachOutCohort.entry_year)):
        told[row.count_id][row.entry_year] = row.students
    return told


def left_in_each() -> sa.FromClause:
    """Of a row of Specialty beside it: (specialty, students) by its newest count."""
    return left().where(TeachOutCount.specialty_id == Specialty.id).correlate(Specialty).lateral("counted")


def left() -> sa.Select[*tuple[Any, ...]]:
    """(specialty, students) by each one's newest count."""
    newer = sa.orm.aliased(TeachOutCount)
    return (
        sa.select(TeachOutCount.specialty_id, sa.func.coalesce(sa.func.sum(TeachOutCohort.students), 0))
        .outerjoin(TeachOutCohort, TeachOutCohort.count_id == TeachOutCount.id)
        .where(
            ~sa.exists().where(
                newer.specialty_id == TeachOutCount.specialty_id, newer.number > TeachOutCount.number
            )
        )
        .group_by(TeachOutCount.specialty_id)
    )  # fmt: skip


def left_of(session: Session, specialty_id: int) -> int:
    """How many students the newest count of a specialty found; 0 where none was made."""
    found = session.execute(left().where(TeachOutCount.specialty_id == specialty_id)).one_or_none()
    return 0 if found is None else int(found[1])


def taught_out(session: Session, specialties: Collection[int]) -> set[int]:
    """The suspended specialties of these that the last student has left, as their schools counted."""
    suspended = sa.select(Standing.specialty_id).where(
        among(Standing.specialty_id, specialties), Standing.state == "suspended"
    )
    found = left().where(TeachOutCount.specialty_id.in_(suspended))
    return {key for key, students in session.execute(found) if not students}


def entered(session: Session, specialty_id: int, years: Collection[int]) -> dict[int, int]:
    """Academic year → how many entered at most, as far as known: its places, or the new students reported if more."""
    places = approved_places(lambda column: column == specialty_id)
    found = dict(session.execute(sa.select(places.c.year, places.c.quota).where(among(places.c.year, years))).all())
    reported = sa.select(Figure.year, Figure.value).where(
        Figure.specialty_id == specialty_id, Figure.measure == "intake", Figure.superseded_at.is_(None),
        among(Figure.year, years), Figure.value.regexp_match("^[0-9]{1,9}$"),
    )  # fmt: skip
    for year, value in session.execute(reported):
        found[year] = max(found.get(year, 0), int(value))
    return found


def stopped_years(session: Session, specialty_id: int) -> frozenset[int]:
    """The academic years whose approved plan gives the specialty no place."""
    found = (
        sa.select(EnrolmentPlan.academic_year)
        .join(EnrolmentLine, EnrolmentLine.plan_id == EnrolmentPlan.id)
        .where(
            EnrolmentLine.specialty_id == specialty_id,
            EnrolmentLine.quota == 0,
            EnrolmentPlan.state == "approved",
        )
    )
    return frozenset(session.scalars(found))
