"""Reads: what another system, or a family, may know of a specialty now, or as it was known at any moment."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from specialty_eval.engine.errors import Invalid, NotFound, Problem
from specialty_eval.store import status_queries

from . import statuses
from .context import Context
from .statuses import Status


@dataclass(frozen=True, slots=True)
class Present:
    """The code a specialty has now, and whether it is closed by today. `part_of`: the code of what it was merged into,
    where a day before that is asked about.
    """

    id: int
    code: str
    is_closed: bool
    part_of: str | None = None


def present(ctx: Context, code: str, on: date | None = None) -> Present:
    """Which code the specialty has that this one names, now or before; NotFound for a code nobody ever had.

    On a day before it was merged a code names its own specialty.
    """
    found = status_queries.named(ctx.session, code, on)
    if found is None:
        raise NotFound(Problem("not-found", "specialty", {"kind": "specialty", "id": code}))
    if found.part_of is not None:
        into = status_queries.code_of(ctx.session, found.part_of)
        return Present(found.id, found.code, is_closed=False, part_of=into)
    return Present(found.id, found.code, found.closed_on is not None and found.closed_on <= ctx.today)


def of(ctx: Context, code: str, *, valid_at: date | None = None, known_at: datetime | None = None) -> Status:
    """The status of the specialty a code names or named. Only the rating follows `valid_at` and `known_at`; what is in
    publicity, contested or planned is told as it is now. NotFound for a code nobody ever had; Invalid for an instant
    that has not come: nobody knows yet. On a day before it was merged, a specialty's own.
    """
    if known_at is not None and known_at > ctx.now:
        raise Invalid(Problem("not-known-yet", "known_at", {"now": ctx.now.isoformat()}))
    named = status_queries.named(ctx.session, code, valid_at)
    if named is None:
        raise NotFound(Problem("not-found", "specialty", {"kind": "specialty", "id": code}))
    now = next(statuses.of_ids(ctx, [named.id])).status
    if valid_at is None and known_at is None:
        return now
    day, known = valid_at or ctx.today, known_at or ctx.now
    found = status_queries.rating_at(ctx.session, named.id, day, known)
    return replace(
        now,
        rating=None if found is None else found.rating.value,
        rating_year=None if found is None else found.year,
        reasons=() if found is None else found.reasons,
        document_number=None if found is None else found.document_number,
        valid_from=None if found is None else found.valid_from,
        valid_at=day,
        known_at=known,
    )
