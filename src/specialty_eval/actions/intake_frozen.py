"""What a review under way rests on: no file changes it, and when it changes later the specialty's events say so."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from specialty_eval.store import registry_queries, review_queries
from specialty_eval.store.registry import Specialty

from .context import Context, Note
from .intake_batch import Batch, Difference, Line

Values = Mapping[str, Any]


def moved(found: Difference, before: Mapping[int, Values], said: Callable[[Line], Values], columns: Collection[str]
          ) -> dict[int, dict[str, tuple[Any, Any]]]:  # fmt: skip
    """Number of a row on record → what of these columns it would change: (value on record, value in the file)."""
    changes = {}
    for number, line in found.changed:
        now = said(line)
        differing = {c: (before[number][c], now[c]) for c in columns if c in now and now[c] != before[number][c]}
        if differing:
            changes[number] = differing
    return changes


def refuse(
    ctx: Context, batch: Batch, found: Difference, changes: Mapping[int, Values], owners: Mapping[int, Collection[int]]
) -> None:
    """Note every cell that would change what a review under way rests on, with the review."""
    everybody = {key for number in changes for key in owners.get(number, ())}
    reviews = review_queries.under_way(ctx.session, everybody)
    for number, line in found.changed:
        held = sorted(reviews[key] for key in owners.get(number, ()) if key in reviews)
        for column, (on_record, _) in changes.get(number, {}).items() if held else ():
            batch.wrong(line, column, "under-review", _told(on_record), review=held[0], reviews=held[:20])


def tell(ctx: Context, changes: Mapping[int, Values], owners: Mapping[int, Collection[int]]) -> None:
    """An event of each specialty that what decides its rating, or who is recused, is another now."""
    by_specialty = {key: values for number, values in changes.items() for key in owners.get(number, ())}
    rows = ctx.session.scalars(
        sa.select(Specialty).where(registry_queries.numbered(Specialty.id, by_specialty)).order_by(Specialty.id)
    )
    for row in rows:
        told = {column: {"from": _told(was), "to": _told(now)} for column, (was, now) in by_specialty[row.id].items()}
        ctx.record("specialty.change", row, Note(audience="school", told=told, specialty_id=row.id))


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
