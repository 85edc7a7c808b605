"""The working days of a year: what the table of holidays knows, and what a bureau enters over it, also for later years.

A deadline that was told stays, unless it would now end on a day off: then it ends with the next working day. A
publicity has its whole days for the public, counted again: it ends later where it lost one. Nothing moves earlier.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from specialty_eval.engine.calendar import Calendar, end_of, last_local_day
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, Problem
from specialty_eval.engine.permissions import Role
from specialty_eval.engine.publicity import ListState
from specialty_eval.engine.reminding import DAYS
from specialty_eval.store import calendar_queries, days_kept, deadline_queries, reminder_queries
from specialty_eval.store.calendars import CalendarYear
from specialty_eval.store.cycles import Round, policy_of, round_of
from specialty_eval.store.days_kept import Kept
from specialty_eval.store.deadline_queries import Deadline
from specialty_eval.store.deliberation import ExpertAssignment
from specialty_eval.store.outcomes import Publication
from specialty_eval.store.reviews import Review
from specialty_eval.store.site_visits import SiteVisitor

from . import visit_days
from .context import LOCAL, Context, Note
from .holidays import ANNOUNCED, calendar_with

EDITORS = (Role.SECRETARY, Role.ADMINISTRATOR)
FIRST, LAST = 1900, 2100
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """What is entered of a year: days off (whatever weekday) and days worked (whatever holiday), and why."""

    off: Sequence[date]
    worked: Sequence[date]
    reason: str


def read(ctx: Context, year: int) -> dict[str, Any]:
    """A year's days that are not as their weekday says; known or assumed. NotFound outside the years we keep."""
    if not FIRST <= year <= LAST:
        raise NotFound(Problem("not-found", "calendar", {"kind": "calendar", "id": year}))
    row = calendar_queries.of_year(ctx.session, year)
    calendar = calendar_with([year], calendar_queries.entered(ctx.session, [year]))
    days = list(_of(year))
    return {
        "year": year, "announced": year in ANNOUNCED, "entered": row is not None, "assumed": row is None
        and year not in ANNOUNCED, "version": 0 if row is None else row.version,
        "days_off": [day for day in days if day.weekday() < 5 and not calendar.is_working(day)],
        "workdays": [day for day in days if day.weekday() >= 5 and calendar.is_working(day)],
        "own": None if row is None else {"days_off": row.days_off, "workdays": row.workdays, "reason": row.reason},
    }  # fmt: skip


def _of(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += _DAY


def enter(ctx: Context, year: int, days: Days, *, version: int | None = None) -> int:
    """Enter a year's own days, in place of what was entered before; how many running deadlines end later by it.

    Invalid with every reason: no reason given, a day of another year or in both lists, a day that is past and was
    counted otherwise. Where other cities are served too, it is the operator's at the machine: NotNow.
    """
    if not ctx.actor.is_system:
        city = ctx.office(*EDITORS).city
        if calendar_queries.serves_another(ctx.session, city):
            raise NotNow(Problem("calendar-of-several-cities", "calendar"))
    calendar_queries.lock(ctx.session, year)
    row = calendar_queries.of_year(ctx.session, year) or CalendarYear(year=year, version=0)
    ctx.check_version(row, version)
    before = calendar_with([year], calendar_queries.entered(ctx.session, [year]))
    after = calendar_with([year], ((year, tuple(days.off), tuple(days.worked)),))
    problems = [] if days.reason.strip() else [Problem("reason-missing", "reason")]
    problems += _problems(ctx, year, days, before, after)
    if problems:
        raise Invalid(*problems)
    row.days_off, row.workdays = _listed(days.off), _listed(days.worked)
    row.reason, row.version, row.updated_at = days.reason.strip(), row.version + 1, ctx.now
    ctx.saved(row)
    ctx.session.info.pop(calendar_queries.KEPT, None)
    told = {"year": year, "days_off": row.days_off, "workdays": row.workdays}
    ctx.record("calendar.enter", row, Note(reason=row.reason, audience="public", told=told))
    now_off = [day for day in _of(year) if day > ctx.today and before.is_working(day) and not after.is_working(day)]
    moved = sum(_end_later(ctx, day, row.reason) for day in now_off)
    return moved + (_publicity_whole(ctx, row.reason) if now_off else 0)


def _listed(days: Sequence[date]) -> list[str]:
    return sorted({day.isoformat() for day in days})


def _problems(ctx: Context, year: int, days: Days, before: Calendar, after: Calendar) -> Iterator[Problem]:
    if not FIRST <= year <= LAST:
        yield Problem("calendar-year-unknown", "year", {"first": FIRST, "last": LAST})
        return
    for where, listed in (("days_off", days.off), ("workdays", days.worked)):
        for day in sorted(set(listed)):
            if day.year != year:
                yield Problem("calendar-day-elsewhere", where, {"day": day.isoformat(), "year": year})
    for day in sorted(set(days.off) & set(days.worked)):
        yield Problem("calendar-day-twice", "days_off", {"day": day.isoformat()})
    for day in _of(year):
        if day <= ctx.today and before.is_working(day) != after.is_working(day):
            yield Problem("calendar-day-past", "days_off", {"day": day.isoformat()})


def _end_later(ctx: Context, day: date, reason: str) -> int:
    """Let every running deadline that would end on this day off end with the next working day; how many did."""
    ends, until = end_of(day, LOCAL), ctx.calendar().next_working(day)
    moved = 0
    for round_id, phase in calendar_queries.phases_ending(ctx.session, ends):
        r = ctx.locked(Round, round_id)
        deadline_queries.end_phase(ctx.session, round_id, f"{phase}_due", end_of(until, LOCAL), ctx.now)
        told = {"phase": phase, "until": until.isoformat()}
        ctx.record("round.extend", r, Note(reason=reason, audience="public", told=told, round_id=round_id))
        moved += 1
    moved += visit_days.end_later(ctx, SiteVisitor.due == ends, end_of(until, LOCAL), Note(reason=reason))
    for deadline in calendar_queries.kinds():
        moved += _each_later(ctx, deadline, day, until, reason)
    for kept in days_kept.BESIDE_PHASES:
        moved += _beside_later(ctx, kept, day, until, reason)
    return moved


def _publicity_whole(ctx: Context, reason: str) -> int:
    """Let every running publicity that has fewer days left for the public than its policy gives end later; how many.

    Everybody is told until when it runs now. What is over is over.
    """
    running = calendar_queries.in_publicity(ctx.session, ctx.now)
    states = ctx.lock_all(Publication, running)
    moved = 0
    for key in running:
        row = ctx.session.get_one(Publication, key, populate_existing=True)
        if states[key] != ListState.IN_PUBLICITY or row.opened_at is None or row.closes_at is None:
            continue
        days = policy_of(ctx.session, round_of(ctx.session, row.round_id).policy_id).workflow.days["publicity"]
        whole = ctx.calendar().due(row.opened_at, days, LOCAL)
        if whole > row.closes_at:
            row.closes_at, row.version = whole, row.version + 1
            told = {"until": last_local_day(whole, LOCAL).isoformat()}
            ctx.record("publication.extend", ctx.saved(row), Note(reason=reason, audience="public", told=told))
            moved += 1
    return moved


def _beside_later(ctx: Context, kept: Kept, day: date, until: date, reason: str) -> int:
    """What is to be done by that day beside the rounds: by a school a plan to mend, by an office an answer."""
    ends = end_of(day, LOCAL)
    reminder_queries.lock(ctx.session, kept, calendar_queries.ending_beside(ctx.session, kept, ends, ctx.now))
    ids = calendar_queries.ending_beside(ctx.session, kept, ends, ctx.now)  # read again under the locks
    calendar_queries.move_beside(ctx.session, kept, ids, end_of(until, LOCAL))
    told = {"what": kept.what.value, "until": until.isoformat()}
    kind = f"{kept.kind.partition('.')[0]}.extend"
    ctx.record_many(kind, kept.model, ids, Note(reason=reason, audience=DAYS[kept.what].audience, told=told))
    return len(ids)


def _each_later(ctx: Context, deadline: Deadline, day: date, until: date, reason: str) -> int:
    ends = end_of(day, LOCAL)
    ctx.lock_all(deadline.model, calendar_queries.ending(ctx.session, deadline, ends))
    ids = calendar_queries.ending(ctx.session, deadline, ends)  # read again under the locks
    calendar_queries.move(ctx.session, deadline, ids, end_of(until, LOCAL))
    told = {"what": deadline.what, "until": until.isoformat()}
    if deadline.model is Review:
        ctx.record_many("review.extend", Review, ids, Note(reason=reason, audience="school", told=told))
    else:
        ctx.record_many("assignment.extend", ExpertAssignment, ids, Note(reason=reason, told=told))
    return len(ids)
