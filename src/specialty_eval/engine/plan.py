"""The enrolment plan of a year: draft, submitted, approved, superseded. Its lines are `enrolment`'s arithmetic."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .errors import Problem
from .machine import Step, Workflow
from .requirements import by_two_people, document_number_given, reason_given
from .roles import Role, roles


class PlanState(StrEnum):
    """Where a plan stands; the approved one is what other systems read."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    SUPERSEDED = "superseded"


class PlanEvent(StrEnum):
    """What happens to a plan."""

    SUBMIT = "submit"
    RETURN = "return"
    APPROVE = "approve"
    SUPERSEDE = "supersede"


PLAN_ENDED = frozenset({PlanState.APPROVED, PlanState.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What a plan's steps look at; `line_problems` are those of `enrolment.plan_problems`."""

    lines: int = 0
    line_problems: tuple[Problem, ...] = ()
    first_person: str = ""
    """Who submitted it, by id."""
    second_person: str = ""
    """Who approves it, by id."""
    document_number: str = ""
    newer_version: bool = False
    reason: str = ""


def _has_lines(facts: PlanFacts) -> Iterable[Problem]:
    if not facts.lines:
        yield Problem("plan-empty", "lines")


def _lines_are_right(facts: PlanFacts) -> Iterable[Problem]:
    return facts.line_problems


def _a_newer_one_is_there(facts: PlanFacts) -> Iterable[Problem]:
    if not facts.newer_version:
        yield Problem("no-newer-plan", "plan")


PLAN = Workflow[PlanFacts](
    "plan",
    PlanState,
    PlanState.DRAFT,
    PLAN_ENDED,
    [
        Step(
            PlanEvent.SUBMIT, PlanState.DRAFT, PlanState.SUBMITTED, roles(Role.PLANNER), (_has_lines, _lines_are_right)
        ),
        Step(PlanEvent.RETURN, PlanState.SUBMITTED, PlanState.DRAFT, roles(Role.BUREAU_APPROVER), (reason_given,)),
        Step(
            PlanEvent.APPROVE,
            PlanState.SUBMITTED,
            PlanState.APPROVED,
            roles(Role.BUREAU_APPROVER),
            (_lines_are_right, by_two_people, document_number_given),
            two_people=True,
        ),
        *(
            Step(
                PlanEvent.SUPERSEDE,
                source,
                PlanState.SUPERSEDED,
                roles(Role.SYSTEM),  # by rule, when a newer one is approved
                (_a_newer_one_is_there,),
            )
            for source in (PlanState.DRAFT, PlanState.SUBMITTED, PlanState.APPROVED)
        ),
    ],
)
