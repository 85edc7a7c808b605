"""The table of a proposal who scores what: what suffices for each step, and what each check refuses."""

from typing import Any

import pytest

from engine.tables_of_steps import codes, every, silent_checks, untried_steps
from specialty_eval.engine.allotment import ALLOTMENT, AllotmentEvent, AllotmentFacts, AllotmentState
from specialty_eval.engine.errors import Problem

S, E, Facts = AllotmentState, AllotmentEvent, AllotmentFacts
SHORT = (Problem("experts-lacking", "allotment"), Problem("expert-limit-too-low", "allotment"))
SUFFICES: list[tuple[Any, Any, Any, Any]] = [
    (S.ASKED, E.PROPOSE, Facts(), S.PROPOSED),
    (S.PROPOSED, E.CARRY_OUT, Facts(), S.CARRIED_OUT),
    (S.PROPOSED, E.CARRY_OUT, Facts(lacking=SHORT, reason="先行办理"), S.CARRIED_OUT),
    *every([S.ASKED, S.PROPOSED], E.WITHDRAW, Facts(), S.WITHDRAWN),
]
REFUSES: list[tuple[Any, Any, Any, list[str]]] = [
    (S.PROPOSED, E.CARRY_OUT, Facts(changed=("experts",), reason="x"), ["allotment-outdated"]),
    (
        S.PROPOSED,
        E.CARRY_OUT,
        Facts(changed=("experts",), lacking=SHORT, reason=" "),
        ["allotment-outdated", "experts-lacking", "expert-limit-too-low"],
    ),
    *every([S.CARRIED_OUT, S.WITHDRAWN], E.CARRY_OUT, Facts(), ["step-not-open"]),
    *every([S.PROPOSED, S.CARRIED_OUT, S.WITHDRAWN], E.PROPOSE, Facts(), ["step-not-open"]),
]


@pytest.mark.parametrize(("source", "event", "facts", "target"), SUFFICES)
def test_what_suffices(source: Any, event: Any, facts: Any, target: Any) -> None:
    assert ALLOTMENT.move(source, event, facts).target == target


@pytest.mark.parametrize(("source", "event", "facts", "expected"), REFUSES)
def test_what_stands_in_the_way_is_named_whole(source: Any, event: Any, facts: Any, expected: list[str]) -> None:
    assert codes(ALLOTMENT, source, event, facts) == expected


def test_every_step_and_every_check_is_tried() -> None:
    assert untried_steps(ALLOTMENT, SUFFICES) == []
    assert silent_checks(ALLOTMENT, REFUSES) == set()
