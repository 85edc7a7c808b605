"""What a meeting's people read: seats, the list, an item's material. A recused reader gets the title and no more."""

from typing import Any

import sqlalchemy as sa

from specialty_eval.engine import committee
from specialty_eval.engine.errors import NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.meeting import BALLOTS_ON_RECORD, MATERIAL_OPEN
from specialty_eval.engine.permissions import READ, Thing, may
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.roles import Role
from specialty_eval.engine.vocabulary import Rating
from specialty_eval.store import deliberation_queries, deliberation_rooms, site_visit_queries
from specialty_eval.store.accounts import Person
from specialty_eval.store.deliberation import Ballot, Decision, InterestDeclaration, Meeting, MeetingItem
from specialty_eval.store.deliberation_rooms import Room
from specialty_eval.store.publications_queries import reason_labels
from specialty_eval.store.reviews import ScoreSheet
from specialty_eval.store.scoring_queries import panel_scores

from .context import Context
from .paging import Page

DECLARES_FIRST = READ[Thing.MATERIAL] - {Role.AUDITOR}
"""An auditor reads everything and takes part in nothing: no interest to declare, but an employer like anybody."""


def meetings(ctx: Context, round_id: int) -> list[dict[str, Any]]:
    """The meetings of a round, for those who may read material in its city."""
    found = ctx.session.scalars(sa.select(Meeting).where(Meeting.round_id == round_id).order_by(Meeting.id)).all()
    return [_meeting(m) for m in found if _may_enter(ctx, deliberation_rooms.room(ctx.session, m, acting=None))]


def _may_enter(ctx: Context, room: Room) -> bool:
    return may(ctx.actor, READ[Thing.MATERIAL], room.scope, ctx.today)


def _meeting(row: Meeting) -> dict[str, Any]:
    return {
        "id": row.id, "round_id": row.round_id, "title": row.title, "held_at": row.held_at, "chair": row.chair_id,
        "deputy_chair": row.deputy_chair_id, "secretary": row.secretary_id,
        "deputy_secretary": row.deputy_secretary_id, "waived_sectors": row.waived_sectors, "written": row.written,
    }  # fmt: skip


def meeting_view(ctx: Context, meeting_id: int) -> dict[str, Any]:
    """A meeting with its seats. No counts of its items: from them a recused member could tell what became of one."""
    room = entered(ctx, meeting_id, [])
    seats = [
        {"member": s.member_id, "name": s.name, "sector": s.sector, "present": s.present,
         "stands_in_for": s.stands_in_for}
        for s in room.seats
    ]  # fmt: skip
    return {**_meeting(room.meeting), "seats": seats}


def entered(ctx: Context, meeting_id: int, items: list[int] | None) -> Room:
    """The meeting's room with these items (None: all), for those who may read material there; NotFound for others."""
    meeting = ctx.session.get(Meeting, meeting_id)
    if meeting is None:
        raise NotFound(Problem("not-found", "meeting", {"kind": "meeting", "id": meeting_id}))
    room = deliberation_rooms.room(ctx.session, meeting, acting=ctx.person_id, item_ids=items)
    if not _may_enter(ctx, room):
        raise NotFound(Problem("not-found", "meeting", {"kind": "meeting", "id": meeting_id}))
    return room


def items_view(ctx: Context, meeting_id: int, page: Page) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the list. Whoever is recused from an item sees its title there and nothing else."""
    entered(ctx, meeting_id, [])
    on_page = page.within(sa.select(MeetingItem.id).where(MeetingItem.meeting_id == meeting_id), MeetingItem.id)
    ids, cursor = page.cut(ctx.session.scalars(on_page).all(), lambda key: (key,))
    room = entered(ctx, meeting_id, list(ids))
    return [_listed(ctx, room, key) for key in ids], cursor


def _listed(ctx: Context, room: Room, item_id: int) -> dict[str, Any]:
    row = room.items[item_id]
    if room.is_recused(item_id, ctx.person_id):
        return {"id": row.id, "title": row.title, "recused": True}
    return {
        "id": row.id, "title": row.title, "recused": False, "review_id": row.review_id, "code": row.code,
        "state": row.state, "together": row.together, "declared": room.has_declared(item_id, ctx.person_id),
    }  # fmt: skip


# --- one item ---


def material(ctx: Context, item_id: int) -> dict[str, Any]:
    """An item's material: sheet, evidence, panel scores, the computed rating with its reasons, what a ballot may name;
    the decision once closed.

    NotFound for outsiders, NotYou for the recused and those who have not declared, NotNow before it is opened.
    """
    room = opened(ctx, item_id)
    row = room.items[item_id]
    if row.state not in MATERIAL_OPEN:
        raise NotNow(Problem("material-not-open", "item"))
    pieces = deliberation_queries.material(ctx.session, row.review_id)
    reports = site_visit_queries.reports(ctx.session, row.review_id)
    labels = reason_labels(room.policy)
    decision = ctx.session.scalar(sa.select(Decision).where(Decision.item_id == item_id))
    return {
        "id": row.id, "meeting_id": row.meeting_id, "review_id": row.review_id, "code": row.code, "title": row.title,
        "state": row.state, "together": row.together, "version": row.version, "written_until": row.written_until,
        "vote_ended_at": row.vote_ended_at,
        "reasons": [{"code": code, "label": labels.get(code, {})} for code in pieces.sheet.reasons],
        "rating": pieces.sheet.rating, **_votable(room.policy, pieces.sheet),
        "total": _text(pieces.sheet.total), "dimensions": pieces.sheet.dimensions,
        "completeness": _text(pieces.sheet.completeness), "indicators": pieces.sheet.indicators,
        "evidence": pieces.evidence, "challenges": pieces.challenges,
        "site_visit": reports[-1].findings if reports else None,
        "site_visit_reports": [{"number": r.number, "visited_on": r.visited_on, "findings": r.findings,
                                "reason": r.reason, "reported_at": r.reported_at} for r in reports],
        "in_force": pieces.in_force,
        "panel": {measure: [str(score) for score in scores]
                  for measure, scores in panel_scores(ctx.session, [row.review_id]).get(row.review_id, {}).items()},
        "decision": None if decision is None else decision_shape(decision),
    }  # fmt: skip


def _votable(policy: Policy, sheet: ScoreSheet) -> dict[str, Any]:
    """Which caps hold, above which colour they let no vote get, and what a ballot may name."""
    held = frozenset((*sheet.caps, *sheet.reasons))
    at_most = committee.ceiling(policy.rating.caps, held)
    return {
        "caps": [{"code": cap.code, "label": cap.label, "at_most": cap.at_most}
                 for cap in policy.rating.caps if cap.code in held],
        "at_most": at_most, "choices": committee.choices(Rating(sheet.rating), at_most=at_most),
    }  # fmt: skip


def decision_shape(row: Decision) -> dict[str, Any]:
    """A decision as the meeting sees it: how many voted for what, not who."""
    shown = ("votes", "abstentions", "present", "entitled", "overrides", "together")
    return {"id": row.id, "rating": row.rating, "computed": row.computed, "reason": row.reason,
            "decided_at": row.decided_at, "by": row.tally.get("by", "meeting"), "minutes": row.minutes_id,
            "recorded_by": row.tally.get("recorded_by"), "tied": row.tally.get("tied", []),
            **{name: row.tally[name] for name in shown}}  # fmt: skip


def _text(score: object) -> str | None:
    return None if score is None else str(score)


def opened(ctx: Context, item_id: int) -> Room:
    """The item's room for somebody who may look into it."""
    room = deliberation_rooms.room_of_item(ctx.session, item_id, acting=ctx.person_id)
    if not _may_enter(ctx, room):
        raise NotFound(Problem("not-found", "item", {"kind": "item", "id": item_id}))
    problems = room.in_the_way([item_id], ctx.person_id)
    if not may(ctx.actor, DECLARES_FIRST, room.scope, ctx.today):
        problems = [p for p in problems if p.code != "interest-not-declared"]
    if problems:
        raise NotYou(*problems)
    return room


def ballots(ctx: Context, item_id: int) -> list[dict[str, Any]]:
    """Every ballot, once the item is closed; before, and of one that never closed, nobody's and not one's own."""
    room = opened(ctx, item_id)
    ctx.permit_read(Thing.BALLOTS, room.scope_of(item_id), where="ballots")
    if room.items[item_id].state not in BALLOTS_ON_RECORD:
        raise NotNow(Problem("ballots-sealed", "ballots"))
    found = sa.select(Ballot).where(Ballot.item_id == item_id).order_by(Ballot.member_id, Ballot.number)
    cast = ctx.session.scalars(found).all()
    if any(ballot.choice is None for ballot in cast):  # put off before it closed: they are opened never
        raise NotNow(Problem("ballots-sealed", "ballots"))
    return [
        {"member": b.member_id, "number": b.number, "choice": b.choice, "reason": b.reason, "cast_at": b.cast_at,
         "void": b.void}
        for b in cast
    ]  # fmt: skip


def declarations(ctx: Context, item_id: int) -> list[dict[str, Any]]:
    """Who declared what on an item."""
    room = deliberation_rooms.room_of_item(ctx.session, item_id, acting=ctx.person_id)
    ctx.permit_read(Thing.INTERESTS, room.scope_of(item_id), where="item")
    found = (
        sa.select(InterestDeclaration, Person.name)
        .join(Person, Person.id == InterestDeclaration.person_id)
        .where(InterestDeclaration.item_id == item_id)
        .order_by(InterestDeclaration.id)
    )
    return [
        {"person_id": d.person_id, "name": name, "interest": d.interest, "reason": d.reason,
         "declared_at": d.declared_at}
        for d, name in ctx.session.execute(found)
    ]  # fmt: skip


def members(ctx: Context) -> list[dict[str, Any]]:
    """The caller's city's committee, terms that ended too."""
    city = ctx.office(Role.SECRETARY, Role.CHAIR, Role.BUREAU_APPROVER, Role.AUDITOR, Role.COMMITTEE_MEMBER).city
    found = deliberation_queries.members_of(ctx.session, city).values()
    return [
        {"id": m.id, "person_id": m.person_id, "sector": m.sector, "substitute": m.substitute,
         "term_from": m.term_from, "term_to": m.term_to}
        for m in found
    ]  # fmt: skip
