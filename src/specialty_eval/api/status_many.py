"""Many statuses from memory: a thousand by their codes, and the whole list as lines or a table.

What is asked otherwise is passed on, with its body as it came, to the routes that answer the same.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from .arrival import LONGEST
from .status_fast import CACHE, FRESH, JSON, READS, Fast, Headers, Ready, length_of

if TYPE_CHECKING:
    from specialty_eval.actions.list_files import ListFiles

App = Callable[[Scope, Receive, Send], Awaitable[None]]
QUERY, LISTS = "/v1/status/query", ("/v1/status.ndjson", "/v1/status.csv", "/v1/status.parquet")
LARGEST = 1 << 18
"""Bytes of a question that is answered from memory; no thousand codes of ours need as many."""
SHOWN = frozenset({b"authorization", b"idempotency-key", b"if-match"})
"""Headers that the routes look at."""
ASIDE = 1 << 17
"""Bytes that are packed in a thread: whoever asks meanwhile need not wait for it."""
VARY, PACKED = (b"vary", b"accept-encoding"), (b"content-encoding", b"gzip")


class Sent(FileResponse):
    """A file, whole or the part asked for, in pieces as large as the others'."""

    chunk_size = 1 << 19


class Many:
    """The questions for many statuses, over a `Fast`; from the worker's files where they tell what is told now."""

    def __init__(self, fast: Fast) -> None:
        self._fast = fast
        self._lock = asyncio.Lock()
        self.files: ListFiles | None = None
        self._made: dict[str, tuple[str, bytes]] = {}
        """Media type → (tag, gzip of the list, or Parquet): put together once for all who ask until one changes."""
        self._listed: tuple[int, list[Ready], str, int, bytes] | None = None
        """(edition, every status in order, what they tell, bytes of the lines without the moment, moment)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send, routes: App) -> None:
        """Answer, or leave it to the routes."""
        if scope["type"] == "http" and scope["path"].startswith("/v1/status") and self._fast.answers:
            method, path = scope["method"], scope["path"]
            headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))  # the first of a name counts
            if not scope["query_string"] and not headers.keys() & SHOWN:
                if method == "POST" and path == QUERY and _is_small_json(headers):
                    await self._query((scope, receive, send), headers, routes)
                    return
                if method in READS and path in LISTS:
                    await self._list((scope, receive, send), headers, routes)
                    return
        await routes(scope, receive, send)

    async def _query(self, call: tuple[Scope, Receive, Send], said: dict[bytes, bytes], routes: App) -> None:
        from . import status_lists as lists  # noqa: PLC0415 -- with the statuses

        scope, receive, send = call
        arrived = await _whole(receive)
        fast = self._fast
        codes = None if arrived is None else _codes(arrived)
        if codes is None or not (all(map(fast.codes.__contains__, codes)) or all(map(_is_plain, codes))):
            await routes(scope, _again(arrived, receive), send)
            return
        body = lists.asked(codes, fast.codes, fast.moment)
        headers = [JSON, VARY, *self._aged()]
        if lists.is_worth_packing(body, said.get(b"accept-encoding", b"").decode("latin-1")):
            is_long = len(body) > ASIDE
            body = await run_in_threadpool(lists.packed_quickly, body) if is_long else lists.packed_quickly(body)
            headers.append(PACKED)
        headers.append(length_of(len(body)))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _list(self, call: tuple[Scope, Receive, Send], headers: dict[bytes, bytes], routes: App) -> None:
        from . import status_lists as lists  # noqa: PLC0415 -- with the statuses

        scope, receive, send = call
        said = {name: value.decode("latin-1") for name, value in headers.items()}
        media_type = lists.MEDIA_TYPES[scope["path"]]
        listed = await self._every()
        if listed is None:
            await routes(scope, receive, send)
            return
        every, told, length, moment = listed
        is_packed = lists.goes_packed(media_type, said.get(b"accept-encoding", ""))
        name = lists.name_of(media_type, is_packed=is_packed)
        file = await run_in_threadpool(self._file, name, told, moment)
        tag = lists.tag_of(media_type, told, is_packed=is_packed, of_bytes="" if file is None else file.name[:16])
        head = [(b"etag", tag.encode()), CACHE, VARY, *self._aged()]
        if lists.is_kept(media_type, told, said.get(b"if-none-match")):
            await send({"type": "http.response.start", "status": 304, "headers": head})
            await send({"type": "http.response.body", "body": b""})
            return
        head.append((b"content-type", media_type.encode()))
        head += [PACKED] if is_packed else []
        if file is not None:
            await Sent(file, headers={name.decode(): value.decode() for name, value in head})(scope, receive, send)
            return
        pieces: Iterable[bytes] = lists.WRITTEN[media_type](every, moment)
        if is_packed or media_type == lists.PARQUET:
            body = await self._put_together(media_type, tag, lists.packed if is_packed else b"".join, pieces)
            head.append(length_of(len(body)))
            pieces = [body]
        elif media_type == lists.NDJSON:
            head.append((b"content-length", b"%d" % (length + len(every) * len(moment))))
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await _stream(pieces, send, aside=media_type == lists.CSV)

    async def _every(self) -> tuple[list[Ready], str, int, bytes] | None:
        """The statuses in the order in which they were put on record, what they tell, length, moment.

        While some are being put, as they were before; None where there is no before.
        """
        from .status_lists import length_of, told_by  # noqa: PLC0415 -- with the statuses

        fast = self._fast
        if (self._listed is None or self._listed[0] != fast.edition) and (found := fast.every()) is not None:
            edition, every, moment = found
            self._listed = edition, every, await run_in_threadpool(told_by, every), length_of(every), moment
        if self._listed is None:
            return None
        edition, every, told, length, moment = self._listed
        return every, told, length, fast.moment if edition == fast.settled else moment

    def _file(self, name: str, told: str, moment: bytes) -> Path | None:
        """Where the worker has written this, if it tells the same on the same day."""
        edition = None if self.files is None else self.files.newest()
        if edition is None or not edition.tells(told, moment[:10].decode()):
            return None
        return edition.files.get(name)

    async def _put_together(
        self, media_type: str, tag: str, put: Callable[[Iterable[bytes]], bytes], pieces: Iterable[bytes]
    ) -> bytes:
        async with self._lock:  # who waits holds no thread: those are everybody's
            kept = self._made.get(media_type)
            if kept is None or kept[0] != tag:
                kept = self._made[media_type] = tag, await run_in_threadpool(put, pieces)
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
    return codes if set(map(type, codes)) == {str} else None


def _is_plain(code: str) -> bool:
    return len(code) <= LONGEST and code.isprintable()
