"""Half-made rows by what is wrong with them: the constraint that refuses each, and the statement that tries it."""

NOW = "timestamptz '2027-06-01 08:00+08'"
DECIDED = "(SELECT min(id) FROM review WHERE state = 'decided')"
OPEN_ITEM = "(SELECT min(i.id) FROM meeting_item i WHERE i.state = 'open')"
ITS_REVIEW = f"(SELECT i.review_id FROM meeting_item i WHERE i.id = {OPEN_ITEM})"
ITS_SHEET = f"(SELECT r.sheet_id FROM review r WHERE r.id = {ITS_REVIEW})"


def decision(item: str, review: str, sheet: str, computed: str = "red") -> str:
    """A decision by these."""
    return (
        "INSERT INTO decision (review_id, item_id, sheet_id, rating, computed, tally, reason, decided_at)"
        f" VALUES ({review}, {item}, {sheet}, 'red', '{computed}', '{{}}', '示例', {NOW})"
    )


CLOSED_ITEM = "(SELECT min(i.id) FROM meeting_item i WHERE i.state = 'closed')"


def ballot(choice: str, sealed: str, state: str, reason: str = "''") -> str:
    """A ballot on an item in this state."""
    return (
        "INSERT INTO ballot (item_id, member_id, number, choice, sealed, reason, cast_at)"
        f" SELECT i.id, m.id, 9, {choice}, {sealed}, {reason}, {NOW} FROM meeting_item i, committee_member m"
        f" WHERE i.state = '{state}' LIMIT 1"
    )


def entry(list_: str, review: str, rating: str) -> str:
    """A line of a list, of a review's newest decision."""
    return (
        "INSERT INTO publication_entry (publication_id, edition, review_id, rating, reasons, decision_id)"
        f" SELECT p.id, p.edition, d.review_id, '{rating}', '[]', d.id FROM publication p, decision d"
        f" WHERE p.state = '{list_}' AND d.review_id = {review}"
        " AND d.id = (SELECT max(id) FROM decision WHERE review_id = d.review_id)"
        " AND p.id = (SELECT max(id) FROM publication WHERE state = p.state)"
    )


def paper(number: str, sequence: str, sha256: str) -> str:
    """A paper like the one there is, but for these."""
    return (
        "INSERT INTO document (jurisdiction_code, kind, title, form, year, sequence, number, subject_kind, subject_id,"
        " template_sha256, filling, sha256, size, made_at)"
        f" SELECT jurisdiction_code, kind, title, form, year, {sequence}, {number}, subject_kind, subject_id,"
        f" template_sha256, filling, {sha256}, size, made_at FROM document LIMIT 1"
    )


def report(kind: str, reader: str, period: str) -> str:
    """A report of the year that another was asked for."""
    return (
        "INSERT INTO report (jurisdiction_code, kind, reader, year, period, asked_at)"
        f" SELECT jurisdiction_code, '{kind}', '{reader}', year, '{period}', asked_at FROM report LIMIT 1"
    )


def material_check(changed: str) -> str:
    """A check of a file that could not be read, but for one column."""
    said = {"attachment_id": "(SELECT min(id) FROM attachment)", "names": """'["示例"]'""", "says": "'unchecked'",
            "finds": "'[]'", "unread": """'[["示例", "format"]]'"""}  # fmt: skip
    column, _, value = changed.partition(" = ")
    said[column] = value
    return (
        f"INSERT INTO material_check (review_id, checked_at, {', '.join(said)})"
        f" SELECT min(id), {NOW}, {', '.join(said.values())} FROM review"
    )


def in_force(specialty: str, review: str, rating: str, days: str, known: str = "") -> str:
    """A rating of a specialty from a day to a day, known since the first of 2024 or as said."""
    source = "''" if review != "NULL" else "'示例'"
    return (
        "INSERT INTO rating_in_force (specialty_id, review_id, rating, year, reasons, document_number, source,"
        " valid_from, valid_to, known_from, known_to)"
        f" VALUES ({specialty}, {review}, '{rating}', 2020, '[]', '', {source}, {days}, {known or EARLY})"
    )


def correction(new: str, reason: str) -> str:
    """A correction of whatever the new review replaces, or of one that it does not."""
    return (
        "INSERT INTO correction (review_id, new_review_id, reason, opened_at, opened_by)"
        f" SELECT coalesce(r.replaces_id, r.id), r.id, {reason}, {NOW}, (SELECT min(id) FROM person) FROM review r"
        f" WHERE r.id = {new}"
    )


EARLY = "timestamptz '2024-01-01 08:00+08', NULL"
RATED = "(SELECT min(id) FROM specialty)"
FIRST = in_force(RATED, "NULL", "red", "'2020-01-01', '2021-01-01'")
CONFIRMED = "(SELECT min(id) FROM review WHERE state = 'confirmed')"
ITS_SPECIALTY = f"(SELECT specialty_id FROM review WHERE id = {CONFIRMED})"
TO_SCORED = "state = 'scored', confirmed_at = NULL, appeal_due = NULL, document_number = '', served_at = NULL"

TOLD = f"decided_by = received_by, decided_at = {NOW}, deemed_served_at = {NOW}, complain_until = {NOW}"
ANY = "(SELECT min(id) FROM specialty)"


def application(**other: str) -> str:
    """Another application like the one on record, but for these columns."""
    like = ("jurisdiction_code", "school_id", "policy_id", "kind", "specialty_id", "catalogue_code", "direction",
            "level", "class_code", "class_name", "length", "campus", "partner", "agreement", "department_code",
            "changes", "effective_on", "grounds", "evidence_year", "received_at", "received_by")  # fmt: skip
    said = {**{column: column for column in like}, "name": "'示例丙'", "state": "'received'", **other}
    return f"INSERT INTO application ({', '.join(said)}) SELECT {', '.join(said.values())} FROM application"


def vote(number: int, approved: str, *, minutes: str = "minutes_number", reason: str = "'示例'") -> str:
    """Another vote on the application on record."""
    return (
        "INSERT INTO recorded_vote (application_id, number, held_on, approved, tally, minutes_number, reason,"
        f" recorded_by, recorded_at) SELECT application_id, {number}, held_on, {approved}, tally, {minutes}, {reason},"
        " recorded_by, recorded_at FROM recorded_vote WHERE application_id IS NOT NULL"
    )


KEY = "INSERT INTO api_key (label, secret_hash, valid_from) VALUES ('示例', 'x', '2026-01-01')"
SENT = "(SELECT max(id) FROM webhook_message)"


def endpoint(columns: str = "", values: str = "") -> str:
    """An endpoint of a new key, with these besides or instead."""
    said = {
        "api_key_id": "(SELECT max(id) FROM api_key)", "url": "''", "types": "'[]'", "algorithm": "'hmac'",
        "secret": "''", "transaction": "0", "seq": "0", "created_at": NOW,
    }  # fmt: skip
    said |= dict(zip(columns.split(", "), values.split(", "), strict=True)) if columns else {}
    return f"{KEY}; INSERT INTO webhook_endpoint ({', '.join(said)}) VALUES ({', '.join(said.values())})"


def message(next_at: str, refused: int) -> str:
    """A message to a new endpoint."""
    return (
        f"{endpoint()}; INSERT INTO webhook_message (endpoint_id, event_seq, created_at, next_at, refused) VALUES"
        f" ((SELECT max(id) FROM webhook_endpoint), (SELECT min(seq) FROM event), {NOW}, {next_at}, {refused})"
    )


CASES: dict[str, tuple[str, str]] = {
    # --- reviews and their decisions ---
    "a decided review of another rating than its decision": (
        "fk_review_decision", f"UPDATE review SET decided_rating = 'green' WHERE id = {DECIDED}",
    ),
    "a decided review on another's decision": (
        "fk_review_decision",
        f"UPDATE review SET decision_id = (SELECT min(id) FROM decision WHERE review_id <> {DECIDED})"
        f" WHERE id = {DECIDED}",
    ),
    "a decided review on another sheet than was decided on": (
        "fk_review_decision", f"UPDATE review SET sheet_id = {ITS_SHEET} WHERE id = {DECIDED}",
    ),
    "a review that is only scored with a decision": (
        "review_scored_is_undecided", f"UPDATE review SET {TO_SCORED} WHERE id = {CONFIRMED}",
    ),
    "a review on its way to a score with a decision": (
        "ck_review_unscored_is_undecided", f"UPDATE review SET state = 'verified' WHERE id = {DECIDED}",
    ),
    "a sheet that was opened and is not there": (
        "ck_review_opened_has_sheet",
        f"UPDATE review SET sheet_opened_at = {NOW} WHERE id = (SELECT min(id) FROM review WHERE sheet_id IS NULL)",
    ),
    "days to appeal that end before they begin": (
        "ck_review_confirmed_has_appeal_days",
        f"UPDATE review SET appeal_due = confirmed_at WHERE id = {CONFIRMED}",
    ),
    # --- runs, sheets, decisions, items, ballots ---
    "a run of one review within no other": (
        "ck_score_run_single_is_within",
        "INSERT INTO score_run (round_id, number, kind, policy_digest, inputs_digest, inputs, set_aside, made_at)"
        f" SELECT round_id, 99, 'single', policy_digest, inputs_digest, inputs, '[]', {NOW} FROM score_run LIMIT 1",
    ),
    "a run without the hash of its inputs": (
        "ck_score_run_digests_sha256",
        "INSERT INTO score_run (round_id, number, kind, policy_digest, inputs_digest, inputs, set_aside, made_at)"
        f" SELECT round_id, 99, 'round', policy_digest, '', inputs, '[]', {NOW} FROM score_run LIMIT 1",
    ),
    "a simulation without the hash of its inputs": (
        "ck_simulation_digests_sha256",
        "INSERT INTO simulation (round_id, run_id, policy_id, policy_version, policy_digest, against_digest,"
        " inputs_digest, seed, draws, labels, summary, made_at)"
        " SELECT round_id, id, 'small', '1', policy_digest, policy_digest, '', 1, 0, '{}', '{}', made_at"
        " FROM score_run LIMIT 1",
    ),
    "a job that failed less often than never": (
        "ck_job_failures_not_negative",
        "INSERT INTO job (name, subject, failures, failed_at, retry_at)"
        f" VALUES ('seal', '示例', -1, {NOW}, {NOW})",
    ),
    "an endpoint signed as nobody signs": ("ck_webhook_endpoint_algorithm_known", endpoint("algorithm", "'md5'")),
    "a secret before the present one that never ends": ("ck_webhook_endpoint_rotation_ends", endpoint("before", "''")),
    "an endpoint disabled without a reason": ("ck_webhook_endpoint_disabled_says_why", endpoint("disabled_at", NOW)),
    "an endpoint that failed less often than never": (
        "ck_webhook_endpoint_failures_not_negative", endpoint("failures, failing_since", f"-1, {NOW}"),
    ),
    "an endpoint that fails since it is not known when": (
        "ck_webhook_endpoint_failing_says_since", endpoint("failures", "1"),
    ),
    "an endpoint that is waited for without having failed": (
        "ck_webhook_endpoint_waits_only_failing", endpoint("retry_at", NOW),
    ),
    "a message that neither waits nor is done with": ("ck_webhook_message_waits_or_is_done", message("NULL", 0)),
    "a message refused more often than it was sent": ("ck_webhook_message_refused_were_attempts", message(NOW, 1)),
    "an attempt that neither was answered nor says why": (
        "ck_webhook_attempt_answered_or_says_why",
        f"{message(NOW, 0)}; INSERT INTO webhook_attempt (message_id, at, milliseconds) VALUES ({SENT}, {NOW}, 1)",
    ),
    "a second name of the log": ("ck_event_source_one_log", "INSERT INTO event_source (id, urn) VALUES (2, 'urn:x')"),
    "a sheet of another round's review": (
        "score_sheet_of_its_round",
        "INSERT INTO score_sheet (run_id, review_id, dimensions, indicators, rating, reasons)"
        " SELECT r.id, v.id, '{}', '[]', 'red', '[]' FROM score_run r JOIN review v ON v.round_id <> r.round_id"
        " LIMIT 1",
    ),
    "a decision on another specialty's sheet": (
        "decision_on_its_sheet",
        decision(OPEN_ITEM, ITS_REVIEW, f"(SELECT sheet_id FROM review WHERE id = {DECIDED})"),
    ),
    "a decision that says the sheet computed something else": (
        "decision_on_its_sheet", decision(OPEN_ITEM, ITS_REVIEW, ITS_SHEET, "green"),
    ),
    "a decision on another review than its item": (
        "fk_decision_item_id_review_id",
        decision(OPEN_ITEM, DECIDED, f"(SELECT sheet_id FROM review WHERE id = {DECIDED})"),
    ),
    "two decisions of one item": (
        "uq_decision_item_id",
        decision(OPEN_ITEM, ITS_REVIEW, ITS_SHEET) + "; " + decision(OPEN_ITEM, ITS_REVIEW, ITS_SHEET),
    ),
    "a closed item without a decision": (
        "meeting_item_closed_has_decision", f"UPDATE meeting_item SET state = 'closed' WHERE id = {OPEN_ITEM}",
    ),
    "a ballot after the close": (
        "ballot_cast_before_the_close",
        "INSERT INTO ballot (item_id, member_id, number, choice, cast_at)"
        f" SELECT i.id, m.id, 9, 'red', {NOW} FROM meeting_item i, committee_member m WHERE i.state = 'closed' LIMIT 1",
    ),
    "a ballot in the clear while its item is voted on": (
        "ballot_open_after_the_vote",
        f"UPDATE meeting_item SET state = 'voting' WHERE id = {OPEN_ITEM};" + ballot("'red'", "NULL", "voting"),
    ),
    "a sealed ballot with its reason beside it": (
        "ck_ballot_sealed_or_open", ballot("NULL", "'x'", "open", "'示例'"),
    ),
    "a closed item with a ballot that is sealed": (
        "meeting_item_closed_is_open",
        f"UPDATE meeting_item SET state = 'voting' WHERE id = {CLOSED_ITEM};" + ballot("NULL", "'x'", "voting")
        + "; UPDATE meeting_item SET state = 'closed' WHERE state = 'voting'",
    ),
    "a vote on paper without its minutes": (
        "ck_decision_paper_has_minutes",
        decision(OPEN_ITEM, ITS_REVIEW, ITS_SHEET).replace("'{}'", """'{"by": "paper"}'"""),
    ),
    # --- experts ---
    "an expert who scored and gave no score": (
        "expert_assignment_scored_has_scores",
        "INSERT INTO expert_assignment (review_id, person_id, state, due)"
        f" SELECT {DECIDED}, min(id), 'scored', {NOW} FROM person",
    ),
    "a score changed after it was handed in": (
        "panel_score_before_it_is_scored",
        "UPDATE expert_assignment SET state = 'scored' WHERE id IN (SELECT assignment_id FROM panel_score);"
        " UPDATE panel_score SET score = 1",
    ),
    "somebody in the pool without a field": (
        "ck_expert_has_fields",
        "INSERT INTO expert (person_id, bureau_id, fields, valid_from, valid_to)"
        " SELECT person_id, bureau_id, '[]', valid_from, valid_from FROM expert LIMIT 1",
    ),
    "somebody twice in the pool": (
        "uq_expert_in_pool",
        "INSERT INTO expert (person_id, bureau_id, fields, valid_from) SELECT person_id, bureau_id, fields, valid_from"
        " FROM expert WHERE valid_to IS NULL",
    ),
    "somebody who takes no review": ("ck_expert_at_most_positive", "UPDATE expert SET at_most = 0"),
    "a place in the pool that ends before it begins": (
        "ck_expert_valid_forwards", "UPDATE expert SET valid_to = valid_from - 1",
    ),
    "a tie to nobody": (
        "ck_expert_tie_to_one_party",
        f"INSERT INTO expert_tie (person_id, kind, declared_at) SELECT min(id), 'former_employer', {NOW} FROM person",
    ),
    "an interest without a reason": (
        "ck_expert_tie_interest_has_reason",
        "INSERT INTO expert_tie (person_id, kind, enterprise, declared_at)"
        f" SELECT min(id), 'interest', '示例', {NOW} FROM person",
    ),
    "a tie lifted without a word": ("ck_expert_tie_lifted_whole", f"UPDATE expert_tie SET lifted_at = {NOW}"),
    "a proposal that asks for nothing": (
        "ck_allotment_asks_for_something",
        "INSERT INTO allotment (round_id, number, state, per_review, at_most, asked_at)"
        f" SELECT min(id), 99, 'withdrawn', 0, 1, {NOW} FROM round",
    ),
    "two proposals in the making for a round": (
        "uq_allotment_in_making",
        "INSERT INTO allotment (round_id, number, state, per_review, at_most, asked_at)"
        " SELECT round_id, 99, 'asked', 1, 1, asked_at FROM allotment WHERE state = 'asked'",
    ),
    "material that was looked through and is no piece": (
        "ck_material_check_of_one_piece", material_check("attachment_id = NULL"),
    ),
    "a visitor without a day to report": (
        "ck_site_visitor_has_days",
        f"INSERT INTO site_visitor (review_id, person_id, due, named_at) SELECT max(r.id), max(p.id), {NOW}, {NOW}"
        " FROM review r, person p",
    ),
    "a visitor withdrawn without a reason": (
        "ck_site_visitor_withdrawn_has_reason", f"UPDATE site_visitor SET withdrawn_at = {NOW}",
    ),
    "a visitor named twice": (
        "uq_site_visitor_named",
        "INSERT INTO site_visitor (review_id, person_id, due, named_at)"
        " SELECT review_id, person_id, due, named_at FROM site_visitor LIMIT 1",
    ),
    "a report corrected without a reason": (
        "ck_site_visit_report_corrected_has_reason",
        "INSERT INTO site_visit_report (review_id, number, visited_on, findings, reported_at)"
        " SELECT review_id, number + 1, visited_on, findings, reported_at FROM site_visit_report LIMIT 1",
    ),
    "two reports of one number": (
        "uq_site_visit_report_review_id_number",
        "INSERT INTO site_visit_report (review_id, number, visited_on, findings, reported_at)"
        " SELECT review_id, number, visited_on, findings, reported_at FROM site_visit_report LIMIT 1",
    ),
    "a find that is nowhere": ("ck_material_check_found_has_finds", material_check("says = 'found'")),
    "material cleared that was not read": ("ck_material_check_clear_was_read", material_check("says = 'clear'")),
    "material unread without a part of it": (
        "ck_material_check_unchecked_says_what", material_check("unread = '[]'"),
    ),
    "material looked through for nobody": ("ck_material_check_looked_for_something", material_check("names = '[]'")),
    "material released without a word": (
        "ck_material_release_has_reason",
        material_check("finds = '[]'") + "; INSERT INTO material_release (check_id, reason, released_by, released_at)"
        f" SELECT max(c.id), '', min(p.id), {NOW} FROM material_check c, person p",
    ),
    # --- lists and ratings in force ---
    "a list of nothing": (
        "ck_publication_counts_something", "UPDATE publication SET counts = '{}' WHERE state = 'drafted'",
    ),
    "a list without its hash": (
        "ck_publication_list_digest_sha256", "UPDATE publication SET digest = '' WHERE state = 'drafted'",
    ),
    "a list approved by who drafted it": (
        "ck_publication_two_people",
        f"UPDATE publication SET state = 'approved', approved_by = drafted_by, approved_at = {NOW}"
        " WHERE state = 'drafted'",
    ),
    "a draft that was approved": (
        "ck_publication_drafted_is_unapproved",
        "UPDATE publication SET approved_by = (SELECT max(id) FROM person WHERE id <> drafted_by),"
        f" approved_at = {NOW} WHERE state = 'drafted'",
    ),
    "an approved list with fewer entries than it counts": (
        "publication_has_its_entries",
        "UPDATE publication SET state = 'approved', approved_by = (SELECT max(id) FROM person WHERE id <> drafted_by),"
        f""" approved_at = {NOW}, counts = '{{"total": 99}}' WHERE state = 'drafted'""",
    ),
    "an entry of another rating than was decided": (
        "publication_entry_as_decided", entry("drafted", DECIDED, "green"),
    ),
    "an entry added to a list that is out": (
        "publication_entry_as_decided", entry("in_publicity", DECIDED, "red"),
    ),
    "a rating in force of a review that is not confirmed": (
        "rating_in_force_as_confirmed",
        in_force(f"(SELECT specialty_id FROM review WHERE id = {DECIDED})", DECIDED, "red",
                 "'2020-01-01', '2021-01-01'"),
    ),
    "a rating in force that its review was not given": (
        "rating_in_force_as_confirmed",
        in_force(ITS_SPECIALTY, CONFIRMED, "green", "'2020-01-01', '2021-01-01'"),
    ),
    "two ratings of a specialty on one day": (
        "ex_rating_in_force_one_at_a_time",
        FIRST + "; " + in_force(RATED, "NULL", "green", "'2020-12-31', '2022-01-01'"),
    ),
    "a rating put between two known instants of another": (
        "ex_rating_in_force_one_at_a_time",
        FIRST + "; " + in_force(RATED, "NULL", "green", "'2020-06-01', '2020-06-02'",
                                "timestamptz '2024-06-01 08:00+08', timestamptz '2024-06-02 08:00+08'"),
    ),
    # --- appeals, rectifications, closings, plans ---
    "an admitted appeal without a panel": (
        "appeal_admitted_has_panel", "UPDATE appeal SET state = 'admitted' WHERE state = 'received'",
    ),
    "an appeal upheld by a review that replaces another": (
        "appeal_upheld_replaces", f"UPDATE appeal SET new_review_id = {DECIDED} WHERE state = 'upheld'",
    ),
    "a correction by a review that replaces another": (
        "correction_replaces", correction(DECIDED, "'示例'"),
    ),
    "a correction without a reason": (
        "ck_correction_reason_given",
        correction(
            "(SELECT max(id) FROM review WHERE replaces_id IS NOT NULL"
            " AND id NOT IN (SELECT new_review_id FROM correction))",
            "''",
        ),
    ),
    "mending without a milestone": (
        "rectification_has_milestones",
        "UPDATE rectification SET state = 'in_progress', plan = '示例'"
        " WHERE id = (SELECT min(id) FROM rectification WHERE state = 'due')",
    ),
    "passed with a milestone that is not proved": (
        "rectification_has_milestones",
        "UPDATE rectification_milestone SET proved_at = NULL, proof = '';"
        " UPDATE rectification SET state = 'passed', findings = '示例', passed_on = '2027-01-01'"
        " WHERE state = 'in_progress'",
    ),
    "a recheck that failed without findings": (
        "ck_rectification_failed_has_findings",
        "UPDATE rectification SET failures = 1 WHERE state = 'in_progress' AND findings = ''",
    ),
    "fewer failed rechecks than none": (
        "ck_rectification_failures_not_negative", "UPDATE rectification SET failures = -1, findings = '示例'",
    ),
    "a specialty closed without days to appeal": (
        "ck_closing_proposal_decided_has_appeal_days",
        f"UPDATE closing_proposal SET decision = 'close', decided_at = {NOW}, reason = '示例', appeal_due = NULL,"
        " document_number = '示例', decided_by = (SELECT min(id) FROM person)",
    ),
    "a plan handed in without a line": (
        "enrolment_plan_has_lines",
        "INSERT INTO enrolment_plan (jurisdiction_code, academic_year, number, state, drafted_at, submitted_by)"
        f" SELECT jurisdiction_code, 2040, 1, 'submitted', {NOW}, submitted_by FROM enrolment_plan LIMIT 1",
    ),
    "a line added to an approved plan": (
        "enrolment_line_of_a_draft",
        "INSERT INTO enrolment_line (plan_id, specialty_id, computed, quota, standing, rule)"
        " SELECT p.id, s.id, 1, 1, l.standing, l.rule FROM enrolment_plan p, specialty s, enrolment_line l"
        " WHERE p.state = 'approved' AND s.id NOT IN (SELECT specialty_id FROM enrolment_line WHERE plan_id = p.id)"
        " LIMIT 1",
    ),
    "two approved plans of one year": (
        "uq_enrolment_plan_approved",
        "INSERT INTO enrolment_plan (jurisdiction_code, academic_year, number, state, drafted_at)"
        f" SELECT jurisdiction_code, academic_year, 99, 'draft', {NOW} FROM enrolment_plan WHERE state = 'approved';"
        " INSERT INTO enrolment_line (plan_id, specialty_id, computed, quota, standing, rule)"
        " SELECT max(p.id), min(l.specialty_id), 1, 1, min(l.standing), min(l.rule)"
        " FROM enrolment_plan p, enrolment_line l WHERE p.number = 99;"
        f" UPDATE enrolment_plan SET state = 'approved', approved_at = {NOW}, document_number = '示例',"
        " submitted_by = (SELECT min(id) FROM person), approved_by = (SELECT max(id) FROM person) WHERE number = 99",
    ),
    "a plan approved by who submitted it": (
        "ck_enrolment_plan_two_people",
        "UPDATE enrolment_plan SET approved_by = submitted_by WHERE state = 'approved'",
    ),
    "a plan given back that is still approved": (
        "ck_enrolment_plan_draft_is_unapproved", "UPDATE enrolment_plan SET state = 'draft' WHERE state = 'approved'",
    ),
    "a superseded plan that nobody submitted": (
        "ck_enrolment_plan_approved_was_submitted",
        "UPDATE enrolment_plan SET state = 'superseded', submitted_by = NULL WHERE state = 'approved'",
    ),
    "a support of no amount": (
        "ck_support_grant_amount_positive",
        "INSERT INTO support_grant (specialty_id, academic_year, support, what, amount, document_number, valid_from,"
        " state, granted_by, granted_at) SELECT specialty_id, 2030, support, what, '0.00', document_number, valid_from,"
        " state, granted_by, granted_at FROM support_grant",
    ),
    "a support granted twice in a year": (
        "uq_support_grant_granted",
        "INSERT INTO support_grant (specialty_id, academic_year, support, what, document_number, valid_from, state,"
        " granted_by, granted_at) SELECT specialty_id, academic_year, support, what, document_number, valid_from,"
        " state, granted_by, granted_at FROM support_grant",
    ),
    "a plan approved beyond its county's cap": (
        "enrolment_plan_within_its_caps",
        "INSERT INTO enrolment_plan (jurisdiction_code, academic_year, number, state, drafted_at) SELECT"
        f" jurisdiction_code, 2031, 1, 'draft', {NOW} FROM enrolment_plan WHERE state = 'approved';"
        " INSERT INTO enrolment_line (plan_id, specialty_id, computed, quota, standing, rule) SELECT p.id, s.id, 9, 9,"
        " 'normal', 'keep' FROM enrolment_plan p, specialty s WHERE p.academic_year = 2031 AND s.closed_on IS NULL;"
        " INSERT INTO enrolment_cap SELECT DISTINCT p.id, 'school', k.code, 1 FROM enrolment_plan p, school k"
        " WHERE p.academic_year = 2031;"
        " UPDATE enrolment_plan SET state = 'approved', document_number = '示例', approved_at = drafted_at,"
        " submitted_by = (SELECT min(id) FROM person), approved_by = (SELECT max(id) FROM person)"
        " WHERE academic_year = 2031",
    ),
    "a cap of a plan that was approved": (
        "enrolment_cap_kept",
        "INSERT INTO enrolment_cap SELECT id, 'school', '3637000001', 1 FROM enrolment_plan WHERE state = 'approved'",
    ),
    "a closing proposed for a year that is not said": (
        "ck_closing_proposal_idle_has_its_years",
        "INSERT INTO closing_proposal (specialty_id, grounds, proposed_at, deemed_served_at)"
        f" VALUES ({RATED}, 'no_intake', {NOW}, {NOW} + interval '1 day')",
    ),
    "a closing for want of intake that rests on a rectification": (
        "ck_closing_proposal_rests_on_its_ground",
        "UPDATE closing_proposal SET grounds = 'no_intake', policy_id = (SELECT min(id) FROM policy), years = 3,"
        " through = 2026 WHERE id = (SELECT min(id) FROM closing_proposal)",
    ),
    "two appeals against one closing at a time": (
        "uq_closing_appeal_open",
        "INSERT INTO closing_appeal (proposal_id, specialty_id, state, grounds, received_at, received_by, answer_due)"
        " SELECT proposal_id, specialty_id, 'received', grounds, received_at, received_by, answer_due"
        " FROM closing_appeal",
    ),
    "a designation granted by who proposed it": (
        "ck_designation_two_people",
        f"UPDATE designation SET state = 'granted', granted_by = proposed_by, granted_at = {NOW},"
        " document_number = '示例' WHERE state = 'proposed'",
    ),
    "a proposal that is granted already": (
        "ck_designation_proposed_is_ungranted",
        f"UPDATE designation SET granted_at = {NOW}, document_number = '示例', granted_by ="
        " (SELECT max(p.id) FROM person p WHERE p.id <> proposed_by) WHERE state = 'proposed'",
    ),
    "a proposal that was reviewed": (
        "ck_designation_reviewed_was_granted",
        f"UPDATE designation SET review_since = {NOW} WHERE state = 'proposed'",
    ),
    "two designations of a kind for one specialty": (
        "uq_designation_specialty",
        "INSERT INTO designation (jurisdiction_code, kind, tier, specialty_id, state, grounds, proposed_by,"
        " proposed_at) SELECT jurisdiction_code, kind, tier, specialty_id, 'proposed', grounds, proposed_by,"
        " proposed_at FROM designation WHERE group_id IS NULL LIMIT 1",
    ),
    "two designations of a kind for one group": (
        "uq_designation_group",
        "INSERT INTO designation (jurisdiction_code, kind, tier, specialty_id, group_id, state, grounds, proposed_by,"
        " proposed_at) SELECT jurisdiction_code, kind, tier, specialty_id, group_id, 'proposed', grounds, proposed_by,"
        " proposed_at FROM designation WHERE group_id IS NOT NULL LIMIT 1",
    ),
    "a loss that an appeal ended and no rating made": (
        "ck_designation_loss_ended_was_rated",
        "INSERT INTO designation_loss (designation_id, specialty_id, lost_at, ended_by)"
        f" SELECT id, specialty_id, {NOW}, {CONFIRMED} FROM designation LIMIT 1",
    ),
    "a group whose lead is not in it": (
        "fk_specialty_group_version_lead",
        "INSERT INTO specialty_group_version (group_id, number, lead_id, valid_from, reason, made_by, made_at)"
        f" SELECT group_id, 99, lead_id, valid_from, '示例', made_by, {NOW} FROM specialty_group_version LIMIT 1",
    ),
    "a group changed without a reason": (
        "ck_specialty_group_version_revised_has_reason",
        "WITH made AS (INSERT INTO specialty_group_version (group_id, number, lead_id, valid_from, made_by, made_at)"
        f" SELECT group_id, 99, lead_id, valid_from, made_by, {NOW} FROM specialty_group_version LIMIT 1"
        " RETURNING id, lead_id) INSERT INTO specialty_group_member SELECT id, lead_id FROM made",
    ),
    "a group with another school's specialty": (
        "specialty_group_member_of_its_school",
        "INSERT INTO specialty_group_member (version_id, specialty_id)"
        " SELECT v.id, (SELECT min(s.id) FROM specialty s WHERE s.school_id <> g.school_id)"
        " FROM specialty_group_version v JOIN specialty_group g ON g.id = v.group_id",
    ),
    "a list approved by who built it": (
        "ck_specialty_list_two_people",
        "UPDATE specialty_list SET state = 'approved', approved_by = built_by, document_number = '示例',"
        f" approved_at = {NOW} WHERE state = 'built'",
    ),
    "a list that is built and approved at once": (
        "ck_specialty_list_built_is_unapproved",
        f"UPDATE specialty_list SET document_number = '示例', approved_at = {NOW}, approved_by ="
        " (SELECT max(p.id) FROM person p WHERE p.id <> built_by) WHERE state = 'built'",
    ),
    "a list published before it is": (
        "ck_specialty_list_approved_is_unpublished",
        "UPDATE specialty_list SET state = 'approved' WHERE state = 'published'",
    ),
    "a list of which more is named than was looked at": (
        "ck_specialty_list_named_were_looked_at",
        "INSERT INTO specialty_list (round_id, jurisdiction_code, policy_id, kind, number, state, digest, looked_at,"
        " named, built_by, built_at, superseded_at) SELECT round_id, jurisdiction_code, policy_id, kind, 99,"
        " 'superseded', digest, 1, 2, built_by, built_at, built_at FROM specialty_list LIMIT 1",
    ),
    "a list without a hash": (
        "ck_specialty_list_list_digest_sha256", "UPDATE specialty_list SET digest = '' WHERE state = 'built'",
    ),
    "two lists of one kind being made": (
        "uq_specialty_list_in_making",
        "INSERT INTO specialty_list (round_id, jurisdiction_code, policy_id, kind, number, state, digest, looked_at,"
        " named, built_by, built_at) SELECT round_id, jurisdiction_code, policy_id, kind, 99, 'built', digest, 1, 0,"
        " built_by, built_at FROM specialty_list WHERE state = 'built'",
    ),
    "two lists of one kind in force for a year": (
        "uq_specialty_list_published",
        "INSERT INTO specialty_list (round_id, jurisdiction_code, policy_id, kind, number, state, digest, looked_at,"
        " named, built_by, built_at, approved_by, approved_at, document_number, published_by, published_at, year)"
        " SELECT round_id, jurisdiction_code, policy_id, kind, 99, state, digest, 1, 0, built_by, built_at,"
        " approved_by, approved_at, document_number, published_by, published_at, year FROM specialty_list"
        " WHERE state = 'published'",
    ),
    "a list approved without the entries it counts": (
        "specialty_list_has_its_entries",
        "INSERT INTO specialty_list (round_id, jurisdiction_code, policy_id, kind, number, state, digest, looked_at,"
        " named, built_by, built_at, approved_by, approved_at, document_number)"
        " SELECT round_id, jurisdiction_code, policy_id, kind, 99, 'approved', digest, 9, 3, built_by, built_at,"
        " approved_by, approved_at, document_number FROM specialty_list WHERE state = 'published'",
    ),
    "an entry added to a published list": (
        "specialty_list_entry_of_a_built",
        "INSERT INTO specialty_list_entry (list_id, level, code, name, reasons, figures, exempt_codes)"
        " SELECT id, 'associate', '510201', '示例', '[\"x\"]', '{}', '[]' FROM specialty_list"
        " WHERE state = 'published'",
    ),
    "an entry exempted on a published list": (
        "specialty_list_entry_as_approved",
        "UPDATE specialty_list_entry SET exempt_by = 'person', exempt_reason = '示例',"
        f" exempted_by = (SELECT min(id) FROM person), exempted_at = {NOW} WHERE list_id IN"
        " (SELECT id FROM specialty_list WHERE state = 'published')",
    ),
    "an entry that no rule names": (
        "ck_specialty_list_entry_named_by_a_rule",
        "INSERT INTO specialty_list_entry (list_id, level, code, name, reasons, figures, exempt_codes)"
        " SELECT id, 'associate', '510201', '示例', '[]', '{}', '[]' FROM specialty_list WHERE state = 'built'",
    ),
    "an exemption by a person without a reason": (
        "ck_specialty_list_entry_person_has_reason",
        "UPDATE specialty_list_entry SET exempt_by = 'person', exempted_by = (SELECT min(id) FROM person),"
        f" exempted_at = {NOW} WHERE exempt_by = '' AND list_id IN (SELECT id FROM specialty_list"
        " WHERE state = 'built')",
    ),
    "an exemption by nobody": (
        "ck_specialty_list_entry_person_is_named",
        "UPDATE specialty_list_entry SET exempt_by = 'person', exempt_reason = '示例' WHERE exempt_by = ''"
        " AND list_id IN (SELECT id FROM specialty_list WHERE state = 'built')",
    ),
    "an exemption by a policy that names none": (
        "ck_specialty_list_entry_policy_has_codes",
        "UPDATE specialty_list_entry SET exempt_by = 'policy' WHERE exempt_by = ''"
        " AND list_id IN (SELECT id FROM specialty_list WHERE state = 'built')",
    ),
    "an exemption without its time": (
        "ck_specialty_list_entry_exemption_has_its_time",
        "UPDATE specialty_list_entry SET exempt_by = 'person', exempt_reason = '示例',"
        " exempted_by = (SELECT min(id) FROM person) WHERE exempt_by = ''"
        " AND list_id IN (SELECT id FROM specialty_list WHERE state = 'built')",
    ),
    # --- applications ---
    "an application registered that nobody voted for": (
        "application_registered_was_voted_for",
        f"{vote(9, 'false')}; UPDATE application SET state = 'registered', document_number = '示例', {TOLD},"
        " specialty_id = (SELECT min(id) FROM specialty) WHERE state = 'committee'",
    ),
    "a decision on an application that is half told": (
        "ck_application_decision_whole",
        f"UPDATE application SET state = 'refused', reason = '示例', decided_at = {NOW}",
    ),
    "a decision on an application that goes on": (
        "ck_application_undecided_tells_nothing", f"UPDATE application SET {TOLD}",
    ),
    "a visit without its report": (
        "ck_application_visit_whole", "UPDATE application SET visited_on = '2027-01-01', visited_by = received_by",
    ),
    "an application to open what no catalogue has": ("ck_application_open_has_entry", application(kind="'open'")),
    "an application to close without saying how many are left": (
        "ck_application_close_says_students", application(kind="'close'", effective_on="NULL", specialty_id=ANY),
    ),
    "an application to change nothing": (
        "ck_application_change_says_what", application(kind="'change'", effective_on="NULL", specialty_id=ANY),
    ),
    "an application to change nobody's specialty": (
        "ck_application_has_its_specialty",
        application(kind="'change'", effective_on="NULL", changes="""'{"length": "3"}'"""),
    ),
    "an application to open on no day": (
        "ck_application_opening_has_its_day", application(effective_on="NULL"),
    ),
    "an application without grounds": ("ck_application_has_grounds", application(grounds="''")),
    "an off-catalogue application without an enterprise": (
        "ck_application_off_catalogue_has_partner", application(partner="''"),
    ),
    "two applications about the same": ("uq_application_opening", application(name="name")),
    "an opinion that says nothing": (
        "ck_application_opinion_said_in_writing",
        f"{application()}; INSERT INTO application_opinion (application_id, party, agrees, words, document_number,"
        " given_by, given_at) SELECT (SELECT max(id) FROM application), party, true, '', document_number, given_by,"
        " given_at FROM application_opinion",
    ),
    "a file of an application without its hash": (
        "ck_application_attachment_file_whole",
        "INSERT INTO application_attachment (application_id, name, media_type, size, sha256, uploaded_at, uploaded_by)"
        f" SELECT id, '示例.pdf', 'application/pdf', 9, '', {NOW}, received_by FROM application",
    ),
    "a vote without minutes": ("ck_recorded_vote_has_minutes", vote(2, "true", minutes="''")),
    "a vote taken anew without a reason": ("ck_recorded_vote_anew_has_reason", vote(2, "true", reason="''")),
    "a vote on nothing": (
        "ck_recorded_vote_about_one_thing",
        "INSERT INTO recorded_vote (number, held_on, approved, tally, minutes_number, reason, recorded_by, recorded_at)"
        " SELECT 9, held_on, approved, tally, minutes_number, '示例', recorded_by, recorded_at FROM recorded_vote",
    ),
    "a closing decided against the vote": (
        "closing_decided_as_voted",
        "UPDATE closing_proposal SET decision = 'keep' WHERE decision = 'close'",
    ),
    # --- cycles, places ---
    "a running cycle without a round": (
        "cycle_running_has_rounds",
        "INSERT INTO cycle (code, title, jurisdiction_code, bureau_id, first_year, last_year, levels, school_kinds,"
        " state) SELECT 'x', 'x', jurisdiction_code, bureau_id, 2040, 2040, levels, school_kinds, 'running'"
        " FROM cycle LIMIT 1",
    ),
    "a round that goes on in a cycle that does not": (
        "round_live_in_running_cycle",
        "UPDATE cycle SET state = 'concluded'; UPDATE round SET version = version + 1",
    ),
    "a cycle of a school": (
        "cycle_of_a_bureau", "UPDATE cycle SET bureau_id = (SELECT min(id) FROM school)",
    ),
    "a committee of a school": (
        "committee_member_of_a_bureau", "UPDATE committee_member SET bureau_id = (SELECT min(id) FROM school)",
    ),
    "a school that is a county": (
        "school_is_a_school",
        "INSERT INTO school (id, code, scheme, name, kind, run_by, jurisdiction_code, city_code)"
        " SELECT o.id, '3637999999', scheme, s.name, s.kind, run_by, s.jurisdiction_code, city_code"
        " FROM organisation o, school s WHERE o.kind = 'county' LIMIT 1",
    ),
    # --- amendments ---
    "an amendment without a reason": (
        "ck_amendment_reason_given",
        "INSERT INTO amendment (round_id, from_policy_id, to_policy_id, reason, state, proposed_by, proposed_at)"
        " SELECT round_id, from_policy_id, to_policy_id, '', 'withdrawn', proposed_by, proposed_at FROM amendment",
    ),
    "an amendment to the version that is pinned": (
        "ck_amendment_another_version",
        "INSERT INTO amendment (round_id, from_policy_id, to_policy_id, reason, state, proposed_by, proposed_at)"
        " SELECT round_id, from_policy_id, from_policy_id, '示例', 'withdrawn', proposed_by, proposed_at"
        " FROM amendment",
    ),
    "an amendment recorded by who proposed it": (
        "ck_amendment_two_people",
        f"UPDATE amendment SET state = 'recorded', recorded_by = proposed_by, recorded_at = {NOW}",
    ),
    "two amendments of a round proposed at once": (
        "uq_amendment_proposed",
        "INSERT INTO amendment (round_id, from_policy_id, to_policy_id, reason, state, proposed_by, proposed_at)"
        " SELECT round_id, from_policy_id, to_policy_id, '示例', 'proposed', proposed_by, proposed_at FROM amendment",
    ),
    "a round that pins another policy without an amendment": (
        "round_policy_by_amendment",
        "UPDATE round SET policy_id = (SELECT max(id) FROM policy) WHERE policy_id <> (SELECT max(id) FROM policy)",
    ),
    # --- reports ---
    "a school's report without a school": (
        "ck_report_school_has_school", report('school', 'public', 'year'),
    ),
    "a year's report of a quarter": (
        "ck_report_part_of_supervision", report('annual', 'public', 'q1'),
    ),
    "supervision for everybody": (
        "ck_report_supervision_for_offices", report('supervision', 'public', 'q1'),
    ),
    "a report that is made in part": (
        "ck_report_made_whole", "UPDATE report SET made_at = asked_at, title = 'x'",
    ),
    "a made report without the hash of a file": (
        "ck_report_hashes_sha256", "UPDATE report SET made_at = asked_at, title = 'x', docx = '', html = '', xlsx = ''",
    ),
    "a report that waits twice": (
        "uq_report_waiting", report('annual', 'office', 'year'),
    ),
    # --- papers ---
    "more letters done than were asked for": (
        "ck_letter_batch_done_of_what_was_asked", "UPDATE letter_batch SET done = 99",
    ),
    "letters made in part": ("ck_letter_batch_made_whole", "UPDATE letter_batch SET size = 9"),
    "letters made before the last is done": (
        "ck_letter_batch_made_when_all_are",
        f"UPDATE letter_batch SET done = 0, made_at = {NOW}, size = 9, sha256 = repeat('0', 64)",
    ),
    "letters made without the hash of their file": (
        "ck_letter_batch_file_sha256",
        f"UPDATE letter_batch SET done = jsonb_array_length(reviews), made_at = {NOW}, size = 9, sha256 = ''",
    ),
    "a template's version without a file that has a size": (
        "ck_document_template_file_whole",
        "INSERT INTO document_template (jurisdiction_code, kind, number, sha256, size, made_at, made_by)"
        f" SELECT jurisdiction_code, kind, 99, NULL, 5, {NOW}, made_by FROM document_template LIMIT 1",
    ),
    "a template's version before the first": (
        "ck_document_template_number_counts",
        "INSERT INTO document_template (jurisdiction_code, kind, number, sha256, size, made_at, made_by)"
        f" SELECT jurisdiction_code, kind, 0, NULL, 0, {NOW}, made_by FROM document_template LIMIT 1",
    ),
    "a way of numbering without the number": (
        "ck_document_form_form_has_both",
        "INSERT INTO document_form (jurisdiction_code, kind, form, made_at, made_by)"
        f" SELECT jurisdiction_code, kind, '示例〔{{year}}〕号', {NOW}, made_by FROM document_form LIMIT 1",
    ),
    "numbers with a gap": ("document_sequence_steps", "UPDATE document_sequence SET last = last + 2"),
    "a number that is given back": ("document_sequence_steps", "UPDATE document_sequence SET last = last - 1"),
    "numbers that begin below none": (
        "ck_document_sequence_last_not_negative",
        "INSERT INTO document_sequence (jurisdiction_code, form, year, last)"
        " SELECT jurisdiction_code, form, 2040, -1 FROM document_sequence LIMIT 1",
    ),
    "a paper under a number that was given": (
        "uq_document_jurisdiction_code_number", paper("number", "sequence + 1", "sha256"),
    ),
    "a paper under no number": (
        "ck_document_something_counted", paper("'x'", "0", "sha256"),
    ),
    "a paper without the hash of its file": (
        "ck_document_hashes_sha256", paper("'x'", "sequence + 1", "''"),
    ),
    # --- successions ---
    "a succession without a document": (
        "ck_succession_reason_given",
        "INSERT INTO succession (jurisdiction_code, subject, act, effective_on, reason, document_number, wanted, state,"
        " proposed_by, proposed_at) SELECT jurisdiction_code, subject, act, effective_on, reason, '', wanted,"
        " 'withdrawn', proposed_by, proposed_at FROM succession LIMIT 1",
    ),
    "a succession of nothing": (
        "ck_succession_wants_something",
        "INSERT INTO succession (jurisdiction_code, subject, act, effective_on, reason, document_number, wanted, state,"
        " proposed_by, proposed_at) SELECT jurisdiction_code, subject, act, effective_on, reason, document_number,"
        " '[]', 'withdrawn', proposed_by, proposed_at FROM succession LIMIT 1",
    ),
    "a succession recorded by who proposed it": (
        "ck_succession_two_people",
        f"UPDATE succession SET state = 'recorded', recorded_by = proposed_by, recorded_at = {NOW}"
        " WHERE state = 'proposed'",
    ),
    "a rating of another specialty's review where nothing went over": (
        "rating_in_force_as_confirmed",
        in_force(f"(SELECT max(id) FROM specialty WHERE id <> {ITS_SPECIALTY} AND id NOT IN"
                 " (SELECT to_specialty_id FROM succession_line))", CONFIRMED,
                 "green", "'2019-01-01', '2020-01-01'"),
    ),
}  # fmt: skip
