"""Which review put a figure on record, so that a review scored again takes what was set right and nothing else."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016_figures_by_review"
down_revision: str | Sequence[str] | None = "0015_capacity_alone"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = ("id", "specialty_id", "year", "measure", "value", "supplier", "source", "recorded_at", "recorded_by")
"""What of a figure never changes; `review_id` joins them."""

SET_RIGHT: Mapping[str, str] = {
    "review [0-9]+, version [0-9]+": "review",
    "challenge [0-9]+": "challenge",
    "objection [0-9]+": "objection",
    "appeal [0-9]+": "appeal",
}
"""The source of a figure that a review put on record → the table whose row it names."""


def _frozen(columns: Sequence[str]) -> str:
    return (
        f"CREATE TRIGGER figure_frozen BEFORE DELETE OR UPDATE OF {', '.join(columns)} ON figure"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def upgrade() -> None:
    """Old code goes on: it leaves the column empty. What is on record is told by the source it was given."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("figure", sa.Column("review_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_figure_review_id"), "figure", "review", ["review_id"], ["id"])
    for source, table in SET_RIGHT.items():
        column = "c.id" if table == "review" else "c.review_id"
        op.execute(
            f"UPDATE figure f SET review_id = r.id FROM {table} c JOIN review r ON r.id = {column}"  # noqa: S608 -- our own words
            f" JOIN round o ON o.id = r.round_id WHERE f.source ~ '^{source}$'"
            " AND c.id = (regexp_match(f.source, '[0-9]+'))[1]::numeric"
            " AND r.specialty_id = f.specialty_id AND o.evidence_year = f.year"
        )
    op.execute("DROP TRIGGER figure_frozen ON figure")
    op.execute(_frozen((*COLUMNS, "review_id")))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER figure_frozen ON figure")
    op.execute(_frozen(COLUMNS))
    op.drop_constraint(op.f("fk_figure_review_id"), "figure", type_="foreignkey")
    op.drop_column("figure", "review_id")
