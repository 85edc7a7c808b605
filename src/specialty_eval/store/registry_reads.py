"""What anybody may read of the registry: areas, the catalogue, schools, specialties with their codes. Frozen rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from .registry import CatalogueEdition, CatalogueEntry, Jurisdiction, School, Specialty, SpecialtyCode
from .status_queries import present_code

Query = sa.Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Place:
    """An area by its code and name."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition of the catalogue and how many entries it has."""

    code: str
    title: str
    source: str
    loaded_at: datetime
    entries: int


@dataclass(frozen=True, slots=True)
class SchoolRow:
    """A school and where it is."""

    id: int
    code: str
    scheme: str
    name: str
    kind: str
    run_by: str
    jurisdiction: Place
    city: str


@dataclass(frozen=True, slots=True)
class SpecialtyRow:
    """A specialty under its present code (of a closed one: its last), with its attributes."""

    id: int
    code: str
    name: str
    direction: str
    level: str
    class_code: str
    class_name: str
    catalogue_code: str
    catalogue_edition: str | None
    off_catalogue: bool
    state_controlled: bool
    length: str
    campus: str
    partner: str
    opened_on: date
    closed_on: date | None
    school: Place
    jurisdiction: Place
    city: str


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A readable code and the days it was valid."""

    code: str
    valid_from: date
    valid_to: date | None


def areas(parent: str | None) -> sa.Select[Jurisdiction]:
    """The areas, or those right below one."""
    found = sa.select(Jurisdiction)
    return found if parent is None else found.where(Jurisdiction.parent_code == parent)


def editions(session: Session) -> list[Edition]:
    """Every edition of the catalogue, the newest first."""
    entries = sa.select(sa.func.count()).where(CatalogueEntry.edition_id == CatalogueEdition.id).scalar_subquery()
    found = sa.select(
        CatalogueEdition.code, CatalogueEdition.title, CatalogueEdition.source, CatalogueEdition.loaded_at, entries
    )
    return [Edition(*list(row)) for row in session.execute(found.order_by(CatalogueEdition.code.desc()))]


def entries(edition_id: int, *, level: str | None, class_code: str | None) -> sa.Select[CatalogueEntry]:
    """The entries of an edition."""
    found = sa.select(CatalogueEntry).where(CatalogueEntry.edition_id == edition_id)
    if level is not None:
        found = found.where(CatalogueEntry.level == level)
    return found if class_code is None else found.where(CatalogueEntry.class_code == class_code)


def schools(*, county: str | None = None, kind: str | None = None, code: str | None = None) -> Query:
    """Schools as rows of `school_row`."""
    found = sa.select(
        School.id, School.code, School.scheme, School.name, School.kind, School.run_by, Jurisdiction.code,
        Jurisdiction.name, School.city_code,
    ).join(Jurisdiction, Jurisdiction.code == School.jurisdiction_code)  # fmt: skip
    asked = ((School.jurisdiction_code, county), (School.kind, kind), (School.code, code))
    found = found.where(School.successor_id.is_(None))
    return found.where(*(column == value for column, value in asked if value is not None))


def school_row(row: Sequence[Any]) -> SchoolRow:
    """A row of `schools`."""
    return SchoolRow(*[*row[:6], Place(*row[6:8]), row[8]])


@dataclass(frozen=True, slots=True)
class Asked:
    """Which specialties; None filters nothing. Closed ones only where `today` is None."""

    school: str | None = None
    county: str | None = None
    level: str | None = None
    class_code: str | None = None
    today: date | None = None


def specialties(asked: Asked) -> Query:
    """Specialties as rows of `specialty_row`."""
    entry, edition = aliased(CatalogueEntry), aliased(CatalogueEdition)
    found = (
        sa.select(
            Specialty.id, present_code(Specialty.id), Specialty.name, Specialty.direction, Specialty.level,
            Specialty.class_code, Specialty.class_name, Specialty.catalogue_code, edition.code, entry.id.is_(None),
            sa.func.coalesce(entry.state_controlled, False), Specialty.length, Specialty.campus, Specialty.partner,
            Specialty.opened_on, Specialty.closed_on, School.code, School.name, Jurisdiction.code, Jurisdiction.name,
            School.city_code,
        )
        .join(School, School.id == Specialty.school_id)
        .join(Jurisdiction, Jurisdiction.code == School.jurisdiction_code)
        .outerjoin(entry, entry.id == Specialty.catalogue_entry_id)
        .outerjoin(edition, edition.id == entry.edition_id)
    )  # fmt: skip
    wanted = (
        (School.code, asked.school), (School.jurisdiction_code, asked.county), (Specialty.level, asked.level),
        (Specialty.class_code, asked.class_code),
    )  # fmt: skip
    found = found.where(*(column == value for column, value in wanted if value is not None))
    if asked.today is None:
        return found
    return found.where(sa.or_(Specialty.closed_on.is_(None), Specialty.closed_on > asked.today))


def specialty_row(row: Sequence[Any]) -> SpecialtyRow:
    """A row of `specialties`."""
    return SpecialtyRow(*[*row[:16], Place(*row[16:18]), Place(*row[18:20]), row[20]])


def codes(session: Session, specialty_id: int) -> list[CodeRow]:
    """Every code the specialty has or had, the newest first."""
    found: Query = sa.select(SpecialtyCode.code, SpecialtyCode.valid_from, SpecialtyCode.valid_to)
    found = found.where(SpecialtyCode.specialty_id == specialty_id)
    order = (SpecialtyCode.valid_to.desc().nulls_first(), SpecialtyCode.valid_from.desc())
    return [CodeRow(*list(row)) for row in session.execute(found.order_by(*order))]
