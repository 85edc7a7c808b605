"""Files that somebody breaks, or means to break us with: each is told for what it is, or read as what it says."""

import gc
import io
import zipfile
from collections.abc import Callable
from datetime import date
from itertools import islice

import pytest
import sqlalchemy as sa
import xlsxwriter
from sqlalchemy.orm import Session

from factories import City, make_city
from remembered import remembered_fixture
from small_policy import POLICY
from specialty_eval.actions import cycles, staging, staging_views
from specialty_eval.actions.paging import Page
from specialty_eval.actions.staging_cells import MOST_KNOWN, measured
from specialty_eval.actions.staging_files import CSV, XLSX
from specialty_eval.actions.staging_reading import MOST_REMARKS, Read
from specialty_eval.engine import load_policy
from specialty_eval.engine.errors import TooLarge
from specialty_eval.engine.grid import read_grid
from specialty_eval.store.staging import StagedFile, StagedRemark
from spreadsheets import HEAD, SHEET, TAIL, patched, workbook

HEADING = ["school_code", "catalogue_code", "year", "graduates"]
ROW = ["3637000001", "710201", 2025, 40]


@remembered_fixture
def city(session: Session) -> City:
    city = make_city(session)
    cycles.import_policy(city.as_("policy-editor"), POLICY)
    return city


def staged(city: City, content: bytes, kind: str = XLSX) -> StagedFile:
    row = staging.receive(city.as_("secretary"), staging.Received(content, kind), "small@1")
    return staging.check(city.as_("secretary"), row.id)


def said(city: City, row: StagedFile, kind: str = "problem") -> list[tuple[str, str]]:
    found, _ = staging_views.remarks(city.as_("secretary"), row.id, kind, Page(100))
    return [(one["code"], one["cell"]) for one in found]


def told(city: City, content: bytes, kind: str = XLSX) -> list[tuple[str, str]]:
    return said(city, staged(city, content, kind))


def with_rows(body: str) -> bytes:
    """The good file, with further rows as XML behind its own."""
    content = workbook([HEADING, ROW])
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = book.read(SHEET).decode()
    return patched(content, {SHEET: sheet.replace("</sheetData>", f"{body}</sheetData>").encode()})


def made(write: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    write(book)
    book.close()
    return out.getvalue()


def test_a_workbook_that_unpacks_to_gigabytes_is_refused_unread(city: City) -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook([HEADING, ROW]))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name != SHEET:
                new.writestr(name, old.read(name))
        with new.open(SHEET, "w", force_zip64=True) as sheet:
            sheet.write(HEAD.encode())
            for _ in range(300):
                sheet.write(b" " * (1 << 20))
            sheet.write(TAIL.encode())
    assert len(out.getvalue()) < 1 << 20
    assert told(city, out.getvalue()) == [("workbook-too-large", "")]


def test_a_million_empty_formatted_rows_are_nothing(city: City) -> None:
    empty = "".join(f'<row r="{n}"><c r="A{n}" s="0"/></row>' for n in range(3, 1_000_001))
    row = staged(city, with_rows(empty))
    assert (said(city, row), row.counts["rows"], row.counts["new"]) == ([], 1, 1)
    bare = "".join(f'<row r="{n}"/>' for n in range(3, 1_000_001))
    assert staged(city, with_rows(bare)).counts["new"] == 1


def test_a_formula_that_nobody_computed_is_told_and_one_with_its_result_is_read(city: City) -> None:
    formula = '<row r="3"><c r="A3" t="str"><v>3637000001</v></c><c r="B3" t="str"><v>660103</v></c>'
    formula += '<c r="C3"><v>2025</v></c><c r="D3"><f>D2+1</f>{}</c></row>'
    for result in ("", "<v></v>", "<v/>", "<v> </v>"):
        assert told(city, with_rows(formula.format(result))) == [("formula-without-value", "D3")]
        of_text = with_rows(formula.format(result).replace('"D3"', '"D3" t="str"'))
        assert told(city, of_text) == [("formula-without-value", "D3")]
    assert staged(city, with_rows(formula.format("<v>41</v>"))).counts["new"] == 2


def test_merged_cells_are_told_with_their_area(city: City) -> None:
    def write(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADING)
        sheet.write_row(1, 0, ROW)
        sheet.write_row(2, 1, ["660103", 2025, 30])
        sheet.merge_range(1, 0, 2, 0, "3637000001")

    assert ("cells-merged", "A2") in told(city, made(write))


def test_a_share_of_a_hundred_is_read_as_it_is_shown(city: City) -> None:
    def write(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADING)
        sheet.write_row(1, 0, ROW[:3])
        sheet.write_number(1, 3, 0.85, book.add_format({"num_format": "0.0%"}))

    row = staged(city, made(write))
    assert said(city, row) == [("not-a-number", "D2")]
    facts = staging_views.remarks(city.as_("secretary"), row.id, "problem", Page(9))[0][0]["facts"]
    assert facts["value"] == "85%"


def test_a_day_where_a_number_belongs_is_no_number(city: City) -> None:
    content = workbook([HEADING, [*ROW[:2], date(2025, 9, 1), date(1900, 2, 9)]])
    assert told(city, content) == [("not-a-number", "C2"), ("not-a-number", "D2")]


def test_hidden_sheets_and_further_ones_are_refused_by_name(city: City) -> None:
    def write(book: xlsxwriter.Workbook) -> None:
        book.add_worksheet().write_row(0, 0, HEADING)
        book.add_worksheet("旧数据").hide()

    row = staged(city, made(write))
    assert said(city, row) == [("sheet-hidden", "")]
    assert staging_views.remarks(city.as_("secretary"), row.id, "problem", Page(9))[0][0]["facts"]["value"] == "旧数据"
    assert told(city, workbook([HEADING, ROW], sheets=2)) == [("not-one-sheet", "")]


def test_a_row_twice_is_told_whether_it_says_the_same_or_not(city: City) -> None:
    other = [*ROW[:3], 41]
    assert told(city, workbook([HEADING, ROW, ROW, other])) == [("row-repeated", "A3"), ("row-repeated", "A4")]


def test_rows_far_apart_in_a_long_file_keep_their_own_cells(city: City) -> None:
    said_of = {
        1: "7",
        8_190: "１２",
        8_191: "",
        8_192: "13",
        8_193: "x",
        16_383: "140000000",
        16_384: " 15",
        16_389: "8",
    }
    lines = [f"x,710201,2025,{n % 9}" for n in range(16_390)]
    for year, (at, text) in enumerate(said_of.items(), 2001):
        lines[at] = f"3637000001,710201,{year},{text}"
    row = staged(city, "\n".join([",".join(HEADING), *lines]).encode(), CSV)
    assert row.totals["problem"] == {"not-this-shape": 16_390 - len(said_of), "not-a-number": 1}
    assert said(city, row, "notice") == [("full-width", "D8192"), ("spaces-around", "D16386")]
    new, _ = staging_views.difference(city.as_("secretary"), row.id, "new", Page(100))
    assert [(one["row"], one["year"], one["after"]) for one in new] == [
        (3, 2001, "7"), (8_192, 2002, "12"), (8_194, 2004, "13"), (16_385, 2006, "140000000"), (16_386, 2007, "15"),
        (16_391, 2008, "8"),
    ]  # fmt: skip


def test_another_charset_is_never_guessed(city: City) -> None:
    text = "学校代码,专业代码,年份,毕业生数,数据来源\n3637000001,710201,2025,40,示例学校年报\n"
    assert told(city, text.encode("gb18030"), CSV) == [("not-utf-8", "A1")]
    named = staged(city, text.encode("gb18030"), f"{CSV}; charset=gb18030")
    assert (said(city, named), named.counts["new"]) == ([], 1)
    assert told(city, text.encode() + b"\xff", f"{CSV}; charset=gb18030") == [("not-this-charset", "A3")]
    assert told(city, text.encode(), f"{CSV}; charset=gbk") == [("charset-either", "")]
    assert told(city, text.encode("utf-16"), CSV) != []
    assert staged(city, b"\xef\xbb\xbf" + text.encode().replace(b"\n", b"\r\n"), CSV).counts["new"] == 1


def test_a_heading_that_is_missing_or_nearly_right_is_told_as_the_file_says_it(city: City) -> None:
    row = staged(city, "学校代码,专业代码,年分,毕业生数\n3637000001,710201,2025,40\n".encode(), CSV)
    facts = {
        one["code"]: one["facts"] for one in staging_views.remarks(city.as_("secretary"), row.id, "problem", Page(9))[0]
    }
    assert (facts["unknown-column"]["nearest"], facts["missing-column"]["column"]) == ("年份", "年份")
    assert staged(city, "学校代码,专业代码,年度,毕业生数\n3637000001,710201,2025,40\n".encode(), CSV).counts["new"] == 1
    row = staged(city, b"school_code,catalogue_code,graduates\n3637000001,710201,40\n", CSV)
    (missing,) = staging_views.remarks(city.as_("secretary"), row.id, "problem", Page(9))[0]
    assert missing["facts"]["column"] == "year"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("1,234", "number-ambiguous"), ("1 234", "number-ambiguous"), ("1e3", "not-a-number"), ("+4", "not-a-number"),
        ("四十", "not-a-number"), ("40-50", "not-a-number"), ("#N/A", "not-a-number"), ("=1+1", "not-a-number"),
        ("9" * 19, "out-of-range"), ("１２３，４", "not-a-number"),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_or_none_is_refused(city: City, written: str, code: str) -> None:
    assert told(city, workbook([HEADING, [*ROW[:3], written]])) == [(code, "D2")]


def test_what_is_no_file_of_its_kind_is_told_and_what_is_too_large_is_not_taken(city: City) -> None:
    assert told(city, b"no workbook") == [("not-a-workbook", "")]
    assert told(city, b"") == [("not-a-workbook", "")]
    assert told(city, b"", CSV) == [("file-empty", "")]
    assert told(city, b"x", CSV) == told(city, b"x\ny\n", CSV)  # of a single column
    assert {code for code, _ in told(city, b"x", CSV)} == {"unknown-column", "missing-column"}
    assert told(city, b"\0" * 100, CSV) == [("nul-in-file", "A1")]
    assert [code for code, _ in told(city, ("x" * 2_000_000 + "\n").encode(), CSV)] == ["line-too-long"]
    assert [code for code, _ in told(city, b"," * 5_000 + b"\n", CSV)] == ["too-many-columns"]
    with pytest.raises(TooLarge):
        staging.receive(city.as_("secretary"), staging.Received(b"x" * ((64 << 20) + 1), CSV), "small@1")


def test_more_wrong_cells_than_are_kept_are_counted_and_the_first_of_them_told(city: City) -> None:
    lines = "".join(f"x,y,{year},z\n" for year in range(20_000))
    row = staged(city, ("school_code,catalogue_code,year,graduates\n" + lines).encode(), CSV)
    assert row.problems == sum(row.totals["problem"].values()) == 80_000 - 201  # the years from 1900 to 2100
    assert said(city, row)[0] == ("not-this-shape", "A2")
    kept = sa.select(sa.func.count(), sa.func.max(StagedRemark.row)).where(StagedRemark.file_id == row.id)
    assert city.session.execute(kept).one() == (MOST_REMARKS, 12_552)


def test_of_texts_that_all_differ_only_so_many_are_remembered_and_each_is_read() -> None:
    lines = "".join(f" {n}\n" for n in range(20_000))
    found = Read.nothing()
    grid = read_grid(("graduates\n" + lines).encode(), "", found.problems)
    assert grid is not None
    found.places["graduates"] = 0
    (column,), blocks = measured(found, grid, [load_policy(POLICY).measures["graduates"]])

    remembered = [sum(type(one).__name__ == "_Odd" for one in gc.get_objects()) for _ in islice(blocks, 5)]

    assert remembered == [4_096, 8_192, 12_288, MOST_KNOWN, MOST_KNOWN]
    assert column.data.tolist() == list(range(20_000))
    assert (found.problems.totals, found.notices.totals) == ({}, {"spaces-around": 20_000})
