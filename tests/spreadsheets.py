"""Workbooks for tests: as a spreadsheet program writes them, and with parts that no program would write."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date

import xlsxwriter

SHEET = "xl/worksheets/sheet1.xml"
HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
TAIL = "</sheetData></worksheet>"


def workbook(rows: Sequence[Sequence[object]], *, sheets: int = 1) -> bytes:
    """A workbook as a spreadsheet program writes it; a day gets a date's format."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    day = book.add_format({"num_format": 'yyyy"年"mm-dd'})
    for _ in range(sheets):
        sheet = book.add_worksheet()
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(r, c, value, day)
                elif isinstance(value, str):
                    sheet.write_string(r, c, value)
                elif value is not None:
                    sheet.write(r, c, value)
    book.close()
    return out.getvalue()


def patched(content: bytes, parts: dict[str, bytes]) -> bytes:
    """The workbook with some parts replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in dict.fromkeys([*old.namelist(), *parts]):
            new.writestr(name, parts[name] if name in parts else old.read(name))
    return out.getvalue()


def with_sheet(body: str) -> bytes:
    """A workbook whose only sheet has these rows, as XML."""
    return patched(workbook([["x"]]), {SHEET: (HEAD + body + TAIL).encode()})
