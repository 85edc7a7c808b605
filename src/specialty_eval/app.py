"""The only wiring: database, clock and file store → a FastAPI application. Nothing here decides anything."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
from fastapi import FastAPI
from sqlalchemy.orm import Session

from specialty_eval import api, rooms, web
from specialty_eval.actions.context import Context, Credentials, opened
from specialty_eval.actions.list_files import ListFiles
from specialty_eval.api.deps import Edge
from specialty_eval.api.description import Api, operation_id
from specialty_eval.api.limits import BodyLimit
from specialty_eval.api.rates import RateLimit, Rates
from specialty_eval.api.status_whole import FromMemory
from specialty_eval.api.versions import VERSION
from specialty_eval.engine.permissions import Actor
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.files import Files

AT_ONCE = 32
"""Requests inside at the same time; FastAPI's thread pool (40) has more."""
FOR_PUBLISHED = 8
"""How many of these only what is published may take, so that the rest cannot keep it waiting."""
WHOLE = 2
"""Of these at most, whole lists read from the database take: as long as one takes, the others are answered."""
BESIDE = 2
"""Connections of the pool for what is no request inside: a large file's job, and whether the server is ready."""


def utc_now() -> datetime:
    """The one clock of a running server; tests and the demo pass their own."""
    return datetime.now(UTC)


def identify(session: Session, now: datetime, shown: Credentials) -> Actor:
    """The caller (`accounts.identify`), which is looked for only where somebody shows anything."""
    if not shown.secret:
        return Actor()
    from specialty_eval.actions import accounts  # noqa: PLC0415 -- slow import: rows that the public's reads need not

    return accounts.identify(session, now, shown)


def create_app(
    database_url: str, files: Path, *, clock: Callable[[], datetime] = utc_now, rates: Rates | None = None
) -> Api:
    """The application over one database and one folder of files; without rates nobody's requests are counted."""
    engine = make_engine(database_url, pool_size=AT_ONCE + BESIDE)
    sessions = make_sessions(engine)
    store = Files(files)

    def open_context(now: datetime, shown: Credentials) -> Context:
        return opened(sessions(), now, lambda session, at: identify(session, at, shown), store)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # The gate belongs to the event loop, so it is made inside it.
        gate, published = (anyio.CapacityLimiter(n) for n in (AT_ONCE - FOR_PUBLISHED, FOR_PUBLISHED))
        alone = anyio.CapacityLimiter(1)
        app.state.edge = Edge(
            open=open_context,
            clock=clock,
            gate=gate,
            published=published,
            whole=anyio.CapacityLimiter(WHOLE),
            alone=alone,
        )
        yield
        engine.dispose()

    app = Api(
        title="specialty-eval",
        summary="职业院校专业评估 · Specialty evaluation",
        version=VERSION,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        generate_unique_id_function=operation_id,
    )
    app.whole.files = ListFiles(files)
    api.install(app)
    web.install(app)
    rooms.install(app, (*api.ROOMS, *web.ROOMS))
    app.add_middleware(FromMemory, whole=app.whole)
    app.add_middleware(BodyLimit)
    if rates is not None:
        app.add_middleware(RateLimit, rates=rates, clock=utc_now)
    return app
