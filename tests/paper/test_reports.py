"""A report's three files: the same bytes each time, texts that stay texts, charts with their numbers in them."""

import io
import zipfile
from xml.etree import ElementTree

import openpyxl
from docx import Document

from specialty_eval.engine.report import Chart, Report, Section, Series, Table
from specialty_eval.paper import html, sheets, word

NASTY = '<script>alert("1")</script>&'
REPORT = Report(
    "示例市教育局", f"示例报告{NASTY}", "2026年12月31日",
    (
        Section("一、甲", (
            NASTY,
            Table("表：一/二", ("名称", "数"), ((NASTY, "5"), ("=1+1", "007"))),
            Table("表：一/二", ("名称", "数"), ()),
            Chart("图", (NASTY, "乙"), (Series("绿牌", (1, 2), "2E7D32"), Series("红牌", (0, 3), "C62828"))),
        )),
    ),
    (("办法版本", "示例@1"),),
)  # fmt: skip


def test_the_same_contents_make_the_same_bytes() -> None:
    for make in (word.document, html.page, sheets.tables):
        assert make(REPORT) == make(REPORT)


def test_the_word_document_has_texts_tables_and_a_chart_with_its_numbers() -> None:
    content = word.document(REPORT)
    paper = Document(io.BytesIO(content))

    assert NASTY in [p.text for p in paper.paragraphs]
    assert [cell.text for cell in paper.tables[0].rows[1].cells] == [NASTY, "5"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        drawn = ElementTree.fromstring(archive.read("word/charts/chart1.xml"))
        numbers = openpyxl.load_workbook(io.BytesIO(archive.read("word/embeddings/chart1.xlsx"))).active
    values = [v.text for v in drawn.iter("{http://schemas.openxmlformats.org/drawingml/2006/chart}v")]
    assert values == ["绿牌", NASTY, "乙", "1", "2", "红牌", NASTY, "乙", "0", "3"]
    assert numbers is not None
    assert [[c.value for c in row] for row in numbers.iter_rows()] == [
        [None, "绿牌", "红牌"], [NASTY, 1, 0], ["乙", 2, 3]
    ]  # fmt: skip


def test_the_page_runs_nothing_and_fetches_nothing() -> None:
    page = html.page(REPORT).decode()

    assert "<script" not in page
    assert not any(word in page for word in ("http:", "https:", "src=", "href=", "@import", "url("))
    assert "&lt;script&gt;" in page
    assert page.count("<svg") == 1


def test_the_workbook_has_a_sheet_for_each_table_and_no_formula() -> None:
    book = openpyxl.load_workbook(io.BytesIO(sheets.tables(REPORT)))

    assert book.sheetnames == ["说明", "表：一_二", "表：一_二2"]
    rows = [[(c.value, c.data_type) for c in row] for row in book["表：一_二"].iter_rows(min_row=2)]
    assert rows == [[(NASTY, "s"), (5, "n")], [("=1+1", "s"), ("007", "s")]]
