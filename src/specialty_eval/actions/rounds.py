"""The rounds of a cycle: opening their phases, extending, defaulting what the deadline left over."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

import sqlalchemy as sa

from specialty_eval.engine import cycle, review
from specialty_eval.engine.calendar import end_of, last_local_day
from specialty_eval.engine.cycle import RoundEvent, RoundFacts
from specialty_eval.engine.errors import Invalid, NotFound, Problem
from specialty_eval.engine.permissions import Role, Scope
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.requirements import extension_problems
from specialty_eval.engine.review_checks import REMINDERS_BEFORE_DEFAULT
from specialty_eval.store import attributes, cycles, deadline_queries, review_queries, scopes, scoring_queries
from specialty_eval.store.cycles import Cycle, Round
from specialty_eval.store.deadline_queries import Deadline
from specialty_eval.store.deliberation import ExpertAssignment
from specialty_eval.store.outcomes import Publication
from specialty_eval.store.reviews import Review, ScoreRun
from specialty_eval.store.site_visits import SiteVisitor

from . import county_days, visit_days
from .context import LOCAL, Context, Note, Possible, entitled

PHASE_DAYS = {
    RoundEvent.COLLECT: ("collecting_due", "collect"),
    RoundEvent.VERIFY: ("verifying_due", "verify"),
    RoundEvent.SCORE: ("scoring_due", "panel"),
    RoundEvent.DELIBERATE: ("deliberating_due", "deliberate"),
}
"""The phase an event opens → the column of its due time and the policy's days for it."""

ENDS_WHAT = {
    RoundEvent.VERIFY: "collecting_due",
    RoundEvent.SCORE: "verifying_due",
    RoundEvent.DELIBERATE: "scoring_due",
}
"""The event that ends a phase → the due time it waits for."""


def facts_of(ctx: Context, r: Round, event: RoundEvent | None, reason: str = "") -> RoundFacts:
    """What the round's steps look at; `event` says which due time is meant."""
    going_on = ctx.session.scalar(sa.select(Cycle.state).where(Cycle.id == r.cycle_id))
    due = getattr(r, ENDS_WHAT[event]) if event in ENDS_WHAT else None
    reached = due is not None and ctx.settled >= due
    policy = cycles.policy_of(ctx.session, r.policy_id)
    return RoundFacts(
        cycle_running=going_on == cycle.CycleState.RUNNING,
        policy_pinned=not attributes.unfit(policy),
        due_reached=reached or event == RoundEvent.COLLECT,
        leftovers=0 if due is None else _leftovers(ctx, r, event, due, policy),
        score_runs=_count(ctx, ScoreRun, r.id),
        lists_published=_count(ctx, Publication, r.id),
        unended_reviews=review_queries.unended(ctx.session, [r.id]),
        reason=reason,
    )


def _leftovers(ctx: Context, r: Round, event: RoundEvent | None, due: datetime, policy: Policy) -> int:
    """How many reviews the policy has an answer for at the end of the phase that has not been given."""
    if event == RoundEvent.VERIFY:  # default: nothing came by the round's day; a school with a later one fills in
        return review_queries.due_with(ctx.session, r.id, due)
    if event == RoundEvent.SCORE:  # take over: the county has not checked within its days
        return len(review_queries.county_overdue(ctx.session, r.id, ctx.settled))
    # Go on with the minimum: enough experts have scored, and no run has.
    wanted = [m.code for m in policy.measures.values() if m.supplier == "panel"]
    return len(scoring_queries.unscored(ctx.session, r.id, wanted, policy.workflow.experts_at_least))


def _count(ctx: Context, model: type[ScoreRun] | type[Publication], round_id: int) -> int:
    wanted = sa.select(sa.func.count()).select_from(model).where(model.round_id == round_id)
    if model is Publication:
        wanted = wanted.where(Publication.state.in_(("in_publicity", "closed")))
    return ctx.session.scalar(wanted) or 0


def move(ctx: Context, round_id: int, event: RoundEvent, *, reason: str = "", version: int | None = None) -> Round:
    """Open the round's next phase, conclude or cancel it. Collecting opens every planned review in one statement."""
    r = ctx.locked(Round, round_id, version=version)
    scope = Scope(city=cycles.round_of(ctx.session, round_id).city)
    policy = cycles.policy_of(ctx.session, r.policy_id)
    changes = {}
    if event in PHASE_DAYS:
        column, days = PHASE_DAYS[event]
        changes[column] = ctx.calendar().due(ctx.now, policy.workflow.days[days], LOCAL)
    facts = facts_of(ctx, r, event, reason)
    note = Note(reason=reason, audience="public", round_id=r.id)
    ctx.advance(cycle.ROUND, r, event, facts, scope, note=note, changes=changes)
    clock = ctx.as_system()
    if event == RoundEvent.COLLECT:
        _join(clock, r, policy)
        planned = review_queries.ids_in(ctx.session, r.id, ["planned"])
        clock.advance_many(review.WORKFLOW, Review, review.Event.OPEN, planned, scope,
                           note=Note(audience="school"), changes={"due": changes["collecting_due"]})  # fmt: skip
    elif event == RoundEvent.CANCEL:
        _cancel_reviews(clock, r, scope, reason)
    return r


def _join(clock: Context, r: Round, policy: Policy) -> None:
    """What came in the middle of the cycle (opened, split off) joins the next round that rates one of its age."""
    made = clock.session.get_one(Cycle, r.cycle_id)
    sites = attributes.sites(clock.session, made.jurisdiction_code, levels=made.levels, school_kinds=made.school_kinds,
                             at=r.reference_date)  # fmt: skip
    least = cycle.least_years_open(policy)
    old_enough = {key: site for key, site in sites.items() if site.years_open(r.reference_date) >= least}
    new = attributes.joining(clock.session, made.id, date(made.first_year, 1, 1), old_enough)
    if new:
        clock.session.add_all([Review(round_id=r.id, specialty_id=key, state=review.WORKFLOW.start.value,
                                      updated_at=clock.now) for key in new])  # fmt: skip
        clock.record("cycle.place", made, Note(told={"specialties": len(new), "round": r.number}, round_id=r.id))


def _cancel_reviews(clock: Context, r: Round, scope: Scope, reason: str) -> None:
    left = review_queries.ending_with(clock.session, [r.id])
    clock.lock_all(Review, left)
    clock.advance_many(review.WORKFLOW, Review, review.Event.CANCEL, left, scope,
                       facts=dict.fromkeys(left, review.Facts(round_cancelled=True)),
                       note=Note(reason=reason, audience="school"))  # fmt: skip


def extend(ctx: Context, review_id: int, until: date, reason: str, *, version: int | None = None) -> Review:
    """Give one school until the end of a later local day. A date that was told never moves earlier."""
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    grant = ctx.permit(frozenset({Role.SECRETARY}), scope, where="review")
    ctx.check_version(row, version)
    due, told = _ends(ctx, until), row.correction_due if row.state == review.State.RETURNED else row.due
    problems = extension_problems(ctx.now, due, told, reason, LOCAL)
    if row.state not in review.WITH_THE_SCHOOL:
        problems.append(Problem("step-not-open", "review", {"event": "extend", "state": row.state}))
    if problems:
        raise Invalid(*problems)
    if row.state == review.State.RETURNED:
        row.correction_due = due
    else:
        row.due = due
    row.version += 1
    told_day = last_local_day(due, LOCAL).isoformat()
    ctx.record("review.extend", row, Note(reason=reason, audience="school", told={"until": told_day}), grant=grant)
    return ctx.saved(row)


def _ends(ctx: Context, until: date) -> datetime:
    """The end of that local day; of the next working day where it is a day off."""
    return end_of(ctx.calendar().next_working(until), LOCAL)


def extend_all(ctx: Context, round_id: int, until: date, reason: str, *, version: int | None = None) -> Round:
    """Give everybody of a round's running phase until the end of a later local day (an outage), with a reason.

    The phase ends then, and so does every deadline of it that would end sooner; whoever has longer keeps that.
    Each whose deadline moves is told by an event of their own, the public by one of the round. Invalid with every
    reason: a date that was told never moves earlier.
    """
    r = ctx.locked(Round, round_id, version=version)
    scope = Scope(city=cycles.round_of(ctx.session, round_id).city)
    grant = ctx.permit(frozenset({Role.SECRETARY}), scope, where="round")
    due, column = _ends(ctx, until), f"{r.state}_due"
    deadlines = deadline_queries.OF_PHASE.get(r.state)
    problems = extension_problems(ctx.now, due, getattr(r, column) if deadlines else None, reason, LOCAL)
    if deadlines is None:
        problems.append(Problem("step-not-open", "round", {"event": "extend", "state": r.state}))
    if deadlines is None or problems:
        raise Invalid(*problems)
    day = last_local_day(due, LOCAL).isoformat()
    deadline_queries.end_phase(ctx.session, r.id, column, due, ctx.now)
    note = Note(reason=reason, audience="public", told={"phase": r.state, "until": day}, round_id=r.id)
    ctx.record("round.extend", r, note, grant=grant)
    visit_days.end_later(ctx, sa.and_(Review.round_id == r.id, SiteVisitor.due < due), due, note)
    for deadline in deadlines:
        _extend_each(
            ctx, r, deadline, due, replace(note, audience="school", told={"what": deadline.what, "until": day})
        )
    return ctx.saved(r)


def _extend_each(ctx: Context, r: Round, deadline: Deadline, due: datetime, note: Note) -> None:
    """Move a phase's deadlines of one kind that end before then, and tell each."""
    waiting = deadline_queries.earlier(ctx.session, deadline, r.id, due)
    ctx.lock_all(deadline.model, waiting)
    moved = deadline_queries.move(ctx.session, deadline, r.id, waiting, due)
    if deadline.model is Review:
        ctx.record_many("review.extend", Review, moved, note)
    else:  # an expert's own days are no news of the school's
        ctx.record_many("assignment.extend", ExpertAssignment, moved, replace(note, audience="office"))


def default_left_over(ctx: Context, round_id: int, *, reminded: bool = False) -> int:
    """Default every review whose deadline passed: nothing submitted, or not corrected in time. How many were.

    NotNow with every one that was not reminded twice; `reminded` leaves those to the secretary.
    """
    scope = Scope(city=cycles.round_of(ctx.session, round_id).city)
    ctx.permit(entitled(review.WORKFLOW, "", review.Event.DEFAULT), scope, where="round")
    ctx.locked(Round, round_id)
    moved = 0
    for state in (review.State.OPEN, review.State.RETURNED):
        ctx.lock_all(Review, review_queries.late(ctx.session, round_id, state, ctx.settled))
        # Read again under the locks: an extension given in between counts.
        ids = review_queries.late(ctx.session, round_id, state, ctx.settled)
        reminders = review_queries.reminders(ctx.session, ids)
        if reminded and state == review.State.OPEN:
            ids = [key for key in ids if reminders[key] >= REMINDERS_BEFORE_DEFAULT]
        if not ids:
            continue
        facts = {key: review.Facts(deadline_passed=True, reminders_served=reminders[key]) for key in ids}
        moved += ctx.advance_many(review.WORKFLOW, Review, review.Event.DEFAULT, ids, scope, facts=facts,
                                  note=Note(audience="school"), changes={"was_defaulted": True})  # fmt: skip
        _begin_county_days(ctx, round_id, ids)
    return moved


def _begin_county_days(ctx: Context, round_id: int, ids: Sequence[int]) -> None:
    """What was defaulted waits for the county that checks it, for the policy's days."""
    policy = cycles.policy_of(ctx.session, cycles.round_of(ctx.session, round_id).policy_id)
    if policy.workflow.county_check:
        review_queries.wait_for_county(ctx.session, ids, county_days.of_policy(ctx, policy))


def read(ctx: Context, round_id: int) -> Round:
    """A round by its number; NotFound."""
    row = ctx.session.get(Round, round_id)
    if row is None:
        raise NotFound(Problem("not-found", "round", {"kind": "round", "id": round_id}))
    return row


def possible(ctx: Context, row: Round) -> list[Possible]:
    """What the caller may do with the round, each with why it is not possible now, but for the reason to be written."""
    ends = {"collecting": RoundEvent.VERIFY, "verifying": RoundEvent.SCORE, "scoring": RoundEvent.DELIBERATE}
    facts = facts_of(ctx, row, ends.get(row.state, RoundEvent.COLLECT), "…")
    scope = Scope(city=cycles.round_of(ctx.session, row.id).city)
    return ctx.possible(cycle.ROUND, row.state, facts, scope)
