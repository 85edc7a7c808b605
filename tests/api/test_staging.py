"""Staged files over HTTP: a small one at once, a large one by a job, and by whatever worker comes where that ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.testclient import TestClient

from factories import City, make_city
from small_policy import POLICY
from specialty_eval import staged_later
from specialty_eval.actions import accounts, cycles, jobs, staging
from specialty_eval.actions.context import Context
from specialty_eval.api import staging as routes
from specialty_eval.app import create_app
from specialty_eval.engine.permissions import Actor
from specialty_eval.store.accounts import SignIn
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.files import Files
from specialty_eval.store.reviews import Figure
from specialty_eval.worker import Worker

SITES = ("3637000001,710201", "3637000001,660103", "3637000002,710201", "3637000003,710201")
NO_JOB = {"stage": None, "stage_done": None, "stage_of": None}
WAITING = {**NO_JOB, "stage": "waiting"}
SMALL = "school_code,catalogue_code,year,graduates\n3637000001,710201,2020,４0\n"


def large() -> str:
    """Every specialty in each of many years; long words make it large, empty lines larger than other bodies may be."""
    lines = [f"{site},{year},{year % 90},{'示例年报' * 90}" for site in SITES for year in range(1901, 2021)]
    return "\n".join(["school_code,catalogue_code,year,graduates,source", *lines, "\n" * 1_000_000])


@dataclass
class Served:
    """The application over a city's database, asked by its secretary."""

    client: TestClient
    city: City
    engine: sa.Engine
    files: Path

    def call(self, method: str, path: str, status: int, **sent: Any) -> Any:
        headers = {"Authorization": "Bearer tok_secretary", **sent.pop("headers", {})}
        answer: httpx.Response = self.client.request(method, f"/v1{path}", headers=headers, **sent)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.headers.get("content-type", "").endswith("json") else answer

    def send(self, text: str, status: int) -> Any:
        sent = {"content": text.encode(), "headers": {"Content-Type": "text/csv"}}
        return self.call("POST", "/staged-files?policy=small@1&name=x.csv", status, **sent)

    def figures(self) -> int:
        with self.engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(Figure)) or 0


@pytest.fixture
def served(fresh_database: str, tmp_path: Path) -> Iterator[Served]:
    engine = make_engine(fresh_database, pool_size=2)
    with Session(engine, expire_on_commit=False) as session:
        city = make_city(session)
        cycles.import_policy(city.as_("policy-editor"), POLICY)
        ends = city.now.replace(year=city.now.year + 9)
        session.add(SignIn(person_id=city.people["secretary"], token_hash=accounts.digest("tok_secretary"),
                           created_at=city.now, expires_at=ends))  # fmt: skip
        session.commit()
        with TestClient(create_app(fresh_database, tmp_path, clock=lambda: city.now)) as client:
            yield Served(client, city, engine, tmp_path)
    engine.dispose()


def test_a_small_file_is_shown_and_confirmed_while_its_sender_waits(served: Served) -> None:
    file = served.send(SMALL, 201)
    at = f"/staged-files/{file['id']}"
    assert file["progress"] == {"step": "checked", "done": 2, "of": 3, "running": False, **NO_JOB}
    notices = served.call("GET", f"{at}/remarks?kind=notice", 200)["items"]
    assert [(one["cell"], one["reason"]["code"]) for one in notices] == [("D2", "full-width")]
    assert notices[0]["reason"]["zh"] == "全角字符按半角读：“４0”读作“40”"
    assert served.call("GET", f"{at}/difference?kind=new", 200)["items"] == [
        {"row": 2, "specialty": "3637000001-710201", "year": 2020, "measure": "graduates", "before": None,
         "after": "40"}
    ]  # fmt: skip
    assert served.call("GET", f"{at}/workbook", 200).content.startswith(b"PK")
    assert served.figures() == 0
    served.call("POST", f"{at}/confirm", 412, json={"difference": "0" * 64})
    done = served.call("POST", f"{at}/confirm", 200, json={"difference": file["difference"]})
    assert (done["progress"]["step"], served.figures()) == ("confirmed", 1)
    assert served.call("GET", "/staged-files", 200)["items"] == [done]
    served.call("DELETE", at, 409)


def test_a_large_file_is_checked_and_taken_by_a_job_that_tells_how_far_it_is(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "ROWS_AT_ONCE", 100)
    text = large()
    assert len(text.encode()) > staged_later.AT_ONCE
    file = served.send(text, 202)
    assert file["progress"] == {"step": "received", "done": 1, "of": 3, "running": True, **WAITING}
    at = f"/staged-files/{file['id']}"
    # The client that tests use hands an answer out when the job behind it has ended.
    file = served.call("GET", at, 200)
    assert (file["progress"]["step"], file["counts"]["new"], file["problems"]) == ("checked", 480, 0)
    asked = served.call("POST", f"{at}/confirm", 202, json={"difference": file["difference"]})
    assert asked["progress"] == {"step": "checked", "done": 2, "of": 3, "running": True, **WAITING}
    assert (served.call("GET", at, 200)["progress"]["step"], served.figures()) == ("confirmed", 480)


def test_a_page_of_the_difference_leads_to_the_next(served: Served) -> None:
    served.send(SMALL, 201)
    file = served.send("\n".join(large().splitlines()[:31]) + "\n", 201)
    found: list[tuple[int, str]] = []
    after = ""
    while True:
        page = served.call("GET", f"/staged-files/{file['id']}/difference?kind=new&limit=7{after}", 200)
        found += [(one["row"], one["measure"]) for one in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == [(row, "graduates") for row in range(2, 32)]


def test_what_a_process_left_undone_a_worker_does_with_the_senders_rights_of_now(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SETTLES", served.city.now - served.city.now)
    worker = Worker(make_sessions(served.engine), Files(served.files), lambda: served.city.now)
    with Session(served.engine, expire_on_commit=False) as session:
        ctx = served.city.as_("secretary")
        ctx.session, ctx.files = session, Files(served.files)
        row = staging.receive(ctx, staging.Received(SMALL.encode(), "text/csv"), "small@1")
        session.commit()
    assert worker.once().failed == ()
    file = served.call("GET", f"/staged-files/{row.id}", 200)
    assert file["progress"]["step"] == "checked"
    with Session(served.engine, expire_on_commit=False) as session:
        ctx.session = session
        staging.ask(ctx, row.id, file["difference"])
        session.execute(sa.text("UPDATE role_grant SET valid_to = valid_from WHERE role = 'secretary'"))
        session.commit()
    assert worker.once().failed == ()
    file = served.call("GET", f"/staged-files/{row.id}", 200)
    assert [one["code"] for one in file["refused"]] == ["role-missing"]
    assert (served.figures(), file["progress"]["running"]) == (0, False)


def test_large_files_wait_for_one_another_without_a_thread(served: Served) -> None:
    """As many as there are threads for requests, and more: the next request has one all the same."""
    done: list[int] = []
    free = Event()

    def work(_: Context) -> None:
        free.wait(20)
        done.append(len(done))

    def as_system() -> Context:
        actor = Actor(is_system=True)
        return Context(Session(served.engine), actor, served.city.now, Files(served.files))

    async def all_at_once() -> None:
        alone = anyio.CapacityLimiter(1)
        async with anyio.create_task_group() as group:
            for _ in range(60):
                group.start_soon(BackgroundTask(staged_later.carry_out, alone, as_system, work))
            await anyio.sleep(0.2)
            with anyio.move_on_after(5) as late:
                await run_in_threadpool(int)
            free.set()
        assert not late.cancelled_caught

    anyio.run(all_at_once)
    assert done == list(range(60))
