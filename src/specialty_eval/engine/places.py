"""Students gained and lost in the first plan after other ratings, from the last quota; and QUOTAS.csv, which tells it.

Each rating is looked at as the only one that acts: what earlier ratings would still do (the second step of a run of
reds, a restoration) is not told apart. Where no last quota is known nothing is said.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .consequences import Enrolment
from .csv_columns import Cell, Read, read_table
from .csv_evidence import add_twice, read_specialty, text_of
from .csv_records import Findings
from .enrolment import Approved, Rated, line
from .evidence import Value, parse_value
from .policy import Measure
from .vocabulary import Rating, Type

QUOTAS = "quotas"
_YEAR = 2001
_CONFIRMED = date(_YEAR, 1, 1)
"""Any year does: the rating is confirmed before every cutoff, the quota approved for the year before."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a specialty belongs, its last approved quota and its capacity, each None where not known."""

    county: str = ""
    class_: str = ""
    quota: int | None = None
    capacity: int | None = None


def students(enrolment: Enrolment | None, rating: Rating, reasons: Iterable[str], place: Place) -> int | None:
    """The quota of the first plan that the rating acts on, never above the capacity; None without a last one."""
    if enrolment is None or place.quota is None:
        return None
    rated = Rated(rating, _CONFIRMED, tuple(reasons))
    planned = line(enrolment, _YEAR, [rated], [Approved(_YEAR - 1, place.quota)], place.capacity).quota
    return planned if planned is None or place.capacity is None else min(planned, place.capacity)


@dataclass(frozen=True, slots=True)
class Sums:
    """Students of some specialties: before and after, gained and lost one by one; how many have no known quota."""

    specialties: int
    unknown: int
    before: int
    after: int
    gained: int
    lost: int


def summed(pairs: Iterable[tuple[int | None, int | None]]) -> Sums:
    """The sums of (before, after), one pair a specialty; a pair with an unknown side is counted alone."""
    given = list(pairs)
    known = [(old, new) for old, new in given if old is not None and new is not None]
    return Sums(
        specialties=len(given),
        unknown=len(given) - len(known),
        before=sum(old for old, _ in known),
        after=sum(new for _, new in known),
        gained=sum(max(0, new - old) for old, new in known),
        lost=sum(max(0, old - new) for old, new in known),
    )


def _text(text: str) -> Value:
    return text


_STUDENTS = Measure("quota", Type.INTEGER, {}, "bureau", min=Decimal(0), max=Decimal(10**9))


def _students(text: str) -> Value:
    return parse_value(_STUDENTS, text)


_COLUMNS: Mapping[str, Read] = {
    "specialty": read_specialty, "quota": _students, "capacity": _students, "county": _text, "class": _text,
}  # fmt: skip


def read_quotas(content: bytes, findings: Findings) -> dict[str, Place]:
    """QUOTAS.csv: `specialty,quota`, optionally `capacity`, `county`, `class`; every wrong cell is noted."""
    table = read_table(content, QUOTAS, _COLUMNS, ["specialty", "quota"], findings)
    if table is None or not {"specialty", "quota"} <= table.columns.keys():
        return {}
    for column in table.columns:
        table.note_bad(column, findings)
    first: dict[str, int] = {}
    found: dict[str, Place] = {}
    for index, cell in enumerate(table.columns["specialty"].cells()):
        said = {name: column[index] for name, column in table.columns.items()}
        specialty = text_of(cell)
        if (other := first.setdefault(specialty, index)) != index and specialty:
            add_twice(table, index, other, (specialty, 0), findings)
        found[specialty] = Place(
            text_of(said.get("county")), text_of(said.get("class")), _whole(said["quota"]), _whole(said.get("capacity"))
        )
    return found


def _whole(cell: Cell) -> int | None:
    return int(cell) if isinstance(cell, Decimal) else None
