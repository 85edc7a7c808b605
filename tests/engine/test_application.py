"""The table of an application: what suffices for each step, what each check refuses, and who may."""

from typing import Any

import pytest

from engine.tables_of_steps import codes, every, silent_checks, untried_steps
from specialty_eval.engine.application import (
    APPLICATION,
    APPLICATION_ENDED,
    APPLICATION_GOING,
    ApplicationEvent,
    ApplicationFacts,
    ApplicationState,
)
from specialty_eval.engine.errors import Problem
from specialty_eval.engine.roles import Role

S, E, Facts = ApplicationState, ApplicationEvent, ApplicationFacts
LISTED, UNKNOWN, URGENT = Problem("opening-listed"), Problem("opening-limit-unknown"), Problem("opening-urgent")
SIGNED: dict[str, Any] = {"first_person": "1", "second_person": "2", "document_number": "示例〔2026〕9号"}
SUFFICES: list[tuple[Any, Any, Any, Any]] = [
    *every([S.RECEIVED, S.CHECKED], E.CHECK, Facts(), S.CHECKED),
    (S.CHECKED, E.CONCLUDE, Facts(findings=(URGENT,), findings_now=(URGENT,)), S.CLEAR),
    (S.CHECKED, E.CONCLUDE, Facts(findings=(UNKNOWN, URGENT)), S.VISIT_FIRST),
    (S.CHECKED, E.CONCLUDE, Facts(orders_visit=True, reason="示例"), S.VISIT_FIRST),
    (S.CHECKED, E.CONCLUDE, Facts(findings=(UNKNOWN, LISTED)), S.REFUSED),
    (S.CHECKED, E.CONCLUDE, Facts(findings=(LISTED,), orders_visit=True, reason="示例"), S.REFUSED),
    (S.VISIT_FIRST, E.VISIT, Facts(report="示例"), S.VISIT_FIRST),
    (S.CLEAR, E.REFER, Facts(), S.COMMITTEE),
    (S.VISIT_FIRST, E.REFER, Facts(visit_reported=True), S.COMMITTEE),
    (S.COMMITTEE, E.VOTE, Facts(document_number="纪要1"), S.COMMITTEE),
    (S.COMMITTEE, E.VOTE, Facts(document_number="纪要2", voted_before=True, reason="示例"), S.COMMITTEE),
    (S.COMMITTEE, E.REGISTER, Facts(approved=True, **SIGNED), S.REGISTERED),
    (S.COMMITTEE, E.REFUSE, Facts(approved=False, reason="示例", **SIGNED), S.REFUSED),
    (S.COMMITTEE, E.REFUSE, Facts(approved=True, barred=(LISTED,), reason="示例", **SIGNED), S.REFUSED),
    *every(APPLICATION_GOING, E.WITHDRAW, Facts(), S.WITHDRAWN),
]
NOT_CONCLUDED: dict[str, Any] = {"opinions_missing": ("bureau", "department"), "findings_now": (LISTED,)}
REFUSES: list[tuple[Any, Any, Any, list[str]]] = [
    (S.CHECKED, E.CONCLUDE, Facts(orders_visit=True, **NOT_CONCLUDED),
     ["opinion-missing", "opinion-missing", "findings-outdated", "reason-missing"]),
    (S.VISIT_FIRST, E.VISIT, Facts(report=" ", visit_reported=True), ["findings-missing", "visit-reported-already"]),
    (S.VISIT_FIRST, E.REFER, Facts(), ["site-visit-not-reported"]),
    (S.COMMITTEE, E.VOTE, Facts(vote_problems=(Problem("quorum-missing"),), voted_before=True),
     ["quorum-missing", "document-number-missing", "reason-missing"]),
    (S.COMMITTEE, E.REGISTER, Facts(),
     ["vote-missing", "second-person-missing", "document-number-missing"]),
    (S.COMMITTEE, E.REGISTER, Facts(approved=False, barred=(LISTED,), first_person="1", second_person="1"),
     ["vote-against", "second-person-missing", "document-number-missing", "opening-listed"]),
    (S.COMMITTEE, E.REFUSE, Facts(),
     ["vote-missing", "second-person-missing", "document-number-missing", "reason-missing"]),
    (S.COMMITTEE, E.REFUSE, Facts(approved=True, reason="示例", **SIGNED), ["vote-for"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "event", "facts", "target"), SUFFICES)
def test_what_suffices(source: Any, event: Any, facts: Any, target: Any) -> None:
    assert APPLICATION.move(source, event, facts).target == target


@pytest.mark.parametrize(("source", "event", "facts", "expected"), REFUSES)
def test_what_stands_in_the_way_is_named_whole(source: Any, event: Any, facts: Any, expected: list[str]) -> None:
    assert codes(APPLICATION, source, event, facts) == expected


def test_every_step_and_every_check_is_tried() -> None:
    assert untried_steps(APPLICATION, SUFFICES) == []
    # A conclusion's checks are the same whatever it comes to.
    assert silent_checks(APPLICATION, REFUSES) == set()


@pytest.mark.parametrize("state", S)
def test_what_the_table_has_not_is_not_open(state: ApplicationState) -> None:
    others = [event for event in E if event not in APPLICATION.open_events(state)]
    assert {code for event in others for code in codes(APPLICATION, state, event, Facts())} <= {"step-not-open"}
    assert (state in APPLICATION_ENDED) == (APPLICATION.open_events(state) == ())


def test_nobody_decides_alone_and_only_the_school_withdraws() -> None:
    assert APPLICATION.roles_for(S.COMMITTEE, E.VOTE) == {Role.SECRETARY}
    assert APPLICATION.roles_for(S.COMMITTEE, E.REGISTER) == {Role.BUREAU_APPROVER}
    assert APPLICATION.needs_two_people(S.COMMITTEE, E.REGISTER)
    assert APPLICATION.needs_two_people(S.COMMITTEE, E.REFUSE)
    assert APPLICATION.roles_for(S.CLEAR, E.WITHDRAW) == {Role.SCHOOL_HEAD}
