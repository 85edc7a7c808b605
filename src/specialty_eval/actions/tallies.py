"""What an item's votes come to, and what deciding on them looks at; the decision's columns. Nothing here writes."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from specialty_eval.engine import committee, review
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.committee import Outcome, Seat
from specialty_eval.engine.errors import NotNow, NotYou, Problem
from specialty_eval.engine.meeting import ITEM, ItemEvent, ItemFacts
from specialty_eval.engine.permissions import Grant
from specialty_eval.engine.policy import Policy, Rating
from specialty_eval.engine.roles import Role
from specialty_eval.store import ballot_box, deliberation_queries, deliberation_rooms
from specialty_eval.store.deliberation import Meeting, MeetingItem
from specialty_eval.store.deliberation_queries import Case
from specialty_eval.store.deliberation_rooms import Room
from specialty_eval.store.reviews import Review

from .context import LOCAL, Context, entitled

SETTLED_AFTERWARDS = frozenset({"tie-for-the-chair", "override-reason-missing"})
"""What only the ballots tell: not said while they can still be replaced."""


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
    """Who decides and how: a `meeting`, the committee in `writing` or on `paper`, or the `bureau` in its place."""
    minutes_id: int | None = None
    """On paper: the minutes that the votes were recorded from."""


def held(ctx: Context, item_id: int, event: ItemEvent, version: int | None) -> tuple[Room, Review, MeetingItem]:
    """An item's room as it is then, its review and itself, locked in the one order, for whoever may do this to it."""
    found = deliberation_rooms.room_of_item(ctx.session, item_id, acting=ctx.person_id)
    ctx.permit(entitled(ITEM, "", event), found.scope, where="item")
    subject = ctx.locked(Review, found.items[item_id].review_id)
    ctx.locked(Meeting, found.meeting.id)
    row = ctx.locked(MeetingItem, item_id, version=version, permitted=True)
    return deliberation_rooms.room_of_item(ctx.session, item_id, acting=ctx.person_id), subject, row


def chairing(ctx: Context, room: Room, items: Collection[int]) -> Grant:
    """The chair's or the secretary's grant; NotYou for the recused, for whom a deputy stands in."""
    grant = ctx.permit(entitled(ITEM, "", ItemEvent.CLOSE), room.scope, where="item")
    if problems := room.in_the_way(items, ctx.person_id):
        raise NotYou(*problems)
    assert grant is not None  # noqa: S101 -- the clock closes no item: `in_the_way` has refused it
    return grant


def counted(ctx: Context, room: Room, item_id: int, reason: str, casting: Rating | None) -> Voted:
    """What an item's ballots come to, sealed as they are; a tie's choice is the chair's own to say."""
    case = cases(ctx, room, [item_id])[room.items[item_id].review_id]
    seats = room.seats_of(item_id)
    ballots = ballot_box.ballots_of(ctx.session, ctx.files, [item_id])[item_id]
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


def cases(ctx: Context, room: Room, items: Collection[int]) -> dict[int, Case]:
    """What deciding looks at, by review; a review without a sheet cannot be decided."""
    found = deliberation_queries.cases(ctx.session, [room.items[i].review_id for i in items])
    missing = [i for i in items if room.items[i].review_id not in found]
    if missing:
        raise NotNow(*(Problem("review-not-scored", f"items.{i}") for i in missing))
    return found


def facts(ctx: Context, room: Room, vote: Voted, grant: Grant | None) -> tuple[ItemFacts, review.Facts]:
    """What closing the item and deciding its review look at."""
    item, case = room.items[vote.item_id], vote.case
    before = room.first_deciders.get(item.review_id, frozenset())
    deciding = set(room.people(committee.taking_part(vote.seats)))
    has_ended = item.vote_ended_at is not None or vote.together or vote.by == "paper"  # then nobody replaces a ballot
    item_facts = replace(
        end_facts(room, vote.item_id, ctx.settled), outcome_problems=vote.problems, vote_ended=has_ended
    )
    if not room.meeting.written:
        item_facts = replace(item_facts, vote_problems=vote.problems)
    return item_facts, replace(
        facts_of(ctx, room.policy, case),
        acting=Role.CHAIR if grant is not None and grant.role == Role.CHAIR else Role.SECRETARY,
        decided_before=tuple(str(person) for person in sorted(before & deciding)),
    )


def facts_of(ctx: Context, policy: Policy, case: Case) -> review.Facts:
    """What deciding a review looks at, but for who decides: the school's days, its challenges, the visit."""
    due = case.challenge_due or _unopened(ctx, policy, case)
    return review.Facts(
        due=last_local_day(due, LOCAL),
        challenge_days_over=ctx.settled >= due,
        open_challenges=case.open_challenges,
        site_visit_owed=case.owes_visit(policy),
        valid_vote=True,  # whether it is stands in the item's facts, with every reason
    )


def end_facts(room: Room, item_id: int, settled: datetime) -> ItemFacts:
    """What closing looks at besides the ballots: declarations, quorum and sectors, the days of a vote in writing."""
    waived, until = frozenset(room.meeting.waived_sectors), room.items[item_id].written_until
    missing = tuple(committee.presence_problems(room.policy.committee, room.seats_of(item_id), waived))
    facts = ItemFacts(undeclared=room.undeclared(item_id), vote_problems=missing, outcome_problems=missing)
    if not room.meeting.written or until is None:
        return facts
    return replace(facts, written=True, written_days_over=room.has_had_its_days(item_id, settled),
                   due=last_local_day(until, LOCAL))  # fmt: skip


def _unopened(ctx: Context, policy: Policy, case: Case) -> Any:
    """Until when a school may challenge that has not opened its sheet: it counts as served after the policy's days."""
    days, calendar = policy.workflow.days, ctx.calendar()
    return calendar.due_unopened(case.scored_at, days["deemed_served"], days["challenge"], LOCAL)


def decision(ctx: Context, room: Room, vote: Voted, reason: str) -> dict[str, Any]:
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
        "minutes_id": vote.minutes_id,
        "tally": {
            "votes": {rating.value: number for rating, number in outcome.votes.items()},
            "abstentions": outcome.abstentions,
            "present": outcome.present,
            "entitled": outcome.entitled,
            "overrides": outcome.overrides,
            "together": vote.together,
            "casting": None if vote.casting is None else vote.casting.value,
            "tied": [] if vote.by == "bureau" else [rating.value for rating in outcome.tied],
            "waived": list(room.meeting.waived_sectors),
            "at_most": vote.case.at_most(room.policy),
            "by": vote.by,
            "recorded_by": ctx.person_id if vote.by == "paper" else None,
            "took_part": [ctx.person_id] if vote.by == "bureau" else room.people(committee.taking_part(vote.seats)),
            "seats": [asdict(seat) for seat in vote.seats],
        },
    }
