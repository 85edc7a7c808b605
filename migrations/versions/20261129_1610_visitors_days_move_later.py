"""The day by which a visitor reports moves later, as an expert's does; before, it stayed on a day off."""

from collections.abc import Sequence

from alembic import op

revision: str = "0057_visitors_days"
down_revision: str | Sequence[str] | None = "0056_days_of_closings"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLE = "site_visitor"
_FROZEN = ("id", "review_id", "person_id", "named_at", "named_by")


def upgrade() -> None:
    """Old code goes on: it moves no day."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _freeze(*_FROZEN)
    op.execute(
        f"CREATE TRIGGER {TABLE}_later BEFORE UPDATE OF due ON {TABLE} FOR EACH ROW"
        " WHEN (NEW.due < OLD.due OR OLD.withdrawn_at IS NOT NULL) EXECUTE FUNCTION refuse_change()"
    )


def _freeze(*columns: str) -> None:
    op.execute(f"DROP TRIGGER {TABLE}_frozen ON {TABLE}")
    op.execute(
        f"CREATE TRIGGER {TABLE}_frozen BEFORE DELETE OR UPDATE OF {', '.join(columns)} ON {TABLE}"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(f"DROP TRIGGER {TABLE}_later ON {TABLE}")
    _freeze(*_FROZEN, "due")
