"""`lists` of policy.md, clause by clause: which catalogue entries of a city a policy names, from its specialties."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from .conditions import Value, holds

Site = Mapping[str, Any]
"""`school`, `level`, `code`, `opened`, `closed` ("" for never), `rating`, and year → number of some measures."""


class Row:
    """One entry, as a rule sees it."""

    def __init__(self, attributes: Mapping[str, str], counts: Mapping[str, Fraction]) -> None:
        self.attributes, self.counts = attributes, counts

    def now(self) -> int:
        return 0

    def earlier_years_with_a_row(self) -> list[int]:
        return []

    def earlier_ratings(self) -> list[str]:
        return []

    def subject(self, kind: str, code: str, _year: int) -> Value:
        return self.counts.get(code) if kind == "count" else self.attributes.get(code)

    own = subject


def named(policy: Mapping[str, Any], which: str, sites: Sequence[Site], year: int) -> list[dict[str, Any]]:
    """Code, reasons and exemptions of every entry that a rule names, by code."""
    rules = policy["lists"][which]
    small = int(rules.get("small_intake_below", 30))
    found = []
    for code, level in sorted({(site["code"], site["level"]) for site in sites}):
        attributes = {"level": level, "class": code[:2], "subclass": code[:4], "catalogue_code": code}
        row = Row(attributes, counts(sites, level, code, year, small))
        reasons = [rule["code"] for rule in rules["rules"] if holds(rule["when"], row)]
        exempt = [rule["code"] for rule in rules.get("exempt", []) if holds(rule["when"], row)]
        if reasons:
            found.append({"code": code, "reasons": reasons, "exempt": exempt})
    return found


def counts(sites: Sequence[Site], level: str, code: str, year: int, small: int) -> dict[str, Fraction]:
    last_day = f"{year}-12-31"
    is_open = [s for s in sites if s["opened"] <= last_day and (not s["closed"] or s["closed"] > last_day)]
    mine = [s for s in sites if (s["level"], s["code"]) == (level, code)]
    mine_open = [s for s in mine if s in is_open]
    schools = {s["school"] for s in mine_open}
    of_level = {s["school"] for s in is_open if s["level"] == level}
    known: dict[str, Fraction] = {"schools": Fraction(len(schools)), "specialties": Fraction(len(mine_open))}
    known["share_of_schools"] = two_places(Fraction(100 * len(schools), len(of_level))) if of_level else Fraction(0)
    rated = [s["rating"] for s in mine_open if s["rating"] in ("green", "yellow", "red")]
    if rated:
        known["share_red"] = two_places(Fraction(100 * rated.count("red"), len(rated)))
        known["share_green"] = two_places(Fraction(100 * rated.count("green"), len(rated)))
    known["years_small_intake"] = Fraction(in_a_row(mine, year, small))
    known["years_without_intake"] = Fraction(in_a_row(mine, year, 1))
    graduates = whole(mine, "graduates", year)
    posts = {s["city_posts"][year] for s in mine if year in s.get("city_posts", {})}
    if len(posts) == 1 and graduates:
        known["posts_per_graduate"] = two_places(Fraction(posts.pop(), graduates))
    return known


def in_a_row(sites: Iterable[Site], year: int, below: int) -> int:
    """The page: "years in a row … up to the year of the figures"; "one that is not known ends the row"."""
    count = 0
    while True:
        intake = whole(sites, "intake", year - count)
        if intake is None or intake >= below:
            return count
        count += 1


def whole(sites: Iterable[Site], measure: str, year: int) -> int | None:
    """The page: "not known where a specialty that was there all the year has not reported it"."""
    seen = []
    for site in sites:
        there = int(site["opened"][:4]) <= year and (not site["closed"] or int(site["closed"][:4]) > year)
        value = site.get(measure, {}).get(year)
        if value is None and there:
            return None
        if value is not None:
            seen.append(value)
    return sum(seen) if seen else None


def two_places(value: Fraction) -> Fraction:
    """Half up; nothing here is negative."""
    return Fraction(int(value * 100 + Fraction(1, 2)), 100)
