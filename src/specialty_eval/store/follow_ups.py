"""What followed from a rating that an appeal or a correction overturned: later ratings that looked at it, quotas."""

from collections.abc import Collection, Iterator
from datetime import tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.enrolment import acts_from
from specialty_eval.engine.review import UNENDED

from . import designation_queries
from .corrections import Correction
from .cycles import Round, policy_of
from .outcomes import Appeal, EnrolmentLine, EnrolmentPlan, RatingInForce
from .reviews import Review
from .sheet_basis import asks_for_earlier, codes_looking_back


def found(session: Session, overturned: Review, zone: tzinfo) -> list[dict[str, Any]]:
    """What rests on a confirmed review's rating, each without a decision: later ratings, reviews that a run has scored
    and that have not ended, approved quotas, designations that were withdrawn.
    """
    return [
        *_ratings(session, overturned),
        *_going(session, overturned),
        *_quotas(session, overturned, zone),
        *_designations(session, overturned),
    ]


def _ratings(session: Session, overturned: Review) -> Iterator[dict[str, Any]]:
    year = sa.select(Round.evidence_year).where(Round.id == overturned.round_id).scalar_subquery()
    later = (
        sa.select(
            RatingInForce.review_id, RatingInForce.year, RatingInForce.rating, RatingInForce.reasons, Round.policy_id
        )
        .join(Review, Review.id == RatingInForce.review_id)
        .join(Round, Round.id == Review.round_id)
        .where(
            RatingInForce.specialty_id == overturned.specialty_id,
            RatingInForce.known_to.is_(None),
            RatingInForce.year > year,
        )
        .order_by(RatingInForce.year)
    )
    for review_id, scored, rating, reasons, policy_id in session.execute(later):
        codes = sorted(codes_looking_back(policy_of(session, policy_id)) & set(reasons))
        if codes:
            yield {"key": f"rating:{review_id}", "kind": "rating", "review_id": review_id, "year": scored,
                   "rating": rating, "codes": codes, "decision": None, "reason": ""}  # fmt: skip


def _going(session: Session, overturned: Review) -> Iterator[dict[str, Any]]:
    """Scored with the old rating among the earlier ones; what was computed stays out, its school may not know it."""
    year = sa.select(Round.evidence_year).where(Round.id == overturned.round_id).scalar_subquery()
    later = (
        sa.select(Review.id, Round.evidence_year, Round.policy_id)
        .join(Round, Round.id == Review.round_id)
        .where(
            Review.specialty_id == overturned.specialty_id,
            Review.sheet_id.is_not(None),
            Review.state.in_([state.value for state in UNENDED]),
            Round.evidence_year > year,
        )
        .order_by(Review.turn)
    )
    for review_id, scored, policy_id in session.execute(later):
        if asks_for_earlier(policy_of(session, policy_id)):
            yield {"key": f"review:{review_id}", "kind": "review", "review_id": review_id, "year": scored,
                   "decision": None, "reason": ""}  # fmt: skip


def _quotas(session: Session, overturned: Review, zone: tzinfo) -> Iterator[dict[str, Any]]:
    policy = policy_of(session, session.get_one(Round, overturned.round_id).policy_id)
    if policy.enrolment is None or overturned.confirmed_at is None:
        return
    first = acts_from(policy.enrolment, overturned.confirmed_at.astimezone(zone).date())
    lines = (
        sa.select(EnrolmentLine.id, EnrolmentPlan.academic_year, EnrolmentLine.quota, EnrolmentLine.rule)
        .join(EnrolmentPlan, EnrolmentPlan.id == EnrolmentLine.plan_id)
        .where(
            EnrolmentLine.specialty_id == overturned.specialty_id,
            EnrolmentPlan.academic_year >= first,
            EnrolmentPlan.drafted_at >= overturned.confirmed_at,
            EnrolmentPlan.approved_at.is_not(None),
        )
        .order_by(EnrolmentPlan.academic_year, EnrolmentPlan.number)
    )
    for line_id, year, quota, rule in session.execute(lines):
        yield {"key": f"quota:{line_id}", "kind": "quota", "line_id": line_id, "academic_year": year, "quota": quota,
               "rule": rule, "decision": None, "reason": ""}  # fmt: skip


def _designations(session: Session, overturned: Review) -> Iterator[dict[str, Any]]:
    """Withdrawn since the rating took green away. One that is still under review comes back by itself."""
    for row in designation_queries.withdrawn_for(session, overturned.id):
        yield {"key": f"designation:{row.id}", "kind": "designation", "designation_id": row.id,
               "designation": row.kind, "decision": None, "reason": ""}  # fmt: skip


def refresh(session: Session, confirmed: Collection[int], zone: tzinfo) -> dict[Appeal | Correction, int]:
    """Once the new reviews of upheld appeals and of corrections are confirmed: list what followed from the old ratings.

    Case → how many. A rating that was confirmed again, with the same reasons, leaves nothing to decide.
    """
    if not confirmed:
        return {}
    appeals = sa.select(Appeal).where(Appeal.new_review_id.in_(confirmed)).order_by(Appeal.id)
    corrections = sa.select(Correction).where(Correction.new_review_id.in_(confirmed)).order_by(Correction.id)
    listed: dict[Appeal | Correction, int] = {}
    for case in (*session.scalars(appeals), *session.scalars(corrections)):
        overturned = session.get_one(Review, case.review_id)
        case.follow_ups = found(session, overturned, zone) if _differs(session, case) else []
        listed[case] = len(case.follow_ups)
    return listed


def _differs(session: Session, case: Appeal | Correction) -> bool:
    both = (
        sa.select(Review.decided_rating, RatingInForce.reasons)
        .outerjoin(RatingInForce, RatingInForce.review_id == Review.id)
        .where(Review.id.in_([case.review_id, case.new_review_id]))
    )
    return len({(rating, tuple(reasons or ())) for rating, reasons in session.execute(both)}) != 1
