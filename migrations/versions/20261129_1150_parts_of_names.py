"""A part of a specialty's name or code is looked up: the pairs of letters in it, by an index that needs no extension."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0045_parts_of_names"
down_revision: str | Sequence[str] | None = "0044_files_for_drafts"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BY_PARTS = (("specialty", "name"), ("specialty_code", "code"))
PARTS = """
    CREATE FUNCTION parts_of(text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT ARRAY(
            SELECT DISTINCT substr(lower($1), place, length)
            FROM generate_series(1, length($1)) AS place, generate_series(1, 2) AS length)
    $$
"""


def upgrade() -> None:
    """A function and indexes alone: old code goes on."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(PARTS)
    for table, column in BY_PARTS:
        op.create_index(f"ix_{table}_parts", table, [sa.text(f"parts_of({column})")], postgresql_using="gin")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, _ in BY_PARTS:
        op.drop_index(f"ix_{table}_parts", table)
    op.execute("DROP FUNCTION parts_of(text)")
