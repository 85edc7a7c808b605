"""Questions about ratings in force, appeals and rectifications that several verbs ask. Nothing here writes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from specialty_eval.engine.cases import OBJECTION_HOLDS_UP, ObjectionState
from specialty_eval.engine.meeting import ItemState
from specialty_eval.engine.rectification import RECTIFICATION_ENDED
from specialty_eval.engine.review import State
from specialty_eval.engine.vocabulary import Rating

from .contested import is_going
from .cycles import Round
from .deliberation import Decision, MeetingItem
from .outcomes import Appeal, Objection, Publication, PublicationEntry, RatingInForce, Rectification
from .registry import Specialty
from .reviews import Review
from .status_queries import RatingRow, rating_row


def among(column: Any, ids: Collection[int]) -> sa.ColumnElement[bool]:
    """The column is one of these; one parameter, however many."""
    return column == sa.any_(sa.literal(list(ids), ARRAY(sa.BigInteger())))  # type: ignore[no-any-return]  # any column


def ratings_of(session: Session, specialty_id: int) -> list[RatingRow]:
    """Every row of a specialty, also what was known once and is no longer, in the order it became known."""
    found = sa.select(RatingInForce).where(RatingInForce.specialty_id == specialty_id)
    return [rating_row(row) for row in session.scalars(found.order_by(RatingInForce.known_from, RatingInForce.id))]


def known_ratings(session: Session, specialty_ids: Collection[int]) -> dict[int, list[RatingRow]]:
    """Specialty → its ratings as known now, oldest first; empty where there is none."""
    found = sa.select(RatingInForce).where(
        among(RatingInForce.specialty_id, specialty_ids), RatingInForce.known_to.is_(None)
    )
    rows: dict[int, list[RatingRow]] = {key: [] for key in specialty_ids}
    for row in session.scalars(found.order_by(RatingInForce.valid_from, RatingInForce.id)):
        rows[row.specialty_id].append(rating_row(row))
    return rows


# --- cases -----------------------------------------------------------------------------------------------------------


def going_appeals(session: Session, review_ids: Collection[int]) -> dict[int, int]:
    """Review → the appeal against it that is still going, its new review included."""
    found = sa.select(Appeal.review_id, Appeal.id).where(among(Appeal.review_id, review_ids), is_going(Appeal))
    return {review: key for review, key in session.execute(found)}  # noqa: C416 -- a Row is no tuple to dict()


def objections_open(session: Session, review_ids: Collection[int], now: datetime) -> dict[int, tuple[int, int]]:
    """Review → (admitted objections not answered yet, objections whose admissibility is still to be said).

    One whose contact was confirmed is waited for however late the office is; one whose contact was not, until its
    admissibility day at most: nobody may have meant it.
    """
    admitted = Objection.state.in_([state.value for state in OBJECTION_HOLDS_UP])
    unconfirmed = sa.and_(Objection.state == ObjectionState.RECEIVED.value, Objection.admissibility_due > now)
    waiting = sa.or_(unconfirmed, Objection.state == ObjectionState.CONTACT_CONFIRMED.value)
    found = (
        sa.select(
            Objection.review_id, sa.func.count().filter(admitted), sa.func.count().filter(waiting)
        )
        .where(among(Objection.review_id, review_ids), sa.or_(admitted, waiting))
        .group_by(Objection.review_id)
    )  # fmt: skip
    return {review: (held, new) for review, held, new in session.execute(found)}


# --- confirming ------------------------------------------------------------------------------------------------------


def entries_of(session: Session, publication: Publication) -> list[int]:
    """The reviews on the publication's present edition, in order of id."""
    found = sa.select(PublicationEntry.review_id).where(
        PublicationEntry.publication_id == publication.id, PublicationEntry.edition == publication.edition
    )
    return list(session.scalars(found.order_by(PublicationEntry.review_id)))


def specialties_of(session: Session, review_ids: Collection[int]) -> list[int]:
    """The specialties of these reviews."""
    return list(session.scalars(sa.select(Review.specialty_id).where(among(Review.id, review_ids)).distinct()))


@dataclass(frozen=True, slots=True)
class Ready:
    """A review on a list, as its confirmation enters the record. `year` is the scored year.

    `is_current`: it still stands on the decision that is on the list, and that is not void. `replaced_at`: when the
    rating that an upheld appeal overturned was confirmed.
    """

    review_id: int
    specialty_id: int
    rating: Rating
    reasons: tuple[str, ...]
    year: int
    is_current: bool
    replaces_id: int | None
    replaced_at: datetime | None


def ready(session: Session, publication: Publication, review_ids: Collection[int]) -> dict[int, Ready]:
    """Each of these reviews as the publication's present edition has it."""
    replaced = sa.orm.aliased(Review)
    found = (
        sa.select(
            Review.id, Review.specialty_id, PublicationEntry.rating, PublicationEntry.reasons, Round.evidence_year,
            _stands(), Review.replaces_id,
            replaced.confirmed_at,
        )
        .join(PublicationEntry, PublicationEntry.review_id == Review.id)
        .join(Round, Round.id == Review.round_id)
        .join(Decision, Decision.id == PublicationEntry.decision_id)
        .join(MeetingItem, MeetingItem.id == Decision.item_id)
        .outerjoin(replaced, replaced.id == Review.replaces_id)
        .where(
            PublicationEntry.publication_id == publication.id,
            PublicationEntry.edition == publication.edition,
            among(Review.id, review_ids),
        )
    )  # fmt: skip
    return {
        key: Ready(key, specialty, Rating(rating), tuple(reasons), year, current, replaces, at)
        for key, specialty, rating, reasons, year, current, replaces, at in session.execute(found)
    }


def _stands() -> sa.ColumnElement[bool]:
    """Of a list's entry: its decision is the review's, and no conflict voided it before the rating was confirmed."""
    return sa.and_(
        Review.decision_id.is_not_distinct_from(PublicationEntry.decision_id),
        sa.or_(MeetingItem.state != ItemState.VOIDED.value, Review.state == State.CONFIRMED.value),
    )


def document_numbers(session: Session, review_ids: Collection[int]) -> dict[int, str]:
    """Review → the document it was confirmed under."""
    found = sa.select(Review.id, Review.document_number).where(among(Review.id, review_ids))
    return {key: number for key, number in session.execute(found)}  # noqa: C416 -- a Row is no tuple to dict()


def going_rectifications(session: Session, specialty_ids: Collection[int], *, groundless: bool = False) -> list[int]:
    """The rectifications of these specialties that have not ended, in order of id; `groundless`: those whose rating is
    no longer the one in force there.
    """
    ended = [state.value for state in RECTIFICATION_ENDED]
    found = sa.select(Rectification.id).where(
        among(Rectification.specialty_id, specialty_ids), Rectification.state.not_in(ended)
    )
    if groundless:
        in_force = sa.exists().where(
            RatingInForce.specialty_id == Rectification.specialty_id,
            RatingInForce.review_id == Rectification.review_id,
            RatingInForce.known_to.is_(None),
            RatingInForce.valid_to.is_(None),
        )
        found = found.where(~in_force)
    return list(session.scalars(found.order_by(Rectification.id)))


def resting_on(session: Session, reviews: Collection[int]) -> dict[int, int]:
    """Specialty → which of these reviews its rating in force is of: what was rated, and where the rating went."""
    found = (
        sa.select(RatingInForce.specialty_id, RatingInForce.review_id)
        .join(Specialty, Specialty.id == RatingInForce.specialty_id)
        .where(
            among(RatingInForce.review_id, reviews),
            RatingInForce.known_to.is_(None),
            RatingInForce.valid_to.is_(None),
            Specialty.closed_on.is_(None),
        )
    )
    return {key: review for key, review in session.execute(found) if review is not None}


def going_rectification(session: Session, specialty_id: int, review_id: int, rating: str) -> Rectification | None:
    """What a review's rating of this colour asks a specialty to mend, under a lock, where it has not ended."""
    ended = [state.value for state in RECTIFICATION_ENDED]
    found = sa.select(Rectification).where(
        Rectification.specialty_id == specialty_id,
        Rectification.review_id == review_id,
        Rectification.rating == rating,
        Rectification.state.not_in(ended),
    )
    return session.scalars(found.with_for_update(), execution_options={"populate_existing": True}).one_or_none()
