"""What waited when proposals to close were given days has them from now, if its own were past; and an index."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0058_days_of_old_closings"
down_revision: str | Sequence[str] | None = "0057_visitors_days"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLE, INDEX = "closing_proposal", "ix_closing_proposal_unserved"
_GIVEN = (
    ("decide_due", "deemed_served_at", 42, "decision IS NULL"),
    ("close_due", "appeal_due", 14, "decision = 'close'"),
)
"""Column, what 0056 counted it from, so many days, of which rows."""


def upgrade() -> None:
    """Only what 0056 gave, of open specialties, and never to an earlier day; one that ends on a weekend ends with
    the Monday. Old code goes on.
    """
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column, since, days, rows in _GIVEN:
        last = f"(CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date) + {days})"
        weekend = f"(CASE EXTRACT(isodow FROM {last}) WHEN 6 THEN 2 WHEN 7 THEN 1 ELSE 0 END)"
        end = f"(CAST({last} + {weekend} + 1 AS timestamp) AT TIME ZONE 'Asia/Shanghai')"
        op.execute(
            f"UPDATE closing_proposal SET {column} = {end} FROM specialty"  # noqa: S608 -- our own words
            f" WHERE specialty.id = closing_proposal.specialty_id AND specialty.closed_on IS NULL AND {rows}"
            f" AND {column} = {since} + interval '{days} days' AND {since} < now() AND {column} < {end}"
        )
    op.create_index(
        INDEX, TABLE, ["deemed_served_at"], postgresql_where=sa.text("served_at IS NULL AND decision IS NULL")
    )


def downgrade() -> None:
    """A day that was given stays."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(INDEX, table_name=TABLE)
