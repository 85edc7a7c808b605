"""Amendments of pinned policies; a round's policy changes with a recorded one and with nothing else."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023_amendments"
down_revision: str | Sequence[str] | None = "0022_sealed_ballots"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_FACTS = "id, round_id, from_policy_id, to_policy_id, simulation_id, reason, proposed_by, proposed_at"
BY_AMENDMENT = "round_policy_by_amendment"
STAYS = "amendment_stays_recorded"


def upgrade() -> None:
    """A new table: old code never changes what a round pins."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _amendments()
    row = "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    op.execute(f"CREATE TRIGGER amendment_frozen BEFORE DELETE OR UPDATE OF {_FACTS} ON amendment {row}")
    op.execute(
        "CREATE TRIGGER amendment_kept BEFORE TRUNCATE ON amendment FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {STAYS} BEFORE UPDATE OF state, recorded_by, recorded_at ON amendment FOR EACH ROW"
        " WHEN (OLD.state <> 'proposed' AND (NEW.state, NEW.recorded_by, NEW.recorded_at)"
        " IS DISTINCT FROM (OLD.state, OLD.recorded_by, OLD.recorded_at)) EXECUTE FUNCTION refuse_change()"
    )
    found = (
        "EXISTS (SELECT FROM amendment a WHERE a.round_id = NEW.id AND a.state = 'recorded'"
        " AND a.from_policy_id = OLD.policy_id AND a.to_policy_id = NEW.policy_id)"
    )
    raised = (
        "RAISE EXCEPTION 'a round pins another policy by a recorded amendment alone'"
        f" USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = '{BY_AMENDMENT}';"
    )
    body = f"IF NOT {found} THEN {raised} END IF; RETURN NEW;"
    op.execute(f"CREATE FUNCTION {BY_AMENDMENT}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$")
    op.execute(
        f"CREATE TRIGGER {BY_AMENDMENT} BEFORE UPDATE OF policy_id ON round FOR EACH ROW"
        f" WHEN (OLD.policy_id <> NEW.policy_id) EXECUTE FUNCTION {BY_AMENDMENT}()"
    )


def _amendments() -> None:
    op.create_table(
        "amendment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("from_policy_id", sa.BigInteger(), nullable=False),
        sa.Column("to_policy_id", sa.BigInteger(), nullable=False),
        sa.Column("simulation_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *(
            sa.CheckConstraint(says, name=op.f(f"ck_amendment_{name}"))
            for name, says in {
                "state_known": "state IN ('proposed', 'recorded', 'withdrawn')",
                "reason_given": "reason <> ''",
                "another_version": "to_policy_id <> from_policy_id",
                "two_people": "recorded_by IS NULL OR recorded_by <> proposed_by",
                "recording_whole": "(recorded_by IS NULL) = (recorded_at IS NULL)",
                "recorded_by_somebody": "(state = 'recorded') = (recorded_at IS NOT NULL)",
                "run_once_recorded": "state IN ('recorded') OR run_id IS NULL",
            }.items()
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_amendment_{column}"))
            for column, target in {
                "round_id": "round.id", "from_policy_id": "policy.id", "to_policy_id": "policy.id",
                "simulation_id": "simulation.id", "proposed_by": "person.id", "recorded_by": "person.id",
                "run_id": "score_run.id",
            }.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amendment")),
    )  # fmt: skip
    op.create_index(op.f("ix_amendment_round_id"), "amendment", ["round_id"], unique=False)
    op.create_index(
        "uq_amendment_proposed", "amendment", ["round_id"], unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )  # fmt: skip


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(f"DROP TRIGGER {BY_AMENDMENT} ON round")
    op.execute(f"DROP FUNCTION {BY_AMENDMENT}")
    op.drop_table("amendment")
