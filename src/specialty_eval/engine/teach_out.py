"""Teaching out: the cohorts that a school counts, year of entry by year of entry, until the last one has left."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import Problem

LONGEST_SCHOOLING = 10
"""Academic years after which nobody of a cohort is still there."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Students by the academic year they entered in, as a school counts them, and as it counted them before."""

    cohorts: Mapping[int, int]
    before: Mapping[int, int]
    year: int
    """The academic year it is counted in."""
    stopped: frozenset[int] = frozenset()
    """The academic years whose approved plan gave the specialty no place."""
    reason: str = ""
    entered: Mapping[int, int] = field(default_factory=dict)
    """How many are known to have entered at most, by year: as planned, or as reported where that is more."""


def counting_problems(facts: Counted) -> list[Problem]:
    """Why a count of the cohorts is not taken: none is left out, none grows or is larger than what entered without a
    reason, nobody entered in a year without places.
    """
    problems = []
    for entry, students in facts.cohorts.items():
        where = f"cohorts.{entry}"
        if students < 0:
            problems.append(Problem("students-negative", where, {"students": students}))
        if not facts.year - LONGEST_SCHOOLING <= entry <= facts.year:
            reach = {"first": facts.year - LONGEST_SCHOOLING, "last": facts.year}
            problems.append(Problem("cohort-out-of-reach", where, reach))
        if students > 0 and entry in facts.stopped:
            problems.append(Problem("enrolment-stopped", where, {"quota": 0}))
        if students > facts.before.get(entry, students) and not facts.reason.strip():
            grew = {"before": facts.before[entry], "students": students}
            problems.append(Problem("cohort-grew", where, grew))
        known = {} if entry in facts.before or entry in facts.stopped else facts.entered
        if students > known.get(entry, students) and not facts.reason.strip():
            told = {"known": known[entry], "students": students}
            problems.append(Problem("cohort-above-intake", where, told))
    problems += [
        Problem("cohort-missing", f"cohorts.{entry}", {"before": students})
        for entry, students in facts.before.items()
        if students and entry not in facts.cohorts
    ]
    return problems
