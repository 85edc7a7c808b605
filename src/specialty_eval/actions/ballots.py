"""The items of a meeting up to their close: opened, taken out of those agreed together, put to the vote, voted on."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import sqlalchemy as sa

from specialty_eval.engine import committee
from specialty_eval.engine.calendar import is_kept, last_local_day
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.meeting import BALLOTS_OPEN, ITEM, ItemEvent, ItemFacts, ItemState
from specialty_eval.engine.policy import Rating
from specialty_eval.engine.review import State
from specialty_eval.engine.roles import Role, roles
from specialty_eval.store import ballot_box, deliberation_queries, deliberation_rooms, rows
from specialty_eval.store.deliberation import Ballot, Meeting, MeetingItem
from specialty_eval.store.deliberation_rooms import GOING, Room
from specialty_eval.store.reviews import Review

from . import tallies
from .context import LOCAL, Context, Note, entitled

VOTERS = roles(Role.COMMITTEE_MEMBER, Role.CHAIR)
ABSTAIN = "abstain"


def open_items(ctx: Context, meeting_id: int, items: Sequence[int] | None = None) -> int:
    """Open the material of these items, or of all listed ones the caller is not recused from; how many."""
    meeting = ctx.session.get(Meeting, meeting_id)
    if meeting is None:
        raise NotFound(Problem("not-found", "meeting", {"kind": "meeting", "id": meeting_id}))
    room = deliberation_rooms.room(ctx.session, meeting, acting=ctx.person_id, item_ids=items)
    ctx.permit(entitled(ITEM, ItemState.LISTED, ItemEvent.OPEN), room.scope, where="item")
    recused = [i for i in room.items if room.is_recused(i, ctx.person_id)]
    if items is not None:
        unknown = [Problem("not-found", f"items.{i}", {"kind": "item", "id": i}) for i in items if i not in room.items]
        if unknown or recused:
            raise NotYou(*(unknown + [Problem("recused", f"items.{i}") for i in recused]))
    chosen = list(items) if items is not None else _listed(room, recused)
    reviews = {i: room.items[i].review_id for i in chosen}
    states = ctx.lock_all(Review, list(reviews.values()))
    ctx.lock_all(MeetingItem, chosen)
    facts = {i: ItemFacts(review_scored=states[review] == State.SCORED) for i, review in reviews.items()}
    note = Note(round_id=meeting.round_id)
    return ctx.advance_many(ITEM, MeetingItem, ItemEvent.OPEN, chosen, room.scope, facts=facts, note=note)


def _listed(room: Room, recused: Collection[int]) -> list[int]:
    return [i for i, row in room.items.items() if row.state == ItemState.LISTED and i not in recused]


def take_out(ctx: Context, item_id: int) -> MeetingItem:
    """Any member who declared no interest takes an item out of those agreed together: it is voted on alone."""
    room = deliberation_rooms.room_of_item(ctx.session, item_id, acting=ctx.person_id)
    grant = ctx.permit(VOTERS | {Role.SECRETARY}, room.scope, where="item")
    if problems := room.in_the_way([item_id], ctx.person_id):
        raise NotYou(*problems)
    row = ctx.locked(MeetingItem, item_id)
    if row.state not in GOING:
        raise NotNow(Problem("step-not-open", "item", {"event": "take_out", "state": row.state}))
    row.together = False
    ctx.record("item.take_out", row, _note(room, item_id), grant=grant)
    return ctx.saved(row)


def call_vote(ctx: Context, item_id: int, *, version: int | None = None) -> MeetingItem:
    """Put an item to the vote: everybody present has declared, the quorum and every sector are there."""
    # The review first, as whoever reports its visit does: what members read is as it was when the vote was called.
    if (found := ctx.session.scalar(sa.select(MeetingItem.review_id).where(MeetingItem.id == item_id))) is not None:
        ctx.locked(Review, found)
    row = ctx.locked(MeetingItem, item_id, version=version)
    room = deliberation_rooms.room_of_item(ctx.session, item_id, acting=ctx.person_id)
    ctx.permit(entitled(ITEM, row.state, ItemEvent.VOTE), room.scope, where="item")
    if problems := room.in_the_way([item_id], ctx.person_id):
        raise NotYou(*problems)
    room = deliberation_rooms.in_office(ctx.session, room, ctx.today)
    waived = frozenset(room.meeting.waived_sectors)
    missing = committee.presence_problems(room.policy.committee, room.seats_of(item_id), waived)
    facts = ItemFacts(undeclared=room.undeclared(item_id), vote_problems=tuple(missing))
    changes = {}
    if room.meeting.written:  # who takes part is seen by the ballots; the days begin now
        facts = ItemFacts(written=True)
        changes = {"written_until": ctx.calendar().due(ctx.now, room.policy.workflow.days["written"], LOCAL)}
    scope, note = room.scope_of(item_id), _note(room, item_id)
    ctx.advance(ITEM, row, ItemEvent.VOTE, facts, scope, note=note, changes=changes)
    return row


def cast(ctx: Context, item_id: int, choice: str, reason: str = "") -> int:
    """Cast one's ballot, or replace it until the vote ends; every one is kept, sealed. The number of this one.

    `choice` is a rating or `abstain`. The event says only that a ballot was cast, and the digest of the sealed one.
    NotYou for the recused and those not seated, NotNow while no vote is open and for one in writing after its last day,
    Invalid for a rating that is not open to a vote.
    """
    row = ctx.locked(MeetingItem, item_id)
    room = deliberation_rooms.room_of_item(ctx.session, item_id, acting=ctx.person_id)
    grant = ctx.permit(VOTERS, room.scope, where="item")
    member = room.member_of(ctx.person_id)
    if member is None:
        raise NotYou(Problem("not-seated", "members"))
    room = deliberation_rooms.in_office(ctx.session, room, ctx.today)
    if member in room.lapsed:
        raise NotYou(Problem("not-in-office", f"members.{member}"))
    if problems := room.in_the_way([item_id], ctx.person_id):
        raise NotYou(*problems)
    if row.state not in BALLOTS_OPEN:
        raise NotNow(Problem("step-not-open", "item", {"event": "cast", "state": row.state}))
    if row.vote_ended_at is not None:
        raise NotNow(Problem("vote-ended", "item"))
    if row.written_until is not None and not is_kept(ctx.now, row.written_until):
        raise NotNow(
            Problem("written-days-over", "item", {"due": last_local_day(row.written_until, LOCAL).isoformat()})
        )
    if problems := _wrong_ballot(ctx, room, item_id, member, choice):
        raise Invalid(*problems)
    newest = sa.select(sa.func.max(Ballot.number)).where(Ballot.item_id == item_id, Ballot.member_id == member)
    number = (ctx.session.scalar(newest) or 0) + 1
    place, key = (item_id, member, number), ballot_box.key_of(ctx.files, item_id)
    box = ballot_box.sealed(key, place, ballot_box.Cast(choice, reason))
    new = {"item_id": item_id, "member_id": member, "number": number, "sealed": box, "cast_at": ctx.now}
    rows.inserted(ctx.session, Ballot, new)
    told = {"sealed": ballot_box.digest_of(box)}
    ctx.record("item.cast", row, replace(_note(room, item_id), told=told), grant=grant)
    return number


def end_vote(ctx: Context, item_id: int, *, version: int | None = None) -> MeetingItem:
    """End an item's vote (chair, secretary): from now on no ballot is taken or replaced, and none is opened yet.

    Only then the item is closed, and the close says what the ballots leave to be settled: a tie, a reason. Who is
    present now is the base of it, whoever comes or goes until then. NotNow for whatever else keeps it from a close.
    """
    row = ctx.locked(MeetingItem, item_id, version=version)
    room = deliberation_rooms.room_of_item(ctx.session, item_id, acting=ctx.person_id)
    grant = ctx.permit(entitled(ITEM, "", ItemEvent.CLOSE), room.scope, where="item")
    if problems := room.in_the_way([item_id], ctx.person_id):
        raise NotYou(*problems)
    room = deliberation_rooms.in_office(ctx.session, room, ctx.today)
    if row.state not in BALLOTS_OPEN:
        raise NotNow(Problem("step-not-open", "item", {"event": "end_vote", "state": row.state}))
    facts = replace(tallies.end_facts(room, item_id, ctx.settled), vote_ended=True)
    problems = ITEM.objections(row.state, ItemEvent.CLOSE, facts)
    if row.vote_ended_at is not None:
        problems.append(Problem("vote-ended", "item"))
    if problems:
        raise NotNow(*problems)
    row.vote_ended_at = ctx.now
    row.present_at_end = sorted(int(seat.member) for seat in room.seats_of(item_id) if seat.present)
    ctx.record("item.end_vote", row, _note(room, item_id), grant=grant)
    return ctx.saved(row)


def _wrong_ballot(ctx: Context, room: Room, item_id: int, member: int, choice: str) -> list[Problem]:
    if choice != ABSTAIN and choice not in set(Rating):
        return [Problem("choice-not-open", "choice", {"choice": choice, "one_of": [*Rating, ABSTAIN]})]
    case = deliberation_queries.cases(ctx.session, [room.items[item_id].review_id])[room.items[item_id].review_id]
    rating = None if choice == ABSTAIN else Rating(choice)
    seats = room.seats_of(item_id)
    if room.meeting.written:  # this ballot is the presence
        seats = tuple(replace(seat, present=True) if seat.member == str(member) else seat for seat in seats)
    return committee.ballot_problems(seats, str(member), rating, case.computed, at_most=case.at_most(room.policy))


def _note(room: Room, item_id: int) -> Note:
    return Note(specialty_id=room.items[item_id].specialty_id, round_id=room.meeting.round_id)
