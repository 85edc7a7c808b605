"""The edge of the pages for people who are signed in: one cookie, one transaction a request, forms sent from this site.

A page is read with the caller's rights; a form acts in a transaction that is committed before its answer leaves, and
what is refused is shown on the page it came from. Nothing of it is kept by anybody's cache.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from specialty_eval.actions.context import Context, Credentials, commit, refusal_of
from specialty_eval.engine.errors import Changed, NotFound, NotSignedIn, NotYou, Problem, Refusal
from specialty_eval.staged_later import Work, carry_out
from specialty_eval.text import advice, message

from . import pages
from .pages import Edge, Shown
from .words import Words

HOME = "/evidence-files"
SIGN_IN = f"{HOME}/sign-in"
SESSION = "signed_in"
HEADERS = {**pages.SECURITY, "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
MOST_FIELDS = 20


@dataclass(frozen=True, slots=True)
class Then:
    """Where the browser goes after a form, what cookie it keeps (`` for none any more), what is still done."""

    path: str
    token: str | None = None
    work: Sequence[Work] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A file to be kept."""

    content: bytes
    media_type: str
    name: str


Refused = tuple[Problem, ...]
View = Callable[[Context, Request], Shown | Sent]
Act = Callable[[Context, Request, FormData], Then]


def view(router: APIRouter, path: str, build: View) -> None:
    """Serve a page to whoever the cookie names."""

    async def endpoint(request: Request) -> Response:
        async with _edge(request).gate:
            return await run_in_threadpool(_shown, request, build, ())

    router.add_route(path, endpoint, methods=["GET", "HEAD"], include_in_schema=False)


def act(router: APIRouter, path: str, do: Act, back: View) -> None:
    """Take a form of this site's; what is refused is said on the page `back`."""

    async def endpoint(request: Request) -> Response:
        edge = _edge(request)
        if not _is_ours(request):
            raise HTTPException(403)
        async with edge.gate:
            if request.url.path != SIGN_IN and not await run_in_threadpool(_is_signed_in, request):
                return _to(SIGN_IN)
        edge.let_in(request.scope)
        try:
            with edge.in_time(request):
                form = await request.form(max_files=1, max_fields=MOST_FIELDS)
        except ClientDisconnect:  # in the middle of it: nobody is there to be told
            return Response(status_code=400)
        try:
            async with edge.gate:
                return await run_in_threadpool(_done, request, form, do, back)
        finally:
            await form.close()

    router.add_route(path, endpoint, methods=["POST"], include_in_schema=False)


def _edge(request: Request) -> Edge:
    edge: Edge = request.app.state.edge
    return edge


def _is_ours(request: Request) -> bool:
    """Whether a browser says that the form was on a page of this site: another's is never acted on."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    return site == "same-origin" and (origin is None or urlsplit(origin).netloc == request.headers.get("host"))


def opened(request: Request) -> Context:
    """A transaction of whoever the cookie names; NotSignedIn when that has ended."""
    edge = _edge(request)
    return edge.open(edge.clock(), Credentials(request.cookies.get(SESSION, "")))


def _is_signed_in(request: Request) -> bool:
    try:
        ctx = opened(request)
    except NotSignedIn:
        return False
    ctx.session.close()
    return ctx.actor.person_id is not None


def _shown(request: Request, build: View, problems: Refused) -> Response:
    if request.url.path != SIGN_IN and not _is_signed_in(request):
        return _to(SIGN_IN)
    words = Words(pages.language(request))
    ctx = opened(request) if request.url.path != SIGN_IN else _nobody(request)
    try:
        shown = build(ctx, request)
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        shown = pages.refused(refusal, words)
    finally:
        ctx.session.close()
    if isinstance(shown, Sent):
        kept = {"Content-Disposition": f'attachment; filename="{shown.name}"'}
        return Response(shown.content, 200, {**HEADERS, **kept}, shown.media_type)
    said = [(message(p, words.lang), advice(p, words.lang)) for p in problems]
    body = pages.rendered(request, words, Shown(shown.template, {"wrong": said, **shown.data}))
    headers = {**HEADERS, "Content-Language": words.lang}
    return pages.keeping_language(request, words, Response(body, shown.status, headers, "text/html; charset=utf-8"))


def _nobody(request: Request) -> Context:
    edge = _edge(request)
    return edge.open(edge.clock(), Credentials(""))


def _done(request: Request, form: FormData, do: Act, back: View) -> Response:
    ctx = _nobody(request) if request.url.path == SIGN_IN else opened(request)
    try:
        then = do(ctx, request, form)
        commit(ctx)
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        ctx.session.close()
        answer = _shown(request, back, refusal.problems)
        answer.status_code = _status(refusal)
        return answer
    finally:
        ctx.session.close()
    answer = _to(then.path)
    if then.token is not None:
        secure = request.url.scheme == "https"
        answer.set_cookie(SESSION, then.token, max_age=None if then.token else 0, path=HOME, httponly=True,
                          secure=secure, samesite="strict")  # fmt: skip
    if then.work:
        edge = _edge(request)
        as_system = partial(_as_system, edge)
        answer.background = BackgroundTask(carry_out, edge.alone, as_system, *then.work)
    return answer


def _as_system(edge: Edge) -> Context:
    return edge.open(edge.clock(), Credentials()).as_system()


def _status(refusal: Refusal) -> int:
    kinds = ((NotSignedIn, 401), (NotYou, 403), (NotFound, 404), (Changed, 409))
    return next((code for kind, code in kinds if isinstance(refusal, kind)), 422)


def _to(path: str) -> Response:
    return RedirectResponse(path, 303, HEADERS)
