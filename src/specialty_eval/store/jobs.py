"""What the worker has done and what it could not do: one row for each job and what it is done for, written with it."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, identity


class Job(Base):
    """A job for one subject (a round's or list's number, a city's code): last done when, or failing since when and why.

    What is due stands in the tables themselves; a row that is missing means: never done.
    """

    __tablename__ = "job"
    __table_args__ = (
        sa.UniqueConstraint("name", "subject"),
        sa.Index("ix_job_failing", "failed_at", "id", postgresql_where=sa.text("failures > 0")),
        sa.CheckConstraint("failures >= 0", name="failures_not_negative"),
        sa.CheckConstraint("(failures = 0) = (retry_at IS NULL)", name="failing_is_tried_again"),
        sa.CheckConstraint("(failures = 0) = (failed_at IS NULL)", name="failing_says_when"),
    )

    id: Mapped[int] = identity()
    name: Mapped[str]
    subject: Mapped[str]
    done_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    failed_at: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]
    reasons: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
