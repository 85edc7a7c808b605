"""Until when a county has for its check: what the bureau waits for before it takes a review over."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006_county_days"
down_revision: str | Sequence[str] | None = "0005_caps_that_hold"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Old code must go on running on the new schema; whoever waits longer for a lock than this gives way.

    What lies with a county now was told no day: its days are over as soon as the bureau says so.
    """
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("review", sa.Column("county_due", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("review", "county_due")
