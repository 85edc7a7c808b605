"""What stays as it was written, and what one row needs of others: refused by triggers, whoever asks.

Whole sets are looked at once a statement, in its transition table; nothing here runs once a review.
"""

from collections.abc import Iterator, Mapping, Sequence

from alembic import op

revision: str = "0009_what_stays_as_written"
down_revision: str | Sequence[str] | None = "0008_what_each_state_needs"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

IMMUTABLE = (
    "score_run", "score_sheet", "attachment", "erratum", "site_visit_report", "intake", "appeal_panelist", "escalation",
)  # fmt: skip
"""Nothing of a row ever changes."""

FROZEN: Mapping[str, tuple[str, ...]] = {
    "ballot": ("id", "item_id", "member_id", "number", "choice", "reason", "cast_at"),
    "rating_in_force": (
        "id", "specialty_id", "review_id", "rating", "year", "reasons", "document_number", "source", "valid_from",
        "valid_to", "known_from",
    ),
    "figure": (
        "id", "specialty_id", "year", "measure", "value", "supplier", "source", "recorded_at", "recorded_by",
    ),
    "challenge": ("id", "review_id", "measure", "stated", "claimed", "reason", "made_at", "made_by"),
    "objection": ("id", "review_id", "publication_id", "grounds", "received_at"),
    "appeal": ("id", "review_id", "grounds", "received_at", "received_by"),
    "panel_score": ("id", "assignment_id", "measure"),
    "expert_assignment": ("id", "review_id", "person_id"),
    "meeting_item": ("id", "meeting_id", "review_id"),
    "organisation": ("id", "kind"),
}  # fmt: skip
"""These columns never change; the row is never removed. A trigger on columns runs for no other UPDATE."""

ONCE: Mapping[str, tuple[str, str]] = {
    "ballot": ("void", "OLD.void"),
    "rating_in_force": ("known_to", "OLD.known_to IS NOT NULL"),
    "figure": ("superseded_at", "OLD.superseded_at IS NOT NULL"),
}
"""This column is set once: not where the condition holds already, unless to the same."""

KEPT = (
    "cycle", "round", "review", "meeting", "publication", "standing", "rectification", "closing_proposal",
    "enrolment_plan", "verification_mark",
)  # fmt: skip
"""Rows move on and are never removed."""

HELD_AT: Mapping[str, tuple[str, ...]] = {
    "school": ("school_editor", "school_head", "auditor", "integration"),
    "county": ("county_verifier", "auditor", "integration"),
    "department": ("department_supplier", "integration"),
    "third_party": ("third_party_supplier", "integration"),
    "bureau": (
        "bureau_verifier", "expert", "site_visitor", "committee_member", "chair", "secretary", "appeal_panel_member",
        "bureau_approver", "planner", "auditor", "administrator", "policy_editor", "integration",
    ),
}  # fmt: skip


def _held() -> str:
    return ", ".join(f"('{role}', '{kind}')" for kind, roles in HELD_AT.items() for role in roles)


def _not_of_kind(column: str, kind: str) -> str:
    return f"NOT EXISTS (SELECT FROM organisation o WHERE o.id = w.{column} AND o.kind = '{kind}')"


INSERTED, WRITTEN = ("INSERT",), ("INSERT", "UPDATE")
CHECKED: Mapping[str, tuple[str, tuple[str, ...], str, str]] = {
    "role_grant_held_at_its_kind": (
        "role_grant", WRITTEN, "a role is held where it can be",
        f"(w.role, (SELECT o.kind FROM organisation o WHERE o.id = w.organisation_id)) NOT IN ({_held()})",  # noqa: S608 -- our own words
    ),
    "school_is_a_school": ("school", WRITTEN, "a school is an organisation of that kind", _not_of_kind("id", "school")),
    "cycle_of_a_bureau": ("cycle", WRITTEN, "a cycle is a bureau's", _not_of_kind("bureau_id", "bureau")),
    "committee_member_of_a_bureau": (
        "committee_member", WRITTEN, "a committee is a bureau's", _not_of_kind("bureau_id", "bureau"),
    ),
    "cycle_running_has_rounds": (
        "cycle", WRITTEN, "a running cycle has a round",
        "w.state = 'running' AND NOT EXISTS (SELECT FROM round r WHERE r.cycle_id = w.id)",
    ),
    "round_live_in_running_cycle": (
        "round", WRITTEN, "a round goes on in a running cycle",
        "w.state NOT IN ('planned', 'concluded', 'cancelled')"
        " AND NOT EXISTS (SELECT FROM cycle c WHERE c.id = w.cycle_id AND c.state = 'running')",
    ),
    "score_sheet_of_its_round": (
        "score_sheet", INSERTED, "a sheet is of a review of its run's round",
        "NOT EXISTS (SELECT FROM score_run r JOIN review v ON v.round_id = r.round_id"
        " WHERE r.id = w.run_id AND v.id = w.review_id)",
    ),
    "decision_on_its_sheet": (
        "decision", INSERTED, "a decision is on a sheet of its specialty in its round, and knows what that computed",
        "NOT EXISTS (SELECT FROM score_sheet s JOIN review a ON a.id = s.review_id JOIN review b ON b.id = w.review_id"
        " WHERE s.id = w.sheet_id AND s.rating = w.computed"
        " AND a.specialty_id = b.specialty_id AND a.round_id = b.round_id)",
    ),
    "meeting_item_closed_has_decision": (
        "meeting_item", WRITTEN, "a closed item has a decision",
        "w.state = 'closed' AND NOT EXISTS (SELECT FROM decision d WHERE d.item_id = w.id)",
    ),
    "ballot_cast_before_the_close": (
        "ballot", INSERTED, "ballots are cast while an item is open",
        "EXISTS (SELECT FROM meeting_item i WHERE i.id = w.item_id AND i.state NOT IN ('open', 'voting'))",
    ),
    "expert_assignment_scored_has_scores": (
        "expert_assignment", WRITTEN, "an expert who scored has scores",
        "w.state = 'scored' AND NOT EXISTS (SELECT FROM panel_score s WHERE s.assignment_id = w.id)",
    ),
    "panel_score_before_it_is_scored": (
        "panel_score", WRITTEN, "scores are given before an assignment is scored",
        "EXISTS (SELECT FROM expert_assignment a WHERE a.id = w.assignment_id AND a.state NOT IN"
        " ('invited', 'accepted'))",
    ),
    "publication_has_its_entries": (
        "publication", WRITTEN, "an approved list has the entries it counts",
        "w.state <> 'drafted' AND (w.counts ->> 'total')::bigint IS DISTINCT FROM"
        " (SELECT count(*) FROM publication_entry e WHERE e.publication_id = w.id AND e.edition = w.edition)",
    ),
    "publication_entry_as_decided": (
        "publication_entry", INSERTED, "an entry is drafted as its review was decided",
        "NOT EXISTS (SELECT FROM decision d WHERE d.id = w.decision_id AND d.review_id = w.review_id"
        " AND d.rating = w.rating)"
        " OR NOT EXISTS (SELECT FROM publication p WHERE p.id = w.publication_id AND p.state = 'drafted')",
    ),
    "rating_in_force_as_confirmed": (
        "rating_in_force", INSERTED, "a rating in force is a confirmed review's",
        "w.review_id IS NOT NULL AND NOT EXISTS (SELECT FROM review r WHERE r.id = w.review_id"
        " AND r.specialty_id = w.specialty_id AND r.state = 'confirmed' AND r.decided_rating = w.rating)",
    ),
    "rectification_has_milestones": (
        "rectification", WRITTEN, "what is being mended has milestones, and passed they are proved",
        "w.state IN ('in_progress', 'recheck', 'passed') AND NOT EXISTS"
        " (SELECT FROM rectification_milestone m WHERE m.rectification_id = w.id)"
        " OR w.state = 'passed' AND EXISTS"
        " (SELECT FROM rectification_milestone m WHERE m.rectification_id = w.id AND m.proved_at IS NULL)",
    ),
    "enrolment_plan_has_lines": (
        "enrolment_plan", WRITTEN, "a plan that was handed in has lines",
        "w.state IN ('submitted', 'approved') AND NOT EXISTS"
        " (SELECT FROM enrolment_line l WHERE l.plan_id = w.id)",
    ),
    "enrolment_line_of_a_draft": (
        "enrolment_line", INSERTED, "lines are added to drafts",
        "NOT EXISTS (SELECT FROM enrolment_plan p WHERE p.id = w.plan_id AND p.state = 'draft')",
    ),
}  # fmt: skip
"""Name → table, after which statements, what holds, and of which written rows `w` it does not."""

DEFERRED: Mapping[str, tuple[str, str, str, str]] = {
    "review_scored_is_undecided": (
        "review", "NEW.state = 'scored' AND NEW.decision_id IS NOT NULL", "a review that is only scored has no decision",
        "w.state = 'scored' AND w.decision_id IS NOT NULL",
    ),
    "appeal_admitted_has_panel": (
        "appeal", "NEW.state IN ('admitted', 'heard', 'upheld', 'rejected')", "an admitted appeal has a panel",
        "w.state IN ('admitted', 'heard', 'upheld', 'rejected')"
        " AND NOT EXISTS (SELECT FROM appeal_panelist p WHERE p.appeal_id = w.id)",
    ),
    "appeal_upheld_replaces": (
        "appeal", "NEW.new_review_id IS NOT NULL", "the new review of an appeal replaces the one it is about",
        "w.new_review_id IS NOT NULL AND NOT EXISTS"
        " (SELECT FROM review r WHERE r.id = w.new_review_id AND r.replaces_id = w.review_id)",
    ),
}  # fmt: skip
"""Name → table, which rows to look at again when the transaction ends, what holds, and when it does not."""

WHILE: Mapping[str, tuple[str, str, str]] = {
    "enrolment_line_kept": (
        "enrolment_line",
        "DELETE OR UPDATE OF id, plan_id, specialty_id, before, base, computed, quota, capacity, limited, standing,"
        " rule, cause, step, adjustment_reason, adjusted_by",
        "EXISTS (SELECT FROM enrolment_plan p WHERE p.id = OLD.plan_id AND p.state <> 'draft')",
    ),
    "rectification_milestone_kept": (
        "rectification_milestone", "DELETE OR UPDATE OF id, rectification_id, code, text, due",
        "EXISTS (SELECT FROM rectification r WHERE r.id = OLD.rectification_id AND r.state NOT IN ('due', 'planned'))",
    ),
    "rectification_milestone_proof_kept": (
        "rectification_milestone", "UPDATE OF proof, attachment_id, proved_at, proved_by",
        "EXISTS (SELECT FROM rectification r WHERE r.id = OLD.rectification_id AND r.state <> 'in_progress')",
    ),
}  # fmt: skip
"""Name → table, what is refused, and while what holds of the row it belongs to."""

REFUSE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation'{named};
END $$
"""


def _raise(name: str, says: str) -> str:
    quoted = says.replace("'", "''")
    return (
        f"RAISE EXCEPTION '{quoted}' USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = '{name}';"
    )


def _function(name: str, says: str, found: str, answer: str = "NULL") -> str:
    body = f"IF {found} THEN {_raise(name, says)} END IF; RETURN {answer};"
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"


def _stays() -> Iterator[str]:
    """Rows that are never removed, and what of them never changes."""
    for table in IMMUTABLE:
        yield f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table} {_ROW}"
    for table, columns in FROZEN.items():
        yield f"CREATE TRIGGER {table}_frozen BEFORE DELETE OR UPDATE OF {', '.join(columns)} ON {table} {_ROW}"
    for table, (column, was) in ONCE.items():
        again = f"{was} AND NEW.{column} IS DISTINCT FROM OLD.{column}"
        yield (
            f"CREATE TRIGGER {table}_once BEFORE UPDATE OF {column} ON {table} FOR EACH ROW"
            f" WHEN ({again}) EXECUTE FUNCTION refuse_change()"
        )
    for table in KEPT:
        yield f"CREATE TRIGGER {table}_kept_rows BEFORE DELETE ON {table} {_ROW}"
    for table in (*IMMUTABLE, *FROZEN, *KEPT):
        yield (
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


_ROW = "FOR EACH ROW EXECUTE FUNCTION refuse_change()"


def _looks_at_others() -> Iterator[str]:
    """What one row needs of others: once a statement, or where it cannot be said before the end, then."""
    for name, (table, events, says, wrong) in CHECKED.items():
        yield _function(name, says, f"EXISTS (SELECT FROM written w WHERE {wrong})")
        for event in events:
            yield (
                f"CREATE TRIGGER {name}_{event.lower()} AFTER {event} ON {table} REFERENCING NEW TABLE AS written"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
            )
    for name, (table, which, says, wrong) in DEFERRED.items():
        yield _function(name, says, f"EXISTS (SELECT FROM {table} w WHERE w.id = NEW.id AND ({wrong}))")
        yield (
            f"CREATE CONSTRAINT TRIGGER {name} AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED"
            f" FOR EACH ROW WHEN ({which}) EXECUTE FUNCTION {name}()"
        )
    for name, (table, what, while_) in WHILE.items():
        answer = "CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END"
        yield _function(name, f"rows of {table} stay as they are by now", while_, answer)
        yield f"CREATE TRIGGER {name} BEFORE {what} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"


def upgrade() -> None:
    """Old code goes on: it changes nothing of this either, but for a run's notes, which it writes a moment late."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(REFUSE.format(named=", TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME"))
    for statement in (*_stays(), *_looks_at_others()):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in (*CHECKED, *DEFERRED, *WHILE):
        op.execute(f"DROP FUNCTION {name} CASCADE")
    for table in ONCE:
        op.execute(f"DROP TRIGGER {table}_once ON {table}")
    for tables, kind in ((IMMUTABLE, "immutable"), (FROZEN, "frozen"), (KEPT, "kept_rows")):
        for table in tables:
            op.execute(f"DROP TRIGGER {table}_{kind} ON {table}")
            op.execute(f"DROP TRIGGER {table}_kept ON {table}")
    op.execute(REFUSE.format(named=""))
