"""One expert asked to score one review: invited, accepted, scored, or gone. The scores' arithmetic is `panel`'s."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .errors import Problem
from .machine import Step, Workflow
from .requirements import reason_given
from .roles import Role, roles


class AssignmentState(StrEnum):
    """Where an assignment stands."""

    INVITED = "invited"
    ACCEPTED = "accepted"
    SCORED = "scored"
    DECLINED = "declined"
    REPLACED = "replaced"


class AssignmentEvent(StrEnum):
    """What happens to an assignment."""

    ACCEPT = "accept"
    SCORE = "score"
    DECLINE = "decline"
    REPLACE = "replace"


ASSIGNMENT_ENDED = frozenset({AssignmentState.SCORED, AssignmentState.DECLINED, AssignmentState.REPLACED})
ASSIGNED = frozenset({AssignmentState.ACCEPTED, AssignmentState.SCORED})
"""The expert sees the review's material; before accepting, its title alone."""
COUNTS = frozenset({AssignmentState.SCORED})
"""Only these scores make the measure: a replaced one is kept, marked and left out."""


@dataclass(frozen=True, slots=True)
class AssignmentFacts:
    """What an assignment's steps look at; `unscored` are the panel measures without this expert's score."""

    has_interest: bool = False
    """Works or worked at the specialty's school or its partner enterprise, or declared an interest."""
    unscored: tuple[str, ...] = ()
    scoring_begun: bool = False
    """The round's score run has frozen its inputs with this review in it."""
    reason: str = ""


def _no_interest(facts: AssignmentFacts) -> Iterable[Problem]:
    if facts.has_interest:
        yield Problem("interest-declared", "expert")


def _every_measure_scored(facts: AssignmentFacts) -> Iterable[Problem]:
    return [Problem("score-missing", f"measures.{code}", {"measure": code}) for code in facts.unscored]


def _inputs_not_frozen(facts: AssignmentFacts) -> Iterable[Problem]:
    if facts.scoring_begun:
        yield Problem("inputs-frozen", "score_run")


def _too_near(facts: AssignmentFacts) -> Iterable[Problem]:
    """Nobody picks the scores that count: one that is in is left out for an interest alone, whenever that is found."""
    if not facts.has_interest:
        yield Problem("scored-already", "expert")


_EXPERT = roles(Role.EXPERT)
_REPLACES = roles(Role.SECRETARY, Role.SYSTEM)  # the clock by rule alone: an interest that is declared late

ASSIGNMENT = Workflow[AssignmentFacts](
    "assignment",
    AssignmentState,
    AssignmentState.INVITED,
    ASSIGNMENT_ENDED,
    [
        Step(AssignmentEvent.ACCEPT, AssignmentState.INVITED, AssignmentState.ACCEPTED, _EXPERT, (_no_interest,)),
        Step(
            AssignmentEvent.SCORE,
            AssignmentState.ACCEPTED,
            AssignmentState.SCORED,
            _EXPERT,
            (_no_interest, _every_measure_scored, _inputs_not_frozen),
        ),
        *(
            Step(AssignmentEvent.DECLINE, source, AssignmentState.DECLINED, _EXPERT, (reason_given,))
            for source in (AssignmentState.INVITED, AssignmentState.ACCEPTED)
        ),
        *(
            Step(AssignmentEvent.REPLACE, source, AssignmentState.REPLACED, _REPLACES, (reason_given,))
            for source in (AssignmentState.INVITED, AssignmentState.ACCEPTED)
        ),
        Step(
            AssignmentEvent.REPLACE,
            AssignmentState.SCORED,
            AssignmentState.REPLACED,
            _REPLACES,
            (reason_given, _too_near),
        ),
    ],
)
