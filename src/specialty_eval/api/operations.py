"""Is the server alive, can it do its work, and does somebody act when something is due."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import anyio
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from specialty_eval.actions import health
from specialty_eval.actions.context import Context, Credentials
from specialty_eval.actions.health import Health
from specialty_eval.engine.errors import Problem, Refusal, TryAgain

from .deps import Edge, looked
from .problems import answer
from .status_fast import Fast

router = APIRouter(tags=["operations"])
"""Of the plain kind: whoever looks after the server waits for no place among its requests."""
SECONDS = 8.0
"""After which a database that has not answered is away."""


class HealthAnswer(BaseModel):
    """What is so; where it is not, there is a refusal or no answer."""

    status: Literal["ok", "ready"]


class WorkerAnswer(BaseModel):
    """The process that acts on due dates and delivers events: when it last went through all that was due, how many jobs
    are failing, and since when something waits to be delivered.
    """

    seen_at: datetime | None
    failing: int
    undelivered_since: datetime | None = Field(
        description="webhook 还没送到的最早事件的时刻 · when the oldest event happened that a webhook waits for"
    )


class FromMemory(BaseModel):
    """The statuses that this process answers from memory."""

    sequence: int = Field(description="所依据的最后一个事件 · the last event they rest on")
    age: int = Field(description="多少秒没有数据库的消息 · seconds since the database last said how things are")


class ReadyAnswer(HealthAnswer):
    """The database answers, and how the worker is; without one people have to act themselves."""

    worker: WorkerAnswer
    statuses: FromMemory | None = Field(description="内存里的状态，没有时为空 · those in memory, null where none are")
    statuses_fault: str | None = Field(
        description="内存里的状态为何不再更新，没有故障时为空 · why those in memory are not kept up; null when they are"
    )


@dataclass(slots=True)
class Probe:
    """One question to the database for all who ask at the same time; while it has no answer no other is begun."""

    asking: asyncio.Task[Health | None] | None = None

    async def worker(self, edge: Edge) -> Health | None:
        """As `health.of_worker`; None without an answer in time."""
        if self.asking is None or self.asking.done():
            alone = anyio.CapacityLimiter(1)
            asked = anyio.to_thread.run_sync(_seen, edge, abandon_on_cancel=True, limiter=alone)
            self.asking = asyncio.ensure_future(asked)
        await asyncio.wait({self.asking}, timeout=SECONDS)
        return self.asking.result() if self.asking.done() else None


def _seen(edge: Edge) -> Health | None:
    def at(ctx: Context) -> Health | None:
        return health.of_worker(ctx) if ctx.answers() else None

    try:
        return looked(edge, Credentials(), at)
    except Refusal:
        return None


def probe_of(request: Request) -> Probe:
    """The application's own."""
    found: Probe | None = getattr(request.app.state, "probe", None)
    if found is None:
        found = request.app.state.probe = Probe()
    return found


@router.get("/healthz", response_model=HealthAnswer)
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", response_model=ReadyAnswer)
async def readyz(request: Request, probe: Annotated[Probe, Depends(probe_of)]) -> Response | dict[str, Any]:
    """The database answers too; when a worker was last seen; how old the statuses in memory are.

    Without the database 503, within seconds, which says for how long statuses are still answered.
    """
    front: Fast = request.app.front
    seen = await probe.worker(request.app.state.edge)
    age = int(front.age)
    if seen is None:
        problems = [Problem("database-away", "database")]
        if front.answers:
            facts = {"age": age, "sequence": front.sequence, "left": int(front.patience - age)}
            problems.append(Problem("statuses-from-memory", "statuses", facts))
        return answer(TryAgain(*problems))
    return {
        "status": "ready",
        "worker": asdict(seen),
        "statuses": {"sequence": front.sequence, "age": age} if front.is_full else None,
        "statuses_fault": front.fault or None,
    }
