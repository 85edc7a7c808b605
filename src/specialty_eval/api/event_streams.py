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
from specialty_eval.engine.errors import NotYou, Problem, Refusal, TooMany, TryAgain
from specialty_eval.text import message

from . import event_bytes
from .bell import DROP, Bell
from .deps import Edge, looked
from .problems import answer
from .rates import network

HEARTBEAT = 15.0
"""Seconds of silence after which something is sent: proxies close what is silent."""
UNCALLED = 1.0
"""Seconds between two looks while nobody keeps the bell."""
PATIENCE = 30.0
"""Seconds a reader has to take what it was sent."""
AT_ONCE, CATCHING_UP, PIECE = 200, 2000, 1 << 16
"""Events read at a time, by one that has many before it, and bytes sent."""
ALL_AT_ONCE = 20_000
"""Events that all streams together may have read; below `AT_ONCE` each none goes."""
MOST, MOST_OF_ONE = 1000, 50
"""Streams of one process; of one key, person or, without either, address among them."""
LATER = 60
"""Seconds after which it is worth asking again: a reader that is gone has been left by then."""
AGAIN = b"retry: 2000\n\n"
log = logging.getLogger(__name__)
_left: ContextVar[bool] = ContextVar("left", default=False)
"""In the task of a request whose reader was left."""


def _is_news(record: logging.LogRecord) -> bool:
    """Whether the server tells something: that a reader was left without the end is known, and said above."""
    return not (_left.get() and "without completing response" in str(record.msg))


logging.getLogger("uvicorn.error").addFilter(_is_news)


def begun(request: Request, ctx: Context, asked: feed.Asked, shown: Credentials) -> Response:
    """The stream behind a cursor, or from now on without one. Refused as a page would be.

    TooMany for a caller that follows with as many as one may, TryAgain when all places are taken.
    """
    bell: Bell = request.app.bell
    caller = _caller(request, ctx)
    if (refusal := _full(bell, caller)) is not None:
        raise refusal
    if asked.after is None:
        asked = replace(asked, after=asked.cursor(feed.end(ctx)))
    feed.read(ctx, asked, 1)
    stream = Stream(request.app.state.edge, bell, shown, feed.source(ctx), _held(ctx), asked)
    return Following(stream, caller)


def _caller(request: Request, ctx: Context) -> str:
    """Whose streams are counted together: a key's, a person's however often signed in, or an address's."""
    if ctx.actor.key_id is not None:
        return f"key:{ctx.actor.key_id}"
    if ctx.actor.person_id is not None:
        return f"person:{ctx.actor.person_id}"
    return f"address:{network(request.client.host if request.client else '')}"


def _full(bell: Bell, caller: str) -> Refusal | None:
    """Why this caller gets no place now."""
    if bell.of[caller] >= MOST_OF_ONE:
        return TooMany(Problem("too-many-streams", "", {"at_most": MOST_OF_ONE, "wait": LATER}))
    return TryAgain(Problem("streams-full", "", {"count": MOST})) if bell.streams >= MOST else None


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
    at_once: int = AT_ONCE

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
            self.at_once = (
                min(CATCHING_UP, max(AT_ONCE, ALL_AT_ONCE // max(1, self.bell.streams))) if is_more else AT_ONCE
            )
            if not is_more:
                await self.bell.wait(heard, HEARTBEAT if self.bell.is_kept else UNCALLED)

    def _next(self) -> tuple[list[bytes], bool]:
        """The next events, read as the caller is entitled now; whether there are more."""
        found = looked(self.edge, self.shown, self._read)
        events = [
            b"id: %s\ndata: %s\n\n" % (cursor.encode(), event_bytes.cloud(row, self.source))
            for cursor, row in zip(self.asked.behind_each(found.rows), found.rows, strict=True)
        ]  # fmt: skip
        self.asked = replace(self.asked, after=self.asked.cursor(found.place))
        return list(_pieces(events)), found.is_more

    def _read(self, ctx: Context) -> feed.Found:
        if not self.held <= _held(ctx):
            raise NotYou(Problem("role-ended"))
        return feed.read(ctx, self.asked, self.at_once)


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

    def __init__(self, stream: Stream, caller: str) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept"})
        del self.headers["content-length"]
        self._stream, self._caller = stream, caller
        self._is_left = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until there is no more, nobody takes it, or the reader leaves."""
        bell = self._stream.bell
        if (refusal := _full(bell, self._caller)) is not None:  # others came in between the question and the place
            await answer(refusal)(scope, receive, send)
            return
        with bell.followed(self._caller):
            async with anyio.create_task_group() as group:
                group.start_soon(self._send_all, send, group.cancel_scope)
                while (await receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()
        if self._is_left and (drop := scope.get("extensions", {}).get(DROP)) is not None:
            drop()  # closed by itself it would stay half open until what nobody takes is sent
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
