"""Rooms opened on first use answer as if all had been open from the start, and none is opened for nothing."""

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Barrier
from typing import Any

import anyio
import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import Match

import specialty_eval
from specialty_eval import api, rooms, web
from specialty_eval.app import create_app
from specialty_eval.rooms import Room, Rooms, fits

ROOMS = (*api.ROOMS, *web.ROOMS)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
each_room = pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.module.removeprefix("specialty_eval."))


def closed_app() -> FastAPI:
    return create_app("postgresql+psycopg://nowhere/none", Path("."))


@cache
def open_app() -> FastAPI:
    app = closed_app()
    rooms.open_all(app)
    return app


def paths_of(room: Room) -> list[str]:
    """The paths of its routes, each part that can be anything as `x`."""
    router: APIRouter = import_module(room.module).router
    return [re.sub(r"{\w+}", "x", str(route.path)) for route in iter_route_contexts(router.routes)]


def rooms_of(app: FastAPI) -> Rooms:
    made: Rooms = app.state.rooms
    return made


def reached(routes: Iterable[RouteContext], method: str, path: str) -> Any:
    """The function that answers; of a path without this method, the methods it has; None where nothing is."""
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    partly = None
    for route in routes:
        match, _ = route.matches(scope)
        if match == Match.FULL:
            return route.endpoint
        if match == Match.PARTIAL and partly is None:
            partly = sorted(route.methods or ())
    return partly


def asked(app: FastAPI, method: str, *paths: str) -> list[httpx.Response]:
    """What is answered when all these are asked for at the same time."""
    answers: list[httpx.Response] = []

    async def ask() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:

            async def one(path: str) -> None:
                answers.append(await http.request(method, path))

            async with app.router.lifespan_context(app), anyio.create_task_group() as tasks:
                for path in paths:
                    tasks.start_soon(one, path)

    anyio.run(ask)
    return answers


def allowed(answer: httpx.Response) -> set[str]:
    return set(answer.headers.get("allow", "").split(", "))


# --- the table -----


@each_room
def test_every_route_of_a_room_stands_in_its_table(room: Room) -> None:
    missing = [path for path in paths_of(room) if not room.has(path)]
    assert missing == [], f"say these paths in ROOMS beside {room.module}"


@each_room
def test_every_path_of_the_table_has_a_route(room: Room) -> None:
    idle = [known for known in room.paths if not any(fits(known, path) for path in paths_of(room))]
    assert idle == [], f"strike these paths from ROOMS beside {room.module}"


@each_room
def test_a_path_of_the_table_names_no_more_than_it_must(room: Room) -> None:
    for known in room.paths:
        if known.endswith("/**"):
            below = {path for path in paths_of(room) if fits(known, path)}
            assert len(below) > 1 or not below & {known.removesuffix("/**")}, f"{known}: write the path itself"


def routers() -> Iterator[str]:
    """Every module of the two packages that has routes."""
    for package in (api, web):
        for file in sorted(Path(str(package.__file__)).parent.glob("*.py")):
            if re.search(r"^router = ", file.read_text(), re.MULTILINE):
                yield f"{package.__name__}.{file.stem}"


def test_every_module_with_routes_is_a_room_once() -> None:
    assert sorted(routers()) == sorted(room.module for room in ROOMS)


def test_all_rooms_open_are_all_there_are() -> None:
    open_paths = [route.path for route in iter_route_contexts(open_app().routes) if route.path != "/v1/openapi.json"]

    assert rooms_of(open_app()).closed == ()
    assert [re.sub(r"{\w+}", "x", str(path)) for path in open_paths] == [p for room in ROOMS for p in paths_of(room)]


# --- as if open -----


@each_room
def test_a_room_is_open_for_every_path_that_one_of_its_routes_may_answer(room: Room) -> None:
    routes = list(iter_route_contexts(import_module(room.module).router.routes))

    for path in {path for other in ROOMS for path in paths_of(other)}:
        assert reached(routes, "GET", path) is None or room.has(path), path


@pytest.mark.parametrize("path", ["/v1/reviews/1/decision", "/v1/rectifications/act-on-due", "/v1/specialties/1", "/"])
def test_what_is_reached_is_what_is_reached_when_all_are_open(path: str) -> None:
    app = closed_app()
    rooms_of(app).open(rooms_of(app).closed_at(path))

    for method in METHODS:
        found, known = (reached(iter_route_contexts(each.routes), method, path) for each in (app, open_app()))
        assert found == known
    assert len(rooms_of(app).closed) == len(ROOMS) - 1


@pytest.mark.parametrize("path", ["/v1/meetings", "/v1/rounds/1/publications", "/v1/reviews/1/evidence", "/rounds/1"])
def test_a_method_that_is_not_there_is_answered_as_if_open(path: str) -> None:
    [first] = asked(closed_app(), "DELETE", path)
    [known] = asked(open_app(), "DELETE", path)

    assert (first.status_code, first.content) == (405, known.content)
    assert allowed(first) == allowed(known)


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/none", "/v1/sign-in/", "/healthz/", "/none", "/rounds/1/2"])
def test_an_unknown_path_is_answered_without_opening_a_room(path: str) -> None:
    app = closed_app()
    before = rooms_of(app).closed
    [answer] = asked(app, "GET", path)
    [known] = asked(open_app(), "GET", path)

    assert (answer.status_code, answer.content) == (404, known.content)
    assert rooms_of(app).closed == before == rooms_of(closed_app()).closed


@pytest.mark.parametrize("path", ["/healthz%0A", "/healthz%0A%0A", "/v1%2Fme", "//healthz", "/v1/people//roles"])
def test_an_odd_path_is_answered_as_if_open(path: str) -> None:
    [first], [known] = asked(closed_app(), "PATCH", path), asked(open_app(), "PATCH", path)

    assert (first.status_code, first.content) == (known.status_code, known.content)


@pytest.mark.parametrize(
    ("known", "path", "is_one"),
    [
        ("/a/*", "/a/b", True), ("/a/*", "/a", False), ("/a/*", "/a/b/c", False), ("/a/*/c", "/a/b/c", True),
        ("/a/**", "/a", True), ("/a/**", "/a/b/c", True), ("/a/**", "/ab", False), ("/a/*/c/**", "/a/b/d", False),
        ("/", "/", True), ("/", "/a", False),
    ],
)  # fmt: skip
def test_what_a_star_stands_for(known: str, path: str, is_one: bool) -> None:
    assert fits(known, path) is is_one


def test_a_status_opens_one_room() -> None:
    app = closed_app()

    assert [room.module for room in rooms_of(app).closed_at("/v1/specialties/x/status")] == [
        "specialty_eval.api.status"
    ]
    assert [room.module for room in rooms_of(app).closed_at("/healthz")] == ["specialty_eval.api.operations"]


def test_behind_a_proxy_a_room_is_found_under_the_path_that_the_routes_see() -> None:
    app = closed_app()
    app.root_path = "/rating"

    assert [answer.status_code for answer in asked(app, "GET", "/rating/healthz")] == [200]
    assert [answer.status_code for answer in asked(app, "GET", "/healthz")] == [200]


# --- at the same time -----


def test_simultaneous_first_requests_open_a_room_once() -> None:
    app = closed_app()

    assert [answer.status_code for answer in asked(app, "GET", *["/healthz"] * 20)] == [200] * 20
    paths = [route.path for route in iter_route_contexts(app.routes)]
    assert paths.count("/healthz") == 1


def test_threads_that_open_the_same_rooms_open_each_once() -> None:
    app = closed_app()
    start = Barrier(4)

    def open_some() -> None:
        start.wait()
        rooms.open_all(app)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(open_some) for _ in range(4)]:
            done.result()

    def told(app: FastAPI) -> list[tuple[str | None, list[str]]]:
        return [(route.path, sorted(route.methods or ())) for route in iter_route_contexts(app.routes)]

    assert told(app) == told(open_app())


def test_opening_says_when_a_module_is_not_there() -> None:
    app = FastAPI()
    rooms.install(app, [Room(f"{specialty_eval.__name__}.nowhere", ("/x",))])

    with pytest.raises(ModuleNotFoundError):
        rooms.open_all(app)
