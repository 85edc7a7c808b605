"""Is the server alive, and can it do its work."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from .deps import Ctx, Transactional

router = APIRouter(route_class=Transactional, tags=["operations"])


class HealthAnswer(BaseModel):
    """What is so; where it is not, there is a refusal or no answer."""

    status: Literal["ok", "ready"]


@router.get("/healthz", response_model=HealthAnswer)
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", response_model=HealthAnswer)
def readyz(ctx: Ctx) -> dict[str, str]:
    """The database answers too."""
    ctx.ping()
    return {"status": "ready"}
