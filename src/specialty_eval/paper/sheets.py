"""A list as an XLSX workbook, row by row with constant memory: what the list said, as text where it is no whole number.

Nothing in a cell is ever a formula or a link. A text that a spreadsheet could take for a formula when somebody edits
the cell is marked as text (the workbook's own quote prefix), so that it stays what it was.
"""

import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import BinaryIO

import xlsxwriter
from xlsxwriter.format import Format

from specialty_eval.engine.report import Report

MOST_ROWS = 1_048_575
"""A sheet's rows, but for the heading."""
LONGEST_CELL = 32_767
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_WIDEST, _NARROWEST = 48, 8

Cell = str | int | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading for people, and the field's name that other programs know it by."""

    heading: str
    name: str


class Sheet:
    """A workbook in a temporary file: its rows as they come, then what it is about on a sheet of its own.

    A context manager; the file is gone when it ends.
    """

    def __init__(self, title: str, columns: Sequence[Column]) -> None:
        handle, self._path = tempfile.mkstemp(suffix=".xlsx")
        os.close(handle)
        self._book = xlsxwriter.Workbook(
            self._path,
            {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
             "strings_to_numbers": False, "default_date_format": "yyyy-mm-dd"},
        )  # fmt: skip
        self._text = self._book.add_format({"num_format": "@", "font_name": "宋体", "font_size": 10})
        self._marked = self._book.add_format(
            {"num_format": "@", "font_name": "宋体", "font_size": 10, "quote_prefix": True}
        )
        self._number = self._book.add_format({"num_format": "0", "font_name": "宋体", "font_size": 10})
        self._head = self._book.add_format({"bold": True, "bg_color": "#DDDDDD", "border": 1, "font_name": "黑体",
                                            "font_size": 10, "text_wrap": True})  # fmt: skip
        self._sheet = self._book.add_worksheet(_tab(title))
        self._columns = columns
        self.rows, self._is_whole = 0, False
        self._begin()

    def __enter__(self) -> "Sheet":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_whole:  # its rows wait in temporary files of their own, which only closing removes
            self._book.close()
        os.unlink(self._path)

    def _begin(self) -> None:
        for place, column in enumerate(self._columns):
            wide = sum(2 if ord(c) > 0x2E7F else 1 for c in column.heading) + 4
            self._sheet.set_column(place, place, max(_NARROWEST, min(_WIDEST, max(wide, 14))))
        for place, column in enumerate(self._columns):
            self._sheet.write_string(0, place, column.heading, self._head)
        self._sheet.freeze_panes(1, 0)

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """The next rows; ValueError beyond what a sheet holds."""
        for row in rows:
            self.rows += 1
            if self.rows > MOST_ROWS:
                raise ValueError("more rows than a sheet holds")
            for place, value in enumerate(row):
                self._write(self._sheet, self.rows, place, value)

    def _write(self, sheet: xlsxwriter.worksheet.Worksheet, row: int, place: int, value: Cell) -> None:
        if value is None or value == "":
            return
        if isinstance(value, int) and abs(value) < 10**15:
            sheet.write_number(row, place, value, self._number)
            return
        text = str(value)[:LONGEST_CELL]
        sheet.write_string(row, place, text, self._format(text))

    def _format(self, text: str) -> Format:
        return self._marked if text.startswith(STARTS_A_FORMULA) else self._text

    def close(self, title: str, about: Sequence[tuple[str, str]]) -> BinaryIO:
        """The finished workbook, opened to be read: the list, and what it is about on the sheet 说明."""
        if self._columns:
            self._sheet.autofilter(0, 0, max(self.rows, 1), len(self._columns) - 1)
        notes = self._book.add_worksheet("说明")
        notes.set_column(0, 0, 22)
        notes.set_column(1, 1, 90)
        for row, (name, said) in enumerate(about):
            notes.write_string(row, 0, name, self._head)
            self._write(notes, row, 1, said)
        named = {name: said for name, said in about}  # noqa: C416 -- pairs of a sequence
        self._book.set_properties({"title": title, "comments": "；".join(f"{n}：{s}" for n, s in named.items())[:255]})
        self._is_whole = True
        self._book.close()
        return open(self._path, "rb")


def tables(report: Report) -> bytes:
    """A report's tables, each on a sheet of its own, and what it rests on."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": report.title, "created": datetime(2000, 1, 1)})  # noqa: DTZ001 -- the same each time
    head = book.add_format({"bold": True, "bg_color": "#DDDDDD", "border": 1, "font_name": "黑体", "font_size": 10})
    plain = book.add_format({"num_format": "@", "font_name": "宋体", "font_size": 10})
    marked = book.add_format({"num_format": "@", "font_name": "宋体", "font_size": 10, "quote_prefix": True})
    about = [(report.title, ""), ("制作", f"{report.bureau} {report.date}"), *report.about]
    sheets = [("说明", ("", ""), about), *((table.title, table.heads, table.rows) for table in report.tables)]
    used: set[str] = set()
    for title, heads, rows in sheets:
        sheet = book.add_worksheet(_unused(_tab(title), used))
        for place, name in enumerate(heads):
            sheet.set_column(place, place, 60 if title == "说明" and place else 20)
            sheet.write_string(0, place, name, head)
        for row, cells in enumerate(rows, 1):
            for place, text in enumerate(cells):
                if text.isascii() and text.isdigit() and len(text) < 10 and (text == "0" or text[0] != "0"):
                    sheet.write_number(row, place, int(text))
                elif text:
                    sheet.write_string(row, place, text, marked if text.startswith(STARTS_A_FORMULA) else plain)
    book.close()
    return made.getvalue()


def _unused(name: str, used: set[str]) -> str:
    """The name, with a number where another sheet has it; a workbook knows no capitals."""
    found, number = name, 1
    while found.lower() in used:
        number += 1
        found = f"{name[:28]}{number}"
    used.add(found.lower())
    return found


_BARRED = str.maketrans(dict.fromkeys("[]:*?/\\'", "_"))


def _tab(title: str) -> str:
    """A name that a workbook takes for a sheet."""
    return title.translate(_BARRED)[:31] or "列表"
