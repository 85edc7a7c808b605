"""Who is named to visit a school for a review, and what they report."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, identity, reference


class SiteVisitor(Base):
    """Somebody named to visit the school for a review, and until when to report; until withdrawn with a reason.

    Both are kept: whoever was withdrawn may be named again.
    """

    __tablename__ = "site_visitor"
    __table_args__ = (
        sa.Index("uq_site_visitor_named", "review_id", "person_id", unique=True,
                 postgresql_where=sa.text("withdrawn_at IS NULL")),
        sa.Index("ix_site_visitor_person_id", "person_id", "id"),
        sa.CheckConstraint("due > named_at", name="has_days"),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_reason = '')", name="withdrawn_has_reason"),
    )  # fmt: skip

    id: Mapped[int] = identity()
    review_id: Mapped[int] = reference("review.id")
    person_id: Mapped[int] = reference("person.id", index=False)
    due: Mapped[datetime]
    named_at: Mapped[datetime]
    named_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    withdrawn_reason: Mapped[str] = mapped_column(server_default="")


class SiteVisitReport(Base):
    """What the visitors found, numbered within its review; a later one corrects those before it, with a reason.

    Asked for by the policy's `site_visit`. Where the office reports in the visitors' place, the first has a reason too.
    """

    __tablename__ = "site_visit_report"
    __table_args__ = (
        sa.UniqueConstraint("review_id", "number"),
        sa.CheckConstraint("number > 0 AND (number = 1 OR reason <> '')", name="corrected_has_reason"),
    )

    id: Mapped[int] = identity()
    review_id: Mapped[int] = reference("review.id", index=False)
    number: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    visited_on: Mapped[date]
    findings: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    reported_at: Mapped[datetime]
    reported_by: Mapped[int | None] = reference("person.id", null=True, index=False)
