"""Also late: naming visitors for a visit that is asked for, and beginning a rectification that is missing."""

from collections.abc import Sequence

from alembic import op

revision: str = "0059_visitors_and_mending"
down_revision: str | Sequence[str] | None = "0058_days_of_old_closings"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BEFORE = (
    "evidence", "correction", "county_check", "verification", "panel_score", "score_run", "challenge_answer",
    "decision", "preview", "admissibility", "objection_answer", "appeal_answer", "rectification_answer", "recheck",
    "closing_appeal_answer", "application_check", "application_decision", "site_visit", "closing_decision", "closing",
)  # fmt: skip
_NEW = ("visitors", "mending")


def upgrade() -> None:
    """Old code writes neither of the two."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_escalation_what_known"), "escalation")
    op.create_check_constraint(op.f("ck_escalation_what_known"), "escalation", _known((*_BEFORE, *_NEW)))


def _known(what: Sequence[str]) -> str:
    return f"what IN ({', '.join(repr(one) for one in what)})"


def downgrade() -> None:
    """What old code does not know is forgotten."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE escalation DISABLE TRIGGER USER")
    op.execute("DELETE FROM escalation WHERE what IN ('visitors', 'mending')")
    op.execute("ALTER TABLE escalation ENABLE TRIGGER USER")
    op.drop_constraint(op.f("ck_escalation_what_known"), "escalation")
    op.create_check_constraint(op.f("ck_escalation_what_known"), "escalation", _known(_BEFORE))
