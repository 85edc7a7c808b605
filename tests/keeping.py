"""A process that keeps statuses in memory: waited for, and compared with what the database says now."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval import following
from specialty_eval.actions import statuses
from specialty_eval.actions.context import Context
from specialty_eval.api import status_bytes
from specialty_eval.api.description import Api
from specialty_eval.api.rates import Rates
from specialty_eval.api.status_fast import Fast
from specialty_eval.app import create_app
from specialty_eval.engine.permissions import Actor
from specialty_eval.store.base import make_engine
from specialty_eval.store.files import Files

PATIENCE = 10


def until(holds: Callable[[], bool], what: str) -> float:
    """Wait for it; how long that took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < PATIENCE, what
        time.sleep(0.002)
    return time.monotonic() - begun


def as_told(url: str, now: datetime, files: Path) -> dict[str, status_bytes.Ready | str]:
    """What a process should hold: code → bytes, or the present code of a superseded one."""
    engine = make_engine(url, pool_size=1)
    try:
        return told_on(engine, now, files)
    finally:
        engine.dispose()


def told_on(engine: sa.Engine, now: datetime, files: Path) -> dict[str, status_bytes.Ready | str]:
    """The same, for whoever asks often."""
    found: dict[str, status_bytes.Ready | str] = {}
    with Session(engine) as session:
        for told in statuses.of_all(Context(session, Actor(), now, Files(files))):
            found[told.status.code] = told.part_of or status_bytes.ready(told)
            found |= dict.fromkeys(told.before, told.part_of or told.status.code)
    return found


def same(fast: Fast, url: str, now: datetime, files: Path) -> None:
    """Everything in memory becomes what the database says, without anybody asking."""
    become(fast, as_told(url, now, files))


def become(fast: Fast, expected: dict[str, status_bytes.Ready | str]) -> None:
    """Everything in memory becomes this."""
    begun = time.monotonic()
    while fast.codes != expected and time.monotonic() - begun < PATIENCE:
        time.sleep(0.005)
    assert fast.codes == expected


@dataclass
class Answer:
    """As it left the application."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Kept:
    """An application and the statuses it holds; `fast` asks by memory, `slow` by the routes."""

    app: Api
    url: str
    files: Path
    clock: Callable[[], datetime]

    def fast(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        assert self.app.front.is_full
        return asyncio.run(ask(self.app, method, path, headers, body))

    def slow(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        self.app.front.is_full = False
        try:
            return asyncio.run(ask(self.app, method, path, headers, body))
        finally:
            self.app.front.is_full = True


@contextmanager
def keeping(url: str, files: Path, clock: Callable[[], datetime], rates: Rates | None = None) -> Iterator[Kept]:
    """An application that has its statuses in memory."""
    app = create_app(url, files, clock=clock, rates=rates)
    with following.kept(app.front, url, clock, files, app.bell):
        until(lambda: app.front.is_full, "the statuses are loaded")
        yield Kept(app, url, files, clock)


async def ask(app: Any, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    """One request, straight to the application."""
    at, _, query = path.partition("?")
    sent: list[Any] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "scheme": "http",
        "method": method,
        "path": at, "raw_path": at.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip

    async def receive() -> Any:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async with app.router.lifespan_context(app):
        await app(scope, receive, send)
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], told, b"".join(part.get("body", b"") for part in sent[1:]))
