"""The table of a list: what suffices for each step, what each check refuses, and who may."""

from typing import Any

import pytest

from engine.tables_of_steps import codes, every, silent_checks, untried_steps
from specialty_eval.engine.roles import Role
from specialty_eval.engine.specialty_list import (
    SPECIALTY_LIST,
    SpecialtyListEvent,
    SpecialtyListFacts,
    SpecialtyListState,
)

S, E, Facts = SpecialtyListState, SpecialtyListEvent, SpecialtyListFacts
APPROVABLE: dict[str, Any] = {
    "first_person": "1", "second_person": "2", "digest": "x", "digest_seen": "x", "document_number": "示例〔2026〕9号",
}  # fmt: skip
SUFFICES: list[tuple[Any, Any, Any, Any]] = [
    (S.BUILT, E.EXEMPT, Facts(reason="市里统筹"), S.BUILT),
    (S.BUILT, E.RELIST, Facts(reason="笔误", exempt_by="person"), S.BUILT),
    (S.BUILT, E.APPROVE, Facts(**APPROVABLE), S.APPROVED),
    (S.APPROVED, E.PUBLISH, Facts(year=2027, years=(2026, 2027)), S.PUBLISHED),
    *every([S.BUILT, S.APPROVED, S.PUBLISHED], E.SUPERSEDE, Facts(replaced=True), S.SUPERSEDED),
    *every([S.BUILT, S.APPROVED, S.PUBLISHED], E.SUPERSEDE, Facts(reason="办法有误"), S.SUPERSEDED),
]
REFUSES: list[tuple[Any, Any, Any, list[str]]] = [
    (S.BUILT, E.EXEMPT, Facts(reason=" ", exempt_by="policy"), ["reason-missing", "entry-exempt-already"]),
    (S.BUILT, E.RELIST, Facts(exempt_by="policy"), ["reason-missing", "entry-not-exempted-by-name"]),
    (S.BUILT, E.RELIST, Facts(reason="x"), ["entry-not-exempted-by-name"]),
    (
        S.BUILT,
        E.APPROVE,
        Facts(first_person="1", second_person="1", digest="x", outdated=("710205",)),
        ["second-person-missing", "document-number-missing", "list-changed", "list-outdated"],
    ),
    (S.BUILT, E.APPROVE, Facts(**{**APPROVABLE, "digest": "", "digest_seen": ""}), ["list-changed"]),
    (S.APPROVED, E.PUBLISH, Facts(year=2025, years=(2026, 2027)), ["list-year-out-of-reach"]),
    (S.APPROVED, E.PUBLISH, Facts(year=2028, years=(2026, 2027)), ["list-year-out-of-reach"]),
    *every([S.BUILT, S.APPROVED, S.PUBLISHED], E.SUPERSEDE, Facts(), ["reason-missing"]),
]


@pytest.mark.parametrize(("source", "event", "facts", "target"), SUFFICES)
def test_what_suffices(source: Any, event: Any, facts: Any, target: Any) -> None:
    assert SPECIALTY_LIST.move(source, event, facts).target == target


@pytest.mark.parametrize(("source", "event", "facts", "expected"), REFUSES)
def test_what_stands_in_the_way_is_named_whole(source: Any, event: Any, facts: Any, expected: list[str]) -> None:
    assert codes(SPECIALTY_LIST, source, event, facts) == expected


def test_every_step_and_every_check_is_tried() -> None:
    assert untried_steps(SPECIALTY_LIST, SUFFICES) == []
    assert silent_checks(SPECIALTY_LIST, REFUSES) == set()


@pytest.mark.parametrize("state", S)
def test_what_the_table_has_not_is_not_open(state: SpecialtyListState) -> None:
    others = [event for event in E if event not in SPECIALTY_LIST.open_events(state)]
    assert {code for event in others for code in codes(SPECIALTY_LIST, state, event, Facts())} <= {"step-not-open"}
    assert (state == S.SUPERSEDED) == (SPECIALTY_LIST.open_events(state) == ())


def test_who_built_may_take_back_what_nobody_approved_and_no_more() -> None:
    assert SPECIALTY_LIST.roles_for(S.BUILT, E.SUPERSEDE) == {Role.SECRETARY, Role.SYSTEM}
    assert SPECIALTY_LIST.roles_for(S.PUBLISHED, E.SUPERSEDE) == {Role.BUREAU_APPROVER, Role.SYSTEM}
    assert SPECIALTY_LIST.roles_for(S.BUILT, E.APPROVE) == {Role.CHAIR, Role.BUREAU_APPROVER}
