"""How a table is tested: what suffices for each step, what each check refuses, and that nothing is left out."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from specialty_eval.engine.machine import Workflow

Suffices = Sequence[tuple[StrEnum, StrEnum, Any, StrEnum]]
"""(source, event, facts, target)"""
Refuses = Sequence[tuple[StrEnum, StrEnum, Any, list[str]]]
"""(source, event, facts, codes)"""


def untried_steps(machine: Workflow[Any], suffices: Suffices) -> list[tuple[str, str, str]]:
    """The steps of the table that no row of `suffices` takes."""
    tried = {(source, event, target) for source, event, _, target in suffices}
    return [
        (step.source.value, step.event.value, step.target.value)
        for step in machine.steps
        if (step.source, step.event, step.target) not in tried
    ]


def silent_checks(machine: Workflow[Any], refuses: Refuses) -> set[str]:
    """The checks of the table that object in no row of `refuses`, with the step they stand in."""
    silent = set()
    for step in machine.steps:
        rows = [facts for source, event, facts, _ in refuses if (source, event) == (step.source, step.event)]
        for check in step.checks:
            if not any(list(check(facts)) for facts in rows):
                silent.add(f"{step.source} {step.event}: {getattr(check, '__name__', check)}")
    return silent


def codes(machine: Workflow[Any], source: StrEnum, event: StrEnum, facts: Any) -> list[str]:
    """The codes of everything that stands in the way."""
    return [problem.code for problem in machine.objections(source.value, event, facts)]


def every(sources: Iterable[StrEnum], *rest: Any) -> list[Any]:
    """The same row for several sources."""
    return [(source, *rest) for source in sources]
