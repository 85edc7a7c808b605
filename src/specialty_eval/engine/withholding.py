"""Which cells of a run's evidence the public does not get, and why (workflow.md, What always holds 5).

What is withheld is listed cell by cell, so that nobody takes a gap for a figure that was not reported.
"""

import csv
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from io import StringIO
from typing import Any

from .forms import Linear, Rank, Ratio, Steps
from .frozen import as_csv
from .policy import Indicator, Policy
from .sources import Sources, of_points, of_scores
from .vocabulary import Publish

HIDDEN = "hidden"
"""Stands in the place of a score that would give a withheld figure away."""


class Why(StrEnum):
    """Why a reported figure is not shown."""

    RESTRICTED = "restricted"
    OWN = "own"
    SMALL_COHORT = "small_cohort"
    SUM = "sum_of_withheld"
    NOT_PUBLISHED = "not_published"


@dataclass(frozen=True, slots=True)
class Withheld:
    """One reported figure that is left out."""

    specialty: str
    year: str
    measure: str
    why: Why


@dataclass(frozen=True, slots=True)
class Shown:
    """EVIDENCE.csv as anybody may have it, and what is missing in it."""

    evidence: str
    withheld: tuple[Withheld, ...]


def by_specialty(withheld: Iterable[Withheld]) -> dict[str, frozenset[str]]:
    """Specialty → the measures of which some figure of its own is withheld."""
    found: dict[str, frozenset[str]] = {}
    for cell in withheld:
        found[cell.specialty] = found.get(cell.specialty, frozenset()) | {cell.measure}
    return found


def hidden_in(sources: Sources, code: str, withheld: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The withheld measures that a result of this specialty rests on: its own, and everybody's where peers matter."""
    everybody = frozenset[str]().union(*withheld.values())
    return (withheld.get(code, frozenset()) & sources.own) | (everybody & sources.peers)


BAND = 20
"""Points wide is a band: 0-20 (without 20), …, 80-100."""
BANDED = (Linear, Steps, Rank)
"""A yes or no, or a choice, would be told by its band: it has none."""
BANDS = {f"{lower}-{lower + BAND}": lower * 100 for lower in range(0, 100, BAND)}
"""Every band that there is, and where it begins, in hundredths."""


def band_of(policy: Policy, indicator: Indicator, points: str | None) -> str:
    """The band that an indicator's points lie in, where the policy has restricted figures banded; else empty."""
    has_bands = policy.publication.restricted == "banded" and isinstance(indicator.points, BANDED)
    if not has_bands or points is None:
        return ""
    lower = min(int(Decimal(points)) // BAND * BAND, 100 - BAND)
    return f"{lower}-{lower + BAND}"


@dataclass(frozen=True, slots=True)
class Band:
    """Between which points the public is told that an indicator of a specialty lies, in a run."""

    run: int
    specialty: str
    indicator: str
    points: str


def ends_of(band: Band) -> tuple[int, int]:
    """The least and the most points of a band, in hundredths."""
    lower = BANDS[band.points]
    upper = lower + BAND * 100
    return lower, upper if upper == 10000 else upper - 1


def bands(
    policy: Policy, code: str, lines: Iterable[Mapping[str, Any]], withheld: Collection[Withheld]
) -> dict[str, str]:
    """Indicator → band, of a sheet's lines: where nothing is withheld of what it rests on but restricted figures.

    A small cohort, or what is not published yet, keeps its points to itself.
    """
    values = {line["code"]: line for line in lines}
    found = {}
    for indicator in banded(policy, code, withheld):
        line = values.get(indicator.code)
        if line is not None and line["value"] is not None:
            found[indicator.code] = band_of(policy, indicator, line["points"])
    return {code: told for code, told in found.items() if told}


def banded(policy: Policy, code: str, withheld: Iterable[Withheld]) -> list[Indicator]:
    """The indicators of a specialty of which a band may be told."""
    own: dict[str, set[Why]] = {}
    everybodys: dict[str, set[Why]] = {}
    for cell in withheld:
        everybodys.setdefault(cell.measure, set()).add(cell.why)
        if cell.specialty == code:
            own.setdefault(cell.measure, set()).add(cell.why)
    found = []
    for indicator in policy.indicators if policy.publication.restricted == "banded" else ():
        used = of_points(indicator, policy)
        reasons = set[Why]().union(*(own.get(m, ()) for m in used.own), *(everybodys.get(m, ()) for m in used.peers))
        if isinstance(indicator.points, BANDED) and reasons == {Why.RESTRICTED}:
            found.append(indicator)
    return found


def shaded(policy: Policy, lines: Iterable[Mapping[str, Any]], seen: Collection[str]) -> list[dict[str, Any]]:
    """A sheet's lines for somebody who sees these measures: of the others no value, no points, but why, and a band."""
    shown = []
    by_code = {indicator.code: indicator for indicator in policy.indicators}
    for line in lines:
        indicator = by_code[line["code"]]
        if of_points(indicator, policy).own <= set(seen):
            shown.append(dict(line))
            continue
        told = band_of(policy, indicator, line["points"]) if line["value"] is not None else ""
        shown.append({**line, "value": None, "points": None, "withheld": Why.RESTRICTED.value,
                      **({"band": told} if told else {})})  # fmt: skip
    return shown


def hides_score(policy: Policy, seen: Collection[str], dimension: str | None = None) -> bool:
    """Whether a dimension's score, or the total, would give a figure away that these eyes do not see."""
    return not of_scores(policy, dimension).own <= set(seen)


def cohorts(policy: Policy) -> frozenset[str]:
    """The measures that count the people a restricted figure is about: the lower parts of its ratios."""
    hidden = {m.code for m in policy.measures.values() if m.publish is not Publish.PUBLIC}
    forms = [i.value for i in policy.indicators if isinstance(i.value, Ratio)]
    counted = {code for form in forms if hidden.intersection(form.of) for code in form.to}
    return frozenset(code for code in counted if policy.measures[code].unit == "person")


def withhold(policy: Policy, evidence: str, *, unpublished: Collection[str] = ()) -> Shown:
    """The evidence without what the policy does not publish, small cohorts, and the scored year of `unpublished`.

    `unpublished` are specialties whose review of this round has no public rating yet: from their figures it could be
    computed. A file without a `year` column has one year.
    """
    rows = list(csv.DictReader(StringIO(evidence)))
    columns = next(csv.reader(StringIO(evidence)))
    scored = max((row.get("year", "") for row in rows), default="", key=lambda year: int(year or 0))
    few, limit = cohorts(policy), policy.publication.suppress_below
    withheld: list[Withheld] = []

    def leave_out(row: dict[str, str], code: str, why: Why) -> None:
        withheld.append(Withheld(row["specialty"], row.get("year", ""), code, why))
        row[code] = ""

    for row in rows:
        is_early = row["specialty"] in unpublished and row.get("year", "") == scored
        for code in policy.measures:
            if row.get(code) and (why := _why(policy, code, row[code], is_early, code in few, limit)):
                leave_out(row, code, why)
    for code in sums(policy):
        telling = _telling(code, rows, withheld)
        for row in rows:
            if row.get(code) and _group(row) in telling:
                leave_out(row, code, Why.SUM)
    return Shown(as_csv(columns, rows), tuple(withheld))


_COUNTED = frozenset({Why.SMALL_COHORT, Why.NOT_PUBLISHED})
"""What is withheld although others' figures of the same measure are shown: a sum would give it away."""
ADDS_UP = {"city_graduates": "graduates"}
"""A sum the registry supplies → the figure it adds up. Of another sum it is not known: it may be any."""
ENOUGH = 3
"""Of so many figures that nobody sees the sum tells none; of two, each of the two could tell the other's."""


def _group(row: Mapping[str, str]) -> tuple[str, str]:
    return entry_of(row["specialty"]), row.get("year", "")


def _telling(code: str, rows: Iterable[Mapping[str, str]], withheld: Iterable[Withheld]) -> set[tuple[str, str]]:
    """(entry, year) of which this sum would give a withheld figure away."""
    sites = Counter(_group(row) for row in rows)
    telling = set()
    for cell in withheld:
        group = entry_of(cell.specialty), cell.year
        is_part = ADDS_UP.get(code, cell.measure) == cell.measure and cell.why is not Why.SUM
        if cell.why in _COUNTED or (is_part and sites[group] < ENOUGH):
            telling.add(group)
    return telling


def unfounded(policy: Policy, withheld: Collection[Withheld], rated: Collection[str]) -> list[Withheld]:
    """What is said to be withheld for a reason that the policy does not give; `rated` have a public rating."""
    groups = {(entry_of(cell.specialty), cell.year) for cell in withheld if cell.why is not Why.SUM}
    last = max((cell.year for cell in withheld), default="")
    few = cohorts(policy) if policy.publication.suppress_below else frozenset()

    def is_founded(cell: Withheld) -> bool:
        measure = policy.measures.get(cell.measure)
        if measure is None:
            return False
        match cell.why:
            case Why.RESTRICTED | Why.OWN:
                return measure.publish.value == cell.why.value
            case Why.SMALL_COHORT:
                return cell.measure in few
            case Why.SUM:
                return cell.measure in sums(policy) and (entry_of(cell.specialty), cell.year) in groups
            case Why.NOT_PUBLISHED:
                return cell.specialty not in rated and cell.year == last

    return [cell for cell in withheld if not is_founded(cell)]


def sums(policy: Policy) -> frozenset[str]:
    """The measures that the system adds up over a catalogue entry's people."""
    return frozenset(m.code for m in policy.measures.values() if m.supplier == "computed" and m.unit == "person")


def entry_of(specialty: str) -> str:
    """The catalogue entry in a readable code (`<school>-<entry>[-<direction>]`); empty in a code of another shape."""
    return specialty.split("-")[1] if "-" in specialty else ""


def _why(policy: Policy, code: str, value: str, is_early: bool, is_cohort: bool, limit: int) -> Why | None:
    if is_early:
        return Why.NOT_PUBLISHED
    match policy.measures[code].publish:
        case Publish.RESTRICTED:
            return Why.RESTRICTED
        case Publish.OWN:
            return Why.OWN
        case Publish.PUBLIC:
            return Why.SMALL_COHORT if is_cohort and 0 < Decimal(value) < limit else None
