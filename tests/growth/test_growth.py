"""Every list and every job stays on an index at fifty times the demo's data: by each statement's plan, not by time.

The world of the rights' tests is asked, and PostgreSQL believes that its tables are fifty times the demo's. What reads
a whole table all the same is in `whole.toml` with its reason.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from httpx import Response
from sqlalchemy.orm import Session

from api.test_rights import MATRIX, Asked
from conftest import copied
from direct import asking
from factories_rights import CALLERS, World, make_world
from growth.grown import forget, grow
from growth.plans import Watch, watched
from remembered import anew
from specialty_eval import rooms
from specialty_eval.actions import accounts, deliveries, jobs
from specialty_eval.actions.context import Context, commit, opened
from specialty_eval.actions.deliveries import Came
from specialty_eval.actions.jobs import Due, Task
from specialty_eval.api.deps import Edge
from specialty_eval.app import create_app
from specialty_eval.engine.errors import Refusal
from specialty_eval.engine.permissions import Actor
from specialty_eval.store.base import make_engine
from specialty_eval.store.embedded import conninfo

WHOLE: dict[str, dict[str, str]] = tomllib.loads((Path(__file__).parent / "whole.toml").read_text(encoding="utf-8"))
READERS = ("secretary", "head-two", "county-two", "public", "auditor", "administrator", "key-two", "expert-1")
"""The bureau, a school, a county, everybody, and who else reads what these may not."""
FILTERING = 1
"""Of those, how many ask with each filter."""
ELSEWHERE = frozenset({"after", "limit", "format"})
"""Parameters that say where in a list and how it is written, not of which."""
OF_PAGES = {
    "GET /": {"county": "371402", "class": "信息技术", "level": "secondary", "rating": "red", "case": "appeal",
              "q": "计算机", "rounds": "1"},
    "GET /rounds/{number}": {"list": "1"},
    "GET /lists": {"list": "1"},
}  # fmt: skip
"""What the public's pages can be asked for, which the API's description does not tell."""

NOT_DUE = {
    Task.OPEN_ROUND: "next_round",
    Task.ALLOT: "allotment_id",
    Task.CHECK_MATERIAL: "review_id",
    Task.CHECK_FILE: "file_id",
    Task.TAKE_FILE: "file_id",
}
"""What the world has nothing due of: done all the same, on what it has; a refusal has read what it judges by."""


@dataclass
class Grown:
    """The application over a world that is believed to be large."""

    asked: Asked
    watch: Watch
    sessions: Callable[[], Session]
    answered: dict[str, set[int]] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.asked.world

    def ask(self, who: str, route: str, **query: object) -> None:
        """The first page, and the one that its answer leads to."""
        more = "&".join(f"{name}={value}" for name, value in query.items())
        answer = self._ask(who, route, more)
        if "limit" in query and answer.is_success and (following := answer.json().get("next")):
            self._ask(who, route, f"{more}&after={following}")

    def _ask(self, who: str, route: str, more: str) -> Response:
        self.watch.asked = f"{route}{f' ?{more}' if more else ''} as {who}"
        answer = self.asked.ask_now(who, route, more=more)
        self.answered.setdefault(route, set()).add(answer.status_code)
        return answer


@pytest.fixture(scope="module")
def grown(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grown]:
    with psycopg.connect(conninfo(server_url)) as connection:
        if connection.info.server_version < 180000:
            pytest.skip("statistics are restored by functions of PostgreSQL 18")
    watch = Watch()
    with copied(server_url, template) as url:
        with psycopg.connect(conninfo(url), autocommit=True) as connection:
            forget(connection)
        world = _made(url)
        with psycopg.connect(conninfo(url), autocommit=True) as connection:
            grow(connection)
        with watched(watch):
            engine = make_engine(url)
            engine.update_execution_options(compiled_cache={})  # more statements than an engine remembers
            app = create_app(url, tmp_path_factory.mktemp("unused"), clock=lambda: world.city.now)
            with (
                engine.connect() as one,
                one.begin() as outer,
                asking(app) as client,
            ):

                def sessions() -> Session:
                    return Session(one, join_transaction_mode="create_savepoint", expire_on_commit=False)

                rooms.open_all(app)
                edge: Edge = app.state.edge
                edge.open = lambda now, shown: opened(
                    sessions(), now, lambda s, at: accounts.identify(s, at, shown), world.city.files
                )
                yield Grown(Asked(client, app, world, one), watch, sessions)
                outer.rollback()
            engine.dispose()


def _made(url: str) -> World:
    engine = make_engine(url)
    with Session(engine, expire_on_commit=False) as session, anew():
        world = make_world(session)
        session.commit()
    engine.dispose()
    return world


def readers_of(route: str) -> list[str]:
    return [who for who in (*READERS, *CALLERS) if MATRIX[route][who] == "+"][: len(READERS)]


def filters_of(schema: Mapping[str, Any], route: str) -> Iterator[tuple[str, list[str]]]:
    """Every documented filter, with the words it takes where they are told."""
    yield from ((name, [value]) for name, value in OF_PAGES.get(route, {}).items())
    for parameter in schema["paths"].get(route.removeprefix("GET "), {}).get("get", {}).get("parameters", []):
        if parameter["in"] == "query" and parameter["name"] not in ELSEWHERE:
            said = [parameter["schema"], *parameter["schema"].get("anyOf", [])]
            said += [schema["components"]["schemas"][s["$ref"].rpartition("/")[2]] for s in said if "$ref" in s]
            yield parameter["name"], [str(word) for s in said for word in s.get("enum", [])]


def values_of(world: World) -> dict[str, object]:
    """What is asked for by the filters that take any value."""
    return {
        "academic_year": 2026, "changed": "true", "class": "71", "closed": "true", "code": "710201",
        "county": "371402", "cycle": world.named["cycle_id"], "exempt": "true", "field": "71",
        "jurisdiction": "371400", "known_at": "2026-06-01T00:00:00Z", "on": "2026-06-01", "overdue": "true",
        "parent": "371400", "review": world.named["review_id"], "round": world.named["round_id"],
        "school": "3637000002", "specialty": world.city.codes["scored"], "students": "3", "support": "medal",
        "types": "review.submit", "valid_at": "2026-06-01", "version": 1, "year": 2026, "level": "secondary",
        "standing": "normal", "supplier": "school",
    }  # fmt: skip


def judged(grown: Grown) -> None:
    """Nothing was found but what is known with its reason."""
    unknown = []
    for one in grown.watch.findings:
        place = one.asked.partition(" as ")[0].partition(" ?")[0]
        if one.table not in WHOLE.get(place, {}):
            unknown.append(str(one))
    grown.watch.findings.clear()

    assert not unknown, "\n".join(unknown)


def test_every_list_and_page_is_read_by_index(grown: Grown) -> None:
    schema = grown.asked.app.openapi()
    paged = {path for path, said in schema["paths"].items()
             if any(p["name"] == "limit" for p in said.get("get", {}).get("parameters", []))}  # fmt: skip
    others = values_of(grown.world)
    for route in (route for route in MATRIX if route.startswith("GET ")):
        page = {"limit": 1} if route.removeprefix("GET ") in paged else {}
        for who in readers_of(route) if page else readers_of(route)[:2]:
            grown.ask(who, route, **page)
        for name, words in filters_of(schema, route):
            for value in words[:2] or [str(others[name])]:
                for who in readers_of(route)[:FILTERING]:
                    grown.ask(who, route, **{name: value}, **page)
    judged(grown)


def test_every_act_reads_by_index(grown: Grown) -> None:
    for route, row in MATRIX.items():
        who = next((who for who in ("secretary", *CALLERS) if row[who] == "+"), None)
        if who is not None and not route.startswith("GET "):
            grown.ask(who, route)
    judged(grown)


def test_every_job_finds_its_work_and_does_it_by_index(grown: Grown) -> None:
    done: dict[Task, bool] = {}
    for days in (0, 1, 40, 400):
        for wanted in _due(grown, days):
            if not done.get(wanted.task):
                done[wanted.task] = _does(grown, wanted, days)
    for task, name in NOT_DUE.items():
        _does(grown, Due(task, str(grown.world.named[name]), grown.world.city.now, grown.world.city.now), 0)
    _carries(grown)
    judged(grown)
    assert {task for task, was_done in done.items() if not was_done} == set()
    assert done.keys() == set(Task) - NOT_DUE.keys()


def _system(grown: Grown, session: Session, days: int) -> Context:
    at = (grown.world.city.now + timedelta(days=days)).replace(hour=4)
    return Context(session, Actor(is_system=True), at, grown.world.city.files)


def _due(grown: Grown, days: int) -> list[Due]:
    grown.watch.asked = "the job of finding what is due"
    with grown.sessions() as session:
        ctx = _system(grown, session, days)
        jobs.passed(ctx)
        return jobs.due(ctx)


def _does(grown: Grown, wanted: Due, days: int) -> bool:
    grown.watch.asked = f"the job {wanted.task}"
    with grown.sessions() as session:
        ctx = _system(grown, session, days)
        try:
            was_done = jobs.act(ctx, wanted)
        except Refusal:  # what it reads was seen; another of its kind may go through
            session.rollback()
            return False
        commit(ctx)
        return was_done


def _carries(grown: Grown) -> None:
    """What brings events to other systems: claims an endpoint, takes its next message, records what came of it."""
    grown.watch.asked = "the job of carrying events"
    with grown.sessions() as session:
        ctx = _system(grown, session, 0)
        [endpoint] = deliveries.claim(ctx, 4)
        parcel = deliveries.following(ctx, endpoint)
        assert parcel is not None
        deliveries.record(ctx, parcel, Came(5, 204), 0)
        deliveries.release(ctx, endpoint)
        commit(ctx)
