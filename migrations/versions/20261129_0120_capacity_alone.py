"""A capacity is kept without a quota: from the first plan on, quotas come from plans alone."""

from collections.abc import Sequence

from alembic import op

revision: str = "0015_capacity_alone"
down_revision: str | Sequence[str] | None = "0014_roles_end_at_once"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Old code goes on until the first row without a quota, which only new code writes."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.alter_column("opening_quota", "quota", nullable=True)
    op.create_check_constraint(
        op.f("ck_opening_quota_says_something"), "opening_quota", "num_nonnulls(quota, capacity) > 0"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM opening_quota WHERE quota IS NULL")
    op.drop_constraint(op.f("ck_opening_quota_says_something"), "opening_quota", type_="check")
    op.alter_column("opening_quota", "quota", nullable=False)
