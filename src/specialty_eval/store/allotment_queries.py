"""What a proposal rests on, a statement each: reviews that want experts, the pool, who is too near, who was asked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.permissions import Role

from .accounts import Person, RoleGrant, held_on
from .deliberation import ExpertAssignment
from .experts import Allotment, Expert
from .registry import Organisation, School, Specialty, SpecialtyCode
from .reviews import Review
from .scopes import recused


@dataclass(frozen=True, slots=True)
class Scored:
    """A review that experts may be asked to score, by its specialty's code and field."""

    id: int
    code: str
    catalogue_code: str
    class_code: str


@dataclass(frozen=True, slots=True)
class Pooled:
    """Somebody of the pool who can be asked today."""

    person_id: int
    fields: tuple[str, ...]
    at_most: int | None


@dataclass(frozen=True, slots=True)
class AskedBefore:
    """Somebody who was asked to score a review of the round, whatever became of it."""

    id: int
    review_id: int
    person_id: int
    state: str
    due: datetime


def to_score(session: Session, round_id: int, states: Collection[str], *, acting: int | None) -> list[Scored]:
    """The reviews in these states that no run has scored and the acting person is not recused from.

    One that an appeal opened stands on the scores of the one it replaces until somebody asks experts anew.
    """
    asked_anew = sa.exists().where(ExpertAssignment.review_id == Review.id).correlate(Review)
    found = (
        sa.select(Review.id, SpecialtyCode.code, Specialty.catalogue_code, Specialty.class_code)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, sa.and_(SpecialtyCode.specialty_id == Specialty.id, SpecialtyCode.valid_to.is_(None)))
        .where(Review.round_id == round_id, Review.state.in_(states), Review.sheet_id.is_(None))
        .where(sa.or_(Review.replaces_id.is_(None), asked_anew), sa.not_(recused(acting)))
        .order_by(Review.id)
    )
    return [Scored(*row) for row in session.execute(found)]


def pool(session: Session, city: str, today: date) -> list[Pooled]:
    """Who is in the city's pool on that day and holds the expert's role there; of two entries the later one."""
    holds = sa.exists().where(
        RoleGrant.person_id == Expert.person_id, RoleGrant.organisation_id == Expert.bureau_id,
        RoleGrant.role == Role.EXPERT.value, held_on(today),
    )  # fmt: skip
    found = (
        sa.select(Expert.person_id, Expert.fields, Expert.at_most)
        .join(Organisation, Organisation.id == Expert.bureau_id)
        .join(Person, Person.id == Expert.person_id)
        .where(Organisation.jurisdiction_code == city, Organisation.kind == "bureau", Person.active, holds)
        .where(Expert.valid_from <= today, sa.or_(Expert.valid_to.is_(None), Expert.valid_to >= today))
        .order_by(Expert.person_id, Expert.id)
    )
    by_person = {row.person_id: Pooled(row.person_id, tuple(row.fields), row.at_most) for row in session.execute(found)}
    return list(by_person.values())


def asked_in(session: Session, round_id: int) -> list[AskedBefore]:
    """Everybody ever asked in a round."""
    found = (
        sa.select(ExpertAssignment.id, ExpertAssignment.review_id, ExpertAssignment.person_id, ExpertAssignment.state,
                  ExpertAssignment.due)
        .join(Review, Review.id == ExpertAssignment.review_id)
        .where(Review.round_id == round_id)
        .order_by(ExpertAssignment.id)
    )  # fmt: skip
    return [AskedBefore(*row) for row in session.execute(found)]


def in_making(session: Session, round_id: int) -> Allotment | None:
    """The proposal of a round that is neither carried out nor taken back; the round is locked by the caller."""
    found = sa.select(Allotment).where(Allotment.round_id == round_id, Allotment.state.in_(("asked", "proposed")))
    return session.scalar(found.with_for_update())


def next_number(session: Session, round_id: int) -> int:
    """The number of the round's next proposal; the round is locked by the caller."""
    newest = sa.select(sa.func.max(Allotment.number)).where(Allotment.round_id == round_id)
    return (session.scalar(newest) or 0) + 1
