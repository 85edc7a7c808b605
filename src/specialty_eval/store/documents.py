"""Official papers: a bureau's templates, how it numbers each kind, the numbers given, the papers as they left."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from specialty_eval.engine.documents import DocumentKind

from .base import Base, identity, one_of, reference
from .needs import SHA256
from .registry import Organisation


class DocumentTemplate(Base):
    """A version of a template as a bureau uploaded it, or (without a file) its going back to the shipped one."""

    __tablename__ = "document_template"
    __table_args__ = (
        sa.UniqueConstraint("jurisdiction_code", "kind", "number"),
        one_of("kind", DocumentKind),
        sa.CheckConstraint("number > 0", name="number_counts"),
        sa.CheckConstraint(f"(sha256 IS NULL) = (size = 0) AND (sha256 IS NULL OR sha256 {SHA256})", name="file_whole"),
    )

    id: Mapped[int] = identity()
    jurisdiction_code: Mapped[str] = reference("jurisdiction.code", index=False)
    kind: Mapped[str]
    number: Mapped[int] = mapped_column(sa.Integer)
    sha256: Mapped[str | None]
    size: Mapped[int] = mapped_column(sa.Integer)
    note: Mapped[str] = mapped_column(server_default="")
    made_at: Mapped[datetime]
    made_by: Mapped[int] = reference("person.id", index=False)


class DocumentForm(Base):
    """How a bureau numbers a kind of papers from then on: 德教评〔{year}〕{number}号."""

    __tablename__ = "document_form"
    __table_args__ = (
        sa.Index("ix_document_form_kind", "jurisdiction_code", "kind", "id"),
        one_of("kind", DocumentKind),
        sa.CheckConstraint("form LIKE '%{year}%' AND form LIKE '%{number}%'", name="form_has_both"),
    )

    id: Mapped[int] = identity()
    jurisdiction_code: Mapped[str] = reference("jurisdiction.code", index=False)
    kind: Mapped[str]
    form: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[int] = reference("person.id", index=False)


class DocumentSequence(Base):
    """The last number given in one form and year. A trigger lets it rise by one and in no other way."""

    __tablename__ = "document_sequence"
    __table_args__ = (sa.CheckConstraint("last >= 0", name="last_not_negative"),)

    jurisdiction_code: Mapped[str] = mapped_column(sa.ForeignKey("jurisdiction.code"), primary_key=True)
    form: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    last: Mapped[int] = mapped_column(sa.Integer)


class Document(Base):
    """A paper as it left: its number, the file by its hash, the template it was made from, and what it is about.

    `replaces_id`: the paper about the same thing that it sets right. `filling` is the hash of what was filled in.
    """

    __tablename__ = "document"
    __table_args__ = (
        sa.UniqueConstraint("jurisdiction_code", "form", "year", "sequence"),
        sa.UniqueConstraint("jurisdiction_code", "number"),
        sa.Index("ix_document_subject", "kind", "subject_kind", "subject_id", "id"),
        one_of("kind", DocumentKind),
        sa.CheckConstraint("sequence > 0 AND size > 0", name="something_counted"),
        sa.CheckConstraint(f"sha256 {SHA256} AND template_sha256 {SHA256} AND filling {SHA256}", name="hashes_sha256"),
    )

    id: Mapped[int] = identity()
    jurisdiction_code: Mapped[str] = reference("jurisdiction.code", index=False)
    kind: Mapped[str]
    title: Mapped[str]
    form: Mapped[str]
    year: Mapped[int] = mapped_column(sa.Integer)
    sequence: Mapped[int] = mapped_column(sa.Integer)
    number: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[int]
    round_id: Mapped[int | None] = reference("round.id", null=True)
    review_id: Mapped[int | None] = reference("review.id", null=True)
    specialty_id: Mapped[int | None] = reference("specialty.id", null=True)
    template_id: Mapped[int | None] = reference("document_template.id", null=True, index=False)
    template_sha256: Mapped[str]
    filling: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(sa.Integer)
    replaces_id: Mapped[int | None] = reference("document.id", null=True, index=False)
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = reference("person.id", null=True, index=False)


def template_of(session: Session, city: str, kind: DocumentKind) -> DocumentTemplate | None:
    """The newest version of a bureau's template; None where it never had its own."""
    found = sa.select(DocumentTemplate).where(
        DocumentTemplate.jurisdiction_code == city, DocumentTemplate.kind == kind.value
    )
    return session.scalar(found.order_by(DocumentTemplate.number.desc()).limit(1))


def templates_of(session: Session, city: str, kind: DocumentKind) -> Sequence[DocumentTemplate]:
    """Every version, in order."""
    found = sa.select(DocumentTemplate).where(
        DocumentTemplate.jurisdiction_code == city, DocumentTemplate.kind == kind.value
    )
    return session.scalars(found.order_by(DocumentTemplate.number)).all()


def one_at_a_time(session: Session, city: str, kind: DocumentKind) -> None:
    """Versions and forms of a kind are made one after the other: the second finds what the first has made."""
    key = sa.func.hashtext(f"specialty-eval document {city} {kind.value}")
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def form_of(session: Session, city: str, kind: DocumentKind) -> str | None:
    """How the bureau numbers a kind; None where it has not said."""
    found = sa.select(DocumentForm.form).where(DocumentForm.jurisdiction_code == city, DocumentForm.kind == kind.value)
    return session.scalar(found.order_by(DocumentForm.id.desc()).limit(1))


def last_number(session: Session, city: str, form: str, year: int) -> int | None:
    """The last number given in a form and year; None before the first."""
    return session.scalar(
        sa.select(DocumentSequence.last).where(
            DocumentSequence.jurisdiction_code == city, DocumentSequence.form == form, DocumentSequence.year == year
        )
    )


def next_number(session: Session, city: str, form: str, year: int) -> int:
    """The next number: whoever comes at the same time waits until this transaction has used or dropped it."""
    first = insert(DocumentSequence).values(jurisdiction_code=city, form=form, year=year, last=1)
    taken = first.on_conflict_do_update(
        index_elements=["jurisdiction_code", "form", "year"], set_={"last": DocumentSequence.last + 1}
    )
    return session.execute(taken.returning(DocumentSequence.last)).scalar_one()


def begin_after(session: Session, city: str, form: str, year: int, last: int) -> bool:
    """Begin a year's numbers behind those given on paper; False where they have begun already."""
    begun = insert(DocumentSequence).values(jurisdiction_code=city, form=form, year=year, last=last)
    made = begun.on_conflict_do_nothing().returning(DocumentSequence.last)
    return session.scalar(made) is not None


def newest_about(session: Session, kind: DocumentKind, subject_kind: str, subject_id: int) -> Document | None:
    """The newest paper of a kind about a thing."""
    found = sa.select(Document).where(
        Document.kind == kind.value, Document.subject_kind == subject_kind, Document.subject_id == subject_id
    )
    return session.scalar(found.order_by(Document.id.desc()).limit(1))


def versions(session: Session, templates: Collection[int]) -> dict[int, int]:
    """Template → which version of its kind it is."""
    found = sa.select(DocumentTemplate.id, DocumentTemplate.number).where(DocumentTemplate.id.in_(templates))
    return {key: number for key, number in session.execute(found)}  # noqa: C416 -- a Row is no tuple to dict()


def bureau_at(session: Session, city: str) -> str:
    """What the bureau of a city is called; its code where none is on record."""
    found = sa.select(Organisation.name).where(Organisation.kind == "bureau", Organisation.jurisdiction_code == city)
    return session.scalar(found.order_by(Organisation.id).limit(1)) or city
