"""Questions about visits: who is named, who can be, what was reported, and which reviews somebody is to visit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.assignment import AssignmentState
from specialty_eval.engine.consequences import SiteVisit
from specialty_eval.engine.meeting import ItemState
from specialty_eval.engine.permissions import Scope
from specialty_eval.engine.review import State
from specialty_eval.engine.site_visits import is_asked
from specialty_eval.engine.vocabulary import Rating

from .cycles import Round
from .deliberation import ExpertAssignment, MeetingItem
from .overdue_queries import visit_waits
from .registry import School, Specialty, SpecialtyCode
from .reviews import Review, ScoreSheet
from .scopes import recused, scope_from
from .site_visits import SiteVisitor, SiteVisitReport


def visitors(session: Session, review_id: int) -> Sequence[SiteVisitor]:
    """Everybody ever named for a review, in the order in which they were."""
    found = sa.select(SiteVisitor).where(SiteVisitor.review_id == review_id).order_by(SiteVisitor.id)
    return session.scalars(found).all()


def reports(session: Session, review_id: int) -> Sequence[SiteVisitReport]:
    """What was reported on a review, the first version first."""
    found = sa.select(SiteVisitReport).where(SiteVisitReport.review_id == review_id)
    return session.scalars(found.order_by(SiteVisitReport.number)).all()


def newest(session: Session, review_id: int) -> int:
    """The number of the last report on a review; 0 without any."""
    found = sa.select(sa.func.max(SiteVisitReport.number)).where(SiteVisitReport.review_id == review_id)
    return session.scalar(found) or 0


def to_report(session: Session, *which: sa.ColumnElement[bool]) -> list[SiteVisitor]:
    """Of the visitors where this holds (of SiteVisitor with its Review) those whose visit waits, in order."""
    found = sa.select(SiteVisitor).join(Review, Review.id == SiteVisitor.review_id)
    found = found.where(SiteVisitor.withdrawn_at.is_(None), visit_waits(), *which).order_by(SiteVisitor.id)
    return list(session.scalars(found.execution_options(populate_existing=True)))


def unvisited(session: Session, round_id: int, rules: SiteVisit | None) -> list[int]:
    """The round's reviews that wait for the committee and of which a visit is asked that nobody is named for."""
    if rules is None:
        return []
    named = sa.exists().where(SiteVisitor.review_id == Review.id, SiteVisitor.withdrawn_at.is_(None))
    found = (
        sa.select(Review.id, ScoreSheet.rating)
        .join(ScoreSheet, ScoreSheet.id == Review.sheet_id)
        .where(Review.round_id == round_id, Review.state == State.SCORED.value, visit_waits(), ~named.correlate(Review))
        .order_by(Review.id)
    )
    rows = session.execute(found)
    return [key for key, rating in rows if is_asked(rules, Rating(rating), round_id, key)]


_GONE = (AssignmentState.DECLINED.value, AssignmentState.REPLACED.value)


def score_blind(session: Session, review_id: int) -> set[int]:
    """The review's experts in a round in which they are not to learn whose it is; nobody in any other."""
    found = (
        sa.select(ExpertAssignment.person_id)
        .join(Review, Review.id == ExpertAssignment.review_id)
        .join(Round, Round.id == Review.round_id)
        .where(ExpertAssignment.review_id == review_id, ExpertAssignment.state.not_in(_GONE), Round.blind)
    )
    return set(session.scalars(found))


def know_what_is_blind(session: Session, round_id: int, review_id: int | None = None) -> set[tuple[int, int]]:
    """(review, person) of whoever was ever named to visit, in a round whose experts are not to learn whose it is."""
    found = (
        sa.select(SiteVisitor.review_id, SiteVisitor.person_id)
        .join(Review, Review.id == SiteVisitor.review_id)
        .join(Round, Round.id == Review.round_id)
        .where(Review.round_id == round_id, Round.blind)
    )
    if review_id is not None:
        found = found.where(Review.id == review_id)
    return {(review, person) for review, person in session.execute(found)}


def is_under_vote(session: Session, review_id: int) -> bool:
    """Whether members are voting on the review: what they read stays. None begins while its row is locked."""
    found = sa.select(MeetingItem.id).where(
        MeetingItem.review_id == review_id, MeetingItem.state == ItemState.VOTING.value
    )
    return session.scalars(found).first() is not None


@dataclass(frozen=True, slots=True)
class Visiting:
    """Somebody named to visit, the review by the names people know it by, and how often it was reported."""

    visitor: SiteVisitor
    round_id: int
    code: str
    specialty: str
    school: str
    county: str
    state: str
    reports: int
    scope: Scope


def named(acting: int | None) -> sa.Select[*tuple[Any, ...]]:
    """The query behind `Visiting`, to be narrowed and ordered by the caller."""
    reported = sa.select(sa.func.count()).where(SiteVisitReport.review_id == Review.id).correlate(Review)
    return (
        sa.select(
            SiteVisitor, Review.round_id, SpecialtyCode.code, Specialty.name, School.name, School.jurisdiction_code,
            Review.state, reported.scalar_subquery(),
            School.id, School.jurisdiction_code, School.city_code, School.run_by, recused(acting),
        )
        .join(Review, Review.id == SiteVisitor.review_id)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, sa.and_(SpecialtyCode.specialty_id == Specialty.id, SpecialtyCode.valid_to.is_(None)))
    )  # fmt: skip


def visiting_of(session: Session, chosen: sa.Select[*tuple[Any, ...]], acting: int | None) -> list[Visiting]:
    """What a choice of `named` found."""
    found = []
    for visitor, round_id, code, specialty, school, county, state, number, *whose in session.execute(chosen):
        scope = replace(scope_from(whose, acting), visitors=frozenset({str(visitor.person_id)}))
        found.append(Visiting(visitor, round_id, code, specialty, school, county, state, number, scope))
    return found
