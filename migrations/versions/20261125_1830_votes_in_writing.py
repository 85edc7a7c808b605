"""Votes in writing: which items a meeting put off for want of a quorum, and until when members vote in writing."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004_votes_in_writing"
down_revision: str | Sequence[str] | None = "0002_closing"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Old code must go on running on the new schema; whoever waits longer for a lock than this gives way."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("meeting", sa.Column("written", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("meeting_item", sa.Column("written_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("meeting_item", sa.Column("no_quorum_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_meeting_item_put_off_is_void"), "meeting_item", "no_quorum_at IS NULL OR state = 'voided'"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_meeting_item_put_off_is_void"), "meeting_item")
    op.drop_column("meeting_item", "no_quorum_at")
    op.drop_column("meeting_item", "written_until")
    op.drop_column("meeting", "written")
