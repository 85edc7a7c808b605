"""Reports that are asked for and made by the worker, kept as they were made."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0032_reports"
down_revision: str | Sequence[str] | None = "0031_caps_and_supports"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SHA256 = "~ '^[0-9a-f]{64}$'"
_MADE = "made_at, title, docx, html, xlsx, reviews"


def upgrade() -> None:
    """A new table: old code knows nothing of it."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("jurisdiction_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=True),
        sa.Column("county_code", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("docx", sa.Text(), nullable=True),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("xlsx", sa.Text(), nullable=True),
        sa.Column("reviews", postgresql.JSONB(), server_default="[]", nullable=False),
        *(
            sa.CheckConstraint(says, name=op.f(f"ck_report_{name}"))
            for name, says in {
                "kind_known": "kind IN ('annual', 'school', 'supervision')",
                "reader_known": "reader IN ('public', 'school', 'office')",
                "period_known": "period IN ('q1', 'q2', 'q3', 'q4', 'h1', 'h2', 'year')",
                "school_has_school": "(kind = 'school') = (school_id IS NOT NULL)",
                "part_of_supervision": "kind = 'supervision' OR period = 'year'",
                "supervision_for_offices": "kind <> 'supervision' OR reader = 'office'",
                "made_whole": "num_nonnulls(made_at, title, docx, html, xlsx) IN (0, 5)",
                "hashes_sha256": f"made_at IS NULL OR (docx {_SHA256} AND html {_SHA256} AND xlsx {_SHA256})",
            }.items()
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_report_{column}"))
            for column, target in {
                "jurisdiction_code": "jurisdiction.code", "school_id": "school.id", "county_code": "jurisdiction.code",
                "asked_by": "person.id",
            }.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
    )  # fmt: skip
    op.create_index(op.f("ix_report_school_id"), "report", ["school_id"])
    op.create_index(
        "uq_report_waiting", "report",
        ["jurisdiction_code", "kind", "reader", "year", "period", sa.text("coalesce(school_id, 0)"),
         sa.text("coalesce(county_code, '')")],
        unique=True, postgresql_where=sa.text("made_at IS NULL"),
    )  # fmt: skip
    op.execute(
        "CREATE TRIGGER report_frozen BEFORE DELETE OR UPDATE OF id, jurisdiction_code, kind, reader, year, period,"
        " school_id, county_code, asked_at, asked_by ON report FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER report_once BEFORE UPDATE OF {_MADE} ON report FOR EACH ROW WHEN (OLD.made_at IS NOT NULL)"
        " EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER report_kept BEFORE TRUNCATE ON report FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("report")
