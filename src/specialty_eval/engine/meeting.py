"""An item on a meeting's list: when its material opens, when the vote opens and closes, when it is void.

Whether the votes decide anything is `committee`'s arithmetic; its problems come in as facts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .errors import Problem
from .machine import Step, Workflow
from .requirements import reason_given
from .roles import Role, roles


class ItemState(StrEnum):
    """Where an item stands."""

    LISTED = "listed"
    OPEN = "open"
    VOTING = "voting"
    CLOSED = "closed"
    VOIDED = "voided"


class ItemEvent(StrEnum):
    """What happens to an item."""

    OPEN = "open"
    VOTE = "vote"
    CLOSE = "close"
    VOID = "void"


ITEM_ENDED = frozenset({ItemState.CLOSED, ItemState.VOIDED})
MATERIAL_OPEN = frozenset({ItemState.OPEN, ItemState.VOTING, ItemState.CLOSED})
"""Members who declared no interest see the item's material."""
BALLOTS_OPEN = frozenset({ItemState.VOTING})
BALLOTS_ON_RECORD = frozenset({ItemState.CLOSED, ItemState.VOIDED})
"""Votes are secret before."""


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What an item's steps look at; `undeclared` are members present who said neither interest nor none, by id."""

    review_scored: bool = False
    undeclared: tuple[str, ...] = ()
    vote_problems: tuple[Problem, ...] = ()
    """Of `committee.presence`, before the vote: quorum and sectors of those present."""
    outcome_problems: tuple[Problem, ...] = ()
    """Of `committee.outcome`, when it closes."""
    reason: str = ""


def _review_is_scored(facts: ItemFacts) -> Iterable[Problem]:
    if not facts.review_scored:
        yield Problem("review-not-scored", "review")


def _everybody_declared(facts: ItemFacts) -> Iterable[Problem]:
    return [Problem("interest-not-declared", f"members.{member}") for member in facts.undeclared]


def _quorum_and_sectors(facts: ItemFacts) -> Iterable[Problem]:
    return facts.vote_problems


def _the_votes_decide(facts: ItemFacts) -> Iterable[Problem]:
    return facts.outcome_problems


_CHAIR = roles(Role.CHAIR, Role.SECRETARY)

ITEM = Workflow[ItemFacts](
    "item",
    ItemState,
    ItemState.LISTED,
    ITEM_ENDED,
    [
        Step(ItemEvent.OPEN, ItemState.LISTED, ItemState.OPEN, _CHAIR, (_review_is_scored,)),
        Step(ItemEvent.VOTE, ItemState.OPEN, ItemState.VOTING, _CHAIR, (_everybody_declared, _quorum_and_sectors)),
        Step(ItemEvent.CLOSE, ItemState.VOTING, ItemState.CLOSED, _CHAIR, (_everybody_declared, _the_votes_decide)),
        # Put off for want of a quorum, taken off the list, or decided by a ballot that a later conflict voids.
        *(
            Step(ItemEvent.VOID, source, ItemState.VOIDED, _CHAIR | {Role.BUREAU_APPROVER}, (reason_given,))
            for source in ItemState
            if source != ItemState.VOIDED
        ),
    ],
)
