"""A key says which city made it: one without a role was anybody's to end."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0053_where_a_key_was_made"
down_revision: str | Sequence[str] | None = "0052_site_visitors"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_MADE = """
UPDATE api_key k SET made_in = (
    SELECT o.jurisdiction_code FROM event e
    JOIN role_grant g ON g.person_id = e.actor_person_id AND g.role = 'administrator'
    JOIN organisation o ON o.id = g.organisation_id
    WHERE e.kind = 'key.create' AND e.subject_kind = 'api_key' AND e.subject_id = k.id
    ORDER BY e.seq, g.valid_from DESC, g.id LIMIT 1
)
"""
"""The city of whoever is on record as having made it."""


def upgrade() -> None:
    """Old code goes on: a key that it makes says nothing, and is ended once it has a role."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("api_key", sa.Column("made_in", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_api_key_made_in"), "api_key", "jurisdiction", ["made_in"], ["code"])
    op.execute(_MADE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("api_key", "made_in")
