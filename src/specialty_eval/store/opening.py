"""Whether a city has begun here: what an opening balance may still say depends on rounds, runs and plans there are."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.cycle import RoundState

from .cycles import Cycle, Round
from .outcomes import EnrolmentPlan
from .reviews import ScoreRun


@dataclass(frozen=True, slots=True)
class Begun:
    """What a city has here; None where nothing is there yet.

    `first_year`: the earliest year that a round which has begun rates; `scored_at`: the first score run, which looked
    at earlier ratings; `first_plan`: the earliest academic year with a plan, a draft too; `planned_at`: the first plan
    that was handed in.
    """

    first_year: int | None
    scored_at: datetime | None
    first_plan: int | None
    planned_at: datetime | None


def begun(session: Session, city: str) -> Begun:
    """What the city has here."""
    rounds = sa.select(Round.id).join(Cycle, Cycle.id == Round.cycle_id).where(Cycle.jurisdiction_code == city)
    has_run = sa.exists().where(ScoreRun.round_id == Round.id).correlate(Round)
    # A round that was called off before anything was scored has rated nothing.
    is_going = Round.state.not_in([RoundState.PLANNED.value, RoundState.CANCELLED.value])
    year = sa.select(sa.func.min(Round.evidence_year)).where(Round.id.in_(rounds), sa.or_(is_going, has_run))
    run = sa.select(sa.func.min(ScoreRun.made_at)).where(ScoreRun.round_id.in_(rounds))
    plans = EnrolmentPlan.jurisdiction_code == city
    plan = sa.select(sa.func.min(EnrolmentPlan.academic_year)).where(plans)
    settled = sa.select(sa.func.min(EnrolmentPlan.drafted_at)).where(plans, EnrolmentPlan.submitted_by.is_not(None))
    return Begun(session.scalar(year), session.scalar(run), session.scalar(plan), session.scalar(settled))
