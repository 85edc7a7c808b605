"""The committee's meetings: seats, attendance, the list, what puts an item off. Who is a member is `members`' work.

Votes are `ballots`' and what they come to `decisions`' work.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from specialty_eval.engine import committee, meeting
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.consequences import CommitteeRules
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, Problem
from specialty_eval.engine.permissions import Role, Scope
from specialty_eval.engine.review import State
from specialty_eval.engine.roles import roles
from specialty_eval.store import cycles, deliberation_queries, deliberation_rooms, scopes
from specialty_eval.store.accounts import Person
from specialty_eval.store.cycles import Round
from specialty_eval.store.deliberation import Meeting, MeetingItem, MeetingSeat
from specialty_eval.store.deliberation_queries import MemberRow
from specialty_eval.store.deliberation_rooms import GOING, Room

from .context import LOCAL, Context, Note

CHAIR = roles(Role.CHAIR, Role.SECRETARY)
NO_QUORUM = "出席人数或界别不足，不能形成有效表决"
IN_THE_ROOM = roles(Role.COMMITTEE_MEMBER, Role.CHAIR, Role.SECRETARY)


@dataclass(frozen=True, slots=True)
class Substitute:
    """A substitute and the member whose seat it takes."""

    member: int
    stands_in_for: int


@dataclass(frozen=True, slots=True)
class NewMeeting:
    """A meeting to be. All members in term on its day have a seat; `together`: reviews that may be agreed together."""

    round_id: int
    title: str
    held_at: datetime
    chair: int
    secretary: int
    deputy_chair: int | None = None
    deputy_secretary: int | None = None
    substitutes: Sequence[Substitute] = ()
    reviews: Sequence[int] = ()
    together: Collection[int] = frozenset()
    written: bool = False
    """Nobody sits: members vote in writing, where no quorum came together for the policy's days."""


def create(ctx: Context, new: NewMeeting) -> Meeting:
    """Call a meeting with its seats and list (secretary). Invalid with every reason, nothing kept then."""
    city, rules = _round(ctx, new.round_id)
    grant = ctx.permit(roles(Role.SECRETARY), Scope(city=city), where="meeting")
    day = new.held_at.astimezone(LOCAL).date()
    known = deliberation_queries.members_of(ctx.session, city)
    # Who calls the meeting does not choose the base of its quorum: whoever does not come is absent.
    seated = [m.id for m in known.values() if m.in_term(day) and not m.substitute]
    problems = [
        *_cannot_stand_in(known, new.substitutes, seated, day),
        *_wrong_chairs(ctx, new, seated),
        *committee.composition_problems(rules, _asked_for(rules, known, seated)),
        *_not_listable(ctx, new.round_id, new.reviews, new.together),
    ]
    if problems:
        raise Invalid(*problems)
    if new.written:
        _refuse_writing_early(ctx, new)
    row = ctx.saved(
        Meeting(
            round_id=new.round_id,
            title=new.title,
            held_at=new.held_at,
            written=new.written,
            chair_id=new.chair,
            deputy_chair_id=new.deputy_chair,
            secretary_id=new.secretary,
            deputy_secretary_id=new.deputy_secretary,
        )
    )
    seats = [MeetingSeat(meeting_id=row.id, member_id=m) for m in seated]
    stand_ins = [
        MeetingSeat(meeting_id=row.id, member_id=s.member, stands_in_for_id=s.stands_in_for) for s in new.substitutes
    ]
    ctx.session.add_all([*seats, *stand_ins])
    _write_list(ctx, row, new.reviews, new.together)
    ctx.record("meeting.create", row, Note(told={"items": len(new.reviews)}), grant=grant)
    return row


def _round(ctx: Context, round_id: int) -> tuple[str, CommitteeRules]:
    row = ctx.session.get(Round, round_id)
    if row is None:
        raise NotFound(Problem("not-found", "round", {"kind": "round", "id": round_id}))
    policy = cycles.policy_of(ctx.session, row.policy_id)
    return cycles.round_of(ctx.session, round_id).city, policy.committee


def _asked_for(rules: CommitteeRules, known: Mapping[int, MemberRow], seated: Sequence[int]) -> dict[str, str]:
    """The members of the sectors the policy asks for; one of another sector sits and votes, and fills none."""
    return {str(m): known[m].sector for m in seated if known[m].sector in rules.sectors}


def _cannot_stand_in(
    known: Mapping[int, MemberRow], substitutes: Sequence[Substitute], seated: Collection[int], day: date
) -> list[Problem]:
    """A substitute is one, in office, of the sector of the seat it takes, and takes one seat alone."""
    problems = []
    twice = Counter(s.stands_in_for for s in substitutes) | Counter(s.member for s in substitutes)
    for s in substitutes:
        where, row, other = f"substitutes.{s.member}", known.get(s.member), known.get(s.stands_in_for)
        if row is None or other is None or s.stands_in_for not in seated:
            problems.append(Problem("not-found", where, {"kind": "member", "id": s.stands_in_for}))
            continue
        if not row.substitute or s.member in seated:
            problems.append(Problem("not-a-substitute", where))
        if not row.in_term(day):
            problems.append(Problem("not-in-term", where, {"day": day.isoformat()}))
        if row.sector != other.sector:
            problems.append(Problem("sector-differs", where, {"sector": row.sector, "needed": other.sector}))
        if twice[s.member] > 1 or twice[s.stands_in_for] > 1:
            problems.append(Problem("seat-taken-twice", where))
    return problems


def _wrong_chairs(ctx: Context, new: NewMeeting, seated: Collection[int]) -> list[Problem]:
    """Both chairs sit here; a deputy is somebody else."""
    named = (("chair", new.chair), ("deputy_chair", new.deputy_chair))
    problems = [Problem("not-seated", w) for w, member in named if member is not None and member not in seated]
    for where, person in (("secretary", new.secretary), ("deputy_secretary", new.deputy_secretary)):
        if person is not None and ctx.session.get(Person, person) is None:
            problems.append(Problem("not-found", where, {"kind": "person", "id": person}))
    if new.chair == new.deputy_chair:
        problems.append(Problem("deputy-is-the-same", "deputy_chair"))
    if new.secretary == new.deputy_secretary:
        problems.append(Problem("deputy-is-the-same", "deputy_secretary"))
    return problems


def _not_listable(ctx: Context, round_id: int, reviews: Sequence[int], together: Collection[int]) -> list[Problem]:
    found = deliberation_queries.listable(ctx.session, reviews)
    recused = scopes.recused_from(ctx.session, ctx.person_id, reviews)
    problems = [Problem("listed-twice", f"reviews.{r}") for r, times in Counter(reviews).items() if times > 1]
    problems += [Problem("not-on-the-list", f"together.{r}") for r in sorted(set(together) - set(reviews))]
    for review in dict.fromkeys(reviews):
        where = f"reviews.{review}"
        in_round, state, listed = found.get(review, (None, "", False))
        if in_round != round_id:
            problems.append(Problem("not-found", where, {"kind": "review", "id": review}))
            continue
        if state != State.SCORED:
            problems.append(Problem("review-not-scored", where, {} if review in recused else {"state": state}))
        if listed:
            problems.append(Problem("listed-elsewhere", where))
    return problems


def _write_list(ctx: Context, row: Meeting, reviews: Sequence[int], together: Collection[int]) -> None:
    new = [
        {"meeting_id": row.id, "review_id": r, "state": meeting.ITEM.start.value, "together": r in together,
         "updated_at": ctx.now}
        for r in reviews
    ]  # fmt: skip
    for start in range(0, len(new), 2000):
        ctx.session.execute(insert(MeetingItem).values(new[start : start + 2000]))


def _refuse_writing_early(ctx: Context, new: NewMeeting) -> None:
    """In writing only what a meeting put off for want of a quorum, once the policy's days are over since."""
    policy = cycles.policy_of(ctx.session, ctx.session.get_one(Round, new.round_id).policy_id)
    since = deliberation_queries.without_quorum_since(ctx.session, new.reviews)
    problems = [Problem("voted-one-by-one", f"together.{r}") for r in sorted(new.together)]
    for review in new.reviews:
        if review not in since:
            problems.append(Problem("no-meeting-without-quorum", f"reviews.{review}"))
            continue
        due = ctx.calendar().due(since[review], policy.workflow.days["quorum"], LOCAL)
        if ctx.now < due:
            told = {"due": last_local_day(due, LOCAL).isoformat()}
            problems.append(Problem("written-too-early", f"reviews.{review}", told))
    if problems:
        raise NotNow(*problems)


def list_items(ctx: Context, meeting_id: int, reviews: Sequence[int], together: Collection[int]) -> int:
    """Put further reviews on a meeting's list (secretary). Invalid with every reason."""
    row = ctx.locked(Meeting, meeting_id)
    city, _ = _round(ctx, row.round_id)
    grant = ctx.permit(roles(Role.SECRETARY), Scope(city=city), where="meeting")
    _refuse_in_writing(row)
    if problems := _not_listable(ctx, row.round_id, reviews, together):
        raise Invalid(*problems)
    _write_list(ctx, row, reviews, together)
    ctx.record("meeting.list", row, Note(told={"items": len(reviews)}), grant=grant)
    return len(reviews)


def attend(ctx: Context, meeting_id: int, present: Collection[int], substitutes: Sequence[Substitute] = ()) -> Meeting:
    """Who is in the room from now on: everybody else is absent, and no other substitute has a seat.

    Invalid for whoever has a ballot on an item that is being voted on: it counts, so they stay until it closes. An item
    whose vote has ended keeps whom it had then, and no seat changes hands until it closes. Who is recused from such an
    item lets nobody go who takes part in it, and learns of nobody whether they have voted.
    """
    row = ctx.locked(Meeting, meeting_id)
    city, _ = _round(ctx, row.round_id)
    grant = ctx.permit(CHAIR, Scope(city=city), where="meeting")
    _refuse_in_writing(row)
    found = ctx.session.scalars(sa.select(MeetingSeat).where(MeetingSeat.meeting_id == meeting_id)).all()
    regular = {seat.member_id: seat for seat in found if seat.stands_in_for_id is None}
    coming = {s.member for s in substitutes}
    known = deliberation_queries.members_of(ctx.session, city)
    problems = [
        *_cannot_stand_in(known, substitutes, regular, ctx.today),
        *(Problem("not-seated", f"members.{m}") for m in sorted(set(present) - set(regular) - coming)),
        *_sent_from_the_vote(ctx, row, present, substitutes),
    ]
    if problems:
        raise Invalid(*problems)
    ctx.session.execute(
        sa.delete(MeetingSeat).where(MeetingSeat.meeting_id == meeting_id, MeetingSeat.stands_in_for_id.is_not(None))
    )
    for member, seat in regular.items():
        seat.present = member in present
    ctx.session.add_all(
        MeetingSeat(
            meeting_id=meeting_id, member_id=s.member, stands_in_for_id=s.stands_in_for, present=s.member in present
        )
        for s in substitutes
    )
    ctx.record("meeting.attend", row, Note(told={"present": len(set(present))}), grant=grant)
    return row


def _sent_from_the_vote(
    ctx: Context, row: Meeting, present: Collection[int], substitutes: Sequence[Substitute]
) -> list[Problem]:
    """Members whose ballot on an item being voted on would no longer count, or whose seat in an ended vote changes."""
    going = sa.select(MeetingItem.id).where(MeetingItem.meeting_id == row.id, MeetingItem.state.in_(GOING))
    states = ctx.lock_all(MeetingItem, ctx.session.scalars(going).all())
    room = deliberation_rooms.room(ctx.session, row, acting=ctx.person_id)
    voting = [i for i, state in states.items() if state in meeting.BALLOTS_OPEN]
    voted = deliberation_rooms.voted(ctx.session, voting)
    for_whom = {s.member: s.stands_in_for for s in substitutes}
    standing = {seat.member_id: seat.stands_in_for for seat in room.seats if seat.stands_in_for is not None}
    changing = {member for member, _ in standing.items() ^ for_whom.items()}
    seats = [replace(seat, present=seat.member_id in present, stands_in_for=for_whom.get(seat.member_id))
             for seat in room.seats if seat.stands_in_for is None or seat.member_id in for_whom]  # fmt: skip
    then = replace(room, seats=tuple(seats))
    sent: set[int] = set()
    fixed: set[int] = set()
    kept_from = False
    for item in voting:
        here, left = ({int(seat.member) for seat in committee.taking_part(r.seats_of(item))} for r in (room, then))
        swapped = set() if room.items[item].present_at_end is None else changing
        if room.is_recused(item, ctx.person_id):
            kept_from = kept_from or bool(here - left or swapped)
        else:
            sent |= voted.get(item, frozenset()) & here - left
            fixed |= swapped
    named = [Problem("voting-on-an-item", f"members.{m}") for m in sorted(sent - fixed)]
    named += [Problem("seat-in-an-ended-vote", f"members.{m}") for m in sorted(fixed)]
    return [*named, Problem("vote-under-way", "present")] if kept_from else named


def adjourn_problems(ctx: Context, room: Room) -> list[Problem]:
    """Why the meeting cannot be adjourned now, as `adjourn` says it."""
    if problems := _no_sitting(ctx, room.meeting):
        return problems
    return [] if _short(room, _going(ctx, room)) else [Problem("quorum-is-there", "seats")]


def _no_sitting(ctx: Context, row: Meeting) -> list[Problem]:
    if row.written:
        return in_writing(row)
    early = ctx.now < row.held_at
    return [Problem("meeting-not-held", "meeting", {"held_at": row.held_at.isoformat()})] if early else []


def _going(ctx: Context, room: Room) -> list[int]:
    """What is left on the list, without what the caller is recused from."""
    return [i for i in room.items if not room.is_recused(i, ctx.person_id) and room.items[i].state in GOING]


def _short(room: Room, going: Collection[int]) -> list[int]:
    """Those that the people present cannot vote on. Whoever is there and has not declared could: they are no want."""
    rules, waived = room.policy.committee, frozenset(room.meeting.waived_sectors)
    seats = {i: [replace(seat, declared=True) for seat in room.seats_of(i)] for i in going}
    return [i for i in going if committee.presence_problems(rules, seats[i], waived)]


def in_writing(row: Meeting) -> list[Problem]:
    """Where members vote in writing nobody sits: nothing is added, attended or adjourned."""
    return [Problem("vote-in-writing", "meeting")] if row.written else []


def _refuse_in_writing(row: Meeting) -> None:
    if problems := in_writing(row):
        raise NotNow(*problems)


def adjourn(ctx: Context, meeting_id: int) -> list[int]:
    """Put off every item that those present cannot vote on: no quorum, or a sector missing. Goes on record.

    The items put off; the others go on. NotNow before the meeting's hour, in writing, and where a valid vote is
    possible on all that is left.
    """
    row = ctx.locked(Meeting, meeting_id)
    city, _ = _round(ctx, row.round_id)
    ctx.permit(CHAIR, Scope(city=city), where="meeting")
    if problems := _no_sitting(ctx, row):
        raise NotNow(*problems)
    room = deliberation_rooms.room(ctx.session, row, acting=ctx.person_id)
    going = _going(ctx, room)
    states = ctx.lock_all(MeetingItem, going)
    short = _short(room, [i for i in going if states[i] in GOING])
    if not short:
        raise NotNow(Problem("quorum-is-there", "seats"))
    facts = dict.fromkeys(short, meeting.ItemFacts(reason=NO_QUORUM))
    ctx.advance_many(meeting.ITEM, MeetingItem, meeting.ItemEvent.VOID, short, room.scope, facts=facts,
                     note=Note(reason=NO_QUORUM, round_id=row.round_id), changes={"no_quorum_at": ctx.now})  # fmt: skip
    return short


def waive(ctx: Context, meeting_id: int, sector: str, reason: str) -> Meeting:
    """The bureau waives a sector in writing; it takes effect where the sector is wholly recused, with no substitute."""
    row = ctx.locked(Meeting, meeting_id)
    city, rules = _round(ctx, row.round_id)
    grant = ctx.permit(roles(Role.BUREAU_APPROVER), Scope(city=city), where="meeting")
    problems = [] if reason.strip() else [Problem("reason-missing", "reason")]
    if sector not in rules.sectors:
        problems.append(Problem("sector-unknown", "sector", {"sector": sector, "one_of": list(rules.sectors)}))
    if problems:
        raise Invalid(*problems)
    row.waived_sectors = sorted({*row.waived_sectors, sector})
    ctx.record("meeting.waive", row, Note(reason=reason, told={"sector": sector}), grant=grant)
    return ctx.saved(row)
