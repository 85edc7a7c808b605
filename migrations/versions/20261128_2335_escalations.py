"""Escalations: an office's silence about one thing, past one day, on record once."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007_escalations"
down_revision: str | Sequence[str] | None = "0006_county_days"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WHAT = (
    "evidence", "correction", "county_check", "verification", "panel_score", "score_run", "challenge_answer",
    "decision", "preview", "admissibility", "objection_answer", "appeal_answer", "rectification_answer",
)  # fmt: skip


def upgrade() -> None:
    """Old code must go on running on the new schema; whoever waits longer for a lock than this gives way."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    known = ", ".join(f"'{what}'" for what in WHAT)
    op.create_table(
        "escalation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"what IN ({known})", name=op.f("ck_escalation_what_known")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_escalation_review_id_review")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation")),
        sa.UniqueConstraint("what", "subject_id", "due", name=op.f("uq_escalation_what_subject_id_due")),
    )
    op.create_index(op.f("ix_escalation_review_id"), "escalation", ["review_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("escalation")
