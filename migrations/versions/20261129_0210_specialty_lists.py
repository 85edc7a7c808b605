"""The negative and the urgent-need lists: tables whose half-made states are refused, and entries that stay as approved."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0019_specialty_lists"
down_revision: str | Sequence[str] | None = "0018_simulations"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ROW = "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
_FACTS = "id, round_id, jurisdiction_code, policy_id, kind, number, looked_at, named, built_by, built_at"
_NAMED = "id, list_id, level, code, name, reasons, figures, exempt_codes"
_APPROVED = "approved_by, approved_at, document_number, digest"
_PUBLISHED = "published_by, published_at, year"
ENTRY_KEPT, HAS_ITS_ENTRIES, OF_A_BUILT = (
    "specialty_list_entry_as_approved", "specialty_list_has_its_entries", "specialty_list_entry_of_a_built",
)  # fmt: skip


def upgrade() -> None:
    """New tables: old code knows nothing of them."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _lists()
    _entries()
    _stays()
    _looks_at_others()


def _lists() -> None:
    op.create_table(
        "specialty_list",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("jurisdiction_code", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("named", sa.Integer(), nullable=False),
        sa.Column("built_by", sa.BigInteger(), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("document_number", sa.Text(), server_default="", nullable=False),
        sa.Column("published_by", sa.BigInteger(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *(
            sa.CheckConstraint(says, name=op.f(f"ck_specialty_list_{name}"))
            for name, says in {
                "state_known": "state IN ('built', 'approved', 'published', 'superseded')",
                "kind_known": "kind IN ('negative', 'urgent')",
                "list_digest_sha256": "digest ~ '^[0-9a-f]{64}$'",
                "named_were_looked_at": "named BETWEEN 0 AND looked_at",
                "two_people": "approved_by IS NULL OR approved_by <> built_by",
                "approval_whole": "num_nonnulls(approved_by, approved_at, nullif(document_number, '')) IN (0, 3)",
                "publication_whole": "num_nonnulls(published_by, published_at, year) IN (0, 3)",
                "published_was_approved": "published_at IS NULL OR approved_at IS NOT NULL",
                "built_is_unapproved": "state NOT IN ('built') OR approved_at IS NULL",
                "approved_has_document": "state NOT IN ('approved', 'published') OR approved_at IS NOT NULL",
                "approved_is_unpublished": "state NOT IN ('built', 'approved') OR published_at IS NULL",
                "published_has_year": "state NOT IN ('published') OR published_at IS NOT NULL",
                "superseded_has_its_time": "(state = 'superseded') = (superseded_at IS NOT NULL)",
            }.items()
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_specialty_list_{column}"))
            for column, target in {
                "round_id": "round.id", "jurisdiction_code": "jurisdiction.code", "policy_id": "policy.id",
                "built_by": "person.id", "approved_by": "person.id", "published_by": "person.id",
            }.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_specialty_list")),
        sa.UniqueConstraint("round_id", "kind", "number", name=op.f("uq_specialty_list_round_id_kind_number")),
    )  # fmt: skip
    making, out = sa.text("state IN ('built', 'approved')"), sa.text("state = 'published'")
    op.create_index(
        "uq_specialty_list_in_making", "specialty_list", ["round_id", "kind"], unique=True, postgresql_where=making
    )
    op.create_index(
        "uq_specialty_list_published", "specialty_list", ["jurisdiction_code", "kind", "year"], unique=True,
        postgresql_where=out,
    )  # fmt: skip
    op.create_index("ix_specialty_list_year", "specialty_list", ["year", "kind", "id"])


def _entries() -> None:
    op.create_table(
        "specialty_list_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reasons", JSONB(), nullable=False),
        sa.Column("figures", JSONB(), nullable=False),
        sa.Column("exempt_by", sa.Text(), server_default="", nullable=False),
        sa.Column("exempt_codes", JSONB(), nullable=False),
        sa.Column("exempt_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("exempted_by", sa.BigInteger(), nullable=True),
        sa.Column("exempted_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.CheckConstraint(says, name=op.f(f"ck_specialty_list_entry_{name}"))
            for name, says in {
                "level_known": "level IN ('secondary', 'associate', 'bachelor')",
                "exempt_by_known": "exempt_by IN ('', 'policy', 'person')",
                "named_by_a_rule": "jsonb_array_length(reasons) > 0",
                "policy_has_codes": "(exempt_by = 'policy') = (jsonb_array_length(exempt_codes) > 0)",
                "person_has_reason": "(exempt_by = 'person') = (exempt_reason <> '')",
                "person_is_named": "(exempt_by = 'person') = (exempted_by IS NOT NULL)",
                "exemption_has_its_time": "(exempted_by IS NULL) = (exempted_at IS NULL)",
            }.items()
        ),
        sa.ForeignKeyConstraint(["list_id"], ["specialty_list.id"], name=op.f("fk_specialty_list_entry_list_id")),
        sa.ForeignKeyConstraint(["exempted_by"], ["person.id"], name=op.f("fk_specialty_list_entry_exempted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_specialty_list_entry")),
        sa.UniqueConstraint("list_id", "code", "level", name=op.f("uq_specialty_list_entry_list_id_code_level")),
    )


def _stays() -> None:
    """A list is never removed; what was built, approved and published of it stays, and what rules said of an entry."""
    for table, columns in (("specialty_list", _FACTS), ("specialty_list_entry", _NAMED)):
        op.execute(f"CREATE TRIGGER {table}_frozen BEFORE DELETE OR UPDATE OF {columns} ON {table} {_ROW}")
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for name, since, columns in (("approved", "approved_at", _APPROVED), ("published", "published_at", _PUBLISHED)):
        new, old = (", ".join(f"{row}.{c}" for c in columns.split(", ")) for row in ("NEW", "OLD"))
        op.execute(
            f"CREATE TRIGGER specialty_list_{name}_stays BEFORE UPDATE OF {columns} ON specialty_list FOR EACH ROW"
            f" WHEN (OLD.{since} IS NOT NULL AND ({new}) IS DISTINCT FROM ({old})) EXECUTE FUNCTION refuse_change()"
        )


def _raises(name: str, says: str, found: str, answer: str) -> str:
    raised = (
        f"RAISE EXCEPTION '{says}' USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = '{name}';"
    )
    body = f"IF {found} THEN {raised} END IF; RETURN {answer};"
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"


def _looks_at_others() -> None:
    not_built = "EXISTS (SELECT FROM specialty_list l WHERE l.id = OLD.list_id AND l.state <> 'built')"
    op.execute(_raises(ENTRY_KEPT, "entries of a list stay as they were approved", not_built, "NEW"))
    op.execute(
        f"CREATE TRIGGER {ENTRY_KEPT} BEFORE UPDATE ON specialty_list_entry FOR EACH ROW EXECUTE FUNCTION {ENTRY_KEPT}()"
    )
    added_late = "EXISTS (SELECT FROM written w JOIN specialty_list l ON l.id = w.list_id WHERE l.state <> 'built')"
    op.execute(_raises(OF_A_BUILT, "entries are added to a list while it is built", added_late, "NULL"))
    op.execute(
        f"CREATE TRIGGER {OF_A_BUILT} AFTER INSERT ON specialty_list_entry REFERENCING NEW TABLE AS written"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {OF_A_BUILT}()"
    )
    incomplete = (
        "EXISTS (SELECT FROM written w WHERE w.state IN ('approved', 'published') AND w.named <>"
        " (SELECT count(*) FROM specialty_list_entry e WHERE e.list_id = w.id))"
    )
    op.execute(_raises(HAS_ITS_ENTRIES, "an approved list has the entries it counts", incomplete, "NULL"))
    for event in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER {HAS_ITS_ENTRIES}_{event.lower()} AFTER {event} ON specialty_list"
            f" REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION {HAS_ITS_ENTRIES}()"
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("specialty_list_entry")
    op.drop_table("specialty_list")
    for name in (ENTRY_KEPT, OF_A_BUILT, HAS_ITS_ENTRIES):
        op.execute(f"DROP FUNCTION {name}")
