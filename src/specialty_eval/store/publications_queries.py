"""Questions about publication: what was previewed and served, what a list would hold, what stands on it, its seal."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.calendar import Calendar
from specialty_eval.engine.consequences import Duration
from specialty_eval.engine.meeting import ItemState
from specialty_eval.engine.permissions import Kind
from specialty_eval.engine.policy import Label, Policy
from specialty_eval.engine.publicity import ListState
from specialty_eval.engine.review import Event as ReviewEvent
from specialty_eval.engine.review import State

from .accounts import RoleGrant
from .deliberation import Decision, MeetingItem
from .ledger import Event, EventSeal
from .outcomes import Objection, Publication, PublicationEntry
from .registry import Organisation, School, Specialty, SpecialtyCode
from .registry_queries import numbered
from .reviews import Review, ScoreRun, ScoreSheet

OUT = (ListState.IN_PUBLICITY.value, ListState.CLOSED.value)
"""The states in which a list is public."""
_CUTS_SHORT = tuple(f"review.{step.value}" for step in (ReviewEvent.VOID_DECISION, ReviewEvent.RESCORE))
"""What takes a review out of its publicity, but for an objection that was heard there."""
BEFORE = (ListState.DRAFTED.value, ListState.APPROVED.value)


@dataclass(frozen=True, slots=True)
class Service:
    """When a decision reached the school: it opened it, or the policy's days after the preview are over."""

    previewed_at: datetime | None
    acknowledged_at: datetime | None
    preview_due: datetime | None = None
    """Until when its school has it to itself."""

    def served_at(self, calendar: Calendar, deemed: Duration, zone: tzinfo, now: datetime) -> datetime | None:
        """The moment of service, None while there is none yet. Asked anew each time: no job has to have run."""
        if self.acknowledged_at is not None:
            return self.acknowledged_at
        if self.previewed_at is None:
            return None
        due = calendar.due(self.previewed_at, deemed, zone)
        return due if due <= now else None


def previewed(session: Session, reviews: Collection[int]) -> dict[int, datetime]:
    """Review → when it was last previewed, of those that were."""
    found = (
        sa.select(Event.subject_id, sa.func.max(Event.at))
        .where(
            Event.subject_kind == Review.__tablename__,
            Event.subject_id.in_(reviews),
            Event.kind == f"review.{ReviewEvent.PREVIEW.value}",
        )
        .group_by(Event.subject_id)
    )
    return {key: when for key, when in session.execute(found)}  # noqa: C416 -- a Row is no tuple to dict()


def services(session: Session, reviews: Collection[int]) -> dict[int, Service]:
    """Review → when it was last shown (previewed, or confirmed) and acknowledged; two statements."""
    at = previewed(session, reviews)
    found = sa.select(Review.id, Review.confirmed_at, Review.served_at, Review.preview_due)
    rows = session.execute(found.where(Review.id.in_(reviews)))
    return {key: Service(confirmed or at.get(key), served, due) for key, confirmed, served, due in rows}


UNOPENED = (State.PREVIEWED.value, State.PUBLICISED.value, State.CONFIRMED.value)
"""The states in which a decision can count as served though its school has not opened it."""


def unserved(session: Session, round_id: int) -> list[int]:
    """The reviews of a round whose decision its school has not opened and that does not count as served, in order."""
    found = sa.select(Review.id).where(
        Review.round_id == round_id, Review.served_at.is_(None), Review.state.in_(UNOPENED)
    )  # fmt: skip
    return list(session.scalars(found.order_by(Review.id)))


def serve(session: Session, reviews: Collection[int], at: datetime) -> None:
    """These count as served since then. The rows are locked by the caller."""
    served = sa.update(Review).where(numbered(Review.id, reviews)).values(served_at=at)
    session.execute(served, execution_options={"synchronize_session": "fetch"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A review as a list would hold it, and what keeps it off: its item void, or a list not yet out that has it."""

    review_id: int
    round_id: int
    code: str
    state: str
    decision_id: int | None
    rating: str | None
    reasons: tuple[str, ...]
    item_void: bool
    on_list: int | None
    computed: str | None
    decision_reason: str | None
    inputs_digest: str

    @property
    def line(self) -> list[Any]:
        """What is frozen of it: also what was computed, why it was decided otherwise, and the digest of the run.

        The digest of a run without a secret stays out: figures could be tried against it.
        """
        why = self.decision_reason if self.rating != self.computed else ""
        decided = [self.review_id, self.code, self.rating, list(self.reasons), self.decision_id]
        return [*decided, self.computed, why or "", self.inputs_digest]


def roles_held(session: Session, person: int, city: str, on: date) -> frozenset[str]:
    """The roles somebody held at the city's bureau that day."""
    found = (
        sa.select(RoleGrant.role)
        .join(Organisation, Organisation.id == RoleGrant.organisation_id)
        .where(
            RoleGrant.person_id == person,
            Organisation.kind == Kind.BUREAU.value,
            Organisation.jurisdiction_code == city,
            RoleGrant.valid_from <= on,
            sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= on),
        )
    )
    return frozenset(session.scalars(found))


def candidates(session: Session, reviews: Collection[int]) -> dict[int, Candidate]:
    """Each of these reviews as a list would hold it, in the order of the codes; one statement."""
    on_list = (
        sa.select(sa.func.min(Publication.id))
        .join(PublicationEntry, PublicationEntry.publication_id == Publication.id)
        .where(
            PublicationEntry.review_id == Review.id,
            PublicationEntry.edition == Publication.edition,
            Publication.state.in_(BEFORE),
        )
        .scalar_subquery()
    )
    found = (
        sa.select(
            Review.id, Review.round_id, SpecialtyCode.code, Review.state, Review.decision_id, Review.decided_rating,
            ScoreSheet.reasons, MeetingItem.state, on_list, Decision.computed, Decision.reason,
            sa.case((ScoreRun.secret.is_not(None), ScoreRun.inputs_digest), else_=""),
        )
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Review.specialty_id)
        .outerjoin(Decision, Decision.id == Review.decision_id)
        .outerjoin(MeetingItem, MeetingItem.id == Decision.item_id)
        .outerjoin(ScoreSheet, ScoreSheet.id == Decision.sheet_id)
        .outerjoin(ScoreRun, ScoreRun.id == ScoreSheet.run_id)
        .where(Review.id.in_(reviews), SpecialtyCode.valid_to.is_(None))
        .order_by(SpecialtyCode.code)
    )  # fmt: skip
    return {
        key: Candidate(key, round_id, code, state, decision, rating, tuple(reasons or ()),
                       item_state == ItemState.VOIDED.value, *others)
        for key, round_id, code, state, decision, rating, reasons, item_state, *others in session.execute(found)
    }  # fmt: skip


def listed(session: Session, publication: Publication) -> dict[int, int]:
    """Review → decision it stands on, of the publication's present edition, in order of the review."""
    found = (
        sa.select(PublicationEntry.review_id, PublicationEntry.decision_id)
        .where(PublicationEntry.publication_id == publication.id, PublicationEntry.edition == publication.edition)
        .order_by(PublicationEntry.review_id)
    )
    return {key: decision for key, decision in session.execute(found)}  # noqa: C416 -- see above


def reviews_on(session: Session, publications: Collection[int]) -> dict[int, set[int]]:
    """Publication → the reviews on its present edition, of those that list any; one statement, for none none."""
    if not publications:
        return {}
    found = (
        sa.select(PublicationEntry.publication_id, PublicationEntry.review_id)
        .join(Publication, Publication.id == PublicationEntry.publication_id)
        .where(Publication.id.in_(publications), PublicationEntry.edition == Publication.edition)
    )
    on: dict[int, set[int]] = {}
    for publication, review in session.execute(found):
        on.setdefault(publication, set()).add(review)
    return on


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as people read it. `computed` differs from the rating where the committee decided otherwise."""

    id: int
    review_id: int
    code: str
    specialty: str
    school: str
    county: str
    level: str
    class_code: str
    class_name: str
    rating: str
    reasons: list[str]
    computed: str
    decision_reason: str


def lines(publication: Publication) -> sa.Select[*tuple[Any, ...]]:
    """The query behind `Line`, of the publication's present edition; to be ordered and cut by the caller."""
    return (
        sa.select(
            PublicationEntry.id, PublicationEntry.review_id, SpecialtyCode.code, Specialty.name, School.name,
            School.jurisdiction_code, Specialty.level, Specialty.class_code, Specialty.class_name,
            PublicationEntry.rating, PublicationEntry.reasons, Decision.computed, Decision.reason,
        )
        .join(Review, Review.id == PublicationEntry.review_id)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Specialty.id)
        .join(Decision, Decision.id == PublicationEntry.decision_id)
        .where(
            PublicationEntry.publication_id == publication.id,
            PublicationEntry.edition == publication.edition,
            SpecialtyCode.valid_to.is_(None),
        )
    )  # fmt: skip


def entry_of(session: Session, publication: Publication, review_id: int) -> PublicationEntry | None:
    """A review's entry in the publication's present edition."""
    found = sa.select(PublicationEntry).where(
        PublicationEntry.publication_id == publication.id,
        PublicationEntry.edition == publication.edition,
        PublicationEntry.review_id == review_id,
    )
    return session.scalar(found)


def heard_before(session: Session, publication: Publication, review_id: int) -> PublicationEntry | None:
    """The review's entry in the last list that was out before this one; None when this is its first publicity.

    A publicity that a void decision, or scoring anew, cut short is none: who would have objected later was not heard.
    """
    cut_short = sa.exists().where(
        Event.subject_kind == Review.__tablename__, Event.subject_id == review_id, Event.kind.in_(_CUTS_SHORT),
        Event.at >= Publication.opened_at, Event.at < Publication.closes_at,
    )  # fmt: skip
    found = (
        sa.select(PublicationEntry)
        .join(Publication, Publication.id == PublicationEntry.publication_id)
        .where(
            PublicationEntry.review_id == review_id,
            PublicationEntry.edition == Publication.edition,
            Publication.id != publication.id,
            Publication.opened_at < publication.opened_at,
            Publication.state.in_(OUT),
            ~cut_short.correlate(Publication),
        )
        .order_by(Publication.opened_at.desc())
        .limit(1)
    )
    return session.scalar(found)


def last_closing(session: Session, review_id: int) -> datetime | None:
    """When the days end, or ended, of the last public list whose present edition has the review."""
    found = (
        sa.select(Publication.closes_at)
        .join(PublicationEntry, PublicationEntry.publication_id == Publication.id)
        .where(
            PublicationEntry.review_id == review_id,
            PublicationEntry.edition == Publication.edition,
            Publication.state.in_(OUT),
        )
        .order_by(Publication.opened_at.desc())
        .limit(1)
    )
    return session.scalar(found)


def open_objections(session: Session, reviews: Collection[int], states: Collection[str]) -> dict[int, int]:
    """Review → how many objections to it are in these states; reviews without one are left out."""
    found = (
        sa.select(Objection.review_id, sa.func.count())
        .where(Objection.review_id.in_(reviews), Objection.state.in_(states))
        .group_by(Objection.review_id)
    )
    return {key: number for key, number in session.execute(found)}  # noqa: C416 -- see above


def seal_head(session: Session) -> str:
    """The head of the event log's seals as it stands, empty before the first one."""
    return session.scalar(sa.select(EventSeal.head).order_by(EventSeal.id.desc()).limit(1)) or ""


def seal_over(session: Session, kind: str, subjects: Collection[int]) -> str | None:
    """The head of the first seal over every event about these subjects; None where one of them is in none yet."""
    last = sa.select(sa.func.max(Event.transaction)).where(Event.subject_kind == kind, Event.subject_id.in_(subjects))
    through = session.scalar(last)
    if through is None:
        return None
    return session.scalar(sa.select(EventSeal.head).where(EventSeal.through >= through).order_by(EventSeal.id).limit(1))


def reason_labels(policy: Policy) -> Mapping[str, Label]:
    """Code → label of everything that can stand among a rating's reasons."""
    steps = policy.rating
    named = (
        *policy.adjustments,
        *steps.unrated,
        *steps.rules,
        *steps.quotas,
        *steps.caps,
        *steps.history,
        *steps.flags,
    )
    return {step.code: step.label for step in named}
