"""Who counts as present on an item is fixed when its vote ends: whoever comes or goes later changes no majority."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0046_present_at_the_end"
down_revision: str | Sequence[str] | None = "0045_parts_of_names"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ONCE = """
CREATE TRIGGER meeting_item_vote_ends_once BEFORE UPDATE OF {columns} ON meeting_item FOR EACH ROW
WHEN (OLD.vote_ended_at IS NOT NULL AND ({changed})) EXECUTE FUNCTION refuse_change()
"""


def _once(*columns: str) -> None:
    """What is fixed with the end of a vote does not change after it."""
    op.execute("DROP TRIGGER meeting_item_vote_ends_once ON meeting_item")
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)
    op.execute(ONCE.format(columns=", ".join(columns), changed=changed))


def upgrade() -> None:
    """Old code goes on, and so do votes that have ended without it: they are counted as before."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("meeting_item", sa.Column("present_at_end", JSONB(), nullable=True))
    op.create_check_constraint(
        op.f("ck_meeting_item_present_was_voted_on"), "meeting_item",
        "state IN ('voting', 'closed', 'voided') OR present_at_end IS NULL",
    )  # fmt: skip
    _once("vote_ended_at", "present_at_end")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _once("vote_ended_at")
    op.drop_constraint(op.f("ck_meeting_item_present_was_voted_on"), "meeting_item")
    op.drop_column("meeting_item", "present_at_end")
