"""Rooms: modules of routes that are loaded when the first request for one of their paths arrives (ADR 0017).

What a room answers, and in which order rooms are asked, is as if all had been there from the start.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from threading import Lock
from time import sleep

from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Room:
    """A module with a `router`, and the paths of its routes: `*` is one part of a path, `**` at the end any rest."""

    module: str
    paths: tuple[str, ...]

    def has(self, path: str) -> bool:
        """Whether one of its routes may be meant."""
        return any(fits(known, path) for known in self.paths)


def fits(known: str, path: str) -> bool:
    """Whether a path is one of those that a path with `*` and `**` stands for."""
    wanted, parts = known.split("/"), path.removesuffix("\n").split("/")  # a route lets a last \n pass
    if wanted[-1] == "**":
        wanted.pop()
        parts = parts[: len(wanted)]
    return len(parts) == len(wanted) and all(w in ("*", part) for w, part in zip(wanted, parts, strict=True))


class Rooms:
    """The rooms of one application. Each has its place among the routes from the start, and is empty until opened."""

    def __init__(self, app: FastAPI, rooms: Iterable[Room]) -> None:
        self._app = app
        self._lock = Lock()
        self._places = {room: APIRouter() for room in rooms}
        for place in self._places.values():
            app.include_router(place)
        self.closed: tuple[Room, ...] = tuple(self._places)

    def closed_at(self, path: str) -> list[Room]:
        """The rooms this path may be meant for that are not open yet."""
        return [room for room in self.closed if room.has(path)]

    def open(self, wanted: Iterable[Room]) -> None:
        """Load these rooms; whoever comes at the same time waits, and finds them open."""
        with self._lock:
            for room in wanted:
                if room in self.closed:
                    router: APIRouter = import_module(room.module).router
                    self._places[room].include_router(router)
                    # FastAPI looks at a route once more when it is first asked for: not on the event loop.
                    for _ in iter_route_contexts(self._app.routes):
                        pass
                    self.closed = tuple(other for other in self.closed if other is not room)


def install(app: FastAPI, rooms: Iterable[Room]) -> None:
    """Give every room its place and open it on demand."""
    app.state.rooms = made = Rooms(app, rooms)
    app.add_middleware(_Opening, rooms=made)


def open_all(app: FastAPI) -> None:
    """Load every room: for whoever wants to see all routes."""
    rooms: Rooms = app.state.rooms
    rooms.open(rooms.closed)


def open_each(app: FastAPI, *, between: float = 0.02) -> None:
    """Load every room in its turn, with a pause for requests between two: for a server that has time."""
    rooms: Rooms = app.state.rooms
    for room in rooms.closed:
        rooms.open([room])
        sleep(between)


class _Opening:
    """Pure ASGI: before a request is routed, the rooms that may know its path are open."""

    def __init__(self, app: ASGIApp, rooms: Rooms) -> None:
        self._app = app
        self._rooms = rooms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open what is closed, in a thread: the others are answered meanwhile. Then pass the request on."""
        if self._rooms.closed and scope["type"] == "http":
            wanted = self._rooms.closed_at(_path(scope))
            if wanted:
                await run_in_threadpool(self._rooms.open, wanted)
        await self._app(scope, receive, send)


def _path(scope: Scope) -> str:
    """The path as routes see it: without the prefix under which a proxy serves the application."""
    path: str = scope["path"]
    prefix: str = scope.get("root_path", "")
    return path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path
