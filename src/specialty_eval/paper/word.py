"""A report as a Word document: an office's page, headings that Word lists, tables and charts that people can edit."""

import io

from docx.document import Document as Paper
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from specialty_eval.engine.report import Chart, Report, Table

from . import charts, styles
from .package import settled

WIDTH = 156
"""Millimetres between the margins."""


def document(report: Report) -> bytes:
    """The report; the same contents make the same bytes."""
    paper = styles.paper()
    paper.core_properties.title = report.title
    paper.add_paragraph(report.title, style=styles.NAME)
    for said in (report.bureau, report.date):
        paper.add_paragraph(said, style=styles.NUMBER)
    drawn = 0
    for section in report.sections:
        heading = paper.add_paragraph(section.title, style=styles.HEADING)
        _listed(heading._element)
        for part in section.parts:
            match part:
                case str():
                    paper.add_paragraph(part, style=styles.BODY)
                case Table():
                    table(paper, part)
                case Chart():
                    drawn += 1
                    charts.add(paper, part, drawn)
    _about(paper, report)
    made = io.BytesIO()
    paper.save(made)
    return settled(made.getvalue())


def _listed(paragraph: object) -> None:
    """A heading that the navigation pane and screen readers know as one."""
    level = OxmlElement("w:outlineLvl")
    level.set(qn("w:val"), "0")
    paragraph.get_or_add_pPr().append(level)  # type: ignore[attr-defined]  # python-docx gives its elements no types


def table(paper: Paper, part: Table) -> None:
    """A table under its title, its headings on every page that it reaches."""
    paper.add_paragraph(part.title, style=styles.TABLE_NAME)
    made = paper.add_table(rows=1, cols=len(part.heads))
    made.style = "Table Grid"
    made.autofit = False
    widths = part.widths or _alike(len(part.heads))
    _repeat(made.rows[0]._tr)
    _fill(made.rows[0].cells, part.heads, styles.CELL_HEAD, widths)
    for row in part.rows:
        _fill(made.add_row().cells, row, styles.CELL, widths)
    for place, width in enumerate(widths):
        made.columns[place].width = Mm(WIDTH * width // 100)


def _alike(columns: int) -> tuple[int, ...]:
    """Columns of one width but for the first, which has what is left."""
    each = min(100 // columns, 14 if columns > 4 else 24)
    return (100 - each * (columns - 1), *(each,) * (columns - 1))


def _fill(cells: object, texts: tuple[str, ...], style: str, widths: tuple[int, ...]) -> None:
    for cell, text, width in zip(cells, texts, widths, strict=True):  # type: ignore[call-overload]  # a row's cells
        line = cell.paragraphs[0]
        line.text, line.style = text, style
        cell.width = Mm(WIDTH * width // 100)
        if text.replace(".", "", 1).isdigit():
            line.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _repeat(row: object) -> None:
    properties = row.get_or_add_trPr()  # type: ignore[attr-defined]  # python-docx gives its elements no types
    properties.append(OxmlElement("w:tblHeader"))


def _about(paper: Paper, report: Report) -> None:
    """What the report rests on, small, at its end."""
    line = paper.add_paragraph("", style=styles.NOTE)
    line.paragraph_format.space_before = Pt(12)
    for name, said in report.about:
        paper.add_paragraph(f"{name}：{said}", style=styles.NOTE)
