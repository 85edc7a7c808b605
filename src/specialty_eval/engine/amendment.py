"""A mistake in a pinned policy is mended: a new version pinned to the round, by two people, before anything is public.

What it would change is simulated first and attached; what it does change is the score run's work.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .errors import Problem
from .machine import Step, Workflow
from .requirements import by_two_people, reason_given
from .roles import Role, roles


class AmendmentState(StrEnum):
    """Where an amendment stands; a recorded one is what the round is rated by."""

    PROPOSED = "proposed"
    RECORDED = "recorded"
    WITHDRAWN = "withdrawn"


class AmendmentEvent(StrEnum):
    """What happens to a proposed amendment."""

    RECORD = "record"
    WITHDRAW = "withdraw"


AMENDMENT_ENDED = frozenset({AmendmentState.RECORDED, AmendmentState.WITHDRAWN})
PROPOSES = roles(Role.SECRETARY, Role.POLICY_EDITOR)


@dataclass(frozen=True, slots=True)
class AmendmentFacts:
    """What proposing and recording look at. What must be there is absent unless said; what must not be there is too."""

    first_person: str = ""
    """Who proposed it, by id."""
    second_person: str = ""
    """Who records it now, by id."""
    round_ended: bool = False
    public: int = 0
    """Results of the round that are, or were, before the public."""
    pinned: str = ""
    """The digest of the policy the round pins now."""
    pinned_then: str = ""
    """The one it pinned when the amendment was proposed."""
    runs: int = 0
    """Whether there is a run to try the new version over: the round's own, or one of a round of the same policy."""
    simulated: bool = False
    """The attached simulation tries the new version against the pinned one over the newest such run."""
    reason: str = ""


def _round_goes_on(facts: AmendmentFacts) -> Iterable[Problem]:
    if facts.round_ended:
        yield Problem("round-ended", "round")


def _nothing_is_public(facts: AmendmentFacts) -> Iterable[Problem]:
    if facts.public:
        yield Problem("results-are-public", "round", {"results": facts.public})


def _pinned_as_it_was(facts: AmendmentFacts) -> Iterable[Problem]:
    if not facts.pinned or facts.pinned != facts.pinned_then:
        yield Problem("policy-pinned-meanwhile", "policy", {"pinned": facts.pinned})


def _what_it_changes_is_attached(facts: AmendmentFacts) -> Iterable[Problem]:
    if facts.runs and not facts.simulated:
        yield Problem("simulation-outdated", "simulation_id")


TO_PROPOSE = (reason_given, _round_goes_on, _nothing_is_public, _what_it_changes_is_attached)


def objections_to_proposing(facts: AmendmentFacts) -> list[Problem]:
    """Every reason why an amendment cannot be proposed now."""
    return [problem for check in TO_PROPOSE for problem in check(facts)]


_S, _E = AmendmentState, AmendmentEvent

AMENDMENT = Workflow[AmendmentFacts](
    "amendment",
    AmendmentState,
    AmendmentState.PROPOSED,
    AMENDMENT_ENDED,
    [
        Step(
            _E.RECORD,
            _S.PROPOSED,
            _S.RECORDED,
            roles(Role.BUREAU_APPROVER),
            (by_two_people, _round_goes_on, _nothing_is_public, _pinned_as_it_was, _what_it_changes_is_attached),
            two_people=True,
        ),
        Step(_E.WITHDRAW, _S.PROPOSED, _S.WITHDRAWN, PROPOSES | {Role.BUREAU_APPROVER}, (reason_given,)),
    ],
)
