"""What successions look at and write: specialties by code, school or entry, and the rows that change hands."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine import review
from specialty_eval.engine.rectification import RECTIFICATION_ENDED

from .contested import is_going
from .outcomes import Appeal, EnrolmentLine, EnrolmentPlan, OpeningQuota, Rectification
from .registry import CatalogueEdition, CatalogueEntry, School, Specialty, SpecialtyCode
from .registry_queries import among, numbered
from .reviews import Review
from .successions import SchoolCode, SchoolName, Succession, SuccessionLine

Key = tuple[int, str, str]
"""School, catalogue code, direction: what makes a specialty the same."""


@dataclass(frozen=True, slots=True)
class Taught:
    """A specialty under its present code, and whose it is."""

    id: int
    code: str
    school_id: int
    school_code: str
    city: str
    catalogue_code: str
    direction: str
    name: str
    level: str
    opened_on: date
    closed_on: date | None
    since: date
    """The first day of its present code."""
    part_of: int | None
    """What it was merged into."""

    @property
    def key(self) -> Key:
        """What makes it the same."""
        return self.school_id, self.catalogue_code, self.direction

    @property
    def first_day(self) -> date:
        """The first day on which it is taught under its present code: to come, where its opening is."""
        return max(self.since, self.opened_on)


def one_at_a_time(session: Session, city: str) -> None:
    """Wait until nobody else records a succession of this city; held to the end of the transaction."""
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"succession {city}", 0))))


def _taught() -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            Specialty.id, SpecialtyCode.code, School.id, School.code, School.city_code, Specialty.catalogue_code,
            Specialty.direction, Specialty.name, Specialty.level, Specialty.opened_on, Specialty.closed_on,
            SpecialtyCode.valid_from, Specialty.successor_id,
        )
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, sa.and_(SpecialtyCode.specialty_id == Specialty.id, SpecialtyCode.valid_to.is_(None)))
        .order_by(Specialty.id)
    )  # fmt: skip


def by_code(session: Session, codes: Collection[str]) -> dict[str, Taught]:
    """Present code → specialty."""
    return {row[1]: Taught(*row) for row in session.execute(_taught().where(among(SpecialtyCode.code, codes)))}


def at_schools(session: Session, school_ids: Collection[int]) -> list[Taught]:
    """Every specialty of these schools, closed ones too, in order of id."""
    return [Taught(*row) for row in session.execute(_taught().where(numbered(School.id, school_ids)))]


def of_entries(session: Session, city: str, entry_ids: Collection[int]) -> dict[int, list[Taught]]:
    """Catalogue entry → the open specialties of the city that teach it."""
    found: dict[int, list[Taught]] = {}
    query = _taught().add_columns(Specialty.catalogue_entry_id)
    query = query.where(
        School.city_code == city, numbered(Specialty.catalogue_entry_id, entry_ids), Specialty.closed_on.is_(None)
    )
    for *row, entry in session.execute(query):
        found.setdefault(entry, []).append(Taught(*row))
    return found


def entries(session: Session, named: Collection[str]) -> dict[str, CatalogueEntry]:
    """`edition/code` → the entry."""
    pairs = [tuple(one.partition("/")[::2]) for one in named]
    found = (
        sa.select(CatalogueEdition.code, CatalogueEntry)
        .join(CatalogueEntry, CatalogueEntry.edition_id == CatalogueEdition.id)
        .where(sa.tuple_(CatalogueEdition.code, CatalogueEntry.code).in_(pairs))
    )
    return {f"{edition}/{row.code}": row for edition, row in session.execute(found)}


def school_by_code(session: Session, codes: Collection[str]) -> dict[str, School]:
    """Present code → school; those that are part of another by now are left out."""
    found = sa.select(School).where(among(School.code, codes), School.successor_id.is_(None))
    return {row.code: row for row in session.scalars(found)}


def school_codes_taken(session: Session, codes: Collection[str]) -> set[str]:
    """Which of these codes a school has, or has had."""
    now = session.scalars(sa.select(School.code).where(among(School.code, codes)))
    before = session.scalars(sa.select(SchoolCode.code).where(among(SchoolCode.code, codes)))
    return {*now, *before}


def former_school_codes(session: Session, codes: Collection[str]) -> dict[str, str]:
    """Of these codes, those that are used no more → the present code of the school they lead to."""
    found = sa.select(SchoolCode.code, School.code).join(School, School.id == SchoolCode.school_id)
    rows = session.execute(found.where(among(SchoolCode.code, codes)))
    return {code: now for code, now in rows}  # noqa: C416 -- a Row is no tuple to dict()


def present_school(session: Session, code: str) -> str | None:
    """The present code of the school that this one names, now or before, and merged into what; None for none."""
    into = sa.orm.aliased(School)
    named = sa.or_(School.code == code, School.id.in_(sa.select(SchoolCode.school_id).where(SchoolCode.code == code)))
    found = sa.select(sa.func.coalesce(into.code, School.code)).select_from(School)
    found = found.outerjoin(into, into.id == School.successor_id)
    return session.scalar(found.where(named))


def held(session: Session, ids: Collection[int]) -> dict[int, int]:
    """Specialty → its review that has begun and not ended, under locks: none begins meanwhile either."""
    ended = [state.value for state in review.ENDED]
    found = sa.select(Review.specialty_id, Review.id, Review.state, Review.turn).where(
        numbered(Review.specialty_id, ids), Review.state.not_in(ended)
    )
    rows = session.execute(found.order_by(Review.id).with_for_update(of=Review)).all()
    begun = (row for row in sorted(rows, key=lambda row: row.turn) if row.state != review.State.PLANNED)
    return {row.specialty_id: row.id for row in begun}


def appealed(session: Session, ids: Collection[int]) -> set[int]:
    """The specialties a rating of which is under appeal."""
    found = sa.select(Review.specialty_id).join(Appeal, Appeal.review_id == Review.id)
    return set(session.scalars(found.where(numbered(Review.specialty_id, ids), is_going(Appeal))))


def going_rectification(session: Session, specialty_id: int) -> Rectification | None:
    """What a specialty is mending, under a lock."""
    ended = [state.value for state in RECTIFICATION_ENDED]
    found = sa.select(Rectification).where(
        Rectification.specialty_id == specialty_id, Rectification.state.not_in(ended)
    )
    return session.scalars(found.with_for_update(), execution_options={"populate_existing": True}).one_or_none()


def last_quotas(session: Session, ids: Collection[int], year: int) -> dict[int, tuple[int, int]]:
    """Specialty → (academic year, places) of its last approved quota up to that year, or the opening balance's."""
    approved = (
        sa.select(EnrolmentLine.specialty_id, EnrolmentPlan.academic_year, EnrolmentLine.quota)
        .join(EnrolmentPlan, EnrolmentPlan.id == EnrolmentLine.plan_id)
        .where(
            numbered(EnrolmentLine.specialty_id, ids), EnrolmentPlan.approved_at.is_not(None),
            ~EnrolmentLine.set_aside, EnrolmentPlan.academic_year <= year,
        )
        .order_by(EnrolmentPlan.academic_year, EnrolmentPlan.approved_at)
    )  # fmt: skip
    opening = (
        sa.select(OpeningQuota.specialty_id, OpeningQuota.academic_year, OpeningQuota.quota)
        .where(numbered(OpeningQuota.specialty_id, ids), OpeningQuota.quota.is_not(None))
        .where(OpeningQuota.academic_year <= year)
        .order_by(OpeningQuota.academic_year)
    )
    merged = (
        sa.select(SuccessionLine.to_specialty_id, SuccessionLine.quota_year, SuccessionLine.quota)
        .where(numbered(SuccessionLine.to_specialty_id, ids), SuccessionLine.quota.is_not(None))
        .order_by(SuccessionLine.id)
    )
    found: dict[int, tuple[int, int]] = {}
    for key, of, quota in (row for query in (opening, approved, merged) for row in session.execute(query)):
        if of is not None and quota is not None and (key not in found or of >= found[key][0]):
            found[key] = (of, quota)
    return found


def capacities(session: Session, ids: Collection[int]) -> dict[int, int]:
    """Specialty → the latest capacity on record."""
    found = sa.select(OpeningQuota.specialty_id, OpeningQuota.capacity).where(
        numbered(OpeningQuota.specialty_id, ids), OpeningQuota.capacity.is_not(None)
    )
    rows = session.execute(found.order_by(OpeningQuota.academic_year))
    return {key: capacity for key, capacity in rows if capacity is not None}


def give_capacity(session: Session, specialty_id: int, year: int, capacity: int, source: str, now: Any) -> None:
    """A capacity from a year on; beside a quota of that year where one is on record."""
    row = session.scalar(sa.select(OpeningQuota).where(
        OpeningQuota.specialty_id == specialty_id, OpeningQuota.academic_year == year).with_for_update())  # fmt: skip
    if row is None:
        row = OpeningQuota(specialty_id=specialty_id, academic_year=year, recorded_at=now, source=source)
        session.add(row)
    row.capacity = capacity
    session.flush()


# --- writing ---------------------------------------------------------------------------------------------------------


def open_from(session: Session, specialty_id: int, day: date) -> Specialty:
    """It opens on that day and not on the later one it was registered for, under the code it was given."""
    row = session.get_one(Specialty, specialty_id, with_for_update=True, populate_existing=True)
    row.opened_on = day
    code = sa.update(SpecialtyCode).where(SpecialtyCode.specialty_id == specialty_id, SpecialtyCode.valid_to.is_(None))
    session.execute(code.values(valid_from=sa.func.least(SpecialtyCode.valid_from, day)))
    session.flush()
    return row


def lead_on(session: Session, parts: Mapping[int, int]) -> None:
    """Specialty → what it is part of now; whatever was part of it before is part of that too."""
    for key, into in parts.items():
        known = sa.update(Specialty).where(sa.or_(Specialty.id == key, Specialty.successor_id == key))
        session.execute(known.values(successor_id=into))


def listing(city: str | None, *, recorded: bool) -> sa.Select[Any]:
    """Successions of a city, or of all; the recorded alone."""
    found = sa.select(Succession)
    if city is not None:
        found = found.where(Succession.jurisdiction_code == city)
    return found.where(Succession.recorded_at.is_not(None)) if recorded else found


def lines_of(session: Session, succession_ids: Collection[int]) -> dict[int, list[SuccessionLine]]:
    """Succession → what it did, in order."""
    found: dict[int, list[SuccessionLine]] = {}
    query = sa.select(SuccessionLine).where(numbered(SuccessionLine.succession_id, succession_ids))
    for line in session.scalars(query.order_by(SuccessionLine.id)):
        found.setdefault(line.succession_id, []).append(line)
    return found


def family(session: Session, specialty_id: int) -> list[int]:
    """The specialty and whatever is part of it now."""
    found = sa.select(Specialty.id).where(sa.or_(Specialty.id == specialty_id, Specialty.successor_id == specialty_id))
    return list(session.scalars(found.order_by(Specialty.id)))


def lines_about(session: Session, ids: Collection[int]) -> Sequence[tuple[SuccessionLine, Succession]]:
    """Every line that one of these is on, on either side, oldest first."""
    found = (
        sa.select(SuccessionLine, Succession)
        .join(Succession, Succession.id == SuccessionLine.succession_id)
        .where(sa.or_(numbered(SuccessionLine.from_specialty_id, ids), numbered(SuccessionLine.to_specialty_id, ids)))
        .order_by(SuccessionLine.effective_on, SuccessionLine.id)
    )
    return [(row[0], row[1]) for row in session.execute(found)]


def add_lines(session: Session, lines: Iterable[SuccessionLine]) -> None:
    """What was done, for good."""
    session.add_all(list(lines))
    session.flush()


def keep_names(session: Session, renamed: Mapping[int, str], day: date) -> None:
    """The names that schools had until that day, by school; they stay known by them."""
    session.add_all(SchoolName(school_id=key, name=name, valid_to=day) for key, name in renamed.items())
    session.flush()
