"""All the letters of a list or a round as one piece of work with one file: asked for, made bit by bit by the worker."""

import csv
import io
import zipfile
from collections.abc import Sequence
from typing import Any

from specialty_eval.engine.errors import NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.permissions import READ, Scope, Thing, at_office
from specialty_eval.store import cycles, letter_batches, notice_queries, scopes
from specialty_eval.store.documents import Document
from specialty_eval.store.letter_batches import LetterBatch
from specialty_eval.store.outcomes import Publication

from . import notices
from .context import Context, Note
from .notices import ISSUES

AT_ONCE = 60
"""How many letters one turn of the worker makes: whoever numbers others waits a few seconds, and progress is seen."""
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""No time stands in the file: the same letters give the same bytes."""


def ask(ctx: Context, round_id: int, publication_id: int | None = None) -> LetterBatch:
    """Have the letters on all confirmed ratings of a round, or of one list of it, made and put into one file.

    Without those that the caller is recused from: whoever stands in asks for them. What the caller has asked for alike
    and is not done yet is given again. NotNow where nothing is confirmed.
    """
    scope = Scope(city=cycles.round_of(ctx.session, round_id).city)
    grant = ctx.permit(ISSUES, scope, where="document")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "document"))
    reviews = letter_batches.confirmed(ctx.session, round_id, publication_id)
    recused = scopes.recused_from(ctx.session, ctx.person_id, reviews)
    mine = [key for key in reviews if key not in recused]
    if not mine:
        raise NotNow(Problem("no-letters-to-make", "reviews"))
    row = LetterBatch(round_id=round_id, publication_id=publication_id, reviews=mine, asked_at=ctx.now,
                      asked_by=ctx.person_id)  # fmt: skip
    if (same := letter_batches.same_waiting(ctx.session, row)) is not None:
        return same
    made = ctx.saved(row)
    ctx.record("letter_batch.ask", made, Note(told={"letters": len(mine)}, round_id=round_id), grant=grant)
    return made


def of_list(ctx: Context, publication_id: int) -> LetterBatch:
    """The same for one list."""
    row = ctx.session.get(Publication, publication_id)
    if row is None:
        raise NotFound(Problem("not-found", "publication", {"kind": "publication", "id": publication_id}))
    return ask(ctx, row.round_id, publication_id)


def go_on(ctx: Context, batch_id: int) -> None:
    """Make the next letters for whoever asked, by the rights they have now, and the file after the last. A letter that
    there is already keeps its number; what is confirmed no more, or they are recused from by now, is left out.
    """
    row = ctx.locked(LetterBatch, batch_id, where="letter_batch")
    if row.made_at is not None:
        return
    ctx.permit(ISSUES, Scope(city=cycles.round_of(ctx.session, row.round_id).city), where="document")
    next_ones = row.reviews[row.done : row.done + AT_ONCE]
    recused = scopes.recused_from(ctx.session, ctx.person_id, next_ones)
    for one in notice_queries.confirmed(ctx.session, [key for key in next_ones if key not in recused]):
        notices.of_rating(ctx, one.review_id)
    row.done += len(next_ones)
    if row.done == len(row.reviews):
        _finish(ctx, row)
    ctx.saved(row)


def _finish(ctx: Context, row: LetterBatch) -> None:
    recused = scopes.recused_from(ctx.session, ctx.person_id, row.reviews)
    papers = letter_batches.letters(ctx.session, [key for key in row.reviews if key not in recused])
    content = _zipped(ctx, papers)
    row.made_at, row.sha256, row.size = ctx.now, ctx.files.put(content), len(content)
    told = {"letters": len(papers), "sha256": row.sha256}
    ctx.record("letter_batch.make", row, Note(told=told, round_id=row.round_id))


def _zipped(ctx: Context, papers: Sequence[Document]) -> bytes:
    """Each letter under its number and title, and a table of them all."""
    made, table = io.BytesIO(), io.StringIO()
    lines = csv.writer(table, lineterminator="\n")
    lines.writerow(["文号", "标题", "文件", "SHA-256"])
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as out:  # Word files are compressed already
        for paper in papers:
            name = f"{paper.number}{paper.title}.docx".replace("/", "／")
            out.writestr(zipfile.ZipInfo(name, LONG_AGO), ctx.files.get(paper.sha256))
            lines.writerow([paper.number, paper.title, name, paper.sha256])
        out.writestr(zipfile.ZipInfo("目录.csv", LONG_AGO), "\ufeff" + table.getvalue())
    return made.getvalue()


# --- reading ---------------------------------------------------------------------------------------------------------


def read(ctx: Context, batch_id: int) -> LetterBatch:
    """How far it is; NotFound for whoever reads no letters here, NotYou for whoever is recused from one of them."""
    row = ctx.session.get(LetterBatch, batch_id, populate_existing=True)
    missing = NotFound(Problem("not-found", "letter_batch", {"kind": "letter_batch", "id": batch_id}))
    if row is None:
        raise missing
    scope = Scope(city=cycles.round_of(ctx.session, row.round_id).city)
    if not at_office(ctx.actor, READ[Thing.SHEET], scope, ctx.today):
        raise missing
    if scopes.recused_from(ctx.session, ctx.person_id, row.reviews):
        raise NotYou(Problem("recused", "letter_batch"))
    return row


def file(ctx: Context, batch_id: int) -> tuple[LetterBatch, bytes]:
    """The one file; NotNow before every letter is made."""
    row = read(ctx, batch_id)
    if row.sha256 is None:
        raise NotNow(Problem("letters-not-made", "letter_batch", {"done": row.done, "letters": len(row.reviews)}))
    return row, ctx.files.get(row.sha256)


def view(row: LetterBatch) -> dict[str, Any]:
    """How many letters are wanted, how many are done, and the file's hash once there is one."""
    return {
        "id": row.id, "round_id": row.round_id, "publication_id": row.publication_id, "asked_at": row.asked_at,
        "letters": len(row.reviews), "done": row.done, "made_at": row.made_at, "sha256": row.sha256, "size": row.size,
    }  # fmt: skip
