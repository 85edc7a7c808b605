"""Confirmed ratings that the bureau itself corrects."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, identity, reference


class Correction(Base):
    """A confirmed rating that the bureau itself corrects: the review that supersedes it, why, and what followed."""

    __tablename__ = "correction"
    __table_args__ = (sa.CheckConstraint("reason <> ''", name="reason_given"),)

    id: Mapped[int] = identity()
    review_id: Mapped[int] = reference("review.id")
    new_review_id: Mapped[int] = mapped_column(sa.ForeignKey("review.id"), unique=True)
    reason: Mapped[str]
    follow_ups: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    opened_at: Mapped[datetime]
    opened_by: Mapped[int] = reference("person.id", index=False)
