"""The three-year cycle and its rounds: states and steps. What happens to each review is `review`'s table."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from .conditions import All, Comparison, Condition, Not, Op, Subject
from .errors import Problem
from .machine import Step, Workflow
from .policy import Policy
from .requirements import reason_given
from .roles import Role, roles

YEARS_OPEN = "years_open"


def least_years_open(policy: Policy) -> int:
    """How many full years a specialty has to be open for the policy to rate it; 0 where it does not ask.

    It asks where it leaves unrated whatever is younger, but for vetoes; not where other facts have to come with it.
    """
    return max((_below(step.when) for step in policy.rating.unrated), default=0)


def _below(condition: Condition) -> int:
    parts = condition.conditions if isinstance(condition, All) else (condition,)
    if not all(isinstance(part, Not) or _of_its_age(part) for part in parts):
        return 0
    limits = [
        test.right
        for part in parts
        if isinstance(part, Comparison)
        for test in part.tests
        if test.op is Op.BELOW and isinstance(test.right, (int, Decimal))
    ]
    return math.ceil(max(limits, default=0))


def _of_its_age(part: Condition) -> bool:
    return isinstance(part, Comparison) and part.subject is Subject.ATTRIBUTE and part.code == YEARS_OPEN


class CycleState(StrEnum):
    """Three years in which every specialty in scope is reviewed once."""

    DRAFT = "draft"
    RUNNING = "running"
    CONCLUDED = "concluded"
    CANCELLED = "cancelled"


class CycleEvent(StrEnum):
    """What happens to a cycle."""

    START = "start"
    CONCLUDE = "conclude"
    CANCEL = "cancel"


CYCLE_ENDED = frozenset({CycleState.CONCLUDED, CycleState.CANCELLED})
ROUNDS_AT_MOST = 3


@dataclass(frozen=True, slots=True)
class CycleFacts:
    """What a cycle's steps look at. What must be there is absent unless said; what must not be there is too."""

    rounds: int = 0
    rounds_without_policy: tuple[str, ...] = ()
    in_scope: int = 0
    unplaced: tuple[str, ...] = ()
    """Specialties in scope that are in no round, by id."""
    placed_twice: tuple[str, ...] = ()
    unended_reviews: int = 0
    unended_rounds: int = 0
    reason: str = ""


def _one_to_three_rounds(facts: CycleFacts) -> Iterable[Problem]:
    if not 1 <= facts.rounds <= ROUNDS_AT_MOST:
        yield Problem("rounds-out-of-range", "rounds", {"rounds": facts.rounds, "at_most": ROUNDS_AT_MOST})


def _each_round_has_a_policy(facts: CycleFacts) -> Iterable[Problem]:
    return [Problem("policy-not-pinned", f"rounds.{code}") for code in facts.rounds_without_policy]


def _something_in_scope(facts: CycleFacts) -> Iterable[Problem]:
    if not facts.in_scope:
        yield Problem("nothing-in-scope", "scope")


def _each_specialty_in_exactly_one_round(facts: CycleFacts) -> Iterable[Problem]:
    yield from (Problem("specialty-in-no-round", f"specialties.{code}") for code in facts.unplaced)
    yield from (Problem("specialty-in-two-rounds", f"specialties.{code}") for code in facts.placed_twice)


def _every_review_ended(facts: "CycleFacts | RoundFacts") -> Iterable[Problem]:
    if facts.unended_reviews:
        yield Problem("reviews-not-ended", "reviews", {"reviews": facts.unended_reviews})


def _every_round_ended(facts: CycleFacts) -> Iterable[Problem]:
    if facts.unended_rounds:
        yield Problem("rounds-not-ended", "rounds", {"rounds": facts.unended_rounds})


_BUREAU = roles(Role.SECRETARY, Role.BUREAU_APPROVER)

CYCLE = Workflow[CycleFacts](
    "cycle",
    CycleState,
    CycleState.DRAFT,
    CYCLE_ENDED,
    [
        Step(
            CycleEvent.START,
            CycleState.DRAFT,
            CycleState.RUNNING,
            roles(Role.SECRETARY),
            (
                _one_to_three_rounds,
                _each_round_has_a_policy,
                _something_in_scope,
                _each_specialty_in_exactly_one_round,
            ),
        ),
        Step(
            CycleEvent.CONCLUDE,
            CycleState.RUNNING,
            CycleState.CONCLUDED,
            roles(Role.SECRETARY),
            (_every_round_ended, _every_review_ended),
        ),
        Step(CycleEvent.CANCEL, CycleState.DRAFT, CycleState.CANCELLED, _BUREAU, (reason_given,)),
        Step(CycleEvent.CANCEL, CycleState.RUNNING, CycleState.CANCELLED, _BUREAU, (reason_given,)),
    ],
)


class RoundState(StrEnum):
    """One of the cycle's yearly batches."""

    PLANNED = "planned"
    COLLECTING = "collecting"
    VERIFYING = "verifying"
    SCORING = "scoring"
    DELIBERATING = "deliberating"
    PUBLICISED = "publicised"
    CONCLUDED = "concluded"
    CANCELLED = "cancelled"


class RoundEvent(StrEnum):
    """What happens to a round."""

    COLLECT = "collect"
    VERIFY = "verify"
    SCORE = "score"
    DELIBERATE = "deliberate"
    PUBLICISE = "publicise"
    CONCLUDE = "conclude"
    CANCEL = "cancel"


ROUND_ENDED = frozenset({RoundState.CONCLUDED, RoundState.CANCELLED})
PHASES = (
    RoundState.COLLECTING,
    RoundState.VERIFYING,
    RoundState.SCORING,
    RoundState.DELIBERATING,
    RoundState.PUBLICISED,
)
"""The phases in their order; each has a due time."""
REVIEWS_MAY_MOVE = frozenset({RoundState.PLANNED})
"""Between rounds in these states reviews may move."""


@dataclass(frozen=True, slots=True)
class RoundFacts:
    """What a round's steps look at.

    `leftovers` counts the reviews for which the policy has an answer at the due time (default, take over, go on with
    the minimum) that has not been given yet; those without an answer become tasks and hold nobody up.
    """

    cycle_running: bool = False
    policy_pinned: bool = False
    due_reached: bool = False
    leftovers: int = 0
    score_runs: int = 0
    lists_published: int = 0
    unended_reviews: int = 0
    reason: str = ""


def _cycle_is_running(facts: RoundFacts) -> Iterable[Problem]:
    if not facts.cycle_running:
        yield Problem("cycle-not-running", "cycle")


def _policy_is_pinned(facts: RoundFacts) -> Iterable[Problem]:
    if not facts.policy_pinned:
        yield Problem("policy-not-pinned", "policy")


def _due_or_a_reason(facts: RoundFacts) -> Iterable[Problem]:
    if not facts.due_reached and not facts.reason.strip():
        yield Problem("phase-not-due", "reason")


def _leftovers_answered(facts: RoundFacts) -> Iterable[Problem]:
    if facts.due_reached and facts.leftovers:
        yield Problem("leftovers-first", "reviews", {"reviews": facts.leftovers})


def _scored(facts: RoundFacts) -> Iterable[Problem]:
    if not facts.score_runs:
        yield Problem("no-score-run", "score_runs")


def _list_is_out(facts: RoundFacts) -> Iterable[Problem]:
    if not facts.lists_published:
        yield Problem("no-list-published", "publications")


_CLOCK = roles(Role.SYSTEM, Role.SECRETARY)
_PHASE = (_due_or_a_reason, _leftovers_answered)

ROUND = Workflow[RoundFacts](
    "round",
    RoundState,
    RoundState.PLANNED,
    ROUND_ENDED,
    [
        Step(
            RoundEvent.COLLECT,
            RoundState.PLANNED,
            RoundState.COLLECTING,
            _CLOCK,
            (_cycle_is_running, _policy_is_pinned, _due_or_a_reason),
        ),
        Step(RoundEvent.VERIFY, RoundState.COLLECTING, RoundState.VERIFYING, _CLOCK, _PHASE),
        Step(RoundEvent.SCORE, RoundState.VERIFYING, RoundState.SCORING, _CLOCK, _PHASE),
        Step(RoundEvent.DELIBERATE, RoundState.SCORING, RoundState.DELIBERATING, _CLOCK, (*_PHASE, _scored)),
        Step(
            RoundEvent.PUBLICISE,
            RoundState.DELIBERATING,
            RoundState.PUBLICISED,
            roles(Role.SYSTEM, Role.SECRETARY, Role.BUREAU_APPROVER),
            (_list_is_out,),
        ),
        Step(RoundEvent.CONCLUDE, RoundState.PUBLICISED, RoundState.CONCLUDED, _CLOCK, (_every_review_ended,)),
        *(
            Step(
                RoundEvent.CANCEL,
                state,
                RoundState.CANCELLED,
                roles(Role.SYSTEM, Role.SECRETARY, Role.BUREAU_APPROVER),
                (reason_given,),
            )
            for state in RoundState
            if state not in ROUND_ENDED
        ),
    ],
)
