"""A decision is taken back by the committee's vote, as its minutes have it, on the same record as its other motions."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0050_votes_to_rescind"
down_revision: str | Sequence[str] | None = "0049_letter_batches"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLE = "recorded_vote"


def _about(*columns: str) -> None:
    op.drop_constraint(op.f(f"ck_{TABLE}_about_one_thing"), TABLE)
    op.create_check_constraint(op.f(f"ck_{TABLE}_about_one_thing"), TABLE, f"num_nonnulls({', '.join(columns)}) = 1")


def upgrade() -> None:
    """Old code goes on, and still lets one person take a decision back."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(TABLE, sa.Column("decision_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f(f"fk_{TABLE}_decision_id"), TABLE, "decision", ["decision_id"], ["id"])
    op.create_unique_constraint(op.f(f"uq_{TABLE}_decision_id_number"), TABLE, ["decision_id", "number"])
    _about("application_id", "proposal_id", "decision_id")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER {TABLE}_immutable")
    op.execute("DELETE FROM recorded_vote WHERE decision_id IS NOT NULL")
    op.execute(f"ALTER TABLE {TABLE} ENABLE TRIGGER {TABLE}_immutable")
    _about("application_id", "proposal_id")
    op.drop_column(TABLE, "decision_id")
