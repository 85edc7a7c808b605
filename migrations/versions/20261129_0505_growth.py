"""Indexes for what is looked up in tables that grow: files by their hash, what waits for a worker, what is not over."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0042_growth"
down_revision: str | Sequence[str] | None = "0041_designation_targets"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BY_COLUMN = (
    ("attachment", "sha256"), ("intake", "digest"), ("staged_file", "digest"), ("staged_file", "annotated"),
    ("staged_file", "expires_at"), ("closing_appeal", "specialty_id"), ("support_grant", "specialty_id"),
)  # fmt: skip
GOING = "state NOT IN ('cancelled', 'confirmed', 'exempted', 'withdrawn')"


def upgrade() -> None:
    """Indexes alone: old code goes on."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, column in BY_COLUMN:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_index("ix_expert_assignment_state", "expert_assignment", ["state", "id"])
    op.create_index(
        "ix_webhook_message_given_up", "webhook_message", ["endpoint_id"],
        postgresql_where=sa.text("given_up_at IS NOT NULL"),
    )  # fmt: skip
    op.create_index("ix_staged_file_unchecked", "staged_file", ["id"], postgresql_where=sa.text("checked_at IS NULL"))
    op.create_index(
        "ix_staged_file_asked", "staged_file", ["id"],
        postgresql_where=sa.text("asked_at IS NOT NULL AND confirmed_at IS NULL"),
    )  # fmt: skip
    op.create_index("ix_job_failing", "job", ["failed_at", "id"], postgresql_where=sa.text("failures > 0"))
    op.create_index("ix_webhook_message_done", "webhook_message", [sa.text("coalesce(delivered_at, given_up_at)")])
    op.create_index(
        "ix_rating_in_force_until", "rating_in_force", ["valid_to"], postgresql_where=sa.text("known_to IS NULL")
    )
    op.create_index("ix_review_going", "review", ["specialty_id", "state"], postgresql_where=sa.text(GOING))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_review_going", "review")
    op.drop_index("ix_rating_in_force_until", "rating_in_force")
    op.drop_index("ix_webhook_message_done", "webhook_message")
    op.drop_index("ix_job_failing", "job")
    op.drop_index("ix_webhook_message_given_up", "webhook_message")
    op.drop_index("ix_expert_assignment_state", "expert_assignment")
    for name in ("asked", "unchecked"):
        op.drop_index(f"ix_staged_file_{name}", "staged_file")
    for table, column in reversed(BY_COLUMN):
        op.drop_index(f"ix_{table}_{column}", table)
