"""The targets that a bureau sets for its designations."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0041_designation_targets"
down_revision: str | Sequence[str] | None = "0040_school_names"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """A table that old code does not know; while it is empty the usual targets hold."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "designation_targets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("jurisdiction_code", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("targets", postgresql.JSONB(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=False),
        sa.Column("set_by", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("document_number <> ''", name=op.f("ck_designation_targets_has_document")),
        sa.ForeignKeyConstraint(
            ["jurisdiction_code"], ["jurisdiction.code"], name=op.f("fk_designation_targets_jurisdiction_code")
        ),
        sa.ForeignKeyConstraint(["set_by"], ["person.id"], name=op.f("fk_designation_targets_set_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_designation_targets")),
        sa.UniqueConstraint(
            "jurisdiction_code", "edition", name=op.f("uq_designation_targets_jurisdiction_code_edition")
        ),
    )


def downgrade() -> None:
    """The usual targets hold again."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("designation_targets")
