"""The review's table: each way out of each state, and each refusal."""

from datetime import date
from typing import Any

import pytest

from engine.tables_of_steps import codes, every, silent_checks, untried_steps
from specialty_eval.engine.errors import Problem
from specialty_eval.engine.review import (
    APPEAL_STARTS,
    ENDED,
    PUBLISHED_STATES,
    RATING_COMPUTED,
    SCHOOL_SEES_RATING,
    UNENDED,
    WORKFLOW,
    Event,
    Facts,
    SheetBasis,
    State,
)
from specialty_eval.engine.roles import Role, roles
from specialty_eval.engine.vocabulary import Rating

COUNTY, BUREAU, SYSTEM = Role.COUNTY_VERIFIER, Role.BUREAU_VERIFIER, Role.SYSTEM
FIELDS = {"graduates": "与学籍系统不一致"}
RETURNING: dict[str, Any] = {"returned_fields": FIELDS, "corrections_at_most": 2}
VOTED: dict[str, Any] = {"challenge_days_over": True, "valid_vote": True}
AS_SCORED: dict[str, Any] = {"basis": SheetBasis(("2024 yellow",), ("2024 yellow",))}
OTHERS_NOW: dict[str, Any] = {"basis": SheetBasis(("2024 yellow",), ())}
LISTED: dict[str, Any] = {"served": True, "list_frozen": True, "list_approved_by_another": True, **AS_SCORED}
SCORED: dict[str, Any] = {"computed": Rating.YELLOW, "reason": "更正后名次变化"}

SUFFICES = [
    (State.PLANNED, Event.OPEN, Facts(), State.OPEN),
    *every([State.OPEN, State.RETURNED], Event.SUBMIT, Facts(), State.SUBMITTED),
    (State.OPEN, Event.DEFAULT, Facts(deadline_passed=True, reminders_served=2), State.DEFAULTED),
    (State.RETURNED, Event.DEFAULT, Facts(deadline_passed=True), State.DEFAULTED),
    (State.SUBMITTED, Event.RECALL, Facts(), State.OPEN),
    *every([State.SUBMITTED, State.DEFAULTED], Event.PASS, Facts(acting=COUNTY), State.CHECKED),
    *every([State.SUBMITTED, State.DEFAULTED], Event.PASS, Facts(county_check=False), State.CHECKED),
    *every([State.SUBMITTED, State.DEFAULTED], Event.PASS, Facts(acting=BUREAU, taken_over=True), State.CHECKED),
    *every([State.SUBMITTED, State.DEFAULTED], Event.RETURN, Facts(acting=COUNTY, **RETURNING), State.RETURNED),
    (State.CHECKED, Event.RETURN, Facts(**RETURNING), State.RETURNED),
    (State.CHECKED, Event.ACCEPT, Facts(), State.VERIFIED),
    (State.VERIFIED, Event.SCORE, Facts(computed=Rating.GREEN), State.SCORED),
    *every([State.SCORED, State.DECIDED, State.PREVIEWED], Event.RESCORE, Facts(**SCORED), State.SCORED),
    (State.PUBLICISED, Event.RESCORE, Facts(**SCORED, **OTHERS_NOW), State.SCORED),
    (State.SCORED, Event.UPHOLD_CHALLENGE, Facts(challenge_upheld=True), State.VERIFIED),
    (State.SCORED, Event.DECIDE, Facts(acting=Role.CHAIR, **VOTED), State.DECIDED),
    (
        State.SCORED,
        Event.DECIDE,
        Facts(acting=Role.BUREAU_APPROVER, challenge_days_over=True, quorum_given_up=True),
        State.DECIDED,
    ),
    (State.SCORED, Event.RETURN, Facts(computed=Rating.INCOMPLETE, returned_fields=FIELDS), State.RETURNED),
    (State.DECIDED, Event.RESCIND, Facts(reason="材料有误", voted_to_rescind=True, vote_by_another=True), State.SCORED),
    *every(
        [State.DECIDED, State.PREVIEWED, State.PUBLICISED], Event.VOID_DECISION, Facts(decision_void=True), State.SCORED
    ),
    (State.DECIDED, Event.PREVIEW, Facts(**AS_SCORED), State.PREVIEWED),
    (State.PREVIEWED, Event.PUBLICISE, Facts(**LISTED), State.PUBLICISED),
    (
        State.PUBLICISED,
        Event.CONFIRM,
        Facts(publicity_over=True, document_number="德教体字〔2027〕1号", **AS_SCORED),
        State.CONFIRMED,
    ),
    (State.PUBLICISED, Event.REOPEN, Facts(objection_upheld=True), State.SCORED),
    (State.PUBLICISED, Event.REOPEN, Facts(objection_upheld=True, evidence_was_wrong=True), State.VERIFIED),
    *every(UNENDED, Event.EXEMPT, Facts(reason="校区搬迁"), State.EXEMPTED),
    *every(UNENDED, Event.WITHDRAW, Facts(specialty_closed=True), State.WITHDRAWN),
    *every(UNENDED, Event.CANCEL, Facts(round_cancelled=True), State.CANCELLED),
]
HANDED_IN = Facts(
    deadline_passed=True,
    due=date(2026, 10, 30),
    failing_checks=(
        Problem("check-failed", "checks.employed-within-graduates", {"check": "employed-within-graduates"}),
    ),
    missing_blocking=("graduates",),
    missing_attachments=("employed_graduates",),
)
HANDED_IN_CODES = ["deadline-passed", "check-failed", "measure-missing", "attachment-missing"]
NOTHING_RETURNED = Facts(acting=SYSTEM, corrections_used=2, corrections_at_most=2)
REFUSES = [
    *every([State.OPEN, State.RETURNED], Event.SUBMIT, HANDED_IN, HANDED_IN_CODES),
    (State.OPEN, Event.DEFAULT, Facts(reminders_served=1), ["deadline-not-passed", "reminders-not-served"]),
    (State.RETURNED, Event.DEFAULT, Facts(), ["deadline-not-passed"]),
    (
        State.SUBMITTED,
        Event.RECALL,
        Facts(verification_claimed=True, deadline_passed=True),
        ["verification-claimed", "deadline-passed"],
    ),
    *every([State.SUBMITTED, State.DEFAULTED], Event.PASS, Facts(), ["county-check-first"]),
    *every([State.SUBMITTED, State.DEFAULTED], Event.PASS, Facts(acting=BUREAU), ["county-check-first"]),
    *every(
        [State.SUBMITTED, State.DEFAULTED],
        Event.PASS,
        Facts(acting=COUNTY, taken_over=True, unaccepted=("posts", "graduates")),
        ["taken-over-by-bureau", "measure-not-accepted", "measure-not-accepted"],
    ),
    (State.SUBMITTED, Event.PASS, Facts(acting=COUNTY, county_check=False), ["no-county-check"]),
    *every(
        [State.SUBMITTED, State.DEFAULTED],
        Event.RETURN,
        NOTHING_RETURNED,
        ["county-check-first", "no-field-returned", "no-correction-left"],
    ),
    (
        State.SUBMITTED,
        Event.RETURN,
        Facts(acting=COUNTY, returned_fields={"posts": " "}, corrections_at_most=1),
        ["reason-missing"],
    ),
    (State.CHECKED, Event.RETURN, NOTHING_RETURNED, ["no-field-returned", "no-correction-left"]),
    (
        State.CHECKED,
        Event.ACCEPT,
        Facts(unaccepted=("graduates",), missing_of_others=("posts",)),
        ["measure-not-accepted", "supplier-value-missing"],
    ),
    (State.VERIFIED, Event.SCORE, Facts(), ["no-score-run"]),
    *every([State.SCORED, State.DECIDED, State.PREVIEWED], Event.RESCORE, Facts(), ["no-score-run", "reason-missing"]),
    (
        State.PUBLICISED,
        Event.RESCORE,
        Facts(**AS_SCORED),
        ["no-score-run", "reason-missing", "history-as-scored"],
    ),
    (State.PUBLICISED, Event.RESCORE, Facts(**SCORED), ["history-as-scored"]),
    (State.DECIDED, Event.PREVIEW, Facts(), ["history-changed"]),
    (State.DECIDED, Event.PREVIEW, Facts(**OTHERS_NOW), ["history-changed"]),
    (State.SCORED, Event.UPHOLD_CHALLENGE, Facts(), ["no-challenge-upheld"]),
    (
        State.SCORED,
        Event.DECIDE,
        Facts(acting=Role.CHAIR, open_challenges=1, site_visit_owed=True, decided_before=("7",)),
        [
            "challenge-days-running",
            "challenge-open",
            "site-visit-not-reported",
            "no-valid-vote",
            "decided-the-first-time",
        ],
    ),
    (State.SCORED, Event.DECIDE, Facts(acting=Role.BUREAU_APPROVER, **VOTED), ["committee-votes-first"]),
    (State.SCORED, Event.RETURN, Facts(computed=Rating.RED), ["not-incomplete", "no-field-returned"]),
    (
        State.SCORED,
        Event.RETURN,
        Facts(computed=Rating.INCOMPLETE, returned_as_incomplete=True, returned_fields=FIELDS),
        ["returned-as-incomplete-before"],
    ),
    (State.DECIDED, Event.RESCIND, Facts(reason="  "), ["reason-missing", "vote-missing"]),
    (State.DECIDED, Event.RESCIND, Facts(reason="示例", voted_to_rescind=False), ["rescinding-not-carried"]),
    (State.DECIDED, Event.RESCIND, Facts(reason="示例", voted_to_rescind=True), ["rescinding-same-person"]),
    *every([State.DECIDED, State.PREVIEWED, State.PUBLICISED], Event.VOID_DECISION, Facts(), ["decision-stands"]),
    (State.PREVIEWED, Event.PUBLICISE, Facts(), ["school-not-served", "list-not-frozen", "history-changed"]),
    (State.PREVIEWED, Event.PUBLICISE, Facts(served=True, list_frozen=True, **AS_SCORED), ["second-person-missing"]),
    (
        State.PUBLICISED,
        Event.CONFIRM,
        Facts(open_objections=1),
        ["publicity-running", "objection-open", "document-number-missing", "history-changed"],
    ),
    (
        State.PUBLICISED,
        Event.CONFIRM,
        Facts(publicity_over=True, objections_to_admit=1, document_number="示例〔2026〕1号", **AS_SCORED),
        ["objection-not-admitted-yet"],
    ),
    (State.PUBLICISED, Event.REOPEN, Facts(), ["no-objection-upheld"]),
    *every(UNENDED, Event.EXEMPT, Facts(), ["reason-missing"]),
    *every(UNENDED, Event.WITHDRAW, Facts(), ["specialty-not-closed"]),
    *every(UNENDED, Event.CANCEL, Facts(), ["round-not-cancelled"]),
]


@pytest.mark.parametrize(("source", "event", "facts", "target"), SUFFICES)
def test_a_step_is_taken_when_everything_holds(source: State, event: Event, facts: Facts, target: State) -> None:
    assert WORKFLOW.move(source, event, facts).target == target


@pytest.mark.parametrize(("source", "event", "facts", "refused"), REFUSES)
def test_a_step_is_refused_with_every_reason(source: State, event: Event, facts: Facts, refused: list[str]) -> None:
    assert codes(WORKFLOW, source, event, facts) == refused


def test_no_step_and_no_check_is_left_out_above() -> None:
    assert untried_steps(WORKFLOW, SUFFICES) == []
    assert silent_checks(WORKFLOW, REFUSES) == set()


def test_what_has_ended_stays_ended() -> None:
    assert [(state, WORKFLOW.open_events(state)) for state in ENDED if WORKFLOW.open_events(state)] == []


def test_the_clock_never_does_what_a_person_signs() -> None:
    signed = {Event.SUBMIT, Event.RECALL, Event.DECIDE, Event.PUBLICISE, Event.CONFIRM, Event.RETURN, Event.ACCEPT}

    assert [s for s in WORKFLOW.steps if s.event in signed and Role.SYSTEM in s.roles] == []


def test_a_school_only_ever_submits_and_recalls() -> None:
    schools = roles(Role.SCHOOL_EDITOR, Role.SCHOOL_HEAD)

    assert {s.event for s in WORKFLOW.steps if s.roles & schools} == {Event.SUBMIT, Event.RECALL}


def test_rescinding_and_publicising_take_two_people() -> None:
    assert [s.event for s in WORKFLOW.steps if s.two_people] == [Event.RESCIND, Event.PUBLICISE]


def test_a_refusal_says_until_when() -> None:
    problem = WORKFLOW.objections(State.OPEN, Event.SUBMIT, HANDED_IN)[0]

    assert problem.facts == {"due": "2026-10-30"}


def test_the_subsets_agree_with_each_other() -> None:
    assert set(UNENDED) | ENDED == set(State)
    assert PUBLISHED_STATES < SCHOOL_SEES_RATING < RATING_COMPUTED
    assert all(Event.SCORE in WORKFLOW.open_events(s) or s in RATING_COMPUTED for s in APPEAL_STARTS)
