"""The review of one specialty in one round: states, events, and what must hold at each step (workflow.md, Review)."""

from enum import StrEnum

from .machine import Check, Step, Workflow
from .requirements import document_number_given, reason_given
from .review_checks import (
    Facts,
    SheetBasis,
    a_challenge_is_upheld,
    a_correction_is_left,
    an_objection_is_upheld,
    attachments_are_there,
    basis_as_scored,
    basis_changed,
    blocking_measures_are_there,
    by_the_office_whose_check_it_is,
    challenges_are_over,
    checks_pass,
    county_accepted_every_measure,
    deadline_not_passed,
    deadline_passed,
    every_measure_accepted,
    fields_named_with_reasons,
    incomplete_for_the_first_time,
    no_objection_open,
    other_people_than_the_first_time,
    other_suppliers_delivered,
    publicity_is_over,
    result_is_there,
    round_is_cancelled,
    school_was_served,
    site_visit_reported,
    specialty_is_closed,
    take_over_problems,
    the_committee_voted_to_rescind,
    the_decision_is_void,
    two_people_approved_the_same_list,
    two_reminders_served,
    verification_not_claimed,
    vote_or_bureau,
)
from .roles import Role, roles

__all__ = [
    "ACCEPTED",
    "APPEAL_STARTS",
    "ENDED",
    "HANDED_IN",
    "NO_REVIEW",
    "PUBLISHED_STATES",
    "RATING_COMPUTED",
    "SCHOOL_SEES_RATING",
    "SCHOOL_SEES_SHEET",
    "UNENDED",
    "WITH_THE_COUNTY",
    "WITH_THE_SCHOOL",
    "WITH_THE_VERIFIERS",
    "WORKFLOW",
    "Event",
    "Facts",
    "SheetBasis",
    "State",
    "basis_changed",
    "holds",
    "take_over_problems",
]


class State(StrEnum):
    """Where a review stands."""

    PLANNED = "planned"
    OPEN = "open"
    SUBMITTED = "submitted"
    DEFAULTED = "defaulted"
    RETURNED = "returned"
    CHECKED = "checked"
    VERIFIED = "verified"
    SCORED = "scored"
    DECIDED = "decided"
    PREVIEWED = "previewed"
    PUBLICISED = "publicised"
    CONFIRMED = "confirmed"
    EXEMPTED = "exempted"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"


class Event(StrEnum):
    """What happens to a review. `return` is a word of the language, hence the member's name."""

    OPEN = "open"
    SUBMIT = "submit"
    DEFAULT = "default"
    RECALL = "recall"
    PASS = "pass"  # noqa: S105 -- a step, not a password
    RETURN = "return"
    ACCEPT = "accept"
    SCORE = "score"
    RESCORE = "rescore"
    UPHOLD_CHALLENGE = "uphold_challenge"
    DECIDE = "decide"
    RESCIND = "rescind"
    VOID_DECISION = "void_decision"
    PREVIEW = "preview"
    PUBLICISE = "publicise"
    CONFIRM = "confirm"
    REOPEN = "reopen"
    EXEMPT = "exempt"
    WITHDRAW = "withdraw"
    CANCEL = "cancel"


ENDED = frozenset({State.CONFIRMED, State.EXEMPTED, State.WITHDRAWN, State.CANCELLED})
UNENDED = tuple(state for state in State if state not in ENDED)
WITH_THE_SCHOOL = frozenset({State.OPEN, State.RETURNED})
"""The school can change its draft."""
SCORES_FROM = frozenset({State.SUBMITTED, State.CHECKED, State.VERIFIED, State.DEFAULTED})
"""An expert is asked once there is something to look at, until the run freezes it."""
WITH_THE_COUNTY = frozenset({State.SUBMITTED, State.DEFAULTED})
"""The county checks, unless the policy has no county check, the city runs the school, or the bureau took it over."""
WITH_THE_VERIFIERS = frozenset({State.SUBMITTED, State.DEFAULTED, State.CHECKED})
RATING_COMPUTED = frozenset({State.SCORED, State.DECIDED, State.PREVIEWED, State.PUBLICISED, State.CONFIRMED})
PUBLISHED_STATES = frozenset({State.PUBLICISED, State.CONFIRMED})
"""The public sees the rating: `provisional` in the first, in force in the second."""
SCHOOL_SEES_SHEET = RATING_COMPUTED
"""Its own values and points; the rating only in the next."""
SCHOOL_SEES_RATING = frozenset({State.PREVIEWED, State.PUBLICISED, State.CONFIRMED})
NO_REVIEW = frozenset({State.EXEMPTED, State.WITHDRAWN, State.CANCELLED})
"""Ended without a result: nothing rests on it."""
ACCEPTED = frozenset({State.VERIFIED, State.SCORED, State.DECIDED, State.PREVIEWED, State.PUBLICISED})
"""The offices accepted the figures: they change by a challenge, an objection or an appeal alone."""
HANDED_IN = ACCEPTED | WITH_THE_VERIFIERS | {State.RETURNED}
"""The school signed: of its figures only those that come back to it change, and in the review alone."""
APPEAL_STARTS = frozenset({State.VERIFIED, State.SCORED})
"""Where a review opened by an upheld appeal begins; every other begins at `planned`."""


def holds(state: str, year: int, scored: int, *, by_school: bool, round_goes_on: bool) -> bool:
    """Whether a review keeps its specialty's figures of a year as they are, for the school or for other suppliers.

    What the scored year's review asks for comes by the review alone. A run looks at the years before it too: from
    what the school signs, and the others' from what the offices accept, they stay until the review has ended; and as
    long as its round goes on, in which others are measured by them.
    """
    if state in NO_REVIEW or year > scored:
        return False
    if by_school and year == scored:
        return True
    return state in (HANDED_IN if by_school else ACCEPTED) or (state == State.CONFIRMED and round_goes_on)


_HANDED_IN: tuple[Check[Facts], ...] = (checks_pass, blocking_measures_are_there, attachments_are_there)
_SCHOOL = roles(Role.SCHOOL_HEAD)
_CLOCK = roles(Role.SYSTEM, Role.SECRETARY)
_CHECKERS = roles(Role.COUNTY_VERIFIER, Role.BUREAU_VERIFIER)
_BUREAU_CHECK = roles(Role.BUREAU_VERIFIER)
_COMMITTEE = roles(Role.CHAIR, Role.SECRETARY)
_RETURN = (fields_named_with_reasons, a_correction_is_left)


def _check_steps(source: State) -> tuple[Step[Facts], ...]:
    """Pass and return out of `submitted` and, alike, out of `defaulted`."""
    return (
        Step(
            Event.PASS,
            source,
            State.CHECKED,
            _CHECKERS | {Role.SYSTEM},
            (by_the_office_whose_check_it_is, county_accepted_every_measure),
        ),
        Step(Event.RETURN, source, State.RETURNED, _CHECKERS, (by_the_office_whose_check_it_is, *_RETURN)),
    )


def _from_every_unended(event: Event, target: State, who: frozenset[Role], check: Check[Facts]) -> list[Step[Facts]]:
    return [Step(event, source, target, who, (check,)) for source in UNENDED]


_COLLECTION: tuple[Step[Facts], ...] = (
    Step(Event.OPEN, State.PLANNED, State.OPEN, _CLOCK),
    Step(Event.SUBMIT, State.OPEN, State.SUBMITTED, _SCHOOL, (deadline_not_passed, *_HANDED_IN)),
    Step(Event.DEFAULT, State.OPEN, State.DEFAULTED, _CLOCK, (deadline_passed, two_reminders_served)),
    Step(Event.RECALL, State.SUBMITTED, State.OPEN, _SCHOOL, (verification_not_claimed, deadline_not_passed)),
    *_check_steps(State.SUBMITTED),
    *_check_steps(State.DEFAULTED),
    Step(Event.SUBMIT, State.RETURNED, State.SUBMITTED, _SCHOOL, (deadline_not_passed, *_HANDED_IN)),
    Step(Event.DEFAULT, State.RETURNED, State.DEFAULTED, _CLOCK, (deadline_passed,)),
    Step(
        Event.ACCEPT,
        State.CHECKED,
        State.VERIFIED,
        _BUREAU_CHECK,
        (every_measure_accepted, other_suppliers_delivered),
    ),
    Step(Event.RETURN, State.CHECKED, State.RETURNED, _BUREAU_CHECK, _RETURN),
)
_DELIBERATION: tuple[Step[Facts], ...] = (
    Step(Event.SCORE, State.VERIFIED, State.SCORED, _CLOCK, (result_is_there,)),
    # A new run of all that is not yet publicised (workflow.md, Score run): by order, or with an amendment's new policy.
    *(
        Step(Event.RESCORE, source, State.SCORED, _CLOCK, (result_is_there, reason_given))
        for source in (State.SCORED, State.DECIDED, State.PREVIEWED)
    ),
    # A rating in publicity that rests on an earlier one which is another now: nobody else's place is touched.
    Step(
        Event.RESCORE,
        State.PUBLICISED,
        State.SCORED,
        roles(Role.SECRETARY),
        (result_is_there, reason_given, basis_changed),
    ),
    Step(
        Event.UPHOLD_CHALLENGE,
        State.SCORED,
        State.VERIFIED,
        roles(Role.BUREAU_VERIFIER, Role.BUREAU_APPROVER),
        (a_challenge_is_upheld,),
    ),
    Step(
        Event.DECIDE,
        State.SCORED,
        State.DECIDED,
        _COMMITTEE | {Role.BUREAU_APPROVER},
        (challenges_are_over, site_visit_reported, vote_or_bureau, other_people_than_the_first_time),
    ),
    Step(
        Event.RETURN,
        State.SCORED,
        State.RETURNED,
        roles(Role.BUREAU_VERIFIER, Role.SECRETARY),
        (incomplete_for_the_first_time, fields_named_with_reasons),
    ),
    Step(
        Event.RESCIND,
        State.DECIDED,
        State.SCORED,
        _COMMITTEE,
        (reason_given, the_committee_voted_to_rescind),
        two_people=True,
    ),
    # A conflict found later: what the school, or the public, has seen of such a decision does not keep it.
    *(
        Step(Event.VOID_DECISION, source, State.SCORED, _COMMITTEE, (the_decision_is_void,))
        for source in (State.DECIDED, State.PREVIEWED, State.PUBLICISED)
    ),
)
_PUBLICATION: tuple[Step[Facts], ...] = (
    Step(Event.PREVIEW, State.DECIDED, State.PREVIEWED, roles(Role.SECRETARY), (basis_as_scored,)),
    Step(
        Event.PUBLICISE,
        State.PREVIEWED,
        State.PUBLICISED,
        roles(Role.SECRETARY, Role.BUREAU_APPROVER),
        (school_was_served, two_people_approved_the_same_list, basis_as_scored),
        two_people=True,
    ),
    Step(
        Event.CONFIRM,
        State.PUBLICISED,
        State.CONFIRMED,
        roles(Role.BUREAU_APPROVER),
        (publicity_is_over, no_objection_open, document_number_given, basis_as_scored),
    ),
    *(
        Step(
            Event.REOPEN,
            State.PUBLICISED,
            target,
            roles(Role.SECRETARY, Role.BUREAU_APPROVER),
            (an_objection_is_upheld,),
            when=branch,
        )
        for target, branch in (
            (State.VERIFIED, lambda facts: facts.evidence_was_wrong),
            (State.SCORED, lambda facts: not facts.evidence_was_wrong),
        )
    ),
)

WORKFLOW = Workflow[Facts](
    "review",
    State,
    State.PLANNED,
    ENDED,
    [
        *_COLLECTION,
        *_DELIBERATION,
        *_PUBLICATION,
        *_from_every_unended(Event.EXEMPT, State.EXEMPTED, roles(Role.SECRETARY), reason_given),
        *_from_every_unended(Event.WITHDRAW, State.WITHDRAWN, _CLOCK, specialty_is_closed),
        *_from_every_unended(Event.CANCEL, State.CANCELLED, _CLOCK, round_is_cancelled),
    ],
)
