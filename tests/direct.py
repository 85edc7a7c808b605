"""Requests straight to the application, from the thread that tests run in: for whoever asks ten thousand times."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from starlette.types import ASGIApp, Message


class Direct:
    """A client without a network and without a thread of its own; a fault is an answer 500, as to a real client."""

    def __init__(self, app: ASGIApp, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop
        self._waiting: asyncio.Queue[tuple[asyncio.Future[httpx.Response], dict[str, Any], bytes]] = asyncio.Queue()

    def request(
        self, method: str, url: str, *, headers: dict[str, str], json: Any = None, content: bytes = b""
    ) -> httpx.Response:
        """One request; redirections are not followed."""
        sent = {"accept": "*/*", "host": "testserver", "user-agent": "testclient"}
        sent |= {name.lower(): value for name, value in headers.items()}
        if json is not None:
            content, sent["content-type"] = _written(json), "application/json"
        if content or method not in {"GET", "DELETE"}:
            sent["content-length"] = str(len(content))
        path, _, query = url.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1",
            "scheme": "http", "method": method, "path": path, "raw_path": path.encode(),
            "query_string": query.encode(), "root_path": "", "client": ("testclient", 50000),
            "server": ("testserver", 80), "state": {},
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        }  # fmt: skip
        answer: asyncio.Future[httpx.Response] = self._loop.create_future()
        self._waiting.put_nowait((answer, scope, content))
        return self._loop.run_until_complete(answer)

    def post(self, path: str, *, headers: dict[str, str], json: Any = None) -> httpx.Response:
        return self.request("POST", path, headers=headers, json=json)

    async def serve(self) -> None:
        """One request after the other, all in this task: what belongs to a task is made once."""
        while True:
            answer, scope, content = await self._waiting.get()
            answer.set_result(await self._ask(scope, content))

    async def _ask(self, scope: dict[str, Any], content: bytes) -> httpx.Response:
        sent: list[Message] = []
        unread, done = [content], asyncio.Event()

        async def receive() -> Message:
            if unread:
                return {"type": "http.request", "body": unread.pop(), "more_body": False}
            await done.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                done.set()

        try:
            await self._app(scope, receive, send)
        except Exception:  # the outermost layer has answered 500, and tells the server
            assert done.is_set()
        [start, *parts] = sent
        body = b"".join(part.get("body", b"") for part in parts)
        return httpx.Response(start["status"], headers=start["headers"], content=body)


def _written(said: Any) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


@contextmanager
def asking(app: Any) -> Iterator[Direct]:
    """A client of an application that has started, for as long as the block runs."""
    with asyncio.Runner() as runner:
        client = Direct(app, runner.get_loop())
        served: list[asyncio.Task[None]] = []
        living = app.router.lifespan_context(app)

        async def start() -> None:
            await living.__aenter__()
            served.append(asyncio.create_task(client.serve()))

        async def end() -> None:
            served[0].cancel()
            await asyncio.gather(*served, return_exceptions=True)
            await living.__aexit__(None, None, None)

        runner.run(start())
        try:
            yield client
        finally:
            runner.run(end())
