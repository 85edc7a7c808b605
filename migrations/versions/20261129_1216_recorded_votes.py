"""One record for the committee's votes on what is no review: applications, and proposals to close."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0048_recorded_votes"
down_revision: str | Sequence[str] | None = "0047_application_papers"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OLD, NEW = "application_vote", "recorded_vote"
CONSTRAINTS = (
    "ck_{}_has_minutes", "ck_{}_anew_has_reason", "pk_{}", "fk_{}_application_id", "fk_{}_recorded_by",
    "uq_{}_application_id_number",
)  # fmt: skip
TRIGGERS = ("{}_immutable", "{}_kept")
AS_VOTED = "closing_decided_as_voted"
_VOTED_FOR = """
CREATE OR REPLACE FUNCTION application_registered_was_voted_for() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NOT coalesce((SELECT v.approved FROM application_vote v WHERE v.application_id = NEW.id
                   ORDER BY v.number DESC LIMIT 1), false) THEN
    RAISE EXCEPTION 'only what the committee voted for is registered' USING ERRCODE = 'check_violation',
      TABLE = TG_TABLE_NAME, CONSTRAINT = 'application_registered_was_voted_for';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    """Old code goes on, by a view under the old name; but it decides about no closing, since it records no vote."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _renamed(OLD, NEW)
    op.alter_column(NEW, "application_id", existing_type=sa.BigInteger(), nullable=True)
    op.add_column(NEW, sa.Column("proposal_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f(f"fk_{NEW}_proposal_id"), NEW, "closing_proposal", ["proposal_id"], ["id"])
    op.create_unique_constraint(op.f(f"uq_{NEW}_proposal_id_number"), NEW, ["proposal_id", "number"])
    op.create_check_constraint(op.f(f"ck_{NEW}_about_one_thing"), NEW, "num_nonnulls(application_id, proposal_id) = 1")
    op.execute(
        "CREATE VIEW application_vote AS SELECT id, application_id, number, held_on, approved, tally, minutes_number,"
        " reason, recorded_by, recorded_at FROM recorded_vote WHERE application_id IS NOT NULL"
    )
    op.execute(_VOTED_FOR.replace(OLD, NEW))
    newest = "(SELECT v.approved FROM recorded_vote v WHERE v.proposal_id = NEW.id ORDER BY v.number DESC LIMIT 1)"
    raised = (
        "RAISE EXCEPTION 'closing is decided as the committee voted' USING ERRCODE = 'check_violation',"
        f" TABLE = TG_TABLE_NAME, CONSTRAINT = '{AS_VOTED}';"
    )
    op.execute(
        f"CREATE FUNCTION {AS_VOTED}() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN IF {newest} IS DISTINCT FROM (NEW.decision = 'close') THEN {raised} END IF; RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {AS_VOTED} AFTER INSERT OR UPDATE OF decision ON closing_proposal FOR EACH ROW"
        f" WHEN (NEW.decision IS NOT NULL) EXECUTE FUNCTION {AS_VOTED}()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(f"DROP TRIGGER {AS_VOTED} ON closing_proposal")
    op.execute(f"DROP FUNCTION {AS_VOTED}")
    op.execute(f"DROP VIEW {OLD}")
    op.execute(f"ALTER TABLE {NEW} DISABLE TRIGGER {NEW}_immutable")
    op.execute("DELETE FROM recorded_vote WHERE application_id IS NULL")
    op.execute(f"ALTER TABLE {NEW} ENABLE TRIGGER {NEW}_immutable")
    op.drop_constraint(op.f(f"ck_{NEW}_about_one_thing"), NEW)
    op.drop_column(NEW, "proposal_id")
    op.alter_column(NEW, "application_id", existing_type=sa.BigInteger(), nullable=False)
    _renamed(NEW, OLD)
    op.execute(_VOTED_FOR)


def _renamed(old: str, new: str) -> None:
    op.rename_table(old, new)
    op.execute(f"ALTER SEQUENCE {old}_id_seq RENAME TO {new}_id_seq")
    for name in CONSTRAINTS:
        op.execute(f"ALTER TABLE {new} RENAME CONSTRAINT {name.format(old)} TO {name.format(new)}")
    for name in TRIGGERS:
        op.execute(f"ALTER TRIGGER {name.format(old)} ON {new} RENAME TO {name.format(new)}")
