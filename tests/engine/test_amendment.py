"""The table of an amendment: what suffices for each step, what each check refuses, and who may."""

from typing import Any

import pytest

from engine.tables_of_steps import codes, silent_checks, untried_steps
from specialty_eval.engine.amendment import (
    AMENDMENT,
    AmendmentEvent,
    AmendmentFacts,
    AmendmentState,
    objections_to_proposing,
)
from specialty_eval.engine.roles import Role

S, E, Facts = AmendmentState, AmendmentEvent, AmendmentFacts
RECORDABLE: dict[str, Any] = {
    "first_person": "1", "second_person": "2", "pinned": "a", "pinned_then": "a", "runs": 1, "simulated": True,
}  # fmt: skip
SUFFICES: list[tuple[Any, Any, Any, Any]] = [
    (S.PROPOSED, E.RECORD, Facts(**RECORDABLE), S.RECORDED),
    (S.PROPOSED, E.RECORD, Facts(**{**RECORDABLE, "runs": 0, "simulated": False}), S.RECORDED),
    (S.PROPOSED, E.WITHDRAW, Facts(reason="另有安排"), S.WITHDRAWN),
]
REFUSES: list[tuple[Any, Any, Any, list[str]]] = [
    (
        S.PROPOSED,
        E.RECORD,
        Facts(first_person="1", second_person="1", round_ended=True, public=3, pinned="b", pinned_then="a", runs=1),
        [
            "second-person-missing",
            "round-ended",
            "results-are-public",
            "policy-pinned-meanwhile",
            "simulation-outdated",
        ],
    ),
    (S.PROPOSED, E.WITHDRAW, Facts(reason=" "), ["reason-missing"]),
    (S.RECORDED, E.WITHDRAW, Facts(reason="x"), ["step-not-open"]),
    (S.WITHDRAWN, E.RECORD, Facts(**RECORDABLE), ["step-not-open"]),
]


@pytest.mark.parametrize(("source", "event", "facts", "target"), SUFFICES)
def test_what_is_enough_for_a_step(source: Any, event: Any, facts: Any, target: Any) -> None:
    assert AMENDMENT.move(source, event, facts).target == target


@pytest.mark.parametrize(("source", "event", "facts", "expected"), REFUSES)
def test_a_step_is_refused_with_every_reason(source: Any, event: Any, facts: Any, expected: list[str]) -> None:
    assert codes(AMENDMENT, source, event, facts) == expected


def test_every_step_and_every_check_is_tried() -> None:
    assert untried_steps(AMENDMENT, SUFFICES) == []
    assert silent_checks(AMENDMENT, REFUSES) == set()


def test_proposing_says_everything_that_stands_in_its_way() -> None:
    found = objections_to_proposing(Facts(round_ended=True, public=1, runs=1))

    assert [p.code for p in found] == ["reason-missing", "round-ended", "results-are-public", "simulation-outdated"]


def test_one_proposes_and_another_role_records() -> None:
    assert AMENDMENT.roles_for(S.PROPOSED, E.RECORD) == {Role.BUREAU_APPROVER}
    assert AMENDMENT.roles_for(S.PROPOSED, E.WITHDRAW) == {Role.SECRETARY, Role.POLICY_EDITOR, Role.BUREAU_APPROVER}
