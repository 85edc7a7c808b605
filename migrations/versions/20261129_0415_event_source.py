"""What the log is called outside: a name of its own for each installation."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0034_event_source"
down_revision: str | Sequence[str] | None = "0033_material"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """A table that old code does not know."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "event_source",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("urn", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_event_source_one_log")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_source")),
    )
    op.execute("INSERT INTO event_source (id, urn) VALUES (1, 'urn:uuid:' || gen_random_uuid())")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("event_source")
