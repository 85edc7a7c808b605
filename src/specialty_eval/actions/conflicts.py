"""Undoing what a meeting did: an item put off or void, a decision rescinded, a conflict that comes to light later."""

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from specialty_eval.engine import committee, review
from specialty_eval.engine.errors import Invalid, NotNow, NotYou, Problem
from specialty_eval.engine.meeting import ITEM, ItemEvent, ItemFacts, ItemState
from specialty_eval.engine.policy import Rating
from specialty_eval.engine.roles import Role, roles
from specialty_eval.store import ballot_box, cycles, deliberation_rooms, recorded_votes, scopes
from specialty_eval.store.accounts import CommitteeMember
from specialty_eval.store.deliberation import Ballot, Decision, InterestDeclaration, Meeting, MeetingItem
from specialty_eval.store.deliberation_rooms import Room
from specialty_eval.store.recorded_votes import RecordedVote
from specialty_eval.store.reviews import Review

from . import motions
from .context import LOCAL, Context, Note, entitled
from .motions import Minutes, Motion

CHAIR = roles(Role.CHAIR, Role.SECRETARY)
UNDONE: dict[str, Any] = {"decision_id": None, "decided_rating": None, "served_at": None}
"""What a review loses with its decision."""
SHOWN = frozenset({review.State.PREVIEWED, review.State.PUBLICISED})
"""The school has seen the decision, and nothing is in force yet."""


def void(ctx: Context, item_id: int, reason: str, *, version: int | None = None) -> MeetingItem:
    """Put an item off, with a reason: its review can be listed again. One that decided takes the decision with it, and
    so only as `rescind` does.
    """
    room, subject, row = _held(ctx, item_id, version)
    _undo(ctx, room, subject, row, reason)
    return row


def vote_to_rescind(ctx: Context, review_id: int, minutes: Minutes, *, version: int | None = None) -> RecordedVote:
    """Put on record what the committee voted about taking back the decision that a review rests on (`motions`).

    Invalid for what the minutes cannot say; NotNow for a vote that does not hold, and once the school has seen the
    decision. Anew only with a reason: the newest counts, each is kept. Whoever declared an interest stays recused.
    """
    scope = scopes.of_review(ctx.session, review_id, acting=ctx.person_id)
    grant = ctx.permit(CHAIR, scope, where="review")
    subject = ctx.locked(Review, review_id, version=version)
    decision = None if subject.decision_id is None else ctx.session.get(Decision, subject.decision_id)
    if subject.state != review.State.DECIDED or decision is None:
        raise _not_decided(ctx, review_id, version)
    motion = Motion(
        city=scope.city,
        rules=cycles.policy_of(ctx.session, cycles.round_of(ctx.session, subject.round_id).policy_id).committee,
        since=decision.decided_at.astimezone(LOCAL).date(),
        tied=lambda people: scopes.recused_people(ctx.session, people, review_id),
        before=recorded_votes.on_rescinding(ctx.session, decision.id),
    )
    counted = motions.counted(ctx, motion, minutes)
    motions.check(motion, counted, minutes)
    kept = motions.keep(ctx, counted, minutes, decision_id=decision.id)
    for member in (word.member for word in minutes.words if word.interest):
        _declare_for(ctx, decision.item_id, ctx.session.get_one(CommitteeMember, member).person_id, IN_THE_VOTE)
    note = Note(reason=minutes.reason, told=motions.told(counted, minutes))
    ctx.record("review.vote_to_rescind", subject, note, grant=grant)
    return kept


def rescind(ctx: Context, review_id: int, reason: str, *, version: int | None = None) -> Review:
    """Take back a decision that no school has seen yet, as the committee voted, with a reason; the item that made it is
    void. Another person does it than put the vote on record.
    """
    deciding = (
        sa.select(Decision.item_id)
        .join(Review, Review.decision_id == Decision.id)
        .where(Review.id == review_id, Review.state == review.State.DECIDED.value)
    )
    item_id = ctx.session.scalar(deciding)
    if item_id is None:
        raise _not_decided(ctx, review_id, version)
    room, subject, row = _held(ctx, item_id, None)
    ctx.locked(Review, review_id, version=version)
    _undo(ctx, room, subject, row, reason)
    return subject


def rescinding(ctx: Context, subject: Review, reason: str) -> review.Facts:
    """What taking back the review's decision looks at: the committee's newest vote on it, and who recorded that."""
    votes = recorded_votes.on_rescinding(ctx.session, subject.decision_id)
    if not votes:
        return review.Facts(reason=reason)
    by_another = votes[-1].recorded_by != ctx.person_id
    return review.Facts(reason=reason, voted_to_rescind=votes[-1].approved, vote_by_another=by_another)


def _not_decided(ctx: Context, review_id: int, version: int | None) -> NotNow:
    ctx.permit(CHAIR, scopes.of_review(ctx.session, review_id, acting=ctx.person_id), where="review")
    subject = ctx.session.get_one(Review, review_id)
    ctx.check_version(subject, version)
    return NotNow(Problem("step-not-open", "review", {"event": review.Event.RESCIND.value, "state": subject.state}))


def _held(ctx: Context, item_id: int, version: int | None) -> tuple[Room, Review, MeetingItem]:
    """The item's room, its review and itself, locked in that order, for whoever may void it."""
    found = deliberation_rooms.room_of_item(ctx.session, item_id, acting=ctx.person_id)
    ctx.permit(entitled(ITEM, "", ItemEvent.VOID), found.scope, where="item")
    if found.is_recused(item_id, ctx.person_id):
        raise NotYou(Problem("recused", f"items.{item_id}"))
    subject = ctx.locked(Review, found.items[item_id].review_id)
    ctx.locked(Meeting, found.meeting.id)
    row = ctx.locked(MeetingItem, item_id, version=version)
    return deliberation_rooms.room_of_item(ctx.session, item_id, acting=ctx.person_id), subject, row


def _undo(ctx: Context, room: Room, subject: Review, row: MeetingItem, reason: str) -> None:
    """Void the item, and rescind what it decided. NotNow without the committee's vote, and once the school saw it."""
    facts, of_review, scope = ItemFacts(reason=reason), rescinding(ctx, subject, reason), room.scope_of(row.id)
    decided = has_decided(ctx, row.id, row.state, subject)
    problems = ITEM.objections(row.state, ItemEvent.VOID, facts)
    if decided:
        ctx.permit(CHAIR, scope, where="review")
        problems += review.WORKFLOW.objections(subject.state, review.Event.RESCIND, of_review)
    if problems:
        raise NotNow(*(p for place, p in enumerate(problems) if p not in problems[:place]))
    ctx.advance(ITEM, row, ItemEvent.VOID, facts, scope, note=_note(room, row.id, reason))
    if decided:
        told = Note(reason=reason)
        ctx.advance(review.WORKFLOW, subject, review.Event.RESCIND, of_review, scope, note=told, changes=UNDONE)


# --- a conflict found later ---


FOUND_LATER = "事后发现应当回避的利害关系"
IN_THE_VOTE = "在撤销审议决定的表决中申报"
"""What the offices learn of why an item fell; whose interest it was, and which, stays sealed with the item."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a conflict found later did: ballots void, and whether the item, and its decision, fell with them."""

    ballots: int
    item_void: bool
    decision_rescinded: bool
    review_state: str


def conflict(ctx: Context, item_id: int, member_id: int, reason: str, *, version: int | None = None) -> Found:
    """A member's conflict that nobody declared: recused from now on, every ballot on the item void.

    A closed item falls when that ballot decided it, and with it the decision its review rests on, also where the school
    or the public has seen it. A rating confirmed meanwhile stays in force until another supersedes it.
    """
    room, subject, row = _held(ctx, item_id, version)
    grant = ctx.permit(CHAIR, room.scope, where="item")
    seat = next((seat for seat in room.seats if seat.member_id == member_id), None)
    problems = [] if seat is not None else [Problem("not-seated", f"members.{member_id}")]
    if not reason.strip():
        problems.append(Problem("reason-missing", "reason"))
    if problems or seat is None:
        raise Invalid(*problems)
    decision = _decision_of(ctx, item_id) if row.state == ItemState.CLOSED else None
    falls = decision is not None and _was_decisive(ctx, room, decision, member_id)
    rescinded = falls and _rests_on(subject, decision) and subject.state in {review.State.DECIDED, *SHOWN}
    _declare_for(ctx, item_id, seat.person_id, reason)
    voided = ctx.session.execute(
        sa.update(Ballot)
        .where(Ballot.item_id == item_id, Ballot.member_id == member_id, Ballot.void.is_(False))
        .values(void=True)
        .returning(Ballot.id)
    ).all()
    told = {"item_void": falls, "review": subject.state}
    ctx.record("item.conflict", row, replace(_note(room, item_id, reason), audience="sealed", told=told), grant=grant)
    if falls:
        scope, facts = room.scope_of(item_id), ItemFacts(reason=FOUND_LATER)
        ctx.advance(ITEM, row, ItemEvent.VOID, facts, scope, note=_note(room, item_id, FOUND_LATER))
        if rescinded:
            _void_decision(ctx, room, subject, row)
    return Found(len(voided), falls, rescinded, subject.state)


def _void_decision(ctx: Context, room: Room, subject: Review, row: MeetingItem) -> None:
    """The review is decided anew, and what follows; whoever saw the decision learns that it is void."""
    seen_by = {review.State.PREVIEWED.value: "school", review.State.PUBLICISED.value: "public"}
    audience = seen_by.get(subject.state, "office")
    facts, told = review.Facts(decision_void=True), Note(audience=audience, told={"item": row.id})
    ctx.advance(
        review.WORKFLOW, subject, review.Event.VOID_DECISION, facts, room.scope_of(row.id), note=told, changes=UNDONE
    )


def _was_decisive(ctx: Context, room: Room, decision: Decision, member_id: int) -> bool:
    """Whether the vote comes to something else without this member: as it stood at the close, but for those whose
    conflict was found before, with or without a ballot.
    """
    tally, rules, member = decision.tally, room.policy.committee, str(member_id)
    before = {str(s.member_id) for s in room.seats if room.declared.get((decision.item_id, s.person_id)) == "interest"}
    before.discard(member)
    seats = [committee.Seat(**seat) for seat in tally["seats"]]
    seats = [replace(seat, recused=seat.recused or seat.member in before) for seat in seats]
    ballots = ballot_box.ballots_of(ctx.session, ctx.files, [decision.item_id])[decision.item_id]
    computed = Rating(decision.computed)
    at_most = None if tally["at_most"] is None else Rating(tally["at_most"])
    if tally["together"]:
        for_it = {b.member for b in ballots if b.choice == computed and not b.void} - {member}
        without = [replace(seat, recused=seat.recused or seat.member == member) for seat in seats]
        if not committee.passes(rules, without, len(for_it)):
            return True
    return committee.was_decisive(
        rules, seats, ballots, computed, at_most, member=member, waived=tally["waived"],
        reason=decision.reason, casting=None if tally["casting"] is None else Rating(tally["casting"]),
    )  # fmt: skip


def has_decided(ctx: Context, item_id: int, state: str, subject: Review) -> bool:
    """Whether the review stands on what this item decided: then the decision falls with the item."""
    return state == ItemState.CLOSED and _rests_on(subject, _decision_of(ctx, item_id))


def _rests_on(subject: Review, decision: Decision | None) -> bool:
    """Whether the review stands on this decision: not where it was reopened, or decided anew by another item, since."""
    return decision is not None and subject.decision_id == decision.id


def _decision_of(ctx: Context, item_id: int) -> Decision | None:
    return ctx.session.scalar(sa.select(Decision).where(Decision.item_id == item_id))


def _declare_for(ctx: Context, item_id: int, person_id: int, reason: str) -> None:
    said: dict[str, Any] = {"interest": "interest", "reason": reason, "declared_at": ctx.now}
    new = insert(InterestDeclaration).values(item_id=item_id, person_id=person_id, **said)
    ctx.session.execute(new.on_conflict_do_update(index_elements=["item_id", "person_id"], set_=said))


def _note(room: Room, item_id: int, reason: str) -> Note:
    return Note(reason=reason, specialty_id=room.items[item_id].specialty_id, round_id=room.meeting.round_id)
