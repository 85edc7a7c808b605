"""Who visits a school is named, and a report is corrected by a later one: before, any visitor filed the only one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0052_site_visitors"
down_revision: str | Sequence[str] | None = "0051_events_by_kind"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

VISITOR, REPORT = "site_visitor", "site_visit_report"
_INSTANT = sa.DateTime(timezone=True)
_PEOPLE = ("person_id", "named_by", "withdrawn_by")


def upgrade() -> None:
    """Old code cannot report a visit while it still runs; everything else goes on."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _visitors()
    _reports()


def _visitors() -> None:
    op.create_table(
        VISITOR,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("due", _INSTANT, nullable=False),
        sa.Column("named_at", _INSTANT, nullable=False),
        sa.Column("named_by", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_at", _INSTANT, nullable=True),
        sa.Column("withdrawn_by", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("due > named_at", name=op.f(f"ck_{VISITOR}_has_days")),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_reason = '')", name=op.f(f"ck_{VISITOR}_withdrawn_has_reason")
        ),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f(f"fk_{VISITOR}_review_id")),
        *(sa.ForeignKeyConstraint([c], ["person.id"], name=op.f(f"fk_{VISITOR}_{c}")) for c in _PEOPLE),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{VISITOR}")),
    )
    op.create_index(op.f(f"ix_{VISITOR}_review_id"), VISITOR, ["review_id"])
    op.create_index(f"ix_{VISITOR}_person_id", VISITOR, ["person_id", "id"])
    op.create_index(
        f"uq_{VISITOR}_named", VISITOR, ["review_id", "person_id"], unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )  # fmt: skip
    op.execute(
        f"CREATE TRIGGER {VISITOR}_frozen BEFORE DELETE OR UPDATE OF id, review_id, person_id, due, named_at, named_by"
        f" ON {VISITOR} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {VISITOR}_once BEFORE UPDATE OF withdrawn_at, withdrawn_by, withdrawn_reason ON {VISITOR}"
        " FOR EACH ROW WHEN (OLD.withdrawn_at IS NOT NULL) EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {VISITOR}_kept BEFORE TRUNCATE ON {VISITOR} FOR EACH STATEMENT"
        " EXECUTE FUNCTION refuse_change()"
    )


def _reports() -> None:
    """A report was of the day on which it was handed in: nothing else was asked."""
    op.alter_column(REPORT, "visited_on", new_column_name="reported_at")
    op.add_column(REPORT, sa.Column("visited_on", sa.Date(), server_default="1970-01-01", nullable=False))
    # A new type rewrites the rows without the trigger that keeps them as they are.
    op.alter_column(REPORT, "visited_on", server_default=None)
    op.execute(
        f"ALTER TABLE {REPORT} ALTER COLUMN visited_on TYPE date USING (reported_at AT TIME ZONE 'Asia/Shanghai')::date"
    )
    op.add_column(REPORT, sa.Column("number", sa.Integer(), server_default="1", nullable=False))
    op.add_column(REPORT, sa.Column("reason", sa.Text(), server_default="", nullable=False))
    op.create_check_constraint(
        op.f(f"ck_{REPORT}_corrected_has_reason"), REPORT, "number > 0 AND (number = 1 OR reason <> '')"
    )
    op.drop_constraint(op.f(f"uq_{REPORT}_review_id"), REPORT)
    op.create_unique_constraint(op.f(f"uq_{REPORT}_review_id_number"), REPORT, ["review_id", "number"])


def downgrade() -> None:
    """Only the last report of each review is left."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(f"ALTER TABLE {REPORT} DISABLE TRIGGER {REPORT}_immutable")
    op.execute(
        "DELETE FROM site_visit_report r WHERE EXISTS"
        " (SELECT FROM site_visit_report l WHERE l.review_id = r.review_id AND l.number > r.number)"
    )
    op.execute(f"ALTER TABLE {REPORT} ENABLE TRIGGER {REPORT}_immutable")
    op.drop_constraint(op.f(f"uq_{REPORT}_review_id_number"), REPORT)
    op.create_unique_constraint(op.f(f"uq_{REPORT}_review_id"), REPORT, ["review_id"])
    for column in ("number", "reason", "visited_on"):
        op.drop_column(REPORT, column)
    op.alter_column(REPORT, "reported_at", new_column_name="visited_on")
    op.drop_table(VISITOR)
