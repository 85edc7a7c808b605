"""Successions, what they did to each specialty, and ratings that went over with them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0036_successions"
down_revision: str | Sequence[str] | None = "0035_webhooks"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_FACTS = "id, jurisdiction_code, subject, act, effective_on, reason, document_number, keeps, wanted, proposed_by, proposed_at"
_ROW = "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
_RATING = "rating_in_force_as_confirmed"
_CONFIRMED = (
    "r.state = 'confirmed' AND r.decided_rating = w.rating AND (r.specialty_id = w.specialty_id{carried})"
)  # fmt: skip
_CARRIED = (
    " OR w.acts_since IS NOT NULL AND EXISTS (SELECT FROM succession_line l WHERE l.to_specialty_id = w.specialty_id)"
)


def upgrade() -> None:
    """New tables and columns: old code goes on, and knows of no successor."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _successions()
    _lines()
    op.create_table(
        "school_code",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_school_code_school_id")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_school_code")),
    )
    op.create_index(op.f("ix_school_code_school_id"), "school_code", ["school_id"], unique=False)
    for table, target in (("specialty", "specialty.id"), ("school", "school.id")):
        op.add_column(table, sa.Column("successor_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key(op.f(f"fk_{table}_successor_id"), table, target.split(".")[0], ["successor_id"], ["id"])
        op.create_index(op.f(f"ix_{table}_successor_id"), table, ["successor_id"], unique=False)
    op.create_check_constraint(
        op.f("ck_specialty_merged_is_closed"), "specialty", "successor_id IS NULL OR closed_on IS NOT NULL"
    )
    op.add_column("rating_in_force", sa.Column("acts_since", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_rating_in_force_carried_after_it_acts"), "rating_in_force", "acts_since <= valid_from"
    )
    _kept()
    _frozen(", acts_since")
    _rating(_CONFIRMED.format(carried=_CARRIED))


def _successions() -> None:
    op.create_table(
        "succession",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("jurisdiction_code", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=False),
        sa.Column("keeps", sa.Text(), server_default="", nullable=False),
        sa.Column("wanted", JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *(
            sa.CheckConstraint(says, name=op.f(f"ck_succession_{name}"))
            for name, says in {
                "state_known": "state IN ('proposed', 'recorded', 'withdrawn')",
                "subject_known": "subject IN ('specialty', 'school', 'catalogue')",
                "act_known": "act IN ('merged', 'split', 'renamed', 'moved', 'mapped')",
                "keeps_known": "keeps IN ('', 'green', 'yellow', 'red')",
                "reason_given": "reason <> '' AND document_number <> ''",
                "wants_something": "jsonb_array_length(wanted) > 0",
                "two_people": "recorded_by IS NULL OR recorded_by <> proposed_by",
                "recording_whole": "(recorded_by IS NULL) = (recorded_at IS NULL)",
                "recorded_by_somebody": "(state = 'recorded') = (recorded_at IS NOT NULL)",
            }.items()
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_succession_{column}"))
            for column, target in {
                "jurisdiction_code": "jurisdiction.code", "proposed_by": "person.id", "recorded_by": "person.id",
            }.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_succession")),
    )  # fmt: skip
    op.create_index("ix_succession_city", "succession", ["jurisdiction_code", "id"], unique=False)


def _lines() -> None:
    op.create_table(
        "succession_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("succession_id", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("from_specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("to_specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("from_code", sa.Text(), nullable=False),
        sa.Column("to_code", sa.Text(), nullable=False),
        sa.Column("carried", sa.Text(), server_default="", nullable=False),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.Column("quota_year", sa.Integer(), nullable=True),
        sa.CheckConstraint("act IN ('renamed', 'merged', 'split')", name=op.f("ck_succession_line_act_known")),
        sa.CheckConstraint(
            "(act = 'renamed') = (from_specialty_id = to_specialty_id)", name=op.f("ck_succession_line_renamed_is_itself")
        ),
        sa.CheckConstraint(
            "quota IS NULL OR (quota >= 0 AND quota_year IS NOT NULL)", name=op.f("ck_succession_line_quota_has_year")
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_succession_line_{column}"))
            for column, target in {
                "succession_id": "succession.id", "from_specialty_id": "specialty.id",
                "to_specialty_id": "specialty.id",
            }.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_succession_line")),
    )  # fmt: skip
    for column in ("succession_id", "from_specialty_id", "to_specialty_id"):
        op.create_index(op.f(f"ix_succession_line_{column}"), "succession_line", [column], unique=False)


def _kept() -> None:
    """A succession stays as it was recorded; what it did, and the codes it took out of use, for good."""
    op.execute(f"CREATE TRIGGER succession_frozen BEFORE DELETE OR UPDATE OF {_FACTS} ON succession {_ROW}")
    op.execute(
        "CREATE TRIGGER succession_stays_recorded BEFORE UPDATE OF state, recorded_by, recorded_at ON succession"
        " FOR EACH ROW WHEN (OLD.state <> 'proposed' AND (NEW.state, NEW.recorded_by, NEW.recorded_at)"
        " IS DISTINCT FROM (OLD.state, OLD.recorded_by, OLD.recorded_at)) EXECUTE FUNCTION refuse_change()"
    )
    for table in ("succession_line", "school_code"):
        op.execute(f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table} {_ROW}")
    for table in ("succession", "succession_line", "school_code"):
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER specialty_successor_once BEFORE UPDATE OF successor_id ON specialty FOR EACH ROW"
        " WHEN (OLD.successor_id IS NOT NULL AND NEW.successor_id IS NULL) EXECUTE FUNCTION refuse_change()"
    )


def _frozen(besides: str) -> None:
    """Of a rating in force one thing changes: until when it was known."""
    columns = (
        "id, specialty_id, review_id, rating, year, reasons, document_number, source, valid_from, valid_to, known_from"
    )
    op.execute("DROP TRIGGER rating_in_force_frozen ON rating_in_force")
    op.execute(
        f"CREATE TRIGGER rating_in_force_frozen BEFORE DELETE OR UPDATE OF {columns}{besides} ON rating_in_force {_ROW}"
    )


def _rating(confirmed: str) -> None:
    """A rating in force is a confirmed review's: of its own specialty, or of one that is part of it now."""
    raised = (
        "RAISE EXCEPTION 'a rating in force is a confirmed review''s' USING ERRCODE = 'check_violation',"
        f" TABLE = TG_TABLE_NAME, CONSTRAINT = '{_RATING}';"
    )
    wrong = f"w.review_id IS NOT NULL AND NOT EXISTS (SELECT FROM review r WHERE r.id = w.review_id AND {confirmed})"
    body = f"IF EXISTS (SELECT FROM written w WHERE {wrong}) THEN {raised} END IF; RETURN NULL;"
    op.execute(f"CREATE OR REPLACE FUNCTION {_RATING}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _rating(_CONFIRMED.format(carried=""))
    _frozen("")
    op.execute("DROP TRIGGER specialty_successor_once ON specialty")
    op.drop_constraint(op.f("ck_rating_in_force_carried_after_it_acts"), "rating_in_force")
    op.drop_column("rating_in_force", "acts_since")
    op.drop_constraint(op.f("ck_specialty_merged_is_closed"), "specialty")
    for table in ("specialty", "school"):
        op.drop_column(table, "successor_id")
    for table in ("school_code", "succession_line", "succession"):
        op.drop_table(table)
