"""What the steps of a review look at, and what can stand in their way: one named check a rule (workflow.md, Review)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from .errors import Problem
from .roles import Role
from .vocabulary import Rating

REMINDERS_BEFORE_DEFAULT = 2


@dataclass(frozen=True, slots=True)
class SheetBasis:
    """What a sheet rests on beside its evidence, then and now: the specialty's ratings of the years before the scored
    one, `2024 yellow` each, oldest first, and whose scores it counts.
    """

    then: tuple[str, ...]
    """With which its sheet was computed."""
    now: tuple[str, ...]
    """On record now."""
    left_out: int = 0
    """Experts whose scores are in its sheet and were left out since, for an interest that was found late."""

    @property
    def are_the_same(self) -> bool:
        """What the sheet rests on is on record still, and counts."""
        return self.then == self.now and not self.left_out

    def problem(self, where: str) -> Problem:
        """What changed; nothing is said of what there was or is none."""
        if self.left_out and self.then == self.now:
            return Problem("scores-left-out", where, {"experts": self.left_out})
        said = {"then": list(self.then), "now": list(self.now)}
        return Problem("history-changed", where, {name: ratings for name, ratings in said.items() if ratings})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the steps of a review look at.

    A favourable fact is absent unless it is said (a flag is False, an approval not there), so that a forgotten one
    refuses. Measures and attachments are codes; `due` is the last day of the deadline the present state has.
    """

    acting: Role = Role.SYSTEM
    reason: str = ""
    due: date | None = None
    deadline_passed: bool = False
    """Of the collection, or of the correction once returned: by when the last byte arrived."""
    reminders_served: int = 0
    # what the school hands in
    failing_checks: tuple[Problem, ...] = ()
    missing_blocking: tuple[str, ...] = ()
    missing_attachments: tuple[str, ...] = ()
    # verification
    verification_claimed: bool = False
    county_check: bool = True
    """The policy has a county check and the city does not run the school."""
    county_due: date | None = None
    """The last day that the county has for its check."""
    county_days_over: bool = False
    taken_over: bool = False
    """The bureau took the county's check over."""
    unaccepted: tuple[str, ...] = ()
    """Reported measures neither accepted nor set aside as unsupported."""
    corrections_used: int = 0
    corrections_at_most: int = 0
    returned_fields: Mapping[str, str] = field(default_factory=dict)
    """Measure → why it goes back."""
    missing_of_others: tuple[str, ...] = ()
    """Values that other suppliers owe and a `missing: block` indicator needs."""
    # scoring and deliberation
    computed: Rating | None = None
    returned_as_incomplete: bool = False
    challenge_upheld: bool = False
    challenge_days_over: bool = False
    open_challenges: int = 0
    site_visit_owed: bool = False
    """The policy asks a visit for this review, and its report is not there."""
    valid_vote: bool = False
    quorum_given_up: bool = False
    """No quorum for the policy's days, in a written procedure neither."""
    decided_before: tuple[str, ...] = ()
    """On appeal: those who decide now and decided the first time, by id."""
    basis: SheetBasis | None = None
    """None where nobody looked: neither the same nor others."""
    decision_void: bool = False
    """A conflict found later voids the item that made it."""
    voted_to_rescind: bool | None = None
    """What the committee's newest vote on taking back this decision came to; None where there is none."""
    vote_by_another: bool = False
    """Another person put that vote on record."""
    # publication
    served: bool = False
    list_frozen: bool = False
    list_approved_by_another: bool = False
    publicity_over: bool = False
    open_objections: int = 0
    """Admitted ones against this review that are not answered yet."""
    objections_to_admit: int = 0
    """Those whose admissibility is still to be said: with a confirmed contact, or within the days there are for it."""
    objection_upheld: bool = False
    evidence_was_wrong: bool = False
    """The upheld objection is about a figure, not about the judgement."""
    document_number: str = ""
    # ends
    specialty_closed: bool = False
    round_cancelled: bool = False


def _due(facts: Facts) -> dict[str, object]:
    return {} if facts.due is None else {"due": facts.due.isoformat()}


def _county_due(facts: Facts) -> dict[str, object]:
    return {} if facts.county_due is None else {"due": facts.county_due.isoformat()}


def deadline_not_passed(facts: Facts) -> Iterable[Problem]:
    if facts.deadline_passed:
        yield Problem("deadline-passed", "", _due(facts))


def deadline_passed(facts: Facts) -> Iterable[Problem]:
    if not facts.deadline_passed:
        yield Problem("deadline-not-passed", "", _due(facts))


def two_reminders_served(facts: Facts) -> Iterable[Problem]:
    if facts.reminders_served < REMINDERS_BEFORE_DEFAULT:
        yield Problem(
            "reminders-not-served", "", {"served": facts.reminders_served, "needed": REMINDERS_BEFORE_DEFAULT}
        )


def checks_pass(facts: Facts) -> Iterable[Problem]:
    return facts.failing_checks


def blocking_measures_are_there(facts: Facts) -> Iterable[Problem]:
    return [Problem("measure-missing", f"measures.{code}", {"measure": code}) for code in facts.missing_blocking]


def attachments_are_there(facts: Facts) -> Iterable[Problem]:
    return [Problem("attachment-missing", f"measures.{code}", {"measure": code}) for code in facts.missing_attachments]


def verification_not_claimed(facts: Facts) -> Iterable[Problem]:
    if facts.verification_claimed:
        yield Problem("verification-claimed")


def by_the_office_whose_check_it_is(facts: Facts) -> Iterable[Problem]:
    if not facts.county_check:
        if facts.acting not in {Role.SYSTEM, Role.BUREAU_VERIFIER}:
            yield Problem("no-county-check")
    elif facts.taken_over:
        if facts.acting != Role.BUREAU_VERIFIER:
            yield Problem("taken-over-by-bureau")
    elif facts.acting != Role.COUNTY_VERIFIER:
        yield Problem("county-check-first", "", _county_due(facts))


def take_over_problems(facts: Facts) -> list[Problem]:
    """Why the bureau cannot take the county's check of what was handed in over now; empty when it can."""
    if not facts.county_check:
        return [Problem("no-county-check")]
    if facts.taken_over:
        return [Problem("taken-over-by-bureau")]
    return [] if facts.county_days_over else [Problem("county-days-running", "", _county_due(facts))]


def county_accepted_every_measure(facts: Facts) -> Iterable[Problem]:
    if not facts.county_check:
        return []
    return every_measure_accepted(facts)


def every_measure_accepted(facts: Facts) -> Iterable[Problem]:
    return [Problem("measure-not-accepted", f"measures.{code}", {"measure": code}) for code in facts.unaccepted]


def fields_named_with_reasons(facts: Facts) -> Iterable[Problem]:
    if not facts.returned_fields:
        yield Problem("no-field-returned", "measures")
    for code, reason in facts.returned_fields.items():
        if not reason.strip():
            yield Problem("reason-missing", f"measures.{code}")


def a_correction_is_left(facts: Facts) -> Iterable[Problem]:
    if facts.corrections_used >= facts.corrections_at_most:
        counts = {"used": facts.corrections_used, "at_most": facts.corrections_at_most}
        yield Problem("no-correction-left", "", counts)


def other_suppliers_delivered(facts: Facts) -> Iterable[Problem]:
    return [
        Problem("supplier-value-missing", f"measures.{code}", {"measure": code}) for code in facts.missing_of_others
    ]


def result_is_there(facts: Facts) -> Iterable[Problem]:
    if facts.computed is None:
        yield Problem("no-score-run", "score_run")


def a_challenge_is_upheld(facts: Facts) -> Iterable[Problem]:
    if not facts.challenge_upheld:
        yield Problem("no-challenge-upheld", "challenges")


def challenges_are_over(facts: Facts) -> Iterable[Problem]:
    if not facts.challenge_days_over:
        yield Problem("challenge-days-running", "challenges", _due(facts))
    if facts.open_challenges:
        yield Problem("challenge-open", "challenges", {"challenges": facts.open_challenges})


def site_visit_reported(facts: Facts) -> Iterable[Problem]:
    if facts.site_visit_owed:
        yield Problem("site-visit-not-reported", "site_visit")


def vote_or_bureau(facts: Facts) -> Iterable[Problem]:
    if facts.acting == Role.BUREAU_APPROVER:
        if not facts.quorum_given_up:
            yield Problem("committee-votes-first")
    elif not facts.valid_vote:
        yield Problem("no-valid-vote")


def other_people_than_the_first_time(facts: Facts) -> Iterable[Problem]:
    if facts.decided_before:
        yield Problem("decided-the-first-time", "members", {"members": list(facts.decided_before)})


def basis_as_scored(facts: Facts) -> Iterable[Problem]:
    if facts.basis is None or not facts.basis.are_the_same:
        yield (facts.basis or SheetBasis((), ())).problem("history")


def basis_changed(facts: Facts) -> Iterable[Problem]:
    if facts.basis is None or facts.basis.are_the_same:
        yield Problem("history-as-scored", "history")


def the_committee_voted_to_rescind(facts: Facts) -> Iterable[Problem]:
    if facts.voted_to_rescind is None:
        yield Problem("vote-missing", "vote")
    elif not facts.voted_to_rescind:
        yield Problem("rescinding-not-carried", "vote")
    elif not facts.vote_by_another:
        yield Problem("rescinding-same-person", "review")


def the_decision_is_void(facts: Facts) -> Iterable[Problem]:
    if not facts.decision_void:
        yield Problem("decision-stands", "decision")


def incomplete_for_the_first_time(facts: Facts) -> Iterable[Problem]:
    if facts.computed != Rating.INCOMPLETE:
        yield Problem("not-incomplete")
    elif facts.returned_as_incomplete:
        yield Problem("returned-as-incomplete-before")


def school_was_served(facts: Facts) -> Iterable[Problem]:
    if not facts.served:
        yield Problem("school-not-served", "", _due(facts))


def two_people_approved_the_same_list(facts: Facts) -> Iterable[Problem]:
    if not facts.list_frozen:
        yield Problem("list-not-frozen", "publication")
    elif not facts.list_approved_by_another:
        yield Problem("second-person-missing", "publication")


def publicity_is_over(facts: Facts) -> Iterable[Problem]:
    if not facts.publicity_over:
        yield Problem("publicity-running", "publication", _due(facts))


def no_objection_open(facts: Facts) -> Iterable[Problem]:
    if facts.open_objections:
        yield Problem("objection-open", "objections", {"objections": facts.open_objections})
    if facts.objections_to_admit:
        yield Problem("objection-not-admitted-yet", "objections", {"objections": facts.objections_to_admit})


def an_objection_is_upheld(facts: Facts) -> Iterable[Problem]:
    if not facts.objection_upheld:
        yield Problem("no-objection-upheld", "objections")


def specialty_is_closed(facts: Facts) -> Iterable[Problem]:
    if not facts.specialty_closed:
        yield Problem("specialty-not-closed", "specialty")


def round_is_cancelled(facts: Facts) -> Iterable[Problem]:
    if not facts.round_cancelled:
        yield Problem("round-not-cancelled", "round")
