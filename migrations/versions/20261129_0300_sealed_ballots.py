"""Ballots nobody reads before the close; the end of a vote; paper votes with the minutes they stand in."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022_sealed_ballots"
down_revision: str | Sequence[str] | None = "0021_rounds_open_by_themselves"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PLACE = "id, item_id, member_id, number, cast_at"
ENDED = """
CREATE FUNCTION ballot_open_after_the_vote() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT FROM written w JOIN meeting_item i ON i.id = w.item_id
               WHERE w.choice IS NOT NULL AND i.state = 'voting' AND i.vote_ended_at IS NULL) THEN
        RAISE EXCEPTION 'a ballot is sealed until the vote has ended'
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'ballot_open_after_the_vote';
    END IF; RETURN NULL; END $$
"""
OPENED = """
CREATE FUNCTION meeting_item_closed_is_open() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT FROM written w JOIN ballot b ON b.item_id = w.id
               WHERE w.state = 'closed' AND b.choice IS NULL) THEN
        RAISE EXCEPTION 'the ballots of a closed item are on record'
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'meeting_item_closed_is_open';
    END IF; RETURN NULL; END $$
"""


def _refuse(name: str, table: str, what: str, when: str = "") -> str:
    return f"CREATE TRIGGER {name} BEFORE {what} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION refuse_change()"


def upgrade() -> None:
    """Old code goes on until an item closes: it casts in the clear where no vote has begun under the new.

    Votes that are under way now stay as they are; each ballot cast from now on is sealed.
    """
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("meeting_item", sa.Column("vote_ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("meeting_item", sa.Column("ballot_key", sa.LargeBinary(), nullable=True))
    op.add_column("ballot", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.alter_column("ballot", "choice", nullable=True)
    _checks()
    _triggers()
    _minutes()


def _checks() -> None:
    op.create_check_constraint(
        op.f("ck_ballot_sealed_or_open"),
        "ballot",
        "choice IS NOT NULL OR (coalesce(length(sealed), 0) > 0 AND reason = '')",
    )
    op.create_check_constraint(
        op.f("ck_meeting_item_ended_was_voted_on"), "meeting_item",
        "state IN ('voting', 'closed', 'voided') OR vote_ended_at IS NULL",
    )  # fmt: skip
    op.create_check_constraint(
        op.f("ck_meeting_item_key_told_at_the_close"), "meeting_item",
        "state IN ('closed', 'voided') OR ballot_key IS NULL",
    )  # fmt: skip


def _triggers() -> None:
    op.execute("DROP TRIGGER ballot_frozen ON ballot")
    op.execute("DROP TRIGGER ballot_words ON ballot")
    op.execute(_refuse("ballot_frozen", "ballot", f"DELETE OR UPDATE OF {PLACE}"))
    again = "OLD.choice IS NOT NULL AND NEW.choice IS DISTINCT FROM OLD.choice"
    op.execute(_refuse("ballot_choice_once", "ballot", "UPDATE OF choice", f"WHEN ({again})"))
    changed = "OLD.choice IS NOT NULL AND NEW.reason <> OLD.reason AND NEW.reason <> ''"
    op.execute(_refuse("ballot_words", "ballot", "UPDATE OF reason", f"WHEN ({changed})"))
    other = "NEW.sealed IS DISTINCT FROM OLD.sealed AND (NEW.choice IS NULL OR coalesce(NEW.sealed <> '', true))"
    op.execute(_refuse("ballot_sealed_kept", "ballot", "UPDATE OF sealed", f"WHEN ({other})"))
    op.execute(
        _refuse("meeting_item_vote_ends_once", "meeting_item", "UPDATE OF vote_ended_at",
                "WHEN (OLD.vote_ended_at IS NOT NULL AND NEW.vote_ended_at IS DISTINCT FROM OLD.vote_ended_at)")
    )  # fmt: skip
    op.execute(ENDED)
    op.execute(OPENED)
    for function, table in (("ballot_open_after_the_vote", "ballot"), ("meeting_item_closed_is_open", "meeting_item")):
        for event in ("INSERT", "UPDATE"):
            op.execute(
                f"CREATE TRIGGER {function}_{event.lower()} AFTER {event} ON {table} REFERENCING NEW TABLE AS written"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            )


def _minutes() -> None:
    op.create_table(
        "meeting_minutes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("meeting_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_meeting_minutes_minutes_sha256")),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_meeting_minutes_meeting_id")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["person.id"], name=op.f("fk_meeting_minutes_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_minutes")),
    )
    op.create_index(op.f("ix_meeting_minutes_meeting_id"), "meeting_minutes", ["meeting_id"])
    op.execute(_refuse("meeting_minutes_immutable", "meeting_minutes", "UPDATE OR DELETE"))
    op.execute(
        "CREATE TRIGGER meeting_minutes_kept BEFORE TRUNCATE ON meeting_minutes"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.add_column("decision", sa.Column("minutes_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_decision_minutes_id"), "decision", "meeting_minutes", ["minutes_id"], ["id"])
    op.create_index(op.f("ix_decision_minutes_id"), "decision", ["minutes_id"])
    op.create_check_constraint(
        op.f("ck_decision_paper_has_minutes"), "decision",
        "(coalesce(tally ->> 'by', 'meeting') = 'paper') = (minutes_id IS NOT NULL)",
    )  # fmt: skip


def downgrade() -> None:
    """What is still sealed nobody can tell to old code: those ballots are void, and their members vote again."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_decision_paper_has_minutes"), "decision")
    op.drop_index(op.f("ix_decision_minutes_id"), table_name="decision")
    op.drop_column("decision", "minutes_id")
    op.drop_table("meeting_minutes")
    for function in ("ballot_open_after_the_vote", "meeting_item_closed_is_open"):
        op.execute(f"DROP FUNCTION {function} CASCADE")
    op.execute("DROP TRIGGER meeting_item_vote_ends_once ON meeting_item")
    for trigger in ("ballot_frozen", "ballot_choice_once", "ballot_words", "ballot_sealed_kept"):
        op.execute(f"DROP TRIGGER {trigger} ON ballot")
    op.drop_constraint(op.f("ck_ballot_sealed_or_open"), "ballot")
    op.execute("UPDATE ballot SET choice = 'abstain', void = true WHERE choice IS NULL")
    op.alter_column("ballot", "choice", nullable=False)
    op.drop_column("ballot", "sealed")
    op.execute(_refuse("ballot_frozen", "ballot", f"DELETE OR UPDATE OF {PLACE}, choice"))
    op.execute(_refuse("ballot_words", "ballot", "UPDATE OF reason",
                       "WHEN (NEW.reason <> OLD.reason AND NEW.reason <> '')"))  # fmt: skip
    for name in ("ck_meeting_item_ended_was_voted_on", "ck_meeting_item_key_told_at_the_close"):
        op.drop_constraint(op.f(name), "meeting_item")
    op.drop_column("meeting_item", "ballot_key")
    op.drop_column("meeting_item", "vote_ended_at")
