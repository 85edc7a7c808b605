"""Where other systems want events delivered, what is on its way to them, and every attempt."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0035_webhooks"
down_revision: str | Sequence[str] | None = "0034_event_source"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Tables that old code does not know."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("api_key_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("types", postgresql.JSONB(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.Column("before_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("transaction", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_for", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("algorithm IN ('hmac', 'ed25519')", name=op.f("ck_webhook_endpoint_algorithm_known")),
        sa.CheckConstraint("(before IS NULL) = (before_until IS NULL)", name=op.f("ck_webhook_endpoint_rotation_ends")),
        sa.CheckConstraint(
            "(disabled_at IS NULL) = (disabled_for = '')", name=op.f("ck_webhook_endpoint_disabled_says_why")
        ),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_webhook_endpoint_failures_not_negative")),
        sa.CheckConstraint(
            "(failures = 0) = (failing_since IS NULL)", name=op.f("ck_webhook_endpoint_failing_says_since")
        ),
        sa.CheckConstraint("failures > 0 OR retry_at IS NULL", name=op.f("ck_webhook_endpoint_waits_only_failing")),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_key.id"], name=op.f("fk_webhook_endpoint_api_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_index(op.f("ix_webhook_endpoint_api_key_id"), "webhook_endpoint", ["api_key_id"])
    op.create_table(
        "webhook_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(next_at, delivered_at, given_up_at) = 1", name=op.f("ck_webhook_message_waits_or_is_done")
        ),
        sa.CheckConstraint(
            "refused >= 0 AND attempts >= refused", name=op.f("ck_webhook_message_refused_were_attempts")
        ),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_webhook_message_endpoint_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_message")),
        sa.UniqueConstraint("endpoint_id", "event_seq", name=op.f("uq_webhook_message_endpoint_id_event_seq")),
    )
    op.create_index(
        "ix_webhook_message_waiting", "webhook_message", ["endpoint_id", "id"],
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )  # fmt: skip
    op.create_table(
        "webhook_attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("(status IS NULL) = (problem <> '')", name=op.f("ck_webhook_attempt_answered_or_says_why")),
        sa.ForeignKeyConstraint(["message_id"], ["webhook_message.id"], name=op.f("fk_webhook_attempt_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempt")),
    )
    op.create_index(op.f("ix_webhook_attempt_message_id"), "webhook_attempt", ["message_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("webhook_attempt")
    op.drop_table("webhook_message")
    op.drop_table("webhook_endpoint")
