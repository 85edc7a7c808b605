"""Challenge, objection, appeal; the publication list, the meeting item, the expert's assignment."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from engine.tables_of_steps import codes, silent_checks, untried_steps
from specialty_eval.engine.assignment import ASSIGNMENT, AssignmentEvent, AssignmentFacts, AssignmentState
from specialty_eval.engine.cases import (
    APPEAL,
    CHALLENGE,
    OBJECTION,
    AppealEvent,
    AppealFacts,
    AppealState,
    ChallengeEvent,
    ChallengeFacts,
    ChallengeState,
    ObjectionEvent,
    ObjectionFacts,
    ObjectionState,
    appeal_problems,
    challenge_problems,
    objection_problems,
)
from specialty_eval.engine.errors import Problem
from specialty_eval.engine.machine import Workflow
from specialty_eval.engine.meeting import ITEM, ItemEvent, ItemFacts, ItemState
from specialty_eval.engine.publicity import PUBLICATION, ListEvent, ListFacts, ListState
from specialty_eval.engine.review_checks import SheetBasis

ANSWERED: dict[str, Any] = {"answer": "经核实，数据有误"}
TWO: dict[str, Any] = {
    "two_roles": ("secretary", "bureau_approver"), "first_roles": frozenset({"secretary"}),
    "second_roles": frozenset({"bureau_approver"}),
}  # fmt: skip
APPROVABLE = ListFacts(first_person="1", second_person="2", digest="ab", digest_seen="ab", entries=12, **TWO)
BEFORE_VOID = [ItemState.LISTED, ItemState.OPEN, ItemState.VOTING, ItemState.CLOSED]
OTHERS_NOW = SheetBasis(("2024 yellow",), ("2024 green",))
NO_QUORUM = Problem("quorum-missing", "seats", {"present": 3, "entitled": 8, "needed": 6})
INVITED, ACCEPTED, ITEM_SCORED = AssignmentState.INVITED, AssignmentState.ACCEPTED, AssignmentState.SCORED

SUFFICES: list[tuple[Workflow[Any], Any, Any, Any, Any]] = [
    (CHALLENGE, ChallengeState.OPEN, ChallengeEvent.UPHOLD, ChallengeFacts(**ANSWERED), ChallengeState.UPHELD),
    (CHALLENGE, ChallengeState.OPEN, ChallengeEvent.REJECT, ChallengeFacts(**ANSWERED), ChallengeState.REJECTED),
    (
        OBJECTION,
        ObjectionState.RECEIVED,
        ObjectionEvent.CONFIRM_CONTACT,
        ObjectionFacts(contact_confirmed=True),
        ObjectionState.CONTACT_CONFIRMED,
    ),
    (OBJECTION, ObjectionState.CONTACT_CONFIRMED, ObjectionEvent.ADMIT, ObjectionFacts(), ObjectionState.ADMITTED),
    *(
        (OBJECTION, source, ObjectionEvent.RULE_OUT, ObjectionFacts(**ANSWERED), ObjectionState.INADMISSIBLE)
        for source in (ObjectionState.RECEIVED, ObjectionState.CONTACT_CONFIRMED)
    ),
    (OBJECTION, ObjectionState.ADMITTED, ObjectionEvent.UPHOLD, ObjectionFacts(**ANSWERED), ObjectionState.UPHELD),
    (OBJECTION, ObjectionState.ADMITTED, ObjectionEvent.REJECT, ObjectionFacts(**ANSWERED), ObjectionState.REJECTED),
    (APPEAL, AppealState.RECEIVED, AppealEvent.ADMIT, AppealFacts(), AppealState.ADMITTED),
    (APPEAL, AppealState.RECEIVED, AppealEvent.RULE_OUT, AppealFacts(**ANSWERED), AppealState.INADMISSIBLE),
    *(
        (APPEAL, source, AppealEvent.ADD_PANELISTS, AppealFacts(reason="示例：离任"), AppealState.ADMITTED)
        for source in (AppealState.ADMITTED, AppealState.HEARD)
    ),
    (APPEAL, AppealState.ADMITTED, AppealEvent.HEAR, AppealFacts(), AppealState.HEARD),
    (
        APPEAL,
        AppealState.HEARD,
        AppealEvent.UPHOLD,
        AppealFacts(new_review_from="scored", **ANSWERED),
        AppealState.UPHELD,
    ),
    (APPEAL, AppealState.HEARD, AppealEvent.REJECT, AppealFacts(**ANSWERED), AppealState.REJECTED),
    *(
        (PUBLICATION, source, ListEvent.REDRAFT, ListFacts(reason="有专业撤销"), ListState.DRAFTED)
        for source in (ListState.DRAFTED, ListState.APPROVED)
    ),
    (PUBLICATION, ListState.DRAFTED, ListEvent.APPROVE, APPROVABLE, ListState.APPROVED),
    (PUBLICATION, ListState.APPROVED, ListEvent.OPEN, ListFacts(), ListState.IN_PUBLICITY),
    (PUBLICATION, ListState.IN_PUBLICITY, ListEvent.CLOSE, ListFacts(publicity_over=True), ListState.CLOSED),
    (ITEM, ItemState.LISTED, ItemEvent.OPEN, ItemFacts(review_scored=True), ItemState.OPEN),
    (ITEM, ItemState.OPEN, ItemEvent.VOTE, ItemFacts(), ItemState.VOTING),
    (ITEM, ItemState.VOTING, ItemEvent.CLOSE, ItemFacts(vote_ended=True), ItemState.CLOSED),
    (
        ITEM,
        ItemState.VOTING,
        ItemEvent.CLOSE,
        ItemFacts(written=True, written_days_over=True, vote_ended=True),
        ItemState.CLOSED,
    ),
    (
        ITEM,
        ItemState.VOTING,
        ItemEvent.TAKE_OVER,
        ItemFacts(written=True, written_days_over=True, vote_problems=(NO_QUORUM,), reason="两次均不足法定人数"),
        ItemState.CLOSED,
    ),
    *((ITEM, source, ItemEvent.VOID, ItemFacts(reason="不足法定人数"), ItemState.VOIDED) for source in BEFORE_VOID),
    (ASSIGNMENT, INVITED, AssignmentEvent.ACCEPT, AssignmentFacts(), ACCEPTED),
    (ASSIGNMENT, ACCEPTED, AssignmentEvent.SCORE, AssignmentFacts(), ITEM_SCORED),
    *(
        (ASSIGNMENT, source, AssignmentEvent.DECLINE, AssignmentFacts(reason="出差"), AssignmentState.DECLINED)
        for source in (INVITED, ACCEPTED)
    ),
    *(
        (ASSIGNMENT, source, AssignmentEvent.REPLACE, AssignmentFacts(reason="逾期"), AssignmentState.REPLACED)
        for source in (INVITED, ACCEPTED)
    ),
    (
        ASSIGNMENT,
        ITEM_SCORED,
        AssignmentEvent.REPLACE,
        AssignmentFacts(reason="回避", scoring_begun=True, has_interest=True),
        AssignmentState.REPLACED,
    ),
]
UNANSWERED = ["answer-missing"]
AGAIN = AppealFacts(decided_before=("7",))
REFUSES: list[tuple[Workflow[Any], Any, Any, Any, list[str]]] = [
    *(
        (CHALLENGE, ChallengeState.OPEN, event, ChallengeFacts(), UNANSWERED)
        for event in (ChallengeEvent.UPHOLD, ChallengeEvent.REJECT)
    ),
    (
        OBJECTION,
        ObjectionState.RECEIVED,
        ObjectionEvent.CONFIRM_CONTACT,
        ObjectionFacts(),
        ["contact-not-confirmed"],
    ),
    *(
        (OBJECTION, source, ObjectionEvent.RULE_OUT, ObjectionFacts(), UNANSWERED)
        for source in (ObjectionState.RECEIVED, ObjectionState.CONTACT_CONFIRMED)
    ),
    *(
        (OBJECTION, ObjectionState.ADMITTED, event, ObjectionFacts(answer=" "), UNANSWERED)
        for event in (ObjectionEvent.UPHOLD, ObjectionEvent.REJECT)
    ),
    (APPEAL, AppealState.RECEIVED, AppealEvent.RULE_OUT, AGAIN, ["decided-the-first-time", "answer-missing"]),
    (APPEAL, AppealState.RECEIVED, AppealEvent.ADMIT, AGAIN, ["decided-the-first-time"]),
    *(
        (APPEAL, source, AppealEvent.ADD_PANELISTS, AGAIN, ["decided-the-first-time", "reason-missing"])
        for source in (AppealState.ADMITTED, AppealState.HEARD)
    ),
    (APPEAL, AppealState.ADMITTED, AppealEvent.HEAR, AGAIN, ["decided-the-first-time"]),
    (
        APPEAL,
        AppealState.HEARD,
        AppealEvent.UPHOLD,
        AGAIN,
        ["decided-the-first-time", "answer-missing", "new-review-start-unknown"],
    ),
    (APPEAL, AppealState.HEARD, AppealEvent.REJECT, AGAIN, ["decided-the-first-time", "answer-missing"]),
    *(
        (PUBLICATION, source, ListEvent.REDRAFT, ListFacts(), ["reason-missing"])
        for source in (ListState.DRAFTED, ListState.APPROVED)
    ),
    (
        PUBLICATION,
        ListState.DRAFTED,
        ListEvent.APPROVE,
        ListFacts(
            first_person="1",
            second_person="1",
            two_roles=TWO["two_roles"],
            digest="ab",
            digest_seen="cd",
            stale=("5",),
            outdated=(("6", OTHERS_NOW),),
        ),
        ["list-empty", "second-person-missing", "two-roles-missing", "list-changed", "entry-stale", "history-changed"],
    ),
    (
        PUBLICATION,
        ListState.DRAFTED,
        ListEvent.APPROVE,
        replace(APPROVABLE, second_roles=TWO["first_roles"]),
        ["two-roles-missing"],
    ),
    (
        PUBLICATION,
        ListState.APPROVED,
        ListEvent.OPEN,
        ListFacts(stale=("5",), unserved=("6",), previewing=(("8", date(2027, 6, 9)),), outdated=(("7", OTHERS_NOW),)),
        ["entry-stale", "school-not-served", "preview-running", "history-changed"],
    ),
    (PUBLICATION, ListState.IN_PUBLICITY, ListEvent.CLOSE, ListFacts(due=date(2027, 6, 9)), ["publicity-running"]),
    (ITEM, ItemState.LISTED, ItemEvent.OPEN, ItemFacts(), ["review-not-scored"]),
    (
        ITEM,
        ItemState.OPEN,
        ItemEvent.VOTE,
        ItemFacts(undeclared=("3", "4"), vote_problems=(NO_QUORUM,)),
        ["interest-not-declared", "interest-not-declared", "quorum-missing"],
    ),
    (
        ITEM,
        ItemState.VOTING,
        ItemEvent.CLOSE,
        ItemFacts(undeclared=("3",), outcome_problems=(NO_QUORUM,), written=True),
        ["interest-not-declared", "written-days-running", "vote-not-ended", "quorum-missing"],
    ),
    (
        ITEM,
        ItemState.VOTING,
        ItemEvent.TAKE_OVER,
        ItemFacts(vote_problems=(NO_QUORUM,)),
        ["committee-votes-first", "reason-missing"],
    ),
    (
        ITEM,
        ItemState.VOTING,
        ItemEvent.TAKE_OVER,
        ItemFacts(written=True, vote_problems=(NO_QUORUM,), reason="x", due=date(2027, 6, 9)),
        ["written-days-running"],
    ),
    (
        ITEM,
        ItemState.VOTING,
        ItemEvent.TAKE_OVER,
        ItemFacts(written=True, written_days_over=True, reason="x"),
        ["quorum-is-there"],
    ),
    *((ITEM, source, ItemEvent.VOID, ItemFacts(), ["reason-missing"]) for source in BEFORE_VOID),
    (ASSIGNMENT, INVITED, AssignmentEvent.ACCEPT, AssignmentFacts(has_interest=True), ["interest-declared"]),
    (
        ASSIGNMENT,
        ACCEPTED,
        AssignmentEvent.SCORE,
        AssignmentFacts(has_interest=True, unscored=("teaching_design",), scoring_begun=True),
        ["interest-declared", "score-missing", "inputs-frozen"],
    ),
    *(
        (ASSIGNMENT, source, AssignmentEvent.DECLINE, AssignmentFacts(), ["reason-missing"])
        for source in (INVITED, ACCEPTED)
    ),
    *(
        (ASSIGNMENT, source, AssignmentEvent.REPLACE, AssignmentFacts(), ["reason-missing"])
        for source in (INVITED, ACCEPTED)
    ),
    (
        ASSIGNMENT,
        ITEM_SCORED,
        AssignmentEvent.REPLACE,
        AssignmentFacts(),
        ["reason-missing", "scored-already"],
    ),
]


@pytest.mark.parametrize(("machine", "source", "event", "facts", "target"), SUFFICES)
def test_a_step_is_taken_when_everything_holds(
    machine: Workflow[Any], source: Any, event: Any, facts: Any, target: Any
) -> None:
    assert machine.move(source, event, facts).target == target


@pytest.mark.parametrize(("machine", "source", "event", "facts", "refused"), REFUSES)
def test_a_step_is_refused_with_every_reason(
    machine: Workflow[Any], source: Any, event: Any, facts: Any, refused: list[str]
) -> None:
    assert codes(machine, source, event, facts) == refused


@pytest.mark.parametrize("machine", [CHALLENGE, OBJECTION, APPEAL, PUBLICATION, ITEM, ASSIGNMENT])
def test_no_step_and_no_check_is_left_out_above(machine: Workflow[Any]) -> None:
    assert untried_steps(machine, [row[1:] for row in SUFFICES if row[0] is machine]) == []
    assert silent_checks(machine, [row[1:] for row in REFUSES if row[0] is machine]) == set()


def test_a_list_that_nobody_drafted_has_no_second_person() -> None:
    nobody = ListFacts(first_person="", second_person="", digest="ab", digest_seen="ab", entries=1, **TWO)

    assert codes(PUBLICATION, ListState.DRAFTED, ListEvent.APPROVE, nobody) == ["second-person-missing"]


# --- what may be lodged ----------------------------------------------------------------------------------------------


def _codes(problems: list[Problem]) -> list[str]:
    return [problem.code for problem in problems]


def test_a_challenge_is_of_one_figure_with_evidence_after_reading_the_sheet_in_time() -> None:
    fine = ChallengeFacts(
        review_scored=True, sheet_opened=True, figures=1, with_evidence=True, challenge_days_over=False
    )

    assert challenge_problems(fine) == []
    assert _codes(challenge_problems(ChallengeFacts(figures=2))) == [
        "nothing-to-challenge",
        "sheet-not-opened",
        "one-figure-only",
        "challenge-evidence-missing",
        "challenge-days-over",
    ]


def test_an_objection_needs_name_contact_and_grounds_while_the_list_is_in_publicity() -> None:
    fine = ObjectionFacts(named=True, contact_given=True, grounds="就业人数不实", in_publicity=True)

    assert objection_problems(fine) == []
    assert _codes(objection_problems(ObjectionFacts())) == [
        "name-missing",
        "contact-missing",
        "grounds-missing",
        "not-in-publicity",
    ]


def test_a_late_objection_is_shown_the_way_of_appeal() -> None:
    late = ObjectionFacts(named=True, contact_given=True, grounds="不实", publicity_over=True, due=date(2027, 6, 9))

    assert objection_problems(late) == [
        Problem("publicity-over", "publication", {"due": "2027-06-09", "route": "appeal"})
    ]


@pytest.mark.parametrize(("about_what_changed", "refused"), [(True, []), (False, ["heard-before"])])
def test_a_second_publicity_hears_only_what_changed(about_what_changed: bool, refused: list[str]) -> None:
    facts = ObjectionFacts(
        named=True,
        contact_given=True,
        grounds="不实",
        in_publicity=True,
        second_publicity=True,
        about_what_changed=about_what_changed,
    )

    assert _codes(objection_problems(facts)) == refused


def test_an_appeal_is_against_a_confirmed_rating_that_was_served_in_time() -> None:
    fine = AppealFacts(review_confirmed=True, served=True, appeal_days_over=False, grounds="程序有误")

    assert appeal_problems(fine) == []
    assert _codes(appeal_problems(AppealFacts(another_is_open=True))) == [
        "rating-not-confirmed",
        "appeal-open",
        "grounds-missing",
    ]
    assert _codes(appeal_problems(AppealFacts(review_confirmed=True, grounds="x"))) == ["school-not-served"]
    assert _codes(appeal_problems(AppealFacts(review_confirmed=True, served=True, grounds="x"))) == ["appeal-days-over"]
