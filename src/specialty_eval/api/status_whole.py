"""The whole list from memory, or from the worker's file where that tells the same: put together once for all who ask.

It is a request like others: counted by the limits (as a middleware behind them), and left to the routes where somebody
shows a key. Who waits for a list holds neither a thread nor a connection of the database.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .status_fast import CACHE, FRESH, READS, Fast, Headers, Ready, length_of

if TYPE_CHECKING:
    from specialty_eval.actions.list_files import ListFiles

LISTS = ("/v1/status.ndjson", "/v1/status.csv", "/v1/status.parquet")
SHOWN = frozenset({b"authorization", b"idempotency-key", b"if-match"})
"""Headers that the routes look at."""
UNFIT = b"%00"
"""In a query string: the routes refuse it. Any other is looked at as little as by them."""
VARY, PACKED = (b"vary", b"accept-encoding"), (b"content-encoding", b"gzip")
KEPT_FOR = 10.0
"""Seconds for which a list that was put together stays in memory after it was asked for: the worker's file follows."""


class Sent(FileResponse):
    """A file, whole or the part asked for, in pieces as large as the others'."""

    chunk_size = 1 << 19


@dataclass(frozen=True, slots=True)
class Listed:
    """Every status of an edition in the order in which they were put on record, what they tell, and a moment of it."""

    edition: int
    every: list[Ready]
    told: str
    moment: bytes


@dataclass(slots=True)
class Made:
    """A list put together: of which edition and moment, and when it was asked for last."""

    listed: Listed
    moment: bytes
    body: bytes
    asked: float

    def tells(self, listed: Listed, moment: bytes) -> bool:
        """Whether it tells what this one does, or what was so later, on the same day."""
        is_as_new = self.listed.edition >= listed.edition or self.listed.told == listed.told
        return is_as_new and self.moment[:10] >= moment[:10]


class Whole:
    """The lists over a `Fast`: one maker at a time, whom all others wait for."""

    def __init__(self, fast: Fast) -> None:
        self._fast = fast
        self._reading, self._making = asyncio.Lock(), asyncio.Lock()
        self._listed: Listed | None = None
        self._made: dict[str, Made] = {}
        """Name of the list's file → the list; the gzip, the table and the columns alike."""
        self.files: ListFiles | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send, routes: ASGIApp) -> None:
        """Answer, or leave it to the routes."""
        if scope["type"] == "http" and scope["path"] in LISTS and scope["method"] in READS and self._fast.answers:
            headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))  # the first of a name counts
            if not headers.keys() & SHOWN and UNFIT not in scope["query_string"]:
                listed = await self._every()
                if listed is not None:
                    await self._answer((scope, receive, send), headers, listed)
                    return
        await routes(scope, receive, send)

    async def _answer(self, call: tuple[Scope, Receive, Send], headers: dict[bytes, bytes], listed: Listed) -> None:
        from . import status_lists as lists  # noqa: PLC0415 -- with the statuses

        scope, _, send = call
        said = {name: value.decode("latin-1") for name, value in headers.items()}
        media_type = lists.MEDIA_TYPES[scope["path"]]
        is_packed = lists.goes_packed(media_type, said.get(b"accept-encoding", ""))
        name = lists.name_of(media_type, is_packed=is_packed)
        file = await run_in_threadpool(self._file, name, listed.told, self._moment(listed))
        tagged = partial(lists.tag_of, media_type, is_packed=is_packed)
        tag = tagged(listed.told, of_bytes="" if file is None else file.name[:16])
        head = [CACHE, VARY, *self._aged()]
        if lists.is_kept(media_type, listed.told, said.get(b"if-none-match")):
            await send({"type": "http.response.start", "status": 304, "headers": [(b"etag", tag.encode()), *head]})
            await send({"type": "http.response.body", "body": b""})
            return
        head += [(b"content-type", media_type.encode()), *([PACKED] if is_packed else [])]
        if file is not None:
            head.append((b"etag", tag.encode()))
            await Sent(file, headers={name.decode(): value.decode() for name, value in head})(*call)
            return
        made = await self._put_together(media_type, listed, is_packed=is_packed)
        head += [(b"etag", tagged(made.listed.told).encode()), length_of(len(made.body))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": made.body})

    async def _every(self) -> Listed | None:
        """What is listed now. While some are being put, as it was before; None where there is no before."""
        asked = self._fast.edition
        if self._listed is None or self._listed.edition < asked:
            async with self._reading:
                if self._listed is None or self._listed.edition < asked:
                    self._listed = await run_in_threadpool(self._read) or self._listed
        return self._listed

    def _read(self) -> Listed | None:
        from .status_lists import told_by  # noqa: PLC0415 -- with the statuses

        found = self._fast.every()
        if found is None:
            return None
        edition, every, moment = found
        return Listed(edition, every, told_by(every), moment)

    def _moment(self, listed: Listed) -> bytes:
        """The newest for which it is told."""
        return self._fast.moment if listed.edition == self._fast.settled else listed.moment

    def _file(self, name: str, told: str, moment: bytes) -> Path | None:
        """Where the worker has written this, if it tells the same on the same day."""
        edition = None if self.files is None else self.files.newest()
        if edition is None or not edition.tells(told, moment[:10].decode()):
            return None
        return edition.files.get(name)

    async def _put_together(self, media_type: str, listed: Listed, *, is_packed: bool) -> Made:
        """The list as it is now, or as it was made since this was asked: however many ask, one makes it."""
        from . import status_lists as lists  # noqa: PLC0415 -- with the statuses

        name, moment = lists.name_of(media_type, is_packed=is_packed), self._moment(listed)
        if (made := self._made.get(name)) is None or not made.tells(listed, moment):
            async with self._making:
                if (made := self._made.get(name)) is None or not made.tells(listed, moment):
                    newest = await self._every() or listed
                    moment = self._moment(newest)
                    put = lists.packed if is_packed else b"".join
                    body = await run_in_threadpool(lambda: put(lists.WRITTEN[media_type](newest.every, moment)))
                    if name not in self._made:
                        asyncio.get_running_loop().call_later(KEPT_FOR, self._forget, name)
                    self._made[name] = made = Made(newest, moment, body, monotonic())
        made.asked = monotonic()
        return made

    def _forget(self, name: str) -> None:
        """Of what nobody has asked for in the meantime."""
        left = self._made[name].asked + KEPT_FOR - monotonic()
        if left > 0:
            asyncio.get_running_loop().call_later(left, self._forget, name)
        else:
            del self._made[name]

    def _aged(self) -> Headers:
        age = self._fast.age
        return () if age < FRESH else self._fast.aged(age)


class FromMemory:
    """Pure ASGI, behind the limits: a whole list from memory, anything else from the routes."""

    def __init__(self, app: ASGIApp, whole: Whole) -> None:
        self.app, self._whole = app, whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass it on."""
        await self._whole(scope, receive, send, self.app)
