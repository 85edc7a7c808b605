"""What stands against opening, changing or closing a specialty: the lists in force, the policy's limits, the registry.

Schools and specialties are counted as they would be with the new one opened, and with what applications before it would
open; students and whatever else is reported, of the specialties that there are.
The steps from received to registered are `application`'s.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from .conditions import All, AnyOf, AtLeastOf, Comparison, Condition, Not, Subject
from .consequences import OpeningLimit
from .entry_counts import STUDENTS, Counting, Site, counted, net_openings, quotient, total
from .errors import Problem
from .lists import Listed, passes
from .policy import Policy
from .vocabulary import Label


class ApplicationKind(StrEnum):
    """What a school applies for. `change`: another direction, name, length or campus; a level is another entry."""

    OPEN = "open"
    OFF_CATALOGUE = "off_catalogue"
    CHANGE = "change"
    CLOSE = "close"


OPENS = frozenset({ApplicationKind.OPEN, ApplicationKind.OFF_CATALOGUE})
"""Kinds that add a specialty, and that lists and limits look at."""


class Outcome(StrEnum):
    """What the check by program comes to."""

    CLEAR = "clear"
    REFUSED = "refused"
    VISIT_FIRST = "visit_first"


VISITS = frozenset({"opening-limit-unknown", "opening-state-controlled"})
"""Findings that ask for a look at the school before the committee decides."""
NOTED = frozenset({"opening-urgent"})
"""Findings that stand against nothing: the committee reads them."""


def outcome_of(findings: Iterable[Problem]) -> Outcome:
    """A finding refuses unless it only asks for a visit or is only noted."""
    codes = {finding.code for finding in findings} - NOTED
    if codes - VISITS:
        return Outcome.REFUSED
    return Outcome.VISIT_FIRST if codes else Outcome.CLEAR


# --- the policy's limits ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Around:
    """What a limit is counted from: the city's specialties, those that earlier applications would open, the year whose
    figures are taken, and how many mid-level teachers the new one has (None: nobody says).
    """

    sites: Sequence[Site]
    earlier: Sequence[Site]
    evidence_year: int
    teachers: int | None = None
    small_intake_below: int = 30


def counts_with(new: Site, around: Around) -> dict[str, Decimal]:
    """Count → value with the new specialty opened; one that cannot be known is absent.

    Net openings and students are the school's, teachers the new specialty's, all others its entry's in the city. A new
    one has no students yet: they are shared among the specialties that have reported them.
    """
    everywhere = [*around.sites, *around.earlier, new]
    at, year = new.opened_on, around.evidence_year
    found = dict(counted(everywhere, Counting(at, year, around.small_intake_below))[new.level, new.code])
    own = [site for site in everywhere if site.school == new.school]
    taught = [site for site in around.sites if site.school == new.school and site.is_open(at)]
    known = {
        "net_openings_of_year": Decimal(net_openings(own, at.year)),
        "students_per_specialty": quotient(total(taught, year, STUDENTS), Decimal(len(taught))),
        "midlevel_teachers": None if around.teachers is None else Decimal(around.teachers),
    }
    of_the_school = {name: value for name, value in known.items() if value is not None}
    return {name: value for name, value in found.items() if name not in known} | of_the_school


def limit_problems(limits: Iterable[OpeningLimit], new: Site, around: Around) -> Iterator[Problem]:
    """Each limit that the new specialty would break, and each whose count nobody knows."""
    counts = counts_with(new, around)
    others = sum(site.school == new.school for site in around.earlier)
    for limit in limits:
        value = counts.get(limit.count)
        facts: dict[str, object] = {"limit": limit.code, "count": limit.count, **_words(limit.label)}
        if value is None:
            yield Problem("opening-limit-unknown", f"opening.{limit.code}", facts)
            continue
        low, high = limit.at_least, limit.at_most
        if (low is None or value >= low) and (high is None or value <= high):
            continue
        bounds = {"at_least": low, "at_most": high}
        facts |= {"value": f"{value:f}"} | {name: f"{bound:f}" for name, bound in bounds.items() if bound is not None}
        yield Problem("opening-limit-exceeded", f"opening.{limit.code}", facts | ({"others": others} if others else {}))


def _words(label: Label) -> dict[str, object]:
    """A policy's own words, where a message can say them."""
    return {str(language): words for language, words in label.items()}


def small_intake_below(policy: Policy) -> int:
    """From where an intake is small, as the policy's negative list has it."""
    negative = policy.lists.get("negative")
    return 30 if negative is None else negative.small_intake_below


# --- the round it joins ----------------------------------------------------------------------------------------------


def is_too_new(policy: Policy, attributes: Mapping[str, Decimal | bool | str | None]) -> bool:
    """Whether a rule by which new specialties are `unrated` holds of one with these attributes, of which nothing is
    reported yet: a round by this policy does not take it.
    """
    return any(
        _asks(step.when, "years_open") and _holds(step.when, attributes) for step in policy.rating.unrated
    )  # fmt: skip


def _asks(condition: Condition, attribute: str) -> bool:
    match condition:
        case All(conditions) | AnyOf(conditions) | AtLeastOf(_, conditions):
            return any(_asks(inner, attribute) for inner in conditions)
        case Not(inner):
            return _asks(inner, attribute)
        case Comparison(Subject.ATTRIBUTE, code):
            return code == attribute
        case _:
            return False


def _holds(condition: Condition, attributes: Mapping[str, Decimal | bool | str | None]) -> bool:
    match condition:
        case All(conditions):
            return all(_holds(inner, attributes) for inner in conditions)
        case AnyOf(conditions):
            return any(_holds(inner, attributes) for inner in conditions)
        case AtLeastOf(number, conditions):
            return sum(_holds(inner, attributes) for inner in conditions) >= number
        case Not(inner):
            return not _holds(inner, attributes)
        case Comparison(subject, code, tests):
            left = attributes.get(code) if subject is Subject.ATTRIBUTE else None
            return all(passes(test, left if isinstance(left, Decimal | str) else None) for test in tests)
        case _:
            return False  # an earlier rating: there is none


# --- the lists in force ----------------------------------------------------------------------------------------------


def negative_problem(at_receipt: Listed | None, now: Listed | None, words: Label) -> Iterator[Problem]:
    """The entry is on the negative list of its year, on the day the application was received and still today.

    A list that came later refuses nobody who had applied, and one that was taken back or changed refuses nobody either.
    """
    if at_receipt is None or now is None:
        return
    facts = {"year": at_receipt.year, "level": at_receipt.level, "code": at_receipt.code,
             "reasons": list(at_receipt.reasons), "document_number": at_receipt.document_number}  # fmt: skip
    yield Problem("opening-listed", "catalogue_code", facts | _words(words))


def urgent_note(now: Listed | None) -> Iterator[Problem]:
    """The entry is on the list of what is urgently needed: the committee is told."""
    if now is not None:
        facts = {"year": now.year, "code": now.code, "document_number": now.document_number}
        yield Problem("opening-urgent", "catalogue_code", facts)


# --- the registry and the opinions -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Registered:
    """What the registry says of what is applied for."""

    code: str = ""
    """The readable code that it would have; empty where it gets none, or keeps its own."""
    is_taken: bool = False
    """The code stands for a specialty, or has."""
    state_controlled: bool = False
    closed: bool = False
    """Of a change or a closing: the specialty is closed."""
    review: int = 0
    """Of a change of direction: the review of it that is under way."""
    students: int = 0
    """Of a closing: still enrolled, by the school's word."""
    places: int = 0
    """Of a closing: what an approved plan gives it in a year still to begin."""


def registry_problems(found: Registered) -> Iterator[Problem]:
    """What the registry has against it."""
    if found.code and found.is_taken:
        yield Problem("opening-code-taken", "direction", {"code": found.code})
    if found.state_controlled:
        yield Problem("opening-state-controlled", "catalogue_code")
    if found.closed:
        yield Problem("specialty-closed", "specialty")
    if found.review:
        yield Problem("change-under-review", "direction", {"review": found.review})
    if found.students:
        yield Problem("students-enrolled", "students", {"students": found.students})
    if found.places:
        yield Problem("places-approved", "plan", {"places": found.places})


BUREAU, DEPARTMENT = "bureau", "department"
PARTIES = (BUREAU, DEPARTMENT)
"""Whose joint opinion an off-catalogue specialty needs."""


def opinion_problems(agrees: Iterable[tuple[str, bool]]) -> Iterator[Problem]:
    """Each party of the joint opinion that is against it."""
    for party, agreed in agrees:
        if not agreed:
            yield Problem("opinion-against", f"opinions.{party}", {"party": party})
