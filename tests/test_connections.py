"""A process holds fewer connections than it has descriptors, and no address more than half: the others are told."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from specialty_eval.app import create_app
from specialty_eval.connections import Places
from specialty_eval.serving import Server

ASKED = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
POSTED = b"POST /v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
def port() -> Iterator[int]:
    """Of a server with four places, two for each address, and one more that is told."""
    app = create_app("postgresql+psycopg://nowhere/none", Path())
    server = Server(app, places=Places(4), host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def said(line: socket.socket, request: bytes = ASKED) -> bytes:
    """The answer; nothing where the connection ended without one."""
    try:
        line.sendall(request)
        return line.recv(1 << 16)
    except ConnectionError:
        return b""


def test_beyond_its_places_an_address_and_a_server_say_so(port: int) -> None:
    with ExitStack() as held:

        def connected(address: str) -> socket.socket:
            return held.enter_context(socket.create_connection(("127.0.0.1", port), 5, (address, 0)))

        ours = [connected("127.0.0.1") for _ in range(4)]
        found = [said(line, request) for line, request in zip(ours, (ASKED, ASKED, POSTED, ASKED), strict=True)]
        assert [one[9:12] for one in found] == [b"200", b"200", b"429", b""]
        head, _, body = found[2].partition(b"\r\n\r\n")
        assert b"connection: close" in head
        assert b"retry-after: " in head
        [problem] = json.loads(body)["problems"]
        assert (problem["code"], problem["facts"]) == ("too-many-connections", {"at_most": 2})

        time.sleep(0.1)  # the two have ended
        assert [said(connected("127.0.0.2"))[9:12] for _ in range(2)] == [b"200", b"200"]
        full = said(connected("127.0.0.3"))
        assert (full[9:12], b'"server-full"' in full) == (b"503", True)

        ours[0].close()
        time.sleep(0.1)
        assert said(connected("127.0.0.3"))[9:12] == b"200"


def test_there_are_fewer_places_than_descriptors() -> None:
    places = Places.of_process()
    assert places.most + places.spare < (1 << 16)
    assert places.most_of_one <= places.most // 2
