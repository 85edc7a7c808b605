"""Reports that were asked for, and the files that the worker made of them: made once, kept as they were made."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from specialty_eval.engine.report import Period, Reader, ReportKind

from . import scopes
from .applications import Application
from .base import Base, identity, one_of, reference
from .needs import SHA256
from .registry import School, Specialty


class Report(Base):
    """What was asked: kind, year, part of it, whose; and, once made, its three files by their hashes.

    `reviews`, `applications` and `specialties` (those whose closing is appealed against) are those that it names one
    by one: who is recused from any of them does not read it.
    """

    __tablename__ = "report"
    __table_args__ = (
        one_of("kind", ReportKind),
        one_of("reader", Reader),
        one_of("period", Period),
        sa.CheckConstraint("(kind = 'school') = (school_id IS NOT NULL)", name="school_has_school"),
        sa.CheckConstraint("kind = 'supervision' OR period = 'year'", name="part_of_supervision"),
        sa.CheckConstraint("kind <> 'supervision' OR reader = 'office'", name="supervision_for_offices"),
        sa.CheckConstraint("num_nonnulls(made_at, title, docx, html, xlsx) IN (0, 5)", name="made_whole"),
        sa.CheckConstraint(
            f"made_at IS NULL OR (docx {SHA256} AND html {SHA256} AND xlsx {SHA256})", name="hashes_sha256"
        ),
        sa.Index(
            "uq_report_waiting", "jurisdiction_code", "kind", "reader", "year", "period",
            sa.text("coalesce(school_id, 0)"), sa.text("coalesce(county_code, '')"), unique=True,
            postgresql_where=sa.text("made_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = identity()
    jurisdiction_code: Mapped[str] = reference("jurisdiction.code", index=False)
    kind: Mapped[str]
    reader: Mapped[str]
    year: Mapped[int] = mapped_column(sa.Integer)
    period: Mapped[str]
    school_id: Mapped[int | None] = reference("school.id", null=True)
    county_code: Mapped[str | None] = reference("jurisdiction.code", null=True, index=False)
    asked_at: Mapped[datetime]
    asked_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    made_at: Mapped[datetime | None]
    title: Mapped[str | None]
    docx: Mapped[str | None]
    html: Mapped[str | None]
    xlsx: Mapped[str | None]
    reviews: Mapped[list[int]] = mapped_column(JSONB, server_default="[]")
    applications: Mapped[list[int]] = mapped_column(JSONB, server_default="[]")
    specialties: Mapped[list[int]] = mapped_column(JSONB, server_default="[]")


def names_what_is_kept_from(session: Session, person_id: int | None, row: Report) -> bool:
    """Whether the person is recused from anything that the report names, in a round or beside one."""
    if person_id is None:
        return False
    if scopes.recused_from(session, person_id, row.reviews):
        return True
    applied = (
        sa.select(Application.id)
        .join(School, School.id == Application.school_id)
        .where(Application.id.in_(row.applications), scopes.recused_from_application(person_id))
    )
    closing = (
        sa.select(Specialty.id)
        .join(School, School.id == Specialty.school_id)
        .where(Specialty.id.in_(row.specialties), scopes.recused_from_specialty(person_id))
    )
    return session.scalar(sa.union_all(applied, closing).limit(1)) is not None


def waiting(session: Session) -> list[tuple[int, datetime]]:
    """(report, when it was asked for) of those that nobody made yet, the longest waiting first."""
    found = sa.select(Report.id, Report.asked_at).where(Report.made_at.is_(None)).order_by(Report.id)
    return [(key, at) for key, at in session.execute(found)]


def same_waiting(session: Session, wanted: Report) -> Report | None:
    """The report that was asked for alike and is not made yet."""
    found = sa.select(Report).where(
        Report.made_at.is_(None), Report.jurisdiction_code == wanted.jurisdiction_code, Report.kind == wanted.kind,
        Report.reader == wanted.reader, Report.year == wanted.year, Report.period == wanted.period,
        Report.school_id.is_not_distinct_from(wanted.school_id),
        Report.county_code.is_not_distinct_from(wanted.county_code),
    )  # fmt: skip
    return session.scalar(found)
