"""What a blind review's material was looked through for and what was found, and who released what was held back."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from specialty_eval.engine.anonymity import Checked

from .base import Base, identity, one_of, reference


class MaterialCheck(Base):
    """One look through a file or through the words that were handed in; the newest one of each counts.

    A trigger refuses every change.
    """

    __tablename__ = "material_check"
    __table_args__ = (
        one_of("says", Checked),
        sa.CheckConstraint("num_nonnulls(attachment_id, evidence_version_id) = 1", name="of_one_piece"),
        sa.CheckConstraint("(says = 'found') = (jsonb_array_length(finds) > 0)", name="found_has_finds"),
        sa.CheckConstraint("says <> 'clear' OR jsonb_array_length(unread) = 0", name="clear_was_read"),
        sa.CheckConstraint("says <> 'unchecked' OR jsonb_array_length(unread) > 0", name="unchecked_says_what"),
        sa.CheckConstraint("jsonb_array_length(names) > 0", name="looked_for_something"),
        sa.Index("ix_material_check_review_id", "review_id", "id"),
    )

    id: Mapped[int] = identity()
    review_id: Mapped[int] = reference("review.id", index=False)
    attachment_id: Mapped[int | None] = reference("attachment.id", null=True)
    evidence_version_id: Mapped[int | None] = reference("evidence_version.id", null=True)
    names: Mapped[list[str]] = mapped_column(JSONB)
    says: Mapped[str]
    finds: Mapped[list[Any]] = mapped_column(JSONB)
    """Each `[where, name, what stands around it]`."""
    unread: Mapped[list[Any]] = mapped_column(JSONB)
    """Each `[where, why]`."""
    checked_at: Mapped[datetime]


class MaterialRelease(Base):
    """Somebody's word, with a reason, that a piece may be shown whatever that check says. A trigger refuses changes."""

    __tablename__ = "material_release"
    __table_args__ = (sa.CheckConstraint("reason <> ''", name="has_reason"),)

    id: Mapped[int] = identity()
    check_id: Mapped[int] = mapped_column(sa.ForeignKey("material_check.id"), unique=True)
    reason: Mapped[str]
    released_by: Mapped[int] = reference("person.id", index=False)
    released_at: Mapped[datetime]
