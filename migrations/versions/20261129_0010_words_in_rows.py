"""Rectification plans and reports of what was done, each version in a row of its own; why a small panel went on."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0011_words_in_rows"
down_revision: str | Sequence[str] | None = "0010_invitations"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PLANS_SO_FAR = """
    INSERT INTO rectification_plan (rectification_id, number, plan, milestones, handed_in_at, handed_in_by)
    SELECT subject_id, row_number() OVER (PARTITION BY subject_id ORDER BY seq), facts->>'plan', facts->'milestones',
           at, actor_person_id
    FROM event WHERE kind = 'rectification.plan' AND facts ? 'plan'
"""
REPORTS_SO_FAR = """
    INSERT INTO rectification_proof (rectification_id, code, number, words, attachment_id, given_at, given_by)
    SELECT subject_id, facts->>'milestone', row_number() OVER (PARTITION BY subject_id, facts->>'milestone' ORDER BY seq),
           reason, (facts->>'attachment')::bigint, at, actor_person_id
    FROM event WHERE kind = 'rectification.prove' AND (reason <> '' OR facts ? 'attachment')
"""
"""The words were told in events before; what an event says is never changed, so they stand there too."""


def upgrade() -> None:
    """Old code must go on running on the new schema; whoever waits longer for a lock than this gives way."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "rectification_plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("rectification_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("milestones", postgresql.JSONB(), nullable=False),
        sa.Column("handed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_in_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["rectification_id"], ["rectification.id"], name=op.f("fk_rectification_plan_rectification_id")
        ),
        sa.ForeignKeyConstraint(["handed_in_by"], ["person.id"], name=op.f("fk_rectification_plan_handed_in_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectification_plan")),
        sa.UniqueConstraint("rectification_id", "number", name=op.f("uq_rectification_plan_rectification_id_number")),
    )
    op.create_table(
        "rectification_proof",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("rectification_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("attachment_id", sa.BigInteger(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("words <> '' OR attachment_id IS NOT NULL", name=op.f("ck_rectification_proof_proof_given")),
        sa.ForeignKeyConstraint(
            ["rectification_id"], ["rectification.id"], name=op.f("fk_rectification_proof_rectification_id")
        ),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachment.id"], name=op.f("fk_rectification_proof_attachment_id")
        ),
        sa.ForeignKeyConstraint(["given_by"], ["person.id"], name=op.f("fk_rectification_proof_given_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectification_proof")),
        sa.UniqueConstraint(
            "rectification_id", "code", "number", name=op.f("uq_rectification_proof_rectification_id_code_number")
        ),
    )
    op.execute(PLANS_SO_FAR)
    op.execute(REPORTS_SO_FAR)
    op.add_column("score_run", sa.Column("went_on", postgresql.JSONB(), server_default="[]", nullable=False))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("score_run", "went_on")
    op.drop_table("rectification_proof")
    op.drop_table("rectification_plan")
