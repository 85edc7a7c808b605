"""Reminders: 14, 7, 2 and 0 days before a day that somebody has to keep, by the clock, and whenever the secretary asks.

Each is an event that says what is to be done, until when, and what happens otherwise. A school's reminder to hand in
counts: it is defaulted only after two, on two days, before its deadline.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any

from specialty_eval.engine.calendar import end_of, last_local_day
from specialty_eval.engine.cycle import ROUND_ENDED
from specialty_eval.engine.errors import NotNow, Problem
from specialty_eval.engine.overdue import Awaited
from specialty_eval.engine.permissions import Role, Scope
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.reminding import BEFORE, DAYS, sentence, threshold
from specialty_eval.engine.roles import roles
from specialty_eval.store import cycles, days_kept, reminder_queries, site_visit_queries
from specialty_eval.store.cycles import Round
from specialty_eval.store.days_kept import Kept
from specialty_eval.store.reminder_queries import Waiting

from . import mending_days
from .context import LOCAL, Context, Note

REMINDS = roles(Role.SYSTEM, Role.SECRETARY)
Due = tuple[int, datetime]
"""A row, and when its day ends."""


def remind(ctx: Context, round_id: int) -> int:
    """Remind every school that has not handed in, in time and not reminded today; how many were.

    NotNow where all of them were reminded today: two on one day would be one.
    """
    r = ctx.locked(Round, round_id)
    grant = ctx.permit(REMINDS, Scope(city=cycles.round_of(ctx.session, round_id).city), where="round")
    hand_in = next(kept for kept in days_kept.OF_PHASES if kept.what == Awaited.EVIDENCE)
    waiting = reminder_queries.waiting(ctx.session, hand_in, r.id, ctx.now, None)
    reminder_queries.lock(ctx.session, hand_in, [one.id for one in waiting])
    waiting = reminder_queries.waiting(ctx.session, hand_in, r.id, ctx.now, None)
    today = reminder_queries.reminded(ctx.session, hand_in, [one.id for one in waiting])
    midnight = datetime.combine(ctx.today, time(), LOCAL)
    left = [(one.id, one.day) for one in waiting if today.get((one.id, ""), midnight - timedelta(1)) < midnight]
    if waiting and not left:
        raise NotNow(Problem("reminded-today", "round", {"day": ctx.today.isoformat()}))
    _tell(ctx, hand_in, left, r.id)
    ctx.record("round.remind", r, Note(audience="school", told={"reviews": len(left)}, round_id=r.id), grant=grant)
    return len(left)


def remind_due(ctx: Context, round_id: int) -> int:
    """Remind everybody of a round who has a day to keep 14, 7, 2 or 0 days from now; how many were. Again: nobody.

    What the phases ask for while it goes on; objections, appeals and what is to be mended also when it has ended. A
    day that nobody acted on is caught up once.
    """
    r = ctx.locked(Round, round_id)
    made = cycles.round_of(ctx.session, round_id)
    ctx.permit(REMINDS, Scope(city=made.city), where="round")
    kinds = days_kept.OF_ROUNDS if r.state in ROUND_ENDED else (*days_kept.OF_PHASES, *days_kept.OF_ROUNDS)
    policy = cycles.policy_of(ctx.session, made.policy_id)
    if _holds(policy):
        mending_days.begin_where_left(ctx, r.id)
    return sum(_remind(ctx, kept, r.id, policy) for kept in kinds)


def remind_of_city(ctx: Context, *, city: str = "") -> int:
    """The same of what is in no round: closings and applications of the secretary's own city, or of the one named."""
    scope = Scope(city=city) if city else ctx.office(Role.SECRETARY)
    ctx.permit(REMINDS, scope, where="city")
    return sum(_remind(ctx, kept, scope.city, None) for kept in days_kept.BESIDE_ROUNDS)


def _remind(ctx: Context, kept: Kept, subject: int | str, policy: Policy | None) -> int:
    found = _owed(ctx, kept, subject, policy)
    if found:
        reminder_queries.lock(ctx.session, kept, sorted({key for key, _ in found}))
        # Read again under the locks: what was handed in or extended in between is owed no more.
        found = _owed(ctx, kept, subject, policy)
    _tell(ctx, kept, found, subject if isinstance(subject, int) else None)
    return len(found)


def _owed(ctx: Context, kept: Kept, subject: int | str, policy: Policy | None) -> list[Due]:
    """The rows, by their day and number, that have reached one of the days before it, knew of it by then, and were not
    reminded since. What is past is reminded of no more.
    """
    holds, unvisited = _holds(policy), _unvisited(ctx, kept, subject, policy)
    until = end_of(ctx.today + timedelta(days=max(BEFORE)), LOCAL)
    found = []
    for one in reminder_queries.waiting(ctx.session, kept, subject, ctx.now, until, holds=holds, unvisited=unvisited):
        due = _ends(ctx, kept, one, policy)
        since = _since(ctx, due)
        if since is not None and (one.known is None or one.known < since):
            found.append((one.id, due, since))
    before = reminder_queries.reminded(ctx.session, kept, [key for key, *_ in found]) if found else {}
    left = {
        (key, due) for key, due, since in found
        if (last := before.get((key, _day(due) if kept.each else ""))) is None or last < since
    }  # fmt: skip
    return sorted(left, key=lambda one: (one[1], one[0]))


def _unvisited(ctx: Context, kept: Kept, subject: int | str, policy: Policy | None) -> list[int]:
    if kept.what != Awaited.VISITORS or policy is None or not isinstance(subject, int):
        return []
    return site_visit_queries.unvisited(ctx.session, subject, policy.workflow.site_visit)


def _holds(policy: Policy | None) -> bool:
    return policy is not None and policy.enrolment is not None and policy.enrolment.appeal_suspends != "none"


def _ends(ctx: Context, kept: Kept, one: Waiting, policy: Policy | None) -> datetime:
    if not kept.days or policy is None:
        return one.day
    return ctx.calendar().due(one.day, policy.workflow.days[kept.days], LOCAL)


def _since(ctx: Context, due: datetime) -> datetime | None:
    """When the last of the days before it that was reached began; None where none was, or it is over."""
    last = last_local_day(due, LOCAL)
    reached = threshold((last - ctx.today).days) if ctx.now < due else None
    return None if reached is None else datetime.combine(last - timedelta(days=reached), time(), LOCAL)


def _day(due: datetime) -> str:
    return last_local_day(due, LOCAL).isoformat()


def _tell(ctx: Context, kept: Kept, found: Sequence[Due], round_id: int | None) -> None:
    """One event for each, in one statement for each day on which something is due."""
    if kept.what == Awaited.EVIDENCE:
        reminder_queries.count(ctx.session, [key for key, _ in found])
    for due, group in groupby(sorted(found, key=lambda one: (one[1], one[0])), key=lambda one: one[1]):
        _tell_each(ctx, kept, [key for key, _ in group], due, round_id)


def _tell_each(ctx: Context, kept: Kept, ids: Iterable[int], due: datetime, round_id: int | None) -> None:
    last = last_local_day(due, LOCAL)
    left = (last - ctx.today).days
    told: dict[str, Any] = {"what": kept.what.value, "whose": DAYS[kept.what].whose.value, "until": last.isoformat(),
            "days_left": left, "text": sentence(kept.what, last, left)}  # fmt: skip
    if kept.left is not None and round_id is not None:
        told["reviews"] = reminder_queries.left_of(ctx.session, kept, round_id)
    note = Note(audience=DAYS[kept.what].audience, told=told, round_id=round_id)
    ctx.record_many(kept.kind, kept.model, list(ids), note)
