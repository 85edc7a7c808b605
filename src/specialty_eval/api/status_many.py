"""Many statuses from memory: a thousand by their codes, and the whole list as lines or a table.

What is asked otherwise is passed on, with its body as it came, to the routes that answer the same.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from threading import Lock
from typing import Any

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.types import Message, Receive, Scope, Send

from .arrival import LONGEST
from .status_fast import CACHE, FRESH, JSON, READS, Fast, Headers, Ready, length_of

App = Callable[[Scope, Receive, Send], Awaitable[None]]
QUERY, LISTS = "/v1/status/query", ("/v1/status.ndjson", "/v1/status.csv")
LARGEST = 1 << 18
"""Bytes of a question that is answered from memory; no thousand codes of ours need as many."""
SHOWN = frozenset({b"authorization", b"idempotency-key", b"if-match"})
"""Headers that the routes look at."""
VARY = (b"vary", b"accept-encoding")


class Many:
    """The questions for many statuses, over a `Fast`."""

    def __init__(self, fast: Fast) -> None:
        self._fast = fast
        self._lock = Lock()
        self._packed: dict[str, tuple[str, bytes]] = {}
        """Media type → (tag, gzip of the list): put together once for all who ask until something changes."""
        self._listed: dict[str, tuple[int, list[Ready], str, int]] = {}
        """Media type → (edition, every status in order, tag, bytes of the lines without the moment)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send, routes: App) -> None:
        """Answer, or leave it to the routes."""
        if scope["type"] == "http" and scope["path"].startswith("/v1/status") and self._fast.answers:
            method, path = scope["method"], scope["path"]
            headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))  # the first of a name counts
            if not scope["query_string"] and not headers.keys() & SHOWN:
                if method == "POST" and path == QUERY and _is_small_json(headers):
                    await self._query((scope, receive, send), routes)
                    return
                if method in READS and path in LISTS:
                    await self._list(path, headers, send)
                    return
        await routes(scope, receive, send)

    async def _query(self, call: tuple[Scope, Receive, Send], routes: App) -> None:
        from .status_lists import asked  # noqa: PLC0415 -- with the statuses

        scope, receive, send = call
        arrived = await _whole(receive)
        fast = self._fast
        codes = None if arrived is None else _codes(arrived)
        if codes is None or not all(code in fast.codes or _is_plain(code) for code in codes):
            await routes(scope, _again(arrived, receive), send)
            return
        body = asked(codes, fast.codes, fast.moment)
        headers = [length_of(body), JSON, *self._aged()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _list(self, path: str, headers: dict[bytes, bytes], send: Send) -> None:
        from . import status_lists as lists  # noqa: PLC0415 -- with the statuses

        said = {name: value.decode("latin-1") for name, value in headers.items()}
        media_type, moment = lists.MEDIA_TYPES[path], self._fast.moment
        every, tag, length = await self._every(media_type)
        is_packed = lists.takes_gzip(said.get(b"accept-encoding", ""))
        told = [(b"etag", (lists.of_packed(tag) if is_packed else tag).encode()), CACHE, VARY, *self._aged()]
        if lists.is_kept(tag, said.get(b"if-none-match")):
            await send({"type": "http.response.start", "status": 304, "headers": told})
            await send({"type": "http.response.body", "body": b""})
            return
        told.append((b"content-type", media_type.encode()))
        pieces: Iterable[bytes] = lists.WRITTEN[media_type](every, moment)
        if is_packed:
            body = await run_in_threadpool(self._pack, media_type, tag, pieces)
            told += [(b"content-encoding", b"gzip"), length_of(body)]
            pieces = [body]
        elif media_type == lists.NDJSON:
            told.append((b"content-length", b"%d" % (length + len(every) * len(moment))))
        await send({"type": "http.response.start", "status": 200, "headers": told})
        await _stream(pieces, send, aside=media_type == lists.CSV)

    async def _every(self, media_type: str) -> tuple[list[Ready], str, int]:
        """The statuses in the order in which they were put on record, their tag and length; until one changes."""
        from .status_lists import length_of, tag_of  # noqa: PLC0415 -- with the statuses

        kept = self._listed.get(media_type)
        edition = self._fast.edition
        if kept is None or kept[0] != edition:
            by_id = self._fast.by_id.copy()
            every = [by_id[key] for key in sorted(by_id)]
            tag = await run_in_threadpool(tag_of, media_type, every)
            kept = self._listed[media_type] = edition, every, tag, length_of(every)
        return kept[1:]

    def _pack(self, media_type: str, tag: str, pieces: Iterable[bytes]) -> bytes:
        from .status_lists import packed  # noqa: PLC0415 -- with the statuses

        with self._lock:
            kept = self._packed.get(media_type)
            if kept is None or kept[0] != tag:
                kept = self._packed[media_type] = tag, packed(pieces)
            return kept[1]

    def _aged(self) -> Headers:
        age = self._fast.age
        return () if age < FRESH else self._fast.aged(age)


async def _stream(pieces: Iterable[bytes], send: Send, *, aside: bool) -> None:
    """Piece by piece, so that a long list is never whole in memory and nobody waits for the end of it."""
    if aside:
        async for piece in iterate_in_threadpool(pieces):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    else:
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b""})


def _is_small_json(headers: dict[bytes, bytes]) -> bool:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    length = headers.get(b"content-length", b"")
    return kind == b"application/json" and length.isdigit() and int(length) <= LARGEST


async def _whole(receive: Receive) -> bytes | None:
    """The body; None where the caller left."""
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes | None, receive: Receive) -> Receive:
    """The same body, for whoever reads next."""
    waiting: list[Message] = [
        {"type": "http.disconnect"} if body is None else {"type": "http.request", "body": body, "more_body": False}
    ]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _codes(body: bytes) -> list[str] | None:
    """The codes of a body that is `{"codes": […]}` and nothing else; None for any other."""
    try:
        said: Any = json.loads(body.decode(), object_pairs_hook=list)
    except (ValueError, RecursionError):
        return None
    if not (isinstance(said, list) and len(said) == 1 and isinstance(said[0], tuple) and said[0][0] == "codes"):
        return None
    codes = said[0][1]
    if not isinstance(codes, list) or not 1 <= len(codes) <= 1000:
        return None
    return codes if all(code.__class__ is str for code in codes) else None


def _is_plain(code: str) -> bool:
    return len(code) <= LONGEST and code.isprintable()
