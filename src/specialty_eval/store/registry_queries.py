"""Questions about the registry: what stands there under which code, for loading files and for reading."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from specialty_eval.engine.permissions import Actor, Kind, Scope

from .base import Ids
from .registry import (
    CatalogueEdition,
    CatalogueEntry,
    Jurisdiction,
    Organisation,
    School,
    Specialty,
    SpecialtyCode,
)


def among(
    column: sa.ColumnElement[str] | sa.orm.InstrumentedAttribute[str], values: Collection[str]
) -> sa.ColumnElement[bool]:
    """The column is one of many values, handed over as one array."""
    return column == sa.any_(sa.bindparam(None, list(values), type_=ARRAY(sa.Text()), unique=True))


def numbered(
    column: sa.ColumnElement[int] | sa.orm.InstrumentedAttribute[int] | sa.orm.InstrumentedAttribute[int | None],
    ids: Collection[int],
) -> sa.ColumnElement[bool]:
    """The column is one of many numbers, handed over as one array."""
    return column == sa.any_(sa.bindparam(None, list(ids), type_=Ids(), unique=True))


@dataclass(frozen=True, slots=True)
class Area:
    """A jurisdiction and the city it belongs to (`` above a city)."""

    code: str
    name: str
    kind: str
    parent: str | None

    @property
    def city(self) -> str:
        """Itself, or the parent of a county or zone."""
        return {"city": self.code, "province": ""}.get(self.kind, self.parent or "")


def areas(session: Session) -> dict[str, Area]:
    """Every jurisdiction by its code."""
    found = sa.select(Jurisdiction.code, Jurisdiction.name, Jurisdiction.kind, Jurisdiction.parent_code)
    return {row.code: Area(*row) for row in session.execute(found)}


def organisations(session: Session) -> dict[tuple[str, str], Organisation]:
    """Every organisation by kind and code."""
    return {(row.kind, row.code): row for row in session.scalars(sa.select(Organisation))}


def schools(session: Session, codes: Collection[str]) -> dict[str, School]:
    """Schools by their codes."""
    return {row.code: row for row in session.scalars(sa.select(School).where(among(School.code, codes)))}


def newest_entries(session: Session, codes: Collection[str]) -> dict[str, CatalogueEntry]:
    """Catalogue entries by code, each from the newest edition that has it."""
    found = (
        sa.select(CatalogueEntry)
        .join(CatalogueEdition, CatalogueEdition.id == CatalogueEntry.edition_id)
        .where(among(CatalogueEntry.code, codes))
        .order_by(CatalogueEdition.code)
    )
    return {row.code: row for row in session.scalars(found)}


class Named(NamedTuple):
    """A specialty by the names that files know it by, and whose it is."""

    id: int
    school_code: str
    catalogue_code: str
    direction: str
    school_id: int
    county: str
    city: str
    run_by: str
    closed_on: date | None

    @property
    def scope(self) -> Scope:
        """Whose it is."""
        return Scope(
            school_id=str(self.school_id), county=self.county, city=self.city, run_by_city=self.run_by == "city"
        )


def specialties_of(session: Session, school_codes: Collection[str]) -> dict[tuple[str, str, str], Named]:
    """The specialties of these schools by school code, catalogue code and direction."""
    rows = _named(session, among(School.code, school_codes))
    return {(row.school_code, row.catalogue_code, row.direction): row for row in rows}


def specialties_by_id(session: Session, ids: Collection[int]) -> list[Named]:
    """These specialties, in order of id."""
    return sorted(_named(session, numbered(Specialty.id, ids)), key=lambda row: row.id)


def specialties_reached(session: Session, actor: Actor, today: date) -> list[Named]:
    """The specialties that are taught at the schools an actor's offices reach today, by school and code."""
    held = [grant for grant in actor.grants if grant.holds(today)]
    schools = [int(grant.organisation_id) for grant in held if grant.kind == Kind.SCHOOL]
    counties = [grant.jurisdiction for grant in held if grant.kind == Kind.COUNTY]
    cities = [grant.jurisdiction for grant in held if grant.kind not in (Kind.SCHOOL, Kind.COUNTY)]
    reached = sa.or_(
        numbered(School.id, schools), among(School.jurisdiction_code, counties), among(School.city_code, cities)
    )
    open_ = sa.or_(Specialty.closed_on.is_(None), Specialty.closed_on > today)
    found = _named(session, sa.and_(sa.true() if actor.is_system else reached, open_))
    return sorted(found, key=lambda row: (row.school_code, row.catalogue_code, row.direction))


def _named(session: Session, which: sa.ColumnElement[bool]) -> list[Named]:
    found = (
        sa.select(
            Specialty.id, School.code, Specialty.catalogue_code, Specialty.direction, School.id,
            School.jurisdiction_code, School.city_code, School.run_by, Specialty.closed_on,
        )
        .join(School, School.id == Specialty.school_id)
        .where(which)
    )  # fmt: skip
    return list(map(Named._make, session.execute(found)))


def taught_at(session: Session, school_ids: Collection[int]) -> dict[int, list[int]]:
    """School → its specialties."""
    return _grouped(session, Specialty.school_id, school_ids)


def taught_from(session: Session, entry_ids: Collection[int]) -> dict[int, list[int]]:
    """Catalogue entry → the specialties that teach it."""
    return _grouped(session, Specialty.catalogue_entry_id, entry_ids)


def _grouped(session: Session, column: sa.orm.InstrumentedAttribute[Any], ids: Collection[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    if ids:
        for owner, key in session.execute(sa.select(column, Specialty.id).where(numbered(column, ids))):
            found.setdefault(owner, []).append(key)
    return found


def codes_taken(session: Session, codes: Collection[str]) -> set[str]:
    """Which of these readable codes stand for a specialty, or have ever."""
    return set(session.scalars(sa.select(SpecialtyCode.code).where(among(SpecialtyCode.code, codes))))


def last_off_catalogue(session: Session) -> int:
    """The highest number given to an off-catalogue specialty by this installation, 0 without any.

    Nobody else gives one before this transaction has ended.
    """
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("off-catalogue-number", 0))))
    highest = session.scalar(
        sa.select(sa.func.max(Specialty.catalogue_code)).where(Specialty.catalogue_code.like("X%"))
    )
    return int(highest[1:]) if highest else 0


def off_catalogue_at(session: Session, school_id: int, name: str, direction: str) -> str | None:
    """The readable code of the school's off-catalogue specialty of this name and direction that is not closed."""
    found = (
        sa.select(SpecialtyCode.code)
        .join(Specialty, Specialty.id == SpecialtyCode.specialty_id)
        .where(
            Specialty.school_id == school_id, Specialty.name == name, Specialty.direction == direction,
            Specialty.catalogue_entry_id.is_(None), Specialty.closed_on.is_(None), SpecialtyCode.valid_to.is_(None),
        )
    )  # fmt: skip
    return session.scalar(found)


def current_codes(session: Session, specialty_ids: Collection[int]) -> dict[int, str]:
    """Specialty → its readable code now."""
    found = sa.select(SpecialtyCode.specialty_id, SpecialtyCode.code).where(
        numbered(SpecialtyCode.specialty_id, specialty_ids), SpecialtyCode.valid_to.is_(None)
    )
    return {key: code for key, code in session.execute(found)}  # noqa: C416 -- a Row is no tuple to dict()
