"""A run's digest is salted with a secret of its own, and a list keeps its lines as its digest has them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0039_run_secrets"
down_revision: str | Sequence[str] | None = "0038_escalated_beside"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Two columns that old code does not write: what it made has no secret and no lines, and stays as it is."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("score_run", sa.Column("secret", sa.LargeBinary(), nullable=True))
    op.add_column("publication_entry", sa.Column("line", JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("publication_entry", "line")
    op.drop_column("score_run", "secret")
