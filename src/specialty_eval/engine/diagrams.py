"""The machines as Mermaid text, for docs/state-machines.md; a test keeps the page and the tables the same."""

from collections.abc import Iterable, Mapping
from typing import Any

from .machine import Step, Workflow

_ANY = "unended"
"""Stands for every state that is not ended, where an event leaves all of them for the same target."""


def diagram(machine: Workflow[Any]) -> str:
    """A `stateDiagram-v2` of the machine: an arrow a source and target, with its events."""
    arrows = _arrows(machine)
    lines = ["stateDiagram-v2", f"    [*] --> {machine.start}"]
    if any(source == _ANY for source, _ in arrows):
        lines.append(f'    state "任一未结束状态 · any unended state" as {_ANY}')
    lines += [f"    {source} --> {target}: {', '.join(events)}" for (source, target), events in arrows.items()]
    lines += [f"    {state} --> [*]" for state in machine.states if state in machine.ended]
    return "\n".join(lines)


def table(machine: Workflow[Any]) -> str:
    """The same as a Markdown table, with who may do it and what is asked: the checks' names read aloud."""
    rows = ["| from | event | to | who | must hold |", "|---|---|---|---|---|"]
    rows += [
        f"| {_states(sources)} | `{step.event}` | `{step.target}` | {_who(step)} | {_asked(step)} |"
        for step, sources in _rows(machine.steps)
    ]
    return "\n".join(rows)


def page(machines: Mapping[str, Workflow[Any]], words: Mapping[str, str], roles: str) -> str:
    """The whole page: for each machine its title and what its words mean, its diagram and its table.

    `words` are the machine's title and its words explained, a paragraph each; `roles` explains the roles.
    """
    parts = [
        "# 状态机 · State machines",
        "由 `engine/` 中的流程表生成，请勿手改。Generated from the tables in `engine/`; do not edit by hand.",
        roles,
    ]
    for name, machine in machines.items():
        parts += [f"## {name}", words[name], f"```mermaid\n{diagram(machine)}\n```", table(machine)]
    return "\n\n".join(parts) + "\n"


def _arrows(machine: Workflow[Any]) -> dict[tuple[str, str], list[str]]:
    """(source, target) → events; `_ANY` as the source of an event that leaves every unended state for one target."""
    unended = {state.value for state in machine.states if state not in machine.ended}
    sources: dict[tuple[str, str], list[str]] = {}
    for step in machine.steps:
        sources.setdefault((step.event.value, step.target.value), []).append(step.source.value)
    arrows: dict[tuple[str, str], list[str]] = {}
    for (event, target), found in sources.items():
        for source in [_ANY] if len(found) > 2 and unended == set(found) else found:
            arrows.setdefault((source, target), []).append(event)
    return arrows


def _rows(steps: Iterable[Step[Any]]) -> Iterable[tuple[Step[Any], list[str]]]:
    """Steps that differ in nothing but their source, with all their sources."""
    rows: dict[tuple[object, ...], tuple[Step[Any], list[str]]] = {}
    for step in steps:
        alike = (step.event, step.target, step.roles, step.checks, step.two_people)
        rows.setdefault(alike, (step, []))[1].append(step.source.value)
    return rows.values()


def _states(states: Iterable[str]) -> str:
    return " · ".join(f"`{state}`" for state in states)


def _who(step: Step[Any]) -> str:
    people = " · ".join(sorted(f"`{role}`" for role in step.roles))
    return f"{people}; two people" if step.two_people else people


def _asked(step: Step[Any]) -> str:
    return "; ".join(_aloud(check) for check in step.checks)


def _aloud(check: object) -> str:
    return getattr(check, "__name__", "").strip("_").replace("_", " ")
