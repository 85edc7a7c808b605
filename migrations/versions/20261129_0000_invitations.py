"""Invitations: a code by which a person sets a first or a new password."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010_invitations"
down_revision: str | Sequence[str] | None = "0009_what_stays_as_written"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Old code must go on running on the new schema; whoever waits longer for a lock than this gives way."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "invitation",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_invitation_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_invitation_code_hash")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("invitation")
