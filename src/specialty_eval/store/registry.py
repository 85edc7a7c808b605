"""Catalogue, jurisdictions, organisations, schools and the specialties taught there."""

from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from specialty_eval.engine.errors import NotFound, Problem
from specialty_eval.engine.permissions import Reach

from .base import Base, identity, one_of, reference

LEVELS = ("secondary", "associate", "bachelor")
"""中职, 高职专科, 职教本科: the first digit of a catalogue code tells (6-7, 4-5, 2-3)."""

SCHOOL_KINDS = ("secondary", "technician", "college", "vocational_university")
ORGANISATION_KINDS = ("bureau", "county", "department", "school", "third_party")


class Jurisdiction(Base):
    """An area of GB/T 2260, or a functional zone that statistics use like one."""

    __tablename__ = "jurisdiction"
    __table_args__ = (
        sa.CheckConstraint("code ~ '^[0-9]{6}$'", name="code_six_digits"),
        one_of("kind", ("province", "city", "county", "zone")),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    parent_code: Mapped[str | None] = reference("jurisdiction.code", null=True)


class CatalogueEdition(Base):
    """One edition of the national catalogue; a newer one stands beside the old."""

    __tablename__ = "catalogue_edition"

    id: Mapped[int] = identity()
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    source: Mapped[str]
    loaded_at: Mapped[datetime]


class CatalogueEntry(Base):
    """One specialty of the national list, in one edition."""

    __tablename__ = "catalogue_entry"
    __table_args__ = (
        sa.UniqueConstraint("edition_id", "code"),
        sa.CheckConstraint("code ~ '^[2-7][0-9]{5}$'", name="code_six_digits"),
        one_of("level", LEVELS),
    )

    id: Mapped[int] = identity()
    edition_id: Mapped[int] = reference("catalogue_edition.id", index=False)
    code: Mapped[str]
    name: Mapped[str]
    level: Mapped[str]
    class_code: Mapped[str]
    class_name: Mapped[str]
    subclass_code: Mapped[str]
    subclass_name: Mapped[str]
    state_controlled: Mapped[bool]
    first_in: Mapped[str]


class Organisation(Base):
    """Whoever roles are held at: the bureau, a county, a department, a school, a third party."""

    __tablename__ = "organisation"
    __table_args__ = (sa.UniqueConstraint("kind", "code"), one_of("kind", ORGANISATION_KINDS))

    id: Mapped[int] = identity()
    kind: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    jurisdiction_code: Mapped[str] = reference("jurisdiction.code")


class School(Base):
    """A school; its identifier names its scheme (education: 10 digits, human resources: technician schools)."""

    __tablename__ = "school"
    __table_args__ = (
        one_of("scheme", ("education", "human_resources")),
        one_of("kind", SCHOOL_KINDS),
        one_of("run_by", ("city", "county")),
        sa.CheckConstraint("scheme <> 'education' OR code ~ '^[0-9]{10}$'", name="education_code_ten_digits"),
        sa.CheckConstraint("code ~ '^[0-9A-Z]{6,18}$'", name="code_shape"),
    )

    id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    scheme: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    run_by: Mapped[str]
    jurisdiction_code: Mapped[str] = reference("jurisdiction.code")
    city_code: Mapped[str] = reference("jurisdiction.code")
    successor_id: Mapped[int | None] = reference("school.id", null=True)
    """The school that this one is part of now."""


class Specialty(Base):
    """One catalogue entry (or an off-catalogue one) taught at one school; what is rated. Its id is permanent."""

    __tablename__ = "specialty"
    __table_args__ = (
        sa.UniqueConstraint("school_id", "catalogue_code", "direction"),
        one_of("level", LEVELS),
        sa.CheckConstraint("(catalogue_entry_id IS NULL) = (catalogue_code ~ '^X[0-9]{5}$')", name="off_catalogue_x"),
        sa.CheckConstraint("catalogue_entry_id IS NOT NULL OR partner <> ''", name="off_catalogue_partner"),
        sa.CheckConstraint("closed_on IS NULL OR closed_on >= opened_on", name="closed_after_opened"),
        sa.CheckConstraint("successor_id IS NULL OR closed_on IS NOT NULL", name="merged_is_closed"),
        sa.Index("ix_specialty_parts", sa.text("parts_of(name)"), postgresql_using="gin"),
    )

    id: Mapped[int] = identity()
    school_id: Mapped[int] = reference("school.id", index=False)
    catalogue_entry_id: Mapped[int | None] = reference("catalogue_entry.id", null=True)
    catalogue_code: Mapped[str]
    direction: Mapped[str] = mapped_column(server_default="")
    name: Mapped[str]
    level: Mapped[str]
    class_code: Mapped[str]
    class_name: Mapped[str]
    partner: Mapped[str] = mapped_column(server_default="")
    length: Mapped[str] = mapped_column(server_default="")
    """学制, as the school's plan says it: 3, 5, 3+2."""
    campus: Mapped[str] = mapped_column(server_default="")
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    successor_id: Mapped[int | None] = reference("specialty.id", null=True)
    """The specialty that this one is part of now: where a chain of mergers has led to."""


class SpecialtyCode(Base):
    """A readable code of a specialty, with the days it was valid; a superseded one is never used again."""

    __tablename__ = "specialty_code"
    __table_args__ = (
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="valid_forwards"),
        sa.Index(
            "uq_specialty_code_current", "specialty_id", unique=True, postgresql_where=sa.text("valid_to IS NULL")
        ),
        sa.Index("ix_specialty_code_parts", sa.text("parts_of(code)"), postgresql_using="gin"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    specialty_id: Mapped[int] = reference("specialty.id")
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Intake(Base):
    """One file that was loaded: what it was, its hash, how many of its rows said something new. Kept with its event."""

    __tablename__ = "intake"
    __table_args__ = (sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest_sha256"),)

    id: Mapped[int] = identity()
    kind: Mapped[str]
    of: Mapped[str] = mapped_column(server_default="")
    """The catalogue's edition, the figures' policy; empty for the other kinds."""
    digest: Mapped[str] = mapped_column(index=True)
    rows: Mapped[int] = mapped_column(sa.Integer)
    new: Mapped[int] = mapped_column(sa.Integer)
    changed: Mapped[int] = mapped_column(sa.Integer)
    unchanged: Mapped[int] = mapped_column(sa.Integer)
    loaded_at: Mapped[datetime]
    loaded_by: Mapped[int | None] = reference("person.id", null=True, index=False)


def city_of(session: Session, code: str) -> str:
    """The city an area belongs to: itself, or the parent of a county or zone; empty for a province."""
    area = session.get_one(Jurisdiction, code)
    if area.kind == "city":
        return area.code
    return (area.parent_code or "") if area.kind in {"county", "zone"} else ""


def areas_of(city: str) -> sa.Select[str]:
    """The city's own code, and those of the counties and zones in it."""
    return sa.select(Jurisdiction.code).where(sa.or_(Jurisdiction.code == city, Jurisdiction.parent_code == city))


def within(near: Reach) -> sa.ColumnElement[bool]:
    """The `school` is one that these roles reach: itself, by its county unless the city runs it, or by its city."""
    return sa.or_(
        School.id.in_([int(key) for key in near.schools]),
        sa.and_(School.jurisdiction_code.in_(near.counties), School.run_by != "city"),
        School.city_code.in_(near.cities),
    )


def id_of(session: Session, code: str) -> int:
    """The specialty that this readable code names, now or before, and merged into what; NotFound."""
    now = sa.func.coalesce(Specialty.successor_id, Specialty.id)
    named = sa.select(now).join(SpecialtyCode, SpecialtyCode.specialty_id == Specialty.id)
    found = session.scalar(named.where(SpecialtyCode.code == code))
    if found is None:
        raise NotFound(Problem("not-found", "specialty", {"kind": "specialty", "id": code}))
    return found


def hold(session: Session, ids: Sequence[int]) -> None:
    """Lock these specialties, in order of id."""
    lock = sa.select(Specialty.id).where(Specialty.id.in_(ids)).order_by(Specialty.id)
    session.execute(lock.with_for_update())


def give_code(session: Session, specialty_id: int, code: str, day: date) -> None:
    """A new specialty's first code."""
    session.add(SpecialtyCode(code=code, specialty_id=specialty_id, valid_from=day))
    session.flush()


def supersede_code(session: Session, specialty_id: int, code: str, day: date) -> None:
    """Its code from that day on, or from its opening where that is to come; the one before leads there."""
    held = sa.select(SpecialtyCode).where(SpecialtyCode.specialty_id == specialty_id, SpecialtyCode.valid_to.is_(None))
    before = session.scalars(held, execution_options={"populate_existing": True}).one()
    before.valid_to = max(day, before.valid_from)
    session.flush()
    give_code(session, specialty_id, code, before.valid_to)


def school_now(session: Session, school_id: int) -> School:
    """A school, or the one that it is part of by now: read anew, whatever was read of it before."""
    school = session.get_one(School, school_id, populate_existing=True)
    return (
        school if school.successor_id is None else session.get_one(School, school.successor_id, populate_existing=True)
    )


def lead_school_on(session: Session, school_id: int, into: int) -> None:
    """A school is part of another now, and whatever was part of it before."""
    known = sa.update(School).where(sa.or_(School.id == school_id, School.successor_id == school_id))
    session.execute(known.values(successor_id=into))
