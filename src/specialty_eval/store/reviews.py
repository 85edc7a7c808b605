"""One specialty in one round: the review, its evidence (drafts and frozen versions), verification, score sheets."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from specialty_eval.engine import cases, review
from specialty_eval.engine.vocabulary import Rating

from . import needs
from .base import Base, Versioned, identity, one_of, reference
from .numbers import drawn

RATED_STATES = "('decided', 'previewed', 'publicised', 'confirmed')"
GOING = f"state NOT IN ({', '.join(repr(state.value) for state in sorted(review.ENDED))})"
FROZEN_STATES = "('submitted', 'checked', 'verified', 'scored', 'decided', 'previewed', 'publicised', 'confirmed')"


class Review(Versioned, Base):
    """One specialty in one round; a review opened by an upheld appeal names the one it replaces."""

    __tablename__ = "review"
    __table_args__ = (
        one_of("state", review.State),
        sa.Index(
            "uq_review_round_specialty",
            "round_id",
            "specialty_id",
            unique=True,
            postgresql_where=sa.text("replaces_id IS NULL"),
        ),
        sa.Index("ix_review_round_state", "round_id", "state"),
        sa.Index("ix_review_going", "specialty_id", "state", postgresql_where=sa.text(GOING)),
        sa.CheckConstraint(f"state NOT IN {RATED_STATES} OR decided_rating IS NOT NULL", name="decided_has_rating"),
        sa.CheckConstraint("decided_rating IS NULL OR decision_id IS NOT NULL", name="rating_has_decision"),
        sa.CheckConstraint(
            "state <> 'confirmed' OR (document_number <> '' AND confirmed_at IS NOT NULL)",
            name="confirmed_has_document",
        ),
        sa.CheckConstraint(
            f"state NOT IN {FROZEN_STATES} OR evidence_version_id IS NOT NULL OR was_defaulted",
            name="frozen_has_evidence",
        ),
        sa.CheckConstraint("state <> 'returned' OR correction_due IS NOT NULL", name="returned_has_due"),
        one_of("decided_rating", Rating),
        *needs.of_review(),
        sa.ForeignKeyConstraint(
            ["decision_id", "id", "decided_rating", "sheet_id"],
            ["decision.id", "decision.review_id", "decision.rating", "decision.sheet_id"],
            name="fk_review_decision",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
    )

    id: Mapped[int] = drawn("review")
    turn: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), deferred=True)
    """In which order they were made, which the numbers do not tell; nobody is told it."""
    round_id: Mapped[int] = reference("round.id", index=False)
    specialty_id: Mapped[int] = reference("specialty.id")
    replaces_id: Mapped[int | None] = reference("review.id", null=True)
    state: Mapped[str]
    due: Mapped[datetime | None]
    correction_due: Mapped[datetime | None]
    returned_fields: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    corrections: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    reminders: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    was_defaulted: Mapped[bool] = mapped_column(server_default=sa.false())
    returned_incomplete: Mapped[bool] = mapped_column(server_default=sa.false())
    county_due: Mapped[datetime | None]
    """Until when the county has for its check; null where none is waited for."""
    taken_over: Mapped[bool] = mapped_column(server_default=sa.false())
    claimed_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    evidence_version_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("evidence_version.id", use_alter=True), index=False
    )
    sheet_id: Mapped[int | None] = mapped_column(sa.ForeignKey("score_sheet.id", use_alter=True), index=False)
    sheet_opened_at: Mapped[datetime | None]
    challenge_due: Mapped[datetime | None]
    decision_id: Mapped[int | None]
    """Its own, of this rating, on the sheet it stands on: a foreign key looks when the transaction ends."""
    decided_rating: Mapped[str | None]
    served_at: Mapped[datetime | None]
    preview_due: Mapped[datetime | None]
    """Until when its school has the decision to itself: no list with it goes out before."""
    appeal_due: Mapped[datetime | None]
    document_number: Mapped[str] = mapped_column(server_default="")
    confirmed_at: Mapped[datetime | None]


class EvidenceDraft(Base):
    """What the school is filling in; saving changes it, submitting freezes it as a version."""

    __tablename__ = "evidence_draft"

    review_id: Mapped[int] = mapped_column(sa.ForeignKey("review.id"), primary_key=True)
    figures: Mapped[dict[str, Any]]
    self_evaluation: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    saved_at: Mapped[datetime]
    saved_by: Mapped[int | None] = reference("person.id", null=True, index=False)


class EvidenceVersion(Base):
    """A frozen submission: measure → {value, source}; values are text as written. A trigger refuses every change."""

    __tablename__ = "evidence_version"
    __table_args__ = (sa.UniqueConstraint("review_id", "number"),)

    id: Mapped[int] = identity()
    review_id: Mapped[int] = reference("review.id", index=False)
    number: Mapped[int] = mapped_column(sa.Integer)
    figures: Mapped[dict[str, Any]]
    self_evaluation: Mapped[str]
    digest: Mapped[str]
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[int | None] = reference("person.id", null=True, index=False)


class Figure(Base):
    """A measure's value of one specialty in one year, with who supplied it and from what source.

    The yearly facts of all specialties in scope, the other suppliers' values, and what verification accepted stand
    here side by side; a newer row supersedes an older one and both stay.
    """

    __tablename__ = "figure"
    __table_args__ = (
        sa.Index(
            "uq_figure_current",
            "specialty_id",
            "year",
            "measure",
            unique=True,
            postgresql_where=sa.text("superseded_at IS NULL"),
        ),
        sa.Index("ix_figure_year_current", "year", "specialty_id", postgresql_where=sa.text("superseded_at IS NULL")),
    )

    id: Mapped[int] = identity()
    specialty_id: Mapped[int] = reference("specialty.id", index=False)
    year: Mapped[int] = mapped_column(sa.Integer)
    measure: Mapped[str]
    value: Mapped[str]
    supplier: Mapped[str]
    source: Mapped[str]
    review_id: Mapped[int | None] = reference("review.id", null=True, index=False)
    """The review that put it on record: its verification, or a challenge, an objection, an appeal about it."""
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    superseded_at: Mapped[datetime | None]


class Attachment(Base):
    """A file's metadata; its bytes lie in the file store under their SHA-256."""

    __tablename__ = "attachment"
    __table_args__ = (sa.CheckConstraint("size >= 0", name="size_positive"),)

    id: Mapped[int] = drawn("attachment")
    review_id: Mapped[int] = reference("review.id")
    measure: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(index=True)
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[int | None] = reference("person.id", null=True, index=False)


class VerificationMark(Base):
    """A verifier's word on one measure of one evidence version."""

    __tablename__ = "verification_mark"
    __table_args__ = (
        sa.UniqueConstraint(
            "review_id", "evidence_version_id", "measure", "office", postgresql_nulls_not_distinct=True
        ),
        one_of("office", ("county", "bureau")),
        one_of("verdict", ("accepted", "wrong", "unsupported")),
        sa.CheckConstraint("verdict = 'accepted' OR reason <> ''", name="refusal_has_reason"),
    )

    id: Mapped[int] = identity()
    review_id: Mapped[int] = reference("review.id", index=False)
    evidence_version_id: Mapped[int | None] = reference("evidence_version.id", null=True)
    measure: Mapped[str]
    office: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    marked_at: Mapped[datetime]
    marked_by: Mapped[int | None] = reference("person.id", null=True, index=False)


class ScoreRun(Base):
    """One scoring of a round: frozen inputs with a hash, and who was set aside and why. A `single` one rescores one.

    A trigger refuses every change.
    """

    __tablename__ = "score_run"
    __table_args__ = (
        sa.UniqueConstraint("round_id", "number"),
        one_of("kind", ("round", "single")),
        *needs.of_run(),
    )

    id: Mapped[int] = identity()
    round_id: Mapped[int] = reference("round.id", index=False)
    number: Mapped[int] = mapped_column(sa.Integer)
    kind: Mapped[str]
    within_id: Mapped[int | None] = reference("score_run.id", null=True)
    policy_digest: Mapped[str]
    inputs_digest: Mapped[str]
    secret: Mapped[bytes | None]
    """What the digest is salted with; None of a run made before digests were."""
    inputs: Mapped[bytes] = mapped_column(deferred=True)
    set_aside: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    notes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    went_on: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    """Reviews scored although their panel stayed below its minimum, each with the reason."""
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = reference("person.id", null=True, index=False)


class ScoreSheet(Base):
    """The computed result of one review in one run, with everything that explains it.

    A trigger refuses every change.
    """

    __tablename__ = "score_sheet"
    __table_args__ = (sa.UniqueConstraint("run_id", "review_id"), one_of("rating", Rating))

    id: Mapped[int] = identity()
    run_id: Mapped[int] = reference("score_run.id", index=False)
    review_id: Mapped[int] = reference("review.id")
    evidence_version_id: Mapped[int | None] = reference("evidence_version.id", null=True)
    total: Mapped[Decimal | None] = mapped_column(sa.Numeric(5, 2))
    completeness: Mapped[Decimal | None] = mapped_column(sa.Numeric(5, 2))
    dimensions: Mapped[dict[str, Any]]
    indicators: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    rating: Mapped[str]
    reasons: Mapped[list[str]]
    caps: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    """The caps whose condition holds, whether or not they changed the rating."""


class Challenge(Versioned, Base):
    """A school's challenge of one figure on its own sheet, before the decision."""

    __tablename__ = "challenge"
    __table_args__ = (
        one_of("state", cases.ChallengeState),
        sa.CheckConstraint("state = 'open' OR answer <> ''", name="answered_has_answer"),
        *needs.of_challenge(),
    )

    id: Mapped[int] = identity()
    review_id: Mapped[int] = reference("review.id")
    measure: Mapped[str]
    stated: Mapped[str]
    claimed: Mapped[str]
    reason: Mapped[str]
    state: Mapped[str]
    answer: Mapped[str] = mapped_column(server_default="")
    answer_due: Mapped[datetime]
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = reference("person.id", null=True, index=False)
