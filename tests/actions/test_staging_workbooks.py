"""Workbooks that go out and come back: templates made from a policy, and a file with every remark at its cell."""

import io

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy.orm import Session

from factories import City, make_city
from remembered import remembered_fixture
from small_policy import POLICY
from specialty_eval.actions import cycles, staging, staging_annotated, staging_templates, staging_views
from specialty_eval.actions.paging import Page
from specialty_eval.actions.staging_files import CSV, XLSX
from specialty_eval.engine.errors import NotNow, NotYou, Problem
from specialty_eval.store.staging import StagedFile
from specialty_eval.text import advice, message

NEWER = POLICY.replace('version: "1"', 'version: "2"').replace(
    "  employed: {label: {zh: 就业人数}, type: integer, min: 0, supplier: school}",
    "  employed: {label: {zh: 对口就业人数}, type: integer, min: 0, supplier: school}\n"
    "  rate_note: {label: {zh: 说明等级}, type: choice, options: [甲, nation, province], supplier: school}",
)


@remembered_fixture
def city(session: Session) -> City:
    city = make_city(session)
    for text in (POLICY, NEWER):
        cycles.import_policy(city.as_("policy-editor"), text)
    return city


def say(problem: Problem) -> tuple[str, str]:
    return message(problem, "zh"), advice(problem, "zh")


def opened(content: bytes) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def sheet(book: Workbook, name: str) -> Worksheet:
    found = book[name]
    assert isinstance(found, Worksheet)
    return found


def back(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def staged(city: City, content: bytes, policy: str, kind: str = XLSX, who: str = "head-one") -> StagedFile:
    row = staging.receive(city.as_(who), staging.Received(content, kind), policy)
    return staging.check(city.as_(who), row.id)


def said(city: City, row: StagedFile, kind: str = "problem", who: str = "head-one") -> list[tuple[str, str]]:
    found, _ = staging_views.remarks(city.as_(who), row.id, kind, Page(100))
    return [(one["code"], one["cell"]) for one in found]


def test_a_template_names_ones_own_specialties_and_says_what_each_cell_takes(city: City) -> None:
    book = opened(staging_templates.make(city.as_("head-one"), ("small", "2"), year=2025, supplier="school"))
    rows = sheet(book, "数据")
    assert [cell.value for cell in rows[1]] == [
        "学校代码", "专业代码", "专业方向", "年份", "毕业生数", "对口就业人数", "说明等级", "数据来源",
    ]  # fmt: skip
    assert [[cell.value for cell in rows[n]][:4] for n in (2, 3, 4)] == [
        ["3637000001", "660103", None, 2025], ["3637000001", "710201", None, 2025], [None] * 4,
    ]  # fmt: skip
    rules = {str(rule.sqref): (rule.type, rule.formula1) for rule in rows.data_validations.dataValidation}
    assert rules["G2:G2001"] == ("list", '"甲,国家级,省级"')
    assert rules["E2:E2001"] == ("whole", "0")
    note = rows["E1"].comment
    assert note is not None
    assert "整数，不小于0" in note.text
    assert rows.protection.sheet
    assert (rows["A1"].protection.locked, rows["A2"].protection.locked) == (True, True)
    assert not rows.column_dimensions["D"].protection.locked
    assert book["_template"].sheet_state == "veryHidden"
    with pytest.raises(NotYou):
        staging_templates.make(city.as_("auditor"), ("small", "2"))


def test_a_filled_template_is_taken_as_it_comes_back(city: City) -> None:
    book = opened(staging_templates.make(city.as_("head-one"), ("small", "2"), year=2025, supplier="school"))
    rows = sheet(book, "数据")
    rows["E2"], rows["F2"], rows["G2"], rows["G3"], rows["E3"] = 40, 30, "国家级", "甲", "５０人"
    row = staged(city, back(book), "small@2")
    assert (said(city, row), row.counts["new"]) == ([("not-a-number", "E3")], 4)
    rows["E3"] = "５０"
    row = staged(city, back(book), "small@2")
    assert (said(city, row), said(city, row, "notice")) == ([], [("option-in-words", "G2"), ("full-width", "E3")])
    named = [
        one["after"]
        for one in staging_views.difference(city.as_("head-one"), row.id, "new", Page(100))[0]
        if one["measure"] == "rate_note"
    ]
    assert named == ["nation", "甲"]


def test_an_older_templates_file_is_told_so_and_what_changed(city: City) -> None:
    book = opened(staging_templates.make(city.as_("head-one"), ("small", "1"), year=2025, supplier="school"))
    rows = sheet(book, "数据")
    rows["E2"] = 40
    rows["F1"], rows["F2"] = "employed", 30
    row = staged(city, back(book), "small@2")
    assert said(city, row) == [("template-measure-changed", "F1")]
    assert said(city, row, "notice") == [("template-older", "")]
    changed = staging_views.remarks(city.as_("head-one"), row.id, "problem", Page(9))[0][0]["facts"]
    assert changed["changes"] == "名称 · label：就业人数 → 对口就业人数"
    rows.delete_cols(6)
    row = staged(city, back(book), "small@2")
    assert (said(city, row), said(city, row, "notice")) == ([], [("template-older", "")])
    sheet(book, "_template")["A1"] = "specialty-eval/template/1 other@1 " + "0" * 64
    assert said(city, staged(city, back(book), "small@2")) == [("template-unknown", "")]


def test_the_workbook_that_comes_back_marks_every_cell_and_can_be_sent_again(city: City) -> None:
    text = (
        "school_code,catalogue_code,year,graduates,employed\n"
        "3637000001,710201,2025,vier, 3\n\n3637000001,660103,2025,10,-1\n"
    )
    row = staged(city, text.encode(), "small@2", CSV)
    book = opened(staging_annotated.annotated(city.as_("head-one"), row.id, say))
    assert book.sheetnames == ["问题", "数据", "_template"]
    listed, rows = sheet(book, "问题"), sheet(book, "数据")
    assert [[cell.value for cell in line][:3] for line in listed.iter_rows(min_row=2)] == [
        ["D2", "问题", "vier"], ["E4", "问题", "-1"], ["E2", "理解为", " 3"],
    ]  # fmt: skip
    link = listed["A2"].hyperlink
    assert link is not None
    assert link.location == "'数据'!D2"
    assert {at: rows[at].fill.fgColor.rgb for at in ("D2", "E4", "E2", "D4")} == {
        "D2": "FFFFC7CE", "E4": "FFFFC7CE", "E2": "FFFFEB9C", "D4": "00000000",
    }  # fmt: skip
    assert rows["D2"].comment is not None
    assert rows["D2"].comment.text.startswith(say(_problem(city, row))[0])
    rows["D2"], rows["E4"] = 4, 9
    assert said(city, staged(city, back(book), "small@2")) == []


def _problem(city: City, row: StagedFile) -> Problem:
    first = staging_views.remarks(city.as_("head-one"), row.id, "problem", Page(9))[0][0]
    return Problem(first["code"], "", first["facts"])


def test_of_a_file_that_cannot_be_read_the_list_alone_comes_back(city: City) -> None:
    book = opened(staging_annotated.annotated(city.as_("head-one"), staged(city, b"none", "small@2").id, say))
    assert [cell.value for cell in sheet(book, "问题")["B"]] == ["类别", "问题"]


def test_a_file_with_nothing_to_say_about_brings_no_workbook_back(city: City) -> None:
    row = staged(city, b"school_code,catalogue_code,year,graduates\n3637000001,710201,2025,4\n", "small@2", CSV)
    with pytest.raises(NotNow):
        staging_annotated.annotated(city.as_("head-one"), row.id, say)
