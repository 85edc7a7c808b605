"""示范 and 高水平: an honour of a green specialty or specialty group, proposed, granted, looked at again without green.

It is no rating and moves none. What the targets count, and how far they are reached, is said here too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .errors import Problem
from .machine import Step, Workflow
from .requirements import by_two_people, document_number_given, reason_given
from .roles import Role, roles


class DesignationKind(StrEnum):
    """示范专业（群） and 高水平专业（群）."""

    DEMONSTRATION = "demonstration"
    HIGH_LEVEL = "high_level"


class Tier(StrEnum):
    """中职 and 高职: what a target counts is one of them."""

    SECONDARY = "secondary"
    COLLEGE = "college"


class DesignationState(StrEnum):
    """Where a designation stands."""

    PROPOSED = "proposed"
    GRANTED = "granted"
    UNDER_REVIEW = "under_review"
    KEPT = "kept"
    WITHDRAWN = "withdrawn"


class DesignationEvent(StrEnum):
    """What happens to a designation."""

    GRANT = "grant"
    REFUSE = "refuse"
    REVIEW = "review"
    REINSTATE = "reinstate"
    KEEP = "keep"
    WITHDRAW = "withdraw"
    REOPEN = "reopen"


DESIGNATION_ENDED = frozenset({DesignationState.WITHDRAWN})
"""It ends there, unless the rating that took it away is overturned."""
HELD = (DesignationState.GRANTED, DesignationState.UNDER_REVIEW, DesignationState.KEPT)
"""In these a designation is borne, and counts towards its target."""

TARGETS: Mapping[tuple[DesignationKind, Tier], int] = {
    (DesignationKind.DEMONSTRATION, Tier.SECONDARY): 40,
    (DesignationKind.HIGH_LEVEL, Tier.SECONDARY): 15,
    (DesignationKind.HIGH_LEVEL, Tier.COLLEGE): 5,
}
"""40个示范中职、15个高水平中职、5个高水平高职专业（群）: while a bureau has set none. They limit nothing."""


def tier_of(level: str) -> Tier:
    """What a specialty's designation counts for, by its level; a group's by its lead specialty's."""
    return Tier.SECONDARY if level == "secondary" else Tier.COLLEGE


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a target is reached: borne (of which under review), and proposed. `target` None: none is set."""

    kind: DesignationKind
    tier: Tier
    target: int | None
    held: int
    under_review: int
    proposed: int

    @property
    def missing(self) -> int | None:
        """How many more it takes; 0 once the target is reached."""
        return None if self.target is None else max(0, self.target - self.held)


def progress(
    counts: Mapping[tuple[str, str, str], int], targets: Mapping[tuple[DesignationKind, Tier], int] = TARGETS
) -> list[Progress]:
    """Of counts by (kind, tier, state): each kind and tier that has a target or a designation, in a fixed order."""
    found = []
    for kind in DesignationKind:
        for tier in Tier:
            by_state = {state: counts.get((kind.value, tier.value, state.value), 0) for state in DesignationState}
            target, held = targets.get((kind, tier)), sum(by_state[state] for state in HELD)
            proposed, review = by_state[DesignationState.PROPOSED], by_state[DesignationState.UNDER_REVIEW]
            if target is not None or held or proposed:
                found.append(Progress(kind, tier, target, held, review, proposed))
    return found


@dataclass(frozen=True, slots=True)
class DesignationFacts:
    """What a designation's steps look at."""

    first_person: str = ""
    """Who proposed it, by id."""
    second_person: str = ""
    """Who grants it, by id."""
    document_number: str = ""
    is_green: bool = False
    """The specialty, or the group's lead one, has green in force."""
    closed: tuple[str, ...] = ()
    """Its specialties that are closed, by code."""
    by_rule: bool = False
    """The clock acts on what was confirmed."""
    ground_lost: bool = False
    """One of its specialties has just lost green, or was closed."""
    green_again: bool = False
    """Every rating that took green away since was overturned, and by no decision of a person is it looked at."""
    was_kept: bool = False
    """It had been kept by an earlier review."""
    ground_overturned: bool = False
    """The rating for which it was withdrawn is another now."""
    appeal_open: bool = False
    """An appeal against the rating that took green away is going."""
    reason: str = ""


def _is_green(facts: DesignationFacts) -> Iterable[Problem]:
    if not facts.is_green:
        yield Problem("not-green", "specialty")


def _is_taught(facts: DesignationFacts) -> Iterable[Problem]:
    if facts.closed:
        yield Problem("group-has-closed", "specialties", {"codes": list(facts.closed)})


def _ground_or_reason(facts: DesignationFacts) -> Iterable[Problem]:
    if not facts.by_rule:
        yield from reason_given(facts)
    elif not facts.ground_lost:
        yield Problem("green-not-lost", "designation")


def _green_is_back(facts: DesignationFacts) -> Iterable[Problem]:
    if not facts.green_again:
        yield Problem("green-not-back", "designation")


def _no_appeal_is_open(facts: DesignationFacts) -> Iterable[Problem]:
    if facts.appeal_open:
        yield Problem("appeal-open", "designation")


def _ground_was_overturned(facts: DesignationFacts) -> Iterable[Problem]:
    if not facts.ground_overturned:
        yield Problem("ground-stands", "designation")


_APPROVER, _CLOCK = roles(Role.BUREAU_APPROVER), roles(Role.SYSTEM)
_S, _E = DesignationState, DesignationEvent

DESIGNATION = Workflow[DesignationFacts](
    "designation",
    DesignationState,
    DesignationState.PROPOSED,
    DESIGNATION_ENDED,
    [
        Step(
            _E.GRANT,
            _S.PROPOSED,
            _S.GRANTED,
            _APPROVER,
            (by_two_people, document_number_given, _is_green, _is_taught),
            two_people=True,
        ),
        Step(_E.REFUSE, _S.PROPOSED, _S.WITHDRAWN, _APPROVER, (reason_given,)),
        *(
            Step(_E.REVIEW, source, _S.UNDER_REVIEW, _APPROVER | _CLOCK, (_ground_or_reason,))
            for source in (_S.GRANTED, _S.KEPT)
        ),
        Step(_E.REINSTATE, _S.UNDER_REVIEW, _S.KEPT, _CLOCK, (_green_is_back,), lambda facts: facts.was_kept),
        Step(_E.REINSTATE, _S.UNDER_REVIEW, _S.GRANTED, _CLOCK, (_green_is_back,), lambda facts: not facts.was_kept),
        Step(_E.KEEP, _S.UNDER_REVIEW, _S.KEPT, _APPROVER, (reason_given, document_number_given, _is_taught)),
        Step(
            _E.WITHDRAW,
            _S.UNDER_REVIEW,
            _S.WITHDRAWN,
            _APPROVER,
            (reason_given, document_number_given, _no_appeal_is_open),
        ),
        Step(_E.REOPEN, _S.WITHDRAWN, _S.UNDER_REVIEW, _APPROVER, (reason_given, _ground_was_overturned)),
    ],
)
