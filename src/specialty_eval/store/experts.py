"""The pool of experts: who scores which fields, whom they are too near to; and proposals who scores what."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from specialty_eval.engine import allotment

from . import needs
from .base import Base, Versioned, identity, one_of, reference

FORMER_EMPLOYER, INTEREST = "former_employer", "interest"


class Expert(Base):
    """Somebody in a bureau's pool from a day to a day, with their fields and how many reviews they take in a round.

    That they hold the expert's role on the day they are asked is asked beside: leaving the role leaves the pool.
    """

    __tablename__ = "expert"
    __table_args__ = (
        sa.CheckConstraint("jsonb_array_length(fields) > 0", name="has_fields"),
        sa.CheckConstraint("at_most > 0", name="at_most_positive"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="valid_forwards"),
        sa.Index(
            "uq_expert_in_pool", "person_id", "bureau_id", unique=True, postgresql_where=sa.text("valid_to IS NULL")
        ),
        sa.Index("ix_expert_bureau_id", "bureau_id", "id"),
    )

    id: Mapped[int] = identity()
    person_id: Mapped[int] = reference("person.id")
    bureau_id: Mapped[int] = reference("organisation.id", index=False)
    fields: Mapped[list[str]] = mapped_column(JSONB)
    at_most: Mapped[int | None] = mapped_column(sa.Integer)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class ExpertTie(Base):
    """Where somebody worked, or what they have an interest in: a school, or an enterprise by its name.

    It stands until it is lifted with a reason; both are kept.
    """

    __tablename__ = "expert_tie"
    __table_args__ = (
        one_of("kind", (FORMER_EMPLOYER, INTEREST)),
        sa.CheckConstraint("(school_id IS NULL) = (enterprise <> '')", name="to_one_party"),
        sa.CheckConstraint("kind <> 'interest' OR reason <> ''", name="interest_has_reason"),
        sa.CheckConstraint(
            "num_nonnulls(lifted_at, lifted_by, nullif(lifted_reason, '')) IN (0, 3)", name="lifted_whole"
        ),
    )

    id: Mapped[int] = identity()
    person_id: Mapped[int] = reference("person.id")
    kind: Mapped[str]
    school_id: Mapped[int | None] = reference("school.id", null=True, index=False)
    enterprise: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str] = mapped_column(server_default="")
    declared_at: Mapped[datetime]
    declared_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    lifted_reason: Mapped[str] = mapped_column(server_default="")


class Allotment(Versioned, Base):
    """A proposal for a round: how many experts a review and how many reviews an expert at most, without whom; whose
    places are filled and emptied (each `[review, person]`), and why some stay empty.
    """

    __tablename__ = "allotment"
    __table_args__ = (
        sa.UniqueConstraint("round_id", "number"),
        one_of("state", allotment.AllotmentState),
        sa.CheckConstraint("per_review > 0 AND at_most > 0", name="asks_for_something"),
        sa.Index(
            "uq_allotment_in_making",
            "round_id",
            unique=True,
            postgresql_where=sa.text("state IN ('asked', 'proposed')"),
        ),
        *needs.of_allotment(),
    )

    id: Mapped[int] = identity()
    round_id: Mapped[int] = reference("round.id", index=False)
    number: Mapped[int] = mapped_column(sa.Integer)
    state: Mapped[str]
    per_review: Mapped[int] = mapped_column(sa.Integer)
    at_most: Mapped[int] = mapped_column(sa.Integer)
    without: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    """People who are not to be asked; those of them who are going in the round are replaced."""
    question_digest: Mapped[str | None]
    parts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    """The hashes of what the question rested on: reviews, experts, assignments, conflicts."""
    added: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    dropped: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    lacking: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    reason: Mapped[str] = mapped_column(server_default="")
    asked_at: Mapped[datetime]
    asked_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    carried_out_at: Mapped[datetime | None]
    carried_out_by: Mapped[int | None] = reference("person.id", null=True, index=False)
