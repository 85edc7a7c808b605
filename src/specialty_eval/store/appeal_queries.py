"""Questions about appeals: whose they are, who may sit on a panel, who decided the first time."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.cases import APPEAL_ENDED
from specialty_eval.engine.review import Event as ReviewEvent

from .accounts import CommitteeMember
from .deliberation import Ballot, Decision, MeetingItem
from .ledger import Event
from .outcomes import Appeal, AppealPanelist
from .registry import School, Specialty, SpecialtyCode
from .reviews import Review


def of_review(session: Session, review_id: int) -> list[Appeal]:
    """Every appeal against the review, oldest first."""
    return list(session.scalars(sa.select(Appeal).where(Appeal.review_id == review_id).order_by(Appeal.id)))


def panel_of(session: Session, appeal_id: int) -> frozenset[int]:
    """The people of an appeal's panel, by number."""
    found = sa.select(AppealPanelist.person_id).where(AppealPanelist.appeal_id == appeal_id)
    return frozenset(session.scalars(found))


def deciders(session: Session, review_id: int) -> frozenset[int]:
    """Who took part in deciding the review, or one that it replaced: by vote, or by closing it in an office."""
    chain = sa.select(Review.id, Review.replaces_id).where(Review.id == review_id).cte("chain", recursive=True)
    older = sa.select(Review.id, Review.replaces_id).join(chain, Review.id == chain.c.replaces_id)
    chain = chain.union_all(older)
    reviews = sa.select(chain.c.id).scalar_subquery()
    voted = (
        sa.select(CommitteeMember.person_id)
        .join(Ballot, Ballot.member_id == CommitteeMember.id)
        .join(MeetingItem, MeetingItem.id == Ballot.item_id)
        .where(MeetingItem.review_id.in_(reviews))
    )
    closed = sa.select(Event.actor_person_id).where(
        Event.subject_kind == Review.__tablename__,
        Event.subject_id.in_(reviews),
        Event.kind == f"review.{ReviewEvent.DECIDE.value}",
        Event.actor_person_id.is_not(None),
    )
    tallies = sa.select(Decision.tally["took_part"]).where(Decision.review_id.in_(reviews))
    people = {int(person) for person in session.scalars(sa.union(voted, closed))}
    return frozenset(people | {int(person) for took_part in session.scalars(tallies) for person in took_part or ()})


def listed() -> sa.Select[*tuple[Any, ...]]:
    """Appeals with the specialty's current code, to be narrowed and ordered by the caller."""
    return (
        sa.select(Appeal, SpecialtyCode.code, Review.specialty_id)
        .join(Review, Review.id == Appeal.review_id)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, sa.and_(SpecialtyCode.specialty_id == Specialty.id, SpecialtyCode.valid_to.is_(None)))
    )


def is_of_an_appeal(session: Session, review_id: int) -> bool:
    """Whether an upheld appeal opened this review."""
    return session.scalar(sa.select(Appeal.id).where(Appeal.new_review_id == review_id).limit(1)) is not None


def replacement_going(session: Session, review_id: int, ended: Collection[str]) -> bool:
    """Whether a review that is to replace this one has not ended."""
    found = sa.select(Review.id).where(Review.replaces_id == review_id, Review.state.not_in(ended))
    return session.scalar(found.limit(1)) is not None


def may_come(session: Session, round_id: int, settled: datetime) -> bool:
    """Whether an appeal against a rating of the round is going, or may still be lodged or on its way in."""
    ended = [state.value for state in APPEAL_ENDED]
    going = sa.exists().where(Appeal.review_id == Review.id, Appeal.state.not_in(ended))
    found = sa.select(Review.id).where(Review.round_id == round_id, sa.or_(Review.appeal_due > settled, going))
    return session.scalar(found.limit(1)) is not None


def appeal_going(session: Session, review_id: int) -> bool:
    """Whether an appeal against this review has not been answered."""
    ended = [state.value for state in APPEAL_ENDED]
    found = sa.select(Appeal.id).where(Appeal.review_id == review_id, Appeal.state.not_in(ended))
    return session.scalar(found.limit(1)) is not None
