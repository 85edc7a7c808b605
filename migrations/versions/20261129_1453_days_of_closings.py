"""A proposal to close is decided, and carried out, by a day; and what is late of a site visit is escalated."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0056_days_of_closings"
down_revision: str | Sequence[str] | None = "0055_no_view_of_old_votes"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLE = "closing_proposal"
_BEFORE = (
    "evidence", "correction", "county_check", "verification", "panel_score", "score_run", "challenge_answer",
    "decision", "preview", "admissibility", "objection_answer", "appeal_answer", "rectification_answer", "recheck",
    "closing_appeal_answer", "application_check", "application_decision",
)  # fmt: skip
_NEW = ("site_visit", "closing_decision", "closing")
_INDEXES = (
    ("ix_closing_proposal_undecided", "decide_due", "decision IS NULL"),
    ("ix_closing_proposal_to_close", "close_due", "decision = 'close'"),
)


def upgrade() -> None:
    """Old code goes on; what it proposes has no day and is never late. What waits has some six weeks, or two, more."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in ("decide_due", "close_due"):
        op.add_column(TABLE, sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE closing_proposal SET decide_due = deemed_served_at + interval '42 days',"
        " close_due = CASE WHEN decision = 'close' THEN appeal_due + interval '14 days' END"
    )
    for name, column, where in _INDEXES:
        op.create_index(name, TABLE, [column], postgresql_where=sa.text(where))
    op.drop_constraint(op.f("ck_escalation_what_known"), "escalation")
    op.create_check_constraint(op.f("ck_escalation_what_known"), "escalation", _known((*_BEFORE, *_NEW)))


def _known(what: Sequence[str]) -> str:
    return f"what IN ({', '.join(repr(one) for one in what)})"


def downgrade() -> None:
    """What old code does not know is forgotten."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE escalation DISABLE TRIGGER USER")
    op.execute("DELETE FROM escalation WHERE what IN ('site_visit', 'closing_decision', 'closing')")
    op.execute("ALTER TABLE escalation ENABLE TRIGGER USER")
    op.drop_constraint(op.f("ck_escalation_what_known"), "escalation")
    op.create_check_constraint(op.f("ck_escalation_what_known"), "escalation", _known(_BEFORE))
    for column in ("close_due", "decide_due"):
        op.drop_column(TABLE, column)
