"""How the worker's jobs went: done when, or failing since when and why."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0013_jobs"
down_revision: str | Sequence[str] | None = "0012_words_can_be_erased"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """A table that old code does not know."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reasons", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_job_failures_not_negative")),
        sa.CheckConstraint("(failures = 0) = (retry_at IS NULL)", name=op.f("ck_job_failing_is_tried_again")),
        sa.CheckConstraint("(failures = 0) = (failed_at IS NULL)", name=op.f("ck_job_failing_says_when")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("name", "subject", name=op.f("uq_job_name_subject")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("job")
