"""Whose a review or a specialty is, whether the caller is recused from it, and what part they have: in one statement.

A scope without its recusal would let a recused chair or secretary read on, so nobody builds one by hand.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session, aliased

from specialty_eval.engine.assignment import AssignmentState
from specialty_eval.engine.committee import PARTNERS_APART
from specialty_eval.engine.errors import NotFound, Problem
from specialty_eval.engine.permissions import Scope

from . import rows
from .accounts import Person
from .base import Straight, table_of
from .corrections import Correction
from .deliberation import Decision, ExpertAssignment, InterestDeclaration, MeetingItem
from .experts import ExpertTie
from .ledger import Event
from .outcomes import Appeal, AppealPanelist, PublicationEntry
from .registry import Organisation, School, Specialty, SpecialtyCode
from .reviews import Review

Known: TypeAlias = int | sa.ColumnElement[int] | sa.orm.InstrumentedAttribute[int]
"""A person's number, the parameter that it will be, or a column that has it."""


def recused(person_id: Known | None, round_id: Any = Review.round_id) -> sa.ColumnElement[bool]:
    """Of a row of Review with its Specialty and School: whether the person has no part in it.

    Employed at the school or its partner enterprise, an interest declared in the specialty in that round, or, on
    appeal, took part in deciding a review that this one replaces.
    """
    if person_id is None:
        return sa.false()
    return sa.or_(employed(person_id), _interested(person_id, round_id), _decided_before(person_id))


def recused_from_specialty(person_id: Known | None, round_id: Any = None) -> sa.ColumnElement[bool]:
    """Of a row of Specialty with its School: whether the person has no part in what is said of it in that round."""
    if person_id is None:
        return sa.false()
    return sa.or_(employed(person_id), _interested(person_id, round_id))


def told_of(person_id: Known | None, schools: Collection[str]) -> sa.ColumnElement[bool]:
    """Of a row of Specialty with its School: whether a list tells the person of it: of their own schools, and of
    whatever they are not recused from.
    """
    return sa.or_(School.id.in_([int(key) for key in schools]), sa.not_(recused_from_specialty(person_id)))


def employed(person_id: Known, partner: Any = Specialty.partner) -> sa.ColumnElement[bool]:
    """Of a row of Specialty with its School: whether the person works at the school or one of its partner enterprises,
    or is tied to one of them by what is on record: worked there, or declared an interest.

    Several partners stand in one text, as lists are written: 示例甲公司、示例乙公司 (see `committee.partners`).
    """
    partners = sa.func.regexp_split_to_array(partner, PARTNERS_APART, type_=ARRAY(sa.Text))
    whole = sa.func.array_append(partners, sa.func.trim(partner), type_=ARRAY(sa.Text))
    named = sa.func.array_append(sa.func.array_remove(whole, "", type_=ARRAY(sa.Text)), School.name,
                                 type_=ARRAY(sa.Text))  # fmt: skip
    tied = sa.select(ExpertTie.id).where(
        ExpertTie.person_id == person_id,
        ExpertTie.lifted_at.is_(None),
        sa.or_(ExpertTie.school_id == School.id, sa.func.trim(ExpertTie.enterprise) == sa.any_(named)),
    )
    works = (
        sa.select(Person.id)
        .outerjoin(Organisation, Organisation.id == Person.employer_id)
        .where(
            Person.id == person_id,
            sa.or_(
                Person.employer_id == School.id,
                sa.func.trim(Person.employer_name) == sa.any_(named),
                Organisation.name == sa.any_(named),
            ),
        )
        .correlate_except(Person, Organisation)
        .exists()
    )
    return sa.or_(works, tied.correlate_except(ExpertTie).exists())


def _interested(person_id: Known, round_id: Any) -> sa.ColumnElement[bool]:
    other = aliased(Review)
    said = (
        sa.select(InterestDeclaration.id)
        .join(MeetingItem, MeetingItem.id == InterestDeclaration.item_id)
        .join(other, other.id == MeetingItem.review_id)
        .where(
            InterestDeclaration.person_id == person_id,
            InterestDeclaration.interest == "interest",
            other.specialty_id == Specialty.id,
        )
    )
    if round_id is not None:
        said = said.where(sa.or_(round_id.is_(None), other.round_id == round_id))
    return said.correlate_except(InterestDeclaration, MeetingItem, other).exists()


def _decided_before(person_id: Known) -> sa.ColumnElement[bool]:
    """The person took part in deciding the review that this one replaces after an appeal, or one replaced before.

    What the bureau itself corrects may be decided by those who decided it.
    """
    old, new = aliased(Review), aliased(Review)
    took_part = Decision.tally["took_part"].contains(sa.func.to_jsonb(sa.cast(person_id, sa.BigInteger)))
    first = sa.select(new.id).join(old, old.id == new.replaces_id).join(Decision, Decision.id == old.decision_id)
    is_corrected = sa.exists().where(Correction.new_review_id == new.id)
    later = first.where(took_part, ~is_corrected).cte(recursive=True)
    later = later.union_all(sa.select(Review.id).join(later, Review.replaces_id == later.c.id))
    return Review.id.in_(sa.select(later.c.id))


def of_review(session: Session, review_id: int, *, acting: int | None) -> Scope:
    """Whose the review's specialty is, and the part of the person who acts: recused, asked to score, hearing an appeal.

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
        sa.select(*columns, *whose, _is_asked(acting), _sits_on_the_appeal(acting))
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


def _sits_on_the_appeal(acting: Known | None) -> sa.ColumnElement[bool]:
    """Whether the person hears an appeal against the review."""
    sits = (
        sa.select(Appeal.id)
        .join(AppealPanelist, AppealPanelist.appeal_id == Appeal.id)
        .where(Appeal.review_id == Review.id, AppealPanelist.person_id == acting)
    )
    return sa.false() if acting is None else sits.correlate(Review).exists()


def _with_parts(row: Sequence[Any], acting: int | None) -> Scope:
    *whose, is_asked, sits = row
    me = frozenset({str(acting)})
    nobody: frozenset[str] = frozenset()
    return replace(scope_from(whose, acting), experts=me if is_asked else nobody, appeal_panel=me if sits else nobody)


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
    if person_id is None or not reviews:
        return set()
    found = (
        sa.select(Review.id)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(Review.id.in_(reviews), recused(person_id))
    )
    return set(session.scalars(found))


def recused_from_list(person_id: int) -> sa.ColumnElement[bool]:
    """Of an event about a publication list: whether the person has no part in a review on any edition of it."""
    return (
        sa.select(PublicationEntry.id)
        .join(Review, Review.id == PublicationEntry.review_id)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(PublicationEntry.publication_id == Event.subject_id, recused(person_id))
        .correlate(Event)
        .exists()
    )


def recused_from_meeting(person_id: int, meeting_id: Any) -> sa.ColumnElement[bool]:
    """Whether the person has no part in an item of the meeting."""
    return (
        sa.select(MeetingItem.id)
        .join(Review, Review.id == MeetingItem.review_id)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(MeetingItem.meeting_id == meeting_id, recused(person_id))
        .correlate_except(MeetingItem, Review, Specialty, School)
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
