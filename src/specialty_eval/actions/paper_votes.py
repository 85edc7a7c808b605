"""Votes given on paper in the room: typed in by the secretary from the signed minutes, which are attached first."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from specialty_eval.engine import committee, review
from specialty_eval.engine.characters import file_name
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.meeting import ITEM, ItemEvent
from specialty_eval.engine.permissions import Scope, Thing
from specialty_eval.engine.policy import Rating
from specialty_eval.engine.roles import Role, roles
from specialty_eval.store import bulk, cycles, deliberation_rooms
from specialty_eval.store.ballot_box import ABSTAIN
from specialty_eval.store.deliberation import Ballot, Decision, Meeting, MeetingMinutes
from specialty_eval.store.deliberation_rooms import Room

from . import attachments, tallies
from .context import Context, Note

CHAIR = roles(Role.CHAIR, Role.SECRETARY)


def attach_minutes(ctx: Context, meeting_id: int, name: str, content: bytes) -> MeetingMinutes:
    """Keep the signed minutes of a meeting as a file (chair, secretary). Invalid for a type or size not taken."""
    row = ctx.locked(Meeting, meeting_id)
    grant = ctx.permit(CHAIR, Scope(city=cycles.round_of(ctx.session, row.round_id).city), where="meeting")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "meeting"))
    kind = attachments.media_type(content)
    kept = ctx.saved(
        MeetingMinutes(meeting_id=meeting_id, name=file_name(name), media_type=kind, size=len(content),
                       sha256=ctx.files.put(content), uploaded_at=ctx.now, uploaded_by=ctx.person_id)
    )  # fmt: skip
    ctx.record("meeting.minutes", row, Note(told={"minutes": kept.id, "sha256": kept.sha256}), grant=grant)
    return kept


def read_minutes(ctx: Context, meeting_id: int, minutes_id: int) -> tuple[MeetingMinutes, bytes]:
    """The file, for those who may read ballots there; NotYou for whoever is recused from any item of the meeting."""
    meeting = ctx.session.get(Meeting, meeting_id)
    if meeting is None:
        raise NotFound(Problem("not-found", "meeting", {"kind": "meeting", "id": meeting_id}))
    room = deliberation_rooms.room(ctx.session, meeting, acting=ctx.person_id)
    ctx.permit_read(Thing.BALLOTS, room.scope, where="minutes")
    if recused := [item for item in room.items if room.is_recused(item, ctx.person_id)]:
        raise NotYou(*(Problem("recused", f"items.{item}") for item in recused))
    kept = _minutes(ctx, meeting_id, minutes_id)
    return kept, ctx.files.get(kept.sha256)


def _minutes(ctx: Context, meeting_id: int, minutes_id: int) -> MeetingMinutes:
    kept = ctx.session.get(MeetingMinutes, minutes_id)
    if kept is None or kept.meeting_id != meeting_id:
        raise NotFound(Problem("not-found", "minutes", {"kind": "minutes", "id": minutes_id}))
    return kept


@dataclass(frozen=True, slots=True)
class OnPaper:
    """What the minutes say of one item: each member's choice (a rating or `abstain`), the reason, the casting vote."""

    minutes_id: int
    votes: Mapping[int, str]
    reason: str = ""
    casting: Rating | None = None


def record(ctx: Context, item_id: int, paper: OnPaper, *, version: int | None = None) -> Decision:
    """Put a vote on paper on record and decide by it (chair, secretary), on an open item with its minutes attached.

    It is counted as any vote is; the decision says that it was on paper, who recorded it and from which minutes.
    Invalid for a ballot that nobody could cast; NotNow with every reason why the vote decides nothing.
    """
    room, subject, row = tallies.held(ctx, item_id, ItemEvent.CLOSE, version)
    room = deliberation_rooms.in_office(ctx.session, room, ctx.today)
    grant = tallies.chairing(ctx, room, [item_id])
    if room.meeting.written:
        raise NotNow(Problem("vote-in-writing", "meeting"))
    minutes = _minutes(ctx, room.meeting.id, paper.minutes_id)
    vote = _counted(ctx, room, item_id, paper)
    of_item, of_review = tallies.facts(ctx, room, vote, grant)
    problems = ITEM.objections(row.state, ItemEvent.VOTE, of_item)
    problems += review.WORKFLOW.objections(subject.state, review.Event.DECIDE, of_review)
    if problems:
        raise NotNow(*problems)
    bulk.insert_all(ctx.session, Ballot, [
        {"item_id": item_id, "member_id": member, "number": 1, "choice": choice, "cast_at": ctx.now}
        for member, choice in sorted(paper.votes.items())
    ])  # fmt: skip
    decision = ctx.saved(Decision(**tallies.decision(ctx, room, vote, paper.reason.strip())))
    told = {"by": "paper", "minutes": minutes.sha256}
    note = Note(reason=paper.reason, round_id=room.meeting.round_id, told=told,
                specialty_id=room.items[item_id].specialty_id)  # fmt: skip
    scope = room.scope_of(item_id)
    ctx.advance(ITEM, row, ItemEvent.VOTE, of_item, scope, note=replace(note, reason=""))
    ctx.advance(ITEM, row, ItemEvent.CLOSE, of_item, scope, note=note)
    changes = {"decision_id": decision.id, "decided_rating": decision.rating}
    ctx.advance(review.WORKFLOW, subject, review.Event.DECIDE, of_review, scope, changes=changes)
    return decision


def _counted(ctx: Context, room: Room, item_id: int, paper: OnPaper) -> tallies.Voted:
    case = tallies.cases(ctx, room, [item_id])[room.items[item_id].review_id]
    seats, at_most = room.seats_of(item_id), case.at_most(room.policy)
    problems = []
    for member, choice in sorted(paper.votes.items()):
        if choice != ABSTAIN and choice not in set(Rating):
            told = {"choice": choice, "one_of": [*Rating, ABSTAIN]}
            problems.append(Problem("choice-not-open", f"votes.{member}", told))
            continue
        rating = None if choice == ABSTAIN else Rating(choice)
        wrong = committee.ballot_problems(seats, str(member), rating, case.computed, at_most=at_most)
        problems += [Problem(p.code, f"votes.{member}", p.facts) for p in wrong]
    if problems:
        raise Invalid(*problems)
    ballots = [committee.Ballot(str(m), 1, None if c == ABSTAIN else Rating(c)) for m, c in paper.votes.items()]
    outcome = committee.outcome(
        room.policy.committee, seats, ballots, case.computed, at_most,
        waived=frozenset(room.meeting.waived_sectors), reason=paper.reason, casting=paper.casting,
    )  # fmt: skip
    problems = list(outcome.problems)
    if paper.casting is not None and not any(seat.chair for seat in seats):
        problems.append(Problem("casting-by-the-chair", "casting"))
    return tallies.Voted(item_id, case, seats, outcome, tuple(problems), casting=paper.casting, by="paper",
                         minutes_id=paper.minutes_id)  # fmt: skip
