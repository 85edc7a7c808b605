"""The heading of a CSV file against the columns it may have, and its rows as columns of values, each text read once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from .csv_records import Findings, Record, records
from .errors import Invalid, Problem
from .evidence import Value
from .policy_shape import nearest

_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Bad:
    """A cell that is refused: the text as it is written, and why."""

    text: str
    problem: Problem


Cell = Value | Bad
Read = Callable[[str], Value]
"""Text → value; raises Invalid with one problem."""


class Memory(dict[str, Cell]):
    """The values of one column's texts; the same text is read once."""

    def __init__(self, read: Read) -> None:
        super().__init__()
        self._read = read
        self.has_bad = False

    def __missing__(self, text: str) -> Cell:
        value: Cell
        try:
            value = self._read(text)
        except Invalid as refusal:
            value = Bad(text, refusal.problems[0])
            self.has_bad = True
        self[text] = value
        return value


@dataclass(frozen=True, slots=True)
class Table:
    """A file read column by column: `rows` and `lines` number its records, `columns` are those the heading has."""

    file: str
    rows: list[int]
    columns: Mapping[str, list[Cell]]
    places: Mapping[str, int]
    suspect: frozenset[str]
    """The columns in which any cell is bad."""
    stray: frozenset[str]
    """What stands in rows of another length than the heading's."""
    is_whole: bool
    """The file could be read to its end."""

    def bad_cells(self, column: str) -> Iterator[tuple[int, Bad]]:
        """(index of the record, cell) of every cell of a column that is refused."""
        if column in self.suspect:
            for index, cell in enumerate(self.columns[column]):
                if isinstance(cell, Bad):
                    yield index, cell

    def note_bad(self, column: str, findings: Findings, only: Callable[[int], bool] = lambda _: True) -> set[int]:
        """Say what is wrong with a column's cells in the records asked for; returns those records."""
        found = set()
        for index, cell in self.bad_cells(column):
            if only(index):
                found.add(index)
                problem, place = cell.problem, self.places[column]
                rule = problem.facts.get("expected", "")
                facts = {"expected": rule}
                findings.add(problem.code, self.file, self.rows[index], column, cell.text, rule, facts, place=place)
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
    memory = {name: Memory(readers[name]) for name in places}
    columns: dict[str, list[Cell]] = {name: [] for name in places}
    rows: list[int] = []
    stray: set[str] = set()
    while chunk := list(islice(rest, _CHUNK)):
        whole = [record for record in chunk if len(record.cells) == len(heading.cells)]
        if len(whole) < len(chunk):
            stray |= _note_ragged(chunk, len(heading.cells), file, findings)
        rows.extend(record.row for record in whole)
        by_place = list(zip(*(record.cells for record in whole), strict=True)) or [()] * len(heading.cells)
        for name, place in places.items():
            columns[name].extend(map(memory[name].__getitem__, by_place[place]))
    suspect = frozenset(name for name in places if memory[name].has_bad)
    return Table(file, rows, columns, places, suspect, frozenset(stray), is_whole=_broken(findings) == broken)


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
