"""What the clock does by itself: which job is due for what, doing it once, and keeping how it went.

The due dates stand in the tables; nothing is queued, so nothing can be queued wrongly, twice, or for a date that moved.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from specialty_eval.engine.cycle import RoundEvent
from specialty_eval.engine.permissions import Role
from specialty_eval.engine.standing import academic_year_begins
from specialty_eval.store import cycles, due_queries, job_queries, material_queries, overdue_cases
from specialty_eval.store import letter_batches as batches_asked
from specialty_eval.store import reports as reports_asked
from specialty_eval.store.due_queries import Since
from specialty_eval.store.experts import Allotment
from specialty_eval.store.jobs import Job
from specialty_eval.store.letter_batches import LetterBatch
from specialty_eval.store.outcomes import Publication
from specialty_eval.store.reports import Report
from specialty_eval.store.reviews import Review
from specialty_eval.store.staging import StagedFile

from . import (
    accounts,
    allotments,
    closings,
    letter_batches,
    material,
    overdue,
    previews,
    publications,
    rectifications,
    reminders,
    replies,
    reports,
    rounds,
    seals,
    staging,
    standings,
    webhooks,
)
from .context import LOCAL, SETTLES, Context, refusal_of

_BACKOFF, _LONGEST = timedelta(minutes=1), timedelta(hours=6)
_BESIDE = timedelta(minutes=2)
"""What broke off and has not again for so long goes on."""
READERS = (Role.ADMINISTRATOR, Role.SECRETARY, Role.AUDITOR)


class Task(StrEnum):
    """A kind of job, in the order in which they are done when they are due at the same time."""

    OPEN_ROUND = "open_round"
    REMIND = "remind"
    REMIND_BESIDE = "remind_beside"
    ACT_ON_DUE = "act_on_due"
    ALLOT = "allot"
    CHECK_MATERIAL = "check_material"
    DEEM_SERVED = "deem_served"
    CLOSE_PUBLICITY = "close_publicity"
    RECTIFICATIONS = "rectifications"
    ACADEMIC_YEAR = "academic_year"
    ESCALATE = "escalate"
    CHECK_FILE = "check_file"
    TAKE_FILE = "take_file"
    IDLE = "idle"
    REPORT = "report"
    LETTERS = "letters"
    SEAL = "seal"
    TIDY = "tidy"


class Beside(StrEnum):
    """What a worker does all the time beside its jobs; on record only while it fails."""

    DELIVER = "deliver"
    WRITE_LISTS = "write_lists"


@dataclass(frozen=True, slots=True)
class Due:
    """One job for one subject: due since then, and to be done unless it was done since `again`."""

    task: Task
    subject: str
    since: datetime
    again: datetime


# --- what is due -----------------------------------------------------------------------------------------------------


def due(ctx: Context) -> list[Due]:
    """Everything that is to be done now, the longest due first; nothing in the minutes after a deadline's end."""
    if ctx.now - _midnight(ctx) < SETTLES:
        return []
    every = _all(ctx)
    runs = job_queries.runs(ctx.session, [(one.task, one.subject) for one in every])
    found = [one for one in every if _is_left(runs.get((one.task, one.subject)), one, ctx.now)]
    order = list(Task)
    return sorted(found, key=lambda one: (one.since, order.index(one.task), one.subject))


def _midnight(ctx: Context) -> datetime:
    return datetime.combine(ctx.today, time(), LOCAL)


def _is_left(run: Job | None, wanted: Due, now: datetime) -> bool:
    if run is None:
        return True
    if run.retry_at is not None:
        return run.retry_at <= now
    return run.done_at is None or run.done_at < wanted.again


def _all(ctx: Context) -> list[Due]:
    session, day, hour = ctx.session, _midnight(ctx), ctx.now.replace(minute=0, second=0, microsecond=0)
    found = [Due(Task.SEAL, "", hour, hour), Due(Task.TIDY, "", day, day)]
    for subject, opens_on in due_queries.rounds_to_open(session, ctx.today):
        opens = datetime.combine(opens_on, time(), LOCAL)
        found.append(Due(Task.OPEN_ROUND, subject, opens, opens))
    for subject, ends in due_queries.rounds_going(session):
        found += [Due(Task.REMIND, subject, day, day), Due(Task.DEEM_SERVED, subject, day, day)]
        is_over = ends is not None and ends <= ctx.now
        # A phase that could not end at its time is asked again every hour: what it waits for comes at any time.
        found.append(
            Due(Task.ACT_ON_DUE, subject, ends if ends and is_over else day, max(day, hour) if is_over else day)
        )
    found += [Due(Task.CHECK_MATERIAL, key, at, hour) for key, at in material_queries.to_check(session) if at]
    found += [Due(Task.ALLOT, key, at, at) for key, at in due_queries.allotments_asked(session) if at]
    found += [Due(Task.CLOSE_PUBLICITY, key, at, at) for key, at in due_queries.lists_to_close(session, ctx.now) if at]
    found += [Due(Task.REPORT, str(key), at, at) for key, at in reports_asked.waiting(session)]
    # Some at a time: until the last is made, it is due again at each pass.
    found += [Due(Task.LETTERS, str(key), at, ctx.now) for key, at in batches_asked.waiting(session)]
    found += _each_day(Task.RECTIFICATIONS, due_queries.cities_mending(session, ctx.now, ctx.today), day)
    found += _each_day(Task.ESCALATE, overdue_cases.cities(session, ctx.now), day)
    found += [Due(Task.CHECK_FILE, key, at, at) for key, at in due_queries.files_to_check(session)]
    found += [Due(Task.TAKE_FILE, key, at, at) for key, at in due_queries.files_to_take(session)]
    found += _each_day(Task.REMIND_BESIDE, due_queries.cities_rated(session, ctx.today.year), day)
    rated = due_queries.cities_rated(session, _academic_year(ctx))
    found += [*_each_day(Task.ACADEMIC_YEAR, rated, day), *_each_day(Task.IDLE, rated, day)]
    return found


def _each_day(task: Task, subjects: Sequence[Since], day: datetime) -> list[Due]:
    return [Due(task, subject, since or day, day) for subject, since in subjects]


# --- doing it --------------------------------------------------------------------------------------------------------


def act(ctx: Context, wanted: Due) -> bool:
    """Do one job, and put on record with it that it is done; False when another worker is at it or has done it."""
    if not job_queries.taken(ctx.session, wanted.task, wanted.subject):
        return False
    if not _is_left(job_queries.run_of(ctx.session, wanted.task, wanted.subject), wanted, ctx.now):
        return False
    DOES[wanted.task](ctx, wanted.subject)
    job_queries.done(ctx.session, wanted.task, wanted.subject, ctx.now)
    return True


def _academic_year(ctx: Context) -> int:
    return ctx.today.year if ctx.today >= academic_year_begins(ctx.today.year) else ctx.today.year - 1


def _tidy(ctx: Context) -> None:
    replies.forget_replies(ctx)
    staging.forget_expired(ctx)
    webhooks.forget(ctx)


DOES: Mapping[Task, Callable[[Context, str], object]] = {
    Task.OPEN_ROUND: lambda ctx, subject: rounds.move(ctx, int(subject), RoundEvent.COLLECT),
    Task.REMIND: lambda ctx, subject: reminders.remind_due(ctx, int(subject)),
    Task.REMIND_BESIDE: lambda ctx, city: reminders.remind_of_city(ctx, city=city),
    Task.ACT_ON_DUE: lambda ctx, subject: overdue.act_on_due(ctx, int(subject)),
    Task.CHECK_MATERIAL: lambda ctx, subject: material.check_due(ctx, int(subject)),
    Task.ALLOT: lambda ctx, subject: allotments.propose(ctx, int(subject)),
    Task.DEEM_SERVED: lambda ctx, subject: previews.deem_served(ctx, int(subject)),
    Task.CLOSE_PUBLICITY: lambda ctx, subject: publications.close(ctx, int(subject)),
    Task.RECTIFICATIONS: lambda ctx, city: rectifications.act_on_due(ctx, city=city),
    Task.ACADEMIC_YEAR: lambda ctx, city: standings.begin_year(ctx, _academic_year(ctx), city=city),
    Task.IDLE: lambda ctx, city: closings.propose_idle(ctx, city=city),
    Task.ESCALATE: lambda ctx, city: overdue.escalate_of_city(ctx, city=city),
    Task.REPORT: lambda ctx, subject: reports.make(ctx, int(subject)),
    Task.LETTERS: lambda ctx, subject: letter_batches.go_on(_of_asker(ctx, int(subject)), int(subject)),
    Task.SEAL: lambda ctx, _: seals.seal(ctx),
    Task.CHECK_FILE: lambda ctx, subject: staging.check(_of_sender(ctx, int(subject)), int(subject)),
    Task.TAKE_FILE: lambda ctx, subject: staging.take(_of_sender(ctx, int(subject)), int(subject)),
    Task.TIDY: lambda ctx, _: _tidy(ctx),
}


def _of_sender(ctx: Context, file_id: int) -> Context:
    """The same transaction for whoever sent a file, with the rights that they hold now."""
    row = ctx.session.get_one(StagedFile, file_id)
    if row.received_by is None and row.key_id is None:
        return ctx
    return replace(ctx, actor=accounts.actor_of(ctx.session, ctx.now, person_id=row.received_by, key_id=row.key_id))


def _of_asker(ctx: Context, batch_id: int) -> Context:
    """The same transaction for whoever asked for letters, with the rights that they hold now."""
    row = ctx.session.get_one(LetterBatch, batch_id)
    return replace(ctx, actor=accounts.actor_of(ctx.session, ctx.now, person_id=row.asked_by, key_id=None))


def act_now(ctx: Context, task: Task, subject: str) -> bool:
    """Do a job at once that somebody has just asked for, unless a worker is at it already."""
    return act(ctx, Due(task, subject, ctx.now, ctx.now))


def failed(ctx: Context, wanted: Due, error: Exception) -> None:
    """Keep why a job could not be done, and when it is tried again: in a minute, then in twice as long, at most six
    hours. A refusal's codes are kept, of a fault only what kind it was.
    """
    before = job_queries.run_of(ctx.session, wanted.task, wanted.subject)
    wait = min(_BACKOFF * 2 ** min(0 if before is None else before.failures, 10), _LONGEST)
    job_queries.failed(ctx.session, wanted.task, wanted.subject, now=ctx.now, retry_at=ctx.now + wait,
                       reasons=_reasons(error))  # fmt: skip


def _reasons(error: Exception) -> list[str]:
    refusal = refusal_of(error)
    codes = [type(error).__name__] if refusal is None else [problem.code for problem in refusal.problems]
    return list(dict.fromkeys(codes))


def stopped(ctx: Context, name: Beside, error: Exception) -> None:
    """Keep why deliveries, or the writing of the lists, broke off; they go on at once and are tried until they do."""
    job_queries.failed(ctx.session, name, "", now=ctx.now, retry_at=ctx.now, reasons=_reasons(error))


def passed(ctx: Context) -> None:
    """The worker has been through everything that was due; what is due no more (somebody did it) fails no more."""
    kept = {(one.task.value, one.subject) for one in _all(ctx)}
    kept |= {(name, "") for name in Beside if job_queries.failed_since(ctx.session, name, ctx.now - _BESIDE)}
    job_queries.forget_failures(ctx.session, kept)
    job_queries.done(ctx.session, job_queries.WENT_THROUGH, "", ctx.now)


# --- reading ---------------------------------------------------------------------------------------------------------


OF_A_ROUND = frozenset({Task.OPEN_ROUND, Task.REMIND, Task.ACT_ON_DUE, Task.DEEM_SERVED})
IN_A_ROUND: dict[str, Callable[[Session, int], int]] = {
    Task.CHECK_MATERIAL: lambda session, key: session.get_one(Review, key).round_id,
    Task.ALLOT: lambda session, key: session.get_one(Allotment, key).round_id,
    Task.LETTERS: lambda session, key: session.get_one(LetterBatch, key).round_id,
    Task.CLOSE_PUBLICITY: lambda session, key: session.get_one(Publication, key).round_id,
}
"""Jobs about something of a round → that thing's round."""
OF_A_CITY = frozenset({Task.REMIND_BESIDE, Task.RECTIFICATIONS, Task.ACADEMIC_YEAR, Task.IDLE, Task.ESCALATE})


def _city_of(ctx: Context, job: Job) -> str | None:
    """Whose a job is; None for the installation's own."""
    if job.name in OF_A_CITY:
        return job.subject
    if job.name in OF_A_ROUND:
        return cycles.round_of(ctx.session, int(job.subject)).city
    if job.name == Task.REPORT:
        return ctx.session.get_one(Report, int(job.subject)).jurisdiction_code
    if (round_of := IN_A_ROUND.get(job.name)) is not None:
        return cycles.round_of(ctx.session, round_of(ctx.session, int(job.subject))).city
    return None


def listing(ctx: Context) -> list[dict[str, Any]]:
    """What is failing of the caller's city and of the installation (administrator, secretary, auditor)."""
    city = ctx.office(*READERS).city
    return [
        {"job": job.name, "subject": job.subject, "failures": job.failures, "failed_at": job.failed_at,
         "retry_at": job.retry_at, "done_at": job.done_at, "reasons": job.reasons}
        for job in job_queries.failing(ctx.session)
        if _city_of(ctx, job) in {city, None}
    ]  # fmt: skip
