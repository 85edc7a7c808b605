"""An application's files, and the letters that decide one: two further kinds of papers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0047_application_papers"
down_revision: str | Sequence[str] | None = "0046_present_at_the_end"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BEFORE = (
    "publication_notice", "decision_letter", "rectification_notice", "objection_answer", "appeal_answer", "minutes",
)  # fmt: skip
KINDS = (*BEFORE, "application_approval", "application_refusal")
OF_A_KIND = ("document", "document_template", "document_form")


def upgrade() -> None:
    """Old code goes on: it makes no paper of the new kinds."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _known(KINDS)
    op.create_table(
        "application_attachment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$' AND size > 0", name=op.f("ck_application_attachment_file_whole")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_application_attachment_application_id")
        ),
        sa.ForeignKeyConstraint(["uploaded_by"], ["person.id"], name=op.f("fk_application_attachment_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_attachment")),
    )
    op.create_index(op.f("ix_application_attachment_application_id"), "application_attachment", ["application_id"])
    op.execute(
        "CREATE TRIGGER application_attachment_frozen BEFORE DELETE OR UPDATE OF id, application_id, media_type, size,"
        " sha256, uploaded_at, uploaded_by ON application_attachment FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER application_attachment_words BEFORE UPDATE OF name ON application_attachment FOR EACH ROW"
        " WHEN (NEW.name <> OLD.name AND NEW.name <> '') EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER application_attachment_kept BEFORE TRUNCATE ON application_attachment"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("application_attachment")
    _known(BEFORE)


def _known(kinds: Sequence[str]) -> None:
    for table in OF_A_KIND:
        op.drop_constraint(op.f(f"ck_{table}_kind_known"), table)
        named = ", ".join(f"'{kind}'" for kind in kinds)
        op.create_check_constraint(op.f(f"ck_{table}_kind_known"), table, f"kind IN ({named})")
