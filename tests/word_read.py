"""What a paper says: its Word file read back, paragraph by paragraph, then its tables row by row."""

import io

from docx import Document as Word

from specialty_eval.actions import documents
from specialty_eval.actions.context import Context
from specialty_eval.store.documents import Document


def words(content: bytes) -> str:
    """The words of a Word file."""
    paper = Word(io.BytesIO(content))
    tables = ["｜".join(cell.text for cell in line.cells) for table in paper.tables for line in table.rows]
    return "\n".join([paragraph.text for paragraph in paper.paragraphs if paragraph.text] + tables)


def text(ctx: Context, row: Document) -> str:
    """The words of a kept paper, for whoever may read it."""
    return words(documents.content(ctx, row.id)[1])
