"""What a green specialty is granted of the supports that its policy names, until its standing gives them no longer."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from .errors import Problem
from .machine import Step, Workflow
from .requirements import reason_given
from .roles import Role, roles


class SupportState(StrEnum):
    """Where a support stands."""

    GRANTED = "granted"
    ENDED = "ended"


class SupportEvent(StrEnum):
    """What happens to a support."""

    END = "end"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class SupportFacts:
    """What ending a support looks at."""

    ground_gone: bool = False
    """The specialty is not supported any more, or its green gives another support."""
    reason: str = ""


def _ground_is_gone(facts: SupportFacts) -> Iterable[Problem]:
    if not facts.ground_gone:
        yield Problem("still-supported", "support")


SUPPORT = Workflow[SupportFacts](
    "support",
    SupportState,
    SupportState.GRANTED,
    frozenset({SupportState.ENDED}),
    [
        Step(SupportEvent.END, SupportState.GRANTED, SupportState.ENDED, roles(Role.BUREAU_APPROVER), (reason_given,)),
        Step(SupportEvent.EXPIRE, SupportState.GRANTED, SupportState.ENDED, roles(Role.SYSTEM), (_ground_is_gone,)),
    ],
)


@dataclass(frozen=True, slots=True)
class Granting:
    """A support that is to be granted: what, how much, under which document; and what the green one may be given."""

    support: str
    what: str
    amount: Decimal | None
    document_number: str
    standing: str
    supports: tuple[str, ...]
    granted: frozenset[str]
    """The supports it has this academic year."""


def granting_problems(facts: Granting) -> list[Problem]:
    """Why a support cannot be granted; empty when it can."""
    problems = []
    if facts.standing != "supported":
        problems.append(Problem("not-supported", "standing", {"standing": facts.standing}))
    elif facts.support not in facts.supports:
        problems.append(Problem("support-not-in-policy", "support", {"one_of": list(facts.supports)}))
    if facts.support in facts.granted:
        problems.append(Problem("support-granted", "support", {"support": facts.support}))
    if not facts.what.strip():
        problems.append(Problem("support-not-described", "what"))
    if facts.amount is not None and facts.amount <= 0:
        problems.append(Problem("amount-not-positive", "amount"))
    if not facts.document_number.strip():
        problems.append(Problem("document-number-missing", "document_number"))
    return problems
