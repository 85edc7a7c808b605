"""Webhooks over HTTP: endpoints, their secrets, what was delivered, replays and a test."""

from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from specialty_eval.actions import webhooks
from specialty_eval.engine.webhooks import LONGEST_URL, Algorithm

from .bodies import Body
from .deps import SECRET, Ctx, Paging, Transactional, listed
from .events import GONE
from .shapes import Listed

router = APIRouter(prefix="/v1/webhooks", route_class=Transactional, tags=["webhooks"])


class NewWebhook(Body):
    """Where to deliver which events, and how they are signed."""

    url: str = Field(max_length=LONGEST_URL)
    types: list[str] = Field(default=[], max_length=200, description="as of GET /v1/events; none: all")
    algorithm: Algorithm = Field(default=Algorithm.HMAC, strict=False)
    key_id: int | None = Field(default=None, description="whose (an administrator's to say); else the caller's own")


class OtherWebhook(Body):
    """Another address, other kinds."""

    url: str = Field(max_length=LONGEST_URL)
    types: list[str] = Field(default=[], max_length=200)


class Enabling(Body):
    """Whether what was missed is left out."""

    from_now: bool = False


class WebhookAnswer(BaseModel):
    """An endpoint: whose, where, what it is told; whether it is disabled and why, whether it fails and since when."""

    id: int
    key_id: int
    url: str
    types: list[str]
    algorithm: Algorithm
    created_at: datetime
    disabled_at: datetime | None
    disabled_for: str = Field(description="asked, gone (410), failing (three days), key-ended, secret-unreadable")
    failures: int = Field(description="on end, up to now")
    failing_since: datetime | None
    retry_at: datetime | None = Field(description="when it is tried again; null while it is not waited for")
    rotating_until: datetime | None = Field(description="until when the secret before signs too")
    waiting: int = Field(description="messages on their way; more may stand in the log")


class WebhookMade(WebhookAnswer):
    """An endpoint; `secret` (`whsec_…`, or of ed25519 the public key, `whpk_…`) is told this once."""

    secret: str


class AttemptAnswer(BaseModel):
    """One attempt: the answer's status and beginning, or the code of why there was none."""

    at: datetime
    milliseconds: int
    status: int | None
    problem: str | None
    answer: str


class MessageAnswer(BaseModel):
    """An event on its way to an endpoint (`next_at`), delivered, or given up; `webhook_id` is the same each time."""

    id: int
    webhook_id: str
    event: int
    created_at: datetime
    attempts: int
    next_at: datetime | None
    delivered_at: datetime | None
    given_up_at: datetime | None
    tried: list[AttemptAnswer]


class Again(BaseModel):
    """How many messages are sent again."""

    messages: int


def _wanted(request: Request, body: NewWebhook | OtherWebhook) -> webhooks.Wanted:
    return webhooks.Wanted(body.url, tuple(body.types), request.app.webhook_networks)


@router.post("", status_code=201, openapi_extra=SECRET, response_model=WebhookMade)
def create_webhook(request: Request, body: NewWebhook, ctx: Ctx) -> dict[str, Any]:
    """Have events delivered to an address (a machine's key, or an administrator for one). Its secret is shown once."""
    row, secret = webhooks.create(ctx, _wanted(request, body), body.algorithm, body.key_id)
    return {**webhooks.shown(ctx, row), "secret": secret}


@router.get("", response_model=Listed[WebhookAnswer])
def list_webhooks(ctx: Ctx) -> dict[str, Any]:
    """The key's endpoints; of an administrator those of the keys in its city."""
    return listed([webhooks.shown(ctx, row) for row in webhooks.listing(ctx)], None)


@router.get("/{webhook_id}", response_model=WebhookAnswer)
def read_webhook(webhook_id: int, ctx: Ctx) -> dict[str, Any]:
    """An endpoint and how it is doing."""
    return webhooks.shown(ctx, webhooks.seen(ctx, webhook_id))


@router.put("/{webhook_id}", response_model=WebhookAnswer)
def change_webhook(request: Request, webhook_id: int, body: OtherWebhook, ctx: Ctx) -> dict[str, Any]:
    """Another address or other kinds, from the next message on."""
    return webhooks.shown(ctx, webhooks.change(ctx, webhook_id, _wanted(request, body)))


@router.delete("/{webhook_id}", status_code=204)
def end_webhook(webhook_id: int, ctx: Ctx) -> None:
    """Nothing is ever sent there again."""
    webhooks.end(ctx, webhook_id)


@router.post("/{webhook_id}/rotate", openapi_extra=SECRET, response_model=WebhookMade)
def rotate_secret(webhook_id: int, ctx: Ctx) -> dict[str, Any]:
    """A new secret, shown this once; the one before signs beside it for a day."""
    row, secret = webhooks.rotate(ctx, webhook_id)
    return {**webhooks.shown(ctx, row), "secret": secret}


@router.post("/{webhook_id}/disable", response_model=WebhookAnswer)
def disable_webhook(webhook_id: int, ctx: Ctx) -> dict[str, Any]:
    """Send nothing until it is enabled; what happens meanwhile waits."""
    return webhooks.shown(ctx, webhooks.disable(ctx, webhook_id))


@router.post("/{webhook_id}/enable", response_model=WebhookAnswer, responses=GONE)
def enable_webhook(request: Request, webhook_id: int, body: Enabling, ctx: Ctx) -> dict[str, Any]:
    """Go on where deliveries ended, or from now on. 410 when some of what was missed is not offered any more."""
    since = request.state.arrived - timedelta(days=request.app.feed_days)
    return webhooks.shown(ctx, webhooks.enable(ctx, webhook_id, offered_since=since, from_now=body.from_now))


@router.post("/{webhook_id}/test", status_code=201, response_model=MessageAnswer)
def test_webhook(webhook_id: int, ctx: Ctx) -> dict[str, Any]:
    """Send an event that nobody else is told of (`webhook.test`)."""
    return webhooks.test(ctx, webhook_id)


@router.get("/{webhook_id}/messages", response_model=Listed[MessageAnswer])
def list_messages(webhook_id: int, ctx: Ctx, paging: Paging) -> dict[str, Any]:
    """What is on its way, delivered (for 30 days) or given up, with every attempt."""
    return listed(*webhooks.messages(ctx, webhook_id, paging))


@router.post("/{webhook_id}/messages/{message_id}/replay", response_model=MessageAnswer)
def replay_message(webhook_id: int, message_id: int, ctx: Ctx) -> dict[str, Any]:
    """Send it again, under the id it had."""
    return webhooks.replay(ctx, webhook_id, message_id)


@router.post("/{webhook_id}/replay", response_model=Again)
def replay_given_up(webhook_id: int, ctx: Ctx) -> dict[str, int]:
    """Send everything again that was given up."""
    return {"messages": webhooks.replay_given_up(ctx, webhook_id)}
