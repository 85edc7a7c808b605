"""Until when a school has a previewed decision to itself."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0037_preview_days"
down_revision: str | Sequence[str] | None = "0036_successions"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """What is previewed already was told of no such days, and has none."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("review", sa.Column("preview_due", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE review SET preview_due = updated_at WHERE state = 'previewed'")
    op.create_check_constraint(
        op.f("ck_review_previewed_has_days"), "review", "state NOT IN ('previewed') OR preview_due IS NOT NULL"
    )


def downgrade() -> None:
    """Without the days a list goes out as soon as every school was served."""
    op.drop_constraint(op.f("ck_review_previewed_has_days"), "review")
    op.drop_column("review", "preview_due")
