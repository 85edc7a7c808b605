"""Webhooks: an endpoint is a machine's key's own, and is told what that key may see. Its log, replays, a test event.

A key manages its endpoints; the administrators of the cities it has roles in see and end them too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.errors import Gone, Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.event_kinds import KINDS, unknown_kinds
from specialty_eval.engine.permissions import Role, Scope, may
from specialty_eval.engine.webhooks import ENDPOINTS_OF_A_KEY, KEPT_FOR, ROTATED_FOR, Algorithm, Network, url_problems
from specialty_eval.store import feed_queries, registry, webhook_queries
from specialty_eval.store.accounts import ApiKey
from specialty_eval.store.feed_queries import Place
from specialty_eval.store.sealing import Seal
from specialty_eval.store.webhooks import WebhookAttempt, WebhookEndpoint, WebhookMessage

from . import webhook_signing
from .context import Context, Note
from .paging import Page

KEY_FILE = "webhooks.key"
ID = "evt_"
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where to deliver which kinds (none: all); plain http and private addresses only within `allowed`."""

    url: str
    types: tuple[str, ...] = ()
    allowed: Sequence[Network] = field(default=())

    def check(self) -> None:
        """Invalid with everything that is wrong."""
        problems = url_problems(self.url, self.allowed)
        problems += [
            Problem("event-kind-unknown", "types", {"value": one, "known": sorted(KINDS)})
            for one in unknown_kinds(self.types)
        ]
        if problems:
            raise Invalid(*problems)


def seal_of(ctx: Context) -> Seal:
    """What secrets are sealed with: a key in a file among the files, not in the database."""
    return Seal(ctx.files.folder / KEY_FILE)


def purpose(endpoint_id: int) -> str:
    """What an endpoint's secrets are sealed for, so that one cannot be put in another's place."""
    return f"webhook {endpoint_id}"


# --- managing --------------------------------------------------------------------------------------------------------


def create(
    ctx: Context, wanted: Wanted, algorithm: Algorithm, key_id: int | None = None
) -> tuple[WebhookEndpoint, str]:
    """An endpoint that is told what happens from now on, and its secret (or public key), shown this once.

    A key's own; an administrator names one. NotNow for a key with too many.
    """
    owner = _owner(ctx, key_id)
    wanted.check()
    if len(webhook_queries.of_key(ctx.session, owner)) >= ENDPOINTS_OF_A_KEY:
        raise NotNow(Problem("webhooks-full", "key_id", {"count": ENDPOINTS_OF_A_KEY}))
    end = feed_queries.end(ctx.session)
    made = ctx.saved(
        WebhookEndpoint(
            api_key_id=owner, url=wanted.url, types=list(wanted.types), algorithm=algorithm.value, secret=b"",
            transaction=end.transaction, seq=end.seq, created_at=ctx.now,
        )
    )  # fmt: skip
    secret = webhook_signing.new_secret()
    made.secret = seal_of(ctx).sealed(secret, purpose(made.id))
    ctx.record("webhook.create", made, Note(told={"key": owner}))
    return ctx.saved(made), webhook_signing.told(algorithm, secret)


def _owner(ctx: Context, key_id: int | None) -> int:
    own = None if ctx.actor.key_id is None else int(ctx.actor.key_id)
    if own is not None:
        if key_id not in (None, own):
            raise NotFound(Problem("not-found", "key_id", {"kind": "api_key", "id": key_id}))
        return own
    ctx.office(Role.ADMINISTRATOR)
    if key_id is None:
        raise Invalid(Problem("field-missing", "key_id"))
    if ctx.session.get(ApiKey, key_id) is None:
        raise NotFound(Problem("not-found", "key_id", {"kind": "api_key", "id": key_id}))
    areas = webhook_queries.areas_of(ctx.session, key_id)
    if not areas:  # nobody's yet: whoever gives it a role would have its events sent to somebody else's address
        raise NotNow(Problem("key-without-role", "key_id", {"id": key_id}))
    for area in areas:
        ctx.permit(_ADMINISTRATOR, Scope(city=registry.city_of(ctx.session, area)), where="key_id")
    return key_id


def listing(ctx: Context) -> Sequence[WebhookEndpoint]:
    """The caller's own; of an administrator those of the keys of its city."""
    if ctx.actor.key_id is not None:
        return webhook_queries.of_key(ctx.session, int(ctx.actor.key_id))
    return webhook_queries.of_areas(ctx.session, registry.areas_of(ctx.office(Role.ADMINISTRATOR).city))


def seen(ctx: Context, endpoint_id: int) -> WebhookEndpoint:
    """An endpoint of the caller's key, or of one with a role in its city, locked: to be read, disabled and ended.

    NotFound for another's, or one that has ended.
    """
    row = ctx.session.get(WebhookEndpoint, endpoint_id)
    if row is None or row.ended_at is not None or not any(_owned(ctx, row)):
        raise NotFound(Problem("not-found", "webhook", {"kind": "webhook", "id": endpoint_id}))
    return ctx.locked(WebhookEndpoint, endpoint_id, where="webhook")


def found(ctx: Context, endpoint_id: int) -> WebhookEndpoint:
    """The same for everything else, which is for the administrators of every city the key has a role in; NotYou."""
    row = seen(ctx, endpoint_id)
    if not all(_owned(ctx, row)):
        raise NotYou(Problem("webhook-of-several-cities", "webhook", {"id": row.id, "key_id": row.api_key_id}))
    return row


def _owned(ctx: Context, row: WebhookEndpoint) -> Sequence[bool]:
    """Whether it is the caller's, for each city that its key has a role in."""
    if ctx.actor.key_id is not None:
        return [int(ctx.actor.key_id) == row.api_key_id]
    cities = {registry.city_of(ctx.session, area) for area in webhook_queries.areas_of(ctx.session, row.api_key_id)}
    return [may(ctx.actor, _ADMINISTRATOR, Scope(city=city), ctx.today) for city in cities]


def change(ctx: Context, endpoint_id: int, wanted: Wanted) -> WebhookEndpoint:
    """Another address or other kinds, from the next message on; what is on its way goes to the new address."""
    row = found(ctx, endpoint_id)
    wanted.check()
    row.url, row.types = wanted.url, list(wanted.types)
    ctx.record("webhook.change", row, Note(told={"key": row.api_key_id}))
    return ctx.saved(row)


def rotate(ctx: Context, endpoint_id: int) -> tuple[WebhookEndpoint, str]:
    """A new secret, shown this once; the one before signs beside it for a day."""
    row = found(ctx, endpoint_id)
    secret = webhook_signing.new_secret()
    row.before, row.before_until = row.secret, ctx.now + ROTATED_FOR
    row.secret = seal_of(ctx).sealed(secret, purpose(row.id))
    ctx.record("webhook.rotate", row, Note(told={"key": row.api_key_id}))
    return ctx.saved(row), webhook_signing.told(row.algorithm, secret)


def disable(ctx: Context, endpoint_id: int) -> WebhookEndpoint:
    """Nothing is sent until it is enabled; what happens meanwhile waits."""
    row = seen(ctx, endpoint_id)
    return row if row.disabled_at is not None else disabled(ctx, row, "asked")


def disabled(ctx: Context, row: WebhookEndpoint, reason: str) -> WebhookEndpoint:
    """Of a locked endpoint: nothing is sent any more, and why."""
    row.disabled_at, row.disabled_for = ctx.now, reason
    ctx.record("webhook.disable", row, Note(told={"key": row.api_key_id, "for": reason}))
    return ctx.saved(row)


def enable(ctx: Context, endpoint_id: int, *, offered_since: datetime, from_now: bool) -> WebhookEndpoint:
    """Deliveries go on where they ended, or from now on. Gone when some of what it missed is not offered any more."""
    row = found(ctx, endpoint_id)
    log = feed_queries.log(ctx.session, Place(row.transaction, row.seq), offered_since)
    if from_now:
        row.transaction, row.seq = log.end.transaction, log.end.seq
        webhook_queries.give_up(ctx.session, row.id, ctx.now)
    elif log.is_cut or not log.has_it:
        raise Gone(Problem("webhook-too-far-behind", "webhook", {"id": row.id}))
    row.failures, row.failing_since, row.retry_at = 0, None, None
    webhook_queries.send_again(ctx.session, row.id, ctx.now)
    if row.disabled_at is not None:
        row.disabled_at, row.disabled_for = None, ""
        ctx.record("webhook.enable", row, Note(told={"key": row.api_key_id, "from_now": from_now}))
    return ctx.saved(row)


def end(ctx: Context, endpoint_id: int) -> None:
    """Nothing is ever sent there again, and its secrets are forgotten."""
    row = seen(ctx, endpoint_id)
    row.ended_at, row.secret, row.before, row.before_until = ctx.now, b"", None, None
    ctx.record("webhook.end", row, Note(told={"key": row.api_key_id}))
    ctx.saved(row)


# --- what was sent ----------------------------------------------------------------------------------------------------


def test(ctx: Context, endpoint_id: int) -> dict[str, Any]:
    """An event that only this endpoint is told of, sent as every other."""
    row = found(ctx, endpoint_id)
    if row.disabled_at is not None:
        raise NotNow(Problem("webhook-disabled", "webhook", {"id": row.id, "reason": row.disabled_for}))
    ctx.record("webhook.test", row, Note(audience="sealed", told={"key": row.api_key_id}))
    seq = webhook_queries.newest_test(ctx.session, row.id)
    made = WebhookMessage(endpoint_id=row.id, event_seq=seq, created_at=ctx.now, next_at=ctx.now, attempts=0, refused=0)
    return message_view(ctx.saved(made))


def messages(ctx: Context, endpoint_id: int, page: Page) -> tuple[list[dict[str, Any]], str | None]:
    """What is on its way, delivered or given up, the oldest first, with every attempt."""
    row = seen(ctx, endpoint_id)
    query = sa.select(WebhookMessage).where(WebhookMessage.endpoint_id == row.id)
    rows, cursor = page.cut(list(ctx.session.scalars(page.within(query, WebhookMessage.id))), lambda one: (one.id,))
    tried = webhook_queries.attempts(ctx.session, [one.id for one in rows])
    return [message_view(one, tried.get(one.id, ())) for one in rows], cursor


def message_view(row: WebhookMessage, tried: Sequence[WebhookAttempt] = ()) -> dict[str, Any]:
    """A message as its owner reads it."""
    return {
        "id": row.id, "webhook_id": name_of(row), "event": row.event_seq, "created_at": row.created_at,
        "attempts": row.attempts, "next_at": row.next_at, "delivered_at": row.delivered_at,
        "given_up_at": row.given_up_at,
        "tried": [
            {"at": one.at, "milliseconds": one.milliseconds, "status": one.status, "problem": one.problem or None,
             "answer": one.answer}
            for one in tried
        ],
    }  # fmt: skip


def name_of(row: WebhookMessage) -> str:
    """By which the receiver knows it, however often it is sent."""
    return f"{ID}{row.event_seq}"


def replay(ctx: Context, endpoint_id: int, message_id: int) -> dict[str, Any]:
    """Send it again, under the id it had."""
    row = found(ctx, endpoint_id)
    message = ctx.session.get(WebhookMessage, message_id)
    if message is None or message.endpoint_id != row.id:
        raise NotFound(Problem("not-found", "message", {"kind": "message", "id": message_id}))
    message.delivered_at, message.given_up_at, message.next_at, message.refused = None, None, ctx.now, 0
    return message_view(ctx.saved(message))


def replay_given_up(ctx: Context, endpoint_id: int) -> int:
    """Send everything again that was given up; how much that is."""
    return webhook_queries.revive(ctx.session, found(ctx, endpoint_id).id, ctx.now)


def _view(row: WebhookEndpoint, waiting: int) -> dict[str, Any]:
    """An endpoint as its owner reads it: nothing of its secrets."""
    return {
        "id": row.id, "key_id": row.api_key_id, "url": row.url, "types": row.types, "algorithm": row.algorithm,
        "created_at": row.created_at, "disabled_at": row.disabled_at, "disabled_for": row.disabled_for,
        "failures": row.failures, "failing_since": row.failing_since, "retry_at": row.retry_at,
        "rotating_until": row.before_until, "waiting": waiting,
    }  # fmt: skip


def shown(ctx: Context, row: WebhookEndpoint) -> dict[str, Any]:
    """The same, with how many messages wait."""
    return _view(row, webhook_queries.waiting(ctx.session, row.id))


def forget(ctx: Context) -> None:
    """What was done with long ago is not kept; the events are."""
    webhook_queries.forget(ctx.session, ctx.now - KEPT_FOR)
