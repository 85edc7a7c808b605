"""Standing, rectification and enrolment plan: the tables after a rating."""

from itertools import product
from typing import Any

import pytest

from engine.tables_of_steps import codes, every, silent_checks, untried_steps
from specialty_eval.engine.errors import Problem
from specialty_eval.engine.machine import Workflow
from specialty_eval.engine.plan import PLAN, PlanEvent, PlanFacts, PlanState
from specialty_eval.engine.policy_consequences import STANDINGS
from specialty_eval.engine.rectification import (
    RECTIFICATION,
    RectificationEvent,
    RectificationFacts,
    RectificationState,
)
from specialty_eval.engine.roles import Role
from specialty_eval.engine.standing import BY_POLICY, RESTORABLE, STANDING, StandingEvent, StandingFacts, StandingState

RATED: dict[str, Any] = {"rating_confirmed": True, "academic_year_begun": True}
DECIDED = StandingFacts(acting=Role.BUREAU_APPROVER, reason="连续三年未招生", closing_decided=True, notice_served=True)
R, E = RectificationState, RectificationEvent
RECTIFYING = [R.DUE, R.PLANNED, R.IN_PROGRESS, R.RECHECK]
FOUND: dict[str, Any] = {"findings": "已完成", "failures_allowed": 2}
DRAFTS = [PlanState.DRAFT, PlanState.SUBMITTED, PlanState.APPROVED]
APPROVABLE = PlanFacts(first_person="1", second_person="2", document_number="德教体字〔2027〕2号")
NEGATIVE = Problem("quota-negative", "lines.5", {"quota": -1})

SUFFICES: list[tuple[Workflow[Any], Any, Any, Any, Any]] = [
    *(
        (STANDING, source, StandingEvent.RATE, StandingFacts(target=target, **RATED), target)
        for source, target in product(BY_POLICY, BY_POLICY)
    ),
    (
        STANDING,
        StandingState.PHASING_OUT,
        StandingEvent.STEP,
        StandingFacts(last_step_taken=True, academic_year_begun=True),
        StandingState.SUSPENDED,
    ),
    *(
        (STANDING, *row)
        for row in every(RESTORABLE, StandingEvent.RESTORE, StandingFacts(recheck_passed=True), StandingState.NORMAL)
    ),
    *((STANDING, *row) for row in every(BY_POLICY, StandingEvent.CLOSE, DECIDED, StandingState.CLOSED)),
    *(
        (STANDING, source, StandingEvent.SUCCEED, StandingFacts(target=target, succession_recorded=True), target)
        for source, target in product(BY_POLICY, BY_POLICY)
    ),
    *(
        (STANDING, *row)
        for row in every(BY_POLICY, StandingEvent.MERGE, StandingFacts(succession_recorded=True), StandingState.CLOSED)
    ),
    (RECTIFICATION, R.DUE, E.PLAN, RectificationFacts(plan="更新设备", milestones=1), R.PLANNED),
    (RECTIFICATION, R.DUE, E.LAPSE, RectificationFacts(may_lapse=True), R.FAILED),
    (RECTIFICATION, R.PLANNED, E.START, RectificationFacts(), R.IN_PROGRESS),
    (RECTIFICATION, R.PLANNED, E.START, RectificationFacts(by_clock=True, answer_overdue=True), R.IN_PROGRESS),
    (RECTIFICATION, R.PLANNED, E.RETURN, RectificationFacts(reason="目标不具体"), R.DUE),
    (RECTIFICATION, R.IN_PROGRESS, E.RECHECK, RectificationFacts(recheck_due=True), R.RECHECK),
    (RECTIFICATION, R.RECHECK, E.PASS, RectificationFacts(**FOUND), R.PASSED),
    (RECTIFICATION, R.RECHECK, E.FAIL, RectificationFacts(recheck_due=True, failures=0, **FOUND), R.IN_PROGRESS),
    (RECTIFICATION, R.RECHECK, E.FAIL, RectificationFacts(recheck_due=True, failures=1, **FOUND), R.FAILED),
    *((RECTIFICATION, *row) for row in every(RECTIFYING, E.SUPERSEDE, RectificationFacts(reason="x"), R.SUPERSEDED)),
    (PLAN, PlanState.DRAFT, PlanEvent.SUBMIT, PlanFacts(lines=320), PlanState.SUBMITTED),
    (PLAN, PlanState.SUBMITTED, PlanEvent.RETURN, PlanFacts(reason="超总量"), PlanState.DRAFT),
    (PLAN, PlanState.SUBMITTED, PlanEvent.APPROVE, APPROVABLE, PlanState.APPROVED),
    *((PLAN, *row) for row in every(DRAFTS, PlanEvent.SUPERSEDE, PlanFacts(newer_version=True), PlanState.SUPERSEDED)),
]
HELD = RectificationFacts(failures_allowed=2, suspended_by_appeal=True)
EARLY = StandingFacts(target="restricted", suspended_by_appeal=True)
REFUSES: list[tuple[Workflow[Any], Any, Any, Any, list[str]]] = [
    *(
        (
            STANDING,
            source,
            StandingEvent.RATE,
            StandingFacts(target=target, suspended_by_appeal=True),
            ["rating-not-confirmed", "academic-year-not-begun", "appeal-suspends"],
        )
        for source, target in product(BY_POLICY, BY_POLICY)
    ),
    *(
        (STANDING, source, StandingEvent.SUCCEED, StandingFacts(target=target), ["succession-not-recorded"])
        for source, target in product(BY_POLICY, BY_POLICY)
    ),
    *((STANDING, *row) for row in every(BY_POLICY, StandingEvent.MERGE, StandingFacts(), ["succession-not-recorded"])),
    (STANDING, StandingState.NORMAL, StandingEvent.RATE, StandingFacts(target="closed"), ["no-branch-holds"]),
    (
        STANDING,
        StandingState.PHASING_OUT,
        StandingEvent.STEP,
        EARLY,
        ["steps-left", "academic-year-not-begun", "appeal-suspends"],
    ),
    *((STANDING, *row) for row in every(RESTORABLE, StandingEvent.RESTORE, StandingFacts(), ["recheck-not-passed"])),
    *(
        (STANDING, *row)
        for row in every(
            BY_POLICY,
            StandingEvent.CLOSE,
            StandingFacts(acting=Role.BUREAU_APPROVER, appeal_open=True, students=31, places_ahead=20),
            [
                "reason-missing",
                "closing-not-decided",
                "school-not-served",
                "appeal-open",
                "students-enrolled",
                "places-approved",
            ],
        )
    ),
    (RECTIFICATION, R.DUE, E.PLAN, RectificationFacts(), ["plan-missing", "milestone-missing"]),
    (
        RECTIFICATION,
        R.DUE,
        E.PLAN,
        RectificationFacts(plan="x", milestones=1, deadline_passed=True),
        ["deadline-passed"],
    ),
    (
        RECTIFICATION,
        R.DUE,
        E.LAPSE,
        HELD,
        ["deadline-not-passed", "appeal-suspends"],
    ),
    (RECTIFICATION, R.PLANNED, E.START, RectificationFacts(by_clock=True), ["deadline-not-passed"]),
    (RECTIFICATION, R.PLANNED, E.RETURN, RectificationFacts(), ["reason-missing"]),
    (RECTIFICATION, R.IN_PROGRESS, E.RECHECK, HELD, ["recheck-not-due", "appeal-suspends"]),
    (
        RECTIFICATION,
        R.RECHECK,
        E.PASS,
        RectificationFacts(milestones_without_evidence=("1",)),
        ["milestone-not-proved", "findings-missing"],
    ),
    (RECTIFICATION, R.RECHECK, E.FAIL, HELD, ["findings-missing", "recheck-not-due", "appeal-suspends"]),
    *((RECTIFICATION, *row) for row in every(RECTIFYING, E.SUPERSEDE, RectificationFacts(), ["reason-missing"])),
    (PLAN, PlanState.DRAFT, PlanEvent.SUBMIT, PlanFacts(line_problems=(NEGATIVE,)), ["plan-empty", "quota-negative"]),
    (PLAN, PlanState.SUBMITTED, PlanEvent.RETURN, PlanFacts(), ["reason-missing"]),
    (
        PLAN,
        PlanState.SUBMITTED,
        PlanEvent.APPROVE,
        PlanFacts(first_person="1", second_person="1", line_problems=(NEGATIVE,)),
        ["quota-negative", "second-person-missing", "document-number-missing"],
    ),
    *((PLAN, *row) for row in every(DRAFTS, PlanEvent.SUPERSEDE, PlanFacts(), ["no-newer-plan"])),
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


@pytest.mark.parametrize("machine", [STANDING, RECTIFICATION, PLAN])
def test_no_step_and_no_check_is_left_out_above(machine: Workflow[Any]) -> None:
    assert untried_steps(machine, [row[1:] for row in SUFFICES if row[0] is machine]) == []
    assert silent_checks(machine, [row[1:] for row in REFUSES if row[0] is machine]) == set()


def test_a_school_closes_its_own_specialty_without_anybody_deciding_but_not_while_students_are_in_it() -> None:
    own = StandingFacts(acting=Role.SCHOOL_HEAD, reason="专业调整")

    assert STANDING.move(StandingState.SUSPENDED, StandingEvent.CLOSE, own).target == StandingState.CLOSED
    assert codes(
        STANDING,
        StandingState.NORMAL,
        StandingEvent.CLOSE,
        StandingFacts(acting=Role.SCHOOL_HEAD, reason="专业调整", students=1),
    ) == ["students-enrolled"]


@pytest.mark.parametrize(("failures", "allowed", "target"), [(0, 1, R.FAILED), (0, 0, R.FAILED), (1, 3, R.IN_PROGRESS)])
def test_as_many_failed_rechecks_as_allowed_end_a_rectification(
    failures: int, allowed: int, target: RectificationState
) -> None:
    facts = RectificationFacts(findings="未完成", recheck_due=True, failures=failures, failures_allowed=allowed)

    assert RECTIFICATION.move(R.RECHECK, E.FAIL, facts).target == target


def test_the_standings_a_policy_may_name_are_those_the_table_reaches() -> None:
    assert BY_POLICY == STANDINGS
