"""What of a round is late, of everybody, in one query; and the escalations on record."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from specialty_eval.engine.assignment import AssignmentState
from specialty_eval.engine.cases import APPEAL_ENDED, ChallengeState, ObjectionState
from specialty_eval.engine.overdue import Awaited
from specialty_eval.engine.rectification import RectificationState
from specialty_eval.engine.review import WITH_THE_COUNTY, State
from specialty_eval.engine.site_visits import OPEN_IN

from .applications import Application
from .base import Base
from .closings import ClosingAppeal, ClosingProposal
from .cycles import Round
from .deliberation import Decision, ExpertAssignment
from .outcomes import Appeal, Objection, RatingInForce, Rectification
from .overdue import Escalation
from .registry import Jurisdiction, School, Specialty, SpecialtyCode
from .registry_queries import numbered
from .reviews import Challenge, Review
from .site_visits import SiteVisitor, SiteVisitReport

SUBJECTS: Mapping[Awaited, type[Base]] = {
    Awaited.PANEL_SCORE: ExpertAssignment,
    Awaited.CHALLENGE_ANSWER: Challenge,
    Awaited.ADMISSIBILITY: Objection,
    Awaited.OBJECTION_ANSWER: Objection,
    Awaited.APPEAL_ANSWER: Appeal,
    Awaited.RECTIFICATION_ANSWER: Rectification,
    Awaited.RECHECK: Rectification,
    Awaited.CLOSING_DECISION: ClosingProposal,
    Awaited.CLOSING: ClosingProposal,
    Awaited.CLOSING_APPEAL_ANSWER: ClosingAppeal,
    Awaited.APPLICATION_CHECK: Application,
    Awaited.APPLICATION_DECISION: Application,
    Awaited.MENDING: Specialty,
}
"""What is owed on something else than the review itself."""


def kind_of(what: Awaited) -> str:
    """The event that says that it is late."""
    model = SUBJECTS.get(what, Review)
    return f"{'closing' if model is ClosingProposal else model.__tablename__}.escalate"


@dataclass(frozen=True, slots=True)
class Owed:
    """One thing that is late; `at` is its due time, or, where days are counted from an act, when that was.

    What is owed in no round has a school instead of a review, and a specialty where there is one already.
    """

    what: Awaited
    subject_id: int
    review_id: int | None
    at: datetime
    specialty_id: int | None
    code: str
    specialty: str
    school: str
    county: str
    school_id: int | None = None


@dataclass(frozen=True, slots=True)
class Since:
    """Acts before these instants have had the policy's days: the bureau's check, the scoring, the decision, …"""

    now: datetime
    verify: datetime
    panel: datetime
    deliberate: datetime
    preview: datetime
    unvisited: Collection[int] = ()
    """The reviews of the round of which a visit is asked that nobody is named for."""
    unmended: Collection[int] = ()
    """The specialties whose rating in force, of the round, asks them to mend, and that nobody asks to."""


def late(round_id: int, since: Since) -> tuple[sa.Select[*tuple[Any, ...]], sa.Subquery]:
    """The query behind `Owed`, to be narrowed, ordered by (what, subject) and cut by the caller; and its inner part."""
    parts = (*_of_reviews(since), *_of_phases(since), *_of_cases(since))
    owed = sa.union_all(*(part.where(Review.round_id == round_id) for part in parts)).subquery("owed")
    found = (
        sa.select(
            owed.c.what, owed.c.subject_id, owed.c.review_id, owed.c.at, Specialty.id, SpecialtyCode.code,
            Specialty.name, School.name, School.jurisdiction_code,
        )
        .select_from(owed)
        .join(Review, Review.id == owed.c.review_id)
        .join(Specialty, Specialty.id == owed.c.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, sa.and_(SpecialtyCode.specialty_id == Specialty.id, SpecialtyCode.valid_to.is_(None)))
    )  # fmt: skip
    return found, owed


def owed_of(row: Sequence[Any]) -> Owed:
    """A row of `late`."""
    what, *rest = row
    return Owed(Awaited(what), *rest)


Part = sa.Select[*tuple[Any, ...]]
"""What is owed of one kind; it reads Review, so that each is narrowed to the round by itself."""


def _part(what: Awaited, subject: Any, review: Any, at: Any, specialty: Any = Review.specialty_id) -> Part:
    """`specialty`: whose it is, where a succession brought the review's rating to another."""
    return sa.select(
        sa.literal(what.value, sa.Text()).label("what"),
        subject.label("subject_id"),
        review.label("review_id"),
        at.label("at"),
        specialty.label("specialty_id"),
    )


def _of_reviews(since: Since) -> list[Part]:
    """What has its own due time on the review."""
    waiting = [state.value for state in WITH_THE_COUNTY]
    return [
        _part(what, Review.id, Review.id, due).where(state, due <= since.now)
        for what, due, state in (
            (Awaited.EVIDENCE, Review.due, Review.state == State.OPEN.value),
            (Awaited.CORRECTION, Review.correction_due, Review.state == State.RETURNED.value),
            (Awaited.COUNTY_CHECK, Review.county_due, sa.and_(Review.state.in_(waiting), ~Review.taken_over)),
            (Awaited.SITE_VISIT, visit_due(), visit_waits()),
            (Awaited.VISITORS, Review.challenge_due, numbered(Review.id, since.unvisited)),
        )
    ]


def recheck_begins() -> sa.ColumnElement[datetime]:
    """Of a rectification that is rechecked: since when the bureau has its days, not before the school's are over."""
    day = sa.func.timezone("Asia/Shanghai", sa.cast(Rectification.recheck_from, sa.DateTime(timezone=False)))
    return sa.func.greatest(Rectification.updated_at, day, type_=Rectification.updated_at.type)


def visit_due() -> sa.ScalarSelect[datetime]:
    """Of a review: until when whoever is named to visit its school has to report, the last of them."""
    named = sa.select(sa.func.max(SiteVisitor.due)).where(
        SiteVisitor.review_id == Review.id, SiteVisitor.withdrawn_at.is_(None)
    )
    return named.correlate(Review).scalar_subquery()


def visit_waits() -> sa.ColumnElement[bool]:
    """Of a review: a visit can be reported, and none is."""
    reported = sa.exists().where(SiteVisitReport.review_id == Review.id).correlate(Review)
    return sa.and_(Review.state.in_([state.value for state in sorted(OPEN_IN)]), ~reported)


def _of_phases(since: Since) -> list[Part]:
    """What a phase's due time asks for; what came after it has the phase's days anew, from when it came."""
    with_bureau = sa.or_(
        Review.state == State.CHECKED.value,
        sa.and_(Review.state.in_([state.value for state in WITH_THE_COUNTY]), Review.county_due.is_(None)),
    )
    challenged = sa.exists().where(Challenge.review_id == Review.id, Challenge.state == ChallengeState.OPEN.value)
    to_decide = sa.and_(
        Review.state == State.SCORED.value, Review.challenge_due <= since.now, ~challenged.correlate(Review)
    )
    return [
        _part(what, Review.id, Review.id, sa.case((Review.updated_at <= due, due), else_=Review.updated_at))
        .join(Round, Round.id == Review.round_id)
        .where(state, due <= since.now, sa.or_(Review.updated_at <= due, Review.updated_at < before))
        for what, due, before, state in (
            (Awaited.VERIFICATION, Round.verifying_due, since.verify, with_bureau),
            (Awaited.SCORE_RUN, Round.scoring_due, since.panel, Review.state == State.VERIFIED.value),
            (Awaited.DECISION, Round.deliberating_due, since.deliberate, to_decide),
        )
    ]


def _of_cases(since: Since) -> list[Part]:
    asked = (AssignmentState.INVITED.value, AssignmentState.ACCEPTED.value)
    unscored = [s.value for s in (*WITH_THE_COUNTY, State.CHECKED, State.VERIFIED)]
    unheard = (ObjectionState.RECEIVED.value, ObjectionState.CONTACT_CONFIRMED.value)
    closed = [state.value for state in APPEAL_ENDED]
    now = since.now
    return [
        _part(Awaited.PANEL_SCORE, ExpertAssignment.id, Review.id, ExpertAssignment.due)
        .join(Review, Review.id == ExpertAssignment.review_id)
        .where(ExpertAssignment.state.in_(asked), Review.state.in_(unscored), ExpertAssignment.due <= now),
        _part(Awaited.CHALLENGE_ANSWER, Challenge.id, Challenge.review_id, Challenge.answer_due)
        .join(Review, Review.id == Challenge.review_id)
        .where(Challenge.state == ChallengeState.OPEN.value, Challenge.answer_due <= now),
        _part(Awaited.PREVIEW, Review.id, Review.id, Decision.decided_at)
        .join(Decision, Decision.id == Review.decision_id)
        .where(Review.state == State.DECIDED.value, Decision.decided_at < since.preview),
        _part(Awaited.ADMISSIBILITY, Objection.id, Objection.review_id, Objection.admissibility_due)
        .join(Review, Review.id == Objection.review_id)
        .where(Objection.state.in_(unheard), Objection.admissibility_due <= now),
        _part(Awaited.OBJECTION_ANSWER, Objection.id, Objection.review_id, Objection.answer_due)
        .join(Review, Review.id == Objection.review_id)
        .where(Objection.state == ObjectionState.ADMITTED.value, Objection.answer_due <= now),
        _part(Awaited.APPEAL_ANSWER, Appeal.id, Appeal.review_id, Appeal.answer_due)
        .join(Review, Review.id == Appeal.review_id)
        .where(Appeal.state.not_in(closed), Appeal.answer_due <= now),
        _part(Awaited.RECTIFICATION_ANSWER, Rectification.id, Rectification.review_id, Rectification.updated_at,
              Rectification.specialty_id)
        .join(Review, Review.id == Rectification.review_id)
        .where(Rectification.state == RectificationState.PLANNED.value, Rectification.updated_at < since.verify),
        _part(Awaited.RECHECK, Rectification.id, Rectification.review_id, recheck_begins(),
              Rectification.specialty_id)
        .join(Review, Review.id == Rectification.review_id)
        .where(Rectification.state == RectificationState.RECHECK.value, recheck_begins() < since.verify),
        _part(Awaited.MENDING, RatingInForce.specialty_id, Review.id, RatingInForce.known_from,
              RatingInForce.specialty_id)
        .join(Review, Review.id == RatingInForce.review_id)
        .where(numbered(RatingInForce.specialty_id, since.unmended), RatingInForce.known_to.is_(None),
               RatingInForce.valid_to.is_(None)),
    ]  # fmt: skip


def of_city(session: Session, counties: Collection[str], city: str) -> bool:
    """Whether one of these counties belongs to the city."""
    found = sa.select(Jurisdiction.code).where(Jurisdiction.code.in_(counties), Jurisdiction.parent_code == city)
    return session.scalar(found.limit(1)) is not None


def escalated(session: Session, reviews: Collection[int]) -> dict[tuple[str, int, datetime], datetime]:
    """(what, subject, due) → when it was escalated, of these reviews."""
    found = sa.select(Escalation.what, Escalation.subject_id, Escalation.due, Escalation.escalated_at)
    rows = session.execute(found.where(Escalation.review_id.in_(reviews)))
    return {(what, subject, due): at for what, subject, due, at in rows}


def escalate(session: Session, late: Collection[tuple[Owed, datetime]], now: datetime) -> set[tuple[str, int]]:
    """Put what is late, each with its due time, on record; (what, subject) of those that were not."""
    if not late:
        return set()
    columns = {
        "what": ([owed.what.value for owed, _ in late], sa.Text()),
        "subject_id": ([owed.subject_id for owed, _ in late], sa.BigInteger()),
        "review_id": ([owed.review_id for owed, _ in late], sa.BigInteger()),
        "school_id": ([owed.school_id for owed, _ in late], sa.BigInteger()),
        "due": ([due for _, due in late], Escalation.due.type),
    }
    laid_out = sa.select(
        *(sa.func.unnest(sa.literal(values, ARRAY(kind))).label(name) for name, (values, kind) in columns.items())
    ).subquery()
    rows = sa.select(*laid_out.c, sa.literal(now, Escalation.escalated_at.type))
    new = insert(Escalation).from_select([*columns, "escalated_at"], rows).on_conflict_do_nothing()
    return {(what, key) for what, key in session.execute(new.returning(Escalation.what, Escalation.subject_id))}
