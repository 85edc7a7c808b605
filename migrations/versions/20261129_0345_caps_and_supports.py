"""Caps of counties and schools in a plan, counts of cohorts that are taught out, supports that green was granted."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0031_caps_and_supports"
down_revision: str | Sequence[str] | None = "0030_closing_appeals"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ROW = "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
WITHIN, CAP_KEPT = "enrolment_plan_within_its_caps", "enrolment_cap_kept"
_FROZEN = {
    "teach_out_count": "",
    "teach_out_cohort": "",
    "support_grant": " OF id, specialty_id, academic_year, support, what, amount, document_number, valid_from,"
    " granted_by, granted_at",
}


def upgrade() -> None:
    """New tables, and two rules that old code keeps: it knows no caps, and cuts every line to its capacity."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _caps()
    _counts()
    _supports()
    _stays()
    _within()


def _caps() -> None:
    op.create_table(
        "enrolment_cap",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("students", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('county', 'school')", name=op.f("ck_enrolment_cap_kind_known")),
        sa.CheckConstraint("students >= 0", name=op.f("ck_enrolment_cap_students_not_negative")),
        sa.ForeignKeyConstraint(["plan_id"], ["enrolment_plan.id"], name=op.f("fk_enrolment_cap_plan_id")),
        sa.PrimaryKeyConstraint("plan_id", "kind", "code", name=op.f("pk_enrolment_cap")),
    )


def _counts() -> None:
    op.create_table(
        "teach_out_count",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["specialty_id"], ["specialty.id"], name=op.f("fk_teach_out_count_specialty_id")),
        sa.ForeignKeyConstraint(["reported_by"], ["person.id"], name=op.f("fk_teach_out_count_reported_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teach_out_count")),
        sa.UniqueConstraint("specialty_id", "number", name=op.f("uq_teach_out_count_specialty_id_number")),
    )
    op.create_table(
        "teach_out_cohort",
        sa.Column("count_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_year", sa.Integer(), nullable=False),
        sa.Column("students", sa.Integer(), nullable=False),
        sa.CheckConstraint("students >= 0", name=op.f("ck_teach_out_cohort_students_not_negative")),
        sa.ForeignKeyConstraint(["count_id"], ["teach_out_count.id"], name=op.f("fk_teach_out_cohort_count_id")),
        sa.PrimaryKeyConstraint("count_id", "entry_year", name=op.f("pk_teach_out_cohort")),
    )


def _supports() -> None:
    checks = {
        "state_known": "state IN ('granted', 'ended')",
        "amount_positive": "amount ~ '^[0-9]{1,12}([.][0-9]{1,2})?$' AND amount ~ '[1-9]'",
        "says_what_and_why": "what <> '' AND document_number <> ''",
        "ended_has_its_day": "(state = 'ended') = (ended_on IS NOT NULL)",
    }
    op.create_table(
        "support_grant",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("academic_year", sa.Integer(), nullable=False),
        sa.Column("support", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("amount", sa.Text(), nullable=True),
        sa.Column("document_number", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.BigInteger(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *(sa.CheckConstraint(says, name=op.f(f"ck_support_grant_{name}")) for name, says in checks.items()),
        sa.ForeignKeyConstraint(["specialty_id"], ["specialty.id"], name=op.f("fk_support_grant_specialty_id")),
        sa.ForeignKeyConstraint(["granted_by"], ["person.id"], name=op.f("fk_support_grant_granted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_grant")),
    )
    op.create_index(
        "uq_support_grant_granted", "support_grant", ["specialty_id", "support", "academic_year"], unique=True,
        postgresql_where=sa.text("state = 'granted'"),
    )  # fmt: skip


def _stays() -> None:
    for table, columns in _FROZEN.items():
        op.execute(f"CREATE TRIGGER {table}_frozen BEFORE DELETE OR UPDATE{columns} ON {table} {_ROW}")
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _raises(name: str, says: str, found: str, answer: str) -> str:
    raised = (
        f"RAISE EXCEPTION '{says}' USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = '{name}';"
    )
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF {found} THEN {raised} END IF; RETURN {answer}; END $$"
    )


def _within() -> None:
    """An approved plan is within the city's total and every cap; whoever approves, with whatever SQL."""
    lines = (
        "(SELECT coalesce(sum(l.quota), 0) FROM enrolment_line l JOIN specialty s ON s.id = l.specialty_id"
        " JOIN school k ON k.id = s.school_id WHERE l.plan_id = w.id{which})"
    )
    of_cap = " AND CASE c.kind WHEN 'county' THEN k.jurisdiction_code ELSE k.code END = c.code"
    exceeded = (
        f"w.city_total < {lines.format(which='')} OR EXISTS (SELECT FROM enrolment_cap c WHERE c.plan_id = w.id"
        f" AND c.students < {lines.format(which=of_cap)})"
    )
    found = (
        "EXISTS (SELECT FROM written w JOIN before b ON b.id = w.id WHERE w.state = 'approved'"
        f" AND b.state <> 'approved' AND ({exceeded}))"
    )
    op.execute(_raises(WITHIN, "an approved plan is within its caps", found, "NULL"))
    op.execute(
        f"CREATE TRIGGER {WITHIN} AFTER UPDATE ON enrolment_plan REFERENCING OLD TABLE AS before NEW TABLE AS written"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {WITHIN}()"
    )
    drafted = (
        "EXISTS (SELECT FROM enrolment_plan p WHERE p.state <> 'draft'"
        " AND p.id = CASE WHEN TG_OP = 'DELETE' THEN OLD.plan_id ELSE NEW.plan_id END)"
    )
    op.execute(
        _raises(CAP_KEPT, "caps of a plan stay as it was handed in", drafted,
                "CASE WHEN TG_OP = ''DELETE'' THEN OLD ELSE NEW END".replace("''", "'"))
    )  # fmt: skip
    op.execute(
        f"CREATE TRIGGER {CAP_KEPT} BEFORE INSERT OR UPDATE OR DELETE ON enrolment_cap FOR EACH ROW"
        f" EXECUTE FUNCTION {CAP_KEPT}()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(f"DROP TRIGGER {WITHIN} ON enrolment_plan")
    for table in ("support_grant", "teach_out_cohort", "teach_out_count", "enrolment_cap"):
        op.drop_table(table)
    for name in (WITHIN, CAP_KEPT):
        op.execute(f"DROP FUNCTION {name}")
