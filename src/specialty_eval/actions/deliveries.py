"""Deliveries: what is next for an endpoint, as its key may see it at that moment, and what follows from an answer.

Nothing is queued when something happens: each endpoint follows the log by a place of its own, so nothing can be lost,
and what is sent twice has the same id, which is the event's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.webhooks import (
    DISABLED_AFTER,
    OPENS_AFTER,
    QUIET_AFTER,
    Meaning,
    meaning,
    probe_after,
    retry_after,
)
from specialty_eval.store import webhook_queries
from specialty_eval.store.feed_queries import Place
from specialty_eval.store.webhooks import WebhookAttempt, WebhookEndpoint, WebhookMessage

from . import accounts, feed, webhooks
from .context import Context

AHEAD = 100
"""Messages that are put on their way at a time: the rest is how far the endpoint's place is behind."""
EXCERPT = 500
"""Characters of an answer that are kept."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message, ready to be encoded and signed when it leaves: an event as its key may see it, and the keys."""

    endpoint_id: int
    message_id: int
    webhook_id: str
    url: str
    algorithm: str
    keys: tuple[bytes, ...]
    event: sa.Row[Any]
    source: str


@dataclass(frozen=True, slots=True)
class Came:
    """What came of an attempt: a status and the answer's beginning, or the code of why there was none."""

    milliseconds: int
    status: int | None = None
    answer: str = ""
    problem: str = ""


def claim(ctx: Context, limit: int) -> Sequence[int]:
    """Endpoints with something to do, for this worker alone for a while; who waited longest first."""
    until = ctx.now + webhook_queries.LEASE
    return webhook_queries.claimed(ctx.session, ctx.now, until, feed.end(ctx), limit)


def release(ctx: Context, endpoint_id: int) -> None:
    """This worker is not at it any more."""
    ctx.locked(WebhookEndpoint, endpoint_id).lease_until = None


# --- what is next ----------------------------------------------------------------------------------------------------


def following(ctx: Context, endpoint_id: int) -> Parcel | None:
    """The next message for an endpoint that is claimed; None when nothing is to be sent now.

    Rights are those of this moment: an ended key disables the endpoint, and what it may not see any more is given up.
    """
    row = ctx.locked(WebhookEndpoint, endpoint_id)
    if row.ended_at is not None or row.disabled_at is not None or (row.retry_at or ctx.now) > ctx.now:
        return None
    owner, keys = accounts.actor_of_key(ctx, row.api_key_id), _keys(ctx, row)
    if owner is None or not keys:
        webhooks.disabled(ctx, row, "key-ended" if owner is None else "secret-unreadable")
        return None
    theirs = Context(ctx.session, owner, ctx.now, ctx.files)
    _put_on_their_way(theirs, row)
    row.lease_until = ctx.now + webhook_queries.LEASE
    while message := webhook_queries.next_of(ctx.session, row.id, ctx.now, is_probe=row.retry_at is not None):
        event = feed.seen(theirs, message.event_seq, beside=webhook_queries.is_test_of(row.id))
        if event is not None:
            name = webhooks.name_of(message)
            return Parcel(row.id, message.id, name, row.url, row.algorithm, keys, event, feed.source(ctx))
        _give_up(ctx, message)
    row.retry_at = None
    return None


def _put_on_their_way(theirs: Context, row: WebhookEndpoint) -> None:
    """A part of what has happened since the endpoint's place, once nothing else is due; its place moves on with it."""
    if webhook_queries.is_due(theirs.session, row.id, theirs.now):
        return
    found = feed.read_on(theirs, tuple(row.types), Place(row.transaction, row.seq), AHEAD)
    webhook_queries.add(theirs.session, row.id, [event.seq for event in found.rows], theirs.now)
    row.transaction, row.seq = found.place.transaction, found.place.seq
    theirs.session.flush()


def _keys(ctx: Context, row: WebhookEndpoint) -> tuple[bytes, ...]:
    """The secret, and the one before while it still signs; none where the present one cannot be opened."""
    seal, what_for = webhooks.seal_of(ctx), webhooks.purpose(row.id)
    present = seal.opened(row.secret, what_for)
    if present is None:
        return ()
    if row.before is None or row.before_until is None or row.before_until <= ctx.now:
        return (present,)
    before = seal.opened(row.before, what_for)
    return (present,) if before is None else (present, before)


def _give_up(ctx: Context, message: WebhookMessage) -> None:
    message.next_at, message.given_up_at = None, ctx.now
    ctx.session.flush()


# --- what came of it -------------------------------------------------------------------------------------------------


def record(ctx: Context, parcel: Parcel, came: Came, chance: int) -> None:
    """An attempt goes on record, with what follows from it: delivered, again later, given up, waited for, disabled."""
    row = ctx.locked(WebhookEndpoint, parcel.endpoint_id)
    message = ctx.locked(WebhookMessage, parcel.message_id)
    ctx.session.add(
        WebhookAttempt(message_id=message.id, at=ctx.now, milliseconds=came.milliseconds, status=came.status,
                       problem=came.problem, answer=came.answer[:EXCERPT].replace("\0", ""))
    )  # fmt: skip
    message.attempts += 1
    meant = meaning(came.status)
    if meant is Meaning.TAKEN:
        _taken(ctx, row, message)
    else:
        _not_taken(ctx, row, message, meant, chance)
    ctx.session.flush()


def _taken(ctx: Context, row: WebhookEndpoint, message: WebhookMessage) -> None:
    message.next_at, message.given_up_at, message.delivered_at = None, None, ctx.now
    if row.retry_at is not None:
        # Who was away is there again: what was refused meanwhile goes out now, in its order.
        ctx.session.flush()
        webhook_queries.send_again(ctx.session, row.id, ctx.now)
    row.failures, row.failing_since, row.retry_at = 0, None, None


def _is_failing(ctx: Context, row: WebhookEndpoint, meant: Meaning) -> bool:
    """Nobody is there, or whoever is there refuses more than one message: a single one may be wrong by itself."""
    since = row.failing_since or ctx.now
    return meant is Meaning.AWAY or webhook_queries.refused_since(ctx.session, row.id, since) > 1


def _count(ctx: Context, row: WebhookEndpoint) -> datetime:
    """One failure more on end, the first anew after a time in which nothing was tried; since when it fails."""
    since, last = row.failing_since, row.failed_at or row.failing_since
    if since is None or last is None or ctx.now - last > QUIET_AFTER:
        row.failures, since = 0, ctx.now
    row.failures, row.failing_since, row.failed_at = row.failures + 1, since, ctx.now
    return since


def _not_taken(ctx: Context, row: WebhookEndpoint, message: WebhookMessage, meant: Meaning, chance: int) -> None:
    failing_since = _count(ctx, row)
    if meant is Meaning.REFUSED:
        message.refused += 1
        wait = retry_after(message.refused, chance)
        if message.given_up_at is not None:
            pass  # its owner gave it up while it was on its way
        elif wait is None:
            _give_up(ctx, message)
        else:
            message.next_at = ctx.now + wait
    if meant is Meaning.GONE:
        webhooks.disabled(ctx, row, "gone")
    elif ctx.now - failing_since >= DISABLED_AFTER and _is_failing(ctx, row, meant):
        webhooks.disabled(ctx, row, "failing")
    elif meant is Meaning.AWAY or row.failures >= OPENS_AFTER:
        row.retry_at = ctx.now + probe_after(row.failures, chance)
