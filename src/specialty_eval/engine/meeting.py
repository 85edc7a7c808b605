"""An item on a meeting's list: when its material opens, when the vote opens and closes, when it is void.

Where no quorum comes together for the policy's days the vote is taken in writing; where that finds none either, the
bureau decides.
Whether the votes decide anything is `committee`'s arithmetic; its problems come in as facts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
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
    TAKE_OVER = "take_over"
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
    written: bool = False
    """The vote is taken in writing: whoever gave a ballot took part."""
    written_days_over: bool = False
    """Of the vote in writing; they end early once everybody entitled has voted."""
    due: date | None = None
    vote_ended: bool = False
    """No ballot is taken any more: before, what the close is refused with would tell of them."""
    reason: str = ""


def _review_is_scored(facts: ItemFacts) -> Iterable[Problem]:
    if not facts.review_scored:
        yield Problem("review-not-scored", "review")


def _everybody_declared(facts: ItemFacts) -> Iterable[Problem]:
    return [Problem("interest-not-declared", f"members.{member}") for member in facts.undeclared]


def _quorum_and_sectors(facts: ItemFacts) -> Iterable[Problem]:
    return facts.vote_problems


def _written_days_are_over(facts: ItemFacts) -> Iterable[Problem]:
    if facts.written and not facts.written_days_over:
        yield Problem("written-days-running", "item", {} if facts.due is None else {"due": facts.due.isoformat()})


def _the_committee_cannot(facts: ItemFacts) -> Iterable[Problem]:
    if not facts.written:
        yield Problem("committee-votes-first")
    elif facts.written_days_over and not facts.vote_problems:
        yield Problem("quorum-is-there", "seats")


def _the_vote_has_ended(facts: ItemFacts) -> Iterable[Problem]:
    if not facts.vote_ended:
        yield Problem("vote-not-ended", "item")


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
        Step(
            ItemEvent.CLOSE,
            ItemState.VOTING,
            ItemState.CLOSED,
            _CHAIR,
            (_everybody_declared, _written_days_are_over, _the_vote_has_ended, _the_votes_decide),
        ),
        Step(
            ItemEvent.TAKE_OVER,
            ItemState.VOTING,
            ItemState.CLOSED,
            roles(Role.BUREAU_APPROVER),
            (_the_committee_cannot, _written_days_are_over, reason_given),
        ),
        # Put off for want of a quorum, taken off the list, or decided by a ballot that a later conflict voids; while it
        # is going also when its review is scored anew: what was seen, declared and voted was about another result.
        *(
            Step(
                ItemEvent.VOID,
                source,
                ItemState.VOIDED,
                _CHAIR | {Role.BUREAU_APPROVER} | ({Role.SYSTEM} if source not in ITEM_ENDED else set()),
                (reason_given,),
            )
            for source in ItemState
            if source != ItemState.VOIDED
        ),
    ],
)
