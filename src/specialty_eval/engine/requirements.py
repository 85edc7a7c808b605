"""What several tables ask for alike: a reason, an answer, a document, a second person."""

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Protocol

from .calendar import is_kept, last_local_day
from .errors import Problem


class WithReason(Protocol):
    """Facts that carry why somebody acts."""

    @property
    def reason(self) -> str:
        """The actor's words; goes on record."""


class WithAnswer(Protocol):
    """Facts that carry what is answered."""

    @property
    def answer(self) -> str:
        """The answer as it will be served."""


class WithDocumentNumber(Protocol):
    """Facts that carry an official document."""

    @property
    def document_number(self) -> str:
        """The number of the document that decides (发文字号)."""


class WithTwoPeople(Protocol):
    """Facts about an act of two people."""

    @property
    def first_person(self) -> str:
        """Who prepared it, by id."""

    @property
    def second_person(self) -> str:
        """Who approves it now, by id."""


class WithDigest(Protocol):
    """Facts about something frozen under its digest."""

    @property
    def digest(self) -> str:
        """Of it as it stands."""

    @property
    def digest_seen(self) -> str:
        """Of what the second person had before them."""


def extension_problems(
    now: datetime, until: datetime, told: datetime | None, reason: str, zone: tzinfo
) -> list[Problem]:
    """Why a deadline cannot be extended until then: no reason, over already, or not later than what was told."""
    problems = [] if reason.strip() else [Problem("reason-missing", "reason")]
    if not is_kept(now, until):
        problems.append(Problem("deadline-in-the-past", "until", {"until": last_local_day(until, zone).isoformat()}))
    if told is not None and until <= told:
        problems.append(Problem("deadline-never-earlier", "until", {"told": last_local_day(told, zone).isoformat()}))
    return problems


def reason_given(facts: WithReason) -> Iterable[Problem]:
    """A reason in words, not blanks."""
    if not facts.reason.strip():
        yield Problem("reason-missing", "reason")


def answer_given(facts: WithAnswer) -> Iterable[Problem]:
    """An answer in words, not blanks."""
    if not facts.answer.strip():
        yield Problem("answer-missing", "answer")


def document_number_given(facts: WithDocumentNumber) -> Iterable[Problem]:
    """The number of the document that decides."""
    if not facts.document_number.strip():
        yield Problem("document-number-missing", "document_number")


def by_two_people(facts: WithTwoPeople) -> Iterable[Problem]:
    """Two people are named, and they differ: nobody approves their own work, in no other role either."""
    if not facts.first_person or not facts.second_person or facts.first_person == facts.second_person:
        yield Problem("second-person-missing")


def as_it_was_read(facts: WithDigest) -> Iterable[Problem]:
    """What is approved is what the second person read."""
    if not facts.digest or facts.digest_seen != facts.digest:
        yield Problem("list-changed", "digest", {"digest": facts.digest})
