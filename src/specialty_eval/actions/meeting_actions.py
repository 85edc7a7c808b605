"""What the caller may do with a meeting and its items, each with why not now: by what the acts themselves look at.

Nothing is said of the ballots while they are sealed, and nothing of an item one is recused from.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from specialty_eval.engine import committee as arithmetic
from specialty_eval.engine import review
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.errors import Problem
from specialty_eval.engine.meeting import ITEM, ItemEvent, ItemFacts, ItemState
from specialty_eval.engine.permissions import Role, may
from specialty_eval.engine.roles import roles
from specialty_eval.store import deliberation_queries, deliberation_rooms
from specialty_eval.store.deliberation_queries import Case
from specialty_eval.store.deliberation_rooms import ItemRow, Room
from specialty_eval.store.reviews import Review

from . import committee, conflicts, meeting_views, tallies
from .context import LOCAL, Context, Possible

TO_WRITE = "…"
"""Stands for what the caller is still to write."""


# --- a meeting -------------------------------------------------------------------------------------------------------


def of_meeting(ctx: Context, meeting_id: int) -> list[Possible]:
    """What the caller may do with the meeting as a whole, from here."""
    room = deliberation_rooms.in_office(ctx.session, meeting_views.entered(ctx, meeting_id, None), ctx.today)
    written = committee.in_writing(room.meeting)
    offered: tuple[tuple[str, frozenset[Role], Callable[[], list[Problem]]], ...] = (
        ("list", roles(Role.SECRETARY), lambda: written),
        ("attend", committee.CHAIR, lambda: written),
        ("open", ITEM.roles_for(ItemState.LISTED, ItemEvent.OPEN), lambda: _opening(ctx, room)),
        ("agree", ITEM.roles_for(ItemState.VOTING, ItemEvent.CLOSE), lambda: _agreeing(ctx, room)),
        ("adjourn", committee.CHAIR, lambda: committee.adjourn_problems(ctx, room)),
        ("waive", roles(Role.BUREAU_APPROVER), lambda: []),
    )
    return [
        Possible(event, sorted(who), tuple(reasons()))
        for event, who, reasons in offered
        if may(ctx.actor, who, room.scope, ctx.today)
    ]


def _mine(ctx: Context, room: Room, state: ItemState) -> list[ItemRow]:
    return [row for key, row in room.items.items() if row.state == state and not room.is_recused(key, ctx.person_id)]


def _opening(ctx: Context, room: Room) -> list[Problem]:
    """Why what is listed cannot be opened."""
    listed = _mine(ctx, room, ItemState.LISTED)
    states = {key: case.state for key, case in _cases(ctx, listed).items()}
    scored = {row.id: states.get(row.review_id) == review.State.SCORED for row in listed}
    return [
        Problem(problem.code, f"items.{row.id}", problem.facts)
        for row in listed
        for problem in ITEM.objections(row.state, ItemEvent.OPEN, ItemFacts(review_scored=scored[row.id]))
    ]


def _agreeing(ctx: Context, room: Room) -> list[Problem]:
    """Why the open items that may be agreed together cannot be, but for the votes on them."""
    chosen = [row for row in _mine(ctx, room, ItemState.OPEN) if row.together]
    if not chosen:
        return [Problem("not-found", "items.0", {"kind": "item", "id": 0})]
    undeclared = room.in_the_way([row.id for row in chosen], ctx.person_id)
    cases, found = _cases(ctx, chosen), list(undeclared)
    for row in chosen:
        of_item = ITEM.objections(row.state, ItemEvent.VOTE, _facts(ctx, room, row, cases.get(row.review_id)))
        of_review = _deciding(ctx, room, row, cases.get(row.review_id), Role.SECRETARY)
        found += [Problem(p.code, f"items.{row.id} {p.where}".strip(), p.facts) for p in [*of_item, *of_review]]
    return found


# --- one item --------------------------------------------------------------------------------------------------------


def of_item(ctx: Context, item_id: int) -> list[Possible]:
    """What the caller may do with the item: also why its review cannot be decided, or its decision not taken back."""
    room = deliberation_rooms.in_office(ctx.session, meeting_views.opened(ctx, item_id), ctx.today)
    row = room.items[item_id]
    case = _cases(ctx, [row]).get(row.review_id)
    found = ctx.possible(ITEM, row.state, _facts(ctx, room, row, case), room.scope_of(item_id))
    return [replace(step, reasons=(*step.reasons, *_of_review(ctx, room, row, case, step.event))) for step in found]


def _of_review(ctx: Context, room: Room, row: ItemRow, case: Case | None, event: str) -> list[Problem]:
    """What stands in the way of the step that the item's review takes with it."""
    if event == ItemEvent.CLOSE:
        in_committee = may(ctx.actor, roles(Role.CHAIR), room.scope_of(row.id), ctx.today)
        return _deciding(ctx, room, row, case, Role.CHAIR if in_committee else Role.SECRETARY)
    if event == ItemEvent.TAKE_OVER:
        return _deciding(ctx, room, row, case, Role.BUREAU_APPROVER)
    subject = ctx.session.get_one(Review, row.review_id)
    if event == ItemEvent.VOID and conflicts.has_decided(ctx, row.id, row.state, subject):
        return review.WORKFLOW.objections(
            subject.state, review.Event.RESCIND, conflicts.rescinding(ctx, subject, TO_WRITE)
        )
    return []


def _cases(ctx: Context, items: Sequence[ItemRow]) -> dict[int, Case]:
    return deliberation_queries.cases(ctx.session, [row.review_id for row in items])


def _facts(ctx: Context, room: Room, row: ItemRow, case: Case | None) -> ItemFacts:
    """As the acts have them; of the votes only whether there can be a valid one."""
    waived = frozenset(room.meeting.waived_sectors)
    presence = tuple(arithmetic.presence_problems(room.policy.committee, room.seats_of(row.id), waived))
    facts = ItemFacts(
        review_scored=case is not None and case.state == review.State.SCORED,
        undeclared=room.undeclared(row.id),
        vote_problems=presence,
        outcome_problems=presence,
        vote_ended=row.vote_ended_at is not None,
        reason=TO_WRITE,
    )
    if not room.meeting.written:
        return facts
    if row.written_until is None:  # who takes part is seen by the ballots, once there can be any
        return replace(facts, written=True, undeclared=(), vote_problems=())
    return replace(facts, written=True, written_days_over=room.has_had_its_days(row.id, ctx.settled),
                   due=last_local_day(row.written_until, LOCAL))  # fmt: skip


def _deciding(ctx: Context, room: Room, row: ItemRow, case: Case | None, acting: Role) -> list[Problem]:
    """Why the review cannot be decided: challenge days, open challenges, a visit, who decided before."""
    if case is None:
        return [Problem("review-not-scored", f"items.{row.id}")]
    facts = replace(tallies.facts_of(ctx, room.policy, case), acting=acting)
    if acting == Role.BUREAU_APPROVER:
        facts = replace(facts, valid_vote=False, quorum_given_up=True)
    else:
        here = set(room.people(arithmetic.taking_part(room.seats_of(row.id))))
        before = room.first_deciders.get(row.review_id, frozenset()) & here
        facts = replace(facts, decided_before=tuple(str(person) for person in sorted(before)))
    return review.WORKFLOW.objections(case.state, review.Event.DECIDE, facts)
