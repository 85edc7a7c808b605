"""How the worker's jobs went, the lock that lets one worker alone do each, and whether a worker is there."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from .jobs import Job

WENT_THROUGH = "went_through"
"""The name under which a worker says that it has been through everything that was due."""


def runs(session: Session) -> dict[tuple[str, str], Job]:
    """(job, subject) → how it went last."""
    found = session.scalars(sa.select(Job).execution_options(populate_existing=True))
    return {(job.name, job.subject): job for job in found}


def run_of(session: Session, name: str, subject: str) -> Job | None:
    """How a job went last, read now."""
    found = sa.select(Job).where(Job.name == name, Job.subject == subject)
    return session.scalar(found.execution_options(populate_existing=True))


def taken(session: Session, name: str, subject: str) -> bool:
    """Whether this transaction alone has the job from now on, until it ends; False: another has it."""
    text = sa.literal(f"specialty-eval job {name} {subject}")
    return bool(session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(text, 0)))))


def done(session: Session, name: str, subject: str, now: datetime) -> None:
    """It is done: nothing is failing any more."""
    _keep(session, name, subject, done_at=now, failures=0, failed_at=None, retry_at=None, reasons=[])


def failed(
    session: Session, name: str, subject: str, *, now: datetime, retry_at: datetime, reasons: Sequence[str]
) -> None:
    """It could not be done: why, and when it is tried again."""
    before = run_of(session, name, subject)
    count = 1 if before is None else before.failures + 1
    _keep(session, name, subject, failures=count, failed_at=now, retry_at=retry_at, reasons=list(reasons))


def _keep(session: Session, name: str, subject: str, **values: Any) -> None:
    new = insert(Job).values(name=name, subject=subject, **values)
    session.execute(new.on_conflict_do_update(index_elements=["name", "subject"], set_=values))


def forget_failures(session: Session, due: Collection[tuple[str, str]]) -> None:
    """Of what is not due any more, that it failed is of no use to anybody."""
    for job in failing(session):
        if (job.name, job.subject) not in due:
            session.execute(sa.delete(Job).where(Job.id == job.id))


def failing(session: Session) -> list[Job]:
    """What is failing now, the longest failing first."""
    found = sa.select(Job).where(Job.failures > 0).order_by(Job.failed_at, Job.id)
    return list(session.scalars(found))


def health(session: Session) -> tuple[datetime | None, int]:
    """When a worker last went through everything that was due (None: never), and how many jobs are failing."""
    went = sa.func.max(Job.done_at).filter(Job.name == WENT_THROUGH)
    seen, count = session.execute(sa.select(went, sa.func.count().filter(Job.failures > 0)).select_from(Job)).one()
    return seen, count
