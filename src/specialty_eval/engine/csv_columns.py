"""The heading of a CSV file against the columns it may have, and its rows as columns of values, each text read once."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from .csv_records import Findings, Record, records
from .errors import Invalid, Problem
from .evidence import Value
from .policy_shape import nearest

_CHUNK = 512
"""So many rows at a time: their cells stay in the processor's cache while they are turned into columns."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A cell that is refused: the text as it is written, and why."""

    text: str
    problem: Problem


Cell = Value | Bad
Read = Callable[[str], Value]
"""Text → value; raises Invalid with one problem."""


class Memory(dict[str, int]):
    """The distinct texts of all columns that are read alike, each read once: text → its place in `distinct`."""

    def __init__(self, read: Read) -> None:
        super().__init__()
        self._read = read
        self.distinct: list[Cell] = []

    def __missing__(self, text: str) -> int:
        value: Cell
        try:
            value = self._read(text)
        except Invalid as refusal:
            value = Bad(text, refusal.problems[0])
        self[text] = place = len(self.distinct)
        self.distinct.append(value)
        return place


@dataclass(frozen=True, slots=True)
class CellColumn:
    """A column: of each record the place of its value among the distinct `values`."""

    places: "array[int]"
    values: list[Cell]

    def __getitem__(self, index: int) -> Cell:
        return self.values[self.places[index]]

    def cells(self) -> list[Cell]:
        """The value of every record."""
        return [self.values[place] for place in self.places]


@dataclass(frozen=True, slots=True)
class Table:
    """A file read column by column: `rows` number its records, `columns` and their `places` are the heading's."""

    file: str
    rows: list[int]
    columns: Mapping[str, CellColumn]
    places: Mapping[str, int]
    stray: frozenset[str]
    """What stands in rows of another length than the heading's."""
    is_whole: bool
    """The file could be read to its end."""

    def note_bad(self, name: str, findings: Findings, only: Callable[[int], bool] = lambda _: True) -> set[int]:
        """Say what is wrong with a column's cells in the records asked for; returns those records."""
        column, found = self.columns[name], set[int]()
        bad = {place for place, value in enumerate(column.values) if isinstance(value, Bad)}
        for index, place in enumerate(column.places if bad else ()):
            cell = column.values[place] if place in bad else None
            if isinstance(cell, Bad) and only(index):
                found.add(index)
                rule = cell.problem.facts.get("expected", "")
                facts = {"expected": rule}
                row, at = self.rows[index], self.places[name]
                findings.add(cell.problem.code, self.file, row, name, cell.text, rule, facts, place=at)
        return found


def read_table(
    content: bytes, file: str, readers: Mapping[str, Read], required: Sequence[str], findings: Findings
) -> Table | None:
    """The table with every problem of its shape noted; None when not even its heading can be used."""
    rest = records(content, file, findings)
    broken = _broken(findings)
    heading = next(rest, None)
    if heading is None:
        if not findings.totals:
            findings.add("file-empty", file, 0, "", "", ", ".join(required))
        return None
    places = _places(heading, file, readers, required, findings)
    shared = {read: Memory(read) for read in set(readers.values())}
    memory = {name: shared[readers[name]] for name in places}
    columns = {name: CellColumn(array("i"), memory[name].distinct) for name in places}
    rows: list[int] = []
    stray: set[str] = set()
    while chunk := list(islice(rest, _CHUNK)):
        whole = [record for record in chunk if len(record.cells) == len(heading.cells)]
        if len(whole) < len(chunk):
            stray |= _note_ragged(chunk, len(heading.cells), file, findings)
        rows.extend(record.row for record in whole)
        by_place = list(zip(*(record.cells for record in whole), strict=True)) or [()] * len(heading.cells)
        for name, place in places.items():
            columns[name].places.extend(map(memory[name].__getitem__, by_place[place]))
    return Table(file, rows, columns, places, frozenset(stray), is_whole=_broken(findings) == broken)


def _broken(findings: Findings) -> int:
    return sum(findings.totals[code] for code in ("not-csv", "line-too-long", "too-many-columns"))


def _places(
    heading: Record, file: str, readers: Mapping[str, Read], required: Sequence[str], findings: Findings
) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, name in enumerate(heading.cells):
        if name in places:
            findings.add("column-twice", file, heading.row, name, name, "", place=place)
        elif name not in readers:
            known = tuple(readers)
            facts = {"nearest": nearest(name, known)}
            findings.add("unknown-column", file, heading.row, name, name, known, facts, place=place)
        else:
            places[name] = place
    for name in required:
        if name not in places:
            findings.add("missing-column", file, heading.row, name, "", name)
    return places


def _note_ragged(chunk: Sequence[Record], width: int, file: str, findings: Findings) -> set[str]:
    stray: set[str] = set()
    for record in chunk:
        if len(record.cells) != width:
            stray.update(record.cells)
            findings.add("row-length", file, record.row, "", len(record.cells), width, {"line": record.line})
    return stray
