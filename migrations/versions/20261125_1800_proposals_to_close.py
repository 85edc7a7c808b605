"""Proposals to close a specialty that did not mend: noticed, decided, then closed or kept."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002_closing"
down_revision: str | Sequence[str] | None = "0002_length_and_campus"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Old code must go on running on the new schema; whoever waits longer for a lock than this gives way."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "closing_proposal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("rectification_id", sa.BigInteger(), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deemed_served_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("document_number", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("appeal_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "grounds IN ('plan_lapsed', 'rechecks_failed')", name=op.f("ck_closing_proposal_grounds_known")
        ),
        sa.CheckConstraint(
            "decision IS NULL OR decision IN ('close', 'keep')", name=op.f("ck_closing_proposal_decision_known")
        ),
        sa.CheckConstraint(
            "(decision IS NULL) = (decided_at IS NULL) AND (decision IS NULL) = (decided_by IS NULL)"
            " AND (decision IS NULL OR (document_number <> '' AND reason <> '' AND appeal_due > decided_at))",
            name=op.f("ck_closing_proposal_decided_has_document"),
        ),
        sa.CheckConstraint("deemed_served_at > proposed_at", name=op.f("ck_closing_proposal_notice_has_days")),
        sa.ForeignKeyConstraint(["specialty_id"], ["specialty.id"], name=op.f("fk_closing_proposal_specialty_id")),
        sa.ForeignKeyConstraint(
            ["rectification_id"], ["rectification.id"], name=op.f("fk_closing_proposal_rectification_id")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_closing_proposal_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closing_proposal")),
        sa.UniqueConstraint("rectification_id", name=op.f("uq_closing_proposal_rectification_id")),
    )
    op.create_index(op.f("ix_closing_proposal_specialty_id"), "closing_proposal", ["specialty_id"], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("closing_proposal")
