"""Specialty groups with their versions, and designations whose half-made states are refused."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0024_designations"
down_revision: str | Sequence[str] | None = "0023_amendments"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ROW = "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
_PROPOSED = "id, jurisdiction_code, kind, tier, group_id, proposed_by, proposed_at"
_GRANTED = "granted_by, granted_at, document_number"
ITS_SCHOOLS = "specialty_group_member_of_its_school"


def upgrade() -> None:
    """New tables: old code knows nothing of them."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _groups()
    _designations()
    _losses()
    _stays()


def _table(name: str, *parts: object, keys: dict[str, str], unique: Sequence[Sequence[str]] = ()) -> None:
    op.create_table(
        name,
        *parts,  # type: ignore[arg-type]  # columns and constraints
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{name}_{column}"))
            for column, target in keys.items()
        ),
        *(sa.UniqueConstraint(*columns, name=op.f(f"uq_{name}_{'_'.join(columns)}")) for columns in unique),
    )


def _groups() -> None:
    _table(
        "specialty_group",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_specialty_group_name_given")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_specialty_group")),
        keys={"school_id": "school.id", "made_by": "person.id"},
        unique=[("school_id", "name")],
    )
    _table(
        "specialty_group_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number = 1 OR reason <> ''", name=op.f("ck_specialty_group_version_revised_has_reason")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_specialty_group_version")),
        keys={"group_id": "specialty_group.id", "made_by": "person.id"},
        unique=[("group_id", "number")],
    )
    _table(
        "specialty_group_member",
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version_id", "specialty_id", name=op.f("pk_specialty_group_member")),
        keys={"version_id": "specialty_group_version.id", "specialty_id": "specialty.id"},
    )
    op.create_index("ix_specialty_group_member_specialty_id", "specialty_group_member", ["specialty_id"])
    op.create_foreign_key(
        "fk_specialty_group_version_lead", "specialty_group_version", "specialty_group_member", ["id", "lead_id"],
        ["version_id", "specialty_id"], deferrable=True, initially="DEFERRED",
    )  # fmt: skip


def _designations() -> None:
    checks = {
        "kind_known": "kind IN ('demonstration', 'high_level')",
        "tier_known": "tier IN ('secondary', 'college')",
        "state_known": "state IN ('proposed', 'granted', 'under_review', 'kept', 'withdrawn')",
        "grounds_given": "grounds <> ''",
        "two_people": "granted_by IS NULL OR granted_by <> proposed_by",
        "grant_whole": "num_nonnulls(granted_by, granted_at, nullif(document_number, '')) IN (0, 3)",
        "decision_whole": "num_nonnulls(decided_by, decided_at, nullif(reason, '')) IN (0, 3)",
        "proposed_is_ungranted": "state NOT IN ('proposed') OR granted_at IS NULL",
        "granted_has_document": "state NOT IN ('granted', 'under_review', 'kept') OR granted_at IS NOT NULL",
        "reviewed_has_its_time": "state NOT IN ('under_review') OR review_since IS NOT NULL",
        "reviewed_was_granted": "review_since IS NULL OR granted_at IS NOT NULL",
        "decided_has_reason": "state NOT IN ('kept', 'withdrawn') OR decided_at IS NOT NULL",
        "reviewed_has_document": "state NOT IN ('kept', 'withdrawn') OR granted_at IS NULL OR decision_document <> ''",
    }
    _table(
        "designation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("jurisdiction_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.BigInteger(), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("document_number", sa.Text(), server_default="", nullable=False),
        sa.Column("review_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_by", sa.BigInteger(), nullable=True),
        sa.Column("was_kept", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_document", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *(sa.CheckConstraint(says, name=op.f(f"ck_designation_{name}")) for name, says in checks.items()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_designation")),
        keys={
            "jurisdiction_code": "jurisdiction.code", "specialty_id": "specialty.id", "group_id": "specialty_group.id",
            "proposed_by": "person.id", "granted_by": "person.id", "review_by": "person.id",
            "decided_by": "person.id",
        },
    )  # fmt: skip
    for column in ("specialty_id", "group_id"):
        op.create_index(f"ix_designation_{column}", "designation", [column])
    op.create_index("ix_designation_progress", "designation", ["jurisdiction_code", "kind", "tier", "state"])
    for of, where in (("specialty", "group_id IS NULL"), ("group", "group_id IS NOT NULL")):
        op.create_index(
            f"uq_designation_{of}", "designation", [f"{of}_id", "kind"], unique=True,
            postgresql_where=sa.text(f"{where} AND state <> 'withdrawn'"),
        )  # fmt: skip


def _losses() -> None:
    _table(
        "designation_loss",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("designation_id", sa.BigInteger(), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=True),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "ended_by IS NULL OR review_id IS NOT NULL", name=op.f("ck_designation_loss_ended_was_rated")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_designation_loss")),
        keys={
            "designation_id": "designation.id", "specialty_id": "specialty.id", "review_id": "review.id",
            "ended_by": "review.id",
        },
    )  # fmt: skip
    for column in ("designation_id", "review_id"):
        op.create_index(f"ix_designation_loss_{column}", "designation_loss", [column])


def _stays() -> None:
    """No row is removed; a version of a group and who proposed stay, and what was granted, once it was."""
    for table, columns in (("specialty_group", ""), ("specialty_group_version", ""), ("specialty_group_member", ""),
                           ("designation", f" OF {_PROPOSED}"),
                           ("designation_loss", " OF id, designation_id, specialty_id, review_id, lost_at")):  # fmt: skip
        op.execute(f"CREATE TRIGGER {table}_frozen BEFORE DELETE OR UPDATE{columns} ON {table} {_ROW}")
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    new, old = (", ".join(f"{row}.{column}" for column in _GRANTED.split(", ")) for row in ("NEW", "OLD"))
    op.execute(
        f"CREATE TRIGGER designation_grant_stays BEFORE UPDATE OF {_GRANTED} ON designation FOR EACH ROW"
        f" WHEN (OLD.granted_at IS NOT NULL AND ({new}) IS DISTINCT FROM ({old})) EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER designation_specialty_stays BEFORE UPDATE OF specialty_id ON designation FOR EACH ROW"
        " WHEN (OLD.group_id IS NULL AND NEW.specialty_id <> OLD.specialty_id) EXECUTE FUNCTION refuse_change()"
    )
    elsewhere = (
        "EXISTS (SELECT FROM written w JOIN specialty_group_version v ON v.id = w.version_id"
        " JOIN specialty_group g ON g.id = v.group_id JOIN specialty s ON s.id = w.specialty_id"
        " WHERE s.school_id <> g.school_id)"
    )
    op.execute(
        f"CREATE FUNCTION {ITS_SCHOOLS}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {elsewhere} THEN"
        " RAISE EXCEPTION 'a group has specialties of its own school' USING ERRCODE = 'check_violation',"
        f" TABLE = TG_TABLE_NAME, CONSTRAINT = '{ITS_SCHOOLS}'; END IF; RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {ITS_SCHOOLS} AFTER INSERT ON specialty_group_member REFERENCING NEW TABLE AS written"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {ITS_SCHOOLS}()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("designation_loss")
    op.drop_table("designation")
    op.drop_constraint("fk_specialty_group_version_lead", "specialty_group_version", type_="foreignkey")
    for table in ("specialty_group_member", "specialty_group_version", "specialty_group"):
        op.drop_table(table)
    op.execute(f"DROP FUNCTION {ITS_SCHOOLS}")
