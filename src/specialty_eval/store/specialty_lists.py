"""The negative and the urgent-need lists: what a round's policy named, frozen with its reasons, and for which year."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from specialty_eval.engine.lists import ListKind
from specialty_eval.engine.specialty_list import SpecialtyListState

from . import needs
from .base import Base, Versioned, identity, one_of, reference
from .registry import LEVELS

EXEMPT_BY = ("", "policy", "person")


class SpecialtyList(Versioned, Base):
    """One list of a round: built by one person, approved by another under a document, published for a year.

    `looked_at` catalogue entries were asked about, `named` of them by a rule; these are its entries.
    """

    __tablename__ = "specialty_list"
    __table_args__ = (
        sa.UniqueConstraint("round_id", "kind", "number"),
        one_of("state", SpecialtyListState),
        one_of("kind", ListKind),
        sa.Index(
            "uq_specialty_list_in_making",
            "round_id",
            "kind",
            unique=True,
            postgresql_where=sa.text("state IN ('built', 'approved')"),
        ),
        sa.Index(
            "uq_specialty_list_published",
            "jurisdiction_code",
            "kind",
            "year",
            unique=True,
            postgresql_where=sa.text("state = 'published'"),
        ),
        sa.Index("ix_specialty_list_year", "year", "kind", "id"),
        *needs.of_specialty_list(),
    )

    id: Mapped[int] = identity()
    round_id: Mapped[int] = reference("round.id", index=False)
    jurisdiction_code: Mapped[str] = reference("jurisdiction.code", index=False)
    policy_id: Mapped[int] = reference("policy.id", index=False)
    kind: Mapped[str]
    number: Mapped[int] = mapped_column(sa.Integer)
    state: Mapped[str]
    digest: Mapped[str]
    looked_at: Mapped[int] = mapped_column(sa.Integer)
    named: Mapped[int] = mapped_column(sa.Integer)
    built_by: Mapped[int] = reference("person.id", index=False)
    built_at: Mapped[datetime]
    approved_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    approved_at: Mapped[datetime | None]
    document_number: Mapped[str] = mapped_column(server_default="")
    published_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    published_at: Mapped[datetime | None]
    year: Mapped[int | None] = mapped_column(sa.Integer)
    superseded_at: Mapped[datetime | None]


class SpecialtyListEntry(Base):
    """A catalogue entry that rules name: their codes, what they looked at, and the exemption, the policy's or a
    person's with its reason.
    """

    __tablename__ = "specialty_list_entry"
    __table_args__ = (
        sa.UniqueConstraint("list_id", "code", "level"),
        one_of("level", LEVELS),
        one_of("exempt_by", EXEMPT_BY),
        sa.CheckConstraint("jsonb_array_length(reasons) > 0", name="named_by_a_rule"),
        sa.CheckConstraint("(exempt_by = 'policy') = (jsonb_array_length(exempt_codes) > 0)", name="policy_has_codes"),
        sa.CheckConstraint("(exempt_by = 'person') = (exempt_reason <> '')", name="person_has_reason"),
        sa.CheckConstraint("(exempt_by = 'person') = (exempted_by IS NOT NULL)", name="person_is_named"),
        sa.CheckConstraint("(exempted_by IS NULL) = (exempted_at IS NULL)", name="exemption_has_its_time"),
    )

    id: Mapped[int] = identity()
    list_id: Mapped[int] = reference("specialty_list.id", index=False)
    level: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    reasons: Mapped[list[str]]
    figures: Mapped[dict[str, Any]]
    exempt_by: Mapped[str] = mapped_column(server_default="")
    exempt_codes: Mapped[list[str]]
    exempt_reason: Mapped[str] = mapped_column(server_default="")
    exempted_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    exempted_at: Mapped[datetime | None]
