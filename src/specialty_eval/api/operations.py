"""Is the server alive, and can it do its work."""

from fastapi import APIRouter

from .deps import Ctx, Transactional

router = APIRouter(route_class=Transactional, tags=["operations"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(ctx: Ctx) -> dict[str, str]:
    """The database answers too."""
    ctx.ping()
    return {"status": "ready"}
