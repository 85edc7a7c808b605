"""What can be late, in a round or beside the rounds: whose it is to do, who is above them, and what is escalated."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .roles import Role


class Awaited(StrEnum):
    """Something that somebody owes by a day."""

    EVIDENCE = "evidence"
    CORRECTION = "correction"
    COUNTY_CHECK = "county_check"
    VERIFICATION = "verification"
    PANEL_SCORE = "panel_score"
    SCORE_RUN = "score_run"
    CHALLENGE_ANSWER = "challenge_answer"
    DECISION = "decision"
    PREVIEW = "preview"
    ADMISSIBILITY = "admissibility"
    OBJECTION_ANSWER = "objection_answer"
    APPEAL_ANSWER = "appeal_answer"
    RECTIFICATION_ANSWER = "rectification_answer"
    RECHECK = "recheck"
    CLOSING_APPEAL_ANSWER = "closing_appeal_answer"
    APPLICATION_CHECK = "application_check"
    APPLICATION_DECISION = "application_decision"
    SITE_VISIT = "site_visit"
    CLOSING_DECISION = "closing_decision"
    CLOSING = "closing"
    VISITORS = "visitors"
    MENDING = "mending"


@dataclass(frozen=True, slots=True)
class Office:
    """Who owes it, and who is told when nothing comes. Without a superior it is not escalated: another rule answers."""

    owner: Role
    superior: Role | None = None


OFFICES: Mapping[Awaited, Office] = {
    Awaited.EVIDENCE: Office(Role.SCHOOL_HEAD),  # defaulted
    Awaited.CORRECTION: Office(Role.SCHOOL_HEAD),
    Awaited.COUNTY_CHECK: Office(Role.COUNTY_VERIFIER, Role.BUREAU_VERIFIER),
    Awaited.VERIFICATION: Office(Role.BUREAU_VERIFIER, Role.BUREAU_APPROVER),
    Awaited.PANEL_SCORE: Office(Role.EXPERT),  # replaced, or gone on without
    Awaited.SCORE_RUN: Office(Role.SECRETARY, Role.BUREAU_APPROVER),
    Awaited.CHALLENGE_ANSWER: Office(Role.BUREAU_VERIFIER, Role.BUREAU_APPROVER),
    Awaited.DECISION: Office(Role.CHAIR, Role.BUREAU_APPROVER),
    Awaited.PREVIEW: Office(Role.SECRETARY, Role.BUREAU_APPROVER),
    Awaited.ADMISSIBILITY: Office(Role.SECRETARY, Role.BUREAU_APPROVER),
    Awaited.OBJECTION_ANSWER: Office(Role.SECRETARY, Role.BUREAU_APPROVER),
    Awaited.APPEAL_ANSWER: Office(Role.APPEAL_PANEL_MEMBER, Role.BUREAU_APPROVER),
    Awaited.RECTIFICATION_ANSWER: Office(Role.BUREAU_VERIFIER, Role.BUREAU_APPROVER),
    Awaited.RECHECK: Office(Role.BUREAU_VERIFIER, Role.BUREAU_APPROVER),
    Awaited.SITE_VISIT: Office(Role.SITE_VISITOR, Role.SECRETARY),
    Awaited.VISITORS: Office(Role.SECRETARY, Role.BUREAU_APPROVER),
    Awaited.MENDING: Office(Role.BUREAU_VERIFIER, Role.BUREAU_APPROVER),
    Awaited.CLOSING_DECISION: Office(Role.CHAIR, Role.BUREAU_APPROVER),
    Awaited.CLOSING: Office(Role.BUREAU_APPROVER, Role.AUDITOR),  # nobody signs above who signs for the bureau
    Awaited.CLOSING_APPEAL_ANSWER: Office(Role.APPEAL_PANEL_MEMBER, Role.BUREAU_APPROVER),
    Awaited.APPLICATION_CHECK: Office(Role.SECRETARY, Role.BUREAU_APPROVER),
    Awaited.APPLICATION_DECISION: Office(Role.CHAIR, Role.BUREAU_APPROVER),
}

OF_THE_COUNTY = frozenset({Awaited.EVIDENCE, Awaited.CORRECTION, Awaited.COUNTY_CHECK})
"""What a county is shown of its own schools; the rest is the bureau's to know."""
OF_THE_CITY = (
    Awaited.CLOSING_DECISION, Awaited.CLOSING, Awaited.CLOSING_APPEAL_ANSWER, Awaited.APPLICATION_CHECK,
    Awaited.APPLICATION_DECISION,
)  # fmt: skip
"""What is owed in no round: on a closing, or on an application."""
AT_ONCE = frozenset({Awaited.MENDING})
"""What has no day ahead: it should have been there already, and is late as soon as it is missing."""
ESCALATED = frozenset(what for what, office in OFFICES.items() if office.superior is not None)
