"""All the letters of a list or a round as one piece of work with one file."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0049_letter_batches"
down_revision: str | Sequence[str] | None = "0048_recorded_votes"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_CHECKS = {
    "done_of_what_was_asked": "done BETWEEN 0 AND jsonb_array_length(reviews)",
    "made_whole": "num_nonnulls(made_at, sha256, size) IN (0, 3)",
    "made_when_all_are": "made_at IS NULL OR done = jsonb_array_length(reviews)",
    "file_sha256": "sha256 IS NULL OR sha256 ~ '^[0-9a-f]{64}$'",
}
_OF = {"round_id": "round.id", "publication_id": "publication.id", "asked_by": "person.id"}


def upgrade() -> None:
    """A new table: old code knows nothing of it."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "letter_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("publication_id", sa.BigInteger(), nullable=True),
        sa.Column("reviews", JSONB(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        *(sa.CheckConstraint(says, name=op.f(f"ck_letter_batch_{name}")) for name, says in _CHECKS.items()),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_letter_batch_{column}"))
            for column, target in _OF.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_batch")),
    )
    op.create_index("ix_letter_batch_waiting", "letter_batch", ["id"], postgresql_where=sa.text("made_at IS NULL"))
    op.execute(
        "CREATE TRIGGER letter_batch_frozen BEFORE DELETE OR UPDATE OF id, round_id, publication_id, reviews, asked_at,"
        " asked_by ON letter_batch FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER letter_batch_kept BEFORE TRUNCATE ON letter_batch"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("letter_batch")
