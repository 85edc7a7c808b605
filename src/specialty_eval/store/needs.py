"""What a row has in each state of its machine, as CHECK constraints: a half-made state is refused by the database.

Whatever looks at other rows is a foreign key or a trigger of the migrations. `tests/state_needs.py` says the
same from the other side, state by state, and compares it with what PostgreSQL refuses.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from specialty_eval.engine import cases, publicity, review
from specialty_eval.engine.closing import CLOSING_APPEAL_ENDED, ClosingAppealState
from specialty_eval.engine.cycle import RoundState
from specialty_eval.engine.plan import PlanState

Checks = tuple[sa.CheckConstraint, ...]
SHA256 = "~ '^[0-9a-f]{64}$'"


def _listed(states: Iterable[str]) -> str:
    return ", ".join(f"'{state}'" for state in states)


def _needs(states: Iterable[str], what: str, name: str) -> sa.CheckConstraint:
    """In these states `what` holds; it must never be null, which a CHECK lets pass."""
    return sa.CheckConstraint(f"state NOT IN ({_listed(states)}) OR {what}", name=name)


def _elsewhere(states: Iterable[str], what: str, name: str) -> sa.CheckConstraint:
    """In every other state `what` holds."""
    return sa.CheckConstraint(f"state IN ({_listed(states)}) OR {what}", name=name)


_S = review.State
_COMPUTED = tuple(state.value for state in _S if state in review.RATING_COMPUTED)
_SEEN = tuple(state.value for state in _S if state in review.SCHOOL_SEES_RATING)
_LEFT = (_S.EXEMPTED.value, _S.WITHDRAWN.value, _S.CANCELLED.value)
_BEFORE_SCORES = tuple(s.value for s in _S if s.value not in {*_COMPUTED, *_LEFT})


def of_review() -> Checks:
    """Deadlines while the school has it, evidence from submission on, a sheet and days to challenge it once scored, a
    decision that is whole, service once it was shown, and the days to appeal from confirmation on.
    """
    return (
        _needs(("open",), "due IS NOT NULL", "open_has_due"),
        _needs(("submitted", "defaulted", "checked"), "num_nonnulls(due, correction_due) > 0", "checked_had_due"),
        _needs(("returned",), "returned_fields <> '{}'", "returned_has_fields"),
        _needs(("submitted",), "evidence_version_id IS NOT NULL", "submitted_has_evidence"),
        _needs(("defaulted",), "was_defaulted", "defaulted_is_marked"),
        _needs(_COMPUTED, "sheet_id IS NOT NULL", "scored_has_sheet"),
        _needs(_COMPUTED, "challenge_due IS NOT NULL", "scored_has_challenge_days"),
        sa.CheckConstraint("sheet_opened_at IS NULL OR sheet_id IS NOT NULL", name="opened_has_sheet"),
        sa.CheckConstraint("decision_id IS NULL OR decided_rating IS NOT NULL", name="decision_has_rating"),
        _needs(_BEFORE_SCORES, "decision_id IS NULL", "unscored_is_undecided"),
        _elsewhere((*_SEEN, *_LEFT), "served_at IS NULL", "served_was_shown"),
        _needs(("previewed",), "preview_due IS NOT NULL", "previewed_has_days"),
        _needs(("confirmed",), "coalesce(appeal_due > confirmed_at, false)", "confirmed_has_appeal_days"),
        _elsewhere(("confirmed",), "num_nonnulls(confirmed_at, appeal_due) = 0", "unconfirmed_has_no_days"),
        _elsewhere(("confirmed",), "document_number = ''", "unconfirmed_has_no_document"),
    )


_ENDED_OBJECTION = tuple(s.value for s in cases.ObjectionState if s in cases.OBJECTION_ENDED)
_ENDED_APPEAL = tuple(s.value for s in cases.AppealState if s in cases.APPEAL_ENDED)


def of_challenge() -> Checks:
    """An answer exactly when it is answered."""
    return (_elsewhere(("upheld", "rejected"), "answer = ''", "open_has_no_answer"),)


def of_objection() -> Checks:
    """A day to answer by from its admission on, an answer exactly when it is answered."""
    return (
        _needs(("admitted", "upheld", "rejected"), "answer_due IS NOT NULL", "admitted_has_due"),
        _elsewhere(("admitted", "upheld", "rejected"), "answer_due IS NULL", "unadmitted_has_no_due"),
        _elsewhere(_ENDED_OBJECTION, "answer = ''", "unanswered_has_no_answer"),
    )


def of_appeal() -> Checks:
    """An answer exactly when it is answered."""
    return (_elsewhere(_ENDED_APPEAL, "answer = ''", "unanswered_has_no_answer"),)


_LIVE = tuple(s.value for s in RoundState if s not in {RoundState.PLANNED, RoundState.CANCELLED})


def of_round() -> Checks:
    """Every phase that began has its due time."""
    phases = ("collecting", "verifying", "scoring", "deliberating")
    return tuple(
        _needs(_LIVE[number:], f"{phase}_due IS NOT NULL", f"{phase}_has_due")
        for number, phase in enumerate(phases) if number
    )  # fmt: skip


def of_run() -> Checks:
    """A run of one review names the whole run it is within; what it was computed from has its hashes."""
    return (
        sa.CheckConstraint("(kind = 'single') = (within_id IS NOT NULL)", name="single_is_within"),
        sa.CheckConstraint(f"policy_digest {SHA256} AND inputs_digest {SHA256}", name="digests_sha256"),
    )


def of_assignment() -> Checks:
    """Nobody is replaced without a reason."""
    return (_needs(("replaced",), "reason <> ''", "replaced_has_reason"),)


def of_allotment() -> Checks:
    """A question with its hash once it is answered; carried out by somebody at an instant, and else by nobody."""
    return (
        _needs(("proposed", "carried_out"), f"coalesce(question_digest {SHA256}, false)", "proposed_has_question"),
        _needs(("carried_out",), "num_nonnulls(carried_out_by, carried_out_at) = 2", "carried_out_has_who"),
        _elsewhere(("carried_out",), "num_nonnulls(carried_out_by, carried_out_at) = 0", "uncarried_has_nobody"),
    )


def of_item() -> Checks:
    """Days to vote in writing, the end of the vote and who was there, only once it is voted on; its key is told at the
    close.
    """
    return (
        _elsewhere(("voting", "closed", "voided"), "written_until IS NULL", "written_is_voted_on"),
        _elsewhere(("voting", "closed", "voided"), "vote_ended_at IS NULL", "ended_was_voted_on"),
        _elsewhere(("voting", "closed", "voided"), "present_at_end IS NULL", "present_was_voted_on"),
        _elsewhere(("closed", "voided"), "ballot_key IS NULL", "key_told_at_the_close"),
    )


def of_ballot() -> Checks:
    """Sealed, and then nothing of it in the clear; or on record."""
    sealed = "coalesce(length(sealed), 0) > 0 AND reason = ''"
    return (sa.CheckConstraint(f"choice IS NOT NULL OR ({sealed})", name="sealed_or_open"),)


_OUT = tuple(s.value for s in publicity.ListState if s.value in {"in_publicity", "closed"})


def of_publication() -> Checks:
    """A list that holds something, with its hash; approved by a second person at an instant; in publicity from a day
    to a day.
    """
    return (
        sa.CheckConstraint(f"digest {SHA256}", name="list_digest_sha256"),
        sa.CheckConstraint("coalesce((counts ->> 'total')::integer > 0, false)", name="counts_something"),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approval_whole"),
        _needs(("drafted",), "approved_by IS NULL", "drafted_is_unapproved"),
        _needs(_OUT, "coalesce(closes_at > opened_at, false)", "out_has_both_days"),
        _elsewhere(_OUT, "num_nonnulls(opened_at, closes_at) = 0", "unopened_has_no_days"),
    )


def of_plan() -> Checks:
    """Approved by somebody at an instant what somebody else submitted; a plan in the making is approved by nobody."""
    making = tuple(s.value for s in PlanState if s.value in {"draft", "submitted"})
    return (
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approval_whole"),
        sa.CheckConstraint("approved_by IS NULL OR submitted_by IS NOT NULL", name="approved_was_submitted"),
        _needs(making, "approved_by IS NULL", "draft_is_unapproved"),
    )


def of_rectification() -> Checks:
    """Findings of every recheck that failed."""
    return (
        sa.CheckConstraint("failures >= 0", name="failures_not_negative"),
        sa.CheckConstraint("failures = 0 OR findings <> ''", name="failed_has_findings"),
    )


def of_rating() -> tuple[sa.Constraint, ...]:
    """Of one specialty, one rating at most holds on a day as known at an instant. Without an extension: a number is
    compared as the range of itself alone.
    """
    return (
        ExcludeConstraint(
            (sa.text("int8range(specialty_id, specialty_id, '[]')"), "&&"),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            (sa.text("tstzrange(known_from, known_to)"), "&&"),
            name="ex_rating_in_force_one_at_a_time",
            using="gist",
        ),
    )


def of_closing() -> Checks:
    """A decision gives the school its days to appeal; a proposal rests on a rectification, or on years of a policy."""
    idle = "grounds = 'no_intake'"
    return (
        sa.CheckConstraint("decision IS NULL OR appeal_due IS NOT NULL", name="decided_has_appeal_days"),
        sa.CheckConstraint(f"({idle}) = (rectification_id IS NULL)", name="rests_on_its_ground"),
        sa.CheckConstraint(f"num_nonnulls(policy_id, years, through) = CASE WHEN {idle} THEN 3 ELSE 0 END",
                           name="idle_has_its_years"),
    )  # fmt: skip


def of_closing_appeal() -> Checks:
    """An answer exactly when it is answered."""
    ended = tuple(s.value for s in ClosingAppealState if s in CLOSING_APPEAL_ENDED)
    return (
        _needs(ended, "answer <> ''", "answered_has_its_answer"),
        _elsewhere(ended, "answer = ''", "going_has_no_answer"),
    )


def of_specialty_list() -> Checks:
    """Approved under a document by somebody else than who built it; published by somebody at an instant for a year;
    superseded at an instant. Nothing of it before its state, nor half of it after.
    """
    approval, publication = "approved_by, approved_at, nullif(document_number, '')", "published_by, published_at, year"
    return (
        sa.CheckConstraint(f"digest {SHA256}", name="list_digest_sha256"),
        sa.CheckConstraint("named BETWEEN 0 AND looked_at", name="named_were_looked_at"),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> built_by", name="two_people"),
        sa.CheckConstraint(f"num_nonnulls({approval}) IN (0, 3)", name="approval_whole"),
        sa.CheckConstraint(f"num_nonnulls({publication}) IN (0, 3)", name="publication_whole"),
        sa.CheckConstraint("published_at IS NULL OR approved_at IS NOT NULL", name="published_was_approved"),
        _needs(("built",), "approved_at IS NULL", "built_is_unapproved"),
        _needs(("approved", "published"), "approved_at IS NOT NULL", "approved_has_document"),
        _needs(("built", "approved"), "published_at IS NULL", "approved_is_unpublished"),
        _needs(("published",), "published_at IS NOT NULL", "published_has_year"),
        sa.CheckConstraint("(state = 'superseded') = (superseded_at IS NOT NULL)", name="superseded_has_its_time"),
    )


def of_amendment() -> Checks:
    """A reason and another version from the first; recorded by a second person at an instant, and only then."""
    return (
        sa.CheckConstraint("reason <> ''", name="reason_given"),
        sa.CheckConstraint("to_policy_id <> from_policy_id", name="another_version"),
        sa.CheckConstraint("recorded_by IS NULL OR recorded_by <> proposed_by", name="two_people"),
        sa.CheckConstraint("(recorded_by IS NULL) = (recorded_at IS NULL)", name="recording_whole"),
        sa.CheckConstraint("(state = 'recorded') = (recorded_at IS NOT NULL)", name="recorded_by_somebody"),
        _elsewhere(("recorded",), "run_id IS NULL", "run_once_recorded"),
    )


def of_designation() -> Checks:
    """Granted by somebody else than who proposed it, under a document; under review since an instant; kept or
    withdrawn by somebody with a reason, what was granted under a document. Nothing of it before its state.
    """
    grant, decision = (
        "granted_by, granted_at, nullif(document_number, '')",
        "decided_by, decided_at, nullif(reason, '')",
    )
    return (
        sa.CheckConstraint("granted_by IS NULL OR granted_by <> proposed_by", name="two_people"),
        sa.CheckConstraint(f"num_nonnulls({grant}) IN (0, 3)", name="grant_whole"),
        sa.CheckConstraint(f"num_nonnulls({decision}) IN (0, 3)", name="decision_whole"),
        _needs(("proposed",), "granted_at IS NULL", "proposed_is_ungranted"),
        _needs(("granted", "under_review", "kept"), "granted_at IS NOT NULL", "granted_has_document"),
        _needs(("under_review",), "review_since IS NOT NULL", "reviewed_has_its_time"),
        sa.CheckConstraint("review_since IS NULL OR granted_at IS NOT NULL", name="reviewed_was_granted"),
        _needs(("kept", "withdrawn"), "decided_at IS NOT NULL", "decided_has_reason"),
        sa.CheckConstraint(
            "state NOT IN ('kept', 'withdrawn') OR granted_at IS NULL OR decision_document <> ''",
            name="reviewed_has_document",
        ),
    )


def of_application() -> Checks:
    """What each kind applies for; a check before it goes on; a decision that is whole, told with the way to complain;
    a registered one has its specialty and its document.
    """
    decided = "decided_by, decided_at, deemed_served_at, complain_until"
    ended = ("refused", "registered")
    return (
        sa.CheckConstraint("kind <> 'open' OR catalogue_entry_id IS NOT NULL", name="open_has_entry"),
        sa.CheckConstraint(
            "kind <> 'off_catalogue' OR (partner <> '' AND agreement <> '' AND department_code <> ''"
            " AND catalogue_entry_id IS NULL)",
            name="off_catalogue_has_partner",
        ),
        sa.CheckConstraint("kind IN ('open', 'off_catalogue') OR specialty_id IS NOT NULL", name="has_its_specialty"),
        sa.CheckConstraint(
            "(kind IN ('open', 'off_catalogue')) = (effective_on IS NOT NULL)", name="opening_has_its_day"
        ),
        sa.CheckConstraint("(kind = 'change') = (changes <> '{}')", name="change_says_what"),
        sa.CheckConstraint("(kind = 'close') = (students IS NOT NULL)", name="close_says_students"),
        sa.CheckConstraint("grounds <> ''", name="has_grounds"),
        _needs(("checked", "clear", "visit_first", "committee", "registered"), "checked_at IS NOT NULL", "was_checked"),
        sa.CheckConstraint("num_nonnulls(visited_on, visited_by, nullif(visit_report, '')) IN (0, 3)",
                           name="visit_whole"),
        sa.CheckConstraint(f"num_nonnulls({decided}) IN (0, 4)", name="decision_whole"),
        _needs(ended, "decided_at IS NOT NULL", "decided_is_told"),
        _elsewhere(ended, "decided_at IS NULL", "undecided_tells_nothing"),
        _elsewhere(ended, "served_at IS NULL", "served_was_decided"),
        _needs(("registered",), "specialty_id IS NOT NULL", "registered_has_specialty"),
        _needs(("registered",), "document_number <> ''", "registered_has_document"),
        _needs(("refused",), "(reason <> '' OR findings <> '[]')", "refused_has_reasons"),
    )  # fmt: skip


def of_succession() -> Checks:
    """Something that it says, why, and under which document; recorded by a second person, and only then."""
    return (
        sa.CheckConstraint("reason <> '' AND document_number <> ''", name="reason_given"),
        sa.CheckConstraint("jsonb_array_length(wanted) > 0", name="wants_something"),
        sa.CheckConstraint("recorded_by IS NULL OR recorded_by <> proposed_by", name="two_people"),
        sa.CheckConstraint("(recorded_by IS NULL) = (recorded_at IS NULL)", name="recording_whole"),
        sa.CheckConstraint("(state = 'recorded') = (recorded_at IS NOT NULL)", name="recorded_by_somebody"),
    )
