"""A year's working days as a bureau enters them over the table of holidays."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0017_calendar_years"
down_revision: str | Sequence[str] | None = "0016_figures_by_review"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """A table that old code does not know."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "calendar_year",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("days_off", postgresql.JSONB(), nullable=False),
        sa.Column("workdays", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("year BETWEEN 1900 AND 2100", name=op.f("ck_calendar_year_year_known")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_calendar_year_says_why")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_year")),
        sa.UniqueConstraint("year", name=op.f("uq_calendar_year_year")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("calendar_year")
