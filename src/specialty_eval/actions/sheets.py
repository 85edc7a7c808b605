"""The rows of a workbook's only sheet as CSV, each where it stands: one door for both kinds of files behind it.

The first cell beyond a limit ends the reading. What the cells mean, and whether they are right, is others' work.
"""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, InvalidOperation
from functools import lru_cache
from xml.parsers import expat

from specialty_eval.engine import decimals
from specialty_eval.engine.csv_records import Findings
from specialty_eval.engine.errors import Invalid, TooLarge

from .workbooks import MOST_UNPACKED, Unreadable, Workbook, about

MOST_ROWS = 200_000
MOST_COLUMNS = 500
_SHOWN = Context(prec=15, rounding=ROUND_HALF_EVEN)
"""A workbook keeps numbers in binary and shows 15 digits of them: 1.1000000000000001 was typed as 1.1."""
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_VALUES = frozenset({"v", "t"})
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


def rows_as_csv(content: bytes, file: str, findings: Findings) -> bytes:
    """UTF-8 CSV with the sheet's rows on their own lines; dates as YYYY-MM-DD, numbers as the workbook shows them.

    Notes a formula whose result nobody has computed. TooLarge beyond a limit; Invalid for what is no such workbook.
    """
    with readable(file):
        return sheet_as_csv(Workbook(content, file), file, findings)


def sheet_as_csv(book: Workbook, file: str, findings: Findings, part: str = "") -> bytes:
    """An opened workbook's sheet, or another of its parts, cell by cell."""
    sheet = _Sheet(book, file, findings)
    book.parse(part or book.sheet, sheet.start, sheet.end, sheet.text)
    return sheet.written.getvalue().encode()


@contextmanager
def readable(file: str) -> Iterator[None]:
    """Whatever a workbook breaks on its way in is said as one thing: it is none. Invalid."""
    try:
        yield
    except (Unreadable, zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, NotImplementedError,
            ValueError, IndexError) as error:  # fmt: skip
        raise Invalid(about(file, "not-a-workbook", "", f"xlsx: {error}"[:200])) from None


class _Sheet:
    """The state of one reading: the row and cell that are open, and what has been written."""

    def __init__(self, book: Workbook, file: str, findings: Findings) -> None:
        self.file, self.findings = file, findings
        self.texts, self.epoch = book.texts(), book.epoch
        self.dates, self.shares = book.styles()
        self.written = io.StringIO(newline="")
        self.writer = csv.writer(self.written, lineterminator="\n")
        self.width = 0
        self.row = self.column = self.lines = self.size = 0
        self.cells: list[str] = []
        self.kind, self.style = "n", 0
        self.said: list[str] = []
        self.listening = self.has_formula = False

    def start(self, name: str, given: dict[str, str]) -> None:
        """An element begins."""
        if name == "c":
            self._begin_cell(given.get("r"))
            self.kind, self.style = given.get("t", "n"), int(given.get("s", "0"))
        elif name in _VALUES:
            self.listening = True
        elif name == "row":
            self._begin_row(int(given.get("r", self.row + 1)))
        elif name == "f":
            self.has_formula = True
        elif name == "mergeCell":
            self._note_merged(given.get("ref", ""))
        elif name == "rPh":
            raise Unreadable("phonetic text in a cell")

    def _note_merged(self, area: str) -> None:
        """Only its first cell would say something: of the others nobody could tell what they stand for."""
        found = _PLACE.fullmatch(area.partition(":")[0])
        row, column = (int(found[2]), found[1]) if found else (0, "")
        self.findings.add("cells-merged", self.file, row, column, area, "", place=number(column) - 1 if column else 0)

    def text(self, said: str) -> None:
        """Character data."""
        if self.listening:
            self.said.append(said)

    def end(self, name: str) -> None:
        """An element ends."""
        if name in _VALUES:
            self.listening = False
        elif name == "c":
            self._end_cell()
        elif name == "row":
            self._end_row()

    def _begin_row(self, row: int) -> None:
        if row <= self.row:
            raise Unreadable("rows out of order")
        self.row, self.column, self.cells = row, 0, []

    def _begin_cell(self, place: str | None) -> None:
        column = self.column + 1
        if place is not None:
            found = _PLACE.fullmatch(place)
            if found is None or int(found[2]) != self.row:
                raise Unreadable(f"cell {place} in row {self.row}")
            column = number(found[1])
            if column <= self.column:
                raise Unreadable("cells out of order")
        if column > MOST_COLUMNS:
            raise TooLarge(about(self.file, "too-many-columns", column, f"..{MOST_COLUMNS}"))
        self.column = column
        self.said.clear()
        self.has_formula = False

    def _end_cell(self) -> None:
        said = "".join(self.said)
        if self.has_formula and not said.strip():  # also `<v></v>`: nobody can tell what was not computed from ""
            self.findings.add("formula-without-value", self.file, self.row, letters(self.column), "", "",
                              place=self.column - 1)  # fmt: skip
        value = self._value(said)
        if not value:
            return
        if self.row > MOST_ROWS:  # empty rows beyond it are somebody's formatting
            raise TooLarge(about(self.file, "too-many-rows", self.row, f"..{MOST_ROWS}"))
        self.size += len(value)
        if self.size > MOST_UNPACKED:
            raise TooLarge(about(self.file, "workbook-too-large", self.size, f"..{MOST_UNPACKED}"))
        self.cells.extend([""] * (self.column - 1 - len(self.cells)))
        self.cells.append(value)

    def _end_row(self) -> None:
        """Write the row on its own line, as wide as the heading."""
        if not self.cells:
            return
        self.width = self.width or len(self.cells)
        self.written.write("\n" * (self.row - 1 - self.lines))
        self.writer.writerow(self.cells + [""] * (self.width - len(self.cells)))
        self.lines = self.row

    def _value(self, said: str) -> str:
        """A cell's text: a shared text, a truth value, a day, a number, or what stands there."""
        match self.kind:
            case "s":
                return self.texts[int(said)] if said else ""
            case "b":
                return {"1": "true", "0": "false"}.get(said, said)
            case "n" if said and self.style in self.dates:
                return self._day(said)
            case "n" if said and self.style in self.shares:
                return _share(said)
            case "n" if said:
                return number_shown(said)
            case _:
                return said

    def _day(self, said: str) -> str:
        """A serial number as a day; with a time of day where it has one, which is then no day."""
        serial = decimals.parse(said)
        if serial is None or not 1 <= serial < 2_958_466:
            return said
        whole = int(serial)
        if self.epoch.year == 1899 and whole <= 60:
            if whole == 60:  # a day that never was, in every workbook
                return "1900-02-29"
            whole += 1
        day = self.epoch + timedelta(days=whole)
        if serial == int(serial):
            return day.isoformat()
        seconds = int((serial - int(serial)) * 86_400)
        return (datetime.combine(day, time()) + timedelta(seconds=seconds)).isoformat(" ")


def number_shown(said: str) -> str:
    """A number as the workbook shows it: 15 digits, no exponent; what is none stays as it is."""
    if len(said) <= 15 and _PLAIN.fullmatch(said):
        return said
    try:
        number = _SHOWN.create_decimal(said)
    except InvalidOperation:
        return said
    if not number.is_finite() or abs(number.adjusted()) > decimals.MOST_DIGITS:
        return said
    return decimals.shortest(number)


def _share(said: str) -> str:
    """A number that is shown as a share of a hundred, as it is shown: 0.85 is 85%."""
    number = decimals.parse(number_shown(said))
    return said if number is None else f"{decimals.shortest(number.scaleb(2))}%"


@lru_cache(maxsize=1024)
def number(named: str) -> int:
    """A column's number: A is 1, AB is 28."""
    column = 0
    for letter in named:
        column = column * 26 + ord(letter) - 64
    return column


def letters(column: int) -> str:
    """A column's letters: 1 is A, 28 is AB."""
    named = ""
    while column:
        column, letter = divmod(column - 1, 26)
        named = chr(65 + letter) + named
    return named
