"""Is the server alive, can it do its work, and does somebody act when something is due."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from specialty_eval.actions import health

from .deps import Ctx, Transactional

router = APIRouter(route_class=Transactional, tags=["operations"])


class HealthAnswer(BaseModel):
    """What is so; where it is not, there is a refusal or no answer."""

    status: Literal["ok", "ready"]


class WorkerAnswer(BaseModel):
    """The process that acts on due dates: when it last went through all of them, and how many jobs are failing."""

    seen_at: datetime | None
    failing: int


class ReadyAnswer(HealthAnswer):
    """The database answers, and how the worker is; without one people have to act themselves."""

    worker: WorkerAnswer


@router.get("/healthz", response_model=HealthAnswer)
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", response_model=ReadyAnswer)
def readyz(ctx: Ctx) -> dict[str, Any]:
    """The database answers too; and when a worker was last seen."""
    seen_at, failing = health.worker_seen(ctx)
    return {"status": "ready", "worker": {"seen_at": seen_at, "failing": failing}}
