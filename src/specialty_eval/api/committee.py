"""The committee: members, meetings, declarations, votes, decisions."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from specialty_eval.actions import (
    ballots,
    committee,
    conflicts,
    decisions,
    interests,
    meeting_actions,
    meeting_views,
    members,
    motions,
)
from specialty_eval.engine.policy import Rating

from .bodies import Body, Day, Moment, OneLine, Reason
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .meeting_shapes import (
    BallotAnswer,
    BallotReceipt,
    Choice,
    ConflictFound,
    DecisionAnswer,
    DeclarationAnswer,
    ItemMoved,
    ItemsAnswer,
    ItemsDecided,
    ItemsDeclared,
    ItemsListed,
    ItemsOpened,
    ItemsPutOff,
    MaterialAnswer,
    MeetingAnswer,
    MeetingWithSeats,
    MemberAnswer,
    ReviewMoved,
    Sector,
    SectorsWaived,
    TermEnded,
)
from .motion_shapes import Sitting, VoteAnswer
from .shapes import Listed, Made, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["committee"])


class NewMember(Body):
    """A seat in the committee to be."""

    person_id: int
    sector: Sector
    term_from: Day
    term_to: Day
    substitute: bool = False


@router.post("/committee/members", status_code=201, response_model=Made)
def appoint(body: NewMember, ctx: Ctx) -> dict[str, int]:
    """Give a person a seat for a term (secretary)."""
    return {"id": members.appoint(ctx, members.NewMember(**body.model_dump())).id}


@router.get("/committee/members", response_model=Listed[MemberAnswer])
def list_members(ctx: Ctx) -> dict[str, Any]:
    """The committee (its members and the offices)."""
    return listed(meeting_views.members(ctx), None)


class LastDay(Body):
    """The last day of a term."""

    last_day: Day


@router.post("/committee/members/{member_id}/end", response_model=TermEnded)
def end_term(member_id: int, body: LastDay, ctx: Ctx) -> dict[str, Any]:
    """A member's term ends (secretary)."""
    row = members.end_term(ctx, member_id, body.last_day)
    return {"id": row.id, "term_to": row.term_to}


# --- meetings ---


class Substitute(Body):
    """A substitute and the member whose seat it takes."""

    member: int
    stands_in_for: int


def _substitutes(named: list[Substitute]) -> list[committee.Substitute]:
    return [committee.Substitute(s.member, s.stands_in_for) for s in named]


class NewMeeting(Body):
    """A meeting to be. All members in term have a seat; `together`: reviews that may be agreed together."""

    round: int
    title: OneLine = Field(min_length=1, max_length=200)
    held_at: Moment
    chair: int
    deputy_chair: int | None = None
    secretary: int
    deputy_secretary: int | None = None
    substitutes: list[Substitute] = Field([], max_length=500)
    reviews: list[int] = Field([], max_length=20_000)
    together: list[int] = Field([], max_length=20_000)
    written: bool = False


def meeting_shown(ctx: Ctx, meeting_id: int) -> dict[str, Any]:
    """A meeting after whatever was done, with what the caller may do next."""
    actions = actions_of(meeting_actions.of_meeting(ctx, meeting_id))
    return {**meeting_views.meeting_view(ctx, meeting_id), "actions": actions}


@router.post("/meetings", status_code=201, response_model=MeetingWithSeats)
def create_meeting(body: NewMeeting, ctx: Ctx) -> dict[str, Any]:
    """Call a meeting with its seats and its list; or, `written`, a vote in writing on what was put off for want of a
    quorum, once the policy's days are over (secretary).
    """
    held_at: datetime = body.held_at
    new = committee.NewMeeting(
        round_id=body.round, title=body.title, held_at=held_at, chair=body.chair, secretary=body.secretary,
        deputy_chair=body.deputy_chair, deputy_secretary=body.deputy_secretary,
        substitutes=_substitutes(body.substitutes), reviews=body.reviews, together=frozenset(body.together),
        written=body.written,
    )  # fmt: skip
    return meeting_shown(ctx, committee.create(ctx, new).id)


@router.get("/rounds/{round_id}/meetings", response_model=Listed[MeetingAnswer])
def list_meetings(round_id: int, ctx: Ctx) -> dict[str, Any]:
    """The meetings of a round."""
    return listed(meeting_views.meetings(ctx, round_id), None)


@router.get("/meetings/{meeting_id}", response_model=MeetingWithSeats)
def read_meeting(meeting_id: int, ctx: Ctx) -> dict[str, Any]:
    """A meeting, its seats, and what the caller may do with it."""
    return meeting_shown(ctx, meeting_id)


@router.get("/meetings/{meeting_id}/items", response_model=ItemsAnswer)
def list_items(meeting_id: int, ctx: Ctx, paging: Paging) -> dict[str, Any]:
    """The meeting's list; of an item one is recused from, the title alone."""
    return listed(*meeting_views.items_view(ctx, meeting_id, paging))


class Listing(Body):
    """Reviews for the list, and which of them may be agreed together."""

    reviews: list[int] = Field(min_length=1, max_length=20_000)
    together: list[int] = Field([], max_length=20_000)


@router.post("/meetings/{meeting_id}/items", status_code=201, response_model=ItemsListed)
def add_items(meeting_id: int, body: Listing, ctx: Ctx) -> dict[str, int]:
    """Put further reviews on the list (secretary)."""
    return {"listed": committee.list_items(ctx, meeting_id, body.reviews, frozenset(body.together))}


class Attendance(Body):
    """Who is in the room; everybody else is absent."""

    present: list[int] = Field(max_length=500)
    substitutes: list[Substitute] = Field([], max_length=500)


@router.put("/meetings/{meeting_id}/attendance", response_model=MeetingWithSeats)
def attend(meeting_id: int, body: Attendance, ctx: Ctx) -> dict[str, Any]:
    """Say who is present and which substitutes stand in (chair, secretary)."""
    committee.attend(ctx, meeting_id, frozenset(body.present), _substitutes(body.substitutes))
    return meeting_shown(ctx, meeting_id)


@router.post("/meetings/{meeting_id}/adjourn", response_model=ItemsPutOff)
def adjourn(meeting_id: int, ctx: Ctx) -> dict[str, list[int]]:
    """Put off every item for which those present are no quorum; the days until a vote in writing begin (chair,
    secretary).
    """
    return {"put_off": committee.adjourn(ctx, meeting_id)}


class Waiver(Body):
    """A sector the bureau does without, and its words for it."""

    sector: str = Field(max_length=40)
    reason: str = Field(max_length=4000)


@router.post("/meetings/{meeting_id}/waivers", response_model=SectorsWaived)
def waive(meeting_id: int, body: Waiver, ctx: Ctx) -> dict[str, Any]:
    """Waive a sector that is wholly recused, in writing (bureau approver)."""
    return {"waived_sectors": committee.waive(ctx, meeting_id, body.sector, body.reason).waived_sectors}


class Items(Body):
    """Items by number; without them, all that can be."""

    items: list[int] | None = Field(None, min_length=1, max_length=20_000)


@router.post("/meetings/{meeting_id}/open", response_model=ItemsOpened)
def open_items(meeting_id: int, body: Items, ctx: Ctx) -> dict[str, int]:
    """Open the material of listed items (chair, secretary)."""
    return {"opened": ballots.open_items(ctx, meeting_id, body.items)}


class Interest(Body):
    """An interest in one item, and why."""

    item: int
    reason: str = Field(max_length=4000)


class Declarations(Body):
    """The items one has an interest in; in all others of the meeting, none."""

    interests: list[Interest] = Field([], max_length=20_000)


@router.post("/meetings/{meeting_id}/declarations", response_model=ItemsDeclared)
def declare_all(meeting_id: int, body: Declarations, ctx: Ctx) -> dict[str, int]:
    """Declare for the whole list at once: an interest where named, none elsewhere."""
    return {"declared": interests.declare_all(ctx, meeting_id, {i.item: i.reason for i in body.interests})}


class Voice(Body):
    """A member's word on all these items at once."""

    member: int
    choice: Literal["agree", "abstain"]


class Agreement(Body):
    """One list of votes for all these items; without `items`, all open ones that may be agreed together."""

    items: list[int] | None = Field(None, min_length=1, max_length=20_000)
    votes: list[Voice] = Field(max_length=500)


@router.post("/meetings/{meeting_id}/agree", response_model=ItemsDecided)
def agree(meeting_id: int, body: Agreement, ctx: Ctx) -> dict[str, Any]:
    """Decide undisputed items as computed, in one act (chair, secretary)."""
    votes = {voice.member: voice.choice for voice in body.votes}
    return {"decided": decisions.agree(ctx, meeting_id, votes, body.items)}


# --- one item ---


@router.get("/items/{item_id}", response_model=MaterialAnswer, responses={409: {}})
def read_item(item_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """An item's material, for those who declared no interest."""
    found = meeting_views.material(ctx, item_id)
    tag(response, found["version"])
    return {**found, "actions": actions_of(meeting_actions.of_item(ctx, item_id))}


@router.get("/items/{item_id}/declarations", response_model=Listed[DeclarationAnswer])
def list_declarations(item_id: int, ctx: Ctx) -> dict[str, Any]:
    """Who declared what (secretary, chair, auditor)."""
    return listed(meeting_views.declarations(ctx, item_id), None)


class Declaration(Body):
    """An interest, or none."""

    interest: Literal["none", "interest"]
    reason: str = Field("", max_length=4000)


@router.post("/items/{item_id}/declaration", status_code=204)
def declare(item_id: int, body: Declaration, ctx: Ctx) -> None:
    """Declare an interest in an item, or none."""
    interests.declare(ctx, item_id, body.interest == "interest", body.reason)


@router.post("/items/{item_id}/take-out", status_code=204)
def take_out(item_id: int, ctx: Ctx) -> None:
    """Take an item out of those agreed together (any member without an interest)."""
    ballots.take_out(ctx, item_id)


def _item(row: Any) -> dict[str, Any]:
    return {"id": row.id, "review_id": row.review_id, "state": row.state}


@router.post("/items/{item_id}/vote", response_model=ItemMoved)
def call_vote(item_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Put an item to the vote (chair, secretary)."""
    row = ballots.call_vote(ctx, item_id, version=version)
    tag(response, row.version)
    return _item(row)


class NewBallot(Body):
    """One's vote."""

    choice: Choice
    reason: str = Field("", max_length=4000)


@router.post("/items/{item_id}/ballots", status_code=201, response_model=BallotReceipt)
def cast(item_id: int, body: NewBallot, ctx: Ctx) -> dict[str, int]:
    """Cast one's ballot, or replace it until the item closes. The answer is a receipt."""
    return {"number": ballots.cast(ctx, item_id, body.choice, body.reason)}


@router.get("/items/{item_id}/ballots", response_model=Listed[BallotAnswer], responses={409: {}})
def list_ballots(item_id: int, ctx: Ctx) -> dict[str, Any]:
    """Every ballot, once the item is closed."""
    return listed(meeting_views.ballots(ctx, item_id), None)


@router.post("/items/{item_id}/end-vote", response_model=ItemMoved)
def end_vote(item_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """End an item's vote: no ballot is taken or replaced any more, none is opened yet (chair, secretary)."""
    row = ballots.end_vote(ctx, item_id, version=version)
    tag(response, row.version)
    return _item(row)


class Closing(Body):
    """The record's reason, needed for another rating than the computed one; the chair's choice in a tie."""

    reason: str = Field("", max_length=4000)
    casting_choice: Rating | None = Field(None, strict=False)


@router.post("/items/{item_id}/close", response_model=DecisionAnswer)
def close(item_id: int, body: Closing, ctx: Ctx, version: IfMatch) -> dict[str, Any]:
    """Close an item and decide by its votes (chair, secretary)."""
    made = decisions.close(ctx, item_id, reason=body.reason, casting=body.casting_choice, version=version)
    return meeting_views.decision_shape(made)


class InPlace(Body):
    """What the bureau decides in the committee's place, and why."""

    rating: Rating = Field(strict=False)
    reason: str = Field(max_length=8000)


@router.post("/items/{item_id}/take-over", response_model=DecisionAnswer)
def take_over(item_id: int, body: InPlace, ctx: Ctx, version: IfMatch) -> dict[str, Any]:
    """Decide in writing where the committee found no quorum, in writing neither (bureau approver)."""
    return meeting_views.decision_shape(decisions.take_over(ctx, item_id, body.rating, body.reason, version=version))


@router.post("/items/{item_id}/void", response_model=ItemMoved)
def void(item_id: int, body: Reason, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Put an item off, with a reason; a decision it made is taken back with it, by vote (chair, secretary)."""
    row = conflicts.void(ctx, item_id, body.reason, version=version)
    tag(response, row.version)
    return _item(row)


class Conflict(Body):
    """Whose conflict came to light, and which."""

    member: int
    reason: str = Field(max_length=4000)


@router.post("/items/{item_id}/conflicts", response_model=ConflictFound)
def conflict(item_id: int, body: Conflict, ctx: Ctx, version: IfMatch) -> dict[str, Any]:
    """Record a conflict found later: that member's ballots are void, the item too when they decided it."""
    found = conflicts.conflict(ctx, item_id, body.member, body.reason, version=version)
    return {"ballots_void": found.ballots, "item_void": found.item_void,
            "decision_rescinded": found.decision_rescinded, "review_state": found.review_state}  # fmt: skip


@router.post("/reviews/{review_id}/rescission-votes", status_code=201, response_model=VoteAnswer)
def vote_to_rescind(review_id: int, body: Sitting, ctx: Ctx, version: IfMatch) -> dict[str, Any]:
    """Put on record what the committee voted about taking back the review's decision (chair, secretary)."""
    return motions.view(conflicts.vote_to_rescind(ctx, review_id, body.minutes(), version=version))


@router.post("/reviews/{review_id}/rescind", response_model=ReviewMoved)
def rescind(review_id: int, body: Reason, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Take back a decision no school has seen yet, with a reason (chair, secretary)."""
    row = conflicts.rescind(ctx, review_id, body.reason, version=version)
    tag(response, row.version)
    return {"id": row.id, "state": row.state}
