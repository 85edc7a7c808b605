"""Escalations: an office's silence about one thing, past one day, is put on record once."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from specialty_eval.engine.overdue import Awaited

from .base import Base, identity, one_of, reference


class Escalation(Base):
    """What was due by when and did not come; `subject_id` is the review's own, or its challenge's, objection's, …

    What is owed in no round names the school it is owed to, and no review.
    A thing that is due anew (handed in again after a return) may be escalated anew.
    """

    __tablename__ = "escalation"
    __table_args__ = (
        sa.UniqueConstraint("what", "subject_id", "due"),
        one_of("what", Awaited),
        sa.CheckConstraint("num_nonnulls(review_id, school_id) = 1", name="of_review_or_school"),
    )

    id: Mapped[int] = identity()
    what: Mapped[str]
    subject_id: Mapped[int]
    review_id: Mapped[int | None] = reference("review.id", null=True)
    school_id: Mapped[int | None] = reference("school.id", null=True)
    due: Mapped[datetime]
    escalated_at: Mapped[datetime] = mapped_column()
