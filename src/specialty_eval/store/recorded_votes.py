"""Votes of the committee as their minutes have them, other than on a rating: on an application, on a proposal to close,
on taking back a decision.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from .base import Base, identity, reference


class RecordedVote(Base):
    """A vote as its minutes have it, and what it came to; the newest counts. A trigger refuses every change."""

    __tablename__ = "recorded_vote"
    __table_args__ = (
        sa.UniqueConstraint("application_id", "number"),
        sa.UniqueConstraint("proposal_id", "number"),
        sa.UniqueConstraint("decision_id", "number"),
        sa.CheckConstraint("num_nonnulls(application_id, proposal_id, decision_id) = 1", name="about_one_thing"),
        sa.CheckConstraint("minutes_number <> ''", name="has_minutes"),
        sa.CheckConstraint("number = 1 OR reason <> ''", name="anew_has_reason"),
    )

    id: Mapped[int] = identity()
    application_id: Mapped[int | None] = reference("application.id", null=True, index=False)
    proposal_id: Mapped[int | None] = reference("closing_proposal.id", null=True, index=False)
    decision_id: Mapped[int | None] = reference("decision.id", null=True, index=False)
    number: Mapped[int] = mapped_column(sa.Integer)
    held_on: Mapped[date]
    approved: Mapped[bool]
    tally: Mapped[dict[str, Any]]
    minutes_number: Mapped[str]
    reason: Mapped[str]
    recorded_by: Mapped[int] = reference("person.id", index=False)
    recorded_at: Mapped[datetime]


def on_application(session: Session, application_id: int) -> list[RecordedVote]:
    """The votes on an application, the newest last; it counts."""
    found = sa.select(RecordedVote).where(RecordedVote.application_id == application_id)
    return list(session.scalars(found.order_by(RecordedVote.number)))


def on_rescinding(session: Session, decision_id: int | None) -> list[RecordedVote]:
    """The votes on taking back a decision, the newest last; it counts."""
    found = sa.select(RecordedVote).where(RecordedVote.decision_id == decision_id)
    return list(session.scalars(found.order_by(RecordedVote.number)))


def on_closings(session: Session, proposals: Collection[int]) -> dict[int, list[RecordedVote]]:
    """Of each of these proposals to close its votes, the newest last; it counts."""
    by_proposal: dict[int, list[RecordedVote]] = {key: [] for key in proposals}
    found = sa.select(RecordedVote).where(RecordedVote.proposal_id.in_(proposals))
    for vote in session.scalars(found.order_by(RecordedVote.proposal_id, RecordedVote.number)):
        by_proposal[vote.proposal_id or 0].append(vote)
    return by_proposal
