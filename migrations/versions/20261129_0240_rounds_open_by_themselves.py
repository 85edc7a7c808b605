"""The day on which a planned round begins to collect by itself."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021_rounds_open_by_themselves"
down_revision: str | Sequence[str] | None = "0020_events_call"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Old code goes on: without a day the secretary opens a round."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("round", sa.Column("opens_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("round", "opens_on")
