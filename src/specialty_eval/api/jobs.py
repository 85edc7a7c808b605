"""What the worker could not do, and will try again."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from specialty_eval.actions import health, jobs

from .deps import Ctx, Transactional

router = APIRouter(route_class=Transactional, tags=["operations"])


class JobAnswer(BaseModel):
    """A job, or what goes on beside (`deliver`, `write_lists`), that could not be done: for what, how often, since
    when, when it is tried again, and why.
    """

    job: jobs.Task | jobs.Beside
    subject: str
    failures: int
    failed_at: datetime
    retry_at: datetime
    done_at: datetime | None
    reasons: list[str]


class FailingAnswer(BaseModel):
    """When a worker last went through everything that was due, since when an event waits to be delivered to a webhook,
    and what is failing.
    """

    seen_at: datetime | None
    undelivered_since: datetime | None
    data: list[JobAnswer]


@router.get("/v1/jobs", response_model=FailingAnswer)
def list_jobs(ctx: Ctx) -> dict[str, Any]:
    """What the worker could not do and tries again, longest failing first (administrator, secretary, auditor)."""
    failing = jobs.listing(ctx)
    worker = health.of_worker(ctx)
    return {"seen_at": worker.seen_at, "undelivered_since": worker.undelivered_since, "data": failing}
