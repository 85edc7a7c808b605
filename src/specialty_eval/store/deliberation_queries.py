"""Questions about deliberation that are not one meeting's: ballots, what deciding looks at, members, who is recused.

Whether that makes a valid vote is `engine.committee`'s arithmetic.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from specialty_eval.engine import committee, site_visits
from specialty_eval.engine.cases import ChallengeState
from specialty_eval.engine.policy import Policy, Rating

from . import scopes
from .accounts import CommitteeMember
from .deliberation import Decision, InterestDeclaration, MeetingItem, MeetingSeat
from .deliberation_rooms import GOING
from .outcomes import RatingInForce
from .rectification_queries import proves_elsewhere
from .registry import Organisation, Specialty
from .reviews import Attachment, Challenge, EvidenceVersion, Review, ScoreRun, ScoreSheet
from .site_visits import SiteVisitReport

_IDS = ARRAY(sa.BigInteger())


def declare(session: Session, person_id: int | None, said: Mapping[int, tuple[str, str]], now: datetime) -> None:
    """Put a person's word on record, item → (interest or none, reason); a later one replaces it. One statement."""
    items = sorted(said)
    session.connection().execute(_DECLARE, {
        "items": items, "interests": [said[i][0] for i in items], "reasons": [said[i][1] for i in items],
        "person": person_id, "now": now,
    })  # fmt: skip


def has_interest(session: Session, person_id: int | None, review_id: int) -> bool:
    """Whether the person has declared an interest in the review's specialty in its round, on whatever item."""
    if person_id is None:
        return False
    found = sa.select(Review.id).join(Specialty, Specialty.id == Review.specialty_id)
    return session.scalar(found.where(Review.id == review_id, scopes.interested(person_id))) is not None


_DECLARED = insert(InterestDeclaration).from_select(
    ["item_id", "interest", "reason", "person_id", "declared_at"],
    sa.select(
        sa.func.unnest(sa.bindparam("items", type_=ARRAY(sa.BigInteger()))),
        sa.func.unnest(sa.bindparam("interests", type_=ARRAY(sa.Text()))),
        sa.func.unnest(sa.bindparam("reasons", type_=ARRAY(sa.Text()))),
        sa.bindparam("person", type_=sa.BigInteger()),
        sa.bindparam("now", type_=InterestDeclaration.declared_at.type),
    ),
)
_DECLARE = _DECLARED.on_conflict_do_update(
    index_elements=["item_id", "person_id"],
    set_={name: _DECLARED.excluded[name] for name in ("interest", "reason", "declared_at")},
)


@dataclass(frozen=True, slots=True)
class Case:
    """What deciding a review looks at: its sheet, its challenges, its visit."""

    review_id: int
    round_id: int
    state: str
    decision_id: int | None
    sheet_id: int
    computed: Rating
    caps: frozenset[str]
    """The caps that hold, whether or not they changed the rating, among its reasons: the codes of both."""
    scored_at: datetime
    challenge_due: datetime | None
    open_challenges: int
    visited: bool

    def at_most(self, policy: Policy) -> Rating | None:
        """Above which colour no vote gets; None where no cap holds."""
        return committee.ceiling(policy.rating.caps, self.caps)

    def owes_visit(self, policy: Policy) -> bool:
        """Whether the policy asks a visit whose report is not there."""
        rules = policy.workflow.site_visit
        if rules is None or self.visited:
            return False
        return site_visits.is_asked(rules, self.computed, self.round_id, self.review_id)


def cases(session: Session, reviews: Collection[int]) -> dict[int, Case]:
    """Of those of these reviews that have a sheet, what deciding them looks at, in their order; one statement."""
    challenges = (
        sa.select(sa.func.count())
        .where(Challenge.review_id == Review.id, Challenge.state == ChallengeState.OPEN.value)
        .scalar_subquery()
    )
    found = (
        sa.select(
            Review.id, Review.round_id, Review.state, Review.decision_id, ScoreSheet.id.label("sheet_id"),
            ScoreSheet.rating, ScoreSheet.reasons, ScoreSheet.caps, ScoreRun.made_at, Review.challenge_due,
            challenges.label("open_challenges"), sa.exists().where(SiteVisitReport.review_id == Review.id),
        )
        .join(ScoreSheet, ScoreSheet.id == Review.sheet_id)
        .join(ScoreRun, ScoreRun.id == ScoreSheet.run_id)
        .where(Review.id.in_(reviews))
        .order_by(Review.id)
    )  # fmt: skip
    made = {}
    for row in session.execute(found):
        key, round_id, state, decision, sheet, rating, reasons, caps, made_at, due, challenged, visited = row
        computed = Rating(rating)
        made[key] = Case(
            key,
            round_id,
            state,
            decision,
            sheet,
            computed,
            frozenset((*caps, *reasons)),
            made_at,
            due,
            challenged,
            visited,
        )
    return made


# --- listing and seating ---


def without_quorum_since(session: Session, reviews: Collection[int]) -> dict[int, datetime]:
    """Review → when an item about it was first put off for want of a quorum, since it was last decided."""
    decided = (
        sa.select(sa.func.max(Decision.decided_at)).where(Decision.review_id == MeetingItem.review_id).scalar_subquery()
    )
    found = (
        sa.select(MeetingItem.review_id, sa.func.min(MeetingItem.no_quorum_at))
        .where(
            MeetingItem.review_id.in_(reviews),
            MeetingItem.no_quorum_at.is_not(None),
            sa.or_(decided.is_(None), MeetingItem.no_quorum_at > decided),
        )
        .group_by(MeetingItem.review_id)
    )
    return {review: at for review, at in session.execute(found) if at is not None}


@dataclass(frozen=True, slots=True)
class Material:
    """What is read before a vote."""

    sheet: ScoreSheet
    evidence: dict[str, Any] | None
    challenges: list[dict[str, Any]]
    in_force: str | None


def material(session: Session, review_id: int) -> Material:
    """A scored review's sheet, the evidence it stands on, its challenges, the rating in force now."""
    row = session.execute(
        sa.select(Review, ScoreSheet, EvidenceVersion, RatingInForce.rating)
        .join(ScoreSheet, ScoreSheet.id == Review.sheet_id)
        .outerjoin(EvidenceVersion, EvidenceVersion.id == ScoreSheet.evidence_version_id)
        .outerjoin(
            RatingInForce,
            sa.and_(
                RatingInForce.specialty_id == Review.specialty_id,
                RatingInForce.valid_to.is_(None),
                RatingInForce.known_to.is_(None),
            ),
        )
        .where(Review.id == review_id)
    ).one()
    version: EvidenceVersion | None = row[2]
    challenges = session.scalars(sa.select(Challenge).where(Challenge.review_id == review_id).order_by(Challenge.id))
    attached = sa.select(Attachment.measure, sa.func.count()).where(
        Attachment.review_id == review_id, ~proves_elsewhere()
    )
    files = session.execute(attached.group_by(Attachment.measure).order_by(Attachment.measure)).all()
    return Material(
        sheet=row[1],
        evidence=None if version is None else {
            "number": version.number, "digest": version.digest, "figures": version.figures,
            "self_evaluation": version.self_evaluation, "was_defaulted": row[0].was_defaulted,
            "attachments": {measure: number for measure, number in files},  # noqa: C416 -- a Row is no tuple to dict()
        },
        challenges=[{"measure": c.measure, "stated": c.stated, "claimed": c.claimed, "reason": c.reason,
                     "state": c.state, "answer": c.answer} for c in challenges],
        in_force=row[3],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member of the committee, in office on a day or not."""

    id: int
    person_id: int
    sector: str
    substitute: bool
    term_from: date
    term_to: date

    def in_term(self, day: date) -> bool:
        """Whether the term covers the day."""
        return self.term_from <= day <= self.term_to


def members_of(session: Session, city: str) -> dict[int, MemberRow]:
    """The city's committee, whatever the term, by number."""
    found = (
        sa.select(
            CommitteeMember.id, CommitteeMember.person_id, CommitteeMember.sector, CommitteeMember.substitute,
            CommitteeMember.term_from, CommitteeMember.term_to,
        )
        .join(Organisation, Organisation.id == CommitteeMember.bureau_id)
        .where(Organisation.jurisdiction_code == city, Organisation.kind == "bureau")
        .order_by(CommitteeMember.id)
    )  # fmt: skip
    return {row.id: MemberRow(*row) for row in session.execute(found)}


def listable(session: Session, reviews: Collection[int]) -> dict[int, tuple[int, str, bool]]:
    """Review → its round, its state, and whether it is on a list already and not decided there."""
    going = sa.exists().where(MeetingItem.review_id == Review.id, MeetingItem.state.in_(GOING))
    found = sa.select(Review.id, Review.round_id, Review.state, going).where(Review.id.in_(reviews))
    return {key: (round_id, state, listed) for key, round_id, state, listed in session.execute(found)}


def going_items(session: Session, reviews: Collection[int]) -> list[int]:
    """The items about these reviews that are still to be decided, in order."""
    found = sa.select(MeetingItem.id).where(MeetingItem.review_id == sa.any_(sa.literal(list(reviews), _IDS)),
                                            MeetingItem.state.in_(GOING))  # fmt: skip
    return list(session.scalars(found.order_by(MeetingItem.id)))


def seated_for(session: Session, review_id: int) -> frozenset[str]:
    """Who sits where the review is on the list, as a `Scope` has them."""
    seated = (
        sa.select(CommitteeMember.person_id)
        .join(MeetingSeat, MeetingSeat.member_id == CommitteeMember.id)
        .join(MeetingItem, MeetingItem.meeting_id == MeetingSeat.meeting_id)
        .where(MeetingItem.review_id == review_id)
        .distinct()
    )
    return frozenset(str(person) for person in session.scalars(seated))
