"""Specialty groups with their versions, and designations of a specialty or a group."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from specialty_eval.engine.designation import DesignationKind, DesignationState, Tier

from . import needs
from .base import Base, Versioned, identity, one_of, reference


class SpecialtyGroup(Base):
    """专业群: specialties that one school builds together; which they are, its versions say."""

    __tablename__ = "specialty_group"
    __table_args__ = (sa.UniqueConstraint("school_id", "name"), sa.CheckConstraint("name <> ''", name="name_given"))

    id: Mapped[int] = identity()
    school_id: Mapped[int] = reference("school.id", index=False)
    name: Mapped[str]
    made_by: Mapped[int] = reference("person.id", index=False)
    made_at: Mapped[datetime]


class DesignationTargets(Base):
    """The targets a bureau set, one edition after another under its documents; the newest counts. Never changed."""

    __tablename__ = "designation_targets"
    __table_args__ = (
        sa.UniqueConstraint("jurisdiction_code", "edition"),
        sa.CheckConstraint("document_number <> ''", name="has_document"),
    )

    id: Mapped[int] = identity()
    jurisdiction_code: Mapped[str] = reference("jurisdiction.code", index=False)
    edition: Mapped[int] = mapped_column(sa.Integer)
    targets: Mapped[list[Any]] = mapped_column(JSONB)
    """Of each kind and tier that has one: `kind`, `tier`, `target`."""
    document_number: Mapped[str]
    set_by: Mapped[int] = reference("person.id", index=False)
    set_at: Mapped[datetime]


class SpecialtyGroupVersion(Base):
    """A group as it is from a day on: its lead specialty and its members, the lead among them. Never changed."""

    __tablename__ = "specialty_group_version"
    __table_args__ = (
        sa.UniqueConstraint("group_id", "number"),
        sa.ForeignKeyConstraint(
            ["id", "lead_id"],
            ["specialty_group_member.version_id", "specialty_group_member.specialty_id"],
            name="fk_specialty_group_version_lead",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        sa.CheckConstraint("number = 1 OR reason <> ''", name="revised_has_reason"),
    )

    id: Mapped[int] = identity()
    group_id: Mapped[int] = reference("specialty_group.id", index=False)
    number: Mapped[int] = mapped_column(sa.Integer)
    lead_id: Mapped[int] = mapped_column(sa.BigInteger)
    valid_from: Mapped[date]
    reason: Mapped[str] = mapped_column(server_default="")
    made_by: Mapped[int] = reference("person.id", index=False)
    made_at: Mapped[datetime]


class SpecialtyGroupMember(Base):
    """A specialty in a version of a group."""

    __tablename__ = "specialty_group_member"

    version_id: Mapped[int] = mapped_column(sa.ForeignKey("specialty_group_version.id"), primary_key=True)
    specialty_id: Mapped[int] = mapped_column(sa.ForeignKey("specialty.id"), primary_key=True, index=True)


class Designation(Versioned, Base):
    """An honour of a specialty, or of a group: then `specialty_id` is the group's lead, on whose green it rests.

    `review_by`: who began the review, None where green was lost; `was_kept`: an earlier review had kept it.
    """

    __tablename__ = "designation"
    __table_args__ = (
        one_of("kind", DesignationKind),
        one_of("tier", Tier),
        one_of("state", DesignationState),
        sa.Index(
            "uq_designation_specialty",
            "specialty_id",
            "kind",
            unique=True,
            postgresql_where=sa.text("group_id IS NULL AND state <> 'withdrawn'"),
        ),
        sa.Index(
            "uq_designation_group",
            "group_id",
            "kind",
            unique=True,
            postgresql_where=sa.text("group_id IS NOT NULL AND state <> 'withdrawn'"),
        ),
        sa.Index("ix_designation_progress", "jurisdiction_code", "kind", "tier", "state"),
        sa.CheckConstraint("grounds <> ''", name="grounds_given"),
        *needs.of_designation(),
    )

    id: Mapped[int] = identity()
    jurisdiction_code: Mapped[str] = reference("jurisdiction.code", index=False)
    kind: Mapped[str]
    tier: Mapped[str]
    specialty_id: Mapped[int] = reference("specialty.id")
    group_id: Mapped[int | None] = reference("specialty_group.id", null=True)
    state: Mapped[str]
    grounds: Mapped[str]
    proposed_by: Mapped[int] = reference("person.id", index=False)
    proposed_at: Mapped[datetime]
    granted_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    granted_at: Mapped[datetime | None]
    document_number: Mapped[str] = mapped_column(server_default="")
    review_since: Mapped[datetime | None]
    review_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    was_kept: Mapped[bool] = mapped_column(server_default=sa.false())
    decided_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    decided_at: Mapped[datetime | None]
    decision_document: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str] = mapped_column(server_default="")


class DesignationLoss(Base):
    """A specialty of a designation lost green by a review's rating, or was closed (then there is no review).

    `ended_by`: the review whose rating took that one's place after an appeal.
    """

    __tablename__ = "designation_loss"
    __table_args__ = (sa.CheckConstraint("ended_by IS NULL OR review_id IS NOT NULL", name="ended_was_rated"),)

    id: Mapped[int] = identity()
    designation_id: Mapped[int] = reference("designation.id")
    specialty_id: Mapped[int] = reference("specialty.id", index=False)
    review_id: Mapped[int | None] = reference("review.id", null=True)
    lost_at: Mapped[datetime]
    ended_by: Mapped[int | None] = reference("review.id", null=True, index=False)
