"""The JSON API under /v1: one router a capability."""

from fastapi import FastAPI

from . import accounts, cycles, evidence, operations, problems, scoring
from .deps import Transactional

ROUTERS = (accounts.router, cycles.router, evidence.router, operations.router, scoring.router)


def install(app: FastAPI) -> None:
    """Mount every router and the problem answers."""
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)


__all__ = ["ROUTERS", "Transactional", "install"]
