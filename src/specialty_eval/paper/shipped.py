"""The templates that are there before a bureau edits any: written as lines of text, made into Word when asked for.

A line is `mark: words`; the marks are the styles of an official paper. The same text makes the same bytes.
"""

import io
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files

from docx.document import Document as Paper
from docx.enum.text import WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm

from specialty_eval.engine.documents import DocumentKind

from . import styles
from .package import settled

TEXT_WIDTH = 156
"""Millimetres between the margins."""
_STYLES = {
    "head": styles.HEAD, "number": styles.NUMBER, "title": styles.NAME, "to": styles.TO, "p": styles.BODY,
    "h": styles.HEADING, "h2": styles.SUBHEADING, "sign": styles.SIGN, "note": styles.NOTE,
    "plain": styles.ATTACHED, "do": styles.BODY,
}  # fmt: skip


@cache
def template(kind: DocumentKind) -> bytes:
    """The shipped template of a kind, as a Word file."""
    text = files("specialty_eval").joinpath(f"paper/shipped/{kind.value}.txt").read_text("utf-8")
    document = styles.paper()
    for mark, words in _lines(text):
        _MARKS.get(mark, _paragraph)(document, mark, words)
    made = io.BytesIO()
    document.save(made)
    return settled(made.getvalue())


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            mark, _, words = line.partition(":")
            yield mark.strip(), words.strip()


def _paragraph(document: Paper, mark: str, words: str) -> None:
    line = document.add_paragraph(words, style=_STYLES[mark])
    if mark == "number":
        styles.red_line(line)


def _gap(document: Paper, _: str, words: str) -> None:
    for _line in range(int(words)):
        document.add_paragraph(style=styles.TO)


def _table(document: Paper, _: str, words: str) -> None:
    """`list | heading=width=field | …`: a table with a row for each row of the list."""
    over, *columns = [part.strip() for part in words.split("|")]
    named = [column.split("=") for column in columns]
    table = document.add_table(rows=4, cols=len(named))
    table.style = "Table Grid"
    table.autofit = False
    _repeat(table.rows[0]._tr)
    for place, (heading, width, field) in enumerate(named):
        for row, text, style in ((0, heading, styles.CELL_HEAD), (2, f"{{{{ row.{field} }}}}", styles.CELL)):
            cell = table.cell(row, place)
            cell.paragraphs[0].text = text
            cell.paragraphs[0].style = style
        for row in table.rows:
            row.cells[place].width = Mm(int(width) * TEXT_WIDTH // 100)
        table.columns[place].width = Mm(int(width) * TEXT_WIDTH // 100)
    table.cell(1, 0).paragraphs[0].text = f"{{%tr for row in {over} %}}"
    table.cell(3, 0).paragraphs[0].text = "{%tr endfor %}"


def _repeat(row: object) -> None:
    """The heading stands on every page that the table reaches."""
    properties = row.get_or_add_trPr()  # type: ignore[attr-defined]  # python-docx gives its elements no types
    properties.append(OxmlElement("w:tblHeader"))
    for kept in properties:
        kept.set(qn("w:val"), "true")


def _page(document: Paper, _mark: str, _words: str) -> None:
    document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)


_MARKS: dict[str, Callable[[Paper, str, str], None]] = {"gap": _gap, "page": _page, "table": _table}
