"""Questions about the negative and urgent-need lists: what they are counted from, and what stands on them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.consequences import CatalogueList
from specialty_eval.engine.decimals import parse
from specialty_eval.engine.entry_counts import MEASURES, Counting, Site, counted, untaught
from specialty_eval.engine.lists import Entry, Found, Listed, ListKind, evaluate
from specialty_eval.engine.specialty_list import SpecialtyListState

from .cycles import Cycle, RoundRow
from .outcomes import RatingInForce
from .registry import CatalogueEdition, CatalogueEntry, School, Specialty
from .reviews import Figure
from .specialty_lists import SpecialtyList, SpecialtyListEntry


def one_at_a_time(session: Session, city: str) -> None:
    """Wait until nobody else builds or publishes a list of this city; held to the end of the transaction."""
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"specialty-list {city}", 0))))


# --- what a list is counted from -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Built:
    """How many catalogue entries were looked at, and those that a rule names."""

    looked_at: int
    found: list[Found]


def built(session: Session, round_: RoundRow, rules: CatalogueList, today: date) -> Built:
    """The list as the policy has it now, over every entry of the newest catalogue edition in the cycle's scope."""
    cycle = session.get_one(Cycle, round_.cycle_id)
    how = Counting(round_.reference_date, round_.evidence_year, rules.small_intake_below)
    within = (Specialty.level.in_(cycle.levels), School.kind.in_(cycle.school_kinds))
    counts = counted(sites(session, round_.city, today, *within), how)
    entries = [
        Entry(row.level, row.code, row.name, _attributes(row), counts.get((row.level, row.code)) or untaught())
        for row in session.scalars(_catalogue(cycle))
    ]
    return Built(len(entries), evaluate(rules, entries))


def _catalogue(cycle: Cycle) -> sa.Select[CatalogueEntry]:
    newest = sa.select(CatalogueEdition.id).order_by(CatalogueEdition.code.desc()).limit(1).scalar_subquery()
    return sa.select(CatalogueEntry).where(CatalogueEntry.edition_id == newest, CatalogueEntry.level.in_(cycle.levels))


def _attributes(row: CatalogueEntry) -> dict[str, str]:
    """What of the attributes a policy may declare is an entry's own."""
    return {
        "level": row.level, "class": row.class_code, "subclass": row.subclass_code, "class_name": row.class_name,
        "catalogue_code": row.code, "off_catalogue": "false",
        "state_controlled": "true" if row.state_controlled else "false",
    }  # fmt: skip


def sites(session: Session, city: str, today: date, *within: sa.ColumnElement[bool]) -> list[Site]:
    """Every specialty that the city has or had, of these levels and kinds of school, with rating and figures."""
    ratings, figures = _ratings(session, city, today), _figures(session, city)
    found = (
        sa.select(
            Specialty.id, Specialty.school_id, Specialty.level, Specialty.catalogue_code, Specialty.opened_on,
            Specialty.closed_on,
        )
        .join(School, School.id == Specialty.school_id)
        .where(School.city_code == city, *within)
        .order_by(Specialty.id)
    )  # fmt: skip
    return [
        Site(str(school), level, code, opened_on, closed_on, ratings.get(key, ""), figures.get(key, {}))
        for key, school, level, code, opened_on, closed_on in session.execute(found)
    ]


def _ratings(session: Session, city: str, today: date) -> dict[int, str]:
    """Specialty → the rating in force today, as known now."""
    found = (
        sa.select(RatingInForce.specialty_id, RatingInForce.rating)
        .join(Specialty, Specialty.id == RatingInForce.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(
            School.city_code == city, RatingInForce.known_to.is_(None), RatingInForce.valid_from <= today,
            sa.or_(RatingInForce.valid_to.is_(None), RatingInForce.valid_to > today),
        )
    )  # fmt: skip
    return {key: rating for key, rating in session.execute(found)}  # noqa: C416 -- a Row is no tuple to dict()


def _figures(session: Session, city: str) -> Mapping[int, Mapping[int, Mapping[str, Decimal]]]:
    """Specialty → year → measure → current value, of the measures that counts are made of."""
    names = {name for measures in MEASURES.values() for name in measures}
    found = (
        sa.select(Figure.specialty_id, Figure.year, Figure.measure, Figure.value)
        .join(Specialty, Specialty.id == Figure.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(School.city_code == city, Figure.measure.in_(names), Figure.superseded_at.is_(None), Figure.value != "")
    )
    known: dict[int, dict[int, dict[str, Decimal]]] = defaultdict(lambda: defaultdict(dict))
    for specialty, year, measure, text in session.execute(found):
        if (value := parse(text)) is not None:  # a policy may have called something else so
            known[specialty][year][measure] = value
    return known


# --- lists and their entries -----------------------------------------------------------------------------------------


def newest_number(session: Session, round_id: int, kind: ListKind) -> int:
    """The number of the round's newest list of this kind, 0 when there is none."""
    found = sa.select(sa.func.max(SpecialtyList.number)).where(
        SpecialtyList.round_id == round_id, SpecialtyList.kind == kind.value
    )
    return session.scalar(found) or 0


def in_making(session: Session, round_id: int, kind: ListKind) -> SpecialtyList | None:
    """The round's list of this kind that is built or approved and not published: there is one at most."""
    going = (SpecialtyListState.BUILT.value, SpecialtyListState.APPROVED.value)
    found = sa.select(SpecialtyList).where(
        SpecialtyList.round_id == round_id, SpecialtyList.kind == kind.value, SpecialtyList.state.in_(going)
    )
    return session.scalars(found).one_or_none()


def published_for(session: Session, city: str, kind: str, year: int) -> list[int]:
    """The list of this kind in force for that year: one at most."""
    found = sa.select(SpecialtyList.id).where(
        SpecialtyList.jurisdiction_code == city, SpecialtyList.kind == kind, SpecialtyList.year == year,
        SpecialtyList.state == SpecialtyListState.PUBLISHED.value,
    )  # fmt: skip
    return list(session.scalars(found))


def entries_of(session: Session, list_id: int) -> list[SpecialtyListEntry]:
    """Every entry of a list by code and level."""
    found = sa.select(SpecialtyListEntry).where(SpecialtyListEntry.list_id == list_id)
    return list(session.scalars(found.order_by(SpecialtyListEntry.code, SpecialtyListEntry.level)))


def entry_of(session: Session, list_id: int, level: str, code: str) -> SpecialtyListEntry | None:
    """One entry, locked and read again."""
    found = sa.select(SpecialtyListEntry).where(
        SpecialtyListEntry.list_id == list_id, SpecialtyListEntry.level == level, SpecialtyListEntry.code == code
    )
    return session.scalars(found.with_for_update(), execution_options={"populate_existing": True}).one_or_none()


def sums(session: Session, list_id: int) -> tuple[int, int]:
    """How many entries stand on the list, and how many are exempt."""
    is_exempt = SpecialtyListEntry.exempt_by != ""
    found = sa.select(sa.func.count().filter(~is_exempt), sa.func.count().filter(is_exempt)).where(
        SpecialtyListEntry.list_id == list_id
    )
    on, exempt = session.execute(found).one()
    return on, exempt


def in_force(session: Session, city: str, kind: ListKind, year: int, *, level: str, code: str) -> list[Listed]:
    """The lines of the city's lists in force for that year about one entry: what an application is checked against."""
    return _lines(
        session, level, code, SpecialtyList.jurisdiction_code == city, SpecialtyList.kind == kind.value,
        SpecialtyList.year == year, SpecialtyList.state == SpecialtyListState.PUBLISHED.value,
    )  # fmt: skip


def line_of(session: Session, list_id: int, *, level: str, code: str) -> list[Listed]:
    """What one list that was published says of an entry, in force or not."""
    return _lines(session, level, code, SpecialtyList.id == list_id)


def _lines(session: Session, level: str, code: str, *on: sa.ColumnElement[bool]) -> list[Listed]:
    found = (
        sa.select(
            SpecialtyList.year, SpecialtyListEntry.reasons, SpecialtyListEntry.exempt_by, SpecialtyList.document_number
        )
        .join(SpecialtyList, SpecialtyList.id == SpecialtyListEntry.list_id)
        .where(SpecialtyListEntry.level == level, SpecialtyListEntry.code == code, *on)
    )
    return [
        Listed(level, code, year or 0, tuple(reasons), bool(exempt_by), document)
        for year, reasons, exempt_by, document in session.execute(found)
    ]


def entries(list_id: int) -> sa.Select[SpecialtyListEntry]:
    """A list's entries, to be ordered by code and level and cut by the caller."""
    return sa.select(SpecialtyListEntry).where(SpecialtyListEntry.list_id == list_id)
