"""What each state needs: half-made states, and two ratings of one specialty at the same time, are refused."""

from collections.abc import Mapping, Sequence

from alembic import op

revision: str = "0008_what_each_state_needs"
down_revision: str | Sequence[str] | None = "0007_escalations"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CHECKS: Mapping[str, Mapping[str, str]] = {
    "review": {
        "open_has_due": "state NOT IN ('open') OR due IS NOT NULL",
        "checked_had_due": (
            "state NOT IN ('submitted', 'defaulted', 'checked') OR num_nonnulls(due, correction_due) > 0"
        ),
        "returned_has_fields": "state NOT IN ('returned') OR returned_fields <> '{}'",
        "submitted_has_evidence": "state NOT IN ('submitted') OR evidence_version_id IS NOT NULL",
        "defaulted_is_marked": "state NOT IN ('defaulted') OR was_defaulted",
        "scored_has_sheet": (
            "state NOT IN ('scored', 'decided', 'previewed', 'publicised', 'confirmed') OR sheet_id IS NOT NULL"
        ),
        "scored_has_challenge_days": (
            "state NOT IN ('scored', 'decided', 'previewed', 'publicised', 'confirmed') OR challenge_due IS NOT NULL"
        ),
        "opened_has_sheet": "sheet_opened_at IS NULL OR sheet_id IS NOT NULL",
        "decision_has_rating": "decision_id IS NULL OR decided_rating IS NOT NULL",
        "unscored_is_undecided": (
            "state NOT IN ('planned', 'open', 'submitted', 'defaulted', 'returned', 'checked', 'verified')"
            " OR decision_id IS NULL"
        ),
        "served_was_shown": (
            "state IN ('previewed', 'publicised', 'confirmed', 'exempted', 'withdrawn', 'cancelled')"
            " OR served_at IS NULL"
        ),
        "confirmed_has_appeal_days": "state NOT IN ('confirmed') OR coalesce(appeal_due > confirmed_at, false)",
        "unconfirmed_has_no_days": "state IN ('confirmed') OR num_nonnulls(confirmed_at, appeal_due) = 0",
        "unconfirmed_has_no_document": "state IN ('confirmed') OR document_number = ''",
    },
    "round": {
        "verifying_has_due": (
            "state NOT IN ('verifying', 'scoring', 'deliberating', 'publicised', 'concluded')"
            " OR verifying_due IS NOT NULL"
        ),
        "scoring_has_due": (
            "state NOT IN ('scoring', 'deliberating', 'publicised', 'concluded') OR scoring_due IS NOT NULL"
        ),
        "deliberating_has_due": (
            "state NOT IN ('deliberating', 'publicised', 'concluded') OR deliberating_due IS NOT NULL"
        ),
    },
    "challenge": {
        "open_has_no_answer": "state IN ('upheld', 'rejected') OR answer = ''",
    },
    "score_run": {
        "single_is_within": "(kind = 'single') = (within_id IS NOT NULL)",
        "digests_sha256": "policy_digest ~ '^[0-9a-f]{64}$' AND inputs_digest ~ '^[0-9a-f]{64}$'",
    },
    "expert_assignment": {
        "replaced_has_reason": "state NOT IN ('replaced') OR reason <> ''",
    },
    "meeting_item": {
        "written_is_voted_on": "state IN ('voting', 'closed', 'voided') OR written_until IS NULL",
    },
    "publication": {
        "list_digest_sha256": "digest ~ '^[0-9a-f]{64}$'",
        "counts_something": "coalesce((counts ->> 'total')::integer > 0, false)",
        "approval_whole": "(approved_by IS NULL) = (approved_at IS NULL)",
        "drafted_is_unapproved": "state NOT IN ('drafted') OR approved_by IS NULL",
        "out_has_both_days": "state NOT IN ('in_publicity', 'closed') OR coalesce(closes_at > opened_at, false)",
        "unopened_has_no_days": "state IN ('in_publicity', 'closed') OR num_nonnulls(opened_at, closes_at) = 0",
    },
    "objection": {
        "admitted_has_due": "state NOT IN ('admitted', 'upheld', 'rejected') OR answer_due IS NOT NULL",
        "unadmitted_has_no_due": "state IN ('admitted', 'upheld', 'rejected') OR answer_due IS NULL",
        "unanswered_has_no_answer": "state IN ('inadmissible', 'upheld', 'rejected') OR answer = ''",
    },
    "appeal": {
        "unanswered_has_no_answer": "state IN ('inadmissible', 'upheld', 'rejected') OR answer = ''",
    },
    "enrolment_plan": {
        "approval_whole": "(approved_by IS NULL) = (approved_at IS NULL)",
        "approved_was_submitted": "approved_by IS NULL OR submitted_by IS NOT NULL",
        "draft_is_unapproved": "state NOT IN ('draft', 'submitted') OR approved_by IS NULL",
    },
    "rectification": {
        "failures_not_negative": "failures >= 0",
        "failed_has_findings": "failures = 0 OR findings <> ''",
    },
    "closing_proposal": {
        "decided_has_appeal_days": "decision IS NULL OR appeal_due IS NOT NULL",
    },
}

# No extension: the embedded PostgreSQL has no btree_gist, so a number is compared as the range of itself alone.
ONE_AT_A_TIME = """
ALTER TABLE rating_in_force ADD CONSTRAINT ex_rating_in_force_one_at_a_time EXCLUDE USING gist (
    int8range(specialty_id, specialty_id, '[]') WITH &&,
    daterange(valid_from, valid_to) WITH &&,
    tstzrange(known_from, known_to) WITH &&
)
"""

OWN_DECISION = ("decision_id", "id", "decided_rating", "sheet_id")
"""A review's decision is about it, of its rating, and on the sheet it stands on: looked at when a transaction ends,
since a new run points its reviews at their new sheets before it takes their decisions back.
"""


def upgrade() -> None:
    """Old code goes on, but for a new run ordered over previewed reviews. A row that is half made stops it, by name."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    # The one name that did not follow the convention.
    op.execute("ALTER TABLE escalation RENAME CONSTRAINT fk_escalation_review_id_review TO fk_escalation_review_id")
    for table, checks in CHECKS.items():
        for name, condition in checks.items():
            op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
    op.execute(ONE_AT_A_TIME)
    op.create_unique_constraint(op.f("uq_meeting_item_id_review_id"), "meeting_item", ["id", "review_id"])
    op.create_unique_constraint(
        op.f("uq_decision_id_review_id_rating_sheet_id"), "decision", ["id", "review_id", "rating", "sheet_id"]
    )
    op.drop_index(op.f("ix_decision_item_id"), "decision")
    op.create_unique_constraint(op.f("uq_decision_item_id"), "decision", ["item_id"])
    op.drop_constraint(op.f("fk_decision_item_id"), "decision")
    op.create_foreign_key(
        op.f("fk_decision_item_id_review_id"), "decision", "meeting_item", ["item_id", "review_id"], ["id", "review_id"]
    )
    op.drop_constraint(op.f("fk_review_decision_id"), "review")
    op.create_foreign_key(
        op.f("fk_review_decision"), "review", "decision", list(OWN_DECISION), ["id", "review_id", "rating", "sheet_id"],
        deferrable=True, initially="DEFERRED",
    )  # fmt: skip


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("fk_review_decision"), "review")
    op.create_foreign_key(op.f("fk_review_decision_id"), "review", "decision", ["decision_id"], ["id"])
    op.drop_constraint(op.f("fk_decision_item_id_review_id"), "decision")
    op.create_foreign_key(op.f("fk_decision_item_id"), "decision", "meeting_item", ["item_id"], ["id"])
    op.drop_constraint(op.f("uq_decision_item_id"), "decision")
    op.create_index(op.f("ix_decision_item_id"), "decision", ["item_id"], unique=False)
    op.drop_constraint(op.f("uq_decision_id_review_id_rating_sheet_id"), "decision")
    op.drop_constraint(op.f("uq_meeting_item_id_review_id"), "meeting_item")
    op.execute("ALTER TABLE rating_in_force DROP CONSTRAINT ex_rating_in_force_one_at_a_time")
    for table, checks in CHECKS.items():
        for name in checks:
            op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    op.execute("ALTER TABLE escalation RENAME CONSTRAINT fk_escalation_review_id TO fk_escalation_review_id_review")
