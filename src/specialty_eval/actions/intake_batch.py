"""A file's rows once its cells are read: what is said about each, and how they differ from what is on record."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from specialty_eval.engine.csv_columns import Bad, read_table
from specialty_eval.engine.csv_records import Findings
from specialty_eval.engine.evidence import Value

from .intake_tables import Table

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its number as a spreadsheet counts, and its values by column; an absent column has none."""

    row: int
    values: Mapping[str, Value]

    def text(self, column: str) -> str:
        """A text, `` where there is none."""
        value = self.values.get(column)
        return "" if value is None else str(value)

    def whole(self, column: str) -> int | None:
        """A whole number."""
        value = self.values.get(column)
        return int(value) if isinstance(value, Decimal) else None

    def number(self, column: str) -> int:
        """A whole number of a column whose cells are filled."""
        value = self.values[column]
        if not isinstance(value, Decimal):
            raise TypeError(column)
        return int(value)

    def day(self, column: str) -> date | None:
        """A day."""
        value = self.text(column)
        return date.fromisoformat(value) if value else None

    def flag(self, column: str) -> bool:
        """A yes; False where nothing is said."""
        return self.values.get(column) is True


@dataclass(slots=True)
class Batch:
    """The rows whose cells are all in order, and the problems of the whole file so far."""

    table: Table
    findings: Findings
    lines: list[Line] = field(default_factory=list)
    suspects: dict[str, frozenset[str]] = field(default_factory=dict)
    """Column → what stands in rows that have a problem: nobody is told that it is missing."""

    def wrong(self, line: Line, column: str, code: str, rule: object = "", **facts: object) -> None:
        """Note a problem of one cell."""
        names = [c.name for c in self.table.columns]
        place = names.index(column) if column in names else 0
        said = {"expected": rule, **facts}
        self.findings.add(code, self.table.name, line.row, column, line.text(column), rule, said, place=place)

    def keep(self, good: Callable[[Line], bool]) -> None:
        """Go on with the rows of which this holds."""
        self.lines = [line for line in self.lines if good(line)]


def read(content: bytes, table: Table, findings: Findings) -> Batch:
    """Every row that can be gone on with; a wrong heading, cell or repeated row is noted."""
    batch = Batch(table, findings)
    readers = {column.name: column.value for column in table.columns}
    required = [column.name for column in table.columns if column.required]
    found = read_table(content, table.name, readers, required, findings)
    if found is None:
        return batch
    bad: set[int] = set()
    for name in found.columns:
        bad |= found.note_bad(name, findings)
    if not found.rows and not findings.totals:
        findings.add("no-rows-loaded", table.name, 0, "", "", "")
    whole = all(name in found.columns for name in required)
    for index, row in enumerate(found.rows):
        if index not in bad and whole:
            values = {
                name: value for name, cells in found.columns.items() if not isinstance(value := cells[index], Bad)
            }
            batch.lines.append(Line(row, values))
    batch.suspects = {
        name: frozenset(str(cells[index]) for index in bad if not isinstance(cells[index], Bad)) | found.stray
        for name, cells in found.columns.items()
    }
    note_repeated(batch, table.key, lambda line: tuple(line.text(column) for column in table.key))
    return batch


def note_repeated(batch: Batch, columns: Sequence[str], key: Callable[[Line], Hashable]) -> None:
    """Note a row about the same thing as an earlier one, whether it says the same or not, and go on without it."""
    first: dict[Hashable, int] = {}
    repeated: set[int] = set()
    for line in batch.lines:
        earlier = first.setdefault(key(line), line.row)
        if earlier != line.row:
            repeated.add(line.row)
            said = " ".join(line.text(column) for column in columns).strip()
            batch.wrong(line, columns[0], "row-repeated", ", ".join(columns), first_row=earlier, said=said)
    batch.keep(lambda line: line.row not in repeated)


@dataclass(slots=True)
class Difference:
    """The rows that say something new, those that change what is on record, and how many change nothing."""

    new: list[Line] = field(default_factory=list)
    changed: list[tuple[int, Line]] = field(default_factory=list)
    """(number of the row on record, what is said of it now)."""
    unchanged: int = 0


def compare(
    batch: Batch,
    on_record: Mapping[K, tuple[int, Mapping[str, Any]]],
    key: Callable[[Line], K],
    said: Callable[[Line], Mapping[str, Any]],
    *,
    fixed: Collection[str] = (),
) -> Difference:
    """Sort the rows by what they do to `on_record` (key → number and values).

    A row that would change a `fixed` column is a problem: that is a decision, not a load.
    """
    found = Difference()
    for line in batch.lines:
        known = on_record.get(key(line))
        if known is None:
            found.new.append(line)
            continue
        number, values = known
        differing = [column for column, value in said(line).items() if values[column] != value]
        for column in differing:
            if column in fixed:
                batch.wrong(line, column, "row-conflicts", values[column])
        if differing:
            found.changed.append((number, line))
        else:
            found.unchanged += 1
    return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many rows are new, changed and unchanged; `write` puts them on record."""

    new: int
    changed: int
    unchanged: int
    write: Callable[[], None]


def outcome(found: Difference, write: Callable[[], None]) -> Outcome:
    """The outcome of a difference."""
    return Outcome(len(found.new), len(found.changed), found.unchanged, write)


def missing(batch: Batch, column: str, known: Collection[str], code: str) -> None:
    """Note every row whose cell names something that is not there, and go on without those rows."""
    absent = {line.row for line in batch.lines if line.text(column) and line.text(column) not in known}
    for line in batch.lines:
        if line.row in absent:
            batch.wrong(line, column, code)
    batch.keep(lambda line: line.row not in absent)


def cells(lines: Iterable[Line], column: str) -> list[str]:
    """What stands in a column, each once, without the empty ones."""
    return sorted({line.text(column) for line in lines} - {""})
