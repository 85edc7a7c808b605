"""What a simulation finds, in two tables of its own that nothing else looks at."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0018_simulations"
down_revision: str | Sequence[str] | None = "0017_calendar_years"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "simulation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("policy_digest", sa.Text(), nullable=False),
        sa.Column("against_digest", sa.Text(), nullable=False),
        sa.Column("inputs_digest", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("draws", sa.Integer(), nullable=False),
        sa.Column("labels", postgresql.JSONB(), nullable=False),
        sa.Column("summary", postgresql.JSONB(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("draws >= 0 AND seed >= 0", name=op.f("ck_simulation_not_negative")),
        sa.CheckConstraint(
            "policy_digest ~ '^[0-9a-f]{64}$' AND against_digest ~ '^[0-9a-f]{64}$'"
            " AND inputs_digest ~ '^[0-9a-f]{64}$'",
            name=op.f("ck_simulation_digests_sha256"),
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_simulation_round_id")),
        sa.ForeignKeyConstraint(["run_id"], ["score_run.id"], name=op.f("fk_simulation_run_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_simulation_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_simulation")),
    )
    op.create_index(op.f("ix_simulation_round_id"), "simulation", ["round_id"], unique=False)
    op.create_index(op.f("ix_simulation_run_id"), "simulation", ["run_id"], unique=False)
    op.create_table(
        "simulation_row",
        sa.Column("simulation_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.Column("told", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["simulation_id"], ["simulation.id"], name=op.f("fk_simulation_row_simulation_id")),
        sa.PrimaryKeyConstraint("simulation_id", "code", name=op.f("pk_simulation_row")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("simulation_row")
    op.drop_table("simulation")
