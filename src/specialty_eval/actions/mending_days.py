"""The days of what a school mends: when its plan is due, from when it is rechecked, what an appeal gives back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from specialty_eval.engine.calendar import last_local_day, months_after
from specialty_eval.engine.consequences import RectificationRules
from specialty_eval.engine.rectification import RECTIFICATION, RECTIFICATION_ENDED, RectificationState
from specialty_eval.engine.vocabulary import Rating
from specialty_eval.store import rectification_queries
from specialty_eval.store.outcomes import Rectification
from specialty_eval.store.rectification_queries import Ground

from .context import LOCAL, Context, Note


@dataclass(frozen=True, slots=True)
class Asked:
    """Which specialty is asked to mend, by which review's rating."""

    specialty_id: int
    review_id: int
    rating: Rating


def plan_due(ctx: Context, row: Rectification, ground: Ground) -> datetime:
    """Until when the plan is due: an appeal that holds the consequences gives the school its days anew when it ends."""
    return _days(ctx, row, ground, _closed(ctx, row, ground))[0]


def recheck_from(ctx: Context, row: Rectification, ground: Ground) -> date:
    """From when it is rechecked: where an appeal held the consequences, the months to mend begin when it ends."""
    return _days(ctx, row, ground, _closed(ctx, row, ground))[1]


def _closed(ctx: Context, row: Rectification, ground: Ground) -> datetime | None:
    held = ground.enrolment.appeal_suspends != "none"
    return rectification_queries.appeals_closed_at(ctx.session, row.review_id) if held else None


def _days(ctx: Context, row: Rectification, ground: Ground, closed: datetime | None) -> tuple[datetime, date]:
    if closed is None:
        return row.plan_due, row.recheck_from
    due = ctx.calendar().due(closed, ground.rules.plan_due, LOCAL)
    recheck = months_after(closed.astimezone(LOCAL).date(), ground.rules.recheck_after_months)
    return max(row.plan_due, due), max(row.recheck_from, recheck)


def begin_days_anew(ctx: Context, review_id: int) -> None:
    """An appeal against this rating has ended and left it: where it held the consequences, the days of what is being
    mended begin anew, on record, and the school is told which they are now.
    """
    _put_on_record(ctx, rectification_queries.going_locked(ctx.session, review_id))


def begin_where_left(ctx: Context, round_id: int) -> None:
    """The same for whoever waits for a day of theirs that an appeal gave back and that is not on record: it ended when
    none was kept. Nobody is to be reminded of an earlier day than the one that holds.
    """
    found = rectification_queries.after_appeals(ctx.session, round_id)
    grounds = rectification_queries.grounds_of(ctx.session, [row for row, _ in found]) if found else {}
    left = [
        row.id for row, closed in found if _days(ctx, row, grounds[row.id], closed) != (row.plan_due, row.recheck_from)
    ]
    if left:
        ctx.lock_all(Rectification, left)
        _put_on_record(ctx.as_system(), rectification_queries.reread(ctx.session, left))


def _put_on_record(ctx: Context, rows: Sequence[Rectification]) -> None:
    for row in rows:
        if row.state in RECTIFICATION_ENDED:
            continue
        due, recheck = days_of(ctx, row)
        if (due, recheck) != (row.plan_due, row.recheck_from):
            row.plan_due, row.recheck_from = due, recheck
            changed(ctx, row)
            ctx.record("rectification.extend", ctx.saved(row), Note(audience="school", told=_told(row)))


def changed(ctx: Context, row: Rectification) -> None:
    """Something of it is another than before, and it stands where it stood.

    What the bureau answers by is counted from when the school handed in, or the recheck began: that stays, or the
    school would wait for its days once more.
    """
    row.version += 1
    if row.state not in {RectificationState.PLANNED, RectificationState.RECHECK}:
        row.updated_at = ctx.now


def _told(row: Rectification) -> dict[str, str]:
    return {"until": last_local_day(row.plan_due, LOCAL).isoformat(), "recheck_from": row.recheck_from.isoformat()}


def begin(
    ctx: Context, asked: Asked, rules: RectificationRules, *, failures: int = 0, findings: str = ""
) -> Rectification:
    """A rating asks a specialty to mend: its school has the policy's days from now."""
    row = Rectification(
        specialty_id=asked.specialty_id, review_id=asked.review_id, rating=asked.rating.value,
        state=RECTIFICATION.start.value, plan="", findings=findings, failures=failures, version=1, updated_at=ctx.now,
        plan_due=ctx.calendar().due(ctx.now, rules.plan_due, LOCAL),
        recheck_from=months_after(ctx.today, rules.recheck_after_months),
    )  # fmt: skip
    ctx.session.add(row)
    return row


def go_over(ctx: Context, specialty_id: int, review_id: int, key: int) -> None:
    """A rating went over from a specialty to another, and so does what it asks to be mended: the school there begins,
    with days of its own and at least one recheck. What was passed before is passed there too: nothing is to be mended.
    """
    last = rectification_queries.last_of(ctx.session, specialty_id, review_id)
    if last is None or last.state == RectificationState.PASSED:
        return
    _begin_again(ctx, last, key)


def begin_where_back(ctx: Context, specialties: Collection[int]) -> None:
    """A rating took another's place, with it what was mended lost its ground, and now it is in force again: the other
    was overturned. The school mends again, with days of its own and as many failed rechecks as before.
    """
    for last in rectification_queries.back_in_force(ctx.session, specialties):
        _begin_again(ctx, last, last.specialty_id)


def _begin_again(ctx: Context, last: Rectification, key: int) -> None:
    rules = rectification_queries.ground_of(ctx.session, last).rules
    failures = min(last.failures, max(rules.failures_allowed, 1) - 1)
    asked = Asked(key, last.review_id, Rating(last.rating))
    row = ctx.saved(begin(ctx, asked, rules, failures=failures, findings=last.findings if failures else ""))
    ctx.record("rectification.carry", row, Note(audience="school", told={"review": last.review_id, **_told(row)}))


def days_of(ctx: Context, row: Rectification) -> tuple[datetime, date]:
    """When the plan is due, and from when it is rechecked, the days an appeal gave back among them."""
    ground = rectification_queries.ground_of(ctx.session, row)
    return _days(ctx, row, ground, _closed(ctx, row, ground))


def due_days(ctx: Context, row: Rectification) -> tuple[date, date]:
    """The same as the days that are told."""
    due, recheck = days_of(ctx, row)
    return last_local_day(due, LOCAL), recheck


def is_held(ctx: Context, row: Rectification) -> bool:
    """Whether an appeal holds it now: until it ends nobody knows its days."""
    holds = rectification_queries.ground_of(ctx.session, row).enrolment.appeal_suspends != "none"
    return holds and rectification_queries.is_under_appeal(ctx.session, row.review_id)
