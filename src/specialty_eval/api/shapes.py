"""Shapes that several answers share."""

from collections.abc import Iterable
from typing import Any

from specialty_eval.actions.context import Possible

from .problems import reason


def actions_of(possible: Iterable[Possible]) -> list[dict[str, Any]]:
    """The `actions` of an answer: what the caller may do here, and why one is not possible now."""
    return [
        {
            "event": found.event,
            "roles": list(found.roles),
            "possible": not found.reasons,
            "reasons": [reason(problem) for problem in found.reasons],
        }
        for found in possible
    ]
