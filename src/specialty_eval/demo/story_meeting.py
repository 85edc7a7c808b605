"""The committee sits: interests declared, undisputed items agreed together, the others voted on, one put off."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import sqlalchemy as sa

from specialty_eval.actions import ballots, committee, conflicts, decisions, interests, minutes, paper_votes, rounds
from specialty_eval.actions.context import LOCAL
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.committee import entitled
from specialty_eval.engine.policy import Rating
from specialty_eval.store import deliberation_queries, deliberation_rooms
from specialty_eval.store.accounts import SECTORS, CommitteeMember, Person
from specialty_eval.store.deliberation import Meeting, MeetingItem
from specialty_eval.store.deliberation_queries import Case

from .city import Specialty
from .people import APPEAL_CHAIR, CHAIR, DEPUTY_CHAIR, MEMBERS, REVIEWERS
from .story import YEARS, Tale
from .world import Step, World

SINGLY = 4
"""Yellow and red proposals nearest to a limit are voted on one by one; so many at most."""
LEFT = ("industry-2", "industry-3", "enterprise-2", "enterprise-3", "research-2")
"""Who has to leave early in the second round's meeting: seven of twelve are no quorum."""
QUORUM_LOST = 2
"""The round in which that happens."""
WAIVED, PARTNERS = 1, "enterprise"
"""The round, and the sector, in which all of a sector have an interest in one item and nobody stands in for them."""
ON_PAPER = 1
"""The round in which an item is voted on on paper, and whose minutes are written up."""
SCAN = "%PDF-1.7\n% 示例：签字纪要的扫描件\n".encode()
LONGER = 10
"""Days by which the deliberation of a round is extended."""
UNDECLARED = "research-3"
"""Whose interest comes to light after the vote."""
SUBSTITUTES = {"industry-2": "industry-s", "enterprise-2": "enterprise-s"}


@dataclass(frozen=True, slots=True)
class Bench:
    """Who comes: the committee, or those who decide anew what an appeal reopened."""

    members: tuple[str, ...]
    chair: str
    deputy: str | None


COMMITTEE = Bench(tuple(f"{s}-{n}" for s in SECTORS for n in range(1, MEMBERS + 1)), CHAIR, DEPUTY_CHAIR)
APPEAL_BENCH = Bench(
    tuple(f"{s}-{n}" for s in SECTORS for n in range(MEMBERS + 1, MEMBERS + REVIEWERS + 1)), APPEAL_CHAIR, None
)


def steps(number: int) -> Iterator[Step]:
    """The round's meetings, in their order."""
    year = YEARS[number - 1]
    yield Step(f"{year} 委员会开会 · the committee meets", partial(_meet, number=number))
    yield Step(f"{year} 一并审议 · agreed together", partial(_agree, number=number))
    yield Step(f"{year} 逐项表决 · voted on one by one", partial(_vote, number=number))
    if number == ON_PAPER:
        yield Step(f"{year} 会议纪要 · the minutes", partial(_write_up, number=number))
        yield Step(f"{year} 会后查明利害关系 · an interest found later", partial(_found_later, number=number))
    if number == QUORUM_LOST:
        yield Step(f"{year} 补议 · what a lost quorum put off", partial(_meet_again, number=number))
        yield Step(f"{year} 专题会人数仍不足 · again no quorum", partial(_too_few, number=number))


def in_writing(number: int) -> Iterator[Step]:
    """What no quorum came together for, weeks later."""
    if number == QUORUM_LOST:
        yield Step(f"{YEARS[number - 1]} 书面表决 · voted on in writing", partial(_in_writing, number=number))


def written(number: int) -> Iterator[Step]:
    """The days of the vote in writing are over."""
    if number == QUORUM_LOST:
        yield Step(f"{YEARS[number - 1]} 书面表决结束 · the vote in writing ends", partial(_end_writing, number=number))


def kept_waiting(world: World, number: int) -> list[tuple[Specialty, int]]:
    """What no quorum comes together for, with its review: nobody's tale, the last of that round."""
    if number != QUORUM_LOST:
        return []
    specialty = world.city.untold(number)[-1]
    return [(specialty, world.reviews(number)[specialty.code])]


def _partners_own(world: World, number: int) -> list[int]:
    """The review in which a whole sector has an interest: nobody's tale, the first of that round."""
    return [world.reviews(number)[world.city.untold(number)[0].code]] if number == WAIVED else []


# --- seats and items ---


def call(
    world: World, number: int, title: str, bench: Bench, reviews: Sequence[int], together: Collection[int] = (), *,
    written: bool = False,
) -> int:  # fmt: skip
    """Call a meeting to which everybody comes, or a vote in writing, to which nobody needs to; its number."""
    seats = member_ids(world)
    secretary = world.as_("secretary")
    made = committee.create(
        secretary,
        committee.NewMeeting(
            world.round_id(number), title, world.now, chair=seats[bench.chair], secretary=world.person("secretary"),
            deputy_chair=None if bench.deputy is None else seats[bench.deputy],
            deputy_secretary=world.person("deputy-secretary"),
            reviews=reviews, together=together, written=written,
        ),
    )  # fmt: skip
    if not written:
        committee.attend(secretary, made.id, [seats[m] for m in bench.members])
    return made.id


def declare(world: World, meeting: int, people: Sequence[str], conflict: Mapping[str, Sequence[int]]) -> None:
    """Everybody says of every item that they have an interest, or none; `conflict` are reviews by login."""
    items = items_of(world, meeting)
    for login in (*people, "secretary"):
        interest = "本企业与该校共建该专业" if login.startswith(PARTNERS) else "近亲属在该专业任教"
        mine = {items[review]: interest for review in conflict.get(login, ())}
        interests.declare_all(world.as_(login), meeting, mine)
    ballots.open_items(world.as_("secretary"), meeting)


def member_ids(world: World) -> dict[str, int]:
    """Login → seat in the committee."""
    found = sa.select(Person.login, CommitteeMember.id).join(Person, Person.id == CommitteeMember.person_id)
    return {row.login: row.id for row in world.session.execute(found)}


def items_of(world: World, meeting: int) -> dict[int, int]:
    """Review → item of the meeting."""
    found = sa.select(MeetingItem.review_id, MeetingItem.id).where(MeetingItem.meeting_id == meeting)
    return {row.review_id: row.id for row in world.session.execute(found.order_by(MeetingItem.id))}


def last_meeting(world: World, number: int) -> Meeting:
    """The round's newest meeting."""
    found = sa.select(Meeting).where(Meeting.round_id == world.round_id(number)).order_by(Meeting.id.desc())
    return world.session.scalars(found.limit(1)).one()


def cases_of(world: World, reviews: Collection[int]) -> dict[int, Case]:
    """What deciding looks at, by review."""
    return deliberation_queries.cases(world.session, reviews)


# --- the meetings of a round ---


def _meet(world: World, number: int) -> None:
    """Everything scored is on the list; what nobody disputes may be agreed together."""
    reviews = world.reviews(number, "scored")
    cases = cases_of(world, reviews.values())
    world.after(max(case.challenge_due for case in cases.values() if case.challenge_due is not None))
    alone = _disputed(world, number, reviews, cases)
    listed = sorted(reviews.values())
    title = f"{YEARS[number - 1]}年专业建设指导委员会审议会"
    meeting = call(world, number, title, COMMITTEE, listed, [r for r in listed if r not in alone])
    own = [reviews[s.code] for s in world.city.told(Tale.CHAIR_CONFLICT, number) if s.code in reviews]
    if number != WAIVED:
        declare(world, meeting, COMMITTEE.members, {CHAIR: own})
        return
    sector = [m for m in (*COMMITTEE.members, *APPEAL_BENCH.members) if m.startswith(PARTNERS)]
    people = dict.fromkeys([*COMMITTEE.members, *sector])  # who has a seat and stays away says so too
    declare(world, meeting, [*people], {CHAIR: own, **dict.fromkeys(sector, _partners_own(world, number))})
    reason = f"示例教职函〔{YEARS[number - 1]}〕8号：该项企业界委员全部回避，且无候补，同意免除该界别到会"
    committee.waive(world.as_("approver"), meeting, PARTNERS, reason)


def _disputed(world: World, number: int, reviews: Mapping[str, int], cases: Mapping[int, Case]) -> set[int]:
    """What is looked at one by one: the tales that need it, and proposals that no cap fixes, nearest by number."""
    told = {
        reviews[s.code]
        for tale in (Tale.CHAIR_CONFLICT, Tale.OVERRIDDEN, Tale.OFF_CATALOGUE, Tale.APPEAL_REJECTED, Tale.TIED)
        for s in world.city.told(tale, number)
        if s.code in reviews
    }
    open_ = [
        review for review, case in sorted(cases.items())
        if case.computed in {Rating.YELLOW, Rating.RED} and case.at_most(world.policy) is None
    ]  # fmt: skip
    barred = {*_partners_own(world, number), *(review for _, review in kept_waiting(world, number))}
    return told | barred | set(open_[: max(0, SINGLY - len(told))])


def _agree(world: World, number: int) -> None:
    world.pause(60)
    meeting = last_meeting(world, number)
    seats = member_ids(world)
    decisions.agree(world.as_("secretary"), meeting.id, {seats[m]: decisions.AGREE for m in COMMITTEE.members})


def _vote(world: World, number: int) -> None:
    """The items left; in the second round members leave before the end, and the last item is put off."""
    meeting = last_meeting(world, number)
    found = sa.select(MeetingItem).where(MeetingItem.meeting_id == meeting.id, MeetingItem.state == "open")
    left = list(world.session.scalars(found.order_by(MeetingItem.id)))
    reviews = world.reviews(number)
    overridden = {reviews[s.code] for s in world.city.told(Tale.OVERRIDDEN, number)}
    tales = {reviews[s.code] for s in world.city.specialties if s.tale is not None and s.code in reviews}
    waiting = {review for _, review in kept_waiting(world, number)}
    waiting |= {reviews[s.code] for s in world.city.told(Tale.TIED, number)}
    barred = {*waiting, *_partners_own(world, number)}
    ordinary = [i for i in left if i.review_id not in {*tales, *barred}]
    others = ordinary or [i for i in left if i.review_id not in {*overridden, *barred}]
    put_off = others[-1] if number == QUORUM_LOST else None
    on_paper = ordinary[-1] if ordinary and number == ON_PAPER else None
    for item in left:
        world.pause(10)
        if item is on_paper:
            _on_paper(world, meeting.id, item.id)
        elif item is not put_off and item.review_id not in waiting:
            vote(world, item.id, COMMITTEE, override=item.review_id in overridden)
    if put_off is not None:
        _lose_quorum(world, meeting.id)


def vote(world: World, item: int, bench: Bench, *, override: bool = False) -> None:
    """Put an item to the vote, cast and close. The deputy chairs for a recused chair; `override`: nine want green."""
    chair, reason = _put(world, item, bench, override=override)
    ballots.end_vote(world.as_(chair), item)
    decisions.close(world.as_(chair), item, reason=reason)


def _put(world: World, item: int, bench: Bench, *, override: bool = False) -> tuple[str, str]:
    """Put it to the vote and cast: who chairs, and the reason there is for another rating than the computed one."""
    room = deliberation_rooms.room_of_item(world.session, item, acting=None)
    logins = {member: login for login, member in member_ids(world).items()}
    chair = bench.chair if not room.is_recused(item, world.person(bench.chair)) else (bench.deputy or "secretary")
    ballots.call_vote(world.as_(chair), item)
    case = cases_of(world, [room.items[item].review_id])[room.items[item].review_id]
    able_to = [(logins[int(seat.member)], seat.present) for seat in entitled(room.seats_of(item))]
    here = [login for login, present in able_to if (login in bench.members if room.meeting.written else present)]
    able = override and case.computed == Rating.YELLOW and case.at_most(world.policy) is None
    reason = "实训条件和就业质量连续三年改善，评分时点未能反映" if able else ""
    for n, login in enumerate(here):
        choice = Rating.GREEN if able and n % 4 else case.computed
        said = reason if choice != case.computed else ""
        ballots.cast(world.as_(login), item, ballots.ABSTAIN if not able and n == 7 else choice.value, said)
    return chair, reason


def _on_paper(world: World, meeting: int, item: int) -> None:
    """The tablets fail: everybody votes on paper, and the secretary records it from the signed minutes."""
    secretary = world.as_("secretary")
    room = deliberation_rooms.room_of_item(world.session, item, acting=None)
    case = cases_of(world, [room.items[item].review_id])[room.items[item].review_id]
    here = [int(seat.member) for seat in entitled(room.seats_of(item)) if seat.present]
    minutes_id = paper_votes.attach_minutes(secretary, meeting, "签字纪要.pdf", SCAN).id
    votes = {member: ballots.ABSTAIN if n == 7 else case.computed.value for n, member in enumerate(here)}
    paper_votes.record(secretary, item, paper_votes.OnPaper(minutes_id, votes))


def _write_up(world: World, number: int) -> None:
    """The minutes, once every item is over."""
    world.pause(30)
    minutes.issue(world.as_("secretary"), last_meeting(world, number).id)


def _found_later(world: World, number: int) -> None:
    """A member's interest that nobody had declared: the ballot is void, and the decision stands without it."""
    world.pause(60)
    meeting = last_meeting(world, number)
    for specialty in world.city.told(Tale.OFF_CATALOGUE, number):
        item = items_of(world, meeting.id)[world.reviews(number)[specialty.code]]
        reason = "会后查明：该委员任该校兼职教授，未申报"
        conflicts.conflict(world.as_("secretary"), item, member_ids(world)[UNDECLARED], reason)


def _lose_quorum(world: World, meeting: int) -> None:
    """Members leave: no valid vote is possible, and what is left is put off."""
    seats = member_ids(world)
    staying = [seats[m] for m in COMMITTEE.members if m not in LEFT]
    committee.attend(world.as_("secretary"), meeting, staying)
    committee.adjourn(world.as_(CHAIR), meeting)


def _too_few(world: World, number: int) -> None:
    """A sitting of its own for what is left, and again too few come: everybody of the round is given longer."""
    world.pause(120)
    reviews = [review for _, review in kept_waiting(world, number)]
    _lose_quorum(world, call(world, number, f"{YEARS[number - 1]}年审议会（专题）", COMMITTEE, reviews))
    due = world.round(number).deliberating_due
    assert due is not None  # noqa: S101 -- it is deliberating
    until = last_local_day(due, LOCAL) + timedelta(days=LONGER)
    reason = "委员会两次到会不足，审议期限统一顺延"
    rounds.extend_all(world.as_("secretary"), world.round_id(number), until, reason)


def _in_writing(world: World, number: int) -> None:
    """Weeks without a quorum are over: everybody declares and votes in writing."""
    world.pause(90)
    reviews = [review for _, review in kept_waiting(world, number)]
    meeting = call(world, number, f"{YEARS[number - 1]}年书面审议", COMMITTEE, reviews, written=True)
    declare(world, meeting, COMMITTEE.members, {})
    for item in items_of(world, meeting).values():
        _put(world, item, COMMITTEE)


def _end_writing(world: World, number: int) -> None:
    world.pause(30)
    for item in items_of(world, last_meeting(world, number).id).values():
        ballots.end_vote(world.as_(CHAIR), item)
        decisions.close(world.as_(CHAIR), item)


def _meet_again(world: World, number: int) -> None:
    """What was put off, with substitutes for those who still cannot come; one needs a sitting of its own."""
    world.wait(3)
    waiting = {review for _, review in kept_waiting(world, number)}
    put_off = [review for review in world.reviews(number, "scored").values() if review not in waiting]
    seats = member_ids(world)
    meeting = call(world, number, f"{YEARS[number - 1]}年审议会（补议）", COMMITTEE, put_off)
    present = [m for m in COMMITTEE.members if m not in SUBSTITUTES] + list(SUBSTITUTES.values())
    standing_in = [committee.Substitute(seats[s], seats[m]) for m, s in SUBSTITUTES.items()]
    committee.attend(world.as_("secretary"), meeting, [seats[m] for m in present], standing_in)
    declare(world, meeting, present, {})
    for item in items_of(world, meeting).values():
        vote(world, item, COMMITTEE)
