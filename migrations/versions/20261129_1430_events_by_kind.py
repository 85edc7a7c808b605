"""Indexes for who follows some kinds of events, and for the states that a snapshot of them shows, and for the ratings of a day."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0051_events_by_kind"
down_revision: str | Sequence[str] | None = "0050_votes_to_rescind"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Indexes alone: old code goes on."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_event_kind", "event", ["kind", "transaction", "seq"])
    op.create_index(
        "ix_event_state", "event",
        ["kind", "subject_kind", "subject_id", sa.text("transaction DESC"), sa.text("seq DESC")],
        postgresql_where=sa.text("target IS NOT NULL"),
    )  # fmt: skip
    op.create_index(
        "ix_rating_in_force_days", "rating_in_force",
        [sa.text("daterange(valid_from, valid_to)"), sa.text("tstzrange(known_from, known_to)")],
        postgresql_using="gist",
    )  # fmt: skip


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_rating_in_force_days", "rating_in_force")
    op.drop_index("ix_event_state", "event")
    op.drop_index("ix_event_kind", "event")
