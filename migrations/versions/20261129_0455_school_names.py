"""Names that schools had before: whoever is employed under one of them is employed there."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0040_school_names"
down_revision: str | Sequence[str] | None = "0039_run_secrets"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Old code goes on: it keeps no former names."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "school_name",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_school_name_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_name")),
    )
    for column in ("school_id", "name"):
        op.create_index(op.f(f"ix_school_name_{column}"), "school_name", [column], unique=False)
    op.execute(
        "CREATE TRIGGER school_name_immutable BEFORE UPDATE OR DELETE ON school_name"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER school_name_kept BEFORE TRUNCATE ON school_name"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("school_name")
