"""A request counts from its last byte: a slow sender takes nobody's place, waiting costs no deadline."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from factories import PASSWORD, START
from specialty_eval.actions.accounts import SIGNED_IN_FOR
from specialty_eval.actions.passwords import hasher
from specialty_eval.api import arrival
from specialty_eval.app import create_app
from specialty_eval.store.base import make_engine

SIGN_IN = f'{{"login": "somebody", "password": "{PASSWORD}"}}'.encode()
JSON = {"Content-Type": "application/json"}


class Hands:
    """A clock that the test moves."""

    now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def somebody(fresh_database: str) -> str:
    """A database in which somebody may sign in."""
    engine = make_engine(fresh_database, pool_size=1)
    with engine.begin() as connection:
        person = sa.text(
            "INSERT INTO person (login, name, password_hash, active) VALUES ('somebody', '示例', :h, true)"
        )
        connection.execute(person, {"h": hasher().hash(PASSWORD)})
    engine.dispose()
    return fresh_database


def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


def test_a_slow_sender_takes_nobodys_place(somebody: str, tmp_path: Path) -> None:
    clock = Hands()

    async def walk() -> None:
        app = create_app(somebody, tmp_path, clock=clock)
        rest = anyio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield SIGN_IN[:10]
            await rest.wait()
            yield SIGN_IN[10:]

        async def sign_in() -> None:
            answers.append(await http.post("/v1/sign-in", content=slowly(), headers=JSON))

        answers: list[httpx.Response] = []
        async with app.router.lifespan_context(app), client(app) as http, anyio.create_task_group() as tasks:
            app.state.edge.gate.total_tokens = 1
            tasks.start_soon(sign_in)
            with anyio.fail_after(20):
                assert (await http.get("/readyz")).status_code == 200
            clock.now = START + timedelta(minutes=5)
            rest.set()
        [answer] = answers
        ends = datetime.fromisoformat(answer.json()["expires_at"])
        assert (answer.status_code, ends) == (201, START + timedelta(minutes=5) + SIGNED_IN_FOR)

    anyio.run(walk)


def test_waiting_for_ones_turn_costs_no_deadline(somebody: str, tmp_path: Path) -> None:
    clock = Hands()

    async def walk() -> None:
        app = create_app(somebody, tmp_path, clock=clock)
        answers: list[httpx.Response] = []

        async def sign_in() -> None:
            answers.append(await http.post("/v1/sign-in", content=SIGN_IN, headers=JSON))

        async with app.router.lifespan_context(app), client(app) as http, anyio.create_task_group() as tasks:
            gate: anyio.CapacityLimiter = app.state.edge.gate
            gate.total_tokens = 1
            async with gate:
                tasks.start_soon(sign_in)
                with anyio.fail_after(20):
                    while not gate.statistics().tasks_waiting:
                        await anyio.sleep(0.01)
                clock.now = START + timedelta(hours=1)
        [answer] = answers
        ends = datetime.fromisoformat(answer.json()["expires_at"])
        assert (answer.status_code, ends) == (201, START + SIGNED_IN_FOR)

    anyio.run(walk)


@pytest.mark.parametrize(("path", "kind"), [
    ("/v1/sign-in", "application/json"), ("/evidence-files/sign-in", "application/x-www-form-urlencoded"),
])  # fmt: skip
def test_a_body_that_drips_ends_with_its_time(
    somebody: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, kind: str
) -> None:
    monkeypatch.setattr(arrival, "PATIENT", 0.1)
    monkeypatch.setattr(arrival, "SLOWEST", 1 << 30)

    async def dripping() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await anyio.sleep(0.02)

    async def walk() -> int:
        app = create_app(somebody, tmp_path)
        async with app.router.lifespan_context(app), client(app) as http:
            with anyio.fail_after(20):
                return (await http.post(path, content=dripping(), headers={"Content-Type": kind})).status_code

    assert anyio.run(walk) == 400
