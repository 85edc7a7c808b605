"""Whether new students may be enrolled in an academic year: as many as its approved plan gives."""

from dataclasses import dataclass

from .errors import Problem


@dataclass(frozen=True, slots=True)
class Admission:
    """What enrolling new students in an academic year meets. `quota` None: the approved plan has no line for it."""

    plan_approved: bool
    quota: int | None
    students: int
    stopped: bool = False
    """Suspended or closed since that year or before: whatever a plan gave it by then."""


def admission_problems(facts: Admission) -> list[Problem]:
    """Why so many new students may not be enrolled; empty when they may."""
    if not facts.plan_approved:
        return [Problem("plan-not-approved", "academic_year")]
    if not facts.quota or facts.stopped:
        return [Problem("enrolment-stopped", "quota", {"quota": 0})]
    if facts.students > facts.quota:
        return [Problem("intake-above-quota", "students", {"students": facts.students, "quota": facts.quota})]
    return []
