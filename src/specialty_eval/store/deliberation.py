"""Experts and their scores; the committee's meetings, seats, declared interests, ballots and decisions."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from specialty_eval.engine import assignment, meeting
from specialty_eval.engine.vocabulary import Rating

from . import needs
from .base import Base, Versioned, identity, one_of, reference


class ExpertAssignment(Versioned, Base):
    """One expert asked to score one review; a replaced one keeps its scores, marked and left out."""

    __tablename__ = "expert_assignment"
    __table_args__ = (
        sa.UniqueConstraint("review_id", "person_id"),
        sa.Index("ix_expert_assignment_state", "state", "id"),
        one_of("state", assignment.AssignmentState),
        sa.CheckConstraint("state <> 'declined' OR reason <> ''", name="declined_has_reason"),
        *needs.of_assignment(),
    )

    id: Mapped[int] = identity()
    review_id: Mapped[int] = reference("review.id", index=False)
    person_id: Mapped[int] = reference("person.id")
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    due: Mapped[datetime]


class PanelScore(Base):
    """One expert's 0-100 on one panel measure; a later one replaces it until the assignment is scored."""

    __tablename__ = "panel_score"
    __table_args__ = (
        sa.UniqueConstraint("assignment_id", "measure"),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name="score_0_100"),
    )

    id: Mapped[int] = identity()
    assignment_id: Mapped[int] = reference("expert_assignment.id", index=False)
    measure: Mapped[str]
    score: Mapped[Decimal] = mapped_column(sa.Numeric(7, 4))
    given_at: Mapped[datetime]


class Meeting(Base):
    """A sitting of the committee for one round; who chairs and who keeps the record. `written`: nobody sits, members
    vote in writing.
    """

    __tablename__ = "meeting"

    id: Mapped[int] = identity()
    round_id: Mapped[int] = reference("round.id")
    title: Mapped[str]
    held_at: Mapped[datetime]
    chair_id: Mapped[int] = reference("committee_member.id", index=False)
    deputy_chair_id: Mapped[int | None] = reference("committee_member.id", null=True, index=False)
    secretary_id: Mapped[int] = reference("person.id", index=False)
    deputy_secretary_id: Mapped[int | None] = reference("person.id", null=True, index=False)
    waived_sectors: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    written: Mapped[bool] = mapped_column(server_default=sa.false())


class MeetingSeat(Base):
    """A member (or a substitute) of one meeting, and whether they are in the room."""

    __tablename__ = "meeting_seat"
    __table_args__ = (sa.UniqueConstraint("meeting_id", "member_id"),)

    id: Mapped[int] = identity()
    meeting_id: Mapped[int] = reference("meeting.id", index=False)
    member_id: Mapped[int] = reference("committee_member.id")
    present: Mapped[bool] = mapped_column(server_default=sa.false())
    stands_in_for_id: Mapped[int | None] = reference("committee_member.id", null=True, index=False)


class MeetingItem(Versioned, Base):
    """One review on a meeting's list; undisputed ones may be agreed together. A review is on one going item at most."""

    __tablename__ = "meeting_item"
    __table_args__ = (
        sa.Index("ix_meeting_item_meeting", "meeting_id", "id"),
        sa.Index(
            "uq_meeting_item_going",
            "review_id",
            unique=True,
            postgresql_where=sa.text("state IN ('listed', 'open', 'voting')"),
        ),
        one_of("state", meeting.ItemState),
        sa.CheckConstraint("no_quorum_at IS NULL OR state = 'voided'", name="put_off_is_void"),
        sa.UniqueConstraint("id", "review_id"),
        *needs.of_item(),
    )

    id: Mapped[int] = identity()
    meeting_id: Mapped[int] = reference("meeting.id", index=False)
    review_id: Mapped[int] = reference("review.id")
    state: Mapped[str]
    together: Mapped[bool] = mapped_column(server_default=sa.false())
    written_until: Mapped[datetime | None]
    """Of a vote in writing: until when members have to vote."""
    no_quorum_at: Mapped[datetime | None]
    """When it was put off because no valid vote was possible with those present."""
    vote_ended_at: Mapped[datetime | None]
    """From when on no ballot is taken, though the item is not closed yet: the chair or a reason has to settle it."""
    present_at_end: Mapped[list[int] | None] = mapped_column(JSONB)
    """The members who counted as present when the vote ended: whoever comes or goes later changes no majority."""
    ballot_key: Mapped[bytes | None]
    """What its ballots were sealed with; told at the close."""


class InterestDeclaration(Base):
    """Somebody's word on an item before seeing its material: an interest, or none. Not declared is not none.

    By person, not by seat: the secretary declares too.
    """

    __tablename__ = "interest_declaration"
    __table_args__ = (
        sa.UniqueConstraint("item_id", "person_id"),
        one_of("interest", ("none", "interest")),
        sa.CheckConstraint("interest = 'none' OR reason <> ''", name="interest_has_reason"),
    )

    id: Mapped[int] = identity()
    item_id: Mapped[int] = reference("meeting_item.id", index=False)
    person_id: Mapped[int] = reference("person.id")
    interest: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    declared_at: Mapped[datetime]


class Ballot(Base):
    """A member's vote on an item; each one is kept, the last one counts. `void`: by a later conflict.

    While the item is voted on it has no `choice` and no `reason`: both are in `sealed`, which is kept (`ballot_box`).
    """

    __tablename__ = "ballot"
    __table_args__ = (
        sa.UniqueConstraint("item_id", "member_id", "number"),
        *needs.of_ballot(),
        one_of("choice", (*(r.value for r in Rating), "abstain")),
    )

    id: Mapped[int] = identity()
    item_id: Mapped[int] = reference("meeting_item.id", index=False)
    member_id: Mapped[int] = reference("committee_member.id")
    number: Mapped[int] = mapped_column(sa.Integer)
    choice: Mapped[str | None]
    reason: Mapped[str] = mapped_column(server_default="")
    sealed: Mapped[bytes | None]
    cast_at: Mapped[datetime]
    void: Mapped[bool] = mapped_column(server_default=sa.false())


class MeetingMinutes(Base):
    """The signed minutes of a meeting, as a file: what votes on paper are recorded from. Never changed."""

    __tablename__ = "meeting_minutes"
    __table_args__ = (sa.CheckConstraint(f"sha256 {needs.SHA256}", name="minutes_sha256"),)

    id: Mapped[int] = identity()
    meeting_id: Mapped[int] = reference("meeting.id")
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[int] = reference("person.id", index=False)


class Decision(Base):
    """What the committee decided on a review and how it got there. A trigger refuses every change."""

    __tablename__ = "decision"
    __table_args__ = (
        one_of("rating", Rating),
        one_of("computed", Rating),
        sa.CheckConstraint("rating = computed OR reason <> ''", name="override_has_reason"),
        sa.CheckConstraint(
            "(coalesce(tally ->> 'by', 'meeting') = 'paper') = (minutes_id IS NOT NULL)", name="paper_has_minutes"
        ),
        sa.UniqueConstraint("id", "review_id", "rating", "sheet_id"),
        sa.ForeignKeyConstraint(["item_id", "review_id"], ["meeting_item.id", "meeting_item.review_id"]),
    )

    id: Mapped[int] = identity()
    review_id: Mapped[int] = reference("review.id")
    item_id: Mapped[int] = mapped_column(unique=True)
    sheet_id: Mapped[int] = reference("score_sheet.id")
    rating: Mapped[str]
    computed: Mapped[str]
    tally: Mapped[dict[str, Any]]
    reason: Mapped[str]
    decided_at: Mapped[datetime]
    minutes_id: Mapped[int | None] = reference("meeting_minutes.id", null=True)
    """Of a vote on paper: the minutes that it was recorded from."""
