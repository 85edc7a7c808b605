"""The publication list: drafted by one person, approved by another as the same list, in publicity for its days."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from .errors import Problem
from .machine import Step, Workflow
from .requirements import as_it_was_read, by_two_people, reason_given
from .review_checks import SheetBasis
from .roles import PUBLISHERS, Role, roles


class ListState(StrEnum):
    """Where a publication list stands; an erratum changes no state."""

    DRAFTED = "drafted"
    APPROVED = "approved"
    IN_PUBLICITY = "in_publicity"
    CLOSED = "closed"


class ListEvent(StrEnum):
    """What happens to a publication list."""

    REDRAFT = "redraft"
    APPROVE = "approve"
    OPEN = "open"
    CLOSE = "close"


LIST_ENDED = frozenset({ListState.CLOSED})


@dataclass(frozen=True, slots=True)
class ListFacts:
    """What a list's steps look at; digests are of the frozen entries with their counts."""

    first_person: str = ""
    second_person: str = ""
    two_roles: tuple[str, str] = ("", "")
    """The roles of the two people, as the policy names them."""
    first_roles: frozenset[str] = frozenset()
    """Of these, what the first person held when the list was drafted."""
    second_roles: frozenset[str] = frozenset()
    """Of these, what the second person holds now."""
    digest: str = ""
    digest_seen: str = ""
    """Of the list the second person had before them."""
    entries: int = 0
    stale: tuple[str, ...] = ()
    """Reviews on the list that are no longer as it says, by id."""
    unserved: tuple[str, ...] = ()
    """Reviews whose school was not served before everyone else, by id."""
    previewing: tuple[tuple[str, date], ...] = ()
    """Reviews whose school still has the decision to itself, by id, and the last day of that."""
    outdated: tuple[tuple[str, SheetBasis], ...] = ()
    """Reviews, by id, that rest on earlier ratings which are others now, or on scores that were left out."""
    publicity_over: bool = False
    due: date | None = None
    reason: str = ""


def _something_on_it(facts: ListFacts) -> Iterable[Problem]:
    if not facts.entries:
        yield Problem("list-empty", "entries")


def _in_the_two_roles(facts: ListFacts) -> Iterable[Problem]:
    one, other = facts.two_roles
    ways = ((one, other), (other, one))
    if not any(first in facts.first_roles and second in facts.second_roles for first, second in ways):
        yield Problem("two-roles-missing", "", {"roles": sorted({one, other})})


def _nothing_stale(facts: ListFacts) -> Iterable[Problem]:
    return [Problem("entry-stale", f"reviews.{code}") for code in facts.stale]


def _basis_as_scored(facts: ListFacts) -> Iterable[Problem]:
    return [basis.problem(f"reviews.{code}") for code, basis in facts.outdated]


def _every_school_served(facts: ListFacts) -> Iterable[Problem]:
    return [Problem("school-not-served", f"reviews.{code}") for code in facts.unserved]


def _no_school_has_its_days(facts: ListFacts) -> Iterable[Problem]:
    return [Problem("preview-running", f"reviews.{code}", {"due": due.isoformat()}) for code, due in facts.previewing]


def _days_are_over(facts: ListFacts) -> Iterable[Problem]:
    if not facts.publicity_over:
        yield Problem("publicity-running", "", {} if facts.due is None else {"due": facts.due.isoformat()})


_TWO = roles(*PUBLISHERS)

PUBLICATION = Workflow[ListFacts](
    "publication",
    ListState,
    ListState.DRAFTED,
    LIST_ENDED,
    [
        # A list that went stale, or that the second person does not approve, is frozen anew; both stay readable.
        Step(ListEvent.REDRAFT, ListState.DRAFTED, ListState.DRAFTED, roles(Role.SECRETARY), (reason_given,)),
        Step(ListEvent.REDRAFT, ListState.APPROVED, ListState.DRAFTED, roles(Role.SECRETARY), (reason_given,)),
        Step(
            ListEvent.APPROVE,
            ListState.DRAFTED,
            ListState.APPROVED,
            _TWO,
            (
                _something_on_it,
                by_two_people,
                _in_the_two_roles,
                as_it_was_read,
                _nothing_stale,
                _basis_as_scored,
            ),
            two_people=True,
        ),
        Step(
            ListEvent.OPEN,
            ListState.APPROVED,
            ListState.IN_PUBLICITY,
            _TWO,
            (_nothing_stale, _every_school_served, _no_school_has_its_days, _basis_as_scored),
        ),
        Step(
            ListEvent.CLOSE,
            ListState.IN_PUBLICITY,
            ListState.CLOSED,
            roles(Role.SYSTEM, Role.SECRETARY),
            (_days_are_over,),
        ),
    ],
)


def counts(ratings: Iterable[str]) -> dict[str, int]:
    """How many lines a list has, and of each rating how many."""
    found = Counter(ratings)
    return {"total": found.total(), **{rating: found[rating] for rating in sorted(found)}}


_COMPUTED = 5
"""From there a line says what was computed, why it was decided otherwise, and the run's inputs."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a list tells of a review; the `line` is None in lists from before lines were kept."""

    rating: str
    reasons: tuple[str, ...]
    line: Sequence[Any] | None


def is_another(before: Told, now: Told) -> bool:
    """Whether a list tells of a review what the one before did not; that it was decided once more is no news."""
    if (before.rating, before.reasons) != (now.rating, now.reasons):
        return True
    if before.line is None or now.line is None:
        return False
    return list(before.line[_COMPUTED:]) != list(now.line[_COMPUTED:])


def digest(round_id: int, number: int, edition: int, lines: Sequence[Sequence[Any]]) -> str:
    """SHA-256 of the list's canonical JSON: whose it is, its counts, and each line as it is frozen.

    A line is the review, its code, rating, reasons and decision; of a newer list also what was computed, the reason
    for another decision, and the digest of the run's inputs.
    """
    content = [round_id, number, edition, counts(str(line[2]) for line in lines), [list(line) for line in lines]]
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
