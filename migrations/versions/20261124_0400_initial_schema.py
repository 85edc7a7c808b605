"""The schema of the first release: every table, its constraints, and what may never change."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001_initial"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

IMMUTABLE = ("policy", "evidence_version", "decision", "publication_entry", "event", "event_seal")


def refuse_changes() -> None:
    """What is on record stays as it was written: the database itself refuses, whoever asks."""
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table in IMMUTABLE:
        op.execute(
            f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def upgrade() -> None:
    """Old code must go on running on the new schema; whoever waits longer for a lock than this gives way."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "api_key",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_key_secret_hash")),
    )
    op.create_table(
        "catalogue_edition",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_edition")),
        sa.UniqueConstraint("code", name=op.f("uq_catalogue_edition_code")),
    )
    op.create_table(
        "event",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "transaction",
            sa.BigInteger(),
            server_default=sa.text("((pg_current_xact_id())::text)::bigint"),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=True),
        sa.Column("round_id", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("actor_person_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_key_id", sa.BigInteger(), nullable=True),
        sa.Column("acting_for_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "audience IN ('public', 'school', 'office', 'sealed')", name=op.f("ck_event_audience_known")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event")),
    )
    op.create_index("ix_event_feed", "event", ["transaction", "seq"], unique=False)
    op.create_index(
        "ix_event_specialty",
        "event",
        ["specialty_id", "seq"],
        unique=False,
        postgresql_where=sa.text("specialty_id IS NOT NULL"),
    )
    op.create_index("ix_event_subject", "event", ["subject_kind", "subject_id", "seq"], unique=False)
    op.create_table(
        "event_seal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("through", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_seal")),
        sa.UniqueConstraint("through", name=op.f("uq_event_seal_through")),
    )
    op.create_table(
        "idempotent_reply",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotent_reply")),
    )
    op.create_index(op.f("ix_idempotent_reply_at"), "idempotent_reply", ["at"], unique=False)
    op.create_table(
        "jurisdiction",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.CheckConstraint("code ~ '^[0-9]{6}$'", name=op.f("ck_jurisdiction_code_six_digits")),
        sa.CheckConstraint("kind IN ('province', 'city', 'county', 'zone')", name=op.f("ck_jurisdiction_kind_known")),
        sa.ForeignKeyConstraint(["parent_code"], ["jurisdiction.code"], name=op.f("fk_jurisdiction_parent_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_jurisdiction")),
    )
    op.create_index(op.f("ix_jurisdiction_parent_code"), "jurisdiction", ["parent_code"], unique=False)
    op.create_table(
        "catalogue_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("class_code", sa.Text(), nullable=False),
        sa.Column("class_name", sa.Text(), nullable=False),
        sa.Column("subclass_code", sa.Text(), nullable=False),
        sa.Column("subclass_name", sa.Text(), nullable=False),
        sa.Column("state_controlled", sa.Boolean(), nullable=False),
        sa.Column("first_in", sa.Text(), nullable=False),
        sa.CheckConstraint("code ~ '^[2-7][0-9]{5}$'", name=op.f("ck_catalogue_entry_code_six_digits")),
        sa.CheckConstraint(
            "level IN ('secondary', 'associate', 'bachelor')", name=op.f("ck_catalogue_entry_level_known")
        ),
        sa.ForeignKeyConstraint(["edition_id"], ["catalogue_edition.id"], name=op.f("fk_catalogue_entry_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_entry")),
        sa.UniqueConstraint("edition_id", "code", name=op.f("uq_catalogue_entry_edition_id_code")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("jurisdiction_code", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('bureau', 'county', 'department', 'school', 'third_party')",
            name=op.f("ck_organisation_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["jurisdiction_code"], ["jurisdiction.code"], name=op.f("fk_organisation_jurisdiction_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("kind", "code", name=op.f("uq_organisation_kind_code")),
    )
    op.create_index(op.f("ix_organisation_jurisdiction_code"), "organisation", ["jurisdiction_code"], unique=False)
    op.create_table(
        "cycle",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("jurisdiction_code", sa.Text(), nullable=False),
        sa.Column("bureau_id", sa.BigInteger(), nullable=False),
        sa.Column("first_year", sa.Integer(), nullable=False),
        sa.Column("last_year", sa.Integer(), nullable=False),
        sa.Column("levels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("school_kinds", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'running', 'concluded', 'cancelled')", name=op.f("ck_cycle_state_known")
        ),
        sa.CheckConstraint("last_year BETWEEN first_year AND first_year + 2", name=op.f("ck_cycle_years_one_to_three")),
        sa.ForeignKeyConstraint(["bureau_id"], ["organisation.id"], name=op.f("fk_cycle_bureau_id")),
        sa.ForeignKeyConstraint(["jurisdiction_code"], ["jurisdiction.code"], name=op.f("fk_cycle_jurisdiction_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cycle")),
        sa.UniqueConstraint("code", name=op.f("uq_cycle_code")),
    )
    op.create_index(op.f("ix_cycle_bureau_id"), "cycle", ["bureau_id"], unique=False)
    op.create_index(op.f("ix_cycle_jurisdiction_code"), "cycle", ["jurisdiction_code"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), server_default="", nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("employer_id", sa.BigInteger(), nullable=True),
        sa.Column("employer_name", sa.Text(), server_default="", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["employer_id"], ["organisation.id"], name=op.f("fk_person_employer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("login", name=op.f("uq_person_login")),
    )
    op.create_index(op.f("ix_person_employer_id"), "person", ["employer_id"], unique=False)
    op.create_table(
        "school",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("run_by", sa.Text(), nullable=False),
        sa.Column("jurisdiction_code", sa.Text(), nullable=False),
        sa.Column("city_code", sa.Text(), nullable=False),
        sa.CheckConstraint("code ~ '^[0-9A-Z]{6,18}$'", name=op.f("ck_school_code_shape")),
        sa.CheckConstraint(
            "kind IN ('secondary', 'technician', 'college', 'vocational_university')", name=op.f("ck_school_kind_known")
        ),
        sa.CheckConstraint("run_by IN ('city', 'county')", name=op.f("ck_school_run_by_known")),
        sa.CheckConstraint(
            "scheme <> 'education' OR code ~ '^[0-9]{10}$'", name=op.f("ck_school_education_code_ten_digits")
        ),
        sa.CheckConstraint("scheme IN ('education', 'human_resources')", name=op.f("ck_school_scheme_known")),
        sa.ForeignKeyConstraint(["city_code"], ["jurisdiction.code"], name=op.f("fk_school_city_code")),
        sa.ForeignKeyConstraint(["id"], ["organisation.id"], name=op.f("fk_school_id")),
        sa.ForeignKeyConstraint(["jurisdiction_code"], ["jurisdiction.code"], name=op.f("fk_school_jurisdiction_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school")),
        sa.UniqueConstraint("code", name=op.f("uq_school_code")),
    )
    op.create_index(op.f("ix_school_city_code"), "school", ["city_code"], unique=False)
    op.create_index(op.f("ix_school_jurisdiction_code"), "school", ["jurisdiction_code"], unique=False)
    op.create_table(
        "committee_member",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("bureau_id", sa.BigInteger(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("substitute", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("term_from", sa.Date(), nullable=False),
        sa.Column("term_to", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "sector IN ('industry', 'enterprise', 'research', 'administration')",
            name=op.f("ck_committee_member_sector_known"),
        ),
        sa.CheckConstraint("term_to >= term_from", name=op.f("ck_committee_member_term_forwards")),
        sa.ForeignKeyConstraint(["bureau_id"], ["organisation.id"], name=op.f("fk_committee_member_bureau_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_committee_member_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_committee_member")),
    )
    op.create_index(op.f("ix_committee_member_bureau_id"), "committee_member", ["bureau_id"], unique=False)
    op.create_index(op.f("ix_committee_member_person_id"), "committee_member", ["person_id"], unique=False)
    op.create_table(
        "enrolment_plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("jurisdiction_code", sa.Text(), nullable=False),
        sa.Column("academic_year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("city_total", sa.Integer(), nullable=True),
        sa.Column("document_number", sa.Text(), server_default="", nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.BigInteger(), nullable=True),
        sa.Column("approved_by", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state <> 'approved' OR (approved_by IS NOT NULL AND document_number <> '')",
            name=op.f("ck_enrolment_plan_approved_has_document"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'approved', 'superseded')", name=op.f("ck_enrolment_plan_state_known")
        ),
        sa.CheckConstraint(
            "state NOT IN ('submitted', 'approved') OR submitted_by IS NOT NULL",
            name=op.f("ck_enrolment_plan_submitted_by"),
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> submitted_by", name=op.f("ck_enrolment_plan_two_people")
        ),
        sa.CheckConstraint("city_total >= 0", name=op.f("ck_enrolment_plan_city_total_not_negative")),
        sa.ForeignKeyConstraint(["approved_by"], ["person.id"], name=op.f("fk_enrolment_plan_approved_by")),
        sa.ForeignKeyConstraint(
            ["jurisdiction_code"], ["jurisdiction.code"], name=op.f("fk_enrolment_plan_jurisdiction_code")
        ),
        sa.ForeignKeyConstraint(["submitted_by"], ["person.id"], name=op.f("fk_enrolment_plan_submitted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment_plan")),
        sa.UniqueConstraint(
            "jurisdiction_code",
            "academic_year",
            "number",
            name=op.f("uq_enrolment_plan_jurisdiction_code_academic_year_number"),
        ),
    )
    op.create_index(
        "uq_enrolment_plan_approved",
        "enrolment_plan",
        ["jurisdiction_code", "academic_year"],
        unique=True,
        postgresql_where=sa.text("state = 'approved'"),
    )
    op.create_table(
        "intake",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("of", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("loaded_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_intake_digest_sha256")),
        sa.ForeignKeyConstraint(["loaded_by"], ["person.id"], name=op.f("fk_intake_loaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake")),
    )
    op.create_table(
        "policy",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("title", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("jurisdiction_code", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_policy_digest_sha256")),
        sa.ForeignKeyConstraint(["imported_by"], ["person.id"], name=op.f("fk_policy_imported_by")),
        sa.ForeignKeyConstraint(["jurisdiction_code"], ["jurisdiction.code"], name=op.f("fk_policy_jurisdiction_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
        sa.UniqueConstraint("digest", name=op.f("uq_policy_digest")),
        sa.UniqueConstraint("policy_id", "policy_version", name=op.f("uq_policy_policy_id_policy_version")),
    )
    op.create_index(op.f("ix_policy_imported_by"), "policy", ["imported_by"], unique=False)
    op.create_index(op.f("ix_policy_jurisdiction_code"), "policy", ["jurisdiction_code"], unique=False)
    op.create_table(
        "role_grant",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("api_key_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("deputy", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "role IN ('school_editor', 'school_head', 'county_verifier', 'bureau_verifier', 'department_supplier', 'third_party_supplier', 'expert', 'site_visitor', 'committee_member', 'chair', 'secretary', 'appeal_panel_member', 'bureau_approver', 'planner', 'auditor', 'administrator', 'policy_editor', 'integration', 'system', 'public')",
            name=op.f("ck_role_grant_role_known"),
        ),
        sa.CheckConstraint("num_nonnulls(person_id, api_key_id) = 1", name=op.f("ck_role_grant_one_holder")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_role_grant_valid_forwards")),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_key.id"], name=op.f("fk_role_grant_api_key_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_role_grant_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_role_grant_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
    )
    op.create_index(op.f("ix_role_grant_api_key_id"), "role_grant", ["api_key_id"], unique=False)
    op.create_index(op.f("ix_role_grant_organisation_id"), "role_grant", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_role_grant_person_id"), "role_grant", ["person_id"], unique=False)
    op.create_table(
        "sign_in",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_in_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_token_hash")),
    )
    op.create_index(op.f("ix_sign_in_person_id"), "sign_in", ["person_id"], unique=False)
    op.create_table(
        "specialty",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("catalogue_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("catalogue_code", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("class_code", sa.Text(), nullable=False),
        sa.Column("class_name", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), server_default="", nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(catalogue_entry_id IS NULL) = (catalogue_code ~ '^X[0-9]{5}$')", name=op.f("ck_specialty_off_catalogue_x")
        ),
        sa.CheckConstraint(
            "catalogue_entry_id IS NOT NULL OR partner <> ''", name=op.f("ck_specialty_off_catalogue_partner")
        ),
        sa.CheckConstraint("level IN ('secondary', 'associate', 'bachelor')", name=op.f("ck_specialty_level_known")),
        sa.CheckConstraint(
            "closed_on IS NULL OR closed_on >= opened_on", name=op.f("ck_specialty_closed_after_opened")
        ),
        sa.ForeignKeyConstraint(
            ["catalogue_entry_id"], ["catalogue_entry.id"], name=op.f("fk_specialty_catalogue_entry_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_specialty_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_specialty")),
        sa.UniqueConstraint(
            "school_id", "catalogue_code", "direction", name=op.f("uq_specialty_school_id_catalogue_code_direction")
        ),
    )
    op.create_index(op.f("ix_specialty_catalogue_entry_id"), "specialty", ["catalogue_entry_id"], unique=False)
    op.create_table(
        "enrolment_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=True),
        sa.Column("base", sa.Integer(), nullable=True),
        sa.Column("computed", sa.Integer(), nullable=True),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("limited", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("adjustment_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("adjusted_by", sa.BigInteger(), nullable=True),
        sa.Column("set_aside", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "quota = computed OR adjustment_reason <> ''", name=op.f("ck_enrolment_line_adjustment_has_reason")
        ),
        sa.CheckConstraint("rule IN ('change', 'step', 'restore', 'keep')", name=op.f("ck_enrolment_line_rule_known")),
        sa.CheckConstraint(
            "standing IN ('normal', 'supported', 'restricted', 'phasing_out', 'suspended', 'closed')",
            name=op.f("ck_enrolment_line_standing_known"),
        ),
        sa.CheckConstraint("quota >= 0", name=op.f("ck_enrolment_line_quota_not_negative")),
        sa.ForeignKeyConstraint(["adjusted_by"], ["person.id"], name=op.f("fk_enrolment_line_adjusted_by")),
        sa.ForeignKeyConstraint(["plan_id"], ["enrolment_plan.id"], name=op.f("fk_enrolment_line_plan_id")),
        sa.ForeignKeyConstraint(["specialty_id"], ["specialty.id"], name=op.f("fk_enrolment_line_specialty_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment_line")),
        sa.UniqueConstraint("plan_id", "specialty_id", name=op.f("uq_enrolment_line_plan_id_specialty_id")),
    )
    op.create_index(op.f("ix_enrolment_line_specialty_id"), "enrolment_line", ["specialty_id"], unique=False)
    op.create_table(
        "figure",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.BigInteger(), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.id"], name=op.f("fk_figure_recorded_by")),
        sa.ForeignKeyConstraint(["specialty_id"], ["specialty.id"], name=op.f("fk_figure_specialty_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure")),
    )
    op.create_index(
        "ix_figure_year_current",
        "figure",
        ["year", "specialty_id"],
        unique=False,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_index(
        "uq_figure_current",
        "figure",
        ["specialty_id", "year", "measure"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "opening_quota",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("academic_year", sa.Integer(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "quota >= 0 AND (capacity IS NULL OR capacity >= 0)", name=op.f("ck_opening_quota_not_negative")
        ),
        sa.ForeignKeyConstraint(["specialty_id"], ["specialty.id"], name=op.f("fk_opening_quota_specialty_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening_quota")),
        sa.UniqueConstraint("specialty_id", "academic_year", name=op.f("uq_opening_quota_specialty_id_academic_year")),
    )
    op.create_table(
        "round",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("evidence_year", sa.Integer(), nullable=False),
        sa.Column("reference_date", sa.Date(), nullable=False),
        sa.Column("policy_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("collecting_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verifying_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scoring_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deliberating_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('planned', 'cancelled') OR collecting_due IS NOT NULL", name=op.f("ck_round_collecting_has_due")
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'collecting', 'verifying', 'scoring', 'deliberating', 'publicised', 'concluded', 'cancelled')",
            name=op.f("ck_round_state_known"),
        ),
        sa.CheckConstraint("evidence_year <= year", name=op.f("ck_round_evidence_not_ahead")),
        sa.CheckConstraint("number BETWEEN 1 AND 3", name=op.f("ck_round_number_one_to_three")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_round_cycle_id")),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_round_policy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round")),
        sa.UniqueConstraint("cycle_id", "number", name=op.f("uq_round_cycle_id_number")),
    )
    op.create_index(op.f("ix_round_policy_id"), "round", ["policy_id"], unique=False)
    op.create_table(
        "specialty_code",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_specialty_code_valid_forwards")),
        sa.ForeignKeyConstraint(["specialty_id"], ["specialty.id"], name=op.f("fk_specialty_code_specialty_id")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_specialty_code")),
    )
    op.create_index(op.f("ix_specialty_code_specialty_id"), "specialty_code", ["specialty_id"], unique=False)
    op.create_index(
        "uq_specialty_code_current",
        "specialty_code",
        ["specialty_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "meeting",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("chair_id", sa.BigInteger(), nullable=False),
        sa.Column("deputy_chair_id", sa.BigInteger(), nullable=True),
        sa.Column("secretary_id", sa.BigInteger(), nullable=False),
        sa.Column("deputy_secretary_id", sa.BigInteger(), nullable=True),
        sa.Column("waived_sectors", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.ForeignKeyConstraint(["chair_id"], ["committee_member.id"], name=op.f("fk_meeting_chair_id")),
        sa.ForeignKeyConstraint(["deputy_chair_id"], ["committee_member.id"], name=op.f("fk_meeting_deputy_chair_id")),
        sa.ForeignKeyConstraint(["deputy_secretary_id"], ["person.id"], name=op.f("fk_meeting_deputy_secretary_id")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_meeting_round_id")),
        sa.ForeignKeyConstraint(["secretary_id"], ["person.id"], name=op.f("fk_meeting_secretary_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
    )
    op.create_index(op.f("ix_meeting_round_id"), "meeting", ["round_id"], unique=False)
    op.create_table(
        "publication",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Integer(), server_default="1", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("drafted_by", sa.BigInteger(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seal_head", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('drafted', 'approved', 'in_publicity', 'closed')", name=op.f("ck_publication_state_known")
        ),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'in_publicity', 'closed') OR approved_by IS NOT NULL",
            name=op.f("ck_publication_approved_has_approver"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('in_publicity', 'closed') OR (opened_at IS NOT NULL AND closes_at > opened_at)",
            name=op.f("ck_publication_publicity_has_days"),
        ),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> drafted_by", name=op.f("ck_publication_two_people")),
        sa.ForeignKeyConstraint(["approved_by"], ["person.id"], name=op.f("fk_publication_approved_by")),
        sa.ForeignKeyConstraint(["drafted_by"], ["person.id"], name=op.f("fk_publication_drafted_by")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_publication_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
        sa.UniqueConstraint("round_id", "number", name=op.f("uq_publication_round_id_number")),
    )
    op.create_table(
        "review",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("correction_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_fields", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("corrections", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reminders", sa.Integer(), server_default="0", nullable=False),
        sa.Column("was_defaulted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("returned_incomplete", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("taken_over", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("claimed_by", sa.BigInteger(), nullable=True),
        sa.Column("evidence_version_id", sa.BigInteger(), nullable=True),
        sa.Column("sheet_id", sa.BigInteger(), nullable=True),
        sa.Column("sheet_opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("challenge_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_rating", sa.Text(), nullable=True),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appeal_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("document_number", sa.Text(), server_default="", nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "decided_rating IN ('green', 'yellow', 'red', 'unrated', 'incomplete')",
            name=op.f("ck_review_decided_rating_known"),
        ),
        sa.CheckConstraint(
            "state <> 'confirmed' OR (document_number <> '' AND confirmed_at IS NOT NULL)",
            name=op.f("ck_review_confirmed_has_document"),
        ),
        sa.CheckConstraint(
            "state <> 'returned' OR correction_due IS NOT NULL", name=op.f("ck_review_returned_has_due")
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'open', 'submitted', 'defaulted', 'returned', 'checked', 'verified', 'scored', 'decided', 'previewed', 'publicised', 'confirmed', 'exempted', 'withdrawn', 'cancelled')",
            name=op.f("ck_review_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('decided', 'previewed', 'publicised', 'confirmed') OR decided_rating IS NOT NULL",
            name=op.f("ck_review_decided_has_rating"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('submitted', 'checked', 'verified', 'scored', 'decided', 'previewed', 'publicised', 'confirmed') OR evidence_version_id IS NOT NULL OR was_defaulted",
            name=op.f("ck_review_frozen_has_evidence"),
        ),
        sa.CheckConstraint(
            "decided_rating IS NULL OR decision_id IS NOT NULL", name=op.f("ck_review_rating_has_decision")
        ),
        sa.ForeignKeyConstraint(["claimed_by"], ["person.id"], name=op.f("fk_review_claimed_by")),
        sa.ForeignKeyConstraint(["replaces_id"], ["review.id"], name=op.f("fk_review_replaces_id")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_review_round_id")),
        sa.ForeignKeyConstraint(["specialty_id"], ["specialty.id"], name=op.f("fk_review_specialty_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    op.create_index(op.f("ix_review_replaces_id"), "review", ["replaces_id"], unique=False)
    op.create_index("ix_review_round_state", "review", ["round_id", "state"], unique=False)
    op.create_index(op.f("ix_review_specialty_id"), "review", ["specialty_id"], unique=False)
    op.create_index(
        "uq_review_round_specialty",
        "review",
        ["round_id", "specialty_id"],
        unique=True,
        postgresql_where=sa.text("replaces_id IS NULL"),
    )
    op.create_table(
        "score_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("within_id", sa.BigInteger(), nullable=True),
        sa.Column("policy_digest", sa.Text(), nullable=False),
        sa.Column("inputs_digest", sa.Text(), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=False),
        sa.Column("set_aside", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("notes", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('round', 'single')", name=op.f("ck_score_run_kind_known")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_score_run_made_by")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_score_run_round_id")),
        sa.ForeignKeyConstraint(["within_id"], ["score_run.id"], name=op.f("fk_score_run_within_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_run")),
        sa.UniqueConstraint("round_id", "number", name=op.f("uq_score_run_round_id_number")),
    )
    op.create_index(op.f("ix_score_run_within_id"), "score_run", ["within_id"], unique=False)
    op.create_table(
        "appeal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("new_review_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("follow_ups", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.BigInteger(), nullable=True),
        sa.Column("answer_due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'upheld') = (new_review_id IS NOT NULL)", name=op.f("ck_appeal_upheld_opens_review")
        ),
        sa.CheckConstraint(
            "state IN ('received', 'admitted', 'inadmissible', 'heard', 'upheld', 'rejected')",
            name=op.f("ck_appeal_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('inadmissible', 'upheld', 'rejected') OR answer <> ''",
            name=op.f("ck_appeal_answered_has_answer"),
        ),
        sa.ForeignKeyConstraint(["new_review_id"], ["review.id"], name=op.f("fk_appeal_new_review_id")),
        sa.ForeignKeyConstraint(["received_by"], ["person.id"], name=op.f("fk_appeal_received_by")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_appeal_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal")),
    )
    op.create_index(op.f("ix_appeal_new_review_id"), "appeal", ["new_review_id"], unique=False)
    op.create_index(op.f("ix_appeal_review_id"), "appeal", ["review_id"], unique=False)
    op.create_index(
        "uq_appeal_open_review",
        "appeal",
        ["review_id"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('inadmissible', 'upheld', 'rejected')"),
    )
    op.create_table(
        "attachment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("size >= 0", name=op.f("ck_attachment_size_positive")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_attachment_review_id")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["person.id"], name=op.f("fk_attachment_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_review_id"), "attachment", ["review_id"], unique=False)
    op.create_table(
        "challenge",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("stated", sa.Text(), nullable=False),
        sa.Column("claimed", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("answer_due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state = 'open' OR answer <> ''", name=op.f("ck_challenge_answered_has_answer")),
        sa.CheckConstraint("state IN ('open', 'upheld', 'rejected')", name=op.f("ck_challenge_state_known")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_challenge_made_by")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_challenge_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge")),
    )
    op.create_index(op.f("ix_challenge_review_id"), "challenge", ["review_id"], unique=False)
    op.create_table(
        "erratum",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("publication_id", sa.BigInteger(), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("text <> ''", name=op.f("ck_erratum_text_given")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_erratum_made_by")),
        sa.ForeignKeyConstraint(["publication_id"], ["publication.id"], name=op.f("fk_erratum_publication_id")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_erratum_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erratum")),
    )
    op.create_index(op.f("ix_erratum_publication_id"), "erratum", ["publication_id"], unique=False)
    op.create_table(
        "evidence_draft",
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("self_evaluation", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_evidence_draft_review_id")),
        sa.ForeignKeyConstraint(["saved_by"], ["person.id"], name=op.f("fk_evidence_draft_saved_by")),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_evidence_draft")),
    )
    op.create_table(
        "evidence_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("self_evaluation", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_evidence_version_review_id")),
        sa.ForeignKeyConstraint(["submitted_by"], ["person.id"], name=op.f("fk_evidence_version_submitted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_version")),
        sa.UniqueConstraint("review_id", "number", name=op.f("uq_evidence_version_review_id_number")),
    )
    op.create_table(
        "expert_assignment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state <> 'declined' OR reason <> ''", name=op.f("ck_expert_assignment_declined_has_reason")
        ),
        sa.CheckConstraint(
            "state IN ('invited', 'accepted', 'scored', 'declined', 'replaced')",
            name=op.f("ck_expert_assignment_state_known"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_expert_assignment_person_id")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_expert_assignment_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert_assignment")),
        sa.UniqueConstraint("review_id", "person_id", name=op.f("uq_expert_assignment_review_id_person_id")),
    )
    op.create_index(op.f("ix_expert_assignment_person_id"), "expert_assignment", ["person_id"], unique=False)
    op.create_table(
        "meeting_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("meeting_id", sa.BigInteger(), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("together", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('listed', 'open', 'voting', 'closed', 'voided')", name=op.f("ck_meeting_item_state_known")
        ),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_meeting_item_meeting_id")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_meeting_item_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_item")),
    )
    op.create_index("ix_meeting_item_meeting", "meeting_item", ["meeting_id", "id"], unique=False)
    op.create_index(op.f("ix_meeting_item_review_id"), "meeting_item", ["review_id"], unique=False)
    op.create_index(
        "uq_meeting_item_going",
        "meeting_item",
        ["review_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('listed', 'open', 'voting')"),
    )
    op.create_table(
        "meeting_seat",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("meeting_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("present", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("stands_in_for_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_meeting_seat_meeting_id")),
        sa.ForeignKeyConstraint(["member_id"], ["committee_member.id"], name=op.f("fk_meeting_seat_member_id")),
        sa.ForeignKeyConstraint(
            ["stands_in_for_id"], ["committee_member.id"], name=op.f("fk_meeting_seat_stands_in_for_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_seat")),
        sa.UniqueConstraint("meeting_id", "member_id", name=op.f("uq_meeting_seat_meeting_id_member_id")),
    )
    op.create_index(op.f("ix_meeting_seat_member_id"), "meeting_seat", ["member_id"], unique=False)
    op.create_table(
        "objection",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("publication_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("admissibility_due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('received', 'contact_confirmed', 'admitted', 'inadmissible', 'upheld', 'rejected')",
            name=op.f("ck_objection_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('inadmissible', 'upheld', 'rejected') OR answer <> ''",
            name=op.f("ck_objection_answered_has_answer"),
        ),
        sa.ForeignKeyConstraint(["publication_id"], ["publication.id"], name=op.f("fk_objection_publication_id")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_objection_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
    )
    op.create_index(op.f("ix_objection_publication_id"), "objection", ["publication_id"], unique=False)
    op.create_index(op.f("ix_objection_review_id"), "objection", ["review_id"], unique=False)
    op.create_table(
        "rating_in_force",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=True),
        sa.Column("rating", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(review_id IS NOT NULL) <> (source <> '')", name=op.f("ck_rating_in_force_review_or_source")
        ),
        sa.CheckConstraint(
            "rating IN ('green', 'yellow', 'red', 'unrated', 'incomplete')",
            name=op.f("ck_rating_in_force_rating_known"),
        ),
        sa.CheckConstraint(
            "known_to IS NULL OR known_to >= known_from", name=op.f("ck_rating_in_force_known_forwards")
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_rating_in_force_valid_forwards")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_rating_in_force_review_id")),
        sa.ForeignKeyConstraint(["specialty_id"], ["specialty.id"], name=op.f("fk_rating_in_force_specialty_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating_in_force")),
    )
    op.create_index(op.f("ix_rating_in_force_review_id"), "rating_in_force", ["review_id"], unique=False)
    op.create_index("ix_rating_in_force_specialty", "rating_in_force", ["specialty_id", "valid_from"], unique=False)
    op.create_index(
        "uq_rating_in_force_open",
        "rating_in_force",
        ["specialty_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL AND known_to IS NULL"),
    )
    op.create_table(
        "rectification",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("rating", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), server_default="", nullable=False),
        sa.Column("plan_due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recheck_from", sa.Date(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("findings", sa.Text(), server_default="", nullable=False),
        sa.Column("passed_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'passed') = (passed_on IS NOT NULL)", name=op.f("ck_rectification_passed_has_day")
        ),
        sa.CheckConstraint("rating IN ('green', 'yellow', 'red')", name=op.f("ck_rectification_rating_known")),
        sa.CheckConstraint("state <> 'passed' OR findings <> ''", name=op.f("ck_rectification_passed_has_findings")),
        sa.CheckConstraint(
            "state = 'due' OR state = 'superseded' OR state = 'failed' OR plan <> ''",
            name=op.f("ck_rectification_planned_has_plan"),
        ),
        sa.CheckConstraint(
            "state IN ('due', 'planned', 'in_progress', 'recheck', 'passed', 'failed', 'superseded')",
            name=op.f("ck_rectification_state_known"),
        ),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_rectification_review_id")),
        sa.ForeignKeyConstraint(["specialty_id"], ["specialty.id"], name=op.f("fk_rectification_specialty_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectification")),
    )
    op.create_index(op.f("ix_rectification_review_id"), "rectification", ["review_id"], unique=False)
    op.create_index(op.f("ix_rectification_specialty_id"), "rectification", ["specialty_id"], unique=False)
    op.create_index(
        "uq_rectification_open",
        "rectification",
        ["specialty_id"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('passed', 'failed', 'superseded')"),
    )
    op.create_table(
        "site_visit_report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("visited_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("reported_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["reported_by"], ["person.id"], name=op.f("fk_site_visit_report_reported_by")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_site_visit_report_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_visit_report")),
        sa.UniqueConstraint("review_id", name=op.f("uq_site_visit_report_review_id")),
    )
    op.create_table(
        "standing",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("academic_year", sa.Integer(), nullable=False),
        sa.Column("cause_review_id", sa.BigInteger(), nullable=True),
        sa.Column("quota_before", sa.Integer(), nullable=True),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("steps_taken", sa.Integer(), server_default="0", nullable=False),
        sa.Column("supports", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('normal', 'supported', 'restricted', 'phasing_out', 'suspended', 'closed')",
            name=op.f("ck_standing_state_known"),
        ),
        sa.ForeignKeyConstraint(["cause_review_id"], ["review.id"], name=op.f("fk_standing_cause_review_id")),
        sa.ForeignKeyConstraint(["specialty_id"], ["specialty.id"], name=op.f("fk_standing_specialty_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing")),
        sa.UniqueConstraint("specialty_id", name=op.f("uq_standing_specialty_id")),
    )
    op.create_table(
        "appeal_panelist",
        sa.Column("appeal_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name=op.f("fk_appeal_panelist_appeal_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_appeal_panelist_person_id")),
        sa.PrimaryKeyConstraint("appeal_id", "person_id", name=op.f("pk_appeal_panelist")),
    )
    op.create_table(
        "ballot",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("cast_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("void", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "choice IN ('green', 'yellow', 'red', 'unrated', 'incomplete', 'abstain')",
            name=op.f("ck_ballot_choice_known"),
        ),
        sa.ForeignKeyConstraint(["item_id"], ["meeting_item.id"], name=op.f("fk_ballot_item_id")),
        sa.ForeignKeyConstraint(["member_id"], ["committee_member.id"], name=op.f("fk_ballot_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ballot")),
        sa.UniqueConstraint("item_id", "member_id", "number", name=op.f("uq_ballot_item_id_member_id_number")),
    )
    op.create_index(op.f("ix_ballot_member_id"), "ballot", ["member_id"], unique=False)
    op.create_table(
        "interest_declaration",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("interest", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "interest = 'none' OR reason <> ''", name=op.f("ck_interest_declaration_interest_has_reason")
        ),
        sa.CheckConstraint("interest IN ('none', 'interest')", name=op.f("ck_interest_declaration_interest_known")),
        sa.ForeignKeyConstraint(["item_id"], ["meeting_item.id"], name=op.f("fk_interest_declaration_item_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_interest_declaration_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interest_declaration")),
        sa.UniqueConstraint("item_id", "person_id", name=op.f("uq_interest_declaration_item_id_person_id")),
    )
    op.create_index(op.f("ix_interest_declaration_person_id"), "interest_declaration", ["person_id"], unique=False)
    op.create_table(
        "objector",
        sa.Column("objection_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("confirmation_hash", sa.Text(), nullable=False),
        sa.Column("confirmation_code", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["objection_id"], ["objection.id"], name=op.f("fk_objector_objection_id")),
        sa.PrimaryKeyConstraint("objection_id", name=op.f("pk_objector")),
    )
    op.create_table(
        "panel_score",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("assignment_id", sa.BigInteger(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("score", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_panel_score_score_0_100")),
        sa.ForeignKeyConstraint(["assignment_id"], ["expert_assignment.id"], name=op.f("fk_panel_score_assignment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_score")),
        sa.UniqueConstraint("assignment_id", "measure", name=op.f("uq_panel_score_assignment_id_measure")),
    )
    op.create_table(
        "rectification_milestone",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("rectification_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("proof", sa.Text(), server_default="", nullable=False),
        sa.Column("attachment_id", sa.BigInteger(), nullable=True),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proved_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(proved_at IS NOT NULL) = (proof <> '' OR attachment_id IS NOT NULL)",
            name=op.f("ck_rectification_milestone_proof_given"),
        ),
        sa.CheckConstraint("text <> ''", name=op.f("ck_rectification_milestone_text_given")),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachment.id"], name=op.f("fk_rectification_milestone_attachment_id")
        ),
        sa.ForeignKeyConstraint(["proved_by"], ["person.id"], name=op.f("fk_rectification_milestone_proved_by")),
        sa.ForeignKeyConstraint(
            ["rectification_id"], ["rectification.id"], name=op.f("fk_rectification_milestone_rectification_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectification_milestone")),
        sa.UniqueConstraint("rectification_id", "code", name=op.f("uq_rectification_milestone_rectification_id_code")),
    )
    op.create_table(
        "score_sheet",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("evidence_version_id", sa.BigInteger(), nullable=True),
        sa.Column("total", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("completeness", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("dimensions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("indicators", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rating", sa.Text(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "rating IN ('green', 'yellow', 'red', 'unrated', 'incomplete')", name=op.f("ck_score_sheet_rating_known")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_version_id"], ["evidence_version.id"], name=op.f("fk_score_sheet_evidence_version_id")
        ),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_score_sheet_review_id")),
        sa.ForeignKeyConstraint(["run_id"], ["score_run.id"], name=op.f("fk_score_sheet_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_sheet")),
        sa.UniqueConstraint("run_id", "review_id", name=op.f("uq_score_sheet_run_id_review_id")),
    )
    op.create_index(op.f("ix_score_sheet_evidence_version_id"), "score_sheet", ["evidence_version_id"], unique=False)
    op.create_index(op.f("ix_score_sheet_review_id"), "score_sheet", ["review_id"], unique=False)
    op.create_table(
        "verification_mark",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("evidence_version_id", sa.BigInteger(), nullable=True),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("marked_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("office IN ('county', 'bureau')", name=op.f("ck_verification_mark_office_known")),
        sa.CheckConstraint(
            "verdict = 'accepted' OR reason <> ''", name=op.f("ck_verification_mark_refusal_has_reason")
        ),
        sa.CheckConstraint(
            "verdict IN ('accepted', 'wrong', 'unsupported')", name=op.f("ck_verification_mark_verdict_known")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_version_id"], ["evidence_version.id"], name=op.f("fk_verification_mark_evidence_version_id")
        ),
        sa.ForeignKeyConstraint(["marked_by"], ["person.id"], name=op.f("fk_verification_mark_marked_by")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_verification_mark_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_mark")),
        sa.UniqueConstraint(
            "review_id",
            "evidence_version_id",
            "measure",
            "office",
            name=op.f("uq_verification_mark_review_id_evidence_version_id_measure_office"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_verification_mark_evidence_version_id"), "verification_mark", ["evidence_version_id"], unique=False
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("sheet_id", sa.BigInteger(), nullable=False),
        sa.Column("rating", sa.Text(), nullable=False),
        sa.Column("computed", sa.Text(), nullable=False),
        sa.Column("tally", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "computed IN ('green', 'yellow', 'red', 'unrated', 'incomplete')", name=op.f("ck_decision_computed_known")
        ),
        sa.CheckConstraint("rating = computed OR reason <> ''", name=op.f("ck_decision_override_has_reason")),
        sa.CheckConstraint(
            "rating IN ('green', 'yellow', 'red', 'unrated', 'incomplete')", name=op.f("ck_decision_rating_known")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["meeting_item.id"], name=op.f("fk_decision_item_id")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_decision_review_id")),
        sa.ForeignKeyConstraint(["sheet_id"], ["score_sheet.id"], name=op.f("fk_decision_sheet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index(op.f("ix_decision_item_id"), "decision", ["item_id"], unique=False)
    op.create_index(op.f("ix_decision_review_id"), "decision", ["review_id"], unique=False)
    op.create_index(op.f("ix_decision_sheet_id"), "decision", ["sheet_id"], unique=False)
    op.create_table(
        "publication_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("publication_id", sa.BigInteger(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("rating", sa.Text(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("decision_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "rating IN ('green', 'yellow', 'red', 'unrated', 'incomplete')",
            name=op.f("ck_publication_entry_rating_known"),
        ),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name=op.f("fk_publication_entry_decision_id")),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publication.id"], name=op.f("fk_publication_entry_publication_id")
        ),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_publication_entry_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication_entry")),
        sa.UniqueConstraint(
            "publication_id", "edition", "review_id", name=op.f("uq_publication_entry_publication_id_edition_review_id")
        ),
    )
    op.create_index(op.f("ix_publication_entry_decision_id"), "publication_entry", ["decision_id"], unique=False)
    op.create_index(op.f("ix_publication_entry_review_id"), "publication_entry", ["review_id"], unique=False)
    op.create_foreign_key(op.f("fk_review_decision_id"), "review", "decision", ["decision_id"], ["id"])
    op.create_foreign_key(
        op.f("fk_review_evidence_version_id"), "review", "evidence_version", ["evidence_version_id"], ["id"]
    )
    op.create_foreign_key(op.f("fk_review_sheet_id"), "review", "score_sheet", ["sheet_id"], ["id"])
    refuse_changes()


def downgrade() -> None:
    op.drop_constraint(op.f("fk_review_decision_id"), "review")
    op.drop_constraint(op.f("fk_review_evidence_version_id"), "review")
    op.drop_constraint(op.f("fk_review_sheet_id"), "review")
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f("ix_publication_entry_review_id"), table_name="publication_entry")
    op.drop_index(op.f("ix_publication_entry_decision_id"), table_name="publication_entry")
    op.drop_table("publication_entry")
    op.drop_index(op.f("ix_decision_sheet_id"), table_name="decision")
    op.drop_index(op.f("ix_decision_review_id"), table_name="decision")
    op.drop_index(op.f("ix_decision_item_id"), table_name="decision")
    op.drop_table("decision")
    op.drop_index(op.f("ix_verification_mark_evidence_version_id"), table_name="verification_mark")
    op.drop_table("verification_mark")
    op.drop_index(op.f("ix_score_sheet_review_id"), table_name="score_sheet")
    op.drop_index(op.f("ix_score_sheet_evidence_version_id"), table_name="score_sheet")
    op.drop_table("score_sheet")
    op.drop_table("rectification_milestone")
    op.drop_table("panel_score")
    op.drop_table("objector")
    op.drop_index(op.f("ix_interest_declaration_person_id"), table_name="interest_declaration")
    op.drop_table("interest_declaration")
    op.drop_index(op.f("ix_ballot_member_id"), table_name="ballot")
    op.drop_table("ballot")
    op.drop_table("appeal_panelist")
    op.drop_table("standing")
    op.drop_table("site_visit_report")
    op.drop_index(
        "uq_rectification_open",
        table_name="rectification",
        postgresql_where=sa.text("state NOT IN ('passed', 'failed', 'superseded')"),
    )
    op.drop_index(op.f("ix_rectification_specialty_id"), table_name="rectification")
    op.drop_index(op.f("ix_rectification_review_id"), table_name="rectification")
    op.drop_table("rectification")
    op.drop_index(
        "uq_rating_in_force_open",
        table_name="rating_in_force",
        postgresql_where=sa.text("valid_to IS NULL AND known_to IS NULL"),
    )
    op.drop_index("ix_rating_in_force_specialty", table_name="rating_in_force")
    op.drop_index(op.f("ix_rating_in_force_review_id"), table_name="rating_in_force")
    op.drop_table("rating_in_force")
    op.drop_index(op.f("ix_objection_review_id"), table_name="objection")
    op.drop_index(op.f("ix_objection_publication_id"), table_name="objection")
    op.drop_table("objection")
    op.drop_index(op.f("ix_meeting_seat_member_id"), table_name="meeting_seat")
    op.drop_table("meeting_seat")
    op.drop_index(
        "uq_meeting_item_going",
        table_name="meeting_item",
        postgresql_where=sa.text("state IN ('listed', 'open', 'voting')"),
    )
    op.drop_index(op.f("ix_meeting_item_review_id"), table_name="meeting_item")
    op.drop_index("ix_meeting_item_meeting", table_name="meeting_item")
    op.drop_table("meeting_item")
    op.drop_index(op.f("ix_expert_assignment_person_id"), table_name="expert_assignment")
    op.drop_table("expert_assignment")
    op.drop_table("evidence_version")
    op.drop_table("evidence_draft")
    op.drop_index(op.f("ix_erratum_publication_id"), table_name="erratum")
    op.drop_table("erratum")
    op.drop_index(op.f("ix_challenge_review_id"), table_name="challenge")
    op.drop_table("challenge")
    op.drop_index(op.f("ix_attachment_review_id"), table_name="attachment")
    op.drop_table("attachment")
    op.drop_index(
        "uq_appeal_open_review",
        table_name="appeal",
        postgresql_where=sa.text("state NOT IN ('inadmissible', 'upheld', 'rejected')"),
    )
    op.drop_index(op.f("ix_appeal_review_id"), table_name="appeal")
    op.drop_index(op.f("ix_appeal_new_review_id"), table_name="appeal")
    op.drop_table("appeal")
    op.drop_index(op.f("ix_score_run_within_id"), table_name="score_run")
    op.drop_table("score_run")
    op.drop_index("uq_review_round_specialty", table_name="review", postgresql_where=sa.text("replaces_id IS NULL"))
    op.drop_index(op.f("ix_review_specialty_id"), table_name="review")
    op.drop_index("ix_review_round_state", table_name="review")
    op.drop_index(op.f("ix_review_replaces_id"), table_name="review")
    op.drop_table("review")
    op.drop_table("publication")
    op.drop_index(op.f("ix_meeting_round_id"), table_name="meeting")
    op.drop_table("meeting")
    op.drop_index(
        "uq_specialty_code_current", table_name="specialty_code", postgresql_where=sa.text("valid_to IS NULL")
    )
    op.drop_index(op.f("ix_specialty_code_specialty_id"), table_name="specialty_code")
    op.drop_table("specialty_code")
    op.drop_index(op.f("ix_round_policy_id"), table_name="round")
    op.drop_table("round")
    op.drop_table("opening_quota")
    op.drop_index("uq_figure_current", table_name="figure", postgresql_where=sa.text("superseded_at IS NULL"))
    op.drop_index("ix_figure_year_current", table_name="figure", postgresql_where=sa.text("superseded_at IS NULL"))
    op.drop_table("figure")
    op.drop_index(op.f("ix_enrolment_line_specialty_id"), table_name="enrolment_line")
    op.drop_table("enrolment_line")
    op.drop_index(op.f("ix_specialty_catalogue_entry_id"), table_name="specialty")
    op.drop_table("specialty")
    op.drop_index(op.f("ix_sign_in_person_id"), table_name="sign_in")
    op.drop_table("sign_in")
    op.drop_index(op.f("ix_role_grant_person_id"), table_name="role_grant")
    op.drop_index(op.f("ix_role_grant_organisation_id"), table_name="role_grant")
    op.drop_index(op.f("ix_role_grant_api_key_id"), table_name="role_grant")
    op.drop_table("role_grant")
    op.drop_index(op.f("ix_policy_jurisdiction_code"), table_name="policy")
    op.drop_index(op.f("ix_policy_imported_by"), table_name="policy")
    op.drop_table("policy")
    op.drop_table("intake")
    op.drop_index(
        "uq_enrolment_plan_approved", table_name="enrolment_plan", postgresql_where=sa.text("state = 'approved'")
    )
    op.drop_table("enrolment_plan")
    op.drop_index(op.f("ix_committee_member_person_id"), table_name="committee_member")
    op.drop_index(op.f("ix_committee_member_bureau_id"), table_name="committee_member")
    op.drop_table("committee_member")
    op.drop_index(op.f("ix_school_jurisdiction_code"), table_name="school")
    op.drop_index(op.f("ix_school_city_code"), table_name="school")
    op.drop_table("school")
    op.drop_index(op.f("ix_person_employer_id"), table_name="person")
    op.drop_table("person")
    op.drop_index(op.f("ix_cycle_jurisdiction_code"), table_name="cycle")
    op.drop_index(op.f("ix_cycle_bureau_id"), table_name="cycle")
    op.drop_table("cycle")
    op.drop_index(op.f("ix_organisation_jurisdiction_code"), table_name="organisation")
    op.drop_table("organisation")
    op.drop_table("catalogue_entry")
    op.drop_index(op.f("ix_jurisdiction_parent_code"), table_name="jurisdiction")
    op.drop_table("jurisdiction")
    op.drop_index(op.f("ix_idempotent_reply_at"), table_name="idempotent_reply")
    op.drop_table("idempotent_reply")
    op.drop_table("event_seal")
    op.drop_index("ix_event_subject", table_name="event")
    op.drop_index("ix_event_specialty", table_name="event", postgresql_where=sa.text("specialty_id IS NOT NULL"))
    op.drop_index("ix_event_feed", table_name="event")
    op.drop_table("event")
    op.drop_table("catalogue_edition")
    op.drop_table("api_key")
    op.execute("DROP FUNCTION refuse_change()")
