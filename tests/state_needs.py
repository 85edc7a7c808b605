"""What a row has in each state, as the tests say it: compared with what PostgreSQL refuses (test_state_needs)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Columns = tuple[str, ...]
NOW, LATER = "timestamptz '2027-01-01 08:00+08'", "timestamptz '2027-02-01 08:00+08'"
PERSON = "(SELECT min(id) FROM person)"


@dataclass(frozen=True, slots=True)
class Needs:
    """One machine's table.

    `row` picks a row to try with; `empty` and `full` are a column without and with something in it. In each of
    `states` the columns named are needed, and a row with these alone is legal. `refused_by`: the constraints that say
    so of a column (any may speak first). `only_in`: columns that say something in these states and in no others.
    """

    table: str
    row: str
    empty: Mapping[str, str]
    full: Mapping[str, str]
    states: Mapping[str, Columns]
    refused_by: Mapping[str, Columns] = field(default_factory=dict)
    only_in: Mapping[str, tuple[Columns, str]] = field(default_factory=dict)


def nothing(*states: str) -> dict[str, Columns]:
    """States that need no column of their own: what they need stands in NOT NULL columns, or in other rows."""
    return dict.fromkeys(states, ())


LEFT = ("exempted", "withdrawn", "cancelled")
_SCORED = ("evidence_version_id", "sheet_id", "challenge_due")
_DECIDED = (*_SCORED, "decision_id", "decided_rating")
_CONFIRMED = ("document_number", "confirmed_at", "appeal_due")

REVIEW = Needs(
    "review",
    "state = 'confirmed' AND replaces_id IS NULL",
    empty=dict.fromkeys(
        ("due", "correction_due", "evidence_version_id", "sheet_id", "sheet_opened_at", "challenge_due", "decision_id",
         "decided_rating", "served_at", "preview_due", "confirmed_at", "appeal_due"), "NULL",
    ) | {"returned_fields": "'{}'", "was_defaulted": "false", "document_number": "''"},
    full={
        "due": NOW, "correction_due": NOW, "returned_fields": """'{"graduates": "示例"}'""", "was_defaulted": "true",
        "evidence_version_id": "(SELECT max(e.id) FROM evidence_version e WHERE e.review_id = t.id)",
        "sheet_id": "(SELECT max(d.sheet_id) FROM decision d WHERE d.review_id = t.id)", "challenge_due": NOW,
        "sheet_opened_at": NOW, "served_at": NOW, "preview_due": NOW,
        "decision_id": "(SELECT max(d.id) FROM decision d WHERE d.review_id = t.id)",
        "decided_rating": "(SELECT d.rating FROM decision d WHERE d.review_id = t.id ORDER BY d.id DESC LIMIT 1)",
        "document_number": "'示例〔2027〕1号'", "confirmed_at": NOW, "appeal_due": LATER,
    },
    states={
        "planned": (), "open": ("due",), "submitted": ("due", "evidence_version_id"),
        "defaulted": ("due", "was_defaulted"), "returned": ("correction_due", "returned_fields"),
        "checked": ("due", "evidence_version_id"), "verified": ("evidence_version_id",), "scored": _SCORED,
        "decided": _DECIDED, "previewed": (*_DECIDED, "preview_due"), "publicised": _DECIDED,
        "confirmed": (*_DECIDED, *_CONFIRMED),
        **nothing(*LEFT),
    },
    refused_by={
        "due": ("ck_review_open_has_due", "ck_review_checked_had_due"),
        "correction_due": ("ck_review_returned_has_due",),
        "returned_fields": ("ck_review_returned_has_fields",),
        "was_defaulted": ("ck_review_defaulted_is_marked",),
        "evidence_version_id": ("ck_review_frozen_has_evidence", "ck_review_submitted_has_evidence"),
        "sheet_id": ("ck_review_scored_has_sheet", "fk_review_decision"),
        "challenge_due": ("ck_review_scored_has_challenge_days",),
        "preview_due": ("ck_review_previewed_has_days",),
        "decision_id": ("ck_review_rating_has_decision",),
        "decided_rating": ("ck_review_decided_has_rating", "ck_review_decision_has_rating"),
        "document_number": ("ck_review_confirmed_has_document",),
        "confirmed_at": ("ck_review_confirmed_has_appeal_days", "ck_review_confirmed_has_document"),
        "appeal_due": ("ck_review_confirmed_has_appeal_days",),
    },
    only_in={
        "served_at": (("previewed", "publicised", "confirmed", *LEFT), "ck_review_served_was_shown"),
        "confirmed_at": (("confirmed",), "ck_review_unconfirmed_has_no_days"),
        "appeal_due": (("confirmed",), "ck_review_unconfirmed_has_no_days"),
        "document_number": (("confirmed",), "ck_review_unconfirmed_has_no_document"),
    },
)  # fmt: skip

_PHASES = ("collecting_due", "verifying_due", "scoring_due", "deliberating_due")
ROUND = Needs(
    "round",
    "cycle_id IN (SELECT id FROM cycle WHERE state = 'running')",
    empty=dict.fromkeys(_PHASES, "NULL"),
    full=dict.fromkeys(_PHASES, NOW),
    states={
        "planned": (), "collecting": _PHASES[:1], "verifying": _PHASES[:2], "scoring": _PHASES[:3],
        "deliberating": _PHASES, "publicised": _PHASES, "concluded": _PHASES, "cancelled": (),
    },
    refused_by={phase: (f"ck_round_{phase.removesuffix('_due')}_has_due",) for phase in _PHASES},
)  # fmt: skip

CHALLENGE = Needs(
    "challenge",
    "true",
    empty={"answer": "''"},
    full={"answer": "'示例'"},
    states={"open": (), "upheld": ("answer",), "rejected": ("answer",)},
    refused_by={"answer": ("ck_challenge_answered_has_answer",)},
    only_in={"answer": (("upheld", "rejected"), "ck_challenge_open_has_no_answer")},
)

OBJECTION = Needs(
    "objection",
    "true",
    empty={"answer": "''", "answer_due": "NULL"},
    full={"answer": "'示例'", "answer_due": NOW},
    states={
        **nothing("received", "contact_confirmed"), "admitted": ("answer_due",), "inadmissible": ("answer",),
        "upheld": ("answer_due", "answer"), "rejected": ("answer_due", "answer"),
    },
    refused_by={
        "answer": ("ck_objection_answered_has_answer",),
        "answer_due": ("ck_objection_admitted_has_due",),
    },
    only_in={
        "answer": (("inadmissible", "upheld", "rejected"), "ck_objection_unanswered_has_no_answer"),
        "answer_due": (("admitted", "upheld", "rejected"), "ck_objection_unadmitted_has_no_due"),
    },
)  # fmt: skip

APPEAL = Needs(
    "appeal",
    "new_review_id IS NOT NULL",
    empty={"answer": "''", "new_review_id": "NULL"},
    full={"answer": "'示例'", "new_review_id": "(SELECT max(r.id) FROM review r WHERE r.replaces_id = t.review_id)"},
    states={
        **nothing("received", "admitted", "heard"), "inadmissible": ("answer",),
        "upheld": ("answer", "new_review_id"), "rejected": ("answer",),
    },
    refused_by={
        "answer": ("ck_appeal_answered_has_answer",),
        "new_review_id": ("ck_appeal_upheld_opens_review",),
    },
    only_in={
        "answer": (("inadmissible", "upheld", "rejected"), "ck_appeal_unanswered_has_no_answer"),
        "new_review_id": (("upheld",), "ck_appeal_upheld_opens_review"),
    },
)  # fmt: skip

ASSIGNMENT = Needs(
    "expert_assignment",
    "id IN (SELECT assignment_id FROM panel_score)",
    empty={"reason": "''"},
    full={"reason": "'示例'"},
    states={**nothing("invited", "accepted", "scored"), "declined": ("reason",), "replaced": ("reason",)},
    refused_by={
        "reason": ("ck_expert_assignment_declined_has_reason", "ck_expert_assignment_replaced_has_reason"),
    },
)

ALLOTMENT = Needs(
    "allotment",
    "state = 'asked'",
    empty={"question_digest": "NULL", "carried_out_by": "NULL", "carried_out_at": "NULL"},
    full={"question_digest": "repeat('0', 64)", "carried_out_by": PERSON, "carried_out_at": NOW},
    states={
        "asked": (), "proposed": ("question_digest",),
        "carried_out": ("question_digest", "carried_out_by", "carried_out_at"), "withdrawn": (),
    },
    refused_by={
        "question_digest": ("ck_allotment_proposed_has_question",),
        "carried_out_by": ("ck_allotment_carried_out_has_who",),
        "carried_out_at": ("ck_allotment_carried_out_has_who",),
    },
    only_in={
        "carried_out_by": (("carried_out",), "ck_allotment_uncarried_has_nobody"),
        "carried_out_at": (("carried_out",), "ck_allotment_uncarried_has_nobody"),
    },
)  # fmt: skip

ITEM = Needs(
    "meeting_item",
    "id IN (SELECT item_id FROM decision)",
    empty=dict.fromkeys(("written_until", "no_quorum_at", "vote_ended_at", "present_at_end", "ballot_key"), "NULL"),
    full={
        "written_until": NOW,
        "no_quorum_at": NOW,
        "vote_ended_at": NOW,
        "present_at_end": "'[]'",
        "ballot_key": "'key'",
    },
    states=nothing("listed", "open", "voting", "closed", "voided"),
    only_in={
        "written_until": (("voting", "closed", "voided"), "ck_meeting_item_written_is_voted_on"),
        "no_quorum_at": (("voided",), "ck_meeting_item_put_off_is_void"),
        "vote_ended_at": (("voting", "closed", "voided"), "ck_meeting_item_ended_was_voted_on"),
        "present_at_end": (("voting", "closed", "voided"), "ck_meeting_item_present_was_voted_on"),
        "ballot_key": (("closed", "voided"), "ck_meeting_item_key_told_at_the_close"),
    },
)

_APPROVED = ("approved_by", "approved_at")
_OUT = (*_APPROVED, "opened_at", "closes_at")
PUBLICATION = Needs(
    "publication",
    "state = 'in_publicity' AND edition = 1",
    empty=dict.fromkeys(_OUT, "NULL"),
    full={"approved_by": "(SELECT max(p.id) FROM person p WHERE p.id <> t.drafted_by)", "approved_at": NOW,
          "opened_at": NOW, "closes_at": LATER},
    states={"drafted": (), "approved": _APPROVED, "in_publicity": _OUT, "closed": _OUT},
    refused_by={
        "approved_by": ("ck_publication_approved_has_approver", "ck_publication_approval_whole"),
        "approved_at": ("ck_publication_approval_whole",),
        "opened_at": ("ck_publication_publicity_has_days", "ck_publication_out_has_both_days"),
        "closes_at": ("ck_publication_publicity_has_days", "ck_publication_out_has_both_days"),
    },
    only_in={
        "opened_at": (("in_publicity", "closed"), "ck_publication_unopened_has_no_days"),
        "closes_at": (("in_publicity", "closed"), "ck_publication_unopened_has_no_days"),
    },
)  # fmt: skip

_MENDING = ("in_progress", "recheck")
RECTIFICATION = Needs(
    "rectification",
    "id IN (SELECT rectification_id FROM rectification_milestone)",
    empty={"plan": "''", "findings": "''", "passed_on": "NULL"},
    full={"plan": "'示例'", "findings": "'示例'", "passed_on": "date '2027-01-01'"},
    states={
        "due": (), "planned": ("plan",), **dict.fromkeys(_MENDING, ("plan",)),
        "passed": ("plan", "findings", "passed_on"), **nothing("failed", "superseded"),
    },
    refused_by={
        "plan": ("ck_rectification_planned_has_plan",),
        "findings": ("ck_rectification_passed_has_findings",),
        "passed_on": ("ck_rectification_passed_has_day",),
    },
    only_in={"passed_on": (("passed",), "ck_rectification_passed_has_day")},
)  # fmt: skip

_SIGNED = ("submitted_by", "approved_by", "approved_at", "document_number")
PLAN = Needs(
    "enrolment_plan",
    "state = 'approved'",
    empty={"submitted_by": "NULL", "approved_by": "NULL", "approved_at": "NULL", "document_number": "''"},
    full={"submitted_by": PERSON, "approved_by": "(SELECT max(id) FROM person)", "approved_at": NOW,
          "document_number": "'示例招〔2027〕1号'"},
    states={"draft": (), "submitted": ("submitted_by",), "approved": _SIGNED, "superseded": ()},
    refused_by={
        "submitted_by": ("ck_enrolment_plan_submitted_by", "ck_enrolment_plan_approved_was_submitted"),
        "approved_by": ("ck_enrolment_plan_approved_has_document", "ck_enrolment_plan_approval_whole"),
        "approved_at": ("ck_enrolment_plan_approval_whole",),
        "document_number": ("ck_enrolment_plan_approved_has_document",),
    },
)  # fmt: skip

_DECREED = ("approved_by", "approved_at", "document_number")
_IN_FORCE = (*_DECREED, "published_by", "published_at", "year")
SPECIALTY_LIST = Needs(
    "specialty_list",
    "state = 'built'",
    empty=dict.fromkeys((*_IN_FORCE, "superseded_at"), "NULL") | {"document_number": "''"},
    full={"approved_by": "(SELECT max(p.id) FROM person p WHERE p.id <> t.built_by)", "approved_at": NOW,
          "document_number": "'示例专〔2027〕1号'", "published_by": PERSON, "published_at": NOW, "year": "2030",
          "superseded_at": LATER},
    states={"built": (), "approved": _DECREED, "published": _IN_FORCE, "superseded": ("superseded_at",)},
    refused_by={
        **dict.fromkeys(_DECREED, ("ck_specialty_list_approval_whole", "ck_specialty_list_approved_has_document",
                                   "ck_specialty_list_published_was_approved")),
        **dict.fromkeys(_IN_FORCE[3:], ("ck_specialty_list_publication_whole", "ck_specialty_list_published_has_year")),
        "superseded_at": ("ck_specialty_list_superseded_has_its_time",),
    },
    only_in={"superseded_at": (("superseded",), "ck_specialty_list_superseded_has_its_time")},
)  # fmt: skip

AMENDMENT = Needs(
    "amendment",
    "state = 'proposed'",
    empty=dict.fromkeys(("recorded_by", "recorded_at", "run_id"), "NULL"),
    full={"recorded_by": "(SELECT max(p.id) FROM person p WHERE p.id <> t.proposed_by)", "recorded_at": NOW,
          "run_id": "(SELECT min(id) FROM score_run)"},
    states={"proposed": (), "recorded": ("recorded_by", "recorded_at"), "withdrawn": ()},
    refused_by={
        "recorded_by": ("ck_amendment_recording_whole",),
        "recorded_at": ("ck_amendment_recording_whole", "ck_amendment_recorded_by_somebody"),
    },
    only_in={"run_id": (("recorded",), "ck_amendment_run_once_recorded")},
)  # fmt: skip

_GRANTED = ("granted_by", "granted_at", "document_number")
_REVIEWED = ("decided_by", "decided_at", "reason")
DESIGNATION = Needs(
    "designation",
    "state = 'proposed'",
    empty=dict.fromkeys(("granted_by", "granted_at", "review_since", "decided_by", "decided_at"), "NULL")
    | dict.fromkeys(("document_number", "reason", "decision_document"), "''"),
    full={"granted_by": "(SELECT max(p.id) FROM person p WHERE p.id <> t.proposed_by)", "granted_at": NOW,
          "document_number": "'示例职〔2027〕1号'", "review_since": NOW, "decided_by": PERSON, "decided_at": LATER,
          "reason": "'示例'", "decision_document": "'示例职〔2027〕2号'"},
    states={
        "proposed": (), "granted": _GRANTED, "under_review": (*_GRANTED, "review_since"),
        "kept": (*_GRANTED, *_REVIEWED, "decision_document"), "withdrawn": _REVIEWED,
    },
    refused_by={
        **dict.fromkeys(_GRANTED, ("ck_designation_grant_whole", "ck_designation_granted_has_document",
                                   "ck_designation_reviewed_was_granted")),
        "review_since": ("ck_designation_reviewed_has_its_time",),
        **dict.fromkeys(_REVIEWED, ("ck_designation_decision_whole", "ck_designation_decided_has_reason")),
        "decision_document": ("ck_designation_reviewed_has_document",),
    },
)  # fmt: skip

_TOLD = ("decided_by", "decided_at", "deemed_served_at", "complain_until")
_SIGNED_FOR = ("checked_at", "specialty_id", "document_number", *_TOLD)
APPLICATION = Needs(
    "application",
    "state = 'committee'",
    empty=dict.fromkeys(("checked_at", "specialty_id", *_TOLD, "served_at"), "NULL") | {
        "document_number": "''", "reason": "''",
    },
    full={"checked_at": NOW, "specialty_id": "(SELECT min(id) FROM specialty)", "document_number": "'示例〔2027〕1号'",
          "reason": "'示例'", "decided_by": PERSON, "decided_at": NOW, "deemed_served_at": LATER,
          "complain_until": LATER, "served_at": NOW},
    states={
        "received": (), **dict.fromkeys(("checked", "clear", "visit_first", "committee"), ("checked_at",)),
        "registered": _SIGNED_FOR, "refused": ("reason", *_TOLD), "withdrawn": (),
    },
    refused_by={
        "checked_at": ("ck_application_was_checked",),
        "specialty_id": ("ck_application_registered_has_specialty",),
        "document_number": ("ck_application_registered_has_document",),
        "reason": ("ck_application_refused_has_reasons",),
        **dict.fromkeys(_TOLD, ("ck_application_decision_whole", "ck_application_decided_is_told")),
    },
    only_in={"served_at": (("refused", "registered"), "ck_application_served_was_decided")},
)  # fmt: skip
CLOSING_APPEAL = Needs(
    "closing_appeal",
    "state = 'received'",
    empty={"answer": "''"},
    full={"answer": "'示例'"},
    states={
        **nothing("received", "admitted", "heard"),
        **dict.fromkeys(("inadmissible", "upheld", "rejected"), ("answer",)),
    },
    refused_by={"answer": ("ck_closing_appeal_answered_has_its_answer",)},
    only_in={"answer": (("inadmissible", "upheld", "rejected"), "ck_closing_appeal_going_has_no_answer")},
)

SUPPORT = Needs(
    "support_grant",
    "state = 'granted'",
    empty={"ended_on": "NULL"},
    full={"ended_on": "date '2027-01-01'"},
    states={"granted": (), "ended": ("ended_on",)},
    refused_by={"ended_on": ("ck_support_grant_ended_has_its_day",)},
    only_in={"ended_on": (("ended",), "ck_support_grant_ended_has_its_day")},
)
SUCCESSION = Needs(
    "succession",
    "state = 'proposed'",
    empty=dict.fromkeys(("recorded_by", "recorded_at"), "NULL"),
    full={"recorded_by": "(SELECT max(p.id) FROM person p WHERE p.id <> t.proposed_by)", "recorded_at": NOW},
    states={"proposed": (), "recorded": ("recorded_by", "recorded_at"), "withdrawn": ()},
    refused_by={
        "recorded_by": ("ck_succession_recording_whole",),
        "recorded_at": ("ck_succession_recording_whole", "ck_succession_recorded_by_somebody"),
    },
)  # fmt: skip

STANDING = Needs(
    "standing", "true", {}, {},
    nothing("normal", "supported", "restricted", "phasing_out", "suspended", "closed"),
)  # fmt: skip
"""Since when and of which year are NOT NULL; which rating it rests on, an imported one cannot say."""

CYCLE = Needs("cycle", "true", {}, {}, nothing("draft", "running", "concluded", "cancelled"))
"""Its years, scope and bureau are NOT NULL; that a running one has rounds is a trigger's to say."""

STATE_NEEDS: Mapping[str, Needs] = {
    "cycle": CYCLE,
    "round": ROUND,
    "review": REVIEW,
    "challenge": CHALLENGE,
    "assignment": ASSIGNMENT,
    "allotment": ALLOTMENT,
    "item": ITEM,
    "publication": PUBLICATION,
    "objection": OBJECTION,
    "appeal": APPEAL,
    "closing_appeal": CLOSING_APPEAL,
    "support": SUPPORT,
    "standing": STANDING,
    "rectification": RECTIFICATION,
    "plan": PLAN,
    "list": SPECIALTY_LIST,
    "amendment": AMENDMENT,
    "designation": DESIGNATION,
    "application": APPLICATION,
    "succession": SUCCESSION,
}
