"""The cycle's and the round's tables."""

from typing import Any

import pytest

from engine.tables_of_steps import codes, every, silent_checks, untried_steps
from specialty_eval import policies
from specialty_eval.engine.cycle import (
    CYCLE,
    PHASES,
    ROUND,
    ROUND_ENDED,
    CycleEvent,
    CycleFacts,
    CycleState,
    RoundEvent,
    RoundFacts,
    RoundState,
    least_years_open,
)
from specialty_eval.engine.machine import Workflow
from specialty_eval.engine.policy_load import load_policy

UNENDED = [state for state in RoundState if state not in ROUND_ENDED]
READY = CycleFacts(rounds=3, in_scope=320)
DUE = RoundFacts(due_reached=True)

CYCLE_SUFFICES = [
    (CycleState.DRAFT, CycleEvent.START, READY, CycleState.RUNNING),
    (CycleState.RUNNING, CycleEvent.CONCLUDE, CycleFacts(), CycleState.CONCLUDED),
    *every(
        [CycleState.DRAFT, CycleState.RUNNING], CycleEvent.CANCEL, CycleFacts(reason="区划调整"), CycleState.CANCELLED
    ),
]
CYCLE_REFUSES = [
    (
        CycleState.DRAFT,
        CycleEvent.START,
        CycleFacts(rounds=4, rounds_without_policy=("2028",), unplaced=("11",), placed_twice=("12", "13")),
        [
            "rounds-out-of-range",
            "policy-not-pinned",
            "nothing-in-scope",
            "specialty-in-no-round",
            "specialty-in-two-rounds",
            "specialty-in-two-rounds",
        ],
    ),
    (
        CycleState.RUNNING,
        CycleEvent.CONCLUDE,
        CycleFacts(unended_rounds=1, unended_reviews=3),
        ["rounds-not-ended", "reviews-not-ended"],
    ),
    *every([CycleState.DRAFT, CycleState.RUNNING], CycleEvent.CANCEL, CycleFacts(), ["reason-missing"]),
]
ROUND_SUFFICES = [
    (
        RoundState.PLANNED,
        RoundEvent.COLLECT,
        RoundFacts(cycle_running=True, policy_pinned=True, due_reached=True),
        RoundState.COLLECTING,
    ),
    (RoundState.COLLECTING, RoundEvent.VERIFY, DUE, RoundState.VERIFYING),
    (RoundState.VERIFYING, RoundEvent.SCORE, DUE, RoundState.SCORING),
    (RoundState.SCORING, RoundEvent.DELIBERATE, RoundFacts(due_reached=True, score_runs=1), RoundState.DELIBERATING),
    (RoundState.DELIBERATING, RoundEvent.PUBLICISE, RoundFacts(lists_published=1), RoundState.PUBLICISED),
    (RoundState.PUBLICISED, RoundEvent.CONCLUDE, RoundFacts(), RoundState.CONCLUDED),
    *every(UNENDED, RoundEvent.CANCEL, RoundFacts(reason="停办"), RoundState.CANCELLED),
]
LEFT = RoundFacts(due_reached=True, leftovers=2)
ROUND_REFUSES = [
    (
        RoundState.PLANNED,
        RoundEvent.COLLECT,
        RoundFacts(),
        ["cycle-not-running", "policy-not-pinned", "phase-not-due"],
    ),
    (RoundState.COLLECTING, RoundEvent.VERIFY, RoundFacts(), ["phase-not-due"]),
    (RoundState.COLLECTING, RoundEvent.VERIFY, LEFT, ["leftovers-first"]),
    (RoundState.VERIFYING, RoundEvent.SCORE, RoundFacts(), ["phase-not-due"]),
    (RoundState.VERIFYING, RoundEvent.SCORE, LEFT, ["leftovers-first"]),
    (RoundState.SCORING, RoundEvent.DELIBERATE, RoundFacts(), ["phase-not-due", "no-score-run"]),
    (RoundState.SCORING, RoundEvent.DELIBERATE, LEFT, ["leftovers-first", "no-score-run"]),
    (RoundState.DELIBERATING, RoundEvent.PUBLICISE, RoundFacts(), ["no-list-published"]),
    (RoundState.PUBLICISED, RoundEvent.CONCLUDE, RoundFacts(unended_reviews=1), ["reviews-not-ended"]),
    *every(UNENDED, RoundEvent.CANCEL, RoundFacts(), ["reason-missing"]),
]


@pytest.mark.parametrize(
    ("machine", "source", "event", "facts", "target"),
    [(CYCLE, *row) for row in CYCLE_SUFFICES] + [(ROUND, *row) for row in ROUND_SUFFICES],
)
def test_a_step_is_taken_when_everything_holds(
    machine: Workflow[Any], source: Any, event: Any, facts: Any, target: Any
) -> None:
    assert machine.move(source, event, facts).target == target


@pytest.mark.parametrize(
    ("machine", "source", "event", "facts", "refused"),
    [(CYCLE, *row) for row in CYCLE_REFUSES] + [(ROUND, *row) for row in ROUND_REFUSES],
)
def test_a_step_is_refused_with_every_reason(
    machine: Workflow[Any], source: Any, event: Any, facts: Any, refused: list[str]
) -> None:
    assert codes(machine, source, event, facts) == refused


def test_no_step_and_no_check_is_left_out_above() -> None:
    assert untried_steps(CYCLE, CYCLE_SUFFICES) == []
    assert silent_checks(CYCLE, CYCLE_REFUSES) == set()
    assert untried_steps(ROUND, ROUND_SUFFICES) == []
    assert silent_checks(ROUND, ROUND_REFUSES) == set()


def test_a_phase_may_be_opened_early_with_a_reason_whatever_is_left_over() -> None:
    early = RoundFacts(reason="系统停机，顺延", leftovers=5)

    assert ROUND.move(RoundState.COLLECTING, RoundEvent.VERIFY, early).target == RoundState.VERIFYING


def test_the_phases_follow_each_other_as_the_table_says() -> None:
    followed = [ROUND.start]
    while followed[-1] != RoundState.CONCLUDED:
        followed += [s.target for s in ROUND.steps if s.source == followed[-1] and s.event != RoundEvent.CANCEL]

    assert tuple(followed) == (RoundState.PLANNED, *PHASES, RoundState.CONCLUDED)


@pytest.mark.parametrize(
    ("when", "years"),
    [
        ("{attribute: years_open, below: 3}", 3),
        ("{all: [{attribute: years_open, below: 3}, {not: {measure: a, equals: 1}}]}", 3),
        ("{all: [{attribute: years_open, below: 6}, {measure: a, equals: 0}]}", 0),
        ("{measure: a, equals: 0}", 0),
        ("{attribute: years_open, below: 2.5}", 3),
    ],
    ids=["alone", "but for a veto", "with something else", "of another thing", "and a half"],
)
def test_how_old_a_policy_wants_a_specialty_to_be(when: str, years: int) -> None:
    """Only where age alone leaves it unrated."""
    policy = load_policy(YOUNG.replace("WHEN", when))
    assert least_years_open(policy) == years


def test_the_shipped_policies_say_how_old() -> None:
    assert least_years_open(load_policy(policies.text("dezhou"))) == 3


YOUNG = """
schema: specialty-eval/policy/1
id: young
version: "1"
title: {zh: 示例}
jurisdiction: "371400"
attributes:
  years_open: {type: decimal, label: {zh: 开设年数}}
measures:
  a: {label: {zh: 甲}, type: integer, min: 0, supplier: school}
dimensions: [{code: d, label: {zh: 丁}}]
indicators:
  - {code: i, dimension: d, label: {zh: 乙}, value: a, decimals: 0, weight: 100, missing: zero,
     points: {linear: [[0, 0], [100, 100]]}}
rating:
  unrated: [{code: new, when: WHEN, label: {zh: 新}}]
  rules: [{rate: red, code: poor}]
"""
