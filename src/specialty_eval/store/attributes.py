"""What the system knows of a specialty by itself: the attributes a policy may use, and the computed measures."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from sys import intern
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from specialty_eval.engine.decimals import parse, total
from specialty_eval.engine.errors import Problem
from specialty_eval.engine.evidence import Value
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.vocabulary import Type

from .base import Straight
from .cycles import Round
from .registry import CatalogueEntry, School, Specialty, SpecialtyCode
from .registry_queries import numbered
from .reviews import Figure, Review

KNOWN = frozenset({
    "level", "class", "subclass", "class_name", "catalogue_code", "years_open", "school_kind", "run_by", "county",
    "off_catalogue", "state_controlled", "defaulted",
})  # fmt: skip
"""The attributes a round's policy may declare; another one is a problem when a round pins it."""

COMPUTED = frozenset({"schools_offering", "schools_in_area", "schools_share", "city_graduates"})
"""The measures the registry supplies (`supplier: computed`)."""

NUMERIC = frozenset({Type.INTEGER, Type.DECIMAL})
PLACES: Mapping[str, int] = {"schools_offering": 0, "schools_in_area": 0, "schools_share": 2}
"""With how many decimals they are computed; `city_graduates` has those of `graduates`."""

CLOCK = {"time_zone": "Asia/Shanghai", "calendar": "CN"}
"""The local time and the working days that deadlines are counted by; another word of a policy would have no effect."""


def unfit(policy: Policy) -> list[Problem]:
    """What keeps a policy from governing a round: a section it leaves out, an attribute or a measure nobody can
    supply, another clock than ours.
    """
    from specialty_eval.engine.policy_load import lacking_for_a_round  # noqa: PLC0415 -- slow import: YAML

    said = {"time_zone": policy.workflow.time_zone, "calendar": policy.workflow.calendar}
    return [
        *(Problem("policy-section-missing", section, {"section": section}) for section in lacking_for_a_round(policy)),
        *(Problem("attribute-unknown", f"attributes.{code}", {"known": sorted(KNOWN)})
          for code in policy.attributes if code not in KNOWN),
        *(Problem("computed-measure-unknown", f"measures.{m.code}", {"known": sorted(COMPUTED)})
          for m in policy.measures.values() if m.supplier == "computed" and m.code not in COMPUTED),
        *_too_coarse(policy),
        *(Problem("policy-clock-unknown", f"workflow.{key}", {"value": said[key], "known": ours})
          for key, ours in CLOCK.items() if said[key] != ours),
    ]  # fmt: skip


def _too_coarse(policy: Policy) -> list[Problem]:
    """Computed measures whose type or decimals cannot hold what the registry gives; graduates that are no number."""
    graduates = policy.measures.get("graduates")
    if "city_graduates" in policy.measures and graduates is not None and graduates.type not in NUMERIC:
        return [Problem("computed-of-no-number", "measures.graduates.type", {"value": graduates.type.value})]
    places = {**PLACES, "city_graduates": 0 if graduates is None else graduates.decimals}
    return [
        Problem("computed-measure-too-coarse", f"measures.{m.code}", {"decimals": places[m.code]})
        for m in policy.measures.values()
        if m.supplier == "computed" and m.code in COMPUTED and (m.type not in NUMERIC or m.decimals < places[m.code])
    ]


@dataclass(frozen=True, slots=True)
class Site:
    """A specialty of a city with what its attributes rest on."""

    id: int
    school_id: int
    level: str
    class_code: str
    class_name: str
    catalogue_code: str
    state_controlled: bool
    opened_on: date
    closed_on: date | None
    school_kind: str
    run_by: str
    county: str

    def is_open(self, at: date) -> bool:
        """Whether it is taught on that day."""
        return self.opened_on <= at and (self.closed_on is None or self.closed_on > at)

    def years_open(self, at: date) -> int:
        """Full years from its opening to that day."""
        birthday = (at.month, at.day) >= (self.opened_on.month, self.opened_on.day)
        return max(0, at.year - self.opened_on.year - (0 if birthday else 1))

    def attributes(self, at: date, *, defaulted: bool) -> dict[str, Value]:
        """Every known attribute at the reference date, as the engine reads them."""
        return {
            "level": self.level,
            "class": self.class_code,
            "subclass": self.catalogue_code[:4],
            "class_name": self.class_name,
            "catalogue_code": self.catalogue_code,
            "years_open": Decimal(self.years_open(at)),
            "school_kind": self.school_kind,
            "run_by": self.run_by,
            "county": self.county,
            "off_catalogue": "true" if self.catalogue_code.startswith("X") else "false",
            "state_controlled": "true" if self.state_controlled else "false",
            "defaulted": "true" if defaulted else "false",
        }


def _sites() -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            Specialty.id, Specialty.school_id, Specialty.level, Specialty.class_code, Specialty.class_name,
            Specialty.catalogue_code, sa.func.coalesce(CatalogueEntry.state_controlled, False), Specialty.opened_on,
            Specialty.closed_on, School.kind, School.run_by, School.jurisdiction_code,
        )
        .join(School, School.id == Specialty.school_id)
        .outerjoin(CatalogueEntry, CatalogueEntry.id == Specialty.catalogue_entry_id)
    )  # fmt: skip


def site(session: Session, specialty_id: int) -> Site:
    """One specialty; NoResultFound when there is none (a foreign key says there is)."""
    session.flush()
    row = _site().run(session, {"id": specialty_id}).fetchone()
    if row is None:
        raise NoResultFound(f"no specialty {specialty_id}")
    return Site(*row)


@cache
def _site() -> Straight:
    return Straight(_sites().where(Specialty.id == sa.bindparam("id", type_=sa.BigInteger())))


def sites(
    session: Session, city: str, *, levels: Collection[str], school_kinds: Collection[str], at: date
) -> dict[int, Site]:
    """The specialties of a city that are in scope and open at that day, by id, in order of id."""
    found = _sites().where(
        School.city_code == city,
        Specialty.level.in_(levels),
        School.kind.in_(school_kinds),
        Specialty.opened_on <= at,
        sa.or_(Specialty.closed_on.is_(None), Specialty.closed_on > at),
    )
    return {row.id: Site(*list(row)) for row in session.execute(found.order_by(Specialty.id))}


def joining(session: Session, cycle_id: int, since: date, found: Mapping[int, Site]) -> list[int]:
    """Of these sites, those that came after a cycle began and are in none of its rounds yet."""
    first = sa.func.min(SpecialtyCode.valid_from)
    late = (
        sa.select(SpecialtyCode.specialty_id)
        .where(numbered(SpecialtyCode.specialty_id, found))
        .group_by(SpecialtyCode.specialty_id)
        .having(first > since)
    )
    placed = sa.select(Review.specialty_id).join(Round, Round.id == Review.round_id).where(Round.cycle_id == cycle_id)
    return sorted(set(session.scalars(late)) - set(session.scalars(placed)))


def among(session: Session, city: str, ids: Collection[int]) -> dict[int, Site]:
    """Those of these specialties that are taught at a school of the city, in scope or not."""
    found = _sites().where(School.city_code == city, numbered(Specialty.id, ids))
    return {row.id: Site(*list(row)) for row in session.execute(found)}


def figures(session: Session, ids: Collection[int], years: range) -> dict[tuple[int, int], dict[str, str]]:
    """(specialty, year) → measure → current value as written, in one statement."""
    session.flush()
    known_in = _figures().run(session, {"ids": list(ids), "first": years.start, "end": years.stop})
    # A few names, a million times: one text for each.
    return {(site, year): {intern(name): value for name, value in known.items()} for site, year, known in known_in}


@cache
def _figures() -> Straight:
    values = sa.func.json_object_agg(Figure.measure, Figure.value)
    found = sa.select(Figure.specialty_id, Figure.year, values).where(
        Figure.specialty_id == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.BigInteger()))),
        Figure.year >= sa.bindparam("first", type_=sa.Integer()),
        Figure.year < sa.bindparam("end", type_=sa.Integer()),
        Figure.superseded_at.is_(None),
    )
    return Straight(found.group_by(Figure.specialty_id, Figure.year))


def figure(session: Session, ids: Collection[int], year: int, measure: str) -> dict[int, str]:
    """Specialty → current value of one measure."""
    found = sa.select(Figure.specialty_id, Figure.value).where(
        numbered(Figure.specialty_id, ids), Figure.year == year, Figure.measure == measure,
        Figure.superseded_at.is_(None),
    )  # fmt: skip
    return {key: value for key, value in session.execute(found)}  # noqa: C416 -- a Row is no tuple to dict()


def computed(sites_: Mapping[int, Site], graduates: Mapping[int, str]) -> dict[int, dict[str, str]]:
    """The computed measures of each site, from the registry and the year's `graduates` figures.

    `schools_share` (布点率) is the share of the level's schools in the city that offer the entry, in per cent.
    """
    offering: dict[tuple[str, str], set[int]] = {}
    schools: dict[str, set[int]] = {}
    graduated: dict[tuple[str, str], list[Decimal]] = {}
    for site in sites_.values():
        entry = (site.level, site.catalogue_code)
        offering.setdefault(entry, set()).add(site.school_id)
        schools.setdefault(site.level, set()).add(site.school_id)
        # What is no number is the own sheet's to object to; to the others it is not reported.
        graduated.setdefault(entry, []).append(parse(graduates.get(site.id, "")) or Decimal(0))
    return {
        site.id: {
            "schools_offering": str(len(offering[site.level, site.catalogue_code])),
            "schools_in_area": str(len(schools[site.level])),
            "schools_share": _percent(len(offering[site.level, site.catalogue_code]), len(schools[site.level])),
            "city_graduates": total(graduated[site.level, site.catalogue_code]),
        }
        for site in sites_.values()
    }


def following(own: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """What the registry's measures of a line are when `new` takes the place of its figures; the others keep theirs."""
    if not own.get("city_graduates") or "graduates" not in new:
        return {}
    said = (own["city_graduates"], new["graduates"], own.get("graduates", ""))
    counted, now, before = (parse(text) or Decimal(0) for text in said)
    return {"city_graduates": total([counted, now, before.copy_negate()])}


def _percent(part: int, whole: int) -> str:
    """Half up, two places, without a float."""
    hundredths = (2 * 10000 * part + whole) // (2 * whole)
    return f"{hundredths // 100}.{hundredths % 100:02d}"
