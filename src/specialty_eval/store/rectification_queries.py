"""Questions about rectifications and proposals to close: milestones, rules, what is due, who still teaches."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from specialty_eval.engine.cases import APPEAL_ENDED
from specialty_eval.engine.consequences import Enrolment, RectificationRules
from specialty_eval.engine.enrolment import Rated, consequence
from specialty_eval.engine.plan import PlanState
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.rectification import RECTIFICATION_ENDED, RectificationState
from specialty_eval.engine.review import ENDED
from specialty_eval.engine.standing import StandingState
from specialty_eval.engine.vocabulary import Rating

from .contested import is_going
from .cycles import policy_of, round_of
from .outcome_queries import going_appeals
from .outcomes import (
    Appeal,
    EnrolmentLine,
    EnrolmentPlan,
    RatingInForce,
    Rectification,
    RectificationMilestone,
    Standing,
)
from .rectification_words import RectificationPlan, RectificationProof
from .registry import School, Specialty, SpecialtyCode
from .registry_queries import numbered
from .reviews import Attachment, Review


@dataclass(frozen=True, slots=True)
class Ground:
    """What a rectification rests on: its round's policy, the consequences it gives, and its own part of them."""

    policy: Policy
    enrolment: Enrolment
    rules: RectificationRules


def ground_of(session: Session, row: Rectification) -> Ground:
    """The policy that asked for this rectification, and how it goes; a flag's own rules where a flag asked."""
    return grounds_of(session, [row])[row.id]


def grounds_of(session: Session, rows: Collection[Rectification]) -> dict[int, Ground]:
    """Rectification → its ground, found in one statement."""
    session.flush()
    first = (
        sa.select(RatingInForce.reasons)
        .where(RatingInForce.review_id == Review.id)
        .order_by(RatingInForce.id)
        .limit(1)
        .scalar_subquery()
    )
    found = sa.select(Review.id, Review.round_id, first).where(numbered(Review.id, [row.review_id for row in rows]))
    rests_on = {review: (made, reasons) for review, made, reasons in session.execute(found)}
    return {row.id: _ground(session, row, *rests_on[row.review_id]) for row in rows}


def _ground(session: Session, row: Rectification, round_id: int, reasons: Sequence[str] | None) -> Ground:
    policy, rules = (
        policy_of(session, round_of(session, round_id).policy_id),
        _rules(session, round_id, row.rating, reasons),
    )
    if policy.enrolment is None or rules is None:
        raise ValueError("a rectification is due because a policy says so")
    return Ground(policy, policy.enrolment, rules)


def milestones_of(session: Session, rectification_id: int) -> Sequence[RectificationMilestone]:
    """What the school promised, in its order."""
    return milestones(session, [rectification_id])[rectification_id]


def milestones(session: Session, ids: Collection[int]) -> dict[int, list[RectificationMilestone]]:
    """Rectification → what the school promised, in its order, found in one statement."""
    found = sa.select(RectificationMilestone).where(numbered(RectificationMilestone.rectification_id, ids))
    promised: dict[int, list[RectificationMilestone]] = {key: [] for key in ids}
    for milestone in session.scalars(found.order_by(RectificationMilestone.id)):
        promised[milestone.rectification_id].append(milestone)
    return promised


def plans_of(session: Session, rectification_id: int) -> Sequence[RectificationPlan]:
    """Every plan that was handed in, the first one first."""
    found = sa.select(RectificationPlan).where(RectificationPlan.rectification_id == rectification_id)
    return session.scalars(found.order_by(RectificationPlan.number)).all()


def proofs_of(session: Session, rectification_id: int) -> Sequence[RectificationProof]:
    """Every report of what was done, milestone by milestone, the first one first."""
    found = sa.select(RectificationProof).where(RectificationProof.rectification_id == rectification_id)
    return session.scalars(found.order_by(RectificationProof.code, RectificationProof.number)).all()


def appeals_closed_at(session: Session, review_id: int) -> datetime | None:
    """When the last appeal against a rating was closed without a new review; None where none was."""
    found = sa.select(sa.func.max(Appeal.updated_at)).where(Appeal.review_id == review_id, _closed_as_it_was())
    return session.scalar(found)


def _closed_as_it_was() -> sa.ColumnElement[bool]:
    return sa.and_(Appeal.state.in_([state.value for state in APPEAL_ENDED]), Appeal.new_review_id.is_(None))


def is_under_appeal(session: Session, review_id: int) -> bool:
    """Whether an appeal against this rating is still going, its new review included."""
    return bool(going_appeals(session, [review_id]))


def going_locked(session: Session, review_id: int) -> Sequence[Rectification]:
    """What this rating asks to be mended, wherever it went over to, while it has not ended; locked, as it is now."""
    ended = [state.value for state in RECTIFICATION_ENDED]
    found = sa.select(Rectification).where(Rectification.review_id == review_id, Rectification.state.not_in(ended))
    found = found.order_by(Rectification.id).with_for_update()
    return session.scalars(found, execution_options={"populate_existing": True}).all()


def after_appeals(session: Session, round_id: int) -> list[tuple[Rectification, datetime]]:
    """What a round's ratings ask to be mended and what waits for a day of its school's, where an appeal was closed
    without a new review and none is going; with when the last one was.
    """
    waits = [RectificationState.DUE.value, RectificationState.IN_PROGRESS.value]
    other = aliased(Appeal)
    found = (
        sa.select(Rectification, sa.func.max(Appeal.updated_at))
        .join(Review, Review.id == Rectification.review_id)
        .join(Appeal, Appeal.review_id == Review.id)
        .where(
            Review.round_id == round_id,
            Rectification.state.in_(waits),
            _closed_as_it_was(),
            ~sa.exists().where(other.review_id == Review.id, is_going(other)).correlate(Review),
        )
        .group_by(Rectification.id)
        .order_by(Rectification.id)
    )
    return [(row, closed) for row, closed in session.execute(found)]


def last_of(session: Session, specialty_id: int, review_id: int) -> Rectification | None:
    """What a rating asked of a specialty last, going or ended; not what lost its ground."""
    found = sa.select(Rectification).where(
        Rectification.specialty_id == specialty_id,
        Rectification.review_id == review_id,
        Rectification.state != RectificationState.SUPERSEDED.value,
    )
    return session.scalar(found.order_by(Rectification.id.desc()).limit(1))


def back_in_force(session: Session, specialties: Collection[int]) -> list[Rectification]:
    """What the ratings in force of these specialties asked for last, where it has lost its ground: to another rating
    that is in force no more. Nothing is asked of what is closed.
    """
    found = (
        sa.select(Rectification)
        .join(RatingInForce, sa.and_(RatingInForce.specialty_id == Rectification.specialty_id,
                                     RatingInForce.review_id == Rectification.review_id,
                                     RatingInForce.rating == Rectification.rating))
        .join(Specialty, Specialty.id == Rectification.specialty_id)
        .where(numbered(Rectification.specialty_id, specialties), RatingInForce.known_to.is_(None),
               RatingInForce.valid_to.is_(None), Specialty.closed_on.is_(None))
        .ext(distinct_on(Rectification.specialty_id))
        .order_by(Rectification.specialty_id, Rectification.id.desc())
    )  # fmt: skip
    lost = RectificationState.SUPERSEDED.value
    return [row for row in session.scalars(found, execution_options={"populate_existing": True}) if row.state == lost]


@dataclass(frozen=True, slots=True)
class Unmended:
    """A specialty whose rating in force asks it to mend, by its policy, and that nobody asks to."""

    specialty_id: int
    review_id: int
    rating: Rating
    since: datetime
    """When the rating was known to be in force there."""
    rules: RectificationRules


def unmended(session: Session, which: sa.ColumnElement[bool]) -> list[Unmended]:
    """Those where this holds (of the Review of the rating, or its Specialty), in order.

    Nothing is asked of what is closed, of a rating from before the system, or where what the rating asks for was
    passed before it came, or passed and the standing restored.
    """
    made = aliased(Rectification)
    restored = sa.exists().where(
        Standing.specialty_id == RatingInForce.specialty_id, Standing.state == StandingState.NORMAL.value
    )
    asks = sa.and_(made.specialty_id == Specialty.id, made.state != RectificationState.SUPERSEDED.value)
    excuses = sa.and_(
        made.state == RectificationState.PASSED.value,
        sa.or_(made.updated_at <= RatingInForce.known_from, restored.correlate(RatingInForce)),
    )
    # Counted for each, by its index: as EXISTS all of the city's would be read at once.
    going = sa.select(sa.func.count()).where(made.review_id == RatingInForce.review_id, sa.or_(asks, excuses))
    found = (
        sa.select(Specialty.id, RatingInForce.review_id, RatingInForce.rating, RatingInForce.known_from,
                  Review.round_id, RatingInForce.reasons)
        .join(RatingInForce, RatingInForce.specialty_id == Specialty.id)
        .join(Review, Review.id == RatingInForce.review_id)
        .where(
            which, Specialty.closed_on.is_(None),
            RatingInForce.known_to.is_(None), RatingInForce.valid_to.is_(None),
            RatingInForce.rating.in_([Rating.YELLOW.value, Rating.RED.value]),
            going.correlate(RatingInForce, Specialty).scalar_subquery() == 0,
        )
        .order_by(Specialty.id)
    )  # fmt: skip
    unasked = []
    for key, review, rating, since, round_id, reasons in session.execute(found):
        rules = _rules(session, round_id, rating, reasons)
        if review is not None and rules is not None:
            unasked.append(Unmended(key, review, Rating(rating), since, rules))
    return unasked


def _rules(session: Session, round_id: int, rating: str, reasons: Sequence[str] | None) -> RectificationRules | None:
    """What the policy of a round asks to be mended of such a rating, if anything."""
    enrolment = policy_of(session, round_of(session, round_id).policy_id).enrolment
    rated = Rated(Rating(rating), date.min, tuple(reasons or ()))
    asked = None if enrolment is None else consequence(enrolment, rated)[1]
    return None if asked is None else asked.rectification


def of_proof(session: Session, review_id: int, attachment_id: int) -> int | None:
    """The specialty whose milestone a file of a review proves, where the rating went over to it from another."""
    found = (
        sa.select(Rectification.specialty_id)
        .join(RectificationProof, RectificationProof.rectification_id == Rectification.id)
        .join(Review, Review.id == Rectification.review_id)
        .where(
            Review.id == review_id,
            RectificationProof.attachment_id == attachment_id,
            Rectification.specialty_id != Review.specialty_id,
        )
    )
    return session.scalar(found.limit(1))


def proves_elsewhere() -> sa.ColumnElement[bool]:
    """Whether an attachment proves what another specialty than its review's mends, as `of_proof` says of one."""
    own = aliased(Review)
    found = (
        sa.select(RectificationProof.id)
        .join(Rectification, Rectification.id == RectificationProof.rectification_id)
        .join(own, own.id == Rectification.review_id)
        .where(
            Rectification.review_id == Attachment.review_id,
            RectificationProof.attachment_id == Attachment.id,
            Rectification.specialty_id != own.specialty_id,
        )
    )
    return found.correlate(Attachment).exists()


def in_state(session: Session, city: str, state: RectificationState, reached: sa.ColumnElement[bool]) -> list[int]:
    """The city's rectifications in a state whose day has come, in order of id."""
    found = (
        sa.select(Rectification.id)
        .join(Specialty, Specialty.id == Rectification.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(School.city_code == city, Rectification.state == state.value, reached)
    )
    return list(session.scalars(found.order_by(Rectification.id)))


def reread(session: Session, ids: Collection[int]) -> Sequence[Rectification]:
    """These rectifications as they are now, in order of id."""
    found = sa.select(Rectification).where(numbered(Rectification.id, ids)).order_by(Rectification.id)
    return session.scalars(found, execution_options={"populate_existing": True}).all()


def listed() -> sa.Select[*tuple[Any, ...]]:
    """(rectification, code, county, school): to be narrowed, ordered and cut by the caller."""
    return (
        sa.select(Rectification, SpecialtyCode.code, School.jurisdiction_code, School.name)
        .join(Specialty, Specialty.id == Rectification.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Specialty.id)
        .where(SpecialtyCode.valid_to.is_(None))
    )


# --- closing ---------------------------------------------------------------------------------------------------------


def standing_locked(session: Session, specialty_id: int) -> Standing | None:
    """A specialty's standing under a lock, as it is now; None before its first year began."""
    found = sa.select(Standing).where(Standing.specialty_id == specialty_id).with_for_update()
    return session.scalars(found, execution_options={"populate_existing": True}).one_or_none()


def places_ahead(session: Session, specialty_id: int, academic_year: int) -> int:
    """The most places an approved plan gives a specialty in an academic year from that one on."""
    found = (
        sa.select(sa.func.max(EnrolmentLine.quota))
        .join(EnrolmentPlan, EnrolmentPlan.id == EnrolmentLine.plan_id)
        .where(
            EnrolmentLine.specialty_id == specialty_id,
            EnrolmentPlan.academic_year >= academic_year,
            EnrolmentPlan.state == PlanState.APPROVED.value,
        )
    )
    return session.scalar(found) or 0


def unended_reviews(session: Session, specialty_id: int) -> list[int]:
    """The specialty's reviews that have not ended, the first made first."""
    ended = [state.value for state in ENDED]
    found = sa.select(Review.id).where(Review.specialty_id == specialty_id, Review.state.not_in(ended))
    return list(session.scalars(found.order_by(Review.turn)))
