"""A real server on a loopback port, over a database of its own, with a clock the test moves."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
import uvicorn

from factories import PASSWORD, START
from specialty_eval.actions.passwords import hasher
from specialty_eval.api.description import Api
from specialty_eval.app import create_app
from specialty_eval.connections import Connection
from specialty_eval.store.base import make_engine


@dataclass
class Clock:
    """What time the server believes it is."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def wait(self, days: int) -> None:
        """Let days pass."""
        self.now += timedelta(days=days)


@dataclass
class Callers:
    """HTTP clients by person; each signs in once and again when its session has ended."""

    base: str
    clock: Clock
    app: Api
    password: str = PASSWORD
    tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def ask(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        """One request as this person (`""`: nobody), whatever comes of it."""
        headers = dict(more.pop("headers", {}))
        if who:
            headers["Authorization"] = f"Bearer {self._token(who)}"
        return self.http.request(method, self.base + path, headers=headers, **more)

    def call(self, who: str, method: str, path: str, expect: int, **more: Any) -> Any:
        """One request as this person; the answer's JSON, and its status asserted."""
        answer = self.ask(who, method, path, **more)
        assert answer.status_code == expect, (who, method, path, answer.status_code, answer.text[:2000])
        is_json = "json" in answer.headers.get("content-type", "")
        return answer.json() if is_json and answer.content else answer.content

    def post(self, who: str, path: str, body: Any = None, expect: int = 200) -> Any:
        """POST a JSON body."""
        return self.call(who, "POST", path, expect, json={} if body is None else body)

    def get(self, who: str, path: str, expect: int = 200) -> Any:
        """GET."""
        return self.call(who, "GET", path, expect)

    def _token(self, who: str) -> str:
        token, until = self.tokens.get(who, ("", self.clock.now))
        if until <= self.clock.now:
            said = self.post("", "/v1/sign-in", {"login": who, "password": self.password}, 201)
            token, until = said["token"], datetime.fromisoformat(said["expires_at"])
            self.tokens[who] = token, until
        return token


@contextmanager
def serving(url: str, files: Path) -> Iterator[Callers]:
    """As `running`, over a database that a test has prepared: everybody in it may sign in with one password."""
    engine = make_engine(url, pool_size=1)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE person SET password_hash = :hash"), {"hash": hasher().hash(PASSWORD)})
    engine.dispose()
    with running(url, files) as callers:
        yield callers


@contextmanager
def running(url: str, files: Path, made: type[Callers] = Callers) -> Iterator[Callers]:
    """Callers of a server on this database, for as long as the block runs."""
    clock = Clock()
    app = create_app(url, files, clock=clock)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", http=Connection))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    callers = made(f"http://127.0.0.1:{port}", clock, app)
    try:
        yield callers
    finally:
        callers.http.close()
        server.should_exit = True
        thread.join()
