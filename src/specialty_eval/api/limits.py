"""Limits before reading: a head or a body beyond its limit is refused unread, whether it says its length or not."""

from collections.abc import Iterable

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from specialty_eval.engine.errors import Problem, TooLarge

from .problems import MEDIA_TYPE, answer, body

HEAD_LIMIT = 32 << 10
"""Bytes of a request line and headers; browsers and proxies keep to less."""
DEFAULT_LIMIT = 1 << 20
LIMITS = (
    ("/attachments", 32 << 20),
    ("/v1/imports/", 64 << 20),
    ("/v1/staged-files", 64 << 20),
    ("/evidence-files", 65 << 20),
    ("/v1/document-templates/", 8 << 20),
)
"""Part of the path → bytes, for callers who are known; everything else is JSON of at most a megabyte."""
_SHOWS = frozenset({b"authorization", b"cookie"})
"""Headers in which callers show who they are."""
KNOWN = "specialty_eval.known"
"""Where a request says that its caller was looked up and found (see `let_in`)."""


def limit_of(path: str, *, is_known: bool) -> int:
    """How many bytes a body sent to this path may have; nobody who is not known sends a file."""
    return next((size for part, size in LIMITS if part in path and is_known), DEFAULT_LIMIT)


def is_large(scope: Scope) -> bool:
    """Whether the body may be larger than anybody may send: its caller is to be found before it is read."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    is_small = length.isdigit() and int(length) <= DEFAULT_LIMIT
    return not is_small and limit_of(scope["path"], is_known=True) > DEFAULT_LIMIT


def length_of(scope: Scope) -> int:
    """How many bytes the body has; at most may have where it does not say."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(length) if length.isdigit() else limit_of(scope["path"], is_known=KNOWN in scope)


def let_in(scope: Scope) -> None:
    """The caller is known: the body is read as far as the path allows."""
    scope[KNOWN] = True


def _refused(limit: int) -> Response:
    return answer(TooLarge(Problem("body-too-large", "body", {"limit": limit})))


def head_refused() -> Response:
    """The answer to a head beyond the limit."""
    problem = Problem("head-too-large", "header", {"limit": HEAD_LIMIT})
    return JSONResponse(body("head-too-large", 431, [problem]), 431, {"Connection": "close"}, MEDIA_TYPE)


def is_head_too_large(line: int, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a path and query of this length and the headers are beyond the limit."""
    return line + sum(len(name) + len(value) + 4 for name, value in headers) > HEAD_LIMIT


HEAD_REFUSED = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
"""What is said to a head that has no end: nothing can be known of who is asking for what."""


class _BeyondLimit(Exception):  # noqa: N818 -- a signal inside this module
    pass


class BodyLimit:
    """Pure ASGI: refuses a head beyond its limit, a body by Content-Length at once and by count where no length is
    said. Of a caller who is not known, whatever they show, no more is read than anybody may send.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counted body, or answer 413."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if is_head_too_large(len(scope.get("raw_path") or b"") + len(scope["query_string"]), scope["headers"]):
            await head_refused()(scope, receive, send)
            return
        limit = limit_of(scope["path"], is_known=any(name in _SHOWS for name, _ in scope["headers"]))
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not length.isdigit() or int(length) > limit:
            await _refused(limit)(scope, receive, send)
            return
        read, started = 0, False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit_of(scope["path"], is_known=KNOWN in scope):
                raise _BeyondLimit
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, counted, watched)
        except _BeyondLimit:
            if not started:
                limit = limit_of(scope["path"], is_known=KNOWN in scope)
                await _refused(limit)(scope, receive, send)
