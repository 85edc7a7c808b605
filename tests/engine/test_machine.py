"""The wrapper around `transitions`, and what must be true of every table."""

import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

import pytest

from specialty_eval.engine.diagrams import diagram, page
from specialty_eval.engine.errors import NotNow, Problem
from specialty_eval.engine.machine import Moved, Step, Workflow
from specialty_eval.engine.machines import MACHINES
from specialty_eval.engine.roles import Role, roles

LABELS: dict[str, Any] = tomllib.loads(files("specialty_eval").joinpath("locale/labels.toml").read_text("utf-8"))
EACH = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)


class State(StrEnum):
    DRAFT = "being drafted"
    SENT = "sent"
    GREEN = "green"
    RED = "red"


class Event(StrEnum):
    SEND = "send"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Facts:
    missing: tuple[str, ...] = ()
    is_late: bool = False
    rating: str = ""


def _complete(facts: Facts) -> Iterable[Problem]:
    return [Problem("missing", code) for code in facts.missing]


def _in_time(facts: Facts) -> Iterable[Problem]:
    if facts.is_late:
        yield Problem("late")


OFFICE = roles(Role.SECRETARY)
SMALL = Workflow[Facts](
    "small",
    State,
    State.DRAFT,
    {State.GREEN, State.RED},
    [
        Step(Event.SEND, State.DRAFT, State.SENT, roles(Role.SCHOOL_HEAD), (_complete, _in_time)),
        Step(Event.RATE, State.SENT, State.GREEN, OFFICE, when=lambda facts: facts.rating == "green"),
        Step(Event.RATE, State.SENT, State.RED, OFFICE, when=lambda facts: facts.rating == "red", two_people=True),
    ],
)


def test_a_step_moves_the_value_of_the_state_and_says_what_it_did() -> None:
    assert SMALL.move("being drafted", Event.SEND, Facts()) == Moved("send", "being drafted", "sent")


def test_a_refused_step_names_every_problem_at_once() -> None:
    with pytest.raises(NotNow) as refusal:
        SMALL.move(State.DRAFT, Event.SEND, Facts(missing=("a", "b"), is_late=True))

    assert [(p.code, p.where) for p in refusal.value.problems] == [("missing", "a"), ("missing", "b"), ("late", "")]


def test_an_event_that_the_state_does_not_have_is_refused_with_both_names() -> None:
    with pytest.raises(NotNow) as refusal:
        SMALL.move("sent", Event.SEND, Facts())

    assert refusal.value.problems == (Problem("step-not-open", "small", {"event": "send", "state": "sent"}),)


@pytest.mark.parametrize(("rating", "target"), [("green", "green"), ("red", "red")])
def test_a_branch_chooses_the_target(rating: str, target: str) -> None:
    assert SMALL.move("sent", Event.RATE, Facts(rating=rating)).target == target


def test_an_event_whose_branches_all_fail_is_refused() -> None:
    assert SMALL.objections("sent", Event.RATE, Facts()) == [
        Problem("no-branch-holds", "small", {"event": "rate", "state": "sent"})
    ]


def test_open_events_and_their_roles_come_from_the_table() -> None:
    assert SMALL.open_events("sent") == ("rate",)
    assert SMALL.open_events("green") == ()
    assert SMALL.roles_for("being drafted", Event.SEND) == roles(Role.SCHOOL_HEAD)
    assert SMALL.roles_for("green", Event.SEND) == frozenset()
    assert SMALL.needs_two_people("sent", Event.RATE) is True
    assert SMALL.needs_two_people("being drafted", Event.SEND) is False


def test_a_set_based_move_gets_only_the_pairs_without_a_branch() -> None:
    assert SMALL.legal(Event.SEND) == (("being drafted", "sent"),)
    assert SMALL.legal(Event.RATE) == ()


def test_no_state_gets_a_jump_that_the_table_does_not_have() -> None:
    for machine in (SMALL, *MACHINES.values()):
        assert set(machine._machine.events) == set(machine.events)


def test_one_shared_machine_serves_many_threads() -> None:
    with ThreadPoolExecutor(8) as pool:
        targets = list(
            pool.map(lambda n: SMALL.move("sent", Event.RATE, Facts(rating=n)).target, ["green", "red"] * 200)
        )

    assert targets == ["green", "red"] * 200


# --- every table -----------------------------------------------------------------------------------------------------


@EACH
def test_every_state_can_be_reached(machine: Workflow[Any]) -> None:
    reached, added = {machine.start}, True
    while added:
        found = {step.target for step in machine.steps if step.source in reached}
        added = not found <= reached
        reached |= found

    # An appeal's review begins at `verified` or `scored`; all others at the start.
    assert reached == set(machine.states)


@EACH
def test_every_state_that_is_not_ended_leads_to_an_end(machine: Workflow[Any]) -> None:
    ends, added = set(machine.ended), True
    while added:
        found = {step.source for step in machine.steps if step.target in ends}
        added = not found <= ends
        ends |= found

    assert ends == set(machine.states)
    assert {state for state in machine.states if not machine.open_events(state)} <= machine.ended


@EACH
def test_every_step_can_be_done_by_somebody(machine: Workflow[Any]) -> None:
    assert [step for step in machine.steps if not step.roles] == []


@EACH
def test_an_act_of_two_people_is_checked(machine: Workflow[Any]) -> None:
    assert [step for step in machine.steps if step.two_people and not step.checks] == []


@EACH
def test_the_steps_of_one_event_in_one_state_are_one_or_have_branches(machine: Workflow[Any]) -> None:
    for state in machine.states:
        for event in machine.open_events(state):
            steps = [s for s in machine.steps if s.source == state and s.event == event]
            assert len(steps) == 1 or all(step.when for step in steps)
            assert len({step.roles for step in steps}) == 1


STAYS = {"review": ("take_over", "name_visitors", "report_visit")}
"""What can be done with a subject and is named with its events, though it changes no state."""


@EACH
def test_every_state_has_three_labels_and_every_event_one_in_both_languages(machine: Workflow[Any]) -> None:
    languages = {"zh", "en"}

    assert set(LABELS["machines"][machine.name]) == languages
    assert list(LABELS["states"][machine.name]) == list(machine.states)
    for labels in LABELS["states"][machine.name].values():
        assert {audience: set(label) for audience, label in labels.items()} == {
            "inside": languages,
            "school": languages,
            "public": languages,
        }
    assert {event: set(label) for event, label in LABELS["events"][machine.name].items()} == dict.fromkeys(
        [*machine.events, *STAYS.get(machine.name, ())], languages
    )


def test_every_role_and_sector_has_a_label() -> None:
    assert list(LABELS["roles"]) == list(Role)
    assert set(LABELS["sectors"]) == {"industry", "enterprise", "research", "administration"}


def test_the_diagram_draws_one_arrow_a_source_and_target() -> None:
    assert diagram(SMALL) == "\n".join(
        [
            "stateDiagram-v2",
            "    [*] --> being drafted",
            "    being drafted --> sent: send",
            "    sent --> green: rate",
            "    sent --> red: rate",
            "    green --> [*]",
            "    red --> [*]",
        ]
    )


def test_the_page_of_diagrams_has_every_machine_and_every_event() -> None:
    text = page(MACHINES, {name: f"what {name} means" for name in MACHINES}, "who is who")

    for name, machine in MACHINES.items():
        assert f"## {name}\n\nwhat {name} means\n" in text
        for event in machine.events:
            assert f"`{event}`" in text
