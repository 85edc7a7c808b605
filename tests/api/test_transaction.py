"""The answer leaves after the commit, and a commit that fails is never told as done (docs/decisions, 0005)."""

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from e2e.server import running
from specialty_eval.actions.passwords import hasher
from specialty_eval.app import create_app
from specialty_eval.store.base import make_engine

SIGN_IN = {"login": "somebody", "password": "示例密码-0000"}


@pytest.fixture
def database(fresh_database: str) -> Iterator[sa.Engine]:
    engine = make_engine(fresh_database, pool_size=2)
    with engine.begin() as connection:
        person = sa.text("INSERT INTO person (login, name, password_hash, active) VALUES (:login, '示例', :hash, true)")
        connection.execute(person, {"login": SIGN_IN["login"], "hash": hasher().hash(SIGN_IN["password"])})
    yield engine
    engine.dispose()


def refuse_at_commit(database: sa.Engine, sqlstate: str) -> None:
    """Every sign-in passes until its transaction ends, and fails there."""
    with database.begin() as connection:
        connection.execute(sa.text(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION 'not today' USING ERRCODE = '{sqlstate}'; END $$"))  # fmt: skip
        connection.execute(sa.text(
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON sign_in DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION refuse()"))  # fmt: skip


def signed_in(database: sa.Engine) -> int:
    """How many sign-ins another connection sees."""
    with database.connect() as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM sign_in")).scalar_one())


@pytest.mark.parametrize(("sqlstate", "status"), [("P0001", 500), ("40001", 503)])
def test_a_commit_that_fails_is_never_told_as_done(
    database: sa.Engine, tmp_path: Path, sqlstate: str, status: int
) -> None:
    refuse_at_commit(database, sqlstate)
    app = create_app(database.url.render_as_string(hide_password=False), tmp_path)

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.post("/v1/sign-in", json=SIGN_IN)

    assert (answer.status_code, "token" in answer.text, signed_in(database)) == (status, False, 0)


def test_the_first_byte_leaves_after_the_commit(database: sa.Engine, tmp_path: Path) -> None:
    app = create_app(database.url.render_as_string(hide_password=False), tmp_path)
    seen: list[tuple[str, int]] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"].startswith("http.response"):
                seen.append((message["type"], signed_in(database)))
            await send(message)

        await app(scope, receive, sending)

    with TestClient(watched) as client:
        answer = client.post("/v1/sign-in", json=SIGN_IN)

    assert (answer.status_code, seen) == (201, [("http.response.start", 1), ("http.response.body", 1)])


def test_two_hundred_at_once_are_all_answered(database: sa.Engine, tmp_path: Path) -> None:
    paths = ("/v1/specialties?limit=1", "/v1/specialties/nobody-has-this/status", "/v1/rounds", "/v1/me")
    with running(database.url.render_as_string(hide_password=False), tmp_path) as callers, ExitStack() as open_ones:
        at = urlsplit(callers.base)
        lines = [
            open_ones.enter_context(socket.create_connection((at.hostname or "", at.port or 0), 30)) for _ in range(200)
        ]
        for line, path in zip(lines, cycle(paths)):
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        statuses = Counter(line.makefile("rb").readline()[9:12] for line in lines)

    assert statuses == {b"200": 150, b"404": 50}
