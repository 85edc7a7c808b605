"""What the system counts of a catalogue entry in a city: sites, schools, ratings in force, intakes, graduates, posts.

A count that cannot be known is absent: a figure that one of the sites owes is not taken for 0.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .decimals import half_up
from .vocabulary import COLOURS, Rating

EntryKey = tuple[str, str]
"""(level, catalogue code)"""

INTAKE, GRADUATES, STUDENTS, TEACHERS, POSTS = "intake", "graduates", "students", "midlevel_teachers", "city_posts"
MEASURES: Mapping[str, tuple[str, ...]] = {
    "intake": (INTAKE,),
    "years_small_intake": (INTAKE,),
    "years_without_intake": (INTAKE,),
    "graduates": (GRADUATES,),
    "posts_per_graduate": (POSTS, GRADUATES),
    "students_per_specialty": (STUDENTS,),
    "midlevel_teachers": (TEACHERS,),
}
"""Count → the measures it is made of, by their codes; the other counts are of the registry and the ratings alone."""


FEWEST_GRADUATES = "fewest_graduates"
"""The graduates of the site that has the fewest: no rule asks for it; whether their sum may be shown rests on it."""


@dataclass(frozen=True, slots=True)
class Site:
    """One specialty of the city: whose, of which entry, from when to when, its colour in force and its figures."""

    school: str
    level: str
    code: str
    opened_on: date
    closed_on: date | None = None
    rating: str = ""
    figures: Mapping[int, Mapping[str, Decimal]] = field(default_factory=dict)
    """Year → measure → value, where one is reported."""

    def is_open(self, at: date) -> bool:
        """Whether it is taught on that day."""
        return self.opened_on <= at and (self.closed_on is None or self.closed_on > at)

    def owes(self, year: int) -> bool:
        """Whether it was there to the end of the year, and so has figures of it."""
        return self.opened_on.year <= year and (self.closed_on is None or self.closed_on.year > year)


@dataclass(frozen=True, slots=True)
class Counting:
    """As of which day and for which year is counted; below what an intake is small."""

    at: date
    year: int
    small_intake_below: int = 30


def counted(sites: Collection[Site], how: Counting) -> dict[EntryKey, dict[str, Decimal]]:
    """Entry → count → value, of every entry that has or had a site. The sites are all those of the city."""
    schools: dict[str, set[str]] = defaultdict(set)
    by_entry: dict[EntryKey, list[Site]] = defaultdict(list)
    for site in sites:
        by_entry[site.level, site.code].append(site)
        if site.is_open(how.at):
            schools[site.level].add(site.school)
    return {key: dict(_of_entry(found, len(schools[key[0]]), how)) for key, found in by_entry.items()}


def untaught() -> dict[str, Decimal]:
    """What is counted of an entry that has never had a site in the city."""
    none = ("schools", "specialties", "net_openings_of_year")
    return {"share_of_schools": Decimal("0.00"), **dict.fromkeys(none, Decimal(0))}


def _of_entry(sites: Sequence[Site], schools_of_level: int, how: Counting) -> Iterator[tuple[str, Decimal]]:
    open_sites = [site for site in sites if site.is_open(how.at)]
    schools = len({site.school for site in open_sites})
    yield "schools", Decimal(schools)
    yield "share_of_schools", _share(schools, schools_of_level) or Decimal("0.00")
    yield "specialties", Decimal(len(open_sites))
    yield "net_openings_of_year", Decimal(net_openings(sites, how.at.year))
    known = {
        "share_red": _share_of_ratings(open_sites, Rating.RED),
        "share_green": _share_of_ratings(open_sites, Rating.GREEN),
        "intake": total(sites, how.year, INTAKE),
        "years_small_intake": Decimal(_years_below(sites, how.year, how.small_intake_below)),
        "years_without_intake": Decimal(_years_below(sites, how.year, 1)),
        "graduates": total(sites, how.year, GRADUATES),
        "posts_per_graduate": _posts_per_graduate(sites, how.year),
        "students_per_specialty": quotient(total(sites, how.year, STUDENTS), Decimal(len(open_sites))),
        "midlevel_teachers": total(sites, how.year, TEACHERS),
        FEWEST_GRADUATES: _fewest(sites, how.year, GRADUATES),
    }
    for name, value in known.items():
        if value is not None:
            yield name, value


def total(sites: Sequence[Site], year: int, measure: str) -> Decimal | None:
    """The sum over an entry's sites; None where nobody reports it, or one that was there all the year does not."""
    found = [site.figures.get(year, {}).get(measure) for site in sites]
    owed = [value for site, value in zip(sites, found, strict=True) if site.owes(year)]
    if None in owed:
        return None
    values = [value for value in found if value is not None]
    return sum(values, Decimal(0)) if values else None


def _fewest(sites: Sequence[Site], year: int, measure: str) -> Decimal | None:
    """The smallest of the sites' values, of those that have any at all."""
    found = (site.figures.get(year, {}).get(measure) for site in sites)
    return min((value for value in found if value), default=None)


def _years_below(sites: Sequence[Site], year: int, below: int) -> int:
    """Years in a row, up to this one, whose intake is known and below; an unknown one ends the row."""
    years = 0
    while (intake := total(sites, year - years, INTAKE)) is not None and intake < below:
        years += 1
    return years


def net_openings(sites: Sequence[Site], year: int) -> int:
    """Opened less closed in that calendar year."""
    opened = sum(site.opened_on.year == year for site in sites)
    return opened - sum(site.closed_on is not None and site.closed_on.year == year for site in sites)


def _share_of_ratings(sites: Sequence[Site], wanted: Rating) -> Decimal | None:
    """Of the open sites with a colour in force, so many per cent have this one."""
    coloured = [site.rating for site in sites if site.rating in COLOURS]
    return _share(coloured.count(wanted), len(coloured))


def _posts_per_graduate(sites: Sequence[Site], year: int) -> Decimal | None:
    """The city's posts for the entry, which every site that knows them reports alike, to its graduates."""
    said = {value for site in sites if (value := site.figures.get(year, {}).get(POSTS)) is not None}
    return quotient(said.pop(), total(sites, year, GRADUATES)) if len(said) == 1 else None


def _share(part: int, whole: int) -> Decimal | None:
    return quotient(Decimal(100 * part), Decimal(whole))


def quotient(above: Decimal | None, below: Decimal | None) -> Decimal | None:
    """To two places, half up, as every rate is printed; None where a side is unknown or there is nothing to share."""
    if above is None or not below:
        return None
    return half_up(Fraction(above) / Fraction(below), 2)
