"""A workflow table, run by `transitions`; the only file that knows that library.

Decides which step a state and its facts allow; who may fire it is `permissions`' answer, writing it down the caller's.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .errors import NotNow, Problem
from .roles import Role

if TYPE_CHECKING:
    from transitions import EventData, Machine

logging.getLogger("transitions").setLevel(logging.WARNING)  # two INFO lines per step otherwise

F_contra = TypeVar("F_contra", contravariant=True)
Check = Callable[[F_contra], Iterable[Problem]]
"""Facts → what stands in the way. All checks of a step are asked, never only the first."""
Branch = Callable[[F_contra], bool]
"""Facts → whether this target is the one; only for choosing between targets, never for refusing."""


@dataclass(frozen=True, slots=True)
class Step(Generic[F_contra]):
    """`event` moves `source` to `target` when nothing in `checks` objects and `when` holds.

    `roles` may fire it; `two_people` says that a second person has approved the same thing before (a check proves it).
    """

    event: StrEnum
    source: StrEnum
    target: StrEnum
    roles: frozenset[Role]
    checks: tuple[Check[F_contra], ...] = ()
    when: Branch[F_contra] | None = None
    two_people: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """What a step did: the values of its event, source and target."""

    event: str
    source: str
    target: str


class _Slot:
    """Carries a state through the library, so that no row of ours ever enters it."""

    def __init__(self, state: str) -> None:
        self.state = state


class Workflow(Generic[F_contra]):
    """An immutable table of steps; `move` is a pure function of (state, event, facts)."""

    def __init__(
        self,
        name: str,
        states: type[StrEnum],
        start: StrEnum,
        ended: Iterable[StrEnum],
        steps: Sequence[Step[F_contra]],
    ) -> None:
        self.name, self.states, self.start = name, states, start
        self.ended: frozenset[StrEnum] = frozenset(ended)
        self.steps: tuple[Step[F_contra], ...] = tuple(steps)
        self.events: tuple[str, ...] = tuple(dict.fromkeys(step.event.value for step in self.steps))
        self._rows: dict[tuple[str, str], tuple[Step[F_contra], ...]] = {}
        for step in self.steps:
            row = (step.source.value, step.event.value)
            self._rows[row] = (*self._rows.get(row, ()), step)

    @cached_property
    def _machine(self) -> "Machine":
        """The library's own machine, made for the first move: who only reads needs none."""
        from transitions import Machine  # noqa: PLC0415 -- slow import

        made = Machine(
            model=None,
            states=[state.value for state in self.states],
            initial=self.start.value,
            auto_transitions=False,  # else every state gets a `to_<state>` that jumps every guard
            send_event=True,
        )
        for step in self.steps:
            made.add_transition(
                step.event.value,
                step.source.value,
                step.target.value,
                conditions=[] if step.when is None else [_as_condition(step.when)],
            )
        return made

    def move(self, state: str, event: StrEnum, facts: F_contra) -> Moved:
        """Where `event` leads from `state`; raises NotNow with every problem."""
        if problems := self.objections(state, event, facts):
            raise NotNow(*problems)
        from transitions import MachineError  # noqa: PLC0415 -- slow import

        slot = _Slot(str(state))  # the library looks enum members up by name; columns hold the value
        try:
            moved = self._machine.events[event.value].trigger(slot, facts)
        except MachineError as error:  # pragma: no cover -- objections() has already answered this
            raise NotNow(Problem("step-not-open", self.name, {"event": event.value, "state": str(state)})) from error
        if not moved:  # pragma: no cover -- objections() has already answered this
            raise NotNow(Problem("no-branch-holds", self.name, {"event": event.value, "state": str(state)}))
        return Moved(event.value, str(state), slot.state)

    def objections(self, state: str, event: StrEnum, facts: F_contra) -> list[Problem]:
        """Every reason why `event` is not possible now; empty when it is."""
        open_steps = self._rows.get((state, event))
        if open_steps is None:
            return [Problem("step-not-open", self.name, {"event": event.value, "state": str(state)})]
        branch = next((step for step in open_steps if step.when is None or step.when(facts)), None)
        if branch is None:
            return [Problem("no-branch-holds", self.name, {"event": event.value, "state": str(state)})]
        return [problem for check in branch.checks for problem in check(facts)]

    def open_events(self, state: str) -> tuple[str, ...]:
        """The events the table has for `state`, in its order."""
        return tuple(dict.fromkeys(step.event.value for step in self.steps if step.source == state))

    def roles_for(self, state: str, event: StrEnum) -> frozenset[Role]:
        """Who may fire `event` in `state`; nobody when the table has no such step."""
        return frozenset(role for step in self._rows.get((state, event), ()) for role in step.roles)

    def legal(self, event: StrEnum) -> tuple[tuple[str, str], ...]:
        """(source, target) of every step of `event` without a branch: what a set-based move may do."""
        return tuple(
            (step.source.value, step.target.value) for step in self.steps if step.event == event and step.when is None
        )

    def needs_two_people(self, state: str, event: StrEnum) -> bool:
        """Whether `event` in `state` is an act of two people."""
        return any(step.two_people for step in self._rows.get((state, event), ()))


def _as_condition(branch: Callable[[Any], bool]) -> "Callable[[EventData], bool]":
    return lambda event_data: branch(next(iter(event_data.args)))
