"""What a planner adjusted in the plan before of the same year, and whether a newer one has it too."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from .outcomes import EnrolmentLine, EnrolmentPlan
from .registry import SpecialtyCode

GROUND = ("computed", "base", "capacity", "standing", "rule", "cause", "step")
"""An adjustment is of a line with these: where one is another now, the planner decides anew."""
_OLD, _NEW = aliased(EnrolmentLine, name="before"), EnrolmentLine


def number_before(session: Session, plan: EnrolmentPlan) -> int | None:
    """The plan before it of the same year, by its id."""
    older = sa.select(EnrolmentPlan.id).where(
        EnrolmentPlan.jurisdiction_code == plan.jurisdiction_code,
        EnrolmentPlan.academic_year == plan.academic_year,
        EnrolmentPlan.number < plan.number,
    )
    return session.scalar(older.order_by(EnrolmentPlan.number.desc()).limit(1))


def _same_ground() -> sa.ColumnElement[bool]:
    return sa.and_(*(getattr(_NEW, name).is_not_distinct_from(getattr(_OLD, name)) for name in GROUND))


def carry(session: Session, plan: EnrolmentPlan) -> int:
    """Adjust a new plan's lines as those before of the same ground were, with their reasons; how many."""
    before = number_before(session, plan)
    same = sa.and_(_OLD.plan_id == before, _OLD.adjustment_reason != "", _OLD.specialty_id == _NEW.specialty_id)
    adjusted = (
        sa.update(_NEW)
        .where(_NEW.plan_id == plan.id, same, _same_ground())
        .values(quota=_OLD.quota, adjustment_reason=_OLD.adjustment_reason, adjusted_by=_OLD.adjusted_by)
        .returning(_NEW.id)
    )
    return len(session.execute(adjusted, execution_options={"synchronize_session": False}).all())


@dataclass(frozen=True, slots=True)
class NotCarried:
    """An adjustment of the plan before that does not hold for this one: what was given then, from what, and why."""

    code: str
    quota: int
    computed_before: int | None
    computed: int | None
    reason: str


def not_carried(session: Session, plan: EnrolmentPlan) -> list[NotCarried]:
    """The adjustments of the plan before whose line has another ground now, or is gone; by code."""
    before = number_before(session, plan)
    if before is None:
        return []
    found = (
        sa.select(SpecialtyCode.code, _OLD.quota, _OLD.computed, _NEW.computed, _OLD.adjustment_reason)
        .join(SpecialtyCode, sa.and_(SpecialtyCode.specialty_id == _OLD.specialty_id, SpecialtyCode.valid_to.is_(None)))
        .outerjoin(_NEW, sa.and_(_NEW.plan_id == plan.id, _NEW.specialty_id == _OLD.specialty_id))
        .where(_OLD.plan_id == before, _OLD.adjustment_reason != "")
        .where(sa.or_(_NEW.id.is_(None), sa.not_(_same_ground())))
        .order_by(SpecialtyCode.code)
    )
    return [NotCarried(*row) for row in session.execute(found)]
