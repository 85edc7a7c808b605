"""What a specialty may do: its standing, and how a confirmed rating, a year, a recheck or a closing moves it.

Which standing a rating leads to is the policy's word, read by `enrolment`; it comes in as `target`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from .errors import Problem
from .machine import Branch, Step, Workflow
from .requirements import reason_given
from .roles import Role, roles


class StandingState(StrEnum):
    """The standing of a specialty."""

    NORMAL = "normal"
    SUPPORTED = "supported"
    RESTRICTED = "restricted"
    PHASING_OUT = "phasing_out"
    SUSPENDED = "suspended"
    CLOSED = "closed"


STOPPED = frozenset({StandingState.SUSPENDED, StandingState.CLOSED})
"""No new students."""


class StandingEvent(StrEnum):
    """What happens to a standing."""

    RATE = "rate"
    STEP = "step"
    RESTORE = "restore"
    CLOSE = "close"
    SUCCEED = "succeed"
    MERGE = "merge"


YEAR_BEGINS = (9, 1)
"""Month and day an academic year begins on."""


def academic_year_begins(academic_year: int) -> date:
    """The first day of an academic year, which is named by the calendar year it begins in."""
    return date(academic_year, *YEAR_BEGINS)


STANDING_ENDED = frozenset({StandingState.CLOSED})
BY_POLICY = tuple(state for state in StandingState if state != StandingState.CLOSED)
"""The standings a policy's consequences may name; closing needs people."""
RESTORABLE = (StandingState.RESTRICTED, StandingState.PHASING_OUT, StandingState.SUSPENDED)


@dataclass(frozen=True, slots=True)
class StandingFacts:
    """What a standing's steps look at."""

    acting: Role = Role.SYSTEM
    target: str = ""
    """The standing that the policy's consequence of the confirmed rating names."""
    rating_confirmed: bool = False
    academic_year_begun: bool = False
    suspended_by_appeal: bool = False
    """An appeal is open, and the policy lets it hold the standing."""
    last_step_taken: bool = False
    recheck_passed: bool = False
    closing_decided: bool = False
    """By committee and bureau, on a proposal."""
    notice_served: bool = False
    appeal_open: bool = False
    """The days to appeal against the closing are running, or an appeal against its ground is."""
    students: int = 0
    """Still enrolled; they are taught out first."""
    succession_recorded: bool = False
    """By two people: it was merged, split or is one of the parts."""
    places_ahead: int = 0
    """What an approved plan gives it in a year that is still to begin."""
    reason: str = ""


def _rating_is_confirmed(facts: StandingFacts) -> Iterable[Problem]:
    if not facts.rating_confirmed:
        yield Problem("rating-not-confirmed", "rating")


def _year_has_begun(facts: StandingFacts) -> Iterable[Problem]:
    if not facts.academic_year_begun:
        yield Problem("academic-year-not-begun", "academic_year")


def _no_appeal_holds_it(facts: StandingFacts) -> Iterable[Problem]:
    if facts.suspended_by_appeal:
        yield Problem("appeal-suspends", "appeal")


def _all_steps_taken(facts: StandingFacts) -> Iterable[Problem]:
    if not facts.last_step_taken:
        yield Problem("steps-left", "steps")


def _recheck_passed(facts: StandingFacts) -> Iterable[Problem]:
    if not facts.recheck_passed:
        yield Problem("recheck-not-passed", "rectification")


def _closed_by_its_school_or_by_decision(facts: StandingFacts) -> Iterable[Problem]:
    if facts.acting == Role.SCHOOL_HEAD:
        return
    if not facts.closing_decided:
        yield Problem("closing-not-decided", "closing")
    if not facts.notice_served:
        yield Problem("school-not-served", "closing")
    if facts.appeal_open:
        yield Problem("appeal-open", "closing")


def _nobody_left_to_teach(facts: StandingFacts) -> Iterable[Problem]:
    if facts.students:
        yield Problem("students-enrolled", "students", {"students": facts.students})


def _no_places_promised(facts: StandingFacts) -> Iterable[Problem]:
    if facts.places_ahead:
        yield Problem("places-approved", "plan", {"places": facts.places_ahead})


def _succession_is_recorded(facts: StandingFacts) -> Iterable[Problem]:
    if not facts.succession_recorded:
        yield Problem("succession-not-recorded", "succession")


def _leads_to(target: StandingState) -> Branch[StandingFacts]:
    return lambda facts: facts.target == target


_ACTS = roles(Role.SYSTEM, Role.BUREAU_APPROVER, Role.PLANNER)
_OF_THE_YEAR = (_year_has_begun, _no_appeal_holds_it)

STANDING = Workflow[StandingFacts](
    "standing",
    StandingState,
    StandingState.NORMAL,
    STANDING_ENDED,
    [
        *(
            Step(StandingEvent.RATE, source, target, _ACTS, (_rating_is_confirmed, *_OF_THE_YEAR), _leads_to(target))
            for source in BY_POLICY
            for target in BY_POLICY
        ),
        Step(
            StandingEvent.STEP,
            StandingState.PHASING_OUT,
            StandingState.SUSPENDED,
            _ACTS,
            (_all_steps_taken, *_OF_THE_YEAR),
        ),
        *(
            Step(StandingEvent.RESTORE, source, StandingState.NORMAL, _ACTS, (_recheck_passed,))
            for source in RESTORABLE
        ),
        *(
            Step(
                StandingEvent.CLOSE,
                source,
                StandingState.CLOSED,
                roles(Role.BUREAU_APPROVER, Role.SCHOOL_HEAD),
                (reason_given, _closed_by_its_school_or_by_decision, _nobody_left_to_teach, _no_places_promised),
            )
            for source in BY_POLICY
        ),
        # With a succession the heavier standing stays; what became part of another is closed, and taught on there.
        *(
            Step(
                StandingEvent.SUCCEED,
                source,
                target,
                roles(Role.SYSTEM),
                (_succession_is_recorded,),
                _leads_to(target),
            )
            for source in BY_POLICY
            for target in BY_POLICY
        ),
        *(
            Step(StandingEvent.MERGE, source, StandingState.CLOSED, roles(Role.SYSTEM), (_succession_is_recorded,))
            for source in BY_POLICY
        ),
    ],
)
