"""Files of evidence that wait for a yes: their rows, the remarks on them, what they would change. It all expires."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, identity, one_of, reference


class StagedFile(Base):
    """One file: whose, under which policy; once checked with its counts and the hash of its difference.

    `whole` says that an empty cell takes what is on record off it. Nothing here is on record before `confirmed_at`.
    """

    __tablename__ = "staged_file"
    __table_args__ = (
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest_sha256"),
        sa.CheckConstraint(
            "difference = '' OR (checked_at IS NOT NULL AND difference ~ '^[0-9a-f]{64}$')",
            name="difference_is_checked",
        ),
        sa.CheckConstraint(
            "confirmed_at IS NULL OR (difference <> '' AND problems = 0)",
            name="confirmed_is_shown",
        ),
        sa.Index("ix_staged_file_unchecked", "id", postgresql_where=sa.text("checked_at IS NULL")),
        sa.Index(
            "ix_staged_file_asked", "id", postgresql_where=sa.text("asked_at IS NOT NULL AND confirmed_at IS NULL")
        ),
    )

    id: Mapped[int] = identity()
    policy_id: Mapped[str]
    policy_version: Mapped[str]
    policy_digest: Mapped[str]
    round_id: Mapped[int | None] = reference("round.id", null=True, index=False)
    """The round whose drafts it fills; of a file of yearly figures none."""
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(index=True)
    media_type: Mapped[str]
    size: Mapped[int]
    whole: Mapped[bool]
    received_at: Mapped[datetime]
    received_by: Mapped[int | None] = reference("person.id", null=True)
    key_id: Mapped[int | None] = reference("api_key.id", null=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    checked_at: Mapped[datetime | None]
    measures: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    """The measures of `said` in the rows, in their order."""
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    totals: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    """Problem code → how many, all of them; notices too."""
    problems: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    notices: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    difference: Mapped[str] = mapped_column(server_default="")
    annotated: Mapped[str] = mapped_column(server_default="", index=True)
    """The hash of the workbook that shows every remark at its cell; empty without any."""
    asked_at: Mapped[datetime | None]
    """When the yes was given that a job carries out."""
    refused: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    """Why a job could not carry it out."""
    confirmed_at: Mapped[datetime | None]
    intake_id: Mapped[int | None] = reference("intake.id", null=True, index=False)


class StagedRow(Base):
    """A row whose cells are in order: the specialty, the year, and of each measure what is said, null for nothing.

    No foreign key: rows come by the hundred thousand, and go with their file.
    """

    __tablename__ = "staged_row"

    file_id: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    specialty_id: Mapped[int]
    year: Mapped[int] = mapped_column(sa.Integer)
    said: Mapped[list[str | None]] = mapped_column(ARRAY(sa.Text()))
    source: Mapped[str]


class StagedRemark(Base):
    """What is wrong with a cell, or how it was understood; `place` is its column from 0, row 0 the whole file."""

    __tablename__ = "staged_remark"
    __table_args__ = (one_of("kind", ("problem", "notice")),)

    file_id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    code: Mapped[str]
    row: Mapped[int] = mapped_column(sa.Integer)
    place: Mapped[int] = mapped_column(sa.Integer)
    facts: Mapped[dict[str, Any]]


class StagedChange(Base):
    """A value on record that would be another, or (`after` null) none."""

    __tablename__ = "staged_change"

    file_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    row: Mapped[int] = mapped_column(sa.Integer)
    figure_id: Mapped[int]
    after: Mapped[str | None]
