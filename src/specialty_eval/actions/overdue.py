"""What is due: what the policy lets the clock do for it, what is escalated, and what is left as somebody's task.

The clock is whoever calls it: the secretary, a machine with the secretary's key, later a job.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.calendar import Calendar, end_of, last_local_day
from specialty_eval.engine.consequences import Duration
from specialty_eval.engine.cycle import ROUND, RoundEvent, RoundState
from specialty_eval.engine.errors import NotYou, Problem
from specialty_eval.engine.overdue import ESCALATED, OF_THE_COUNTY, OFFICES, Awaited
from specialty_eval.engine.permissions import READ, Role, Scope, Thing, reach
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.roles import roles
from specialty_eval.store import (
    appeal_queries,
    cycles,
    overdue_cases,
    overdue_queries,
    rectification_queries,
    registry,
    scopes,
    scoring_queries,
    site_visit_queries,
)
from specialty_eval.store.cycles import Round
from specialty_eval.store.overdue_queries import SUBJECTS, Owed, Since
from specialty_eval.store.registry import School
from specialty_eval.store.reviews import Review

from . import rounds, scoring, verification
from .context import LOCAL, Context, Note
from .paging import Page

CLOCK = roles(Role.SYSTEM, Role.SECRETARY)
NEXT = {
    RoundState.COLLECTING: RoundEvent.VERIFY,
    RoundState.VERIFYING: RoundEvent.SCORE,
    RoundState.SCORING: RoundEvent.DELIBERATE,
}
"""The phases that end at their due time → the event that ends them."""
COUNTED_FROM: Mapping[Awaited, str] = {
    Awaited.VERIFICATION: "verify",
    Awaited.SCORE_RUN: "panel",
    Awaited.DECISION: "deliberate",
    Awaited.PREVIEW: "preview",
    Awaited.RECTIFICATION_ANSWER: "verify",
    Awaited.RECHECK: "verify",
}
"""What is due so many of the policy's days after an act."""
PHASES: Mapping[Awaited, str] = {
    Awaited.VERIFICATION: "verifying_due",
    Awaited.SCORE_RUN: "scoring_due",
    Awaited.DECISION: "deliberating_due",
}
NO_ONE_CHECKED = "县级逾期未审核，批次审核期限届满，由市级接手"


@dataclass(frozen=True, slots=True)
class Late:
    """One thing that is late, when it was due, how many days ago, and since when that is escalated."""

    owed: Owed
    due: datetime
    days: int
    escalated_at: datetime | None


def _policy(ctx: Context, round_id: int) -> Policy:
    return cycles.policy_of(ctx.session, cycles.round_of(ctx.session, round_id).policy_id)


def _since(ctx: Context, round_id: int) -> Since:
    rules = _policy(ctx, round_id).workflow
    verify, panel, deliberate, preview = (
        _over(ctx, rules.days[name]) for name in ("verify", "panel", "deliberate", "preview")
    )
    unvisited = site_visit_queries.unvisited(ctx.session, round_id, rules.site_visit)
    unmended = [one.specialty_id for one in rectification_queries.unmended(ctx.session, Review.round_id == round_id)]
    return Since(ctx.now, verify, panel, deliberate, preview, unvisited, unmended)


def _over(ctx: Context, duration: Duration) -> datetime:
    """Before which instant something must have been done for these days to be over now."""
    day, calendar = ctx.today, ctx.calendar()
    while end_of(calendar.last_day(day, duration), LOCAL) > ctx.now:
        day -= timedelta(days=1)
    return end_of(day, LOCAL)


def _due(row: Round, policy: Policy, calendar: Calendar, owed: Owed) -> datetime:
    phase = PHASES.get(owed.what)
    if owed.what not in COUNTED_FROM or (phase is not None and owed.at == getattr(row, phase)):
        return owed.at
    return calendar.due(owed.at, policy.workflow.days[COUNTED_FROM[owed.what]], LOCAL)


def _late(ctx: Context, row: Round, found: Sequence[Owed]) -> list[Late]:
    policy, calendar = _policy(ctx, row.id), ctx.calendar()
    reviews = {owed.review_id for owed in found if owed.review_id is not None}
    before = overdue_queries.escalated(ctx.session, reviews)
    late = []
    for owed in found:
        due = _due(row, policy, calendar, owed)
        days = (ctx.today - last_local_day(due, LOCAL)).days
        late.append(Late(owed, due, days, before.get((owed.what.value, owed.subject_id, due))))
    return late


def listing(ctx: Context, round_id: int, page: Page) -> tuple[list[Late], str | None]:
    """What of a round is late within the caller's reach, by kind; without what the caller is recused from.

    A county sees its own schools' deadlines and its own; NotYou for whoever supervises nothing here.
    """
    row = rounds.read(ctx, round_id)
    city = cycles.round_of(ctx.session, round_id).city
    near = reach(ctx.actor, READ[Thing.SUPERVISION], ctx.today)
    if city not in near.cities and not overdue_queries.of_city(ctx.session, near.counties, city):
        raise NotYou(Problem("role-missing", "round", {"roles": sorted(r.value for r in READ[Thing.SUPERVISION])}))
    query, owed = overdue_queries.late(round_id, _since(ctx, round_id))
    query = query.where(registry.within(near), ~scopes.recused(ctx.person_id))
    of_county = [what.value for what in OF_THE_COUNTY]
    query = query.where(School.city_code.in_(near.cities) | owed.c.what.in_(of_county))
    found = ctx.session.execute(page.within(query, owed.c.what, owed.c.subject_id)).all()
    shown, cursor = page.cut(found, lambda r: (r[0], r[1]))
    return _late(ctx, row, [overdue_queries.owed_of(r) for r in shown]), cursor


def late_of(ctx: Context, round_id: int, county: str | None = None) -> list[Late]:
    """Everything of a round that is late; of a county, its own schools' deadlines and its own. Who may know, is asked
    by the caller.
    """
    query, owed = overdue_queries.late(round_id, _since(ctx, round_id))
    if county is not None:
        of_county = [what.value for what in OF_THE_COUNTY]
        query = query.where(School.jurisdiction_code == county, School.run_by != "city", owed.c.what.in_(of_county))
    found = ctx.session.execute(query.order_by(owed.c.what, owed.c.subject_id)).all()
    return _late(ctx, ctx.session.get_one(Round, round_id), [overdue_queries.owed_of(r) for r in found])


def late_view(late: Late) -> dict[str, Any]:
    """What, whose, due when and how late; for whoever supervises."""
    owed, office = late.owed, OFFICES[late.owed.what]
    model = SUBJECTS.get(owed.what, Review)
    return {
        "what": owed.what, "subject": {"kind": model.__tablename__, "id": owed.subject_id},
        "review_id": owed.review_id, "code": owed.code, "specialty": owed.specialty, "school": owed.school,
        "county": owed.county, "owner": office.owner, "superior": office.superior, "due": late.due,
        "days_late": late.days, "escalated_at": late.escalated_at,
    }  # fmt: skip


# --- what the clock does ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Acted:
    """What was done for what was due: reviews defaulted, taken over, scored; the phase begun; cases escalated.

    `waiting` is why the round's phase, though due, did not end.
    """

    defaulted: int = 0
    taken_over: int = 0
    scored: int = 0
    moved: RoundEvent | None = None
    escalated: int = 0
    waiting: tuple[Problem, ...] = ()


def act_on_due(ctx: Context, round_id: int) -> Acted:
    """Do for a round what the policy allows at the due times, move it on, and escalate what is left; again changes
    nothing.

    Default what was reminded twice; at the end of verifying take over what counties left; at the end of scoring score
    whoever has the minimum; then begin the next phase; conclude a round in which everything is over. Every silence of
    an office is put on record once.
    """
    scope = Scope(city=cycles.round_of(ctx.session, round_id).city)
    ctx.permit(CLOCK, scope, where="round")
    row = ctx.locked(Round, round_id)
    defaulted = rounds.default_left_over(ctx, round_id, reminded=True)
    event = NEXT.get(RoundState(row.state))
    due = getattr(row, rounds.ENDS_WHAT[event]) if event is not None else None
    taken = scored = 0
    moved, waiting = None, tuple[Problem, ...]()
    if event is not None and due is not None and ctx.settled >= due:
        if event == RoundEvent.SCORE:
            taken = verification.take_over_silent(ctx.as_system(), round_id, NO_ONE_CHECKED)
        scored = _score(ctx, round_id) if event == RoundEvent.DELIBERATE else 0
        waiting = tuple(ROUND.objections(row.state, event, rounds.facts_of(ctx, row, event)))
        if not waiting:
            rounds.move(ctx, round_id, event)
            moved = event
    if _is_over(ctx, row):
        rounds.move(ctx, round_id, RoundEvent.CONCLUDE)
        moved = RoundEvent.CONCLUDE
    return Acted(defaulted, taken, scored, moved, _escalate(ctx, row), waiting)


def _is_over(ctx: Context, row: Round) -> bool:
    """Whether every review has ended and no school can appeal any more: the round is then concluded by itself."""
    if row.state != RoundState.PUBLICISED or appeal_queries.may_come(ctx.session, row.id, ctx.settled):
        return False
    return not ROUND.objections(row.state, RoundEvent.CONCLUDE, rounds.facts_of(ctx, row, RoundEvent.CONCLUDE))


def _score(ctx: Context, round_id: int) -> int:
    """Go on with the minimum: a run of whoever has it, where anybody does."""
    policy = _policy(ctx, round_id)
    wanted = [m.code for m in policy.measures.values() if m.supplier == "panel"]
    ready = scoring_queries.unscored(ctx.session, round_id, wanted, policy.workflow.experts_at_least)
    if ready:
        scoring.run(ctx, round_id)
    return len(ready)


def _escalate(ctx: Context, row: Round) -> int:
    """Record every office's silence in a round that is not on record; how many are new."""
    query, owed = overdue_queries.late(row.id, _since(ctx, row.id))
    query = query.where(owed.c.what.in_([what.value for what in ESCALATED]))
    found = [overdue_queries.owed_of(r) for r in ctx.session.execute(query)]
    return _put_on_record(ctx, _late(ctx, row, found), row.id)


def _put_on_record(ctx: Context, late: Sequence[Late], round_id: int | None) -> int:
    """Tell the office that is late, and the one above it, once of each thing and due time; how many are new."""
    new = overdue_queries.escalate(ctx.session, [(found.owed, found.due) for found in late], ctx.now)
    alike: dict[tuple[Awaited, datetime], list[int]] = {}
    for found in late:
        if (found.owed.what.value, found.owed.subject_id) in new:
            alike.setdefault((found.owed.what, found.due), []).append(found.owed.subject_id)
    for (what, due), ids in alike.items():
        office, model = OFFICES[what], SUBJECTS.get(what, Review)
        told = {"what": what, "due": last_local_day(due, LOCAL).isoformat(), "owner": office.owner,
                "superior": office.superior}  # fmt: skip
        ctx.record_many(overdue_queries.kind_of(what), model, ids, Note(told=told, round_id=round_id))
    return len(new)


# --- beside the rounds -----------------------------------------------------------------------------------------------


def _late_beside(ctx: Context, found: Sequence[Owed]) -> list[Late]:
    before = overdue_cases.escalated(ctx.session, [owed.school_id for owed in found if owed.school_id is not None])
    return [
        Late(owed, owed.at, (ctx.today - last_local_day(owed.at, LOCAL)).days,
             before.get((owed.what.value, owed.subject_id, owed.at)))
        for owed in found
    ]  # fmt: skip


def listing_of_city(ctx: Context, page: Page) -> tuple[list[Late], str | None]:
    """What of the caller's city is late in no round: closings, appeals against them, applications; by kind.

    Without what the caller is recused from; NotYou for whoever supervises no city.
    """
    near = reach(ctx.actor, READ[Thing.SUPERVISION], ctx.today)
    if not near.cities:
        raise NotYou(Problem("role-missing", "overdue", {"roles": sorted(r.value for r in READ[Thing.SUPERVISION])}))
    owed = overdue_cases.late(sorted(near.cities), ctx.now, acting=ctx.person_id)
    found = ctx.session.execute(page.within(sa.select(owed), owed.c.what, owed.c.subject_id)).all()
    shown, cursor = page.cut(found, lambda r: (r.what, r.subject_id))
    return _late_beside(ctx, [overdue_cases.owed_of(r) for r in shown]), cursor


def late_of_city(ctx: Context, city: str) -> list[Late]:
    """Everything of a city that is late in no round. Who may know, is asked by the caller."""
    owed = overdue_cases.late([city], ctx.now, acting=None)
    found = ctx.session.execute(sa.select(owed).order_by(owed.c.what, owed.c.subject_id))
    return _late_beside(ctx, [overdue_cases.owed_of(r) for r in found])


def escalate_of_city(ctx: Context, *, city: str = "") -> int:
    """Put on record what of the secretary's own city, or of the one named (for the clock), is late in no round.

    "Nobody acting is a case" (workflow.md). Once more records nothing.
    """
    scope = Scope(city=city) if city else ctx.office(Role.SECRETARY)
    ctx.permit(CLOCK, scope, where="overdue")
    return _put_on_record(ctx, late_of_city(ctx, scope.city), None)
