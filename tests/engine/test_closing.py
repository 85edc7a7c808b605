"""The table of an appeal against a closing, who may lodge one, and how years without intake are counted."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.tables_of_steps import codes, silent_checks, untried_steps
from specialty_eval.engine.closing import (
    CLOSING_APPEAL,
    ClosingAppealEvent,
    ClosingAppealFacts,
    ClosingAppealState,
    lodging_problems,
    without_intake,
)
from specialty_eval.engine.roles import Role

S, E, Facts = ClosingAppealState, ClosingAppealEvent, ClosingAppealFacts
ANSWERED = Facts(answer="示例")
SUFFICES: list[tuple[Any, Any, Any, Any]] = [
    (S.RECEIVED, E.ADMIT, Facts(), S.ADMITTED),
    (S.RECEIVED, E.RULE_OUT, ANSWERED, S.INADMISSIBLE),
    (S.ADMITTED, E.ADD_PANELISTS, Facts(reason="示例"), S.ADMITTED),
    (S.HEARD, E.ADD_PANELISTS, Facts(reason="示例"), S.ADMITTED),
    (S.ADMITTED, E.HEAR, Facts(), S.HEARD),
    (S.HEARD, E.UPHOLD, ANSWERED, S.UPHELD),
    (S.HEARD, E.REJECT, ANSWERED, S.REJECTED),
]
BEFORE = Facts(decided_before=("7",), closed=True)
REFUSES: list[tuple[Any, Any, Any, list[str]]] = [
    (S.RECEIVED, E.ADMIT, BEFORE, ["decided-the-first-time"]),
    (S.RECEIVED, E.RULE_OUT, BEFORE, ["decided-the-first-time", "answer-missing"]),
    (S.ADMITTED, E.ADD_PANELISTS, BEFORE, ["decided-the-first-time", "reason-missing"]),
    (S.HEARD, E.ADD_PANELISTS, BEFORE, ["decided-the-first-time", "reason-missing"]),
    (S.ADMITTED, E.HEAR, BEFORE, ["decided-the-first-time"]),
    (S.HEARD, E.UPHOLD, BEFORE, ["decided-the-first-time", "answer-missing", "specialty-closed"]),
    (S.HEARD, E.REJECT, BEFORE, ["decided-the-first-time", "answer-missing"]),
]


@pytest.mark.parametrize(("source", "event", "facts", "target"), SUFFICES)
def test_what_suffices(source: Any, event: Any, facts: Any, target: Any) -> None:
    assert CLOSING_APPEAL.move(source, event, facts).target == target


@pytest.mark.parametrize(("source", "event", "facts", "said"), REFUSES)
def test_what_is_refused(source: Any, event: Any, facts: Any, said: list[str]) -> None:
    assert codes(CLOSING_APPEAL, source, event, facts) == said


def test_every_step_and_every_check_is_tried_and_only_the_panel_decides() -> None:
    assert untried_steps(CLOSING_APPEAL, SUFFICES) == []
    assert silent_checks(CLOSING_APPEAL, REFUSES) == set()
    for event in (E.HEAR, E.UPHOLD, E.REJECT):
        assert {role for step in CLOSING_APPEAL.steps if step.event == event for role in step.roles} == {
            Role.APPEAL_PANEL_MEMBER
        }


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (Facts(decided_to_close=True, appeal_days_over=False, grounds="示例"), []),
        (Facts(), ["closing-not-decided", "grounds-missing"]),
        (Facts(decided_to_close=True, closed=True, grounds="示例"), ["closing-not-decided"]),
        (Facts(decided_to_close=True, due=date(2026, 7, 1), grounds="示例"), ["appeal-days-over"]),
        (
            Facts(decided_to_close=True, appeal_days_over=False, another_is_open=True, heard_before=True),
            ["appeal-open", "appeal-heard-before", "grounds-missing"],
        ),
    ],
)
def test_an_appeal_is_lodged_against_a_decision_in_its_days_with_grounds_and_once(
    facts: ClosingAppealFacts, said: list[str]
) -> None:
    assert [problem.code for problem in lodging_problems(facts)] == said


@pytest.mark.parametrize(
    ("intakes", "years", "through"),
    [
        ({2023: 0, 2024: 0, 2025: 0}, 3, 2025),
        ({2022: 0, 2023: 30, 2024: 0, 2025: 0}, 2, 2025),
        ({2022: 0, 2024: 0, 2025: 0}, 2, 2025),
        ({2024: 0, 2025: 12}, 0, 2025),
    ],
)
def test_years_without_intake_are_counted_back_from_the_last_one_reported(
    intakes: Mapping[int, int], years: int, through: int
) -> None:
    found = without_intake({year: Decimal(number) for year, number in intakes.items()})

    assert found is not None
    assert (found.years, found.through) == (years, through)


def test_where_nothing_was_reported_nothing_is_known() -> None:
    assert without_intake({}) is None
