"""How the worker's jobs went, the lock that lets one worker alone do each, and whether a worker is there."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from .jobs import Job

WENT_THROUGH = "went_through"
"""The name under which a worker says that it has been through everything that was due."""
_FAILING = sa.text("job.failures > 0")
"""Word for word the condition of the index on failing jobs."""


def runs(session: Session, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], Job]:
    """(job, subject) → how it went last, of these."""
    names, subjects = [name for name, _ in wanted], [subject for _, subject in wanted]
    given = sa.func.unnest(sa.literal(names, ARRAY(sa.Text)), sa.literal(subjects, ARRAY(sa.Text)))
    asked = given.table_valued("name", "subject", name="asked").render_derived()
    found = sa.select(Job).join(asked, sa.and_(Job.name == asked.c.name, Job.subject == asked.c.subject))
    return {(job.name, job.subject): job for job in session.scalars(found.execution_options(populate_existing=True))}


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


def failed_since(session: Session, name: str, since: datetime) -> bool:
    """Whether something that is of no subject failed after that instant."""
    run = run_of(session, name, "")
    return run is not None and run.failed_at is not None and run.failed_at > since


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
    found = sa.select(Job).where(_FAILING).order_by(Job.failed_at, Job.id)
    return list(session.scalars(found))


def health(session: Session) -> tuple[datetime | None, int]:
    """When a worker last went through everything that was due (None: never), and how many jobs are failing."""
    went = sa.select(Job.done_at).where(Job.name == WENT_THROUGH, Job.subject == "").scalar_subquery()
    count_of_failing = sa.select(sa.func.count()).select_from(Job).where(_FAILING).scalar_subquery()
    seen, count = session.execute(sa.select(went, count_of_failing)).one()
    return seen, count
