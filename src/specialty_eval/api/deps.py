"""The edge of the JSON API: credentials → Context, one transaction per request committed before the answer leaves,
idempotent replies, If-Match and paging.
"""

import hashlib
import re
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

import anyio
from fastapi import Depends, Header, Query, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from specialty_eval.actions.context import Context, Credentials, commit, refusal_of
from specialty_eval.actions.paging import Page, question
from specialty_eval.engine.errors import Invalid, NotSignedIn, NotYou, Problem, Refusal

from . import limits
from .arrival import JSON, in_time, whole
from .bodies import Whole
from .exports import PLACED, with_sheets
from .openness import needs_credentials
from .problems import answer

T = TypeVar("T")
Clock = Callable[[], datetime]


@dataclass(slots=True)
class Edge:
    """What the application hands to every request: how to open a transaction, what time it is, how many at once."""

    open: Callable[[datetime, Credentials], Context]
    clock: Clock
    gate: anyio.CapacityLimiter
    published: anyio.CapacityLimiter
    whole: anyio.CapacityLimiter
    """Of the places for what is published, those that whole lists read from the database may take."""
    alone: anyio.CapacityLimiter
    """Of one: what is done of large files once the answer is out, in a thread beside those of requests."""
    let_in: Callable[[Scope], None] = limits.let_in
    """Tells that a request's caller is known: its body is read as far as its path allows."""
    in_time: Callable[[Request], AbstractContextManager[None]] = in_time
    """The time in which a request's body is to arrive."""


def credentials(request: Request) -> Credentials:
    """What the caller shows: `Authorization: Bearer …` (a person's token or a machine's key), or nothing."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return Credentials(secret.strip() if scheme.lower() == "bearer" else "")


def current(request: Request) -> Context:
    """The request's own transaction, opened on first use; `Transactional` ends it."""
    kept: Context | None = getattr(request.state, "context", None)
    if kept is not None:
        return kept
    edge: Edge = request.app.state.edge
    shown = credentials(request)
    context = edge.open(request.state.arrived, shown)
    if shown.secret:
        limits.let_in(request.scope)
    request.state.context = context
    return context


Ctx = Annotated[Context, Depends(current)]


class Elsewhere(Exception):  # noqa: N818 -- not an error: the answer lies at another address, or is the last there is
    """A dependency knows the whole answer; the route is not entered and nothing is kept."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


SECRET = {"x-answer-kept": False}
"""Marks a route (`openapi_extra`) that takes or tells a secret: nothing of it is kept for a repeated request, the
quick digest of a body with a password neither.
"""


NOT_HERE = {
    "if-match": Problem("if-match-not-here", "If-Match"),
    "idempotency-key": Problem("idempotency-key-not-here", "Idempotency-Key"),
}
"""A header that this route would leave out → what is said instead of leaving it out unseen."""


def refuse_key(request: Request) -> None:
    """Where a body turns out to hold a secret, nothing of it is kept either; Invalid where that is asked for."""
    if "idempotency-key" in request.headers:
        raise Invalid(NOT_HERE["idempotency-key"])


class Transactional(APIRoute):
    """A route whose transaction is committed when its answer is ready and before it leaves (see ADR 0005).

    A refusal or a fault rolls back. At most as many requests are inside as the pool has connections: more wait here,
    holding neither a thread nor a connection, so the pool never stands still. A body is read before: a slow sender
    takes nobody's place, and a deadline is judged by the moment its last byte arrived.
    """

    is_published = False
    is_whole = False

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler with gate, replay, commit and rollback."""
        inner = super().get_route_handler()
        if "GET" in (self.methods or ()):
            inner = with_sheets(inner, self.response_model)
        refused = {"if-match"} - {"if-match" for part in self.dependant.dependencies if part.call is if_match}
        refused |= {"idempotency-key"} if self.openapi_extra == SECRET else set()
        taken = None if self.body_field is None else str(getattr(self.body_field.field_info, "media_type", JSON))
        numbered = {part.name for part in self.dependant.path_params if part.field_info.annotation is int}

        closed = frozenset(method for method in self.methods or () if needs_credentials(method, self.path))

        async def handle(request: Request) -> Response:
            try:
                if request.method in closed and not credentials(request).secret:
                    raise NotSignedIn(Problem("sign-in-needed"))
                if request.method not in {"GET", "HEAD"} and (found := refused & set(request.headers)):
                    raise Invalid(*(NOT_HERE[name] for name in sorted(found)))
                await _identify(request)
                arrived = await whole(request, taken=taken, numbered=numbered)
            except Refusal as refusal:
                return answer(refusal)
            except ClientDisconnect:  # in the middle of its body: nothing was begun, and nobody is there to be told
                return Response(status_code=400)
            edge: Edge = request.app.state.edge
            arrived.state.arrived = edge.clock()
            place = edge.published if self.is_published else edge.gate
            async with edge.whole if self.is_whole else nullcontext(), place:
                return await _inside(inner, arrived)

        return handle


class Published(Transactional):
    """A route that reads what is published: it has places of its own, which the rest cannot fill."""

    is_published = True


class PublishedWhole(Published):
    """One that reads a whole list, and so takes a place for long: a few of these at once."""

    is_whole = True


async def _identify(request: Request) -> None:
    """Before a large body is read its caller is looked up; a refusal for credentials that nobody has."""
    if not limits.is_large(request.scope) or not credentials(request).secret:
        return
    edge: Edge = request.app.state.edge
    async with edge.gate:
        await run_in_threadpool(looked, edge, credentials(request), lambda _: None)
    limits.let_in(request.scope)


def looked(edge: Edge, shown: Credentials, at: Callable[[Context], T]) -> T:
    """What is seen in a transaction of its own, now, by whoever shows these; the refusal, where there is one."""
    try:
        ctx = edge.open(edge.clock(), shown)
        try:
            return at(ctx)
        finally:
            ctx.session.close()
    except Exception as error:
        refusal = refusal_of(error)
        raise error if refusal is None else refusal from error


async def _inside(inner: Callable[[Request], Coroutine[Any, Any, Response]], request: Request) -> Response:
    """Replay or act, then commit; what is refused leaves nothing."""
    try:
        kept = await run_in_threadpool(begin, request, await wanted(request))
        if kept is not None:
            return kept
        response = await inner(request)
        await run_in_threadpool(finish, request, response)
    except Elsewhere as known:
        return known.response
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        return answer(told_to(request, refusal))
    finally:
        await run_in_threadpool(close, request)
    return response


def told_to(request: Request, refusal: Refusal) -> Refusal:
    """What a caller is told: who shows no credentials lacks no role, but has not signed in."""
    is_nobody = isinstance(refusal, NotYou) and not credentials(request).secret
    return NotSignedIn(Problem("sign-in-needed")) if is_nobody else refusal


KEY = re.compile(r"[\x21-\x7e]{1,200}")


async def wanted(request: Request) -> tuple[str, str] | None:
    """(key, digest of the request) where the caller asks for an idempotent answer; Invalid for a malformed key."""
    key = request.headers.get("idempotency-key")
    if key is None or request.method not in {"POST", "PUT", "PATCH", "DELETE"}:
        return None
    if not KEY.fullmatch(key):
        raise Invalid(Problem("idempotency-key-malformed", "Idempotency-Key", {"value": key[:200]}))
    sha = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    sha.update(await request.body())
    return key, sha.hexdigest()


def begin(request: Request, asked: tuple[str, str] | None) -> Response | None:
    """Open the transaction where a key is shown, and answer with the first reply if there is one."""
    if asked is None:
        return None
    from specialty_eval.actions import replies  # noqa: PLC0415 -- slow import: rows that the public's reads need not

    context = current(request)
    request.state.idempotency = asked
    kept = replies.first_reply(context, *asked)
    if kept is None:
        return None
    return Response(kept.body, kept.status, {**kept.headers, "Idempotent-Replayed": "true"})


def finish(request: Request, response: Response) -> None:
    """Keep the answer under its key and commit; an answer that says no keeps nothing."""
    context: Context | None = getattr(request.state, "context", None)
    if context is None:
        return
    if response.status_code >= 400:
        return
    asked = getattr(request.state, "idempotency", None)
    if asked is not None:
        from specialty_eval.actions import replies  # noqa: PLC0415 -- see `begin`

        headers = {k: v for k, v in response.headers.items() if k != "content-length"}
        replies.keep_reply(context, asked, replies.Reply(response.status_code, headers, bytes(response.body)))
    commit(context)


def close(request: Request) -> None:
    """Whatever happened, the connection goes back and nothing half done stays."""
    context: Context | None = getattr(request.state, "context", None)
    if context is not None:
        context.session.close()


# --- versions -----

ETAG = re.compile(r'"v(\d{1,9})"')


def if_match(if_match: Annotated[str | None, Header(description='`"v3"`, as the ETag said')] = None) -> int | None:
    """The version the caller has read; None where it does not say. Invalid for anything that is no ETag of ours."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = ETAG.fullmatch(if_match.strip())
    if found is None:
        raise Invalid(Problem("if-match-malformed", "If-Match", {"value": if_match[:100]}))
    return int(found[1])


IfMatch = Annotated[int | None, Depends(if_match)]


def tag(response: Response, version: int) -> None:
    """Say which version the answer shows."""
    response.headers["ETag"] = f'"v{version}"'


# --- paging -------


def page(
    request: Request,
    limit: Annotated[Whole, Query(ge=1, le=500, description="rows per page")] = 50,
    after: Annotated[str | None, Query(description="`next` of the page before", max_length=400)] = None,
) -> Page:
    """The page asked for; `after` is the opaque cursor of the page before, of the same list asked in the same way."""
    asked = sorted(f"{name}={value}" for name, value in request.query_params.multi_items() if name not in PLACED)
    return Page.of(limit, after, question(request.url.path, *asked))


Paging = Annotated[Page, Depends(page)]


def listed(items: list[Any], cursor: str | None) -> dict[str, Any]:
    """A page of rows and the cursor of the next; null at the end."""
    return {"items": items, "next": cursor}
