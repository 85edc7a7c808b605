"""Words in which somebody may have written a name can be erased, and still not be changed."""

from collections.abc import Mapping, Sequence

from alembic import op

revision: str = "0012_words_can_be_erased"
down_revision: str | Sequence[str] | None = "0011_words_in_rows"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WORDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ballot": ("reason", ("id", "item_id", "member_id", "number", "choice", "cast_at")),
    "challenge": ("reason", ("id", "review_id", "measure", "stated", "claimed", "made_at", "made_by")),
    "objection": ("grounds", ("id", "review_id", "publication_id", "received_at")),
    "appeal": ("grounds", ("id", "review_id", "received_at", "received_by")),
    "attachment": (
        "name", ("id", "review_id", "measure", "media_type", "size", "sha256", "uploaded_at", "uploaded_by"),
    ),
}  # fmt: skip
"""Table → the column with the words, and those that never change."""


def _frozen(table: str, columns: Sequence[str]) -> str:
    return (
        f"CREATE TRIGGER {table}_frozen BEFORE DELETE OR UPDATE OF {', '.join(columns)} ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def upgrade() -> None:
    """Old code goes on: it changes none of these words."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, (words, others) in WORDS.items():
        op.execute(f"DROP TRIGGER {table}_{'immutable' if table == 'attachment' else 'frozen'} ON {table}")
        op.execute(_frozen(table, others))
        op.execute(
            f"CREATE TRIGGER {table}_words BEFORE UPDATE OF {words} ON {table} FOR EACH ROW"
            f" WHEN (NEW.{words} <> OLD.{words} AND NEW.{words} <> '') EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, (words, others) in WORDS.items():
        op.execute(f"DROP TRIGGER {table}_words ON {table}")
        op.execute(f"DROP TRIGGER {table}_frozen ON {table}")
        if table == "attachment":
            op.execute(
                "CREATE TRIGGER attachment_immutable BEFORE UPDATE OR DELETE ON attachment"
                " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
        else:
            op.execute(_frozen(table, (*others, words)))
