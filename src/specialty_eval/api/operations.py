"""Is the server alive, can it do its work, and does somebody act when something is due."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from specialty_eval.actions import health
from specialty_eval.engine.errors import Problem, TryAgain

from .deps import Ctx, Transactional
from .status_fast import Fast

router = APIRouter(route_class=Transactional, tags=["operations"])


class HealthAnswer(BaseModel):
    """What is so; where it is not, there is a refusal or no answer."""

    status: Literal["ok", "ready"]


class WorkerAnswer(BaseModel):
    """The process that acts on due dates: when it last went through all of them, and how many jobs are failing."""

    seen_at: datetime | None
    failing: int


class FromMemory(BaseModel):
    """The statuses that this process answers from memory."""

    sequence: int = Field(description="所依据的最后一个事件 · the last event they rest on")
    age: int = Field(description="多少秒没有数据库的消息 · seconds since the database last said how things are")


class ReadyAnswer(HealthAnswer):
    """The database answers, and how the worker is; without one people have to act themselves."""

    worker: WorkerAnswer
    statuses: FromMemory | None = Field(description="内存里的状态，没有时为空 · those in memory, null where none are")


@router.get("/healthz", response_model=HealthAnswer)
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", response_model=ReadyAnswer)
def readyz(request: Request, ctx: Ctx) -> dict[str, Any]:
    """The database answers too; when a worker was last seen; how old the statuses in memory are.

    Without the database 503, which says for how long statuses are still answered.
    """
    front: Fast = request.app.front
    age = int(front.age)
    if not ctx.answers():
        problems = [Problem("database-away", "database")]
        if front.answers:
            facts = {"age": age, "sequence": front.sequence, "left": int(front.patience - age)}
            problems.append(Problem("statuses-from-memory", "statuses", facts))
        raise TryAgain(*problems)
    seen_at, failing = health.worker_seen(ctx)
    return {
        "status": "ready",
        "worker": {"seen_at": seen_at, "failing": failing},
        "statuses": {"sequence": front.sequence, "age": age} if front.is_full else None,
    }
