"""A file may be meant for the drafts of a round: what was looked at, and each value that it would change there."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0044_files_for_drafts"
down_revision: str | Sequence[str] | None = "0043_what_a_report_names"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """New tables and a column that may be empty: old code goes on."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("staged_file", sa.Column("round_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_staged_file_round_id"), "staged_file", "round", ["round_id"], ["id"])
    op.create_table(
        "staged_draft",
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("review_version", sa.Integer(), nullable=False),
        sa.Column("draft_version", sa.Integer(), nullable=False),
        sa.Column("is_conflict", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", "row", name=op.f("pk_staged_draft")),
    )
    op.create_table(
        "staged_draft_value",
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("file_id", "row", "place", name=op.f("pk_staged_draft_value")),
        sa.CheckConstraint("before IS DISTINCT FROM after", name=op.f("ck_staged_draft_value_is_a_difference")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("staged_draft_value")
    op.drop_table("staged_draft")
    op.drop_column("staged_file", "round_id")
