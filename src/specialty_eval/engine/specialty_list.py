"""The negative or urgent-need list of a round: built by the policy, approved, published for a year, superseded.

Which entries it names is `lists`' work.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .errors import Problem
from .machine import Step, Workflow
from .requirements import as_it_was_read, by_two_people, document_number_given, reason_given
from .roles import PUBLISHERS, Role, roles


class SpecialtyListState(StrEnum):
    """Where a list stands; the published one is what applications are checked against."""

    BUILT = "built"
    APPROVED = "approved"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


class SpecialtyListEvent(StrEnum):
    """What happens to a list."""

    EXEMPT = "exempt"
    RELIST = "relist"
    APPROVE = "approve"
    PUBLISH = "publish"
    SUPERSEDE = "supersede"


SPECIALTY_LIST_ENDED = frozenset({SpecialtyListState.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class SpecialtyListFacts:
    """What a list's steps look at; digests are of its entries with their reasons, figures and exemptions."""

    first_person: str = ""
    """Who built it, by id."""
    second_person: str = ""
    """Who approves it, by id."""
    digest: str = ""
    digest_seen: str = ""
    """Of the list the second person had before them."""
    outdated: tuple[str, ...] = ()
    """Entries, by code, of which the policy would say something else now than when it was built."""
    document_number: str = ""
    exempt_by: str = ""
    """The entry's exemption as it stands: empty, `policy` or `person`."""
    year: int = 0
    """For which it is published."""
    years: tuple[int, int] = (0, 0)
    """The first and last year a list can be published for now."""
    replaced: bool = False
    """A newer one takes its place; else it is taken back, with a reason."""
    reason: str = ""


def _not_exempt_yet(facts: SpecialtyListFacts) -> Iterable[Problem]:
    if facts.exempt_by:
        yield Problem("entry-exempt-already", "entry", {"by": facts.exempt_by})


def _exempt_by_a_person(facts: SpecialtyListFacts) -> Iterable[Problem]:
    if facts.exempt_by != "person":
        yield Problem("entry-not-exempted-by-name", "entry", {"by": facts.exempt_by})


SHOWN = 20
"""How many entries a problem names; it counts them all."""


def _as_the_policy_has_it(facts: SpecialtyListFacts) -> Iterable[Problem]:
    if facts.outdated:
        named = list(facts.outdated[:SHOWN])
        yield Problem("list-outdated", "entries", {"entries": len(facts.outdated), "codes": named})


def _a_year_in_reach(facts: SpecialtyListFacts) -> Iterable[Problem]:
    first, last = facts.years
    if not first <= facts.year <= last:
        yield Problem("list-year-out-of-reach", "year", {"year": facts.year, "first": first, "last": last})


def _replaced_or_with_a_reason(facts: SpecialtyListFacts) -> Iterable[Problem]:
    return () if facts.replaced else reason_given(facts)


_BUILDS = roles(Role.SECRETARY)
_DECIDES = roles(Role.CHAIR, Role.BUREAU_APPROVER)
_S, _E = SpecialtyListState, SpecialtyListEvent

SPECIALTY_LIST = Workflow[SpecialtyListFacts](
    "list",
    SpecialtyListState,
    SpecialtyListState.BUILT,
    SPECIALTY_LIST_ENDED,
    [
        Step(_E.EXEMPT, _S.BUILT, _S.BUILT, _BUILDS, (reason_given, _not_exempt_yet)),
        Step(_E.RELIST, _S.BUILT, _S.BUILT, _BUILDS, (reason_given, _exempt_by_a_person)),
        Step(
            _E.APPROVE,
            _S.BUILT,
            _S.APPROVED,
            _DECIDES,
            (by_two_people, document_number_given, as_it_was_read, _as_the_policy_has_it),
            two_people=True,
        ),
        Step(_E.PUBLISH, _S.APPROVED, _S.PUBLISHED, roles(*PUBLISHERS), (_a_year_in_reach,)),
        # By rule when a newer one is built or published; else a person takes it back and says why.
        Step(_E.SUPERSEDE, _S.BUILT, _S.SUPERSEDED, _BUILDS | {Role.SYSTEM}, (_replaced_or_with_a_reason,)),
        *(
            Step(
                _E.SUPERSEDE,
                source,
                _S.SUPERSEDED,
                roles(Role.BUREAU_APPROVER, Role.SYSTEM),
                (_replaced_or_with_a_reason,),
            )
            for source in (_S.APPROVED, _S.PUBLISHED)
        ),
    ],
)
