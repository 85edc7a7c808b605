"""What stays as it was written: no column but the few that may is ever changed, and no row removed."""

import pytest
import sqlalchemy as sa

import half_made
from refusing import assert_refused, refused_by
from specialty_eval.store.metadata import METADATA

IMMUTABLE = (
    "material_check", "material_release",
    "policy", "evidence_version", "decision", "publication_entry", "event", "event_seal", "score_run", "score_sheet",
    "erratum", "site_visit_report", "intake", "appeal_panelist", "escalation", "meeting_minutes", "document",
    "document_template", "document_form",
    "application_opinion", "recorded_vote",
    "succession_line", "school_code",
)  # fmt: skip
FROZEN = {
    "site_visitor": {"due", "withdrawn_at", "withdrawn_by", "withdrawn_reason"},
    "letter_batch": {"done", "made_at", "sha256", "size"},
    "report": {"made_at", "title", "docx", "html", "xlsx", "reviews", "applications", "specialties"},
    "ballot": {"void", "reason", "choice", "sealed"},
    "attachment": {"name"},
    "application_attachment": {"name"},
    "rating_in_force": {"known_to"},
    "figure": {"superseded_at"},
    "panel_score": {"score", "given_at"},
    "challenge": {"reason", "state", "answer", "answer_due", "version", "updated_at"},
    "objection": {"grounds", "state", "answer", "admissibility_due", "answer_due", "version", "updated_at"},
    "appeal": {"grounds", "state", "answer", "answer_due", "new_review_id", "follow_ups", "version", "updated_at"},
    "expert_assignment": {"state", "reason", "due", "version", "updated_at"},
    "meeting_item": {
        "state", "together", "written_until", "no_quorum_at", "vote_ended_at", "present_at_end", "ballot_key",
        "version", "updated_at",
    },
    "expert": {"fields", "at_most", "valid_to"},
    "expert_tie": {"reason", "lifted_at", "lifted_by", "lifted_reason"},
    "allotment": {
        "state", "question_digest", "parts", "added", "dropped", "lacking", "reason", "carried_out_at",
        "carried_out_by", "version", "updated_at",
    },
    "correction": {"follow_ups"},
    "organisation": {"code", "name", "jurisdiction_code"},
    "specialty_group": set(),
    "specialty_group_version": set(),
    "specialty_group_member": set(),
    "designation_loss": {"ended_by"},
    "closing_appeal": {"state", "grounds", "answer", "version", "updated_at"},
    "closing_appeal_panelist": set(),
    "teach_out_count": set(),
    "teach_out_cohort": set(),
    "support_grant": {"state", "ended_on", "version", "updated_at"},
    "designation": {
        "specialty_id", "state", "grounds", "granted_by", "granted_at", "document_number", "review_since", "review_by",
        "was_kept", "decided_by", "decided_at", "decision_document", "reason", "version", "updated_at",
    },
    "specialty_list": {
        "state", "digest", "approved_by", "approved_at", "document_number", "published_by", "published_at", "year",
        "superseded_at", "version", "updated_at",
    },
    "succession": {"state", "recorded_by", "recorded_at", "version", "updated_at"},
    "amendment": {"state", "recorded_by", "recorded_at", "run_id", "version", "updated_at"},
    "application": {
        "state", "specialty_id", "due", "checked_at", "findings", "visit_report", "visited_on", "visited_by",
        "visit_teachers", "reason", "document_number", "decided_by", "decided_at", "deemed_served_at", "served_at",
        "complain_until", "version", "updated_at",
    },
}  # fmt: skip
"""Table → the columns that may change, or be emptied."""
MOVES_ON = (
    "cycle", "round", "review", "meeting", "publication", "standing", "rectification", "closing_proposal",
    "enrolment_plan", "verification_mark", "document_sequence",
)  # fmt: skip
KEPT = {table: f"{table}_immutable" for table in IMMUTABLE}
KEPT |= {table: f"{table}_frozen" for table in FROZEN}
KEPT |= {table: f"{table}_kept_rows" for table in MOVES_ON}


def columns(table: str) -> list[str]:
    """What an UPDATE can name: all but the number that the database gives."""
    return [column.name for column in METADATA.tables[table].columns if column.identity is None]


@pytest.mark.parametrize("table", KEPT)
def test_no_row_is_ever_removed(filled: sa.Connection, table: str) -> None:
    assert filled.scalar(sa.text(f"SELECT count(*) FROM {table}"))
    assert refused_by(filled, f"DELETE FROM {table}") == KEPT[table]
    assert (refused_by(filled, f"TRUNCATE {table} CASCADE") or "").endswith("_kept")


@pytest.mark.parametrize("table", [*IMMUTABLE, *FROZEN])
def test_no_column_changes_but_those_that_may(filled: sa.Connection, table: str) -> None:
    for column in columns(table):
        same = f"UPDATE {table} SET {column} = {column}"
        if column in FROZEN.get(table, set()):
            assert refused_by(filled, same) is None
        else:
            assert_refused(filled, same, KEPT[table])


@pytest.mark.parametrize(
    ("table", "words"),
    [("ballot", "reason"), ("challenge", "reason"), ("objection", "grounds"), ("appeal", "grounds"),
     ("attachment", "name"), ("application_attachment", "name")],
)  # fmt: skip
def test_words_that_may_hold_a_name_can_be_erased_and_not_changed(
    filled: sa.Connection, table: str, words: str
) -> None:
    assert refused_by(filled, f"UPDATE {table} SET {words} = ''") is None
    assert_refused(filled, f"UPDATE {table} SET {words} = {words} || '！'", f"{table}_words")


def test_what_was_granted_stays_granted_and_whose_it_is(filled: sa.Connection) -> None:
    for change, trigger in (
        ("document_number = '！'", "designation_grant_stays"),
        ("granted_by = NULL, granted_at = NULL, document_number = ''", "designation_grant_stays"),
        ("specialty_id = (SELECT max(id) FROM specialty)", "designation_specialty_stays"),
    ):
        assert refused_by(filled, f"UPDATE designation SET {change} WHERE granted_at IS NOT NULL") == trigger


def test_what_is_set_once_stays(filled: sa.Connection) -> None:
    for table, column, value, other in (
        ("ballot", "void", "true", "false"),
        ("rating_in_force", "known_to", "known_from + interval '1 day'", "known_from + interval '2 days'"),
        ("figure", "superseded_at", "recorded_at", "NULL"),
    ):
        first = f"UPDATE {table} SET {column} = {value} WHERE id = (SELECT max(id) FROM {table})"
        again = f"UPDATE {table} SET {column} = {other} WHERE id = (SELECT max(id) FROM {table})"
        assert refused_by(filled, f"{first}; {first}") is None
        assert_refused(filled, f"{first}; {again}", f"{table}_once")


def test_who_is_withdrawn_from_a_visit_stays_so(filled: sa.Connection) -> None:
    gone = "UPDATE site_visitor SET withdrawn_at = timestamptz '2027-01-01 08:00+08', withdrawn_reason = '示例'"
    assert refused_by(filled, gone) is None
    assert_refused(filled, f"{gone}; {gone.replace('示例', '！')}", "site_visitor_once")
    back = "UPDATE site_visitor SET withdrawn_at = NULL, withdrawn_reason = ''"
    assert_refused(filled, f"{gone}; {back}", "site_visitor_once")


def test_a_visitors_day_moves_later_alone_and_only_while_they_are_named(filled: sa.Connection) -> None:
    later, sooner = (f"UPDATE site_visitor SET due = due {sign} interval '1 hour'" for sign in "+-")
    gone = "UPDATE site_visitor SET withdrawn_at = timestamptz '2027-01-01 08:00+08', withdrawn_reason = '示例'"
    assert refused_by(filled, later) is None
    assert_refused(filled, sooner, "site_visitor_later")
    assert_refused(filled, f"{gone}; {later}", "site_visitor_later")


def test_a_ballot_is_opened_once_and_what_was_sealed_stays_or_is_erased(filled: sa.Connection) -> None:
    shut, told = ("WHERE id = (SELECT max(id) FROM ballot WHERE choice IS " + known + "NULL)" for known in ("", "NOT "))
    filled.execute(sa.text(half_made.ballot("NULL", "'x'", "open")))
    assert refused_by(filled, f"UPDATE ballot SET choice = 'red', reason = '示例' {shut}") is None
    opened = f"UPDATE ballot SET choice = 'red' {shut}; UPDATE ballot"
    assert_refused(filled, f"{opened} SET choice = 'green' WHERE sealed IS NOT NULL", "ballot_choice_once")
    assert_refused(filled, f"UPDATE ballot SET choice = 'unrated' {told}", "ballot_choice_once")
    assert refused_by(filled, f"{opened} SET sealed = '' WHERE sealed IS NOT NULL") is None
    for other in ("'another'", "NULL"):
        assert_refused(filled, f"{opened} SET sealed = {other} WHERE sealed IS NOT NULL", "ballot_sealed_kept")
    ended = "UPDATE meeting_item SET state = 'voting', vote_ended_at = timestamptz '2027-01-01 08:00+08'"
    later = ended.replace("2027", "2028")
    one = "WHERE id = (SELECT min(id) FROM meeting_item WHERE state = 'open')"
    for again in (later, "UPDATE meeting_item SET present_at_end = '[1]'"):
        assert_refused(filled, f"{ended} {one}; {again} WHERE vote_ended_at IS NOT NULL", "meeting_item_vote_ends_once")


def test_an_approved_plans_lines_stay(filled: sa.Connection) -> None:
    approved = "WHERE plan_id = (SELECT id FROM enrolment_plan WHERE state = 'approved')"
    for column in set(columns("enrolment_line")) - {"set_aside"}:
        assert_refused(filled, f"UPDATE enrolment_line SET {column} = {column} {approved}", "enrolment_line_kept")
    assert_refused(filled, f"DELETE FROM enrolment_line {approved}", "enrolment_line_kept")
    assert refused_by(filled, f"UPDATE enrolment_line SET set_aside = true {approved}") is None


def test_what_was_approved_and_published_of_a_list_stays(filled: sa.Connection) -> None:
    out = "WHERE state = 'published'"
    for column, value in (
        ("document_number", "'示例〔2027〕9号'"), ("approved_by", "(SELECT min(id) FROM person)"),
        ("approved_at", "now()"), ("digest", "repeat('0', 64)"),
    ):  # fmt: skip
        assert_refused(filled, f"UPDATE specialty_list SET {column} = {value} {out}", "specialty_list_approved_stays")
    for column, value in (("year", "2031"), ("published_at", "now()")):
        assert_refused(filled, f"UPDATE specialty_list SET {column} = {value} {out}", "specialty_list_published_stays")
    ended = f"UPDATE specialty_list SET state = 'superseded', superseded_at = now() {out}"
    assert refused_by(filled, ended) is None


def test_what_was_proposed_stays_as_it_was_proposed(filled: sa.Connection) -> None:
    proposed = "WHERE question_digest IS NOT NULL"
    for column, value in (("question_digest", "repeat('1', 64)"), ("added", "'[[1, 1]]'"), ("lacking", "'[1]'")):
        statement = f"UPDATE allotment SET {column} = {value} {proposed}"
        assert_refused(filled, statement, "allotment_as_proposed")


def test_what_rules_said_of_an_entry_stays_and_its_exemption_once_it_is_approved(filled: sa.Connection) -> None:
    built, published = (f"WHERE list_id IN (SELECT id FROM specialty_list WHERE state = '{state}')"
                        for state in ("built", "published"))  # fmt: skip
    for column in columns("specialty_list_entry"):
        same = f"UPDATE specialty_list_entry SET {column} = {column}"
        if column.startswith("exempt") and column != "exempt_codes":
            assert refused_by(filled, f"{same} {built}") is None
        else:
            assert_refused(filled, f"{same} {built}", "specialty_list_entry_frozen")
        assert refused_by(filled, f"{same} {published}") == "specialty_list_entry_as_approved"
    assert_refused(filled, f"DELETE FROM specialty_list_entry {published}", "specialty_list_entry_frozen")
    assert refused_by(filled, "TRUNCATE specialty_list_entry") == "specialty_list_entry_kept"


def test_milestones_stay_as_agreed_and_their_proof_as_it_was_when_it_was_rechecked(filled: sa.Connection) -> None:
    for column in ("code", "text", "due"):
        same = f"UPDATE rectification_milestone SET {column} = {column}"
        assert_refused(filled, same, "rectification_milestone_kept")
    assert_refused(filled, "DELETE FROM rectification_milestone", "rectification_milestone_kept")
    assert refused_by(filled, "UPDATE rectification_milestone SET proof = proof") is None
    rechecked = "UPDATE rectification SET state = 'recheck' WHERE state = 'in_progress'; "
    for column in ("proof", "attachment_id", "proved_at", "proved_by"):
        same = f"{rechecked} UPDATE rectification_milestone SET {column} = {column}"
        assert_refused(filled, same, "rectification_milestone_proof_kept")


def test_a_report_is_made_once(filled: sa.Connection) -> None:
    files = ", ".join(f"{form} = repeat('0', 64)" for form in ("docx", "html", "xlsx"))
    once = f"UPDATE report SET made_at = asked_at, title = '示例', {files}"
    assert refused_by(filled, once) is None
    for column in ("made_at", "title", "docx", "html", "xlsx", "reviews"):
        assert_refused(filled, f"{once}; UPDATE report SET {column} = {column}", "report_once")
