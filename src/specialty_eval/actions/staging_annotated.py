"""The workbook that comes back: every remark at its cell, coloured, with a note; a first sheet lists and links them."""

import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from specialty_eval.engine import decimals
from specialty_eval.engine.errors import NotNow, Problem, Refusal
from specialty_eval.engine.grid import Grid
from specialty_eval.engine.policy import Policy
from specialty_eval.store import staging_queries
from specialty_eval.store.staging import StagedFile

from .context import Context
from .sheets import letters
from .staging_files import FILE, own, policy_of
from .staging_reading import Read, read
from .staging_templates import ROWS, lay_out, version_of, write_version
from .workbooks import REMARKS

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

Say = Callable[[Problem], tuple[str, str]]
"""A problem → what is wrong, and what to do."""
ROWS_AT_ONCE = 5_000
"""So many rows are annotated while somebody waits."""
COLOURS = {"problem": "#FFC7CE", "notice": "#FFEB9C"}
_LONGEST = 2_000
_CODES = frozenset({"school_code", "catalogue_code", "direction", "source"})


def annotated(ctx: Context, file_id: int, say: Say) -> bytes:
    """The caller's file with every remark where it belongs. NotNow before it is checked, or with nothing to say."""
    row = own(ctx, file_id)
    if row.checked_at is None:
        raise NotNow(Problem("file-not-checked-yet", FILE))
    if row.annotated:
        return ctx.files.get(row.annotated)
    if not row.problems and not row.notices:
        raise NotNow(Problem("file-without-remarks", FILE))
    if row.counts["rows"] > ROWS_AT_ONCE:
        raise NotNow(Problem("file-not-annotated-yet", FILE))
    return _made(ctx, row, say)


def annotate(ctx: Context, file_id: int, say: Say) -> StagedFile:
    """Make the workbook of a large file once and keep it, for whoever fetches it."""
    row = own(ctx, file_id, lock=True)
    if row.checked_at is not None and not row.annotated and (row.problems or row.notices):
        row.annotated = ctx.files.put(_made(ctx, row, say))
        ctx.saved(row)
    return row


def _made(ctx: Context, row: StagedFile, say: Say) -> bytes:
    import xlsxwriter  # noqa: PLC0415 -- slow import: a writer of workbooks

    policy = policy_of(ctx, row)
    found = _read(ctx, row, policy)
    remarks = [(kind, one.row, one.place, Problem(one.code, "", one.facts))
               for kind in COLOURS for one in staging_queries.all_remarks(ctx.session, row.id, kind)]  # fmt: skip
    out = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, options)
    formats = {kind: book.add_format({"bg_color": colour, "locked": False}) for kind, colour in COLOURS.items()}
    listed, rows = book.add_worksheet(REMARKS), book.add_worksheet(ROWS)
    _list(
        listed, remarks, say, book.add_format({"bold": True}), book.add_format({"font_color": "blue", "underline": 1})
    )
    names = {place: name for name, place in found.places.items()}
    if found.grid is not None:
        columns = [names.get(place, text) for place, text in enumerate(found.grid.heading)]
        lay_out(book, rows, policy, columns, max(int(found.grid.rows.max(initial=1)), 1))
        _rows(rows, found.grid, columns, _by_cell(remarks, say), formats)
    write_version(book, found.template or version_of(policy))
    book.close()
    return out.getvalue()


def _read(ctx: Context, row: StagedFile, policy: Policy) -> Read:
    """The file as it was checked; of one that cannot be read there is the list alone."""
    try:
        return read(ctx.files.get(row.digest), row.media_type, policy)
    except Refusal:
        return Read.nothing()


Remarks = Sequence[tuple[str, int, int, Problem]]


def _list(sheet: "Worksheet", remarks: Remarks, say: Say, bold: Any, link: Any) -> None:
    """The first sheet: each remark with a link to its cell."""
    sheet.set_column(0, 1, 10)
    sheet.set_column(2, 4, 48)
    for place, text in enumerate(("单元格", "类别", "现填", "原因", "怎样改")):
        sheet.write_string(0, place, text, bold)
    for number, (kind, row, place, problem) in enumerate(remarks, 1):
        wrong, next_ = say(problem)
        at = f"{letters(place + 1)}{row}" if row else ""
        if at:
            sheet.write_url(number, 0, f"internal:'{ROWS}'!{at}", link, at)
        sheet.write_string(number, 1, "问题" if kind == "problem" else "理解为")
        sheet.write_string(number, 2, str(problem.facts.get("value", ""))[:_LONGEST])
        sheet.write_string(number, 3, wrong[:_LONGEST])
        sheet.write_string(number, 4, next_[:_LONGEST])


def _by_cell(remarks: Remarks, say: Say) -> Mapping[int, Mapping[int, tuple[str, str]]]:
    """Row → column → the worse kind of its remarks, and all of them in words."""
    cells: dict[int, dict[int, tuple[str, str]]] = defaultdict(dict)
    for kind, row, place, problem in remarks:
        if row:
            before = cells[row].get(place, (kind, ""))
            said = "\n".join(filter(None, (before[1], *say(problem))))
            cells[row][place] = ("problem" if "problem" in (kind, before[0]) else kind, said[:_LONGEST])
    return cells


def _rows(
    sheet: "Worksheet", grid: Grid, columns: Sequence[str],
    remarks: Mapping[int, Mapping[int, tuple[str, str]]], formats: Mapping[str, Any],
) -> None:  # fmt: skip
    """The rows where they stood in the file; a row that is not of the heading's length is on the list alone."""
    for place, (_, said) in remarks.get(1, {}).items():
        sheet.write_comment(0, place, said, {"x_scale": 2})
    for index, row in enumerate(grid.rows.tolist()):
        told = remarks.get(row, {})
        for place, name in enumerate(columns):
            kind, said = told.get(place, ("", ""))
            _cell(sheet, (row - 1, place), grid.cells.text(index, place), formats.get(kind), is_text=name in _CODES)
            if said:
                sheet.write_comment(row - 1, place, said, {"x_scale": 2})


def _cell(sheet: "Worksheet", at: tuple[int, int], text: str, how: Any, *, is_text: bool) -> None:
    number: Decimal | None = None if is_text else decimals.parse(text)
    if number is not None and len(number.as_tuple().digits) <= 15:
        sheet.write_number(*at, number, how)
    elif text or how is not None:
        sheet.write_string(*at, text, how)
