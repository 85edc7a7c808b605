"""Three ways to disagree: a challenge of a figure, an objection in publicity, an appeal against a confirmed rating.

Decides what may be lodged and how a case moves. What an upheld case does to its review is `review`'s table.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from .appeal_panel import ADMITS, PANEL, own_panel
from .errors import Problem
from .machine import Step, Workflow
from .requirements import answer_given, reason_given
from .review import APPEAL_STARTS
from .roles import Role, roles

_BUREAU = roles(Role.SECRETARY, Role.BUREAU_APPROVER)


def _due(day: date | None) -> dict[str, object]:
    return {} if day is None else {"due": day.isoformat()}


# --- challenge: the school, one figure of its own sheet, before the decision ---


class ChallengeState(StrEnum):
    """Where a challenge stands."""

    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"


class ChallengeEvent(StrEnum):
    """What happens to a challenge."""

    UPHOLD = "uphold"
    REJECT = "reject"


CHALLENGE_ENDED = frozenset({ChallengeState.UPHELD, ChallengeState.REJECTED})


@dataclass(frozen=True, slots=True)
class ChallengeFacts:
    """What lodging and answering a challenge look at; `figures` counts the measures it disputes."""

    review_scored: bool = False
    sheet_opened: bool = False
    figures: int = 0
    with_evidence: bool = False
    challenge_days_over: bool = True
    due: date | None = None
    answer: str = ""


def challenge_problems(facts: ChallengeFacts) -> list[Problem]:
    """Why a challenge cannot be lodged now; empty when it can."""
    problems = []
    if not facts.review_scored:
        problems.append(Problem("nothing-to-challenge", "review"))
    if not facts.sheet_opened:
        problems.append(Problem("sheet-not-opened", "sheet"))
    if facts.figures != 1:
        problems.append(Problem("one-figure-only", "measure", {"figures": facts.figures}))
    if not facts.with_evidence:
        problems.append(Problem("challenge-evidence-missing", "evidence"))
    if facts.challenge_days_over:
        problems.append(Problem("challenge-days-over", "", _due(facts.due)))
    return problems


_ANSWERS = roles(Role.BUREAU_VERIFIER, Role.BUREAU_APPROVER)

CHALLENGE = Workflow[ChallengeFacts](
    "challenge",
    ChallengeState,
    ChallengeState.OPEN,
    CHALLENGE_ENDED,
    [
        Step(ChallengeEvent.UPHOLD, ChallengeState.OPEN, ChallengeState.UPHELD, _ANSWERS, (answer_given,)),
        Step(ChallengeEvent.REJECT, ChallengeState.OPEN, ChallengeState.REJECTED, _ANSWERS, (answer_given,)),
    ],
)


# --- objection: anyone with a name and a contact, while the list is in publicity ---


class ObjectionState(StrEnum):
    """Where an objection stands."""

    RECEIVED = "received"
    CONTACT_CONFIRMED = "contact_confirmed"
    ADMITTED = "admitted"
    INADMISSIBLE = "inadmissible"
    UPHELD = "upheld"
    REJECTED = "rejected"


class ObjectionEvent(StrEnum):
    """What happens to an objection."""

    CONFIRM_CONTACT = "confirm_contact"
    ADMIT = "admit"
    RULE_OUT = "rule_out"
    UPHOLD = "uphold"
    REJECT = "reject"


OBJECTION_ENDED = frozenset({ObjectionState.INADMISSIBLE, ObjectionState.UPHELD, ObjectionState.REJECTED})
OBJECTION_HOLDS_UP = frozenset({ObjectionState.ADMITTED})
"""In these states an objection keeps its review from being confirmed."""


@dataclass(frozen=True, slots=True)
class ObjectionFacts:
    """What lodging and answering an objection look at.

    In a second publicity only what changed is open to objection: `about_what_changed` is then asked.
    """

    named: bool = False
    contact_given: bool = False
    grounds: str = ""
    in_publicity: bool = False
    publicity_over: bool = False
    due: date | None = None
    second_publicity: bool = False
    about_what_changed: bool = False
    contact_confirmed: bool = False
    answer: str = ""


def objection_problems(facts: ObjectionFacts) -> list[Problem]:
    """Why an objection cannot be lodged now; a late one is told the way of appeal."""
    problems = []
    if not facts.named:
        problems.append(Problem("name-missing", "name"))
    if not facts.contact_given:
        problems.append(Problem("contact-missing", "contact"))
    if not facts.grounds.strip():
        problems.append(Problem("grounds-missing", "grounds"))
    if facts.publicity_over:
        problems.append(Problem("publicity-over", "publication", {**_due(facts.due), "route": "appeal"}))
    elif not facts.in_publicity:
        problems.append(Problem("not-in-publicity", "publication"))
    if facts.second_publicity and not facts.about_what_changed:
        problems.append(Problem("heard-before", "grounds"))
    return problems


def _contact_is_confirmed(facts: ObjectionFacts) -> Iterable[Problem]:
    if not facts.contact_confirmed:
        yield Problem("contact-not-confirmed", "contact")


OBJECTION = Workflow[ObjectionFacts](
    "objection",
    ObjectionState,
    ObjectionState.RECEIVED,
    OBJECTION_ENDED,
    [
        # The objector proves the contact with the code that was sent there; the system acts on that proof.
        Step(
            ObjectionEvent.CONFIRM_CONTACT,
            ObjectionState.RECEIVED,
            ObjectionState.CONTACT_CONFIRMED,
            roles(Role.SYSTEM, Role.SECRETARY),
            (_contact_is_confirmed,),
        ),
        Step(ObjectionEvent.ADMIT, ObjectionState.CONTACT_CONFIRMED, ObjectionState.ADMITTED, _BUREAU),
        *(
            Step(ObjectionEvent.RULE_OUT, source, ObjectionState.INADMISSIBLE, _BUREAU, (answer_given,))
            for source in (ObjectionState.RECEIVED, ObjectionState.CONTACT_CONFIRMED)
        ),
        Step(ObjectionEvent.UPHOLD, ObjectionState.ADMITTED, ObjectionState.UPHELD, _BUREAU, (answer_given,)),
        Step(ObjectionEvent.REJECT, ObjectionState.ADMITTED, ObjectionState.REJECTED, _BUREAU, (answer_given,)),
    ],
)


# --- appeal: the school, against the confirmed rating, to a panel of its own ---


class AppealState(StrEnum):
    """Where an appeal stands."""

    RECEIVED = "received"
    ADMITTED = "admitted"
    INADMISSIBLE = "inadmissible"
    HEARD = "heard"
    UPHELD = "upheld"
    REJECTED = "rejected"


class AppealEvent(StrEnum):
    """What happens to an appeal."""

    ADMIT = "admit"
    ADD_PANELISTS = "add_panelists"
    RULE_OUT = "rule_out"
    HEAR = "hear"
    UPHOLD = "uphold"
    REJECT = "reject"


APPEAL_ENDED = frozenset({AppealState.INADMISSIBLE, AppealState.UPHELD, AppealState.REJECTED})


@dataclass(frozen=True, slots=True)
class AppealFacts:
    """What lodging and deciding an appeal look at. The clock runs from service, not from publication."""

    review_confirmed: bool = False
    served: bool = False
    appeal_days_over: bool = True
    due: date | None = None
    grounds: str = ""
    another_is_open: bool = False
    decided_before: tuple[str, ...] = ()
    """Members of this panel who decided the first time, by id."""
    new_review_from: str = ""
    """Upheld: where the new review begins, `verified` (a figure) or `scored` (the judgement)."""
    answer: str = ""
    reason: str = ""


def appeal_problems(facts: AppealFacts) -> list[Problem]:
    """Why an appeal cannot be lodged now; empty when it can."""
    problems = []
    if not facts.review_confirmed:
        problems.append(Problem("rating-not-confirmed", "review"))
    elif not facts.served:
        problems.append(Problem("school-not-served", "review"))
    elif facts.appeal_days_over:
        problems.append(Problem("appeal-days-over", "", _due(facts.due)))
    if facts.another_is_open:
        problems.append(Problem("appeal-open", "review"))
    if not facts.grounds.strip():
        problems.append(Problem("grounds-missing", "grounds"))
    return problems


def _start_of_the_new_review(facts: AppealFacts) -> Iterable[Problem]:
    if facts.new_review_from not in APPEAL_STARTS:
        yield Problem("new-review-start-unknown", "new_review_from", {"one_of": sorted(APPEAL_STARTS)})


APPEAL = Workflow[AppealFacts](
    "appeal",
    AppealState,
    AppealState.RECEIVED,
    APPEAL_ENDED,
    [
        Step(AppealEvent.ADMIT, AppealState.RECEIVED, AppealState.ADMITTED, ADMITS, (own_panel,)),
        Step(AppealEvent.RULE_OUT, AppealState.RECEIVED, AppealState.INADMISSIBLE, ADMITS, (own_panel, answer_given)),
        # Whoever answers has heard the school: a panel that others joined hears it anew.
        Step(AppealEvent.ADD_PANELISTS, AppealState.ADMITTED, AppealState.ADMITTED, ADMITS, (own_panel, reason_given)),
        Step(AppealEvent.ADD_PANELISTS, AppealState.HEARD, AppealState.ADMITTED, ADMITS, (own_panel, reason_given)),
        Step(AppealEvent.HEAR, AppealState.ADMITTED, AppealState.HEARD, PANEL, (own_panel,)),
        Step(
            AppealEvent.UPHOLD,
            AppealState.HEARD,
            AppealState.UPHELD,
            PANEL,
            (own_panel, answer_given, _start_of_the_new_review),
        ),
        Step(AppealEvent.REJECT, AppealState.HEARD, AppealState.REJECTED, PANEL, (own_panel, answer_given)),
    ],
)
