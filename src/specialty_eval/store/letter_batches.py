"""The letters of a list or a round made as one piece of work: which were asked for, how far it is, and its one file."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from specialty_eval.engine.documents import DocumentKind
from specialty_eval.engine.review import State

from .base import Base, identity, reference
from .documents import Document
from .needs import SHA256
from .outcomes import Publication, PublicationEntry
from .reviews import Review


class LetterBatch(Base):
    """What was asked: the reviews whose letters are wanted, in order; how many are done; and, once all are, the file.

    `reviews` are those confirmed when it was asked for, without those that who asked is recused from.
    """

    __tablename__ = "letter_batch"
    __table_args__ = (
        sa.CheckConstraint("done BETWEEN 0 AND jsonb_array_length(reviews)", name="done_of_what_was_asked"),
        sa.CheckConstraint("num_nonnulls(made_at, sha256, size) IN (0, 3)", name="made_whole"),
        sa.CheckConstraint("made_at IS NULL OR done = jsonb_array_length(reviews)", name="made_when_all_are"),
        sa.CheckConstraint(f"sha256 IS NULL OR sha256 {SHA256}", name="file_sha256"),
        sa.Index("ix_letter_batch_waiting", "id", postgresql_where=sa.text("made_at IS NULL")),
    )

    id: Mapped[int] = identity()
    round_id: Mapped[int] = reference("round.id", index=False)
    publication_id: Mapped[int | None] = reference("publication.id", null=True, index=False)
    reviews: Mapped[list[int]] = mapped_column(JSONB)
    asked_at: Mapped[datetime]
    asked_by: Mapped[int] = reference("person.id", index=False)
    done: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    made_at: Mapped[datetime | None]
    sha256: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(sa.Integer)


_UNMADE = sa.text("letter_batch.made_at IS NULL")
"""Word for word the condition of the index on those that wait."""


def waiting(session: Session) -> list[tuple[int, datetime]]:
    """(batch, when it was asked for) of those that are not done, the longest waiting first."""
    found = sa.select(LetterBatch.id, LetterBatch.asked_at).where(_UNMADE).order_by(LetterBatch.id)
    return [(key, at) for key, at in session.execute(found)]


def same_waiting(session: Session, wanted: LetterBatch) -> LetterBatch | None:
    """What the same person asked for alike and is not done yet."""
    found = sa.select(LetterBatch).where(
        _UNMADE, LetterBatch.round_id == wanted.round_id, LetterBatch.asked_by == wanted.asked_by,
        LetterBatch.publication_id.is_not_distinct_from(wanted.publication_id),
    )  # fmt: skip
    return session.scalar(found.order_by(LetterBatch.id).limit(1))


def confirmed(session: Session, round_id: int, publication_id: int | None) -> list[int]:
    """The confirmed reviews of the round, or of the list's present edition, in order."""
    found = sa.select(Review.id).where(Review.round_id == round_id, Review.state == State.CONFIRMED.value)
    if publication_id is not None:
        found = (
            found.join(PublicationEntry, PublicationEntry.review_id == Review.id)
            .join(Publication, Publication.id == PublicationEntry.publication_id)
            .where(Publication.id == publication_id, PublicationEntry.edition == Publication.edition)
        )
    return list(session.scalars(found.order_by(Review.id)))


def letters(session: Session, reviews: list[int]) -> list[Document]:
    """The newest letter on each of these ratings, in the order of their numbers."""
    newest = (
        sa.select(sa.func.max(Document.id))
        .where(Document.kind == DocumentKind.DECISION_LETTER.value, Document.subject_kind == Review.__tablename__,
               Document.subject_id.in_(reviews))
        .group_by(Document.subject_id)
    )  # fmt: skip
    found = sa.select(Document).where(Document.id.in_(newest))
    return list(session.scalars(found.order_by(Document.year, Document.form, Document.sequence)))
