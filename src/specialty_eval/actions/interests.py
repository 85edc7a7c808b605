"""Interests declared before any material: one item, or a whole meeting at once. What follows is the room's rule."""

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from specialty_eval.engine.errors import Invalid, NotFound, NotNow, Problem
from specialty_eval.engine.permissions import READ, Thing
from specialty_eval.store import deliberation_queries, deliberation_rooms
from specialty_eval.store.deliberation import Ballot, Meeting, MeetingItem
from specialty_eval.store.deliberation_rooms import GOING, Room

from .context import Context, Note

NONE, INTEREST = "none", "interest"


def declare(ctx: Context, item_id: int, interest: bool, reason: str = "") -> None:
    """Say of one item that one has an interest, or none. Invalid for an interest without a reason.

    None after an interest is refused, on whatever item of the specialty in the round it was declared: who was recused
    stays so. An interest voids ballots cast before it.
    """
    room = deliberation_rooms.room_of_item(ctx.session, item_id, acting=ctx.person_id)
    _enter(ctx, room)
    if interest and not reason.strip():
        raise Invalid(Problem("reason-missing", "reason"))
    row = ctx.locked(MeetingItem, item_id, where="item")
    if row.state not in GOING:
        raise NotNow(Problem("step-not-open", "item", {"event": "declare", "state": row.state}))
    if not interest and deliberation_queries.has_interest(ctx.session, ctx.person_id, room.items[item_id].review_id):
        raise NotNow(Problem("interest-stands", "interest"))
    _write(ctx, {item_id: reason} if interest else {}, set() if interest else {item_id})
    _void(ctx, room, {item_id} if interest else set())
    note = Note(specialty_id=room.items[item_id].specialty_id, round_id=room.meeting.round_id, audience="sealed")
    ctx.record("item.declare", row, note)


def declare_all(ctx: Context, meeting_id: int, interests: Mapping[int, str]) -> int:
    """Say of a meeting's whole list: an interest in these items, each with its reason, and none in all others.

    Items that one is recused from anyhow, be it by an interest declared on an earlier item, has declared before, or
    that are decided, stay as they are. How many declarations are new.
    """
    meeting = ctx.session.get(Meeting, meeting_id)
    if meeting is None:
        raise NotFound(Problem("not-found", "meeting", {"kind": "meeting", "id": meeting_id}))
    room = deliberation_rooms.room(ctx.session, meeting, acting=ctx.person_id)
    _enter(ctx, room)
    problems = [Problem("reason-missing", f"interests.{i}") for i, reason in interests.items() if not reason.strip()]
    unknown = [i for i in interests if i not in room.items or room.items[i].state not in GOING]
    problems += [Problem("not-found", f"interests.{i}", {"kind": "item", "id": i}) for i in unknown]
    if problems:
        raise Invalid(*problems)
    states = ctx.lock_all(MeetingItem, list(room.items))
    room = deliberation_rooms.room(ctx.session, meeting, acting=ctx.person_id)  # as it is under the locks
    person = ctx.person_id
    none = {
        i for i in room.items
        if i not in interests and states[i] in GOING and not room.is_recused(i, person)
        and not room.has_declared(i, person)
    }  # fmt: skip
    _write(ctx, interests, none)
    _void(ctx, room, set(interests))
    ctx.record("meeting.declare", meeting, Note(round_id=meeting.round_id, audience="sealed"))
    return len(none) + len(interests)


def _enter(ctx: Context, room: Room) -> None:
    """Whoever may come to see material here declares first; nobody else learns that there is any."""
    ctx.permit_read(Thing.MATERIAL, room.scope, where="meeting")
    ctx.permit(READ[Thing.MATERIAL], room.scope, where="meeting")
    if ctx.person_id is None:
        raise Invalid(Problem("person-needed"))


def _write(ctx: Context, interests: Mapping[int, str], none: Collection[int]) -> None:
    said = {item: (INTEREST, reason) for item, reason in interests.items()}
    said |= dict.fromkeys(none, (NONE, ""))
    deliberation_queries.declare(ctx.session, ctx.person_id, said, ctx.now)


def _void(ctx: Context, room: Room, items: Collection[int]) -> None:
    """Ballots cast before the interest was declared count no longer; they are kept."""
    member = room.member_of(ctx.person_id)
    if items and member is not None:
        mine = sa.update(Ballot).where(Ballot.item_id.in_(items), Ballot.member_id == member)
        ctx.session.execute(mine.values(void=True))
