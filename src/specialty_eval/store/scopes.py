"""Whose a review or a specialty is, whether the caller is recused from it, and what part they have: in one statement.

A scope without its recusal would let a recused chair or secretary read on, so nobody builds one by hand.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session, aliased

from specialty_eval.engine.assignment import AssignmentState
from specialty_eval.engine.errors import NotFound, Problem
from specialty_eval.engine.permissions import Scope

from . import grounds, rows, ties
from .accounts import Person
from .applications import Application
from .base import Straight, table_of
from .deliberation import ExpertAssignment, MeetingItem
from .ledger import Event
from .outcomes import Appeal, AppealPanelist, PublicationEntry
from .registry import School, Specialty, SpecialtyCode
from .reviews import Review
from .site_visits import SiteVisitor
from .ties import KEPT, Known, Near, near


def recused(person: Known | Near | None, round_id: Any = Review.round_id) -> sa.ColumnElement[bool]:
    """Of a row of Review with its Specialty and School: whether the person has no part in it. THE definition.

    Tied to the school or its partner enterprise, an interest declared in the specialty in that round, on whatever
    meeting's item, or, on appeal, took part in deciding a review that this one replaces.
    """
    if person is None:
        return sa.false()
    return _recused(person if isinstance(person, Near) else near(person), round_id)


@lru_cache(maxsize=KEPT)
def _recused(who: Near, round_id: Any) -> sa.ColumnElement[bool]:
    decided = sa.and_(Review.replaces_id.is_not(None), grounds.among(who, grounds.decided_before, Review.id))
    return sa.or_(_recused_from_specialty(who, round_id), decided)


def recused_from_specialty(person: Known | Near | None, round_id: Any = None) -> sa.ColumnElement[bool]:
    """Of a row of Specialty with its School: whether the person has no part in what is said of it in that round.

    Whatever is part of the specialty now counts as it did: a merger ends no recusal.
    """
    if person is None:
        return sa.false()
    return _recused_from_specialty(person if isinstance(person, Near) else near(person), round_id)


@lru_cache(maxsize=KEPT)
def _recused_from_specialty(who: Near, round_id: Any) -> sa.ColumnElement[bool]:
    return sa.or_(
        ties.is_tied(who, School, Specialty.partner),
        grounds.among(who, grounds.merged, Specialty.id),
        interested(who, round_id),
    )


def recused_from_application(person: Known | Near | None) -> sa.ColumnElement[bool]:
    """Of a row of Application with its School: tied to the school or the enterprise, or recused from the specialty."""
    if person is None:
        return sa.false()
    who = person if isinstance(person, Near) else near(person)
    about = sa.select(Specialty.id).join(School, School.id == Specialty.school_id)
    about = about.where(Specialty.id == Application.specialty_id, recused_from_specialty(who))
    return sa.or_(
        ties.is_tied(who, School, Application.partner), about.correlate_except(Specialty, School).offset(0).exists()
    )


def told_of(person_id: Known | None, schools: Collection[str]) -> sa.ColumnElement[bool]:
    """Of a row of Specialty with its School: whether a list tells the person of it: of their own schools, and of
    whatever they are not recused from.
    """
    return sa.or_(School.id.in_([int(key) for key in schools]), sa.not_(recused_from_specialty(person_id)))


def interested(person: Known | Near, round_id: Any = Review.round_id) -> sa.ColumnElement[bool]:
    """Of a row of Specialty: an interest declared in it or in what is part of it now, in the round or (None) in any."""
    who = person if isinstance(person, Near) else near(person)
    in_any = grounds.among(who, grounds.interests, Specialty.id)
    if round_id is None:
        return in_any
    in_it = grounds.among(who, grounds.interests_by_round, Specialty.id, round_id)
    return in_it if round_id is Review.round_id else sa.case((round_id.is_(None), in_any), else_=in_it)


def of_review(session: Session, review_id: int, *, acting: int | None) -> Scope:
    """Whose the review's specialty is, and the part of the person who acts: recused, asked to score, named to visit,
    hearing an appeal.

    NotFound.
    """
    session.flush()
    row = _of_review(acting is not None).run(session, {"id": review_id, "acting": acting}).fetchone()
    if row is None:
        raise NotFound(Problem("not-found", "review", {"kind": "review", "id": review_id}))
    return _with_parts(row, acting)


def locked(session: Session, review_id: int, *, acting: int | None) -> tuple[Review, Scope]:
    """The review under a lock, read anew, and whose it is, in one statement; NotFound."""
    session.flush()
    found = _locked(acting is not None).run(session, {"id": review_id, "acting": acting}).fetchone()
    if found is None:
        raise NotFound(Problem("not-found", "review", {"kind": "review", "id": review_id}))
    split = len(_REVIEW.columns)
    return _REVIEW.row(session, found[:split]), _with_parts(found[split:], acting)


ACTING = sa.bindparam("acting", type_=sa.BigInteger())
"""The person who acts, in a statement that is rendered once."""
_ID = sa.bindparam("id", type_=sa.BigInteger())
_REVIEW = rows.whole(Review)


@lru_cache(maxsize=2)
def _of_review(by_person: bool) -> Straight:
    return Straight(_whose(ACTING if by_person else None).where(Review.id == _ID))


@lru_cache(maxsize=2)
def _locked(by_person: bool) -> Straight:
    found = _whose(ACTING if by_person else None, *_REVIEW.columns).where(Review.id == _ID)
    return Straight(found.with_for_update(of=table_of(Review)))


def _whose(acting: Known | None, *columns: Any) -> sa.Select[*tuple[Any, ...]]:
    whose = (School.id, School.jurisdiction_code, School.city_code, School.run_by, recused(acting))
    return (
        sa.select(*columns, *whose, _is_asked(acting), _is_to_visit(acting), _sits_on_the_appeal(acting))
        .select_from(Review)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
    )


def _is_asked(acting: Known | None) -> sa.ColumnElement[bool]:
    """Whether the person was asked to score the review, and has neither declined nor been replaced."""
    asked = sa.select(ExpertAssignment.id).where(
        ExpertAssignment.review_id == Review.id,
        ExpertAssignment.person_id == acting,
        ExpertAssignment.state != AssignmentState.DECLINED.value,
        ExpertAssignment.state != AssignmentState.REPLACED.value,
    )
    return sa.false() if acting is None else asked.correlate(Review).exists()


def _is_to_visit(acting: Known | None) -> sa.ColumnElement[bool]:
    """Whether the person is named to visit the school for the review, and not withdrawn."""
    named = sa.select(SiteVisitor.id).where(
        SiteVisitor.review_id == Review.id, SiteVisitor.person_id == acting, SiteVisitor.withdrawn_at.is_(None)
    )
    return sa.false() if acting is None else named.correlate(Review).exists()


def _sits_on_the_appeal(acting: Known | None) -> sa.ColumnElement[bool]:
    """Whether the person hears an appeal against the review."""
    sits = (
        sa.select(Appeal.id)
        .join(AppealPanelist, AppealPanelist.appeal_id == Appeal.id)
        .where(Appeal.review_id == Review.id, AppealPanelist.person_id == acting)
    )
    return sa.false() if acting is None else sits.correlate(Review).exists()


def _with_parts(row: Sequence[Any], acting: int | None) -> Scope:
    *whose, is_asked, is_to_visit, sits = row
    me = frozenset({str(acting)})
    nobody: frozenset[str] = frozenset()
    return replace(scope_from(whose, acting), experts=me if is_asked else nobody,
                   visitors=me if is_to_visit else nobody, appeal_panel=me if sits else nobody)  # fmt: skip


def of_specialty(session: Session, specialty_id: int, *, acting: int | None) -> Scope:
    """Whose a specialty is: its school, county and city, without the person who acts when recused from it."""
    session.flush()
    row = _of_specialty(acting is not None).run(session, {"id": specialty_id, "acting": acting}).fetchone()
    if row is None:
        raise NoResultFound(f"no specialty {specialty_id}")
    return scope_from(row, acting)


@lru_cache(maxsize=2)
def _of_specialty(by_person: bool) -> Straight:
    is_recused = recused_from_specialty(ACTING if by_person else None)
    return Straight(
        sa.select(School.id, School.jurisdiction_code, School.city_code, School.run_by, is_recused)
        .select_from(Specialty)
        .join(School, School.id == Specialty.school_id)
        .where(Specialty.id == _ID)
    )


def scope_from(row: Sequence[Any], acting: int | None) -> Scope:
    """Of a school's number, area, city and who runs it, and whether who acts is recused."""
    school_id, county, city, run_by, is_recused = row
    return Scope(
        school_id=str(school_id),
        county=county,
        city=city,
        run_by_city=run_by == "city",
        recused=frozenset({str(acting)} if is_recused else ()),
    )


def recused_from(session: Session, person_id: int | None, reviews: Collection[int]) -> set[int]:
    """The reviews of these that the person is recused from."""
    return set() if person_id is None else {review for review, _ in recused_pairs(session, [person_id], reviews)}


def recused_from_list(person_id: int) -> sa.ColumnElement[bool]:
    """Of an event about a publication list: whether the person has no part in a review on any edition of it."""
    # OFFSET 0: each event's own list is looked at; without it PostgreSQL would go through every list first.
    return (
        sa.select(PublicationEntry.id)
        .join(Review, Review.id == PublicationEntry.review_id)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(
            PublicationEntry.publication_id == Event.subject_id,
            recused(person_id),
        )
        .correlate(Event)
        .offset(0)
        .exists()
    )


def recused_from_meeting(person_id: int, meeting_id: Any) -> sa.ColumnElement[bool]:
    """Whether the person has no part in an item of the meeting."""
    # OFFSET 0: as in `recused_from_list`.
    return (
        sa.select(MeetingItem.id)
        .join(Review, Review.id == MeetingItem.review_id)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(MeetingItem.meeting_id == meeting_id, recused(person_id))
        .correlate_except(MeetingItem, Review, Specialty, School)
        .offset(0)
        .exists()
    )


def recused_codes(session: Session, round_id: int, person_id: int | None) -> frozenset[str]:
    """Every code, present and former, of the specialties that the person is recused from in a round."""
    found = (
        sa.select(SpecialtyCode.code)
        .join(Specialty, Specialty.id == SpecialtyCode.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(recused_from_specialty(person_id, sa.literal(round_id)))
    )
    return frozenset(session.scalars(found))


def own_schools(session: Session, person_id: int | None, city: str) -> frozenset[str]:
    """The codes of the city's schools that the person is tied to."""
    if person_id is None:
        return frozenset()
    found = sa.select(School.code).where(
        School.city_code == city, ties.part_of(School) == sa.any_(near(person_id).schools)
    )
    return frozenset(session.scalars(found))


def recused_people(session: Session, people: Collection[int], review_id: int) -> frozenset[int]:
    """Those of these people that are recused from the review."""
    return frozenset(person for _, person in recused_pairs(session, people, [review_id]))


def recused_pairs(session: Session, people: Collection[int], reviews: Collection[int]) -> set[tuple[int, int]]:
    """(review, person) of whoever is recused from what, of these people and these reviews; one statement."""
    if not people or not reviews:
        return set()
    session.flush()
    found = _pairs().run(session, {"people": list(people), "ids": list(reviews)})
    return {(review, person) for review, person in found}


_PEOPLE = sa.bindparam("people", required=False, type_=ARRAY(sa.BigInteger))
_IDS = sa.bindparam("ids", required=False, type_=ARRAY(sa.BigInteger))


@cache
def _pairs() -> Straight:
    who, tied = _people()
    return Straight(
        sa.select(Review.id, who.c.id.label("person"))
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(who, sa.true())
        .where(Review.id == sa.any_(_IDS), recused(tied))
    )


def recused_people_of_specialty(session: Session, people: Collection[int], specialty_id: int) -> frozenset[int]:
    """Those of these people that are recused from the specialty, whatever the round."""
    session.flush()
    return frozenset(
        key for (key,) in _people_of_specialty().run(session, {"people": list(people), "id": specialty_id})
    )


@cache
def _people_of_specialty() -> Straight:
    who, tied = _people()
    return Straight(
        sa.select(who.c.id)
        .select_from(Specialty)
        .join(School, School.id == Specialty.school_id)
        .join(who, sa.true())
        .where(Specialty.id == _ID, recused_from_specialty(tied))
    )


def recused_people_of_application(session: Session, people: Collection[int], application_id: int) -> frozenset[int]:
    """Those of these people that are recused from the application."""
    session.flush()
    return frozenset(
        key for (key,) in _people_of_application().run(session, {"people": list(people), "id": application_id})
    )


@cache
def _people_of_application() -> Straight:
    who, tied = _people()
    return Straight(
        sa.select(who.c.id)
        .select_from(Application)
        .join(School, School.id == Application.school_id)
        .join(who, sa.true())
        .where(Application.id == _ID, recused_from_application(tied))
    )


def _people() -> tuple[sa.CTE, Near]:
    """These people as rows, with what each is tied to: worked out once, not once a pair."""
    person = aliased(Person)
    tied = near(person.id)
    rows_of = sa.select(person.id, tied.schools.label("schools"), tied.names.label("names"))
    who = rows_of.where(person.id == sa.any_(_PEOPLE)).cte("people").prefix_with("MATERIALIZED")
    return who, Near(who.c.id, who.c.schools, who.c.names)
