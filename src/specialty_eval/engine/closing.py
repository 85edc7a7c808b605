"""Closing on a proposal: years without intake that propose it, the school's appeal against the decision to close."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from .appeal_panel import ADMITS, PANEL, own_panel
from .errors import Problem
from .machine import Step, Workflow
from .requirements import answer_given, reason_given


class Grounds(StrEnum):
    """Why closing a specialty is put before the committee."""

    PLAN_LAPSED = "plan_lapsed"
    RECHECKS_FAILED = "rechecks_failed"
    NO_INTAKE = "no_intake"


@dataclass(frozen=True, slots=True)
class WithoutIntake:
    """How many years in a row nobody was enrolled, and which was the last one reported."""

    years: int
    through: int


def without_intake(intakes: Mapping[int, Decimal]) -> WithoutIntake | None:
    """Of the enrolment reported by year: the years with none up to the last one; None where nothing was reported.

    A year that was not reported ends the row: what is unknown is no ground.
    """
    if not intakes:
        return None
    through, years = max(intakes), 0
    while intakes.get(through - years) == 0:
        years += 1
    return WithoutIntake(years, through)


class ClosingAppealState(StrEnum):
    """Where a school's appeal against the decision to close stands."""

    RECEIVED = "received"
    ADMITTED = "admitted"
    INADMISSIBLE = "inadmissible"
    HEARD = "heard"
    UPHELD = "upheld"
    REJECTED = "rejected"


class ClosingAppealEvent(StrEnum):
    """What happens to it."""

    ADMIT = "admit"
    ADD_PANELISTS = "add_panelists"
    RULE_OUT = "rule_out"
    HEAR = "hear"
    UPHOLD = "uphold"
    REJECT = "reject"


CLOSING_APPEAL_ENDED = frozenset(
    {ClosingAppealState.INADMISSIBLE, ClosingAppealState.UPHELD, ClosingAppealState.REJECTED}
)
HEARD_FOR_GOOD = frozenset({ClosingAppealState.UPHELD, ClosingAppealState.REJECTED})
"""After these the same decision is not appealed against again."""


@dataclass(frozen=True, slots=True)
class ClosingAppealFacts:
    """What lodging and deciding an appeal against a closing look at."""

    decided_to_close: bool = False
    appeal_days_over: bool = True
    due: date | None = None
    closed: bool = False
    another_is_open: bool = False
    heard_before: bool = False
    grounds: str = ""
    decided_before: tuple[str, ...] = ()
    """Who of its panel, or who acts, decided about the closing, by id."""
    answer: str = ""
    reason: str = ""


def lodging_problems(facts: ClosingAppealFacts) -> list[Problem]:
    """Why an appeal against the closing cannot be lodged now; empty when it can."""
    problems = []
    if not facts.decided_to_close or facts.closed:
        problems.append(Problem("closing-not-decided", "closing"))
    elif facts.appeal_days_over:
        due = {} if facts.due is None else {"due": facts.due.isoformat()}
        problems.append(Problem("appeal-days-over", "", due))
    if facts.another_is_open:
        problems.append(Problem("appeal-open", "closing"))
    if facts.heard_before:
        problems.append(Problem("appeal-heard-before", "closing"))
    if not facts.grounds.strip():
        problems.append(Problem("grounds-missing", "grounds"))
    return problems


def _not_closed(facts: ClosingAppealFacts) -> Iterable[Problem]:
    if facts.closed:
        yield Problem("specialty-closed", "closing")


_S, _E = ClosingAppealState, ClosingAppealEvent

CLOSING_APPEAL = Workflow[ClosingAppealFacts](
    "closing_appeal",
    ClosingAppealState,
    ClosingAppealState.RECEIVED,
    CLOSING_APPEAL_ENDED,
    [
        Step(_E.ADMIT, _S.RECEIVED, _S.ADMITTED, ADMITS, (own_panel,)),
        Step(_E.RULE_OUT, _S.RECEIVED, _S.INADMISSIBLE, ADMITS, (own_panel, answer_given)),
        # Whoever answers has heard the school: a panel that others joined hears it anew.
        Step(_E.ADD_PANELISTS, _S.ADMITTED, _S.ADMITTED, ADMITS, (own_panel, reason_given)),
        Step(_E.ADD_PANELISTS, _S.HEARD, _S.ADMITTED, ADMITS, (own_panel, reason_given)),
        Step(_E.HEAR, _S.ADMITTED, _S.HEARD, PANEL, (own_panel,)),
        Step(_E.UPHOLD, _S.HEARD, _S.UPHELD, PANEL, (own_panel, answer_given, _not_closed)),
        Step(_E.REJECT, _S.HEARD, _S.REJECTED, PANEL, (own_panel, answer_given)),
    ],
)
