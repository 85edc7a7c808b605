"""A confirmed rating corrected by the bureau itself: which review supersedes which, why, and what followed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0029_corrections"
down_revision: str | Sequence[str] | None = "0028_experts"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REPLACES = """
CREATE FUNCTION correction_replaces() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT FROM written w WHERE NOT EXISTS
               (SELECT FROM review r WHERE r.id = w.new_review_id AND r.replaces_id = w.review_id)) THEN
        RAISE EXCEPTION 'the new review of a correction replaces the one it is about'
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'correction_replaces';
    END IF; RETURN NULL; END $$
"""


def upgrade() -> None:
    """Old code goes on: it opens none."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "correction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("new_review_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("follow_ups", JSONB(), server_default="[]", nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_correction_reason_given")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_correction_review_id")),
        sa.ForeignKeyConstraint(["new_review_id"], ["review.id"], name=op.f("fk_correction_new_review_id")),
        sa.ForeignKeyConstraint(["opened_by"], ["person.id"], name=op.f("fk_correction_opened_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sa.UniqueConstraint("new_review_id", name=op.f("uq_correction_new_review_id")),
    )
    op.create_index(op.f("ix_correction_review_id"), "correction", ["review_id"])
    op.execute(
        "CREATE TRIGGER correction_frozen BEFORE DELETE OR UPDATE OF id, review_id, new_review_id, reason, opened_at,"
        " opened_by ON correction FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER correction_kept BEFORE TRUNCATE ON correction"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(REPLACES)
    op.execute(
        "CREATE TRIGGER correction_replaces_insert AFTER INSERT ON correction REFERENCING NEW TABLE AS written"
        " FOR EACH STATEMENT EXECUTE FUNCTION correction_replaces()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("correction")
    op.execute("DROP FUNCTION correction_replaces")
