"""Applications to open, change or close a specialty: what was applied for, the joint opinion, the committee's votes."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from specialty_eval.engine.application import APPLICATION_GOING, ApplicationState
from specialty_eval.engine.opening import PARTIES, ApplicationKind

from . import needs
from .base import Base, Versioned, identity, one_of, reference
from .registry import LEVELS

GOING = sa.text(f"state IN ({', '.join(repr(state.value) for state in APPLICATION_GOING)})")


class Application(Versioned, Base):
    """One application of a school, as its head signed it; judged by the policy and the list it was received under.

    `specialty_id` is what it changes or closes, or, once registered, what it opened.
    """

    __tablename__ = "application"
    __table_args__ = (
        one_of("state", ApplicationState),
        one_of("kind", ApplicationKind),
        one_of("level", LEVELS),
        sa.Index(
            "uq_application_opening",
            "school_id",
            "catalogue_code",
            "name",
            "direction",
            unique=True,
            postgresql_where=sa.and_(sa.text("kind IN ('open', 'off_catalogue')"), GOING),
        ),
        sa.Index(
            "uq_application_of_specialty",
            "specialty_id",
            unique=True,
            postgresql_where=sa.and_(sa.text("kind IN ('change', 'close')"), GOING),
        ),
        sa.Index("ix_application_jurisdiction_code_state", "jurisdiction_code", "state"),
        *needs.of_application(),
    )

    id: Mapped[int] = identity()
    jurisdiction_code: Mapped[str] = reference("jurisdiction.code", index=False)
    school_id: Mapped[int] = reference("school.id")
    policy_id: Mapped[int] = reference("policy.id", index=False)
    kind: Mapped[str]
    state: Mapped[str]
    specialty_id: Mapped[int | None] = reference("specialty.id", null=True)
    catalogue_entry_id: Mapped[int | None] = reference("catalogue_entry.id", null=True, index=False)
    catalogue_code: Mapped[str]
    """Empty for one off the catalogue: it gets its X and five digits when it is registered."""
    direction: Mapped[str]
    name: Mapped[str]
    level: Mapped[str]
    class_code: Mapped[str]
    class_name: Mapped[str]
    length: Mapped[str]
    campus: Mapped[str]
    partner: Mapped[str]
    agreement: Mapped[str]
    department_code: Mapped[str]
    """The industry's department, whose opinion an off-catalogue one needs."""
    changes: Mapped[dict[str, Any]]
    """Of a change: what becomes what."""
    effective_on: Mapped[date | None]
    """From when it is taught; a change and a closing take effect when they are registered."""
    grounds: Mapped[str]
    midlevel_teachers: Mapped[int | None] = mapped_column(sa.Integer)
    students: Mapped[int | None] = mapped_column(sa.Integer)
    evidence_year: Mapped[int] = mapped_column(sa.Integer)
    negative_list_id: Mapped[int | None] = reference("specialty_list.id", null=True, index=False)
    """In force for the year it would open in, on the day it was received."""
    received_at: Mapped[datetime]
    received_by: Mapped[int] = reference("person.id", index=False)
    due: Mapped[datetime | None]
    """Until when the office is to check, then the committee to decide."""
    checked_at: Mapped[datetime | None]
    findings: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    visit_report: Mapped[str] = mapped_column(server_default="")
    visited_on: Mapped[date | None]
    visited_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    visit_teachers: Mapped[int | None] = mapped_column(sa.Integer)
    reason: Mapped[str] = mapped_column(server_default="")
    document_number: Mapped[str] = mapped_column(server_default="")
    decided_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    decided_at: Mapped[datetime | None]
    deemed_served_at: Mapped[datetime | None]
    served_at: Mapped[datetime | None]
    complain_until: Mapped[datetime | None]


class ApplicationOpinion(Base):
    """What the bureau, or the industry's department, says of an off-catalogue one. A trigger refuses every change."""

    __tablename__ = "application_opinion"
    __table_args__ = (
        sa.UniqueConstraint("application_id", "party"),
        one_of("party", PARTIES),
        sa.CheckConstraint("words <> '' AND document_number <> ''", name="said_in_writing"),
    )

    id: Mapped[int] = identity()
    application_id: Mapped[int] = reference("application.id", index=False)
    party: Mapped[str]
    agrees: Mapped[bool]
    words: Mapped[str]
    document_number: Mapped[str]
    given_by: Mapped[int] = reference("person.id", index=False)
    given_at: Mapped[datetime]


class ApplicationAttachment(Base):
    """A file that proves an application, put away by its hash: never another, never removed. Its name can be erased."""

    __tablename__ = "application_attachment"
    __table_args__ = (sa.CheckConstraint(f"sha256 {needs.SHA256} AND size > 0", name="file_whole"),)

    id: Mapped[int] = identity()
    application_id: Mapped[int] = reference("application.id")
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(sa.Integer)
    sha256: Mapped[str]
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[int] = reference("person.id", index=False)
