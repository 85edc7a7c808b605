"""What the public is told of specialties: the one place where a status is put together, of one as of all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from specialty_eval.store import contested, status_events, status_sets
from specialty_eval.store.status_events import Position

from .context import Context


@dataclass(frozen=True, slots=True)
class Status:
    """Separate fields, never blank, never guessed (workflow.md, What a client reads)."""

    code: str
    name: str
    school: str
    rating: str | None
    rating_year: int | None
    reasons: tuple[str, ...]
    document_number: str | None
    valid_from: date | None
    provisional: str | None
    under: tuple[str, ...]
    standing: str
    quota: dict[int, int]
    closed_on: date | None
    valid_at: date
    known_at: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class Told:
    """A specialty with its status now. `before`: codes it had, and what is part of it now had; `turns`: the next day
    that alone changes the status; `part_of`: the code of what it was merged into, where its own codes lead.
    """

    id: int
    status: Status
    is_closed: bool
    before: tuple[str, ...]
    turns: date | None
    part_of: str | None = None


def of_all(ctx: Context) -> Iterator[Told]:
    """Every specialty, closed ones too, in the order in which they were put on record."""
    return of_ids(ctx, status_sets.every_id(ctx.session))


def of_ids(ctx: Context, ids: Sequence[int]) -> Iterator[Told]:
    """These, in the order of their ids, a fixed number of statements for each thousand."""
    for row in status_sets.of(ctx.session, sorted(set(ids)), ctx.today):
        before = (*row.codes[1:], *(row.merged or ()))
        yield Told(row.id, _status(ctx, row), _is_closed(row.closed_on, ctx.today), before, row.turns, row.successor)


def named(ctx: Context, codes: Sequence[str]) -> dict[str, Told]:
    """Code → the specialty that it names, now or before; codes that nobody ever had are left out."""
    ids = status_sets.named(ctx.session, set(codes))
    found = {told.id: told for told in of_ids(ctx, list(ids.values()))}
    return {code: found[key] for code, key in ids.items()}


def _is_closed(closed_on: date | None, today: date) -> bool:
    return closed_on is not None and closed_on <= today


def _status(ctx: Context, row: Any) -> Status:
    quota = {**(row.opening or {}), **(row.approved or {})}  # an approved plan takes the opening balance's place
    return Status(
        code=row.codes[0],
        name=row.name,
        school=row.school,
        rating=row.rating,
        rating_year=row.year,
        reasons=tuple(row.reasons or ()),
        document_number=row.document_number,
        valid_from=row.valid_from,
        provisional=row.provisional,
        under=contested.in_order(row.under),
        standing=row.standing or "normal",
        quota={int(year): quota[year] for year in sorted(quota)},
        closed_on=row.closed_on,
        valid_at=ctx.today,
        known_at=ctx.now,
        sequence=row.sequence,
    )


# --- keeping up ------------------------------------------------------------------------------------------------------


def listen(ctx: Context) -> None:
    """Be called when events are written, from the end of this transaction on."""
    status_events.listen(ctx.session)


def wait(ctx: Context, seconds: float) -> None:
    """Until the database calls, at most so long."""
    status_events.wait(ctx.session, seconds)


def snapshot(ctx: Context) -> str:
    """What is seen now, as a name: the same again where nothing at all has been written since."""
    return status_events.snapshot(ctx.session)


@dataclass(frozen=True, slots=True)
class Changes:
    """Statuses as they are now, from where to go on, and as known at which moment that is."""

    told: Iterator[Told]
    position: Position
    known_at: datetime


def begin(ctx: Context) -> Changes:
    """Every status, and from where to go on. In one snapshot (REPEATABLE READ), as the next."""
    return Changes(of_all(ctx), status_events.start(ctx.session), ctx.now)


def changed(ctx: Context, at: Position) -> Changes:
    """The statuses that events not seen yet may have changed; all of them where one may have changed any."""
    found = status_events.unseen(ctx.session, at)
    if found is None:
        return begin(ctx)
    events, position = found
    ids = status_events.touched(ctx.session, events)
    # Another machine's clock may be ahead: what an event says was known is not told as known before.
    known_at = max([ctx.now, *(event.at for event in events)])
    return Changes(of_all(ctx) if ids is None else of_ids(ctx, list(ids)), position, known_at)
