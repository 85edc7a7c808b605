"""The votes on applications are read under their new name alone."""

from collections.abc import Sequence

from alembic import op

revision: str = "0055_no_view_of_old_votes"
down_revision: str | Sequence[str] | None = "0054_when_it_failed_last"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """The code before the one that made the view is not to run any more."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP VIEW IF EXISTS application_vote")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "CREATE VIEW application_vote AS SELECT id, application_id, number, held_on, approved, tally, minutes_number,"
        " reason, recorded_by, recorded_at FROM recorded_vote WHERE application_id IS NOT NULL"
    )
