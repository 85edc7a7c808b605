"""Events as they come, as Server-Sent Events. A stream holds no connection and no thread while nothing happens.

It is read as the caller is entitled at each read, ends when a role ends, and is closed when nobody takes what it sends:
whoever comes again with the last id goes on behind it.
"""

import json
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from time import monotonic

import anyio
from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from specialty_eval.actions import feed
from specialty_eval.actions.context import Context, Credentials
from specialty_eval.engine.errors import NotYou, Problem, Refusal, TryAgain
from specialty_eval.text import message

from . import event_bytes
from .bell import Bell
from .deps import Edge, looked

HEARTBEAT = 15.0
"""Seconds of silence after which something is sent: proxies close what is silent."""
UNCALLED = 1.0
"""Seconds between two looks while nobody keeps the bell."""
PATIENCE = 30.0
"""Seconds a reader has to take what it was sent."""
AT_ONCE, PIECE = 200, 1 << 16
"""Events read at a time, and bytes sent."""
MOST = 1000
"""Streams of one process."""
AGAIN = b"retry: 2000\n\n"
log = logging.getLogger(__name__)
_left: ContextVar[bool] = ContextVar("left", default=False)
"""In the task of a request whose reader was left."""


def _is_news(record: logging.LogRecord) -> bool:
    """Whether the server tells something: that a reader was left without the end is known, and said above."""
    return not (_left.get() and "without completing response" in str(record.msg))


logging.getLogger("uvicorn.error").addFilter(_is_news)


def begun(request: Request, ctx: Context, asked: feed.Asked, shown: Credentials) -> Response:
    """The stream behind a cursor, or from now on without one. Refused as a page would be; TryAgain when full."""
    bell: Bell = request.app.bell
    if bell.streams >= MOST:
        raise TryAgain(Problem("streams-full", "", {"count": MOST}))
    if asked.after is None:
        asked = replace(asked, after=asked.cursor(feed.end(ctx)))
    feed.read(ctx, asked, 1)
    stream = Stream(request.app.state.edge, bell, shown, feed.source(ctx), _held(ctx), asked)
    return Following(stream)


def _held(ctx: Context) -> frozenset[tuple[str, str]]:
    return frozenset((grant.role.value, grant.organisation_id) for grant in ctx.actor.grants)


@dataclass(slots=True)
class Stream:
    """One follower: who it is, what it held when it began, and how far it has been sent."""

    edge: Edge
    bell: Bell
    shown: Credentials
    source: str
    held: frozenset[tuple[str, str]]
    asked: feed.Asked

    async def pieces(self) -> AsyncIterator[bytes]:
        """What is sent, until a role or the credentials end or the server stops."""
        yield AGAIN
        said = monotonic()
        while not self.bell.is_closed:
            heard = self.bell.count
            try:
                async with self.edge.gate:
                    pieces, is_more = await run_in_threadpool(self._next)
            except Refusal as refusal:
                yield _ended(refusal.problems[0])
                return
            if not pieces and monotonic() - said >= HEARTBEAT:
                pieces = [f"id: {self.asked.after}\n\n".encode()]
            for piece in pieces:
                yield piece
                said = monotonic()
            if not is_more:
                await self.bell.wait(heard, HEARTBEAT if self.bell.is_kept else UNCALLED)

    def _next(self) -> tuple[list[bytes], bool]:
        """The next events, read as the caller is entitled now; whether there are more."""
        found = looked(self.edge, self.shown, self._read)
        events = [
            b"id: %s\ndata: %s\n\n" % (self.asked.behind(row).encode(), event_bytes.cloud(row, self.source))
            for row in found.rows
        ]  # fmt: skip
        self.asked = replace(self.asked, after=self.asked.cursor(found.place))
        return list(_pieces(events)), found.is_more

    def _read(self, ctx: Context) -> feed.Found:
        if not self.held <= _held(ctx):
            raise NotYou(Problem("role-ended"))
        return feed.read(ctx, self.asked, AT_ONCE)


def _pieces(events: Iterable[bytes]) -> Iterator[bytes]:
    """Put together up to a size: what is sent at once is what lies in memory for a reader that does not take it."""
    some, size = list[bytes](), 0
    for event in events:
        some.append(event)
        size += len(event)
        if size >= PIECE:
            yield b"".join(some)
            some, size = [], 0
    if some:
        yield b"".join(some)


def _ended(problem: Problem) -> bytes:
    said = {"code": problem.code, "zh": message(problem, "zh"), "en": message(problem, "en")}
    return f"event: end\ndata: {json.dumps(said, ensure_ascii=False)}\n\n".encode()


class Following(Response):
    """Sends a stream piece by piece; gives up on a reader that takes nothing, and ends when the reader leaves."""

    media_type = event_bytes.STREAM

    def __init__(self, stream: Stream) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept"})
        del self.headers["content-length"]
        self._stream = stream
        self._is_left = False

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send until there is no more, nobody takes it, or the reader leaves."""
        bell = self._stream.bell
        bell.streams += 1
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._send_all, send, group.cancel_scope)
                while (await receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()
        finally:
            bell.streams -= 1
        _left.set(self._is_left)

    async def _send_all(self, send: Send, until: anyio.CancelScope) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for piece in self._stream.pieces():
            with anyio.move_on_after(PATIENCE) as patience:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if patience.cancelled_caught:
                log.warning("events: a follower took nothing for %g s and is left", PATIENCE)
                self._is_left = True
                until.cancel()
                return
        await send({"type": "http.response.body", "body": b""})
        until.cancel()
