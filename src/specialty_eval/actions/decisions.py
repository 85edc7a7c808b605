"""What the votes come to: closing an item, agreeing undisputed ones together; each leaves a decision on its review.

The arithmetic is `engine.committee`'s; undoing a decision is `conflicts`' work.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from specialty_eval.engine import committee, review
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.committee import Outcome, Seat
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.meeting import ITEM, ItemEvent, ItemFacts, ItemState
from specialty_eval.engine.permissions import Grant
from specialty_eval.engine.policy import Policy, Rating
from specialty_eval.engine.roles import Role
from specialty_eval.store import bulk, deliberation_queries, deliberation_rooms
from specialty_eval.store.deliberation import Ballot, Decision, Meeting, MeetingItem
from specialty_eval.store.deliberation_queries import Case
from specialty_eval.store.deliberation_rooms import Room
from specialty_eval.store.reviews import Review

from .context import LOCAL, Context, Note, entitled

AGREE, ABSTAIN = "agree", "abstain"
_IDS = ARRAY(sa.BigInteger())


@dataclass(frozen=True, slots=True)
class Voted:
    """One item's vote and what it decides on."""

    item_id: int
    case: Case
    seats: tuple[Seat, ...]
    outcome: Outcome
    problems: tuple[Problem, ...]
    """Whatever keeps the vote from deciding."""
    together: bool = False
    casting: Rating | None = None
    by: str = "meeting"
    """Who decides and how: a `meeting`, the committee in `writing`, or the `bureau` in its place."""


def close(
    ctx: Context, item_id: int, *, reason: str = "", casting: Rating | None = None, version: int | None = None
) -> Decision:
    """Close an item and decide its review by the votes. `casting`: the chair's choice in a tie, said by the chair.

    NotNow with every reason (quorum, sectors, undeclared, a tie, a reason that is missing, challenges, a visit), and
    nothing is left then.
    """
    found = deliberation_rooms.room_of_item(ctx.session, item_id, acting=ctx.person_id)
    ctx.permit(entitled(ITEM, "", ItemEvent.CLOSE), found.scope, where="item")
    subject = ctx.locked(Review, found.items[item_id].review_id)
    ctx.locked(Meeting, found.meeting.id)
    row = ctx.locked(MeetingItem, item_id, version=version)
    room = deliberation_rooms.room_of_item(ctx.session, item_id, acting=ctx.person_id)
    room = deliberation_rooms.in_office(ctx.session, room, ctx.today)
    grant = _chairing(ctx, room, [item_id])
    vote = _counted(ctx, room, item_id, reason, casting)
    item_facts, facts = _facts(ctx, room, vote, grant)
    problems = ITEM.objections(row.state, ItemEvent.CLOSE, item_facts)
    problems += review.WORKFLOW.objections(subject.state, review.Event.DECIDE, facts)
    if problems:
        raise NotNow(*problems)
    return _decide(ctx, room, vote, ItemEvent.CLOSE, (row, subject), reason, (item_facts, facts))


def take_over(ctx: Context, item_id: int, rating: Rating, reason: str, *, version: int | None = None) -> Decision:
    """The bureau decides in the committee's place, in writing: no quorum for the policy's days, in writing neither.

    Only once the days of the written vote are over and it is still not valid; who is recused stays out; a capped
    rating stands. Invalid for a rating that is open to no vote; NotNow with every reason.
    """
    found = deliberation_rooms.room_of_item(ctx.session, item_id, acting=ctx.person_id)
    ctx.permit(entitled(ITEM, "", ItemEvent.TAKE_OVER), found.scope, where="item")
    subject = ctx.locked(Review, found.items[item_id].review_id)
    ctx.locked(Meeting, found.meeting.id)
    row = ctx.locked(MeetingItem, item_id, version=version)
    room = deliberation_rooms.room_of_item(ctx.session, item_id, acting=ctx.person_id)
    grant = ctx.permit(entitled(ITEM, "", ItemEvent.TAKE_OVER), room.scope, where="item")
    if problems := room.in_the_way([item_id], ctx.person_id):
        raise NotYou(*problems)
    counted = _counted(ctx, room, item_id, reason, None)
    case, computed = counted.case, counted.case.computed
    possible = committee.choices(computed, at_most=case.at_most(room.policy))
    if rating not in possible:
        raise Invalid(Problem("choice-not-open", "rating", {"choice": rating.value, "one_of": list(possible)}))
    outcome = replace(counted.outcome, decision=rating, overrides=rating != computed)
    vote = replace(counted, outcome=outcome, by="bureau")
    item_facts, facts = _facts(ctx, room, vote, grant)
    facts = replace(facts, acting=Role.BUREAU_APPROVER, valid_vote=False, quorum_given_up=True, decided_before=())
    problems = ITEM.objections(row.state, ItemEvent.TAKE_OVER, replace(item_facts, reason=reason))
    problems += review.WORKFLOW.objections(subject.state, review.Event.DECIDE, facts)
    if problems:
        raise NotNow(*problems)
    return _decide(ctx, room, vote, ItemEvent.TAKE_OVER, (row, subject), reason.strip(), (item_facts, facts))


def _decide(
    ctx: Context,
    room: Room,
    vote: Voted,
    event: ItemEvent,
    rows: tuple[MeetingItem, Review],
    reason: str,
    facts: tuple[ItemFacts, review.Facts],
) -> Decision:
    """The decision, its item closed, its review decided."""
    row, subject = rows
    item_facts, of_review = facts
    decision = ctx.saved(Decision(**_decision(ctx, room, vote, _written(ctx, vote, reason))))
    scope = room.scope_of(row.id)
    told = Note(reason=reason, round_id=room.meeting.round_id, specialty_id=room.items[row.id].specialty_id)
    ctx.advance(ITEM, row, event, replace(item_facts, reason=reason), scope, note=told)
    changes = {"decision_id": decision.id, "decided_rating": decision.rating}
    ctx.advance(review.WORKFLOW, subject, review.Event.DECIDE, of_review, scope, changes=changes)
    return decision


def agree(ctx: Context, meeting_id: int, votes: Mapping[int, str], items: Sequence[int] | None = None) -> list[int]:
    """Decide undisputed items as computed, in one act with one list of votes (member → agree or abstain).

    `items` None: all open ones to be agreed together. Recused members leave the base item by item. NotNow with every
    reason of every item, and none is decided then. Returns the items decided; a few statements, however many.
    """
    meeting = ctx.session.get(Meeting, meeting_id)
    if meeting is None:
        raise NotFound(Problem("not-found", "meeting", {"kind": "meeting", "id": meeting_id}))
    chosen, reviews = _to_agree(ctx, meeting, items)
    ctx.lock_all(Review, reviews)
    ctx.locked(Meeting, meeting_id)
    ctx.lock_all(MeetingItem, chosen)
    room = deliberation_rooms.room(ctx.session, meeting, acting=ctx.person_id, item_ids=chosen)
    room = deliberation_rooms.in_office(ctx.session, room, ctx.today)
    grant = _chairing(ctx, room, chosen)
    agreed = _agreed(ctx, room, votes)
    facts = {vote.item_id: _facts(ctx, room, vote, grant) for vote in agreed}
    _refuse_together(room, agreed, facts)
    _write(ctx, room, agreed, votes)
    note = Note(round_id=meeting.round_id)
    of_items = {item: pair[0] for item, pair in facts.items()}
    for event in (ItemEvent.VOTE, ItemEvent.CLOSE):
        ctx.advance_many(ITEM, MeetingItem, event, chosen, room.scope, facts=of_items, note=note)
    of_reviews = {vote.case.review_id: facts[vote.item_id][1] for vote in agreed}
    ctx.advance_many(review.WORKFLOW, Review, review.Event.DECIDE, reviews, room.scope, facts=of_reviews)
    return chosen


def _to_agree(ctx: Context, meeting: Meeting, items: Sequence[int] | None) -> tuple[list[int], list[int]]:
    room = deliberation_rooms.room(ctx.session, meeting, acting=ctx.person_id, item_ids=items)
    ctx.permit(entitled(ITEM, "", ItemEvent.CLOSE), room.scope, where="item")
    if items is None:
        mine = [i for i in room.items if not room.is_recused(i, ctx.person_id)]
        chosen = [i for i in mine if room.items[i].together and room.items[i].state == ItemState.OPEN]
    else:
        chosen = sorted(set(items))
    unknown = [i for i in chosen if i not in room.items]
    if unknown or not chosen:
        raise NotFound(*(Problem("not-found", f"items.{i}", {"kind": "item", "id": i}) for i in unknown or [0]))
    return chosen, [room.items[i].review_id for i in chosen]


def _chairing(ctx: Context, room: Room, items: Collection[int]) -> Grant:
    """The chair's or the secretary's grant; NotYou for the recused, for whom a deputy stands in."""
    grant = ctx.permit(entitled(ITEM, "", ItemEvent.CLOSE), room.scope, where="item")
    if problems := room.in_the_way(items, ctx.person_id):
        raise NotYou(*problems)
    assert grant is not None  # noqa: S101 -- the clock closes no item: `in_the_way` has refused it
    return grant


def _counted(ctx: Context, room: Room, item_id: int, reason: str, casting: Rating | None) -> Voted:
    case = _case(ctx, room, [item_id])[room.items[item_id].review_id]
    seats = room.seats_of(item_id)
    ballots = deliberation_queries.ballots_of(ctx.session, [item_id])[item_id]
    outcome = committee.outcome(
        room.policy.committee, seats, ballots, case.computed, case.at_most(room.policy),
        waived=frozenset(room.meeting.waived_sectors), reason=reason, casting=casting,
    )  # fmt: skip
    problems = outcome.problems
    chair = next((seat.member for seat in seats if seat.chair), None)
    if casting is not None and chair != str(room.member_of(ctx.person_id)):
        problems += (Problem("casting-by-the-chair", "casting"),)
    by = "writing" if room.meeting.written else "meeting"
    return Voted(item_id, case, seats, outcome, problems, casting=casting, by=by)


def _case(ctx: Context, room: Room, items: Collection[int]) -> dict[int, Case]:
    """What deciding looks at, by review; a review without a sheet cannot be decided."""
    found = deliberation_queries.cases(ctx.session, [room.items[i].review_id for i in items])
    missing = [i for i in items if room.items[i].review_id not in found]
    if missing:
        raise NotNow(*(Problem("review-not-scored", f"items.{i}") for i in missing))
    return found


def _agreed(ctx: Context, room: Room, votes: Mapping[int, str]) -> list[Voted]:
    """Each item with the one list of votes as its ballots."""
    present = {seat.member_id: seat.present and seat.member_id not in room.lapsed for seat in room.seats}
    if absent := [m for m in votes if not present.get(m)]:
        codes = {m: "not-present" if m in present else "not-seated" for m in absent}
        codes |= dict.fromkeys(room.lapsed & set(absent), "not-in-office")
        raise Invalid(*(Problem(codes[m], f"members.{m}") for m in absent))
    cases = _case(ctx, room, list(room.items))
    return [_one_agreed(room, item, cases[room.items[item].review_id], votes) for item in room.items]


def _one_agreed(room: Room, item_id: int, case: Case, votes: Mapping[int, str]) -> Voted:
    seats, rules = room.seats_of(item_id), room.policy.committee
    here = {int(seat.member) for seat in committee.taking_part(seats)}
    for_it = [m for m in here if votes.get(m) == AGREE]
    ballots = [committee.Ballot(str(m), 1, case.computed) for m in for_it]
    waived = frozenset(room.meeting.waived_sectors)
    outcome = committee.outcome(rules, seats, ballots, case.computed, case.at_most(room.policy), waived=waived)
    problems = outcome.problems
    if not room.items[item_id].together:
        problems += (Problem("taken-out"),)
    if outcome.valid and not committee.passes(rules, seats, len(for_it)):
        problems += (Problem("not-agreed", "", {"agree": len(for_it), "present": len(here)}),)
    return Voted(item_id, case, seats, outcome, problems, together=True)


def _facts(ctx: Context, room: Room, vote: Voted, grant: Grant | None) -> tuple[ItemFacts, review.Facts]:
    item, case = room.items[vote.item_id], vote.case
    before = room.first_deciders.get(item.review_id, frozenset())
    deciding = set(room.people(committee.taking_part(vote.seats)))
    undeclared = room.undeclared(vote.item_id)
    item_facts = ItemFacts(undeclared=undeclared, vote_problems=vote.problems, outcome_problems=vote.problems)
    return _in_writing(ctx, room, vote, item_facts), replace(
        facts_of(ctx, room.policy, case),
        acting=Role.CHAIR if grant is not None and grant.role == Role.CHAIR else Role.SECRETARY,
        decided_before=tuple(str(person) for person in sorted(before & deciding)),
    )


def facts_of(ctx: Context, policy: Policy, case: Case) -> review.Facts:
    """What deciding a review looks at, but for who decides: the school's days, its challenges, the visit."""
    due = case.challenge_due or _unopened(ctx, policy, case)
    return review.Facts(
        due=last_local_day(due, LOCAL),
        challenge_days_over=ctx.now >= due,
        open_challenges=case.open_challenges,
        site_visit_owed=case.owes_visit(policy),
        valid_vote=True,  # whether it is stands in the item's facts, with every reason
    )


def _in_writing(ctx: Context, room: Room, vote: Voted, facts: ItemFacts) -> ItemFacts:
    """What a vote in writing looks at besides: its days, which are over early once everybody entitled has voted."""
    until = room.items[vote.item_id].written_until
    if not room.meeting.written or until is None:
        return facts
    waived = frozenset(room.meeting.waived_sectors)
    missing = committee.presence_problems(room.policy.committee, vote.seats, waived)
    return replace(facts, written=True, written_days_over=room.has_had_its_days(vote.item_id, ctx.now),
                   due=last_local_day(until, LOCAL), vote_problems=tuple(missing))  # fmt: skip


def _unopened(ctx: Context, policy: Policy, case: Case) -> Any:
    """Until when a school may challenge that has not opened its sheet: it counts as served after the policy's days."""
    days, calendar = policy.workflow.days, ctx.calendar()
    return calendar.due(calendar.due(case.scored_at, days["deemed_served"], LOCAL), days["challenge"], LOCAL)


def _refuse_together(room: Room, agreed: Sequence[Voted], facts: Mapping[int, tuple[ItemFacts, review.Facts]]) -> None:
    """Every reason of every item at once."""
    problems = []
    for vote in agreed:
        item_facts, of_review = facts[vote.item_id]
        found = ITEM.objections(room.items[vote.item_id].state, ItemEvent.VOTE, item_facts)
        found += review.WORKFLOW.objections(vote.case.state, review.Event.DECIDE, of_review)
        problems += [Problem(p.code, f"items.{vote.item_id} {p.where}".strip(), p.facts) for p in found]
    if problems:
        raise NotNow(*problems)


def _decision(ctx: Context, room: Room, vote: Voted, reason: str) -> dict[str, Any]:
    """A decision's columns; the tally keeps who sat how, so that a conflict found later can be weighed."""
    outcome = vote.outcome
    assert outcome.decision is not None  # noqa: S101 -- a vote without one was refused
    return {
        "review_id": vote.case.review_id,
        "item_id": vote.item_id,
        "sheet_id": vote.case.sheet_id,
        "rating": outcome.decision.value,
        "computed": vote.case.computed.value,
        "reason": reason,
        "decided_at": ctx.now,
        "tally": {
            "votes": {rating.value: number for rating, number in outcome.votes.items()},
            "abstentions": outcome.abstentions,
            "present": outcome.present,
            "entitled": outcome.entitled,
            "overrides": outcome.overrides,
            "together": vote.together,
            "casting": None if vote.casting is None else vote.casting.value,
            "waived": list(room.meeting.waived_sectors),
            "at_most": vote.case.at_most(room.policy),
            "by": vote.by,
            "took_part": [ctx.person_id] if vote.by == "bureau" else room.people(committee.taking_part(vote.seats)),
            "seats": [asdict(seat) for seat in vote.seats],
        },
    }


def _written(ctx: Context, vote: Voted, reason: str) -> str:
    """The reason on record: the one given at the close, else those written on the ballots that decided otherwise."""
    if reason.strip() or not vote.outcome.overrides:
        return reason.strip()
    ballots = deliberation_queries.ballots_of(ctx.session, [vote.item_id])[vote.item_id]
    last = {ballot.member: ballot for ballot in ballots if not ballot.void}
    said = [b.reason.strip() for b in last.values() if b.choice == vote.outcome.decision and b.reason.strip()]
    return "；".join(dict.fromkeys(said))


def _write(ctx: Context, room: Room, agreed: Sequence[Voted], votes: Mapping[int, str]) -> None:
    """Ballots and decisions of a whole list, and which decision each review rests on."""
    ballots = [
        {"item_id": vote.item_id, "member_id": int(seat.member), "number": 1, "cast_at": ctx.now,
         "choice": vote.case.computed.value if votes[int(seat.member)] == AGREE else ABSTAIN}
        for vote in agreed
        for seat in committee.taking_part(vote.seats)
        if int(seat.member) in votes
    ]  # fmt: skip
    bulk.insert_all(ctx.session, Ballot, ballots)
    new = insert(Decision).returning(Decision.id, Decision.review_id)
    decided = ctx.session.execute(new, [_decision(ctx, room, vote, "") for vote in agreed]).all()
    ratings = {vote.case.review_id: vote.case.computed.value for vote in agreed}
    made = sa.select(
        sa.func.unnest(sa.bindparam("reviews", type_=_IDS)).label("review"),
        sa.func.unnest(sa.bindparam("decisions", type_=_IDS)).label("decision"),
        sa.func.unnest(sa.bindparam("ratings", type_=ARRAY(sa.Text()))).label("rating"),
    ).subquery()
    ctx.session.connection().execute(
        sa.update(Review)
        .where(Review.id == made.c.review)
        .values(decision_id=made.c.decision, decided_rating=made.c.rating),
        {
            "reviews": [d.review_id for d in decided],
            "decisions": [d.id for d in decided],
            "ratings": [ratings[d.review_id] for d in decided],
        },
    )
