"""What schools write while they mend: every plan and every report, each version in a row of its own."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, identity, reference


class RectificationPlan(Base):
    """A plan as it was handed in, with its milestones; handed in anew after a return it is the next number.

    Its words stand here, never in an event, so that a name in them can be erased.
    """

    __tablename__ = "rectification_plan"
    __table_args__ = (sa.UniqueConstraint("rectification_id", "number"),)

    id: Mapped[int] = identity()
    rectification_id: Mapped[int] = reference("rectification.id", index=False)
    number: Mapped[int] = mapped_column(sa.Integer)
    plan: Mapped[str]
    milestones: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    handed_in_at: Mapped[datetime]
    handed_in_by: Mapped[int | None] = reference("person.id", null=True, index=False)


class RectificationProof(Base):
    """One report of what was done for a milestone: words, a file, or both; a later one has the next number."""

    __tablename__ = "rectification_proof"
    __table_args__ = (
        sa.UniqueConstraint("rectification_id", "code", "number"),
        sa.CheckConstraint("words <> '' OR attachment_id IS NOT NULL", name="proof_given"),
    )

    id: Mapped[int] = identity()
    rectification_id: Mapped[int] = reference("rectification.id", index=False)
    code: Mapped[str]
    number: Mapped[int] = mapped_column(sa.Integer)
    words: Mapped[str] = mapped_column(server_default="")
    attachment_id: Mapped[int | None] = reference("attachment.id", null=True, index=False)
    given_at: Mapped[datetime]
    given_by: Mapped[int | None] = reference("person.id", null=True, index=False)
