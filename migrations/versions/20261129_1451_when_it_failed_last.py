"""An endpoint says when an attempt failed last: days in which nothing was tried are none of its failing days."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0054_when_it_failed_last"
down_revision: str | Sequence[str] | None = "0053_where_a_key_was_made"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Old code goes on; what fails while it runs counts from its first failure, as before."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("webhook_endpoint", sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("webhook_endpoint", "failed_at")
