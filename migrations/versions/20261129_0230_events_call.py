"""Whoever keeps the public statuses in memory is called when an event may have changed one.

A call makes transactions that call end one after the other, so only such events call; whoever listens looks by
itself as well, twice a second, and misses nothing that isn't named here.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0020_events_call"
down_revision: str | Sequence[str] | None = "0019_specialty_lists"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CALLS = (
    "NEW.audience = 'public'"
    " OR NEW.subject_kind IN ('objection', 'appeal', 'publication', 'enrolment_plan', 'standing', 'intake')"
    " OR NEW.kind IN ('review.open_again', 'review.reopen', 'review.void_decision', 'review.withdraw', 'review.cancel')"
)


def upgrade() -> None:
    """Old code goes on: nobody listens."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "CREATE FUNCTION call_for_event() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_notify('specialty_eval_event', ''); RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER event_calls AFTER INSERT ON event FOR EACH ROW WHEN ({CALLS}) EXECUTE FUNCTION call_for_event()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER event_calls ON event")
    op.execute("DROP FUNCTION call_for_event()")
