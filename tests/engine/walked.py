"""Every machine with what suffices for each of its steps and what its checks refuse, gathered from the machines' tests.

A test of a table keeps both in lists named `…SUFFICES` and `…REFUSES`; here they are found, so that a new machine's are
walked against the database too (`store/test_every_step`) without anybody having to say so.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from specialty_eval.engine.machine import Workflow
from specialty_eval.engine.machines import MACHINES

from .tables_of_steps import Refuses, Suffices

_OF = {machine.states: name for name, machine in MACHINES.items()}


def _rows(ending: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """(machine, row without it) of every list whose name ends so."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if ending in path.read_text():
            module = vars(import_module(f"engine.{path.stem}"))
            for name in (name for name in module if name.endswith(ending)):
                for row in module[name]:
                    told = row[1:] if isinstance(row[0], Workflow) else row
                    yield _OF[type(told[0])], told


def _gathered(ending: str) -> Mapping[str, list[Any]]:
    found: dict[str, list[Any]] = {name: [] for name in MACHINES}
    for name, row in _rows(ending):
        found[name].append(row)
    return found


SUFFICING: Mapping[str, Suffices] = _gathered("SUFFICES")
REFUSING: Mapping[str, Refuses] = _gathered("REFUSES")
