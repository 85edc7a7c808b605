"""Official papers: templates, ways of numbering, numbers without a gap, and the papers, which stay as they left."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026_documents"
down_revision: str | Sequence[str] | None = "0025_staged_files"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KINDS = (
    "kind IN ('publication_notice', 'decision_letter', 'rectification_notice', 'objection_answer', 'appeal_answer',"
    " 'minutes')"
)
_SHA256 = "~ '^[0-9a-f]{64}$'"
_STEPS = "document_sequence_steps"


def upgrade() -> None:
    """New tables: old code knows nothing of them."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _templates()
    _numbers()
    _papers()
    for table in ("document_template", "document_form", "document"):
        op.execute(
            f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER document_sequence_kept_rows BEFORE DELETE ON document_sequence"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    for table in ("document_template", "document_form", "document_sequence", "document"):
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        f"CREATE FUNCTION {_STEPS}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW.last <> OLD.last + 1 OR (NEW.jurisdiction_code, NEW.form, NEW.year)"
        " IS DISTINCT FROM (OLD.jurisdiction_code, OLD.form, OLD.year) THEN"
        " RAISE EXCEPTION 'numbers are given one after the other' USING ERRCODE = 'check_violation',"
        f" TABLE = TG_TABLE_NAME, CONSTRAINT = '{_STEPS}'; END IF; RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {_STEPS} BEFORE UPDATE ON document_sequence FOR EACH ROW EXECUTE FUNCTION {_STEPS}()")


def _templates() -> None:
    op.create_table(
        "document_template",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("jurisdiction_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_document_template_kind_known")),
        sa.CheckConstraint("number > 0", name=op.f("ck_document_template_number_counts")),
        sa.CheckConstraint(
            f"(sha256 IS NULL) = (size = 0) AND (sha256 IS NULL OR sha256 {_SHA256})",
            name=op.f("ck_document_template_file_whole"),
        ),
        *_references("document_template", jurisdiction_code="jurisdiction.code", made_by="person.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_template")),
        sa.UniqueConstraint(
            "jurisdiction_code", "kind", "number", name=op.f("uq_document_template_jurisdiction_code_kind_number")
        ),
    )


def _references(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))
        for column, target in targets.items()
    ]


def _numbers() -> None:
    op.create_table(
        "document_form",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("jurisdiction_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_document_form_kind_known")),
        sa.CheckConstraint(
            "form LIKE '%{year}%' AND form LIKE '%{number}%'", name=op.f("ck_document_form_form_has_both")
        ),
        *_references("document_form", jurisdiction_code="jurisdiction.code", made_by="person.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_form")),
    )
    op.create_index("ix_document_form_kind", "document_form", ["jurisdiction_code", "kind", "id"])
    op.create_table(
        "document_sequence",
        sa.Column("jurisdiction_code", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.CheckConstraint("last >= 0", name=op.f("ck_document_sequence_last_not_negative")),
        *_references("document_sequence", jurisdiction_code="jurisdiction.code"),
        sa.PrimaryKeyConstraint("jurisdiction_code", "form", "year", name=op.f("pk_document_sequence")),
    )


def _papers() -> None:
    op.create_table(
        "document",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("jurisdiction_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=True),
        sa.Column("review_id", sa.BigInteger(), nullable=True),
        sa.Column("specialty_id", sa.BigInteger(), nullable=True),
        sa.Column("template_id", sa.BigInteger(), nullable=True),
        sa.Column("template_sha256", sa.Text(), nullable=False),
        sa.Column("filling", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(KINDS, name=op.f("ck_document_kind_known")),
        sa.CheckConstraint("sequence > 0 AND size > 0", name=op.f("ck_document_something_counted")),
        sa.CheckConstraint(
            f"sha256 {_SHA256} AND template_sha256 {_SHA256} AND filling {_SHA256}",
            name=op.f("ck_document_hashes_sha256"),
        ),
        *_references(
            "document", jurisdiction_code="jurisdiction.code", round_id="round.id", review_id="review.id",
            specialty_id="specialty.id", template_id="document_template.id", replaces_id="document.id", made_by="person.id",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint(
            "jurisdiction_code", "form", "year", "sequence", name=op.f("uq_document_jurisdiction_code_form_year_sequence")
        ),
        sa.UniqueConstraint("jurisdiction_code", "number", name=op.f("uq_document_jurisdiction_code_number")),
    )  # fmt: skip
    op.create_index("ix_document_subject", "document", ["kind", "subject_kind", "subject_id", "id"])
    op.create_index(op.f("ix_document_round_id"), "document", ["round_id"])
    op.create_index(op.f("ix_document_review_id"), "document", ["review_id"])
    op.create_index(op.f("ix_document_specialty_id"), "document", ["specialty_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("document", "document_sequence", "document_form", "document_template"):
        op.drop_table(table)
    op.execute(f"DROP FUNCTION {_STEPS}")
