"""Workbooks are hostile until read: limits before reading, every cell where it stands, no number through a float."""

import struct
from datetime import date, datetime, time

import pytest
from sqlalchemy.orm import Session

from factories import City, make_city
from specialty_eval.actions import intake, sheets
from specialty_eval.engine.csv_records import Findings
from specialty_eval.engine.errors import Invalid, Refusal, TooLarge
from spreadsheets import HEAD, SHEET, TAIL, patched, with_sheet, workbook


def read(content: bytes) -> list[str]:
    """The sheet's rows as CSV lines."""
    return sheets.rows_as_csv(content, "file", Findings()).decode().splitlines()


def code_of(content: bytes, kind: type[Refusal]) -> str:
    with pytest.raises(kind) as refusal:
        read(content)
    [problem] = refusal.value.problems
    return problem.code


def test_cells_come_as_they_are_shown_and_rows_where_they_stand() -> None:
    content = workbook([
        ["code", "number", "day", "yes"],
        [],
        ["0012", 3.1, date(2024, 2, 29), True],
        ["１２", 0.1 + 0.2, datetime.combine(date(2024, 2, 29), time(12)), False],
        ["a,b", 1e21, None, 1371000001],
        [None, None, None, None],
        ["=SUM(A1)", 1e-7],
    ])  # fmt: skip
    assert read(content) == [
        "code,number,day,yes",
        "",
        "0012,3.1,2024-02-29,true",
        "１２,0.3,2024-02-29 12:00:00,false",
        '"a,b",1000000000000000000000,,1371000001',
        "",
        "=SUM(A1),0.0000001,,",
    ]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("1.1000000000000001", "1.1"),
        ("0.30000000000000004", "0.3"),
        ("1E3", "1000"),
        ("12345678901234567", "12345678901234600"),
        ("1E400", "1E400"),
        ("NaN", "NaN"),
        ("-0.50", "-0.50"),
    ],
)
def test_a_number_is_what_the_workbook_shows(written: str, shown: str) -> None:
    assert sheets.number_shown(written) == shown


def test_days_are_counted_as_the_workbook_counts_them() -> None:
    cells = "".join(f'<row r="{n}"><c s="1"><v>{v}</v></c></row>' for n, v in enumerate(("1", "59", "60", "61"), 1))
    styles = '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
    content = patched(with_sheet(cells), {"xl/styles.xml": styles.encode()})
    assert read(content) == ["1900-01-01", "1900-02-28", "1900-02-29", "1900-03-01"]


def test_errors_stay_visible_and_a_formula_that_nobody_computed_is_told() -> None:
    findings = Findings()
    body = (
        '<row r="1"><c r="A1" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r></is></c></row>'
        '<row r="2"><c r="A2" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="C2"><f>1+1</f></c>'
        '<c r="D2"><f>1+1</f><v></v></c><c r="E2"><f>1+1</f><v/></c><c r="F2" t="str"><f>""</f><v></v></c></row>'
        '<row r="3"><c r="A3"><f>1+1</f><v>2</v></c></row>'
    )
    assert sheets.rows_as_csv(with_sheet(body), "file", findings).decode().splitlines() == ["ab", "#DIV/0!", "2"]
    with pytest.raises(Invalid) as refusal:
        findings.raise_any()
    assert [(p.code, p.facts["row"], p.facts["column"]) for p in refusal.value.problems] == [
        ("formula-without-value", 2, column) for column in "CDEF"
    ]


def test_one_far_cell_or_a_million_columns_are_refused() -> None:
    assert code_of(with_sheet('<row r="1048576"><c r="A1048576"><v>1</v></c></row>'), TooLarge) == "too-many-rows"
    assert code_of(with_sheet('<row r="1"><c r="XFD1"><v>1</v></c></row>'), TooLarge) == "too-many-columns"
    many = '<row r="1">' + "<c><v>1</v></c>" * 1_000_000 + "</row>"
    assert code_of(with_sheet(many), TooLarge) == "too-many-columns"


def test_what_unpacks_beyond_its_limit_is_refused_unread() -> None:
    bomb = patched(workbook([["x"]]), {"xl/media/zeros": bytes(200 << 20)})
    assert len(bomb) < 1 << 20
    assert code_of(bomb, TooLarge) == "workbook-too-large"


def test_a_header_that_lies_about_its_size_yields_no_more_than_it_says() -> None:
    content = bytearray(patched(workbook([["x"]]), {SHEET: (HEAD + " " * (64 << 20) + TAIL).encode()}))
    at = content.rindex(SHEET.encode()) - 46  # the entry of the central directory
    struct.pack_into("<I", content, at + 24, 100)
    assert code_of(bytes(content), Invalid) == "not-a-workbook"


def test_one_long_text_that_many_cells_share_is_refused() -> None:
    strings = f"<sst><si><t>{'长' * 30_000}</t></si></sst>"
    body = "".join(
        f'<row r="{n}">' + '<c t="s"><v>0</v></c>' * 100 + "</row>" for n in range(1, 101)
    )  # fmt: skip
    content = patched(with_sheet(body), {"xl/sharedStrings.xml": strings.encode()})
    assert code_of(content, TooLarge) == "workbook-too-large"


@pytest.mark.parametrize(
    "body",
    [
        '<row r="2"><c r="A2"/></row><row r="1"><c r="A1"/></row>',
        '<row r="1"><c r="B1"/><c r="A1"/></row>',
        '<row r="1"><c r="A2"/></row>',
        '<row r="1"><c r="AAAA1"/></row>',
        '<row r="x"></row>',
        '<row r="1"><c t="s"><v>7</v></c></row>',
        '<row r="1"><c>',
    ],
)
def test_a_sheet_that_contradicts_itself_is_no_workbook(body: str) -> None:
    assert code_of(with_sheet(body), Invalid) == "not-a-workbook"


def test_what_is_no_workbook_is_told_as_such() -> None:
    entity = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>{HEAD}{TAIL}'
    for content in (
        b"",
        b"code,name\n",
        workbook([["x"]])[:-40],
        patched(b"PK\x05\x06" + bytes(18), {"readme.txt": b"x"}),
        patched(workbook([["x"]]), {SHEET: entity.encode()}),
        patched(workbook([["x"]]), {"xl/workbook.xml": b"<workbook><sheets><sheet/></sheets></workbook>"}),
    ):
        assert code_of(content, Invalid) == "not-a-workbook"


def test_a_second_sheet_is_refused_rather_than_left_out() -> None:
    assert code_of(workbook([["x"]], sheets=2), Invalid) == "not-one-sheet"


@pytest.fixture
def city(session: Session) -> City:
    return make_city(session)


def test_a_workbook_loads_like_the_csv_file_it_could_be(city: City) -> None:
    rows: list[list[object]] = [
        ["school_code", "catalogue_code", "opened_on", "closed_on"],
        [3637000001, 710201, date(2015, 9, 1)],
        [3637000002, "660103", date(2020, 9, 1), None],
    ]
    done = intake.load(city.as_("administrator"), "specialties", workbook(rows), intake.XLSX)
    assert (done.new, done.unchanged) == (1, 1)


def test_problems_of_a_workbook_name_its_rows(city: City) -> None:
    rows: list[list[object]] = [
        ["kind", "code", "name", "jurisdiction_code"],
        [],
        ["department", "sport", "示例局", 999999],
        ["department", "art", "#N/A", 371400, "more"],
    ]
    with pytest.raises(Invalid) as refusal:
        intake.load(city.as_("administrator"), "organisations", workbook(rows), intake.XLSX)
    assert [(p.code, p.facts["row"]) for p in refusal.value.problems] == [
        ("jurisdiction-unknown", 3),
        ("row-length", 4),
    ]
