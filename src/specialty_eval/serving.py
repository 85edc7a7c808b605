"""Serving an installation: its database opened, at the newest schema, and the application on a port."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import uvicorn
from fastapi import FastAPI
from sqlalchemy.orm import Session

from specialty_eval import rooms
from specialty_eval.actions.context import Context, commit
from specialty_eval.app import create_app, utc_now
from specialty_eval.engine.permissions import Actor
from specialty_eval.store import schema
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.files import Files
from specialty_eval.store.server import opened

QUIET = 5
"""Seconds after which a server that has started does what its first answers need not wait for."""


def files_in(data: Path) -> Path:
    """Where attachments lie."""
    return data / "files"


@contextmanager
def ready(url: str | None, data: Path) -> Iterator[str]:
    """The URL of a running database at the newest schema, for as long as the block runs."""
    with opened(url, data) as at:
        schema.migrate(at)
        yield at


def serve(url: str | None, data: Path, *, host: str, port: int) -> None:
    """Serve until stopped. The database stops with the last that uses it."""
    with ready(url, data) as at:
        app = create_app(at, files_in(data))
        gc.freeze()  # what is loaded stays: the collector need not walk through it while somebody waits
        later = Timer(QUIET, settle, (app, at, data))
        later.start()
        try:
            uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)
        finally:
            later.cancel()
            later.join()


def settle(app: FastAPI, at: str, data: Path) -> None:
    """Open what nobody has asked for yet, and forget answers that nobody waits for."""
    rooms.open_each(app)
    forget(at, data)
    gc.collect()
    gc.freeze()


def forget(at: str, data: Path) -> int:
    """Forget the answers kept for repeated requests that no client can still be waiting for; how many."""
    from specialty_eval.actions import accounts  # noqa: PLC0415 -- slow import: the first answers need it not

    with session_on(at) as session:
        ctx = as_system(session, data)
        forgotten = accounts.forget_replies(ctx)
        commit(ctx)
        return forgotten


def migrate(url: str | None, data: Path) -> None:
    """Upgrade the schema."""
    with ready(url, data):
        pass


@contextmanager
def session_on(at: str) -> Iterator[Session]:
    """A session of its own on a running database."""
    engine = make_engine(at, pool_size=1)
    try:
        with make_sessions(engine)() as session:
            yield session
    finally:
        engine.dispose()


def as_system(session: Session, data: Path) -> Context:
    """Whoever has the installation's shell is not asked who they are."""
    return Context(session, Actor(is_system=True), utc_now(), Files(files_in(data)))
