"""Applications to open, change or close a specialty: tables whose half-made states are refused, and what stays as signed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0027_applications"
down_revision: str | Sequence[str] | None = "0026_documents"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ROW = "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
_SIGNED = (
    "id, jurisdiction_code, school_id, policy_id, kind, catalogue_entry_id, catalogue_code, direction, name, level,"
    " class_code, class_name, length, campus, partner, agreement, department_code, changes, effective_on, grounds,"
    " midlevel_teachers, students, evidence_year, negative_list_id, received_at, received_by"
)
_VISITED = "visit_report, visited_on, visited_by, visit_teachers"
_TOLD = "reason, document_number, decided_by, decided_at, deemed_served_at, complain_until"
VOTED_FOR = "application_registered_was_voted_for"
_GOING = "state IN ('received', 'checked', 'clear', 'visit_first', 'committee')"
_CHECKS = {
    "state_known": "state IN ('received', 'checked', 'clear', 'visit_first', 'committee', 'registered', 'refused',"
    " 'withdrawn')",
    "kind_known": "kind IN ('open', 'off_catalogue', 'change', 'close')",
    "level_known": "level IN ('secondary', 'associate', 'bachelor')",
    "open_has_entry": "kind <> 'open' OR catalogue_entry_id IS NOT NULL",
    "off_catalogue_has_partner": "kind <> 'off_catalogue' OR (partner <> '' AND agreement <> '' AND"
    " department_code <> '' AND catalogue_entry_id IS NULL)",
    "has_its_specialty": "kind IN ('open', 'off_catalogue') OR specialty_id IS NOT NULL",
    "opening_has_its_day": "(kind IN ('open', 'off_catalogue')) = (effective_on IS NOT NULL)",
    "change_says_what": "(kind = 'change') = (changes <> '{}')",
    "close_says_students": "(kind = 'close') = (students IS NOT NULL)",
    "has_grounds": "grounds <> ''",
    "was_checked": "state NOT IN ('checked', 'clear', 'visit_first', 'committee', 'registered') OR"
    " checked_at IS NOT NULL",
    "visit_whole": "num_nonnulls(visited_on, visited_by, nullif(visit_report, '')) IN (0, 3)",
    "decision_whole": "num_nonnulls(decided_by, decided_at, deemed_served_at, complain_until) IN (0, 4)",
    "decided_is_told": "state NOT IN ('refused', 'registered') OR decided_at IS NOT NULL",
    "undecided_tells_nothing": "state IN ('refused', 'registered') OR decided_at IS NULL",
    "served_was_decided": "state IN ('refused', 'registered') OR served_at IS NULL",
    "registered_has_specialty": "state NOT IN ('registered') OR specialty_id IS NOT NULL",
    "registered_has_document": "state NOT IN ('registered') OR document_number <> ''",
    "refused_has_reasons": "state NOT IN ('refused') OR (reason <> '' OR findings <> '[]')",
}


def upgrade() -> None:
    """New tables: old code knows nothing of them."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _applications()
    _opinions_and_votes()
    _stays()
    _voted_for()


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _empty(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), server_default="", nullable=False) for name in names]


def _when(*names: str, null: bool = True) -> list[sa.Column[sa.DateTime]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=null) for name in names]


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _identity() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def _keys(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target.replace("__", ".")], name=op.f(f"fk_{table}_{column}"))
        for column, target in targets.items()
    ]


def _applications() -> None:
    op.create_table(
        "application",
        _identity(),
        *_text("jurisdiction_code"),
        _number("school_id"),
        _number("policy_id"),
        *_text("kind", "state"),
        _number("specialty_id", null=True),
        _number("catalogue_entry_id", null=True),
        *_text("catalogue_code", "direction", "name", "level", "class_code", "class_name", "length", "campus"),
        *_text("partner", "agreement", "department_code"),
        sa.Column("changes", JSONB(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        *_text("grounds"),
        sa.Column("midlevel_teachers", sa.Integer(), nullable=True),
        sa.Column("students", sa.Integer(), nullable=True),
        sa.Column("evidence_year", sa.Integer(), nullable=False),
        _number("negative_list_id", null=True),
        *_when("received_at", null=False),
        _number("received_by"),
        *_when("due", "checked_at"),
        sa.Column("findings", JSONB(), server_default="[]", nullable=False),
        *_empty("visit_report"),
        sa.Column("visited_on", sa.Date(), nullable=True),
        _number("visited_by", null=True),
        sa.Column("visit_teachers", sa.Integer(), nullable=True),
        *_empty("reason", "document_number"),
        _number("decided_by", null=True),
        *_when("decided_at", "deemed_served_at", "served_at", "complain_until"),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *(sa.CheckConstraint(says, name=op.f(f"ck_application_{name}")) for name, says in _CHECKS.items()),
        *_keys(
            "application", jurisdiction_code="jurisdiction__code", school_id="school__id", policy_id="policy__id",
            specialty_id="specialty__id", catalogue_entry_id="catalogue_entry__id",
            negative_list_id="specialty_list__id", received_by="person__id", visited_by="person__id",
            decided_by="person__id",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
    )  # fmt: skip
    op.create_index(op.f("ix_application_school_id"), "application", ["school_id"])
    op.create_index(op.f("ix_application_specialty_id"), "application", ["specialty_id"])
    op.create_index("ix_application_jurisdiction_code_state", "application", ["jurisdiction_code", "state"])
    op.create_index(
        "uq_application_opening", "application", ["school_id", "catalogue_code", "name", "direction"], unique=True,
        postgresql_where=sa.text(f"kind IN ('open', 'off_catalogue') AND {_GOING}"),
    )  # fmt: skip
    op.create_index(
        "uq_application_of_specialty", "application", ["specialty_id"], unique=True,
        postgresql_where=sa.text(f"kind IN ('change', 'close') AND {_GOING}"),
    )  # fmt: skip


def _opinions_and_votes() -> None:
    op.create_table(
        "application_opinion",
        _identity(),
        _number("application_id"),
        *_text("party"),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        *_text("words", "document_number"),
        _number("given_by"),
        *_when("given_at", null=False),
        sa.CheckConstraint("party IN ('bureau', 'department')", name=op.f("ck_application_opinion_party_known")),
        sa.CheckConstraint(
            "words <> '' AND document_number <> ''", name=op.f("ck_application_opinion_said_in_writing")
        ),
        *_keys("application_opinion", application_id="application__id", given_by="person__id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_opinion")),
        sa.UniqueConstraint("application_id", "party", name=op.f("uq_application_opinion_application_id_party")),
    )
    op.create_table(
        "application_vote",
        _identity(),
        _number("application_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("tally", JSONB(), nullable=False),
        *_text("minutes_number", "reason"),
        _number("recorded_by"),
        *_when("recorded_at", null=False),
        sa.CheckConstraint("minutes_number <> ''", name=op.f("ck_application_vote_has_minutes")),
        sa.CheckConstraint("number = 1 OR reason <> ''", name=op.f("ck_application_vote_anew_has_reason")),
        *_keys("application_vote", application_id="application__id", recorded_by="person__id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_vote")),
        sa.UniqueConstraint("application_id", "number", name=op.f("uq_application_vote_application_id_number")),
    )


def _stays() -> None:
    """What a school signed, what was said and voted, what was told of a decision: never another, and never removed."""
    op.execute(f"CREATE TRIGGER application_frozen BEFORE DELETE OR UPDATE OF {_SIGNED} ON application {_ROW}")
    for table in ("application_opinion", "application_vote"):
        op.execute(f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table} {_ROW}")
    for table in ("application", "application_opinion", "application_vote"):
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for name, since, columns in (("visit", "visited_on", _VISITED), ("decision", "decided_at", _TOLD)):
        new, old = (", ".join(f"{row}.{c}" for c in columns.split(", ")) for row in ("NEW", "OLD"))
        op.execute(
            f"CREATE TRIGGER application_{name}_stays BEFORE UPDATE OF {columns} ON application FOR EACH ROW"
            f" WHEN (OLD.{since} IS NOT NULL AND ({new}) IS DISTINCT FROM ({old})) EXECUTE FUNCTION refuse_change()"
        )


def _voted_for() -> None:
    newest = (
        "(SELECT v.approved FROM application_vote v WHERE v.application_id = NEW.id ORDER BY v.number DESC LIMIT 1)"
    )
    raised = (
        "RAISE EXCEPTION 'only what the committee voted for is registered' USING ERRCODE = 'check_violation',"
        f" TABLE = TG_TABLE_NAME, CONSTRAINT = '{VOTED_FOR}';"
    )
    op.execute(
        f"CREATE FUNCTION {VOTED_FOR}() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN IF NOT coalesce({newest}, false) THEN {raised} END IF; RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {VOTED_FOR} BEFORE INSERT OR UPDATE OF state ON application FOR EACH ROW"
        f" WHEN (NEW.state = 'registered') EXECUTE FUNCTION {VOTED_FOR}()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("application_vote", "application_opinion", "application"):
        op.drop_table(table)
    op.execute(f"DROP FUNCTION {VOTED_FOR}")
