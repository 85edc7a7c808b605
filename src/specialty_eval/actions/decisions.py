"""What the votes come to: closing an item, agreeing undisputed ones together; each leaves a decision on its review.

The arithmetic is `engine.committee`'s; undoing a decision is `conflicts`' work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from specialty_eval.engine import committee, review
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.meeting import ITEM, ItemEvent, ItemFacts, ItemState
from specialty_eval.engine.policy import Rating
from specialty_eval.engine.roles import Role
from specialty_eval.store import ballot_box, bulk, deliberation_rooms
from specialty_eval.store.deliberation import Ballot, Decision, Meeting, MeetingItem
from specialty_eval.store.deliberation_queries import Case
from specialty_eval.store.deliberation_rooms import Room
from specialty_eval.store.reviews import Review

from . import tallies
from .context import Context, Note, entitled

AGREE, ABSTAIN = "agree", "abstain"
_IDS = ARRAY(sa.BigInteger())


def close(
    ctx: Context, item_id: int, *, reason: str = "", casting: Rating | None = None, version: int | None = None
) -> Decision:
    """Close an item and decide its review by the votes, which are opened now. `casting`: the chair's choice in a tie.

    NotNow with every reason (quorum, sectors, undeclared, challenges, a visit), and nothing is left then. The vote
    ends first (`end_vote`): before, that there is a tie, or a reason missing, would tell of what can be replaced.
    """
    room, subject, row = tallies.held(ctx, item_id, ItemEvent.CLOSE, version)
    room = deliberation_rooms.in_office(ctx.session, room, ctx.today)
    grant = tallies.chairing(ctx, room, [item_id])
    vote = tallies.counted(ctx, room, item_id, reason, casting)
    if row.vote_ended_at is None:
        vote = _untold(vote)
    item_facts, facts = tallies.facts(ctx, room, vote, grant)
    problems = ITEM.objections(row.state, ItemEvent.CLOSE, item_facts)
    problems += review.WORKFLOW.objections(subject.state, review.Event.DECIDE, facts)
    if problems:
        raise NotNow(*problems)
    return _decide(ctx, room, vote, ItemEvent.CLOSE, (row, subject), reason, (item_facts, facts))


def _untold(vote: tallies.Voted) -> tallies.Voted:
    """The same, without what the ballots alone tell: it is said once the vote has ended."""
    return replace(vote, problems=tuple(p for p in vote.problems if p.code not in tallies.SETTLED_AFTERWARDS))


def take_over(ctx: Context, item_id: int, rating: Rating, reason: str, *, version: int | None = None) -> Decision:
    """The bureau decides in the committee's place, in writing: no quorum for the policy's days, in writing neither.

    Only once the days of the written vote are over and it is still not valid; who is recused stays out; a capped
    rating stands. Invalid for a rating that is open to no vote; NotNow with every reason.
    """
    room, subject, row = tallies.held(ctx, item_id, ItemEvent.TAKE_OVER, version)
    grant = ctx.permit(entitled(ITEM, "", ItemEvent.TAKE_OVER), room.scope, where="item")
    if problems := room.in_the_way([item_id], ctx.person_id):
        raise NotYou(*problems)
    counted = tallies.counted(ctx, room, item_id, reason, None)
    case, computed = counted.case, counted.case.computed
    possible = committee.choices(computed, at_most=case.at_most(room.policy))
    if rating not in possible:
        raise Invalid(Problem("choice-not-open", "rating", {"choice": rating.value, "one_of": list(possible)}))
    outcome = replace(counted.outcome, decision=rating, overrides=rating != computed)
    vote = replace(counted, outcome=outcome, by="bureau")
    item_facts, facts = tallies.facts(ctx, room, vote, grant)
    facts = replace(facts, acting=Role.BUREAU_APPROVER, valid_vote=False, quorum_given_up=True, decided_before=())
    problems = ITEM.objections(row.state, ItemEvent.TAKE_OVER, replace(item_facts, reason=reason))
    problems += review.WORKFLOW.objections(subject.state, review.Event.DECIDE, facts)
    if problems:
        raise NotNow(*problems)
    return _decide(ctx, room, vote, ItemEvent.TAKE_OVER, (row, subject), reason.strip(), (item_facts, facts))


def _decide(
    ctx: Context,
    room: Room,
    vote: tallies.Voted,
    event: ItemEvent,
    rows: tuple[MeetingItem, Review],
    reason: str,
    facts: tuple[ItemFacts, review.Facts],
) -> Decision:
    """The decision, its item closed, its review decided."""
    row, subject = rows
    item_facts, of_review = facts
    made = tallies.decision(ctx, room, vote, reason.strip())
    if row.vote_ended_at is None:
        row.vote_ended_at = ctx.now
        ctx.session.flush()
    ballot_box.open_item(ctx.session, ctx.files, row.id)
    decision = ctx.saved(Decision(**made))
    scope = room.scope_of(row.id)
    told = Note(reason=reason, round_id=room.meeting.round_id, specialty_id=room.items[row.id].specialty_id)
    key = {"ballot_key": ballot_box.key_of(ctx.files, row.id)}
    ctx.advance(ITEM, row, event, replace(item_facts, reason=reason), scope, note=told, changes=key)
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
    grant = tallies.chairing(ctx, room, chosen)
    agreed = _agreed(ctx, room, votes)
    facts = {vote.item_id: tallies.facts(ctx, room, vote, grant) for vote in agreed}
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


def _agreed(ctx: Context, room: Room, votes: Mapping[int, str]) -> list[tallies.Voted]:
    """Each item with the one list of votes as its ballots."""
    present = {seat.member_id: seat.present and seat.member_id not in room.lapsed for seat in room.seats}
    if absent := [m for m in votes if not present.get(m)]:
        codes = {m: "not-present" if m in present else "not-seated" for m in absent}
        codes |= dict.fromkeys(room.lapsed & set(absent), "not-in-office")
        raise Invalid(*(Problem(codes[m], f"members.{m}") for m in absent))
    cases = tallies.cases(ctx, room, list(room.items))
    return [_one_agreed(room, item, cases[room.items[item].review_id], votes) for item in room.items]


def _one_agreed(room: Room, item_id: int, case: Case, votes: Mapping[int, str]) -> tallies.Voted:
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
    return tallies.Voted(item_id, case, seats, outcome, problems, together=True)


def _refuse_together(
    room: Room, agreed: Sequence[tallies.Voted], facts: Mapping[int, tuple[ItemFacts, review.Facts]]
) -> None:
    """Every reason of every item at once."""
    problems = []
    for vote in agreed:
        item_facts, of_review = facts[vote.item_id]
        found = ITEM.objections(room.items[vote.item_id].state, ItemEvent.VOTE, item_facts)
        found += review.WORKFLOW.objections(vote.case.state, review.Event.DECIDE, of_review)
        problems += [Problem(p.code, f"items.{vote.item_id} {p.where}".strip(), p.facts) for p in found]
    if problems:
        raise NotNow(*problems)


def _write(ctx: Context, room: Room, agreed: Sequence[tallies.Voted], votes: Mapping[int, str]) -> None:
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
    decided = ctx.session.execute(new, [tallies.decision(ctx, room, vote, "") for vote in agreed]).all()
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
