"""What a yellow or red specialty mends: plan, progress, recheck. What passing restores is `enrolment`'s arithmetic."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from .errors import Problem
from .machine import Step, Workflow
from .requirements import reason_given
from .roles import Role, roles


class RectificationState(StrEnum):
    """Where a rectification stands. `superseded`: another rating took its ground away, or the specialty closed."""

    DUE = "due"
    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    RECHECK = "recheck"
    PASSED = "passed"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class RectificationEvent(StrEnum):
    """What happens to a rectification."""

    PLAN = "plan"
    LAPSE = "lapse"
    START = "start"
    RETURN = "return"
    RECHECK = "recheck"
    PASS = "pass"  # noqa: S105 -- a step, not a password
    FAIL = "fail"
    SUPERSEDE = "supersede"


RECTIFICATION_ENDED = frozenset({RectificationState.PASSED, RectificationState.FAILED, RectificationState.SUPERSEDED})
PROPOSES_CLOSING = frozenset({RectificationState.FAILED})
"""No plan in time, or as many failed rechecks as the policy allows: a proposal to close goes to the committee."""


@dataclass(frozen=True, slots=True)
class RectificationFacts:
    """What a rectification's steps look at; `failures` counts the failed rechecks before this one."""

    by_clock: bool = False
    """The clock agrees to a plan that the bureau has not answered in its days: silence holds up no school."""
    answer_overdue: bool = False
    plan: str = ""
    milestones: int = 0
    deadline_passed: bool = False
    may_lapse: bool = False
    """The deadline is so long over that no plan which came in time is still on its way in."""
    due: date | None = None
    recheck_due: bool = False
    milestones_without_evidence: tuple[str, ...] = ()
    findings: str = ""
    failures: int = 0
    failures_allowed: int = 0
    suspended_by_appeal: bool = False
    """An appeal against its rating is open, and the policy lets it hold the consequences."""
    reason: str = ""


def _day(facts: RectificationFacts) -> dict[str, object]:
    return {} if facts.due is None else {"due": facts.due.isoformat()}


def _plan_written(facts: RectificationFacts) -> Iterable[Problem]:
    if not facts.plan.strip():
        yield Problem("plan-missing", "plan")
    if not facts.milestones:
        yield Problem("milestone-missing", "milestones")


def _in_time(facts: RectificationFacts) -> Iterable[Problem]:
    if facts.deadline_passed:
        yield Problem("deadline-passed", "", _day(facts))


def _too_late(facts: RectificationFacts) -> Iterable[Problem]:
    if not facts.may_lapse:
        yield Problem("deadline-not-passed", "", _day(facts))


def _no_appeal_holds_it(facts: RectificationFacts) -> Iterable[Problem]:
    if facts.suspended_by_appeal:
        yield Problem("appeal-suspends", "appeal")


def _bureau_had_its_days(facts: RectificationFacts) -> Iterable[Problem]:
    if facts.by_clock and not facts.answer_overdue:
        yield Problem("deadline-not-passed", "")


def _recheck_is_due(facts: RectificationFacts) -> Iterable[Problem]:
    if not facts.recheck_due:
        yield Problem("recheck-not-due", "", _day(facts))


def _every_milestone_proved(facts: RectificationFacts) -> Iterable[Problem]:
    return [Problem("milestone-not-proved", f"milestones.{code}") for code in facts.milestones_without_evidence]


def _findings_written(facts: RectificationFacts) -> Iterable[Problem]:
    if not facts.findings.strip():
        yield Problem("findings-missing", "findings")


def is_last_allowed(facts: RectificationFacts) -> bool:
    """Whether a recheck that fails now is the last that the policy allows."""
    return failures_left(facts.failures_allowed, facts.failures) == 1


def failures_left(allowed: int, failures: int) -> int:
    """How many rechecks may fail from now on, with the one that is the last: one at least, also where none may."""
    return max(allowed - failures, 1)


_SCHOOL = roles(Role.SCHOOL_HEAD)
_CLOCK = roles(Role.SYSTEM, Role.SECRETARY)
_BUREAU = roles(Role.BUREAU_VERIFIER, Role.BUREAU_APPROVER)
_FAILS = (_findings_written, _recheck_is_due, _no_appeal_holds_it)
"""Due still: an appeal that held the consequences may have given the school its months anew meanwhile."""
_STATE, _EVENT = RectificationState, RectificationEvent

RECTIFICATION = Workflow[RectificationFacts](
    "rectification",
    RectificationState,
    RectificationState.DUE,
    RECTIFICATION_ENDED,
    [
        Step(_EVENT.PLAN, _STATE.DUE, _STATE.PLANNED, _SCHOOL, (_plan_written, _in_time)),
        Step(_EVENT.LAPSE, _STATE.DUE, _STATE.FAILED, _CLOCK, (_too_late, _no_appeal_holds_it)),
        Step(_EVENT.START, _STATE.PLANNED, _STATE.IN_PROGRESS, _BUREAU | {Role.SYSTEM}, (_bureau_had_its_days,)),
        Step(_EVENT.RETURN, _STATE.PLANNED, _STATE.DUE, _BUREAU, (reason_given,)),
        Step(_EVENT.RECHECK, _STATE.IN_PROGRESS, _STATE.RECHECK, _CLOCK, (_recheck_is_due, _no_appeal_holds_it)),
        Step(_EVENT.PASS, _STATE.RECHECK, _STATE.PASSED, _BUREAU, (_every_milestone_proved, _findings_written)),
        Step(_EVENT.FAIL, _STATE.RECHECK, _STATE.FAILED, _BUREAU, _FAILS, is_last_allowed),
        Step(
            _EVENT.FAIL,
            _STATE.RECHECK,
            _STATE.IN_PROGRESS,
            _BUREAU,
            _FAILS,
            lambda facts: not is_last_allowed(facts),
        ),
        *(
            Step(_EVENT.SUPERSEDE, source, _STATE.SUPERSEDED, roles(Role.SYSTEM), (reason_given,))
            for source in _STATE
            if source not in RECTIFICATION_ENDED
        ),
    ],
)
