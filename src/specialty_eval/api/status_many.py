"""Many statuses from memory: a thousand by their codes. What is asked otherwise is passed on, with its body as it came,
to the routes that answer the same.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.types import Message, Receive, Scope, Send

from .arrival import LONGEST
from .status_fast import FRESH, JSON, Fast, Headers, length_of
from .status_whole import PACKED, SHOWN, VARY

App = Callable[[Scope, Receive, Send], Awaitable[None]]
QUERY = "/v1/status/query"
LARGEST = 1 << 18
"""Bytes of a question that is answered from memory; no thousand codes of ours need as many."""
PAIRS = json.JSONDecoder(object_pairs_hook=list)
ASIDE = 1 << 17
"""Bytes that are packed in a thread: whoever asks meanwhile need not wait for it."""


class Many:
    """The questions for many statuses by their codes, over a `Fast`."""

    def __init__(self, fast: Fast) -> None:
        self._fast = fast

    async def __call__(self, scope: Scope, receive: Receive, send: Send, routes: App) -> None:
        """Answer, or leave it to the routes."""
        if scope["type"] == "http" and scope["path"] == QUERY and scope["method"] == "POST" and self._fast.answers:
            headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))  # the first of a name counts
            is_plain = not scope["query_string"] and not headers.keys() & SHOWN
            if is_plain and _is_small_json(headers):
                await self._query((scope, receive, send), headers, routes)
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

    def _aged(self) -> Headers:
        age = self._fast.age
        return () if age < FRESH else self._fast.aged(age)


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
        said: Any = PAIRS.decode(body.decode())
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
