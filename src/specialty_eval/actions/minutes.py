"""A meeting's minutes as an official paper: who was present, what was decided and how. Its words: `engine.minutes`."""

from collections.abc import Mapping

import sqlalchemy as sa

from specialty_eval.engine import minutes
from specialty_eval.engine.documents import LABELS, DocumentKind
from specialty_eval.engine.errors import NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.minutes import Attended, Handled, Sat, Voted
from specialty_eval.engine.notices import Batch, Place
from specialty_eval.engine.roles import Role, roles
from specialty_eval.store import cycles, deliberation_rooms, notice_queries, publications_queries
from specialty_eval.store.accounts import Person
from specialty_eval.store.deliberation import Decision, Meeting, MeetingItem, MeetingMinutes
from specialty_eval.store.deliberation_rooms import GOING, ItemRow, Room, SeatRow
from specialty_eval.store.documents import Document
from specialty_eval.store.registry import Specialty
from specialty_eval.store.reviews import ScoreSheet

from . import papers, seals
from .context import LOCAL, Context
from .papers import Paper

ISSUES = roles(Role.CHAIR, Role.SECRETARY)


def issue(ctx: Context, meeting_id: int) -> Document:
    """Make a meeting's minutes once every item is closed or put off (chair, secretary); the same again gives the same.

    The events are sealed first, and the head of the seals is printed in it. NotYou for whoever is recused from an item
    of it: somebody who is not makes them, or a deputy. NotNow with every item that is still going.
    """
    meeting = ctx.locked(Meeting, meeting_id)
    keepers = {key for key in (meeting.secretary_id, meeting.deputy_secretary_id) if key is not None}
    room = deliberation_rooms.room(ctx.session, meeting, acting=ctx.person_id, besides=keepers)
    grant = ctx.permit(ISSUES, room.scope, where="document")
    if recused := [item for item in room.items if room.is_recused(item, ctx.person_id)]:
        raise NotYou(*(Problem("recused", f"items.{item}") for item in recused))
    going = [item for item, row in room.items.items() if row.state in GOING]
    if not room.items:
        raise NotFound(Problem("not-found", "items", {"kind": "item", "id": 0}))
    if going:
        states = {item: {"state": room.items[item].state} for item in going}
        raise NotNow(*(Problem("item-still-going", f"items.{item}", told) for item, told in states.items()))
    batch = _batch(ctx, meeting.round_id)
    told = minutes.minutes(batch, _sat(ctx, room), LOCAL)
    title = f"{batch.cycle}{batch.told()['round']}{meeting.title}{LABELS[DocumentKind.MINUTES]}"
    paper = Paper(DocumentKind.MINUTES, meeting, room.city, title, told, round_id=meeting.round_id)
    return papers.issue(ctx, paper, grant=grant)


def _batch(ctx: Context, round_id: int) -> Batch:
    named = notice_queries.named_round(ctx.session, round_id)
    policy = cycles.policy_of(ctx.session, cycles.round_of(ctx.session, round_id).policy_id)
    return Batch(named.cycle, named.number, named.year, policy)


def _sat(ctx: Context, room: Room) -> Sat:
    """The meeting as it went: of what was decided, who sat how is as it was then."""
    meeting, names = room.meeting, {seat.member_id: seat.name for seat in room.seats}
    keepers = {p for p in (meeting.secretary_id, meeting.deputy_secretary_id) if p is not None}
    named = ctx.session.execute(sa.select(Person.id, Person.name).where(Person.id.in_(keepers)))
    people = {key: name for key, name in named}  # noqa: C416 -- a Row is no tuple to dict()
    decided = {
        row.item_id: row for row in ctx.session.scalars(sa.select(Decision).where(Decision.item_id.in_(room.items)))
    }
    came = {
        int(seat["member"]) for row in decided.values() for seat in row.tally["seats"] if seat["present"]
    } | {seat.member_id for seat in room.seats if seat.present}  # fmt: skip
    signed = sa.select(sa.func.count()).where(MeetingMinutes.meeting_id == meeting.id)
    return Sat(
        title=meeting.title, held_at=meeting.held_at, written=meeting.written, chair=names.get(meeting.chair_id, ""),
        secretary=people.get(meeting.secretary_id, ""),
        seats=[_seat(meeting, seat, names, seat.member_id in came) for seat in room.seats],
        items=_items(ctx, room, decided, people),
        waived=meeting.waived_sectors, signed=ctx.session.scalar(signed) or 0, seal_head=_head(ctx, room),
    )  # fmt: skip


def _seat(meeting: Meeting, seat: SeatRow, names: Mapping[int, str], came: bool) -> Attended:
    chairs = {meeting.chair_id: "chair", meeting.deputy_chair_id: "deputy"}
    for_whom = "" if seat.stands_in_for is None else names.get(seat.stands_in_for, "")
    return Attended(seat.name, seat.sector, came, chairs.get(seat.member_id, ""), for_whom)


def _items(ctx: Context, room: Room, decided: Mapping[int, Decision], keepers: Mapping[int, str]) -> list[Handled]:
    ids = [row.specialty_id for row in room.items.values()]
    kinds = sa.select(Specialty.id, Specialty.level, Specialty.class_name).where(Specialty.id.in_(ids))
    levels = {key: (level, class_name) for key, level, class_name in ctx.session.execute(kinds)}
    put_off = sa.select(MeetingItem.id).where(MeetingItem.id.in_(room.items), MeetingItem.no_quorum_at.is_not(None))
    without = set(ctx.session.scalars(put_off))
    sheets = sa.select(ScoreSheet.id, ScoreSheet.rating).where(
        ScoreSheet.id.in_([row.sheet_id for row in room.items.values()])
    )
    computed = {key: rating for key, rating in ctx.session.execute(sheets)}  # noqa: C416 -- see above
    found = []
    for key, row in room.items.items():
        made = decided.get(key)
        rating = made.computed if made is not None else computed.get(row.sheet_id or 0, "incomplete")
        place = Place(row.school, row.specialty, row.code, *levels[row.specialty_id])
        found.append(
            Handled(place, row.state, _recused(room, row, made, keepers), key in without, rating, _voted(made))
        )
    return found


def _recused(room: Room, row: ItemRow, made: Decision | None, keepers: Mapping[int, str]) -> list[str]:
    """By name, in the order of the seats; a member's as it was when the item was decided."""
    then = {} if made is None else {int(seat["member"]): bool(seat["recused"]) for seat in made.tally["seats"]}
    members = [
        seat.name for seat in room.seats
        if then.get(seat.member_id, room.is_recused(row.id, seat.person_id))
    ]  # fmt: skip
    return members + [name for person, name in keepers.items() if room.is_recused(row.id, person)]


def _voted(made: Decision | None) -> Voted | None:
    if made is None:
        return None
    tally = made.tally
    return Voted(
        made.rating, made.computed, tally["votes"], tally["abstentions"], tally["present"], tally["entitled"],
        tally["together"], tally.get("by", "meeting"), made.reason,
        tally.get("tied", []),
    )  # fmt: skip


def _head(ctx: Context, room: Room) -> str:
    """The head of the first seal that holds everything that happened to the items; sealed now where none does yet.

    The same whenever it is asked for again. What this transaction itself does is sealed by the next one.
    """
    covering = publications_queries.seal_over(ctx.session, MeetingItem.__tablename__, list(room.items))
    if covering is None:
        seals.seal(ctx.as_system())
        covering = publications_queries.seal_over(ctx.session, MeetingItem.__tablename__, list(room.items))
    return covering or publications_queries.seal_head(ctx.session)
