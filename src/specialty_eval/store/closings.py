"""Proposals to close a specialty, and the school's appeal against the decision to."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from specialty_eval.engine.closing import ClosingAppealState, Grounds

from . import needs
from .base import Base, Versioned, identity, one_of, reference


class ClosingProposal(Base):
    """A specialty that did not mend, or enrols nobody, is put before the committee and the bureau: noticed, decided,
    then closed or kept.

    One person records the committee's decision, another closes. For want of intake there is no rectification, but the
    policy by which it is proposed, and how many years in a row had none up to which.
    """

    __tablename__ = "closing_proposal"
    __table_args__ = (
        one_of("grounds", Grounds),
        sa.CheckConstraint("decision IS NULL OR decision IN ('close', 'keep')", name="decision_known"),
        sa.CheckConstraint(
            "(decision IS NULL) = (decided_at IS NULL) AND (decision IS NULL) = (decided_by IS NULL)"
            " AND (decision IS NULL OR (document_number <> '' AND reason <> '' AND appeal_due > decided_at))",
            name="decided_has_document",
        ),
        sa.CheckConstraint("deemed_served_at > proposed_at", name="notice_has_days"),
        sa.UniqueConstraint("specialty_id", "through"),
        sa.Index("ix_closing_proposal_undecided", "decide_due", postgresql_where=sa.text("decision IS NULL")),
        sa.Index(
            "ix_closing_proposal_unserved",
            "deemed_served_at",
            postgresql_where=sa.text("served_at IS NULL AND decision IS NULL"),
        ),
        sa.Index("ix_closing_proposal_to_close", "close_due", postgresql_where=sa.text("decision = 'close'")),
        *needs.of_closing(),
    )

    id: Mapped[int] = identity()
    specialty_id: Mapped[int] = reference("specialty.id")
    rectification_id: Mapped[int | None] = mapped_column(sa.ForeignKey("rectification.id"), unique=True)
    policy_id: Mapped[int | None] = reference("policy.id", null=True, index=False)
    years: Mapped[int | None] = mapped_column(sa.Integer)
    through: Mapped[int | None] = mapped_column(sa.Integer)
    grounds: Mapped[str]
    proposed_at: Mapped[datetime]
    deemed_served_at: Mapped[datetime]
    served_at: Mapped[datetime | None]
    decision: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    document_number: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str] = mapped_column(server_default="")
    appeal_due: Mapped[datetime | None]
    decide_due: Mapped[datetime | None]
    """Until when the committee and the bureau have to decide."""
    close_due: Mapped[datetime | None]
    """Until when a decision to close is to be carried out."""
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")


class ClosingAppeal(Versioned, Base):
    """A school's appeal against the decision to close; upheld, the decision is lifted and the specialty stays."""

    __tablename__ = "closing_appeal"
    __table_args__ = (
        one_of("state", ClosingAppealState),
        sa.Index(
            "uq_closing_appeal_open",
            "proposal_id",
            unique=True,
            postgresql_where=sa.text("state NOT IN ('inadmissible', 'upheld', 'rejected')"),
        ),
        sa.Index(
            "uq_closing_appeal_heard",
            "proposal_id",
            unique=True,
            postgresql_where=sa.text("state IN ('upheld', 'rejected')"),
        ),
        sa.CheckConstraint("grounds <> ''", name="grounds_given"),
        *needs.of_closing_appeal(),
    )

    id: Mapped[int] = identity()
    proposal_id: Mapped[int] = reference("closing_proposal.id")
    specialty_id: Mapped[int] = reference("specialty.id")
    state: Mapped[str]
    grounds: Mapped[str]
    answer: Mapped[str] = mapped_column(server_default="")
    received_at: Mapped[datetime]
    received_by: Mapped[int] = reference("person.id", index=False)
    answer_due: Mapped[datetime]


class ClosingAppealPanelist(Base):
    """A member of the panel that hears one; nobody who decided about the closing sits on it."""

    __tablename__ = "closing_appeal_panelist"

    appeal_id: Mapped[int] = mapped_column(sa.ForeignKey("closing_appeal.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
