"""The edge of the pages: language, one read-only transaction a page, templates, caching, security headers, errors.

A page's module builds a `Shown` from what an action read; nothing here decides, and nothing here writes.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Protocol

import anyio
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Scope

from specialty_eval.actions.context import Context, Credentials, refusal_of
from specialty_eval.engine.errors import Invalid, NotFound, NotYou, Refusal, TryAgain
from specialty_eval.text import LANGUAGES, advice, message

from . import assets
from .words import Words

if TYPE_CHECKING:
    from jinja2 import Environment

SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""On every page. No script is allowed at all: there is none."""
FRESH = "public, max-age=0, must-revalidate"
COOKIE = "lang"
A_YEAR = 365 * 24 * 3600


class Edge(Protocol):
    """What the application hands to every request (the API's own, seen from here)."""

    open: Callable[[datetime, Credentials], Context]
    clock: Callable[[], datetime]
    gate: anyio.CapacityLimiter
    published: anyio.CapacityLimiter
    let_in: Callable[[Scope], None]
    in_time: Callable[[Request], AbstractContextManager[None]]
    alone: anyio.CapacityLimiter


@dataclass(frozen=True, slots=True)
class Shown:
    """A page to be: its template, what it shows, and the status it answers with."""

    template: str
    data: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Moved:
    """The page is elsewhere for good."""

    path: str


Build = Callable[[Context, Request], Shown | Moved]


def add(router: APIRouter, path: str, build: Build) -> None:
    """Serve a page. It is read as nobody, whatever credentials the request carries."""

    async def endpoint(request: Request) -> Response:
        edge: Edge = request.app.state.edge
        async with edge.published:
            return await run_in_threadpool(_read, request, edge, build)

    router.add_route(path, endpoint, methods=["GET", "HEAD"], include_in_schema=False)


def _read(request: Request, edge: Edge, build: Build) -> Response:
    words = Words(language(request))
    context = edge.open(edge.clock(), Credentials(""))
    try:
        shown = build(context, request)
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        shown = refused(refusal, words)
    finally:
        context.session.close()
    return respond(request, words, shown)


def language(request: Request) -> str:
    """The language asked for in the address, else the one kept, else Chinese."""
    for said in (request.query_params.get(COOKIE), request.cookies.get(COOKIE)):
        if said in LANGUAGES:
            return said
    return LANGUAGES[0]


def respond(request: Request, words: Words, shown: Shown | Moved) -> Response:
    """The page as an answer: 304 where the reader has it already."""
    headers = {**SECURITY, "Cache-Control": FRESH, "Vary": "Cookie", "Content-Language": words.lang}
    if isinstance(shown, Moved):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{shown.path}{query}", 308, headers)
    body = rendered(request, words, shown)
    if shown.status != 200:
        headers["Cache-Control"] = "no-store" if shown.status >= 500 else FRESH
    headers["ETag"] = tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    is_known = shown.status == 200 and tag in known
    answer = (
        Response(status_code=304, headers=headers)
        if is_known
        else Response(body, shown.status, headers, "text/html; charset=utf-8")
    )
    return keeping_language(request, words, answer)


def keeping_language(request: Request, words: Words, answer: Response) -> Response:
    """The answer; a language that was asked for in the address is kept."""
    if request.query_params.get(COOKIE) == words.lang:
        answer.set_cookie(COOKIE, words.lang, max_age=A_YEAR, httponly=True, samesite="lax")
    return answer


def rendered(request: Request, words: Words, shown: Shown) -> bytes:
    """The page's bytes."""
    other = next(lang for lang in LANGUAGES if lang != words.lang)
    page = request.url.include_query_params(lang=other)
    data = {
        "w": words,
        "t": words.say,
        "lang": words.lang,
        "path": request.url.path,
        "other": f"{page.path}?{page.query}",
        "as_given": {} if words.lang == "zh" else {"lang": "zh-CN"},  # names are never translated
        **shown.data,
    }
    return environment().get_template(shown.template).render(data).encode()


@cache
def environment() -> "Environment":
    """The templates. Everything is escaped, and what is not there is a fault."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 -- slow import: the API starts without

    made = Environment(
        loader=PackageLoader("specialty_eval.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = assets.address
    return made


# --- errors ------


STATUS: tuple[tuple[type[Refusal], int], ...] = ((NotFound, 404), (NotYou, 403), (Invalid, 422), (TryAgain, 503))


def refused(refusal: Refusal, words: Words) -> Shown:
    """A refusal as a page: everything that was wrong, and what to do."""
    status = next((code for kind, code in STATUS if isinstance(refusal, kind)), 409)
    # Of what is not there the page says no more than of an unknown address.
    told = () if status == 404 else refusal.problems
    said = [(message(p, words.lang), advice(p, words.lang)) for p in told]
    return Shown("error.html", {"status": status, "said": said}, status)


def install(app: FastAPI) -> None:
    """Answer what no route knows, and faults, with a page wherever a page was asked for."""
    told = app.exception_handlers.get(HTTPException)
    broken = app.exception_handlers.get(Exception)

    async def framework(request: Request, error: Exception) -> Response:
        if told is not None and is_api(request):
            return await _result(told(request, error))
        status = error.status_code if isinstance(error, HTTPException) else 500
        return respond(request, Words(language(request)), Shown("error.html", {"status": status, "said": []}, status))

    async def fault(request: Request, error: Exception) -> Response:
        if is_api(request):
            return PlainTextResponse("Internal Server Error", 500) if broken is None else await _result(
                broken(request, error)
            )  # fmt: skip
        return respond(request, Words(language(request)), Shown("error.html", {"status": 500, "said": []}, 500))

    app.add_exception_handler(HTTPException, framework)
    app.add_exception_handler(Exception, fault)


def is_api(request: Request) -> bool:
    """Whether the answer is for a program."""
    return request.url.path.startswith(("/v1", "/sandbox/v1")) or request.url.path in {"/healthz", "/readyz"}


async def _result(answer: Response | Awaitable[Response]) -> Response:
    return await answer if isawaitable(answer) else answer
