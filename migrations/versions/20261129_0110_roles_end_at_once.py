"""A role can end at an instant, so that a wrong one gives nothing in the same second."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014_roles_end_at_once"
down_revision: str | Sequence[str] | None = "0013_jobs"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Old code goes on: a column that is empty; a role that new code ends at once holds for old code until midnight."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("role_grant", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_role_grant_ended_has_day"), "role_grant", "ended_at IS NULL OR valid_to IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_role_grant_ended_has_day"), "role_grant", type_="check")
    op.drop_column("role_grant", "ended_at")
