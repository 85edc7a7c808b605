"""Blind rounds, what their material was looked through for, and who released what was held back."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0033_material"
down_revision: str | Sequence[str] | None = "0032_reports"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Old code goes on: no round is blind until somebody says so."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("round", sa.Column("blind", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "material_check",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("attachment_id", sa.BigInteger(), nullable=True),
        sa.Column("evidence_version_id", sa.BigInteger(), nullable=True),
        sa.Column("names", JSONB(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("finds", JSONB(), nullable=False),
        sa.Column("unread", JSONB(), nullable=False),
        sa.Column("checked_at", _INSTANT, nullable=False),
        *(
            sa.CheckConstraint(what, name=op.f(f"ck_material_check_{name}"))
            for name, what in {
                "says_known": "says IN ('clear', 'found', 'unchecked')",
                "of_one_piece": "num_nonnulls(attachment_id, evidence_version_id) = 1",
                "found_has_finds": "(says = 'found') = (jsonb_array_length(finds) > 0)",
                "clear_was_read": "says <> 'clear' OR jsonb_array_length(unread) = 0",
                "unchecked_says_what": "says <> 'unchecked' OR jsonb_array_length(unread) > 0",
                "looked_for_something": "jsonb_array_length(names) > 0",
            }.items()
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_material_check_{column}"))
            for column, target in {
                "review_id": "review.id", "attachment_id": "attachment.id",
                "evidence_version_id": "evidence_version.id",
            }.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material_check")),
    )  # fmt: skip
    op.create_index("ix_material_check_review_id", "material_check", ["review_id", "id"])
    op.create_index("ix_material_check_attachment_id", "material_check", ["attachment_id"])
    op.create_index("ix_material_check_evidence_version_id", "material_check", ["evidence_version_id"])
    op.create_table(
        "material_release",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("check_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("released_by", sa.BigInteger(), nullable=False),
        sa.Column("released_at", _INSTANT, nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_material_release_has_reason")),
        sa.ForeignKeyConstraint(["check_id"], ["material_check.id"], name=op.f("fk_material_release_check_id")),
        sa.ForeignKeyConstraint(["released_by"], ["person.id"], name=op.f("fk_material_release_released_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material_release")),
        sa.UniqueConstraint("check_id", name=op.f("uq_material_release_check_id")),
    )
    for table in ("material_check", "material_release"):
        op.execute(
            f"CREATE TRIGGER {table}_immutable BEFORE DELETE OR UPDATE ON {table} FOR EACH ROW"
            " EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("material_release")
    op.drop_table("material_check")
    op.drop_column("round", "blind")
