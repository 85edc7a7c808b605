"""Who may hear an appeal, against a rating or against a closing: who sits on its panel, and why somebody may not."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Protocol

from .errors import Problem
from .roles import Role, roles

PANEL = roles(Role.APPEAL_PANEL_MEMBER)
ADMITS = PANEL | {Role.BUREAU_APPROVER}
"""Who may say that an appeal is heard, and by whom."""


class HeardByAPanel(Protocol):
    """Facts of an appeal."""

    @property
    def decided_before(self) -> Iterable[str]:
        """Who of those acting decided the first time."""


def own_panel(facts: HeardByAPanel) -> Iterable[Problem]:
    """Nobody who decided the first time decides again."""
    if facts.decided_before:
        yield Problem("decided-the-first-time", "members", {"members": list(facts.decided_before)})


@dataclass(frozen=True, slots=True)
class Named:
    """The people named for a panel, by number, and what is known of them."""

    people: Set[int]
    in_office: Set[int]
    """Who holds the role of an appeal panel member there today."""
    decided_before: Set[int]
    recused: Set[int]


def panel_problems(named: Named) -> list[Problem]:
    """Why these cannot be a panel, or join one; empty when they can."""
    people, before = named.people, named.people & named.decided_before
    problems = [] if people else [Problem("appeal-panel-empty", "panel")]
    problems += [Problem("not-on-the-appeal-panel", f"panel.{person}") for person in sorted(people - named.in_office)]
    problems += [Problem("decided-the-first-time", f"panel.{p}", {"members": [str(p)]}) for p in sorted(before)]
    tied = (people & named.recused) - before
    return problems + [Problem("panelist-of-the-school", f"panel.{person}") for person in sorted(tied)]
