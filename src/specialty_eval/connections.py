"""A connection as it is served: its head bounded, and a status answered as soon as it was asked for.

What is asked most needs no task, no messages and none of their checks: it is one write. Whatever is asked in any other
way goes to the application, which answers a status with the same headers and bytes (ADR 0038).
"""

import resource
from asyncio import TimerHandle
from collections import Counter
from typing import Any
from urllib.parse import unquote

from starlette.responses import Response
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from specialty_eval.api import limits
from specialty_eval.api.bell import DROP
from specialty_eval.api.description import Api
from specialty_eval.api.problems import answer
from specialty_eval.api.rates import network
from specialty_eval.api.status_fast import AFTER, BEFORE, Header
from specialty_eval.engine.errors import Problem, Refusal, TooMany, TryAgain

START, END = BEFORE.encode(), AFTER.encode()
LEFT, RIGHT = len(START), len(END)
HEAD_SECONDS = 20.0
"""In which a request line and headers are to arrive, once somebody is connected or has begun with them."""
MOST = 1 << 16
"""Connections of a process that has no limit of descriptors of its own."""
BESIDE = 160
"""Descriptors for all else: the database's connections, files, the libraries."""
NOT_ALONE = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
"""Headers of a request that is more than its head."""
MEANT = frozenset(b"?#")
"""Where a path ends."""


class BoundedHead(HttpToolsProtocol):
    """HTTP whose request line and headers are bounded in size and time: the parser itself would take them without end.

    A connection that asks for nothing is one of few that a process can hold.
    """

    _head = 0
    _late: TimerHandle | None = None
    scope: Any  # none before the first request

    def connection_made(self, transport: Any) -> None:
        """Wait for a head, not for ever."""
        super().connection_made(transport)
        self._late = self.loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        self._in_time()
        super().connection_lost(exc)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def data_received(self, data: bytes) -> None:
        """Parse, and end it where a head goes on beyond its limit."""
        self._head += len(data)
        super().data_received(data)
        if self.scope is None or "method" in self.scope:  # nothing yet, or its head is complete
            self._head = 0
            self._in_time()
            return
        self._late = self._late or self.loop.call_later(HEAD_SECONDS, self.transport.close)
        if self._head > limits.HEAD_LIMIT and not self.transport.is_closing():
            self.transport.write(limits.HEAD_REFUSED)
            self.transport.close()


class Places:
    """How many connections a process has at once, and of each address: fewer than it has descriptors.

    What comes beyond is told so as soon as it asks, and beyond that ended unasked: the database and the files need
    theirs. No address has more than half.
    """

    def __init__(self, most: int) -> None:
        self.most, self.most_of_one = most, max(1, most // 2)
        self.spare = max(1, most // 16)
        """More, that are told."""
        self.taken = 0
        self.of: Counter[str] = Counter()

    @classmethod
    def of_process(cls) -> "Places":
        """As many as the process may have descriptors, less what it needs besides."""
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return cls(max(64, (MOST if most == resource.RLIM_INFINITY else min(most, MOST)) - BESIDE))

    def take(self, address: str) -> tuple[bool, Refusal | None]:
        """One more: whether it may stay at all, and what it is told where it may ask for nothing."""
        self.taken += 1
        self.of[address] += 1
        beyond, beyond_one = self.taken - self.most, self.of[address] - self.most_of_one
        is_heard = beyond <= self.spare and beyond_one <= self.spare
        if beyond_one > 0:
            return is_heard, TooMany(Problem("too-many-connections", "", {"at_most": self.most_of_one}))
        return is_heard, TryAgain(Problem("server-full", "", {"at_most": self.most})) if beyond > 0 else None

    def give_back(self, address: str) -> None:
        """It ended."""
        self.taken -= 1
        self.of[address] -= 1
        if not self.of[address]:
            del self.of[address]


def last_bytes(told: Response) -> bytes:
    """A refusal as a whole answer, after which the connection ends."""
    told.headers["connection"] = "close"
    head = b"".join(b"%s: %s\r\n" % header for header in told.raw_headers)
    return b"".join((STATUS_LINE[told.status_code], head, b"\r\n", bytes(told.body)))


class Connection(BoundedHead):
    """Answers from the application's memory as soon as a head is complete, where nothing waits before it."""

    cycle: Any  # none before the first request that the application answers

    _said: tuple[list[Header], bytes] = [], b""
    """The headers of every answer, which change once a second, and their bytes: for all connections."""

    _refusal: Refusal | None = None

    def __init__(self, config: Config, *state: Any, places: Places | None = None, **more: Any) -> None:
        super().__init__(config, *state, **more)
        self._front = config.app.front if isinstance(config.app, Api) else None
        self._is_answered = False
        self._places = places

    def connection_made(self, transport: Any) -> None:
        """Take a place, where there is one."""
        super().connection_made(transport)
        if self._places is not None:
            is_heard, self._refusal = self._places.take(self._address())
            if not is_heard:
                transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Another may have the place."""
        super().connection_lost(exc)
        if self._places is not None:
            self._places.give_back(self._address())

    def _address(self) -> str:
        return network(self.client[0]) if self.client else ""

    def on_headers_complete(self) -> None:
        """Answer, or leave it to the application."""
        if (self._refusal is not None or self._head > limits.HEAD_LIMIT) and (refused := self._refused()) is not None:
            self._is_answered = True
            self.scope["method"] = "GET"  # its head is complete
            if not self.transport.is_closing():
                self.transport.write(last_bytes(refused))
                self.transport.close()
            return
        told = self._told() if self.url[:LEFT] == START and self.url[-RIGHT:] == END else None
        self._is_answered = told is not None
        if told is None:
            self.scope["extensions"] = {DROP: self.transport.abort}
            super().on_headers_complete()
            return
        self.scope["method"] = "GET"  # its head is complete
        self.transport.write(told)
        self.server_state.total_requests += 1
        self._unset_keepalive_if_required()
        again = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        self.timeout_keep_alive_task = again

    def _refused(self) -> Response | None:
        """The one answer that there is no place, or that the head is beyond its limit; None for others' question."""
        if self._refusal is not None:
            return answer(self._refusal)
        is_next = self.cycle is None or self.cycle.response_complete
        return limits.head_refused() if is_next and limits.is_head_too_large(len(self.url), self.headers) else None

    def on_body(self, body: bytes) -> None:
        """Nobody reads what comes with a question that was answered by its head."""
        if not self._is_answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Nobody waits for the end of what was answered."""
        if not self._is_answered:
            super().on_message_complete()

    def _told(self) -> bytes | None:
        """A whole answer; None unless this is a plain question for a status and everything before it is answered."""
        is_next = self.cycle is None or self.cycle.response_complete
        is_free = not self.flow.write_paused and not self.transport.is_closing() and self.limit_concurrency is None
        if self._front is None or not is_next or not is_free or not self._is_plain():
            return None
        path = self.url.decode("ascii")
        found = self._front.told(unquote(path) if "%" in path else path, self.headers)
        if found is None:
            return None
        status, headers, body = found
        parts = [STATUS_LINE[status], self._every()]
        for name, value in headers:
            parts += (name, b": ", value, b"\r\n")
        return b"".join((*parts, b"\r\n", body))

    def _is_plain(self) -> bool:
        """Whether it is a GET, over a connection that stays, of nothing but a head."""
        parser = self.parser
        if parser.get_method() != b"GET" or parser.get_http_version() != "1.1" or not MEANT.isdisjoint(self.url):
            return False
        is_alone = NOT_ALONE.isdisjoint([name for name, _ in self.headers])
        is_kept: bool = parser.should_keep_alive()
        return is_alone and is_kept

    def _every(self) -> bytes:
        """The bytes of the headers that every answer has."""
        said = self.server_state.default_headers
        if Connection._said[0] is not said:
            Connection._said = said, b"".join(b"%s: %s\r\n" % header for header in said)
        return Connection._said[1]
