"""A report names applications and closings too: who is recused from one of them does not read it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0043_what_a_report_names"
down_revision: str | Sequence[str] | None = "0042_growth"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAMED = ("applications", "specialties")


def upgrade() -> None:
    """Columns with a default: old code goes on."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in NAMED:
        op.add_column("report", sa.Column(column, JSONB(), server_default="[]", nullable=False))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in NAMED:
        op.drop_column("report", column)
