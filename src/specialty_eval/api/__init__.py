"""The JSON API under /v1: one router a capability."""

from fastapi import FastAPI

from . import (
    accounts,
    committee,
    cycles,
    enrolment,
    events,
    evidence,
    imports,
    objections,
    operations,
    problems,
    publications,
    ratings,
    rectifications,
    registry,
    scoring,
    status,
)
from .deps import Transactional

ROUTERS = (
    accounts.router,
    committee.router,
    cycles.router,
    enrolment.router,
    evidence.router,
    events.router,
    imports.router,
    objections.router,
    operations.router,
    publications.router,
    ratings.router,
    rectifications.router,
    registry.router,
    scoring.router,
    status.router,
)


def install(app: FastAPI) -> None:
    """Mount every router and the problem answers."""
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)


__all__ = ["ROUTERS", "Transactional", "install"]
