"""Workbooks: every value stays the text it was, nothing computes, and the pages of a list are one sheet."""

import openpyxl
import pytest

from specialty_eval.paper.sheets import Column, Sheet

NASTY = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://localhost")', "＝1"]
CODES = ["0371400", "3637000001-710201", "1E5", "2026-09-01", "007", "http://localhost/x", "1/2"]


def made(*rows: list[str | int | None]) -> openpyxl.Workbook:
    width = max((len(row) for row in rows), default=1)
    with Sheet("示例：名单/1", [Column(f"第{n}列", f"n{n}") for n in range(width)]) as sheet:
        for row in rows:
            sheet.add([row])
        with sheet.close("示例", [("列表", "=说明"), ("行数", str(len(rows)))]) as file:
            return openpyxl.load_workbook(file)


@pytest.mark.parametrize("value", [*NASTY, *CODES])
def test_a_text_stays_text_and_never_a_formula_a_number_a_date_or_a_link(value: str) -> None:
    cell = made([value]).worksheets[0]["A2"]

    assert (cell.value, cell.data_type, cell.hyperlink, cell.number_format) == (value, "s", None, "@")
    assert cell.quotePrefix is (value in NASTY)


def test_whole_numbers_are_numbers_and_what_is_missing_is_empty() -> None:
    sheet = made([7, None, "", 10**17], [-3, "乙", "丙", 0]).worksheets[0]

    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [
        [7, None, None, str(10**17)], [-3, "乙", "丙", 0]
    ]  # fmt: skip


def test_a_sheet_says_what_it_is_about_and_an_empty_list_has_its_headings() -> None:
    book = made()

    assert [cell.value for cell in book.worksheets[0][1]] == ["第0列"]
    assert [[cell.value for cell in row] for row in book["说明"].iter_rows()] == [["列表", "=说明"], ["行数", "0"]]
    assert (book.worksheets[0].title, book.worksheets[0].freeze_panes) == ("示例：名单_1", "A2")
