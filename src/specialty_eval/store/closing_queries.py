"""Questions about closing on a proposal: its policy and ground, years without intake, appeals, who decided before."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.closing import CLOSING_APPEAL_ENDED, ClosingAppealState
from specialty_eval.engine.decimals import parse
from specialty_eval.engine.plan import PlanState
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.standing import YEAR_BEGINS

from . import appeal_queries
from .accounts import CommitteeMember
from .closings import ClosingAppeal, ClosingAppealPanelist, ClosingProposal
from .contested import is_going
from .cycles import Round, policy_of
from .outcome_queries import among
from .outcomes import Appeal, EnrolmentLine, EnrolmentPlan, RatingInForce, Rectification
from .recorded_votes import on_closings
from .registry import Organisation, School, Specialty, SpecialtyCode
from .reviews import Figure, Review
from .teach_outs import TeachOutCohort, TeachOutCount, left

INTAKE = "intake"
"""The measure by which a policy counts those enrolled."""


def review_of(session: Session, row: ClosingProposal) -> int | None:
    """The review whose rating was to be mended; None where nobody was enrolled."""
    if row.rectification_id is None:
        return None
    return session.scalar(sa.select(Rectification.review_id).where(Rectification.id == row.rectification_id))


def policy(session: Session, row: ClosingProposal) -> Policy:
    """The policy by which closing was proposed."""
    if row.policy_id is not None:
        return policy_of(session, row.policy_id)
    made = session.get_one(Round, session.get_one(Review, review_of(session, row)).round_id)
    return policy_of(session, made.policy_id)


def ground_holds() -> sa.ColumnElement[bool]:
    """Of a proposal to close: its rating is the one in force, or nobody has been enrolled since."""
    rated = _of_each(
        sa.select(Rectification.id)
        .join(RatingInForce, RatingInForce.review_id == Rectification.review_id)
        .where(
            Rectification.id == ClosingProposal.rectification_id,
            RatingInForce.specialty_id == ClosingProposal.specialty_id,
            RatingInForce.valid_to.is_(None),
            RatingInForce.known_to.is_(None),
        )
    )
    enrolled = _of_each(
        sa.select(Figure.id).where(
            Figure.specialty_id == ClosingProposal.specialty_id,
            Figure.measure == INTAKE,
            Figure.superseded_at.is_(None),
            Figure.year > ClosingProposal.through - ClosingProposal.years,
            Figure.value.regexp_match("[1-9]"),
        )
    )
    return sa.or_(rated, sa.and_(ClosingProposal.rectification_id.is_(None), ~enrolled))


def _of_each(found: sa.Select[*tuple[Any, ...]]) -> sa.Exists:
    """Looked for of each proposal by itself: with an offset PostgreSQL does not read all there is for all of them."""
    return found.correlate(ClosingProposal).offset(0).exists()


def is_undecided() -> sa.ColumnElement[bool]:
    """Of a proposal and its specialty: it waits for a decision."""
    return sa.and_(Specialty.closed_on.is_(None), ClosingProposal.decision.is_(None), ground_holds())


def is_to_close() -> sa.ColumnElement[bool]:
    """Of a proposal and its specialty: closing was decided, and its ground still holds."""
    return sa.and_(
        Specialty.closed_on.is_(None), ClosingProposal.decision == sa.literal_column("'close'"), ground_holds()
    )


def is_to_be_carried_out(now: Any) -> sa.ColumnElement[bool]:
    """Of a proposal and its specialty: closing was decided, and nothing stands against it but that nobody does it.

    No appeal is going or was upheld, against it or the rating, nobody is left by the school's last count, and no
    approved plan gives it places in an academic year that is still to begin.
    """
    gone = [ClosingAppealState.INADMISSIBLE.value, ClosingAppealState.REJECTED.value]
    appealed = sa.select(ClosingAppeal.id).where(
        ClosingAppeal.proposal_id == ClosingProposal.id, ClosingAppeal.state.not_in(gone)
    )
    rated = (
        sa.select(Appeal.id)
        .join(Rectification, Rectification.review_id == Appeal.review_id)
        .where(Rectification.id == ClosingProposal.rectification_id, is_going(Appeal))
    )
    students = sa.func.coalesce(sa.func.sum(TeachOutCohort.students), 0)
    taught = left().where(TeachOutCount.specialty_id == ClosingProposal.specialty_id).having(students > 0)
    promised = (
        sa.select(EnrolmentLine.id)
        .join(EnrolmentPlan, EnrolmentPlan.id == EnrolmentLine.plan_id)
        .where(
            EnrolmentLine.specialty_id == ClosingProposal.specialty_id,
            EnrolmentLine.quota > 0,
            EnrolmentPlan.state == PlanState.APPROVED.value,
            _begins(EnrolmentPlan.academic_year) > now,
        )
    )
    held_up = (appealed, rated, taught, promised)
    return sa.and_(is_to_close(), *(~_of_each(found) for found in held_up))


def _begins(academic_year: Any) -> Any:
    """When an academic year begins, as a column."""
    midnight = sa.cast(sa.func.make_date(academic_year, *YEAR_BEGINS), sa.DateTime(timezone=False))
    return sa.func.timezone("Asia/Shanghai", midnight, type_=ClosingProposal.proposed_at.type)


def proposal_of(session: Session, specialty_id: int) -> ClosingProposal | None:
    """The newest proposal to close a specialty whose ground still holds."""
    found = sa.select(ClosingProposal).where(ClosingProposal.specialty_id == specialty_id, ground_holds())
    return session.scalar(found.order_by(ClosingProposal.id.desc()).limit(1))


# --- years without intake --------------------------------------------------------------------------------------------


def intakes(session: Session, specialties: Collection[int], since: int) -> dict[int, Mapping[int, Decimal]]:
    """Specialty → year → how many were enrolled, of the years from then on that were reported."""
    found = sa.select(Figure.specialty_id, Figure.year, Figure.value).where(
        among(Figure.specialty_id, specialties),
        Figure.year >= since,
        Figure.measure == INTAKE,
        Figure.superseded_at.is_(None),
        Figure.value != "",
    )
    told: dict[int, dict[int, Decimal]] = {}
    for key, year, value in session.execute(found):
        number = parse(value)
        if number is not None:
            told.setdefault(key, {})[year] = number
    return dict(told)


def proposed_for(session: Session, specialties: Collection[int]) -> tuple[set[int], set[tuple[int, int | None]]]:
    """Of these: those with a proposal that nobody has decided and whose ground still holds; (specialty, last year) of
    what was proposed before.
    """
    waits = sa.and_(ClosingProposal.decision.is_(None), ground_holds())
    found = sa.select(ClosingProposal.specialty_id, ClosingProposal.through, waits).where(
        among(ClosingProposal.specialty_id, specialties)
    )
    rows = session.execute(found).all()
    return {key for key, _, is_waiting in rows if is_waiting}, {(key, through) for key, through, _ in rows}


# --- appeals ---------------------------------------------------------------------------------------------------------


def appeals_of(session: Session, proposal_id: int) -> list[ClosingAppeal]:
    """Every appeal against the decision, oldest first."""
    found = sa.select(ClosingAppeal).where(ClosingAppeal.proposal_id == proposal_id)
    return list(session.scalars(found.order_by(ClosingAppeal.id)))


def is_lifted(session: Session, proposal_id: int) -> bool:
    """Whether an appeal was upheld: the decision to close is no longer one."""
    return any(appeal.state == ClosingAppealState.UPHELD for appeal in appeals_of(session, proposal_id))


def is_appealed(session: Session, proposal_id: int) -> bool:
    """Whether an appeal against the decision is going."""
    return any(appeal.state not in CLOSING_APPEAL_ENDED for appeal in appeals_of(session, proposal_id))


def panel_of(session: Session, appeal_id: int) -> frozenset[int]:
    """The people of its panel, by number."""
    found = sa.select(ClosingAppealPanelist.person_id).where(ClosingAppealPanelist.appeal_id == appeal_id)
    return frozenset(session.scalars(found))


def deciders(session: Session, row: ClosingProposal, city: str, decided_on: date) -> frozenset[int]:
    """Who had a part in the closing: who voted on it, who recorded it, and who decided the rating that
    was not mended. Of a decision that no vote is on record of: the committee of that day.
    """
    votes = on_closings(session, [row.id])[row.id]
    voting = {int(member) for vote in votes for member in vote.tally["members"]}
    committee = (
        sa.select(CommitteeMember.person_id)
        .join(Organisation, Organisation.id == CommitteeMember.bureau_id)
        .where(
            Organisation.jurisdiction_code == city,
            CommitteeMember.term_from <= decided_on,
            CommitteeMember.term_to >= decided_on,
        )
    )
    if votes:
        committee = sa.select(CommitteeMember.person_id).where(CommitteeMember.id.in_(voting))
    people = set(session.scalars(committee)) | {vote.recorded_by for vote in votes}
    people |= {row.decided_by} if row.decided_by is not None else set()
    review = review_of(session, row)
    return frozenset(people if review is None else people | appeal_queries.deciders(session, review))


def listed() -> sa.Select[*tuple[Any, ...]]:
    """(appeal, code): to be narrowed, ordered and cut by the caller."""
    return (
        sa.select(ClosingAppeal, SpecialtyCode.code)
        .join(Specialty, Specialty.id == ClosingAppeal.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Specialty.id)
        .where(SpecialtyCode.valid_to.is_(None))
    )
