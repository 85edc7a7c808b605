"""Where other systems want events delivered, what is on its way to them, and how each attempt went."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from specialty_eval.engine.webhooks import Algorithm

from .base import Base, identity, one_of, reference


class WebhookEndpoint(Base):
    """An address of a machine's key, and how far the log has been followed for it: up to (`transaction`, `seq`).

    Its secrets are sealed. While it cannot be reached it has `retry_at`; a worker that is at it has `lease_until`.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        one_of("algorithm", Algorithm),
        sa.CheckConstraint("(before IS NULL) = (before_until IS NULL)", name="rotation_ends"),
        sa.CheckConstraint("(disabled_at IS NULL) = (disabled_for = '')", name="disabled_says_why"),
        sa.CheckConstraint("failures >= 0", name="failures_not_negative"),
        sa.CheckConstraint("(failures = 0) = (failing_since IS NULL)", name="failing_says_since"),
        sa.CheckConstraint("failures > 0 OR retry_at IS NULL", name="waits_only_failing"),
    )

    id: Mapped[int] = identity()
    api_key_id: Mapped[int] = reference("api_key.id")
    url: Mapped[str]
    types: Mapped[list[str]]
    algorithm: Mapped[str]
    secret: Mapped[bytes]
    before: Mapped[bytes | None]
    before_until: Mapped[datetime | None]
    transaction: Mapped[int]
    seq: Mapped[int]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    disabled_for: Mapped[str] = mapped_column(server_default="")
    ended_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    failing_since: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    served_at: Mapped[datetime | None]


class WebhookMessage(Base):
    """An event on its way to an endpoint, or there, or given up. To its receiver it is `evt_` and the event's seq."""

    __tablename__ = "webhook_message"
    __table_args__ = (
        sa.UniqueConstraint("endpoint_id", "event_seq"),
        sa.Index("ix_webhook_message_waiting", "endpoint_id", "id", postgresql_where=sa.text("next_at IS NOT NULL")),
        sa.Index("ix_webhook_message_given_up", "endpoint_id", postgresql_where=sa.text("given_up_at IS NOT NULL")),
        sa.Index("ix_webhook_message_done", sa.text("coalesce(delivered_at, given_up_at)")),
        sa.CheckConstraint("num_nonnulls(next_at, delivered_at, given_up_at) = 1", name="waits_or_is_done"),
        sa.CheckConstraint("refused >= 0 AND attempts >= refused", name="refused_were_attempts"),
    )

    id: Mapped[int] = identity()
    endpoint_id: Mapped[int] = reference("webhook_endpoint.id", index=False)
    event_seq: Mapped[int]
    created_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    refused: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    next_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]


class WebhookAttempt(Base):
    """One attempt: the answer's status and its first characters, or why there was none."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (sa.CheckConstraint("(status IS NULL) = (problem <> '')", name="answered_or_says_why"),)

    id: Mapped[int] = identity()
    message_id: Mapped[int] = reference("webhook_message.id")
    at: Mapped[datetime]
    milliseconds: Mapped[int] = mapped_column(sa.Integer)
    status: Mapped[int | None] = mapped_column(sa.Integer)
    problem: Mapped[str] = mapped_column(server_default="")
    answer: Mapped[str] = mapped_column(server_default="")
