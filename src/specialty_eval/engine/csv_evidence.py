"""EVIDENCE.csv → whose values of which year, every wrong cell, repeated row and missing year noted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .conditions import measures_in
from .csv_columns import Bad, Cell, Read, Table, read_table
from .csv_records import Findings
from .decimals import parse
from .errors import Invalid, Problem
from .evidence import Row, Value, check_problem, parse_attribute, parse_value
from .policy import DEFAULTED, Attribute, Policy
from .vocabulary import Type

EVIDENCE = "evidence"

NO_YEAR = -1
"""Stands for a year that could not be read."""

_LAST_YEAR = 9999


@dataclass(frozen=True, slots=True)
class Evidence:
    """What EVIDENCE.csv says: for each record its specialty and year, and the file's columns; `scored` is the year."""

    table: Table
    specialties: list[str]
    years: list[int]
    scored: int
    dated: bool
    attributes: Mapping[str, Attribute]

    def row(self, policy: Policy, index: int) -> Row:
        """One record with its own year's attributes."""

        def values(codes: Mapping[str, object]) -> dict[str, Value]:
            cells = {code: self.table.columns[code][index] for code in codes if code in self.table.columns}
            return {code: cell for code, cell in cells.items() if not isinstance(cell, Bad)}

        year = self.years[index] if self.dated else None
        return Row(self.specialties[index], year, values(self.attributes), values(policy.measures))


def read_evidence(policy: Policy, content: bytes, findings: Findings) -> tuple[Evidence | None, set[str]]:
    """The evidence with every problem noted, and the specialties with any problem (None: nothing could be read)."""
    declared = {DEFAULTED: Attribute(DEFAULTED, Type.TEXT, {}), **policy.attributes}
    readers: dict[str, Read] = {"specialty": read_specialty, "year": read_year}
    readers |= {code: _reading(parse_attribute, attribute) for code, attribute in declared.items()}
    readers |= _measure_readers(policy)
    table = read_table(content, EVIDENCE, readers, ["specialty"], findings)
    if table is None or "specialty" not in table.columns:
        return None, set()
    if not table.rows and not findings.totals:
        findings.add("no-rows", EVIDENCE, 0, "", "", "")
    dated = "year" in table.columns
    specialties = [text_of(cell) for cell in table.columns["specialty"].cells()]
    years = [year_of(cell) for cell in table.columns["year"].cells()] if dated else [0] * len(specialties)
    found = Evidence(table, specialties, years, max(years, default=0), dated, declared)
    return found, _note_evidence(policy, found, findings)


def _reading(read: Callable[..., Value], of: object) -> Read:
    return lambda text: read(of, text)


def _measure_readers(policy: Policy) -> dict[str, Read]:
    """One reader for all measures of the same kind: `0` or `37.50` then is read once in a file, not once a column."""
    by_kind: dict[object, Read] = {}
    readers = {}
    for code, m in policy.measures.items():
        kind = (m.type, m.decimals, m.min, m.max, m.options)
        readers[code] = by_kind.setdefault(kind, _reading(parse_value, m))
    return readers


def read_specialty(text: str) -> Value:
    """Text as it is written; nothing but spaces is none."""
    if not text.strip():
        raise Invalid(Problem("specialty-missing", "", {"expected": "text"}))
    return text


def read_year(text: str) -> Value:
    """A year in digits."""
    number = parse(text.strip(" "))
    if number is None or number != int(number) or "." in text or not 0 <= number <= _LAST_YEAR:
        raise Invalid(Problem("not-a-year", "", {"expected": f"integer 0..{_LAST_YEAR}"}))
    return number


def text_of(cell: Cell) -> str:
    """The text of a cell, `` where it was refused."""
    return cell if isinstance(cell, str) else ""


def year_of(cell: Cell) -> int:
    """The year of a cell, NO_YEAR where it was refused."""
    return NO_YEAR if isinstance(cell, Bad | str | None) else int(cell)


def _note_evidence(policy: Policy, found: Evidence, findings: Findings) -> set[str]:
    """Note bad cells, rows given twice and specialties without a row of the scored year."""
    table = found.table
    bad = table.note_bad("specialty", findings)
    if found.dated:
        bad |= table.note_bad("year", findings)
    # Where the year is unknown, nobody knows whether the attributes count.
    for code in found.attributes:
        if code in table.columns:
            bad |= table.note_bad(code, findings, lambda index: found.years[index] == found.scored)
    for code in policy.measures:
        if code in table.columns:
            bad |= table.note_bad(code, findings)
    bad |= _note_twice(found, findings)
    dirty = {found.specialties[index] for index in bad}
    return dirty | _note_not_scored(found, findings)


def _note_twice(found: Evidence, findings: Findings) -> set[int]:
    first: dict[tuple[str, int], int] = {}
    again = set()
    for index, key in enumerate(zip(found.specialties, found.years, strict=True)):
        other = first.setdefault(key, index)
        if other != index and key[0] and key[1] != NO_YEAR:
            again.add(index)
            add_twice(found.table, index, other, key, findings)
    return again


def add_twice(table: Table, index: int, other: int, key: tuple[str, int], findings: Findings) -> None:
    """Note that a record repeats the specialty and year of another."""
    facts = {"first_row": table.rows[other], "year": key[1] or ""}
    findings.add("row-twice", table.file, table.rows[index], "specialty", key[0], "specialty, year", facts)


def _note_not_scored(found: Evidence, findings: Findings) -> set[str]:
    """Not of a specialty that may well have its row: in a row or a year that could not be read."""
    if not found.table.is_whole:
        return set()
    unclear = found.table.stray | {
        s for s, year in zip(found.specialties, found.years, strict=True) if year in (found.scored, NO_YEAR)
    }
    missing: dict[str, int] = {}
    for index, specialty in enumerate(found.specialties):
        if specialty and specialty not in unclear:
            missing.setdefault(specialty, index)
    for specialty, index in missing.items():
        row = found.table.rows[index]
        findings.add("scored-year-missing", EVIDENCE, row, "year", specialty, found.scored, {"year": found.scored})
    return set(missing)


def add_check(policy: Policy, found: Evidence, index: int, code: str, findings: Findings) -> None:
    """Note that a check holds on a record."""
    check = next(c for c in policy.checks if c.code == code)
    values = found.row(policy, index).values
    said = check_problem(check, values)
    column = ", ".join(measures_in(check.when))
    facts = {key: fact for key, fact in said.facts.items() if key != "value"}
    findings.add(said.code, EVIDENCE, found.table.rows[index], column, said.facts["value"], check.code, facts)
