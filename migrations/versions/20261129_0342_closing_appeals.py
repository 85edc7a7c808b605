"""Proposals to close for want of intake, and the school's appeal against the decision to close."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0030_closing_appeals"
down_revision: str | Sequence[str] | None = "0029_corrections"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ROW = "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
_IDLE = "grounds = 'no_intake'"
_CHECKS = {
    "rests_on_its_ground": f"({_IDLE}) = (rectification_id IS NULL)",
    "idle_has_its_years": f"num_nonnulls(policy_id, years, through) = CASE WHEN {_IDLE} THEN 3 ELSE 0 END",
}
_ENDED = "'inadmissible', 'upheld', 'rejected'"


def upgrade() -> None:
    """Old code goes on: it makes proposals that rest on a rectification alone."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _proposals()
    _appeals()
    _stays()


def _proposals() -> None:
    op.alter_column("closing_proposal", "rectification_id", existing_type=sa.BigInteger(), nullable=True)
    op.add_column("closing_proposal", sa.Column("policy_id", sa.BigInteger(), nullable=True))
    op.add_column("closing_proposal", sa.Column("years", sa.Integer(), nullable=True))
    op.add_column("closing_proposal", sa.Column("through", sa.Integer(), nullable=True))
    op.create_foreign_key(op.f("fk_closing_proposal_policy_id"), "closing_proposal", "policy", ["policy_id"], ["id"])
    op.create_unique_constraint(
        op.f("uq_closing_proposal_specialty_id_through"), "closing_proposal", ["specialty_id", "through"]
    )
    op.drop_constraint(op.f("ck_closing_proposal_grounds_known"), "closing_proposal", type_="check")
    op.create_check_constraint(
        op.f("ck_closing_proposal_grounds_known"), "closing_proposal",
        "grounds IN ('plan_lapsed', 'rechecks_failed', 'no_intake')",
    )  # fmt: skip
    for name, says in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_closing_proposal_{name}"), "closing_proposal", says)


def _appeals() -> None:
    checks = {
        "state_known": "state IN ('received', 'admitted', 'inadmissible', 'heard', 'upheld', 'rejected')",
        "grounds_given": "grounds <> ''",
        "answered_has_its_answer": f"state NOT IN ({_ENDED}) OR answer <> ''",
        "going_has_no_answer": f"state IN ({_ENDED}) OR answer = ''",
    }
    op.create_table(
        "closing_appeal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("proposal_id", sa.BigInteger(), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.BigInteger(), nullable=False),
        sa.Column("answer_due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *(sa.CheckConstraint(says, name=op.f(f"ck_closing_appeal_{name}")) for name, says in checks.items()),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_closing_appeal_{column}"))
            for column, target in {
                "proposal_id": "closing_proposal.id", "specialty_id": "specialty.id", "received_by": "person.id",
            }.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closing_appeal")),
    )  # fmt: skip
    op.create_index("ix_closing_appeal_proposal_id", "closing_appeal", ["proposal_id"])
    for name, where in (("open", f"state NOT IN ({_ENDED})"), ("heard", "state IN ('upheld', 'rejected')")):
        op.create_index(
            f"uq_closing_appeal_{name}", "closing_appeal", ["proposal_id"], unique=True, postgresql_where=sa.text(where)
        )
    op.create_table(
        "closing_appeal_panelist",
        sa.Column("appeal_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appeal_id"], ["closing_appeal.id"], name=op.f("fk_closing_appeal_panelist_appeal_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_closing_appeal_panelist_person_id")),
        sa.PrimaryKeyConstraint("appeal_id", "person_id", name=op.f("pk_closing_appeal_panelist")),
    )


def _stays() -> None:
    for table, columns in (
        ("closing_appeal", " OF id, proposal_id, specialty_id, received_at, received_by, answer_due"),
        ("closing_appeal_panelist", ""),
    ):
        op.execute(f"CREATE TRIGGER {table}_frozen BEFORE DELETE OR UPDATE{columns} ON {table} {_ROW}")
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("closing_appeal_panelist")
    op.drop_table("closing_appeal")
    for name in _CHECKS:
        op.drop_constraint(op.f(f"ck_closing_proposal_{name}"), "closing_proposal", type_="check")
    op.drop_constraint(op.f("uq_closing_proposal_specialty_id_through"), "closing_proposal", type_="unique")
    op.drop_constraint(op.f("fk_closing_proposal_policy_id"), "closing_proposal", type_="foreignkey")
    for column in ("policy_id", "years", "through"):
        op.drop_column("closing_proposal", column)
    op.alter_column("closing_proposal", "rectification_id", existing_type=sa.BigInteger(), nullable=False)
    op.drop_constraint(op.f("ck_closing_proposal_grounds_known"), "closing_proposal", type_="check")
    op.create_check_constraint(
        op.f("ck_closing_proposal_grounds_known"), "closing_proposal", "grounds IN ('plan_lapsed', 'rechecks_failed')"
    )
