"""Successions: what was proposed, what each did to which specialty, and the codes and names that schools had before."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from specialty_eval.engine.succession import Act, Subject, SuccessionState
from specialty_eval.engine.vocabulary import COLOURS

from . import needs
from .base import Base, Versioned, identity, one_of, reference


class Succession(Versioned, Base):
    """Something that became something else on a day: proposed by one person, recorded by a second."""

    __tablename__ = "succession"
    __table_args__ = (
        one_of("state", SuccessionState),
        one_of("subject", Subject),
        one_of("act", Act),
        one_of("keeps", ("", *(colour.value for colour in COLOURS))),
        sa.Index("ix_succession_city", "jurisdiction_code", "id"),
        *needs.of_succession(),
    )

    id: Mapped[int] = identity()
    jurisdiction_code: Mapped[str] = reference("jurisdiction.code", index=False)
    subject: Mapped[str]
    act: Mapped[str]
    effective_on: Mapped[date]
    reason: Mapped[str]
    document_number: Mapped[str]
    keeps: Mapped[str] = mapped_column(server_default="")
    """The rating that the committee keeps after a merger; empty: the worse one."""
    wanted: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    state: Mapped[str]
    proposed_by: Mapped[int] = reference("person.id", index=False)
    proposed_at: Mapped[datetime]
    recorded_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    recorded_at: Mapped[datetime | None]


class SuccessionLine(Base):
    """What a recorded succession did to one specialty. `quota`: the places of both after a merger, a base for plans."""

    __tablename__ = "succession_line"
    __table_args__ = (
        one_of("act", (Act.RENAMED, Act.MERGED, Act.SPLIT)),
        sa.CheckConstraint("(act = 'renamed') = (from_specialty_id = to_specialty_id)", name="renamed_is_itself"),
        sa.CheckConstraint("quota IS NULL OR (quota >= 0 AND quota_year IS NOT NULL)", name="quota_has_year"),
    )

    id: Mapped[int] = identity()
    succession_id: Mapped[int] = reference("succession.id")
    act: Mapped[str]
    effective_on: Mapped[date]
    from_specialty_id: Mapped[int] = reference("specialty.id")
    to_specialty_id: Mapped[int] = reference("specialty.id")
    from_code: Mapped[str]
    to_code: Mapped[str]
    carried: Mapped[str] = mapped_column(server_default="")
    """The rating in force that went over."""
    quota: Mapped[int | None] = mapped_column(sa.Integer)
    quota_year: Mapped[int | None] = mapped_column(sa.Integer)


class SchoolCode(Base):
    """A code that a school had before, or that a school had which is part of another now; never used again."""

    __tablename__ = "school_code"

    code: Mapped[str] = mapped_column(primary_key=True)
    school_id: Mapped[int] = reference("school.id")
    valid_to: Mapped[date]


class SchoolName(Base):
    """A name that a school had before: whoever is employed under it is employed there."""

    __tablename__ = "school_name"

    id: Mapped[int] = identity()
    school_id: Mapped[int] = reference("school.id")
    name: Mapped[str] = mapped_column(index=True)
    valid_to: Mapped[date]
