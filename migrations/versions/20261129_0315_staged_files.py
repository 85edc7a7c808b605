"""Files of evidence that wait for a yes: their rows, what was said about them, and what they would change."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0025_staged_files"
down_revision: str | Sequence[str] | None = "0024_designations"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "staged_file",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("policy_digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.BigInteger(), nullable=True),
        sa.Column("key_id", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("measures", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("counts", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("totals", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("problems", sa.Integer(), server_default="0", nullable=False),
        sa.Column("notices", sa.Integer(), server_default="0", nullable=False),
        sa.Column("difference", sa.Text(), server_default="", nullable=False),
        sa.Column("annotated", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("intake_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_staged_file_digest_sha256")),
        sa.CheckConstraint(
            "difference = '' OR (checked_at IS NOT NULL AND difference ~ '^[0-9a-f]{64}$')",
            name=op.f("ck_staged_file_difference_is_checked"),
        ),
        sa.CheckConstraint(
            "confirmed_at IS NULL OR (difference <> '' AND problems = 0)",
            name=op.f("ck_staged_file_confirmed_is_shown"),
        ),
        sa.ForeignKeyConstraint(["received_by"], ["person.id"], name=op.f("fk_staged_file_received_by")),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_staged_file_key_id")),
        sa.ForeignKeyConstraint(["intake_id"], ["intake.id"], name=op.f("fk_staged_file_intake_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_file")),
    )
    op.create_index(op.f("ix_staged_file_received_by"), "staged_file", ["received_by"], unique=False)
    op.create_index(op.f("ix_staged_file_key_id"), "staged_file", ["key_id"], unique=False)
    op.create_table(
        "staged_row",
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("said", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", "row", name=op.f("pk_staged_row")),
    )
    op.create_table(
        "staged_remark",
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("kind IN ('problem', 'notice')", name=op.f("ck_staged_remark_kind_known")),
        sa.PrimaryKeyConstraint("file_id", "kind", "number", name=op.f("pk_staged_remark")),
    )
    op.create_table(
        "staged_change",
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("figure_id", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("file_id", "number", name=op.f("pk_staged_change")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("staged_change")
    op.drop_table("staged_remark")
    op.drop_table("staged_row")
    op.drop_table("staged_file")
