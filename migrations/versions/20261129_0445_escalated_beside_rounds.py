"""What is escalated beside the rounds: appeals against a closing, applications; and rechecks."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0038_escalated_beside"
down_revision: str | Sequence[str] | None = "0037_preview_days"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BEFORE = (
    "evidence", "correction", "county_check", "verification", "panel_score", "score_run", "challenge_answer",
    "decision", "preview", "admissibility", "objection_answer", "appeal_answer", "rectification_answer",
)  # fmt: skip
_NEW = ("recheck", "closing_appeal_answer", "application_check", "application_decision")


def upgrade() -> None:
    """What is on record is of reviews, and stays; old code goes on."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_escalation_what_known"), "escalation")
    op.create_check_constraint(op.f("ck_escalation_what_known"), "escalation", _known((*_BEFORE, *_NEW)))
    op.alter_column("escalation", "review_id", nullable=True)
    op.add_column("escalation", sa.Column("school_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_escalation_school_id"), "escalation", "school", ["school_id"], ["id"])
    op.create_index(op.f("ix_escalation_school_id"), "escalation", ["school_id"])
    op.create_check_constraint(
        op.f("ck_escalation_of_review_or_school"), "escalation", "num_nonnulls(review_id, school_id) = 1"
    )


def _known(what: Sequence[str]) -> str:
    return f"what IN ({', '.join(repr(one) for one in what)})"


def downgrade() -> None:
    """What old code does not know is forgotten."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE escalation DISABLE TRIGGER USER")
    op.execute("DELETE FROM escalation WHERE review_id IS NULL OR what = 'recheck'")
    op.execute("ALTER TABLE escalation ENABLE TRIGGER USER")
    op.drop_constraint(op.f("ck_escalation_of_review_or_school"), "escalation")
    op.drop_column("escalation", "school_id")
    op.alter_column("escalation", "review_id", nullable=False)
    op.drop_constraint(op.f("ck_escalation_what_known"), "escalation")
    op.create_check_constraint(op.f("ck_escalation_what_known"), "escalation", _known(_BEFORE))
