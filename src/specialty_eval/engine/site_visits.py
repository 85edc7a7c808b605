"""The visit of a school for a review: who may be named for it, and what stands in the way of reporting it."""

import hashlib
from collections.abc import Set
from dataclasses import dataclass
from datetime import date

from .consequences import SiteVisit
from .errors import Problem
from .review import SCORES_FROM, State
from .roles import Role, roles
from .vocabulary import Rating

NAMES = roles(Role.SECRETARY)
"""The office that runs the round."""
REPORTS = roles(Role.SITE_VISITOR, Role.SECRETARY)
"""Whoever is named for it; the office in their place once their days are over."""
OPEN_IN = SCORES_FROM | {State.SCORED}
"""There is something to look at, and nothing is decided."""


def is_asked(rules: SiteVisit, computed: Rating, round_id: int, review_id: int) -> bool:
    """Whether the policy asks a visit of this review: by proposed rating, or by sample.

    The sample is drawn by hash, so that anybody can draw it again: a review is in it when SHA-256 of
    `site-visit:<round>:<review>`, as a number, modulo 10,000 is below `sample_percent` x 100.
    """
    drawn = int(hashlib.sha256(f"site-visit:{round_id}:{review_id}".encode()).hexdigest(), 16) % 10_000
    return computed in rules.proposed or drawn < rules.sample_percent * 100


@dataclass(frozen=True, slots=True)
class Named:
    """The people named for a review, by number, and what is known of them."""

    people: Set[int]
    in_office: Set[int]
    """Who holds the role of a site visitor in the city today."""
    named_before: Set[int]
    """Who is named for it already."""
    recused: Set[int]
    blind_to_it: Set[int] = frozenset()
    """Experts of the review in a round in which they are not to learn whose it is."""


def naming_problems(named: Named) -> list[Problem]:
    """Why these cannot visit for the review; empty when they can."""
    against = (
        ("not-a-site-visitor", named.people - named.in_office),
        ("visitor-named-already", named.people & named.named_before),
        ("interest-declared", named.people & named.recused),
        ("visitor-scores-blind", named.people & named.blind_to_it),
    )
    return [Problem(code, f"visitors.{who}", {"person": who}) for code, people in against for who in sorted(people)]


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """What reporting a visit looks at. `newest` is the number of the last report, 0 without any; `corrects` the one
    that the new report takes the place of.
    """

    state: str
    newest: int = 0
    is_under_vote: bool = False
    in_their_place: bool = False
    """The office reports, not somebody named."""
    are_named: bool = False
    days_until: date | None = None
    """Until when somebody named still has days; None once they are over."""
    earliest: date = date.min
    today: date = date.max
    # what is said with it
    visited_on: date = date.max
    findings: str = ""
    reason: str = ""
    corrects: int = 0


def wrong_words(facts: VisitFacts) -> list[Problem]:
    """What is wrong with what a report says."""
    found = [] if facts.findings.strip() else [Problem("findings-missing", "findings")]
    if not facts.earliest <= facts.visited_on <= facts.today:
        days = {"first": facts.earliest.isoformat(), "last": facts.today.isoformat()}
        found.append(Problem("day-out-of-reach", "visited_on", days))
    needs_reason = facts.in_their_place or facts.corrects > 0
    return found if facts.reason.strip() or not needs_reason else [*found, Problem("reason-missing", "reason")]


def not_now(facts: VisitFacts) -> list[Problem]:
    """Why the visit cannot be reported, or its report corrected, as things stand."""
    if facts.state not in OPEN_IN:
        return [Problem("step-not-open", "review", {"event": "report_visit", "state": facts.state})]
    found = [Problem("site-visit-under-vote", "site_visit")] if facts.is_under_vote else []
    if facts.newest and not facts.corrects:
        found.append(Problem("site-visit-reported", "corrects", {"number": facts.newest}))
    if facts.in_their_place and not facts.are_named:
        found.append(Problem("visitors-not-named", "visitors"))
    if facts.in_their_place and facts.days_until is not None:
        found.append(Problem("visit-days-running", "visitors", {"due": facts.days_until.isoformat()}))
    return found


def corrects_another(facts: VisitFacts) -> list[Problem]:
    """That the last report is not the one which this takes the place of."""
    if facts.corrects in {0, facts.newest}:
        return []
    return [Problem("changed-meanwhile", "site_visit", {"yours": facts.corrects, "current": facts.newest})]
