"""Reminders: 14, 7, 2 and 0 days before a deadline by the clock, and whenever the secretary asks; each on record.

A school's reminder to hand in counts: it is defaulted only after two, on two days, before its deadline.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import groupby

from specialty_eval.engine.calendar import end_of, last_local_day
from specialty_eval.engine.cycle import ROUND_ENDED
from specialty_eval.engine.errors import NotNow, Problem
from specialty_eval.engine.overdue import Awaited
from specialty_eval.engine.permissions import Role, Scope
from specialty_eval.engine.roles import roles
from specialty_eval.store import cycles, deadline_queries, reminder_queries
from specialty_eval.store.cycles import Round
from specialty_eval.store.deadline_queries import Deadline
from specialty_eval.store.deliberation import ExpertAssignment
from specialty_eval.store.reminder_queries import Threshold
from specialty_eval.store.reviews import Review

from .context import LOCAL, Context, Note

BEFORE = (14, 7, 2, 0)
"""So many days before the last day of a deadline."""
REMINDS = roles(Role.SYSTEM, Role.SECRETARY)
_SCHOOLS = (Awaited.EVIDENCE, Awaited.CORRECTION)
"""What a school is told of; a county's and an expert's own days are no news of the school's."""


def remind(ctx: Context, round_id: int) -> int:
    """Remind every school that has not handed in, in time and not reminded today; how many were.

    NotNow where all of them were reminded today: two on one day would be one.
    """
    r = ctx.locked(Round, round_id)
    grant = ctx.permit(REMINDS, Scope(city=cycles.round_of(ctx.session, round_id).city), where="round")
    hand_in = next(d for d in deadline_queries.REMINDED if d.what == Awaited.EVIDENCE)
    waiting = deadline_queries.waiting(ctx.session, hand_in, r.id, ctx.now)
    ctx.lock_all(Review, waiting)
    midnight = datetime.combine(ctx.today, time(), LOCAL)
    left = reminder_queries.unreminded(ctx.session, hand_in, r.id, ctx.now, midnight)
    if waiting and not left:
        raise NotNow(Problem("reminded-today", "round", {"day": ctx.today.isoformat()}))
    by_due = sorted((deadline_queries.dues(ctx.session, hand_in, left)).items(), key=lambda one: (one[1], one[0]))
    _tell(ctx, r, hand_in, by_due)
    ctx.record("round.remind", r, Note(audience="school", told={"reviews": len(left)}, round_id=r.id), grant=grant)
    return len(left)


def remind_due(ctx: Context, round_id: int) -> int:
    """Remind everybody of a round who owes something 14, 7, 2 or 0 days from now; how many were. Again: nobody.

    Schools to hand in or correct, counties to check, experts to score. A day that nobody acted on is caught up once.
    """
    r = ctx.locked(Round, round_id)
    ctx.permit(REMINDS, Scope(city=cycles.round_of(ctx.session, round_id).city), where="round")
    if r.state in ROUND_ENDED:
        return 0
    reminded = 0
    for deadline in deadline_queries.REMINDED:
        for threshold in _thresholds(ctx):
            found = reminder_queries.owed(ctx.session, deadline, r.id, threshold)
            ctx.lock_all(deadline.model, [key for key, _ in found])
            # Read again under the locks: what was handed in or extended in between is owed no more.
            found = reminder_queries.owed(ctx.session, deadline, r.id, threshold)
            _tell(ctx, r, deadline, found)
            reminded += len(found)
    return reminded


def _thresholds(ctx: Context) -> list[Threshold]:
    """Each with the deadlines for which it is the last one that was reached; what is past is reminded of no more."""
    ends = [end_of(ctx.today + timedelta(days=days), LOCAL) for days in BEFORE]
    return [
        Threshold(days, after, until)
        for days, until, after in zip(BEFORE, ends, (*ends[1:], ctx.now), strict=True)
    ]  # fmt: skip


def _tell(ctx: Context, r: Round, deadline: Deadline, found: Sequence[tuple[int, datetime]]) -> None:
    """One event for each, in one statement for each day on which something is due."""
    if deadline.what == Awaited.EVIDENCE:
        reminder_queries.count(ctx.session, [key for key, _ in found])
    for due, group in groupby(found, key=lambda one: one[1]):
        last = last_local_day(due, LOCAL)
        told = {"what": deadline.what, "until": last.isoformat(), "days_left": (last - ctx.today).days}
        note = Note(audience="school" if deadline.what in _SCHOOLS else "office", told=told, round_id=r.id)
        ids = [key for key, _ in group]
        if deadline.model is Review:
            ctx.record_many("review.remind", Review, ids, note)
        else:
            ctx.record_many("assignment.remind", ExpertAssignment, ids, note)
