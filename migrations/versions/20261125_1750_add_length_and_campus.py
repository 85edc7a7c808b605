"""How long a specialty takes and on which campus it is taught: attributes, not part of its code."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002_length_and_campus"
down_revision: str | Sequence[str] | None = "0001_initial"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Old code goes on: it names neither column, and both have a default."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("length", "campus"):
        op.add_column("specialty", sa.Column(name, sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("campus", "length"):
        op.drop_column("specialty", name)
