"""The pool of experts, their ties, and proposals who scores what."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0028_experts"
down_revision: str | Sequence[str] | None = "0027_applications"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_INSTANT = sa.DateTime(timezone=True)


def _checks(table: str, **says: str) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(what, name=op.f(f"ck_{table}_{name}")) for name, what in says.items()]


def _references(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))
        for column, target in targets.items()
    ]


def upgrade() -> None:
    """New tables: old code knows nothing of them."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _pool()
    _ties()
    _allotments()


def _pool() -> None:
    op.create_table(
        "expert",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("bureau_id", sa.BigInteger(), nullable=False),
        sa.Column("fields", JSONB(), nullable=False),
        sa.Column("at_most", sa.Integer(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        *_checks(
            "expert",
            has_fields="jsonb_array_length(fields) > 0",
            at_most_positive="at_most > 0",
            valid_forwards="valid_to IS NULL OR valid_to >= valid_from",
        ),
        *_references("expert", person_id="person.id", bureau_id="organisation.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert")),
    )
    op.create_index(
        "uq_expert_in_pool", "expert", ["person_id", "bureau_id"], unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )  # fmt: skip
    op.create_index("ix_expert_bureau_id", "expert", ["bureau_id", "id"])
    op.create_index("ix_expert_person_id", "expert", ["person_id"])
    _frozen("expert", "id, person_id, bureau_id, valid_from")


def _ties() -> None:
    op.create_table(
        "expert_tie",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=True),
        sa.Column("enterprise", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("declared_at", _INSTANT, nullable=False),
        sa.Column("declared_by", sa.BigInteger(), nullable=True),
        sa.Column("lifted_at", _INSTANT, nullable=True),
        sa.Column("lifted_by", sa.BigInteger(), nullable=True),
        sa.Column("lifted_reason", sa.Text(), server_default="", nullable=False),
        *_checks(
            "expert_tie",
            kind_known="kind IN ('former_employer', 'interest')",
            to_one_party="(school_id IS NULL) = (enterprise <> '')",
            interest_has_reason="kind <> 'interest' OR reason <> ''",
            lifted_whole="num_nonnulls(lifted_at, lifted_by, nullif(lifted_reason, '')) IN (0, 3)",
        ),
        *_references(
            "expert_tie", person_id="person.id", school_id="school.id", declared_by="person.id", lifted_by="person.id"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert_tie")),
    )
    op.create_index("ix_expert_tie_person_id", "expert_tie", ["person_id"])
    _frozen("expert_tie", "id, person_id, kind, school_id, enterprise, declared_at, declared_by")


def _allotments() -> None:
    op.create_table(
        "allotment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("per_review", sa.Integer(), nullable=False),
        sa.Column("at_most", sa.Integer(), nullable=False),
        sa.Column("without", JSONB(), server_default="[]", nullable=False),
        sa.Column("question_digest", sa.Text(), nullable=True),
        sa.Column("parts", JSONB(), server_default="{}", nullable=False),
        sa.Column("added", JSONB(), server_default="[]", nullable=False),
        sa.Column("dropped", JSONB(), server_default="[]", nullable=False),
        sa.Column("lacking", JSONB(), server_default="[]", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_at", _INSTANT, nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=True),
        sa.Column("carried_out_at", _INSTANT, nullable=True),
        sa.Column("carried_out_by", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        *_checks(
            "allotment",
            state_known="state IN ('asked', 'proposed', 'carried_out', 'withdrawn')",
            asks_for_something="per_review > 0 AND at_most > 0",
            proposed_has_question="state NOT IN ('proposed', 'carried_out')"
            " OR coalesce(question_digest ~ '^[0-9a-f]{64}$', false)",
            carried_out_has_who="state NOT IN ('carried_out') OR num_nonnulls(carried_out_by, carried_out_at) = 2",
            uncarried_has_nobody="state IN ('carried_out') OR num_nonnulls(carried_out_by, carried_out_at) = 0",
        ),
        *_references("allotment", round_id="round.id", asked_by="person.id", carried_out_by="person.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allotment")),
        sa.UniqueConstraint("round_id", "number", name=op.f("uq_allotment_round_id_number")),
    )
    op.create_index(
        "uq_allotment_in_making", "allotment", ["round_id"], unique=True,
        postgresql_where=sa.text("state IN ('asked', 'proposed')"),
    )  # fmt: skip
    _frozen("allotment", "id, round_id, number, per_review, at_most, without, asked_at, asked_by")
    answer = ("question_digest", "parts", "added", "dropped", "lacking")
    new, old = (", ".join(f"{row}.{column}" for column in answer) for row in ("NEW", "OLD"))
    op.execute(
        f"CREATE TRIGGER allotment_as_proposed BEFORE UPDATE OF {', '.join(answer)} ON allotment FOR EACH ROW"
        f" WHEN (OLD.question_digest IS NOT NULL AND ({new}) IS DISTINCT FROM ({old})) EXECUTE FUNCTION refuse_change()"
    )


def _frozen(table: str, columns: str) -> None:
    """No row is removed, and these columns of it never change."""
    op.execute(
        f"CREATE TRIGGER {table}_frozen BEFORE DELETE OR UPDATE OF {columns} ON {table} FOR EACH ROW"
        " EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("allotment", "expert_tie", "expert"):
        op.drop_table(table)
