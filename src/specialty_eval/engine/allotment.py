"""A proposal who scores what in a round: asked for, proposed, carried out as it stands or taken back.

What is proposed is `allotting`'s work; until it is carried out nobody is asked and nobody's place is taken.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .errors import Problem
from .machine import Step, Workflow
from .roles import Role, roles


class AllotmentState(StrEnum):
    """Where a proposal stands."""

    ASKED = "asked"
    PROPOSED = "proposed"
    CARRIED_OUT = "carried_out"
    WITHDRAWN = "withdrawn"


class AllotmentEvent(StrEnum):
    """What happens to a proposal."""

    PROPOSE = "propose"
    CARRY_OUT = "carry_out"
    WITHDRAW = "withdraw"


ALLOTMENT_ENDED = frozenset({AllotmentState.CARRIED_OUT, AllotmentState.WITHDRAWN})
IN_MAKING = frozenset({AllotmentState.ASKED, AllotmentState.PROPOSED})


@dataclass(frozen=True, slots=True)
class AllotmentFacts:
    """What a proposal's steps look at."""

    changed: tuple[str, ...] = ()
    """What is another now than when it was proposed: `reviews`, `experts`, `assignments`, `conflicts`."""
    lacking: tuple[Problem, ...] = ()
    """Why places stay empty, if any do."""
    reason: str = ""


def _as_it_was(facts: AllotmentFacts) -> Iterable[Problem]:
    if facts.changed:
        yield Problem("allotment-outdated", "allotment", {"changed": list(facts.changed)})


def _whole_or_with_a_reason(facts: AllotmentFacts) -> Iterable[Problem]:
    return () if facts.reason.strip() else facts.lacking


_S, _E = AllotmentState, AllotmentEvent

ALLOTMENT = Workflow[AllotmentFacts](
    "allotment",
    AllotmentState,
    AllotmentState.ASKED,
    ALLOTMENT_ENDED,
    [
        Step(_E.PROPOSE, _S.ASKED, _S.PROPOSED, roles(Role.SYSTEM)),
        Step(
            _E.CARRY_OUT,
            _S.PROPOSED,
            _S.CARRIED_OUT,
            roles(Role.SECRETARY),
            (_as_it_was, _whole_or_with_a_reason),
        ),
        # By rule when a newer one is asked for.
        Step(_E.WITHDRAW, _S.ASKED, _S.WITHDRAWN, roles(Role.SECRETARY, Role.SYSTEM)),
        Step(_E.WITHDRAW, _S.PROPOSED, _S.WITHDRAWN, roles(Role.SECRETARY, Role.SYSTEM)),
    ],
)
