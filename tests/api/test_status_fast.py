"""Statuses from memory: byte for byte as the routes answer, in every way of asking that memory answers.

And as the connection itself sends them, over a socket: the bytes are those that the application would have sent.
"""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.statuses_told import OLD, both, kept, told_database, world
from factories_rights import World
from keeping import Kept
from specialty_eval.api import limits, status_fast
from specialty_eval.api.description import Api
from specialty_eval.connections import Connection

__all__ = ["kept", "told_database", "world"]  # fixtures


def at(code: str) -> str:
    return f"/v1/specialties/{code}/status"


def test_every_status_of_a_rich_world_is_the_routes(world: World, kept: Kept) -> None:
    statuses = [both(kept, "GET", at(code)).status for code in world.city.codes.values()]

    assert set(statuses) == {200, 410}
    assert len(statuses) > 9


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_way_to_ask_is_answered_alike(world: World, kept: Kept, method: str) -> None:
    code = world.city.codes["publicised"]
    whole = both(kept, method, at(code))
    tag = whole.headers["etag"]

    assert whole.status == 200
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        assert both(kept, method, at(code), if_none_match=known).status == 304
    assert both(kept, method, at(code), if_none_match='"x"').status == 200
    assert both(kept, method, at(world.city.codes["previewed"])).status == 410
    moved = both(kept, method, at(OLD))
    assert (moved.status, moved.headers["location"]) == (308, quote(at(world.city.codes["decided"])))
    for unknown in ("nobody-has-this", "没有-的", "x" * 200, "x" * 201, "a\tb", "x/y", ""):
        assert both(kept, method, at(unknown)).status == 404


def test_what_is_asked_otherwise_is_left_to_the_routes(world: World, kept: Kept) -> None:
    code = world.city.codes["publicised"]

    assert both(kept, "GET", f"{at(code)}?valid_at=2026-01-01").status == 200
    assert both(kept, "GET", f"{at(code)}?valid_at=soon").status == 422
    assert both(kept, "POST", at(code)).status == 405
    assert both(kept, "GET", at(code), authorization="Bearer tok_nobody-has-this").status == 401


def test_an_answer_is_as_old_as_the_databases_last_word(world: World, kept: Kept) -> None:
    front, code = kept.app.front, world.city.codes["publicised"]
    assert "age" not in kept.fast("GET", at(code)).headers
    before = front.aged(3.7)
    assert before == ((b"age", b"3"), (b"status-sequence", b"%d" % front.sequence))


# --- over a connection ----------------------------------------------------------------------------------------------

DATE = re.compile(rb"\r\ndate: [^\r]*")
MOMENT = re.compile(rb'"known_at":"[^"]*"')


@contextmanager
def listening(app: Api, protocol: type[HttpToolsProtocol]) -> Iterator[socket.socket]:
    """A connection to the application behind this protocol."""
    config = uvicorn.Config(app, port=0, log_level="warning", http=protocol, timeout_keep_alive=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        with socket.create_connection(server.servers[0].sockets[0].getsockname()[:2], 5) as line:
            yield line
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def line(kept: Kept) -> Iterator[socket.socket]:
    with listening(kept.app, Connection) as line:
        yield line


def test_a_head_beyond_its_limit_is_refused_where_a_status_is_asked_for_too(world: World, line: socket.socket) -> None:
    def asked(size: int) -> bytes:
        head = f"GET {at(world.city.codes['publicised'])} HTTP/1.1\r\nHost: x\r\nX: {'a' * size}\r\n\r\n"
        line.sendall(head.encode())
        return line.recv(1 << 16)[9:12]

    assert [asked(size) for size in (10, limits.HEAD_LIMIT - 100, limits.HEAD_LIMIT)] == [b"200", b"200", b"431"]


class Silent(Api):
    """An application that answers nothing, over statuses in memory."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError(scope, receive, send)


def path_of(code: str) -> str:
    return f"/v1/specialties/{quote(code)}/status"


def head(path: str, *headers: str, method: str = "GET", http: str = "1.1") -> bytes:
    lines = (f"{method} {path} HTTP/{http}", "Host: x", *headers)
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


def answers(line: socket.socket, count: int = 1, *, is_of_head: bool = False) -> list[bytes]:
    """So many answers, each whole; their dates left out."""
    got, found = b"", list[bytes]()
    while len(found) < count:
        said, end, rest = got.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: ([0-9]+)", said)
        size = 0 if length is None or is_of_head else int(length[1])
        if end and len(rest) >= size:
            found.append(DATE.sub(b"", said) + end + rest[:size])
            got = rest[size:]
        else:
            part = line.recv(1 << 16)
            assert part, "the connection ended"
            got += part
    assert not got
    return found


def asked(line: socket.socket, request: bytes) -> bytes:
    line.sendall(request)
    return answers(line)[0]


def said_by(kept: Kept, protocol: type[HttpToolsProtocol], requests: list[bytes]) -> list[bytes]:
    """The answers over one connection, without what the clock says."""
    with listening(kept.app, protocol) as line:
        return [MOMENT.sub(b"", asked(line, request)) for request in requests]


def test_every_status_is_answered_without_the_application(world: World, kept: Kept) -> None:
    silent = Silent()
    silent.front = kept.app.front
    with listening(silent, Connection) as line:
        said = {asked(line, head(path_of(code)))[:12] for code in world.city.codes.values()}
    assert said == {b"HTTP/1.1 200", b"HTTP/1.1 410"}


def test_the_bytes_are_those_of_the_application(world: World, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    tag = kept.fast("GET", path_of(world.city.codes["publicised"])).headers["etag"]
    one, closed = (path_of(world.city.codes[short]) for short in ("publicised", "previewed"))
    requests = [head(one), head(closed), head(one.replace("-", "%2D")), head(one, 'If-None-Match: "x"'),
                *(head(one, f"If-None-Match: {known}") for known in (tag, f"W/{tag}", "*"))]  # fmt: skip
    for age in (status_fast.FRESH, 0):
        monkeypatch.setattr(status_fast, "FRESH", age)
        found = said_by(kept, Connection, requests)
        assert found == said_by(kept, HttpToolsProtocol, requests)
        assert [b"\r\nage: " in answer for answer in found] == [age == 0] * len(requests)


def test_what_is_no_plain_question_is_the_applications(world: World, kept: Kept) -> None:
    one = path_of(world.city.codes["publicised"])
    requests = {
        head(one, "Authorization: Bearer tok_nobody-has-this"): b"401", head(f"{one}?valid_at=soon"): b"422",
        head(one, "API-Version: 1999-01-01"): b"422", head(path_of("nobody-has-this")): b"404",
        head(path_of(OLD)): b"308", head(one, method="POST"): b"405", head(one, "Content-Length: 2") + b"{}": b"200",
        head(one, "Connection: close"): b"200",
    }  # fmt: skip
    found = said_by(kept, Connection, list(requests))
    assert [answer[9:12] for answer in found] == list(requests.values())
    assert found == said_by(kept, HttpToolsProtocol, list(requests))


def test_a_head_alone_and_an_old_protocol_are_the_applications(world: World, line: socket.socket) -> None:
    one = path_of(world.city.codes["publicised"])
    line.sendall(head(one, method="HEAD"))
    assert answers(line, is_of_head=True)[0].startswith(b"HTTP/1.1 200 OK")
    assert b"connection: close" in asked(line, head(one, http="1.0"))
    assert line.recv(1) == b""


def test_answers_come_in_the_order_asked_however_they_were_sent(world: World, line: socket.socket) -> None:
    one, closed = (path_of(world.city.codes[short]) for short in ("publicised", "previewed"))
    unknown = path_of("nobody-has-this")  # waits for a thread
    line.sendall(b"".join(map(head, (one, closed, unknown, one, unknown, closed, closed, one))))
    found = [answer[9:12] for answer in answers(line, 8)]
    assert found == [b"200", b"410", b"404", b"200", b"404", b"410", b"410", b"200"]
    for at in range(0, len(head(one)), 7):
        line.sendall(head(one)[at : at + 7])
        time.sleep(0.001)
    assert answers(line)[0].startswith(b"HTTP/1.1 200")


def test_a_connection_stays_as_long_as_something_is_asked(world: World, line: socket.socket) -> None:
    one = head(path_of(world.city.codes["publicised"]))
    line.sendall(one * 2)
    answers(line, 2)
    for pause in (0.6, 0.6):
        time.sleep(pause)
        assert asked(line, one).startswith(b"HTTP/1.1 200")
    assert line.recv(1) == b""  # nobody has asked for a second
