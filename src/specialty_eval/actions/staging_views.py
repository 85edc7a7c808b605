"""What a staged file's owner reads: how far it is, what was said about which cell, what would be new, other or gone."""

from collections.abc import Sequence
from typing import Any, Literal

import sqlalchemy as sa

from specialty_eval.store import registry_queries, staged_drafts, staging_progress, staging_queries
from specialty_eval.store.staging import StagedChange, StagedFile, StagedRemark, StagedRow

from . import staging_files
from .context import Context
from .paging import Page

Difference = Literal["new", "changed", "gone", "conflict"]
STEPS = ("received", "checked", "confirmed")


def progress(ctx: Context, row: StagedFile) -> dict[str, Any]:
    """How far a file is: the step reached, whether a job has still to carry out the next one, and how far that is."""
    done = 1 + (row.checked_at is not None) + (row.confirmed_at is not None)
    waits = row.checked_at is None or (row.asked_at is not None and row.confirmed_at is None and not row.refused)
    told = {"step": STEPS[done - 1], "done": done, "of": len(STEPS), "running": waits}
    at = staging_progress.seen(ctx.session, [row.id]).get(row.id) if waits else None
    if at is None:
        return told | {"stage": "waiting" if waits else None, "stage_done": None, "stage_of": None}
    return told | {"stage": at.stage, "stage_done": at.done, "stage_of": at.of or None}


def listing(ctx: Context, page: Page) -> tuple[list[StagedFile], str | None]:
    """The caller's own files, in the order in which they came."""
    if ctx.actor.person_id is None and ctx.actor.key_id is None and not ctx.actor.is_system:
        return [], None
    mine = sa.select(StagedFile).where(
        StagedFile.received_by.is_not_distinct_from(ctx.person_id),
        StagedFile.key_id.is_not_distinct_from(None if ctx.actor.key_id is None else int(ctx.actor.key_id)),
        sa.or_(StagedFile.expires_at > ctx.now, StagedFile.confirmed_at.is_not(None)),
    )
    found = ctx.session.scalars(page.within(mine, StagedFile.id)).all()
    shown, cursor = page.cut(found, lambda row: (row.id,))
    return list(shown), cursor


def remarks(ctx: Context, file_id: int, kind: str, page: Page) -> tuple[list[dict[str, Any]], str | None]:
    """What is wrong with a file's cells (`problem`), or how they were understood (`notice`), by row and column."""
    staging_files.own(ctx, file_id)
    wanted = staging_queries.remarks().where(StagedRemark.file_id == file_id, StagedRemark.kind == kind)
    found = ctx.session.execute(page.within(wanted, StagedRemark.number)).all()
    shown, cursor = page.cut(found, lambda row: (row.number,))
    return [{"code": row.code, "facts": row.facts, "cell": cell(row.row, row.place)} for row in shown], cursor


def cell(row: int, place: int) -> str:
    """A cell as a spreadsheet calls it; `` for the file as a whole."""
    from .sheets import letters  # noqa: PLC0415 -- slow import: a workbook's parts

    return f"{letters(place + 1)}{row}" if row else ""


def difference(ctx: Context, file_id: int, kind: Difference, page: Page) -> tuple[list[dict[str, Any]], str | None]:
    """The values of a file that are new, change one on record, or would take one off it, in the order of its rows.

    `conflict`: of a confirmed file of drafts those that were not written, for the draft had changed meanwhile.
    """
    row = staging_files.own(ctx, file_id)
    if row.round_id is not None:
        return _of_drafts(ctx, row, kind, page)
    if kind == "conflict":
        return [], None
    if kind == "new":
        return _new(ctx, row, page)
    wanted = staging_queries.changes().where(
        StagedChange.file_id == file_id, StagedChange.after.is_(None) == (kind == "gone")
    )
    found = ctx.session.execute(page.within(wanted, StagedChange.number)).all()
    shown, cursor = page.cut(found, lambda one: (one.number,))
    names = _names(ctx, [one.specialty_id for one in shown])
    return [_value(names, one, one.before, one.after) for one in shown], cursor


def _of_drafts(
    ctx: Context, row: StagedFile, kind: Difference, page: Page
) -> tuple[list[dict[str, Any]], str | None]:  # fmt: skip
    """What a file changes in drafts; once confirmed there is what was not written (`conflict`)."""
    if (row.confirmed_at is None) is (kind == "conflict"):
        return [], None
    value = staged_drafts.StagedDraftValue
    of = {"new": value.before.is_(None), "gone": value.after.is_(None), "conflict": sa.true()}
    changed = sa.and_(value.before.is_not(None), value.after.is_not(None))
    wanted = staged_drafts.values(row).where(of.get(kind, changed))
    found = ctx.session.execute(page.within(wanted, value.row, value.place)).all()
    shown, cursor = page.cut(found, lambda one: (one.row, one.place))
    names = _names(ctx, [one.specialty_id for one in shown])
    of_round = staging_files.round_of(ctx, row)
    year = None if of_round is None else of_round.evidence_year
    return [
        {"row": one.row, "specialty": names[one.specialty_id], "year": year, "measure": row.measures[one.place - 1],
         "before": one.before, "after": one.after}
        for one in shown
    ], cursor  # fmt: skip


def _new(ctx: Context, row: StagedFile, page: Page) -> tuple[list[dict[str, Any]], str | None]:
    if not row.counts.get("new") or row.confirmed_at is not None:
        return [], None
    wanted = staging_queries.new_values(row)
    place = next(column for column in wanted.selected_columns if column.key == "place")
    found = ctx.session.execute(page.within(wanted, StagedRow.row, place)).all()
    shown, cursor = page.cut(found, lambda one: (one.row, one.place))
    names = _names(ctx, [one.specialty_id for one in shown])
    return [_value(names, one, None, one.value) for one in shown], cursor


def _names(ctx: Context, ids: Sequence[int]) -> dict[int, str]:
    found = registry_queries.specialties_by_id(ctx.session, set(ids))
    return {
        site.id: "-".join(part for part in (site.school_code, site.catalogue_code, site.direction) if part)
        for site in found
    }


def _value(names: dict[int, str], one: Any, before: str | None, after: str | None) -> dict[str, Any]:
    return {
        "row": one.row, "specialty": names[one.specialty_id], "year": one.year, "measure": one.measure,
        "before": before, "after": after,
    }  # fmt: skip
