"""Experts asked to score a review: what one of them holds, who is too near to be asked, the scores given."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session, aliased

from specialty_eval.engine.assignment import AssignmentState
from specialty_eval.engine.errors import NotFound, Problem
from specialty_eval.engine.permissions import Scope
from specialty_eval.engine.review import ENDED
from specialty_eval.engine.roles import Role
from specialty_eval.engine.strictness import Given

from . import rows
from .accounts import Person, RoleGrant, held_on
from .base import Straight, table_of
from .deliberation import ExpertAssignment, PanelScore
from .registry import School, Specialty, SpecialtyCode
from .reviews import Review
from .scopes import ACTING, recused, scope_from


@dataclass(frozen=True, slots=True)
class Asked:
    """An assignment, its review, whose that is, and whether the expert is too near."""

    assignment: ExpertAssignment
    review: Review
    scope: Scope
    has_interest: bool


def locked(session: Session, assignment_id: int, *, acting: int | None) -> Asked:
    """Review and assignment, locked in that order and read anew, in one statement; NotFound.

    With the review held, a score run can neither begin nor end while the expert hands in.
    """
    session.flush()
    found = _locked(acting is not None).run(session, {"id": assignment_id, "acting": acting}).fetchone()
    if found is None:
        raise NotFound(Problem("not-found", "expert_assignment", {"kind": "expert_assignment", "id": assignment_id}))
    split, end = len(_ASSIGNMENT.columns), len(_ASSIGNMENT.columns) + len(_REVIEW.columns)
    assignment, reviewed = _ASSIGNMENT.row(session, found[:split]), _REVIEW.row(session, found[split:end])
    has_interest, *whose = found[end:]
    scope = replace(scope_from(whose, acting), experts=frozenset({str(assignment.person_id)}))
    return Asked(assignment, reviewed, scope, has_interest)


_ASSIGNMENT, _REVIEW = rows.whole(ExpertAssignment), rows.whole(Review)


@lru_cache(maxsize=2)
def _locked(by_person: bool) -> Straight:
    is_recused = recused(ACTING if by_person else None)
    return Straight(
        sa.select(
            *_ASSIGNMENT.columns, *_REVIEW.columns, recused(ExpertAssignment.person_id),
            School.id, School.jurisdiction_code, School.city_code, School.run_by, is_recused,
        )
        .select_from(ExpertAssignment)
        .join(Review, Review.id == ExpertAssignment.review_id)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(ExpertAssignment.id == sa.bindparam("id", type_=sa.BigInteger()))
        .with_for_update(of=(table_of(Review), table_of(ExpertAssignment)))
    )  # fmt: skip


def asked(acting: int | None) -> sa.Select[*tuple[Any, ...]]:
    """Assignments with all that `Asked` tells of them, none of it under a lock; to be chosen from by the caller."""
    return (
        sa.select(
            ExpertAssignment, Review, recused(ExpertAssignment.person_id),
            School.id, School.jurisdiction_code, School.city_code, School.run_by, recused(acting),
        )
        .join(Review, Review.id == ExpertAssignment.review_id)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
    )  # fmt: skip


def asked_of(session: Session, chosen: sa.Select[*tuple[Any, ...]], acting: int | None) -> list[Asked]:
    """What a choice of `asked` found."""
    found = []
    for assignment, reviewed, has_interest, *whose in session.execute(chosen):
        scope = replace(scope_from(whose, acting), experts=frozenset({str(assignment.person_id)}))
        found.append(Asked(assignment, reviewed, scope, has_interest))
    return found


def asked_too_near(session: Session, person_id: int) -> list[Asked]:
    """Where the person was asked, or has scored, in a review that is not over, and is too near as is known now."""
    counting = (AssignmentState.INVITED.value, AssignmentState.ACCEPTED.value, AssignmentState.SCORED.value)
    found = asked(None).where(ExpertAssignment.person_id == person_id, ExpertAssignment.state.in_(counting))
    found = found.where(Review.state.not_in([state.value for state in ENDED]))
    return asked_of(session, found.where(recused(person_id)).order_by(ExpertAssignment.id), None)


@dataclass(frozen=True, slots=True)
class ScoredBy:
    """Somebody who was asked about a review, and the scores they gave, replaced ones too."""

    person_id: int
    state: str
    due: datetime
    scores: Mapping[str, Decimal]


def panel_of(session: Session, review_id: int) -> list[ScoredBy]:
    """Everybody ever asked about a review, in the order in which they were."""
    said = sa.func.jsonb_object_agg(PanelScore.measure, sa.cast(PanelScore.score, sa.Text))
    of = sa.select(said).where(PanelScore.assignment_id == ExpertAssignment.id).correlate(ExpertAssignment)
    found = sa.select(ExpertAssignment.person_id, ExpertAssignment.state, ExpertAssignment.due, of.scalar_subquery())
    rows = session.execute(found.where(ExpertAssignment.review_id == review_id).order_by(ExpertAssignment.id))
    return [
        ScoredBy(person, state, due, {m: Decimal(score) for m, score in (scores or {}).items()})
        for person, state, due, scores in rows
    ]


def is_scored(session: Session, review_id: int) -> bool:
    """Whether a run has taken the review's scores."""
    return session.scalar(sa.select(Review.sheet_id).where(Review.id == review_id)) is not None


def state_of(session: Session, review_id: int, person_id: int | None) -> str | None:
    """Where the person's assignment to the review stands; None where there is none."""
    found = sa.select(ExpertAssignment.state)
    return session.scalar(
        found.where(ExpertAssignment.review_id == review_id, ExpertAssignment.person_id == person_id)
    )  # fmt: skip


def has_to_score(session: Session, review_id: int, person_id: int | None) -> bool:
    """Whether the person was asked about the review and has neither scored nor gone: others' scores are sealed."""
    found = sa.select(ExpertAssignment.id).where(
        ExpertAssignment.review_id == review_id, ExpertAssignment.person_id == person_id,
        ExpertAssignment.state.in_(_STILL_TO_SCORE),
    )  # fmt: skip
    return person_id is not None and session.scalars(found).first() is not None


_STILL_TO_SCORE = (AssignmentState.INVITED.value, AssignmentState.ACCEPTED.value)


@dataclass(frozen=True, slots=True)
class PanelScores:
    """A review's scores that count, and how many experts have scored or were asked and have their days."""

    review_id: int
    code: str
    going: int
    scores: Mapping[str, list[Decimal]]


def _open_to(acting: int | None) -> sa.ColumnElement[bool]:
    """Of a row of Review with its Specialty and School: the person is not recused, nor has still to score it."""
    own = aliased(ExpertAssignment)
    mine = sa.select(own.id).where(
        own.review_id == Review.id, own.person_id == acting, own.state.in_(_STILL_TO_SCORE)
    )  # fmt: skip
    return sa.and_(sa.not_(recused(acting)), sa.not_(mine.correlate(Review).exists()))


def scores_in(session: Session, round_id: int, states: Collection[str], *, acting: int | None) -> list[PanelScores]:
    """The scores of a round's reviews in these states that no run has taken."""
    going = sa.select(sa.func.count()).where(
        ExpertAssignment.review_id == Review.id,
        ExpertAssignment.state.in_((*_STILL_TO_SCORE, AssignmentState.SCORED.value)),
    )
    scored = sa.select(
        Review.id, SpecialtyCode.code, going.correlate(Review).scalar_subquery(), PanelScore.measure,
        sa.func.array_agg(PanelScore.score),
    ).join(Specialty, Specialty.id == Review.specialty_id).join(School, School.id == Specialty.school_id)  # fmt: skip
    found = (
        scored.join(
            SpecialtyCode, sa.and_(SpecialtyCode.specialty_id == Specialty.id, SpecialtyCode.valid_to.is_(None))
        )
        .join(ExpertAssignment, ExpertAssignment.review_id == Review.id)
        .join(PanelScore, PanelScore.assignment_id == ExpertAssignment.id)
        .where(Review.round_id == round_id, Review.state.in_(states), Review.sheet_id.is_(None), _open_to(acting))
        .where(ExpertAssignment.state == AssignmentState.SCORED.value)
        .group_by(Review.id, SpecialtyCode.code, PanelScore.measure)
        .order_by(Review.id, PanelScore.measure)
    )
    by_review: dict[int, PanelScores] = {}
    for review_id, code, number, measure, scores in session.execute(found):
        one = by_review.setdefault(review_id, PanelScores(review_id, code, number, dict[str, list[Decimal]]()))
        by_review[review_id] = replace(one, scores={**one.scores, measure: list(scores)})
    return list(by_review.values())


def _still_to_score(asked: Any, now: datetime, today: date) -> sa.ColumnElement[bool]:
    """Of an assignment (the class, or its alias): its expert has days left, and is an expert still."""
    expert = sa.select(RoleGrant.id).join(Person, Person.id == RoleGrant.person_id)
    expert = expert.where(
        RoleGrant.person_id == asked.person_id, RoleGrant.role == Role.EXPERT.value, held_on(today), Person.active
    )
    return sa.and_(asked.state.in_(_STILL_TO_SCORE), asked.due > now, expert.exists())


def given_in(session: Session, round_id: int, now: datetime, today: date, *, acting: int | None) -> list[Given]:
    """The scores that count of a round's panels that are whole: a run has taken them, or nobody is still to score."""
    other = aliased(ExpertAssignment)
    still = sa.select(other.id).where(other.review_id == Review.id, _still_to_score(other, now, today))
    found = (
        sa.select(Review.id, PanelScore.measure, ExpertAssignment.person_id, PanelScore.score)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(ExpertAssignment, ExpertAssignment.review_id == Review.id)
        .join(PanelScore, PanelScore.assignment_id == ExpertAssignment.id)
        .where(Review.round_id == round_id, ExpertAssignment.state == AssignmentState.SCORED.value, _open_to(acting))
        .where(sa.or_(Review.sheet_id.is_not(None), sa.not_(still.correlate(Review).exists())))
    )
    return [Given(*row) for row in session.execute(found)]


def going(session: Session, review_id: int, now: datetime, today: date) -> int:
    """How many experts of a review have scored, or still have their days; whose role ended makes room."""
    still = _still_to_score(ExpertAssignment, now, today)
    found = sa.select(sa.func.count()).select_from(ExpertAssignment)
    found = found.where(
        ExpertAssignment.review_id == review_id, sa.or_(ExpertAssignment.state == AssignmentState.SCORED.value, still)
    )
    return session.scalar(found) or 0


def give(session: Session, assignment_id: int, scores: Mapping[str, Decimal], now: datetime) -> None:
    """Keep an expert's scores, measure by measure; a later one replaces it."""
    given = {"assignment": assignment_id, "measures": list(scores), "scores": list(scores.values()), "now": now}
    _GIVE.run(session, given)


_GIVEN = insert(PanelScore).from_select(
    ["assignment_id", "measure", "score", "given_at"],
    sa.select(
        sa.bindparam("assignment", type_=sa.BigInteger()),
        sa.func.unnest(sa.bindparam("measures", type_=ARRAY(sa.Text()))),
        sa.func.unnest(sa.bindparam("scores", type_=ARRAY(sa.Numeric()))),
        sa.bindparam("now", type_=PanelScore.given_at.type),
    ),
)
_GIVE = Straight(
    _GIVEN.on_conflict_do_update(
        index_elements=["assignment_id", "measure"],
        set_={name: _GIVEN.excluded[name] for name in ("score", "given_at")},
    )
)
