"""Every check of a staged file at once: read, each row looked at, those in order laid down and compared."""

from collections.abc import Sequence

import numpy as np
from psycopg.types.json import Jsonb

from specialty_eval.engine.errors import Refusal
from specialty_eval.engine.grid import Grid
from specialty_eval.engine.letters import Flags, Places
from specialty_eval.engine.permissions import Kind
from specialty_eval.engine.policy import Policy
from specialty_eval.store import staging_queries
from specialty_eval.store.staging import StagedFile

from . import staging_checks, staging_drafts, staging_rows, staging_templates
from .context import Context
from .staging_cells import Measured, measured
from .staging_files import COUNTS, FILE, compare, own, permitted, policy_of, tell
from .staging_reading import Read, read, reported


def check(ctx: Context, file_id: int) -> StagedFile:
    """Read a file, check every row, lay down those in order, and compare them with what is on record.

    What is wrong with it is kept as remarks, all of it at once; a file that cannot be read has that as its one.
    """
    row = own(ctx, file_id, lock=True)
    if row.checked_at is not None:
        return row
    policy = policy_of(ctx, row)
    try:
        permitted(ctx)
        tell(ctx, row.id, "reading")
        content = ctx.files.get(row.digest)
        found = read(content, row.media_type, policy, lambda rows: tell(ctx, row.id, "reading", rows))
    except Refusal as refusal:
        return _unreadable(ctx, row, refusal)
    _note_template(ctx, found, policy)
    columns = _checked(ctx, row, found, policy)
    _keep_remarks(ctx, row, found)
    row.checked_at, row.measures = ctx.now, [column.measure.code for column in columns]
    tell(ctx, row.id, "comparing")
    if row.round_id is None:
        compare(ctx, row, policy)
    else:
        staging_drafts.compare(ctx, row)
    return ctx.saved(row)


def _unreadable(ctx: Context, row: StagedFile, refusal: Refusal) -> StagedFile:
    found = Read.nothing()
    for problem in refusal.problems:
        facts = {key: fact for key, fact in problem.facts.items() if key not in {"file", "row", "column"}}
        value, rule = facts.pop("value", ""), facts.pop("rule", "")
        found.problems.add(problem.code, FILE, 0, "", value, rule, facts)
    _keep_remarks(ctx, row, found)
    row.checked_at, row.counts = ctx.now, dict.fromkeys(COUNTS, 0)
    return ctx.saved(row)


def _note_template(ctx: Context, found: Read, policy: Policy) -> None:
    """Say what is another than in the template that a workbook was made from."""
    for column, problem in staging_templates.changed_since(ctx, found.template, policy, found.places):
        into = found.notices if problem.code == "template-older" else found.problems
        expected = problem.facts.get("expected", "")
        into.add(problem.code, FILE, 1 if column else 0, column, column, expected, problem.facts,
                 place=found.places.get(column, 0))  # fmt: skip


def _checked(ctx: Context, row: StagedFile, found: Read, policy: Policy) -> list[Measured]:
    """Every check of every row; the rows in order are laid down while cells are still read.

    The columns that report a measure anybody supplies.
    """
    grid = found.grid
    row.counts = dict.fromkeys(COUNTS, 0)
    if grid is None:
        return []
    tell(ctx, row.id, "checking")
    rows_ = staging_checks.rows_of(ctx, found, grid)
    every, blocks = measured(found, grid, reported(found, policy))
    columns = [column for column in every if column.measure.supplier not in staging_checks.NOT_LOADED]
    if row.round_id is not None:
        read_ = list(blocks)
        _note_not_loaded(found, grid, every)
        return staging_drafts.lay_down(ctx, row, found, rows_, (columns, read_), policy)
    tell(ctx, row.id, "laying", 0, len(rows_.of))
    staging_queries.lay_down(ctx.session, staging_rows.lines(row.id, grid, rows_, columns, blocks))
    _note_not_loaded(found, grid, every)
    if len(rows_.of):
        staging_checks.note_rights(ctx, found, grid, rows_, columns, whole=row.whole)
        staging_checks.note_held(ctx, found, grid, rows_, _says(columns, rows_.of, whole=row.whole))
        staging_checks.note_checks(ctx, found, grid, rows_, columns, policy)
    values = sum(int(column.has[rows_.of].sum()) for column in columns)
    row.counts = {**row.counts, "rows": len(grid), "values": values}
    return columns


def _note_not_loaded(found: Read, grid: Grid, columns: Sequence[Measured]) -> None:
    """Note of each measure that no file loads where it is first reported."""
    for column in columns:
        if column.measure.supplier in staging_checks.NOT_LOADED and column.has.any():
            first = int(grid.rows[column.has.argmax()])
            found.wrong(first, column.measure.code, "measure-not-loaded", "", column.measure.supplier)


def _says(columns: Sequence[Measured], of: Places, *, whole: bool) -> dict[bool, Flags]:
    """By the school or by others → which rows say something of theirs."""
    says: dict[bool, Flags] = {}
    for column in columns:
        kind = column.measure.supplier == Kind.SCHOOL
        has = np.ones(len(of), np.bool_) if whole else column.has[of]
        says[kind] = says[kind] | has if kind in says else has
    return says


def _keep_remarks(ctx: Context, row: StagedFile, found: Read) -> None:
    kinds = (("problem", found.problems), ("notice", found.notices))
    staging_queries.lay_remarks(ctx.session, (
        (row.id, kind, number, problem.code, at, place, Jsonb(dict(problem.facts)))
        for kind, findings in kinds
        for number, (at, place, problem) in enumerate(findings.told(), 1)
    ))  # fmt: skip
    row.problems, row.notices = found.problems.totals.total(), found.notices.totals.total()
    row.totals = {kind: dict(findings.totals.most_common()) for kind, findings in kinds}
