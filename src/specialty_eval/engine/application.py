"""An application to open, change or close a specialty: received, checked by program, deliberated, registered.

What the check looks at is `opening`'s work, whether the committee's vote holds `committee`'s arithmetic.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .consequences import Duration
from .errors import Problem
from .machine import Branch, Check, Step, Workflow
from .opening import Outcome, outcome_of
from .requirements import by_two_people, document_number_given, reason_given
from .roles import Role, roles


class ApplicationState(StrEnum):
    """Where an application stands. `withdrawn`: its school took it back before it was decided."""

    RECEIVED = "received"
    CHECKED = "checked"
    CLEAR = "clear"
    VISIT_FIRST = "visit_first"
    COMMITTEE = "committee"
    REGISTERED = "registered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ApplicationEvent(StrEnum):
    """What happens to an application."""

    CHECK = "check"
    CONCLUDE = "conclude"
    VISIT = "visit"
    REFER = "refer"
    VOTE = "vote"
    REGISTER = "register"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


_S, _E = ApplicationState, ApplicationEvent
APPLICATION_ENDED = frozenset({_S.REGISTERED, _S.REFUSED, _S.WITHDRAWN})
APPLICATION_GOING = tuple(state for state in _S if state not in APPLICATION_ENDED)
"""Not decided yet: what such an application would open counts for those after it."""
CHECKED_WITHIN, DECIDED_WITHIN = Duration(5, working=True), Duration(20, working=True)
"""行政许可法第三十二条、第四十二条: five working days to take up, twenty to decide; a visit's time is not counted."""


@dataclass(frozen=True, slots=True)
class ApplicationFacts:
    """What an application's steps look at."""

    opinions_missing: tuple[str, ...] = ()
    """Parties of the joint opinion that have not said anything yet."""
    findings: tuple[Problem, ...] = ()
    """What the check found, as on record; from it follows the outcome."""
    findings_now: tuple[Problem, ...] | None = None
    """What it would find today; None where that is not asked."""
    orders_visit: bool = False
    """The secretary wants the school looked at first though nothing found asks for it; with a reason."""
    report: str = ""
    """Of the visit, as it is written now."""
    visit_reported: bool = False
    vote_problems: tuple[Problem, ...] = ()
    """Quorum, sectors, and who cannot vote, of the vote that is put on record now."""
    voted_before: bool = False
    approved: bool | None = None
    """What the vote on record came to; None before there is one."""
    barred: tuple[Problem, ...] = ()
    """What stands against registering today: a limit, the registry."""
    first_person: str = ""
    """Who put the vote on record, by id."""
    second_person: str = ""
    document_number: str = ""
    reason: str = ""


def _every_opinion_there(facts: ApplicationFacts) -> Iterable[Problem]:
    return [Problem("opinion-missing", f"opinions.{party}", {"party": party}) for party in facts.opinions_missing]


def _as_found(facts: ApplicationFacts) -> Iterable[Problem]:
    if facts.findings_now is not None and facts.findings_now != facts.findings:
        yield Problem("findings-outdated", "findings")


def _visit_with_a_reason(facts: ApplicationFacts) -> Iterable[Problem]:
    return reason_given(facts) if facts.orders_visit else ()


def _report_written(facts: ApplicationFacts) -> Iterable[Problem]:
    if not facts.report.strip():
        yield Problem("findings-missing", "report")


def _reported_once(facts: ApplicationFacts) -> Iterable[Problem]:
    if facts.visit_reported:
        yield Problem("visit-reported-already", "report")


def _visit_is_reported(facts: ApplicationFacts) -> Iterable[Problem]:
    if not facts.visit_reported:
        yield Problem("site-visit-not-reported", "report")


def _a_valid_vote(facts: ApplicationFacts) -> Iterable[Problem]:
    return facts.vote_problems


def _anew_with_a_reason(facts: ApplicationFacts) -> Iterable[Problem]:
    return reason_given(facts) if facts.voted_before else ()


def _voted_on(facts: ApplicationFacts) -> Iterable[Problem]:
    if facts.approved is None:
        yield Problem("vote-missing", "vote")


def _vote_was_for_it(facts: ApplicationFacts) -> Iterable[Problem]:
    if facts.approved is False:
        yield Problem("vote-against", "vote")


def _nothing_bars_it(facts: ApplicationFacts) -> Iterable[Problem]:
    return facts.barred


def _vote_or_rule_against(facts: ApplicationFacts) -> Iterable[Problem]:
    if facts.approved and not facts.barred:
        yield Problem("vote-for", "vote")


def _comes_to(outcome: Outcome) -> Branch[ApplicationFacts]:
    def holds(facts: ApplicationFacts) -> bool:
        found = outcome_of(facts.findings)
        if found is Outcome.CLEAR and facts.orders_visit:
            found = Outcome.VISIT_FIRST
        return found is outcome

    return holds


_OFFICE = roles(Role.SECRETARY)
_LOOKS = roles(Role.SITE_VISITOR, Role.BUREAU_VERIFIER, Role.SECRETARY)
_SIGNS = roles(Role.BUREAU_APPROVER)
_UNASKED: tuple[Check[ApplicationFacts], ...] = ()
_CONCLUDES = (_every_opinion_there, _as_found, _visit_with_a_reason)

APPLICATION = Workflow[ApplicationFacts](
    "application",
    ApplicationState,
    _S.RECEIVED,
    APPLICATION_ENDED,
    [
        *(
            Step(_E.CHECK, source, _S.CHECKED, _OFFICE | {Role.SYSTEM}, _UNASKED)
            for source in (_S.RECEIVED, _S.CHECKED)
        ),
        *(
            Step(_E.CONCLUDE, _S.CHECKED, _S(outcome.value), _OFFICE, _CONCLUDES, _comes_to(outcome))
            for outcome in Outcome
        ),
        Step(_E.VISIT, _S.VISIT_FIRST, _S.VISIT_FIRST, _LOOKS, (_report_written, _reported_once)),
        Step(_E.REFER, _S.CLEAR, _S.COMMITTEE, _OFFICE),
        Step(_E.REFER, _S.VISIT_FIRST, _S.COMMITTEE, _OFFICE, (_visit_is_reported,)),
        # Once more only with a reason: a conflict of interest found later, a slip in the record.
        Step(
            _E.VOTE,
            _S.COMMITTEE,
            _S.COMMITTEE,
            _OFFICE,
            (_a_valid_vote, document_number_given, _anew_with_a_reason),
        ),
        Step(
            _E.REGISTER,
            _S.COMMITTEE,
            _S.REGISTERED,
            _SIGNS,
            (_voted_on, _vote_was_for_it, by_two_people, document_number_given, _nothing_bars_it),
            two_people=True,
        ),
        Step(
            _E.REFUSE,
            _S.COMMITTEE,
            _S.REFUSED,
            _SIGNS,
            (_voted_on, _vote_or_rule_against, by_two_people, document_number_given, reason_given),
            two_people=True,
        ),
        *(Step(_E.WITHDRAW, source, _S.WITHDRAWN, roles(Role.SCHOOL_HEAD), _UNASKED) for source in APPLICATION_GOING),
    ],
)
