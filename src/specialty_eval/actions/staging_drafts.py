"""A file that fills the drafts of a round's reviews: what may be filled in, what would be another, and the yes to it.

Who may save a draft by hand may fill it by file, the same fields at the same time; handing in stays an act of its own.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from specialty_eval.engine import review, sheet
from specialty_eval.engine.errors import Changed, NotYou, Problem
from specialty_eval.engine.grid import Grid
from specialty_eval.engine.permissions import FILLS_IN, Grant, Kind, allowed, may
from specialty_eval.engine.policy import Policy
from specialty_eval.store import cycles, staged_drafts, staging_queries
from specialty_eval.store.cycles import Round
from specialty_eval.store.reviews import Review
from specialty_eval.store.staged_drafts import Filled
from specialty_eval.store.staging import StagedFile

from . import staging_rows
from .context import Context, Note
from .staging_cells import Block, Measured
from .staging_checks import Rows
from .staging_files import FILE, hash_of, policy_of
from .staging_reading import Read

# --- the check -------------------------------------------------------------------------------------------------------


def lay_down(
    ctx: Context, row: StagedFile, found: Read, rows: Rows, read: tuple[Sequence[Measured], Sequence[Block]],
    policy: Policy,
) -> list[Measured]:  # fmt: skip
    """Every check of the rows that say something; those in order are laid down and compared with their drafts.

    The columns that report a measure of the school.
    """
    grid = found.grid
    assert grid is not None  # noqa: S101 -- tells the type checker
    assert row.round_id is not None  # noqa: S101 -- likewise
    columns, blocks = read
    own = [column for column in columns if column.measure.supplier == Kind.SCHOOL]
    for column in columns:
        if column.measure.supplier != Kind.SCHOOL:
            for at in rows.of[column.has[rows.of]].tolist():
                text = grid.cells.text(at, found.places[column.measure.code])
                supplier = column.measure.supplier
                found.wrong(int(grid.rows[at]), column.measure.code, "measure-not-yours", text, supplier,
                            supplier=supplier)  # fmt: skip
    says = np.logical_or.reduce([column.has | row.whole for column in own] or [np.zeros(len(grid), np.bool_)])
    filled = staged_drafts.reviews(ctx.session, row.round_id, set(rows.ids().tolist()), acting=ctx.person_id)
    year = ctx.session.get_one(Round, row.round_id).evidence_year
    kept = np.flatnonzero(says[rows.of])
    kept = np.array([at for at in kept.tolist() if _fits(ctx, found, grid, rows, at, filled, year)], np.int64)
    rows = Rows(rows.of[kept], rows.site[kept], rows.year[kept], rows.sites, rows.source[kept], rows.sources)
    staging_queries.lay_down(ctx.session, staging_rows.lines(row.id, grid, rows, own, blocks))
    of = [filled[key] for key in rows.ids().tolist()]
    numbers = grid.rows[rows.of].tolist()
    staged_drafts.lay_down(ctx.session, (
        (row.id, number, one.review_id, one.version, one.draft_version)
        for number, one in zip(numbers, of, strict=True)
    ))  # fmt: skip
    row.measures = [column.measure.code for column in own]
    staged_drafts.compare(ctx.session, row)
    _note_closed(ctx, row, found, grid, of, policy)
    row.counts = {**row.counts, "rows": len(grid), "values": sum(int(one.has[rows.of].sum()) for one in own)}
    return own


def _fits(
    ctx: Context, found: Read, grid: Grid, rows: Rows, at: int, filled: dict[int, Filled], year: int
) -> bool:  # fmt: skip
    """Whether a row is about a draft that the caller may fill now; noted where not."""
    site, number = rows.sites[rows.site[at]], int(grid.rows[rows.of[at]])
    one = filled.get(site.id)
    scope = site.scope if one is None else one.scope
    if not may(ctx.actor, FILLS_IN, scope, ctx.today):
        found.wrong(number, "school_code", "row-of-another-school", site.school_code)
    elif one is None:
        found.wrong(number, "catalogue_code", "specialty-not-in-round", site.catalogue_code)
    elif one.state not in review.WITH_THE_SCHOOL:
        found.wrong(number, "catalogue_code", "draft-not-open", site.catalogue_code, state=one.state, machine="review")
    elif int(rows.year[at]) != year:
        found.wrong(number, "year", "year-not-of-round", int(rows.year[at]), year)
    else:
        return True
    return False


def _note_closed(
    ctx: Context, row: StagedFile, found: Read, grid: Grid, of: Sequence[Filled], policy: Policy
) -> None:  # fmt: skip
    """After a return only the fields found wrong, and those that share a check with them, may change; also once the
    correction was taken back.
    """
    returned = {one.review_id: one for one in of if one.returned_fields}
    open_ = {key: sheet.opened_by_return(policy, one.returned_fields) for key, one in returned.items()}
    place_of = {number: place for place, number in enumerate(grid.rows.tolist())}
    for review_id, number, place in staged_drafts.changed_of(ctx.session, row.id, list(returned)):
        code = row.measures[place - 1]
        if code not in open_[review_id]:
            text = grid.cells.text(place_of[number], found.places[code])
            found.wrong(number, code, "field-not-open", text, "", measure=code)


def compare(ctx: Context, row: StagedFile) -> None:
    """Say what a checked file would change, under a hash that stands for exactly that."""
    told = staged_drafts.counted(ctx.session, row.id)
    row.counts = {**row.counts, **told, "unchanged": row.counts["values"] - told["new"] - told["changed"]}
    row.difference = hash_of(row, f"round:{row.round_id}\n{staged_drafts.base_of(ctx.session, row.id)}")


# --- the yes ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Saved:
    """Whom a saved draft's event is told for, and what of it."""

    grant: Grant | None
    reported: int


def confirm(ctx: Context, row: StagedFile) -> None:
    """Write the difference that was shown into the drafts, all in the caller's transaction.

    A draft that was saved, or whose review moved, since it was looked at is a conflict: its rows are left out and told.
    Changed when nothing is left to write, or the round pins another policy by now; NotYou for a right that has ended.
    """
    assert row.round_id is not None  # noqa: S101 -- tells the type checker
    pinned = cycles.policy_of(ctx.session, ctx.session.get_one(Round, row.round_id).policy_id)
    if pinned.digest != policy_of(ctx, row).digest:
        raise Changed(Problem("base-changed", FILE))
    laid = staged_drafts.laid_down(ctx.session, row.id)
    ids = {specialty for _, specialty, *_ in laid}
    now = staged_drafts.reviews(ctx.session, row.round_id, ids, acting=ctx.person_id, lock=True)
    conflicts = []
    for number, specialty, review_id, version, draft in laid:
        one = now.get(specialty)
        if one is None or (one.review_id, one.version, one.draft_version) != (review_id, version, draft):
            conflicts.append(number)
        elif not may(ctx.actor, FILLS_IN, one.scope, ctx.today):
            raise NotYou(Problem("role-missing", FILE, {"roles": sorted(role.value for role in FILLS_IN)}))
    staged_drafts.note_conflicts(ctx.session, row.id, conflicts)
    saved = staged_drafts.fill(ctx.session, row, ctx.now, ctx.person_id)
    if conflicts and not saved:
        raise Changed(Problem("base-changed", FILE))
    _record(ctx, now, saved)
    row.counts = {**row.counts, **_written(ctx, row)}
    row.confirmed_at = ctx.now


def _written(ctx: Context, row: StagedFile) -> dict[str, int]:
    """What came of it: of each kind how many were written, and how many values were left out."""
    shown = {name: row.counts[name] for name in ("new", "changed", "gone")}
    conflicts = staged_drafts.keep_conflicts(ctx.session, row.id)
    left = staged_drafts.counted(ctx.session, row.id)
    return {**{name: count - left[name] for name, count in shown.items()}, "conflicts": conflicts}


def _record(ctx: Context, filled: dict[int, Filled], saved: Sequence[tuple[int, int]]) -> None:
    """Of each draft that was saved the same event as by hand."""
    scopes = {one.review_id: one.scope for one in filled.values()}
    alike: dict[_Saved, list[int]] = defaultdict(list)
    for review_id, reported in saved:
        grant = allowed(ctx.actor, FILLS_IN, scopes[review_id], ctx.today)
        alike[_Saved(grant, reported)].append(review_id)
    for one, ids in alike.items():
        note = Note(audience="school", told={"reported": one.reported})
        ctx.record_many("evidence.save", Review, sorted(ids), note, grant=one.grant)
