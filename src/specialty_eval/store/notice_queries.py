"""Questions behind notices and letters: a round by its names, a list's lines, and confirmed ratings with their days."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from specialty_eval.engine.documents import DocumentKind
from specialty_eval.engine.review import State

from .cycles import Cycle, Round
from .deliberation import Decision
from .documents import Document
from .outcomes import Publication, PublicationEntry, RatingInForce, Rectification
from .publications_queries import OUT
from .registry import School, Specialty, SpecialtyCode
from .registry_queries import numbered
from .reviews import Review, ScoreSheet


@dataclass(frozen=True, slots=True)
class NamedRound:
    """A round with its cycle's title."""

    cycle: str
    number: int
    year: int


def named_round(session: Session, round_id: int) -> NamedRound:
    """How people call a round."""
    found = sa.select(Cycle.title, Round.number, Round.year).join(Cycle, Cycle.id == Round.cycle_id)
    return NamedRound(*session.execute(found.where(Round.id == round_id)).one())


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A confirmed review: its rating as it entered the record first, and what led to it."""

    review_id: int
    round_id: int
    specialty_id: int
    code: str
    specialty: str
    direction: str
    school: str
    level: str
    class_name: str
    rating: str
    reasons: list[str]
    valid_from: date
    document_number: str
    confirmed_at: datetime
    appeal_due: datetime
    computed: str
    decision_reason: str
    decided_at: datetime
    total: Decimal | None
    indicators: list[dict[str, Any]]
    opened_at: datetime
    closes_at: datetime
    plan_due: datetime | None
    recheck_from: date | None
    replaced_document: str | None


def confirmed(session: Session, reviews: Collection[int]) -> list[Confirmed]:
    """Those of these reviews that are confirmed, in order of the codes; one statement."""
    entered = (
        sa.select(RatingInForce.review_id, sa.func.min(RatingInForce.id).label("first"))
        .where(numbered(RatingInForce.review_id, reviews))
        .group_by(RatingInForce.review_id)
        .subquery()
    )
    last_list = (
        sa.select(PublicationEntry.review_id, Publication.opened_at, Publication.closes_at)
        .join(Publication, Publication.id == PublicationEntry.publication_id)
        .where(PublicationEntry.edition == Publication.edition, Publication.state.in_(OUT))
        .where(numbered(PublicationEntry.review_id, reviews))
        .ext(distinct_on(PublicationEntry.review_id))
        .order_by(PublicationEntry.review_id, Publication.opened_at.desc())
        .subquery()
    )
    mended = (
        sa.select(Rectification.review_id, Rectification.plan_due, Rectification.recheck_from)
        .join(Review, sa.and_(Review.id == Rectification.review_id, Review.specialty_id == Rectification.specialty_id))
        .where(numbered(Rectification.review_id, reviews))
        .ext(distinct_on(Rectification.review_id))
        .order_by(Rectification.review_id, Rectification.id)
        .subquery()
    )
    replaced = sa.orm.aliased(Review)
    found = (
        sa.select(
            Review.id, Review.round_id, Specialty.id, SpecialtyCode.code, Specialty.name, Specialty.direction,
            School.name, Specialty.level, Specialty.class_name, RatingInForce.rating, RatingInForce.reasons,
            RatingInForce.valid_from, Review.document_number, Review.confirmed_at, Review.appeal_due,
            Decision.computed, Decision.reason, Decision.decided_at, ScoreSheet.total, ScoreSheet.indicators,
            last_list.c.opened_at, last_list.c.closes_at, mended.c.plan_due, mended.c.recheck_from,
            replaced.document_number,
        )
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Specialty.id)
        .join(entered, entered.c.review_id == Review.id)
        .join(RatingInForce, RatingInForce.id == entered.c.first)
        .join(Decision, Decision.id == Review.decision_id)
        .join(ScoreSheet, ScoreSheet.id == Decision.sheet_id)
        .join(last_list, last_list.c.review_id == Review.id)
        .outerjoin(mended, mended.c.review_id == Review.id)
        .outerjoin(replaced, replaced.id == Review.replaces_id)
        .where(numbered(Review.id, reviews), Review.state == "confirmed", SpecialtyCode.valid_to.is_(None))
        .order_by(SpecialtyCode.code)
    )  # fmt: skip
    return [Confirmed(*list(row)) for row in session.execute(found)]


def without_letter(session: Session, publication_id: int) -> list[int]:
    """The confirmed reviews of a list's present edition on which no letter was made yet, in order."""
    lettered = sa.exists().where(
        Document.kind == DocumentKind.DECISION_LETTER.value, Document.subject_kind == Review.__tablename__,
        Document.subject_id == Review.id,
    )  # fmt: skip
    found = (
        sa.select(Review.id)
        .join(PublicationEntry, PublicationEntry.review_id == Review.id)
        .join(Publication, Publication.id == PublicationEntry.publication_id)
        .where(Publication.id == publication_id, PublicationEntry.edition == Publication.edition,
               Review.state == State.CONFIRMED.value, ~lettered.correlate(Review))
        .order_by(Review.id)
    )  # fmt: skip
    return list(session.scalars(found))


@dataclass(frozen=True, slots=True)
class Named:
    """A review by the names of its specialty, and what it was rated first, under which document."""

    round_id: int
    specialty_id: int
    school: str
    specialty: str
    direction: str
    code: str
    level: str
    class_name: str
    document_number: str
    rating: str | None
    reasons: list[str] | None
    valid_from: date | None


def named(session: Session, review_id: int, specialty_id: int | None = None) -> Named:
    """How papers call what a review is about, or the specialty that its rating has gone over to."""
    of = Review.specialty_id if specialty_id is None else sa.literal(specialty_id, sa.BigInteger())
    held = sa.and_(RatingInForce.review_id == Review.id, RatingInForce.specialty_id == of)
    found = (
        sa.select(
            Review.round_id, Specialty.id, School.name, Specialty.name, Specialty.direction, SpecialtyCode.code,
            Specialty.level, Specialty.class_name, Review.document_number, RatingInForce.rating, RatingInForce.reasons,
            RatingInForce.valid_from,
        )
        .select_from(Review)
        .join(Specialty, Specialty.id == of)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Specialty.id)
        .outerjoin(RatingInForce, held)
        .where(Review.id == review_id)
        .order_by(SpecialtyCode.valid_to.desc().nulls_first(), RatingInForce.id)
        .limit(1)
    )  # fmt: skip
    return Named(*list(session.execute(found).one()))
