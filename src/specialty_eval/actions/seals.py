"""Events sealed in batches by a chain of hashes: against a printed head, any change, gap or cut-off tail is found.

A record is its fields joined by U+001F and ended by U+001E; both are escaped inside a field, so that no two logs have
the same bytes. Sealed is what no running transaction can still add to.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.errors import Problem
from specialty_eval.engine.roles import Role, roles
from specialty_eval.store import ledger
from specialty_eval.store.ledger import Event, EventSeal

from .context import Context

FIRST = "0" * 64
"""The head before anything was sealed."""
SEALERS = roles(Role.SYSTEM, Role.SECRETARY, Role.BUREAU_APPROVER)
_ESCAPES = str.maketrans({"\\": "\\\\", "\x1f": "\\f", "\x1e": "\\e"})


def seal(ctx: Context) -> EventSeal | None:
    """Chain every event since the last seal that no running transaction can still precede; None when there is none.

    Called where a head is to be printed, and by the clock. One sealer at a time: a second waits and finds nothing left.
    """
    if not ctx.actor.is_system:
        ctx.office(*SEALERS)
    ctx.session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('specialty-eval seals'))"))
    last = ctx.session.scalars(sa.select(EventSeal).order_by(EventSeal.id.desc()).limit(1)).first()
    after = 0 if last is None else last.through
    rows = ledger.settled(ctx.session, after)
    if not rows:
        return None
    previous = FIRST if last is None else last.head
    made = EventSeal(through=rows[-1].transaction, count=len(rows), previous=previous,
                     head=chained(previous, rows), sealed_at=ctx.now)  # fmt: skip
    return ctx.saved(made)


def chained(previous: str, rows: Iterable[Event]) -> str:
    """The head after these events, in the order (transaction, seq)."""
    sha = hashlib.sha256(previous.encode())
    for row in rows:
        sha.update(record_of(row))
    return sha.hexdigest()


def record_of(row: Event) -> bytes:
    """An event's canonical bytes."""
    fields = (
        row.seq, row.transaction, _instant(row.at), row.kind, row.subject_kind, row.subject_id, row.specialty_id,
        row.round_id, row.source, row.target, row.actor_person_id, row.actor_key_id, row.acting_for_id, row.reason,
        row.audience, json.dumps(row.facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
    )  # fmt: skip
    return ("\x1f".join(_field(value) for value in fields) + "\x1e").encode()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _field(value: Any) -> str:
    return "\\N" if value is None else str(value).translate(_ESCAPES)


def verify(session: Session, head: str = "") -> tuple[int, list[Problem]]:
    """How many events are sealed, and every seal that does not hold.

    `head`, as a notice prints it, must be one of the chain: a tail cut off together with its seals is found by that.
    """
    seals: Sequence[EventSeal] = session.scalars(sa.select(EventSeal).order_by(EventSeal.id)).all()
    problems, previous, after = [], FIRST, 0
    for made in seals:
        rows = ledger.between(session, after, made.through)
        facts = {"seal": made.id, "count": made.count, "found": len(rows)}
        if made.previous != previous:
            problems.append(Problem("seal-chain-broken", f"seal {made.id}", facts))
        if len(rows) != made.count or chained(made.previous, rows) != made.head:
            problems.append(Problem("seal-does-not-hold", f"seal {made.id}", facts))
        previous, after = made.head, made.through
    if head and head not in {FIRST, *(made.head for made in seals)}:
        problems.append(Problem("seal-head-unknown", "head", {"value": head}))
    return sum(made.count for made in seals), problems
