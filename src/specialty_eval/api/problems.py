"""Refusals as `application/problem+json` (RFC 9457): one answer with every reason, in Chinese and English."""

import json
import logging
import re
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from specialty_eval.engine.errors import (
    Changed,
    Gone,
    Invalid,
    NotFound,
    NotNow,
    NotSignedIn,
    NotYou,
    Problem,
    Refusal,
    TooLarge,
    TooMany,
    TryAgain,
)
from specialty_eval.text import advice, message

STATUS: dict[type[Refusal], int] = {
    Invalid: 422,
    NotNow: 409,
    Changed: 412,
    NotYou: 403,
    NotSignedIn: 401,
    NotFound: 404,
    Gone: 410,
    TooLarge: 413,
    TooMany: 429,
    TryAgain: 503,
}
"""Kind of refusal → HTTP status; tests walk every subclass."""

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger(__name__)

AT_MOST = 1000
"""Reasons written out in one answer; the totals by code count all of them."""


class ReasonAnswer(BaseModel):
    """One reason: a stable code, where it was found, its facts, and what to do next."""

    code: str
    where: str
    facts: dict[str, Any]
    zh: str
    en: str
    next_zh: str
    next_en: str


class ProblemAnswer(BaseModel):
    """A refusal (RFC 9457) with every reason: the first thousand written out, all of them counted by code."""

    type: str
    title: str
    title_en: str
    status: int
    count: int
    totals: dict[str, int]
    problems: list[ReasonAnswer]


def body(kind: str, status: int, problems: Sequence[Problem]) -> dict[str, Any]:
    """The problem document: the first thousand reasons in full, totals by code for all of them."""
    first = problems[0] if problems else Problem(kind)
    totals = Counter(p.code for p in problems)
    for more in (p.facts["totals"] for p in problems if p.code == "more-problems"):
        if isinstance(more, Mapping):  # of a file, whose problems were cut before they came here
            totals = Counter({str(code): int(times) for code, times in more.items()})
    return {
        "type": f"urn:specialty-eval:problem:{kind}",
        "title": message(first, "zh"),
        "title_en": message(first, "en"),
        "status": status,
        "count": totals.total(),
        "totals": dict(totals),
        "problems": [reason(p) for p in problems[:AT_MOST]],
    }


def reason(problem: Problem) -> dict[str, Any]:
    """One reason: its stable code, where, the facts, and what to do next in both languages."""
    return {
        "code": problem.code,
        "where": problem.where,
        "facts": {k: _plain(v) for k, v in problem.facts.items()},
        "zh": message(problem, "zh"),
        "en": message(problem, "en"),
        "next_zh": advice(problem, "zh"),
        "next_en": advice(problem, "en"),
    }  # fmt: skip


def _plain(fact: Any) -> Any:
    """A fact as JSON has it."""
    if isinstance(fact, tuple):
        return [_plain(each) for each in fact]
    return fact if isinstance(fact, int | float | str | bool | list | None) else str(fact)


def reason_of(code: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """One reason that was kept as its code and facts."""
    row, column = facts.get("row"), facts.get("column")
    where = ", ".join([*([f"row {row}"] if row else []), *([f"column {column}"] if column else [])])
    return reason(Problem(code, where or str(facts.get("file", "")), facts))


def answer(refusal: Refusal) -> JSONResponse:
    """The response for a refusal."""
    status = STATUS[type(refusal)]
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    if status in (429, 503):
        headers = {"Retry-After": str(refusal.problems[0].facts.get("wait", 1))}
    return JSONResponse(body(refusal.kind, status, refusal.problems), status, headers, MEDIA_TYPE)


EXPECTED = {
    "string_type": "text",
    "string_too_short": "length {min_length}..",
    "string_too_long": "length ..{max_length}",
    "string_pattern_mismatch": "{pattern}",
    "int_type": "integer",
    "int_parsing": "integer",
    "int_from_float": "integer",
    "bool_type": "true|false",
    "list_type": "list",
    "too_short": "list {min_length}..",
    "too_long": "list ..{max_length}",
    "dict_type": "mapping",
    "model_type": "mapping",
    "model_attributes_type": "mapping",
    "greater_than_equal": "integer {ge}..",
    "less_than_equal": "integer ..{le}",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "timezone_aware": "2026-03-31T16:00:00+08:00",
}
"""Pydantic's kind of finding → what would be right, as `locale/phrases.toml` says it in words."""


def from_validation(error: RequestValidationError) -> Invalid:
    """Pydantic's findings about a request, re-told as our own problems."""
    # A parameter that a route and what it depends on both read is found wrong twice.
    once = {(found["loc"], found["type"]): found for found in error.errors()}
    return Invalid(*map(_finding, once.values()))


def _finding(found: Mapping[str, Any]) -> Problem:
    where, kind = ".".join(str(part) for part in found["loc"]), found["type"]
    if kind in {"missing", "extra_forbidden"}:
        return Problem("field-missing" if kind == "missing" else "field-unknown", where)
    if kind == "text_not_one_line":
        return Problem("text-has-control-character", where)
    facts = found.get("ctx", {})
    expected = EXPECTED[kind].format_map(facts) if kind in EXPECTED else found["msg"]
    if kind.startswith("date") or not all(isinstance(facts.get(limit, 0), int) for limit in ("ge", "le")):
        expected = "2026-03-31T16:00:00+08:00" if kind.startswith("datetime") else "2026-03-31"
    given = found.get("input")
    value = given[:200] if isinstance(given, str) else json.dumps(given, ensure_ascii=False, default=str)[:200]
    return Problem("request-field-wrong", where, {"rule": kind, "expected": expected, "value": value})


HTTP_KINDS = {404: "route-unknown", 405: "method-not-allowed", 400: "request-unreadable", 415: "media-type-unknown"}


def install(app: FastAPI) -> None:
    """Answer every refusal, and the framework's own errors, with the same body."""

    @app.exception_handler(Refusal)
    def refused(_: Request, refusal: Refusal) -> JSONResponse:
        return answer(refusal)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return answer(from_validation(error))

    @app.exception_handler(Exception)
    def fault(request: Request, error: Exception) -> JSONResponse:
        # The server logs the error itself; the number says which line of the log this answer belongs to.
        incident = secrets.token_hex(8)
        log.error("incident %s: %s %s: %r", incident, request.method, request.url.path, error)
        return JSONResponse(
            body("fault", 500, [Problem("fault", "", {"incident": incident})]), 500, media_type=MEDIA_TYPE
        )

    @app.exception_handler(HTTPException)
    def framework(request: Request, error: HTTPException) -> JSONResponse:
        code = HTTP_KINDS.get(error.status_code, "request-refused")
        facts = {"method": request.method, "detail": str(error.detail)}
        if error.status_code == 415:
            facts = {"value": request.headers.get("content-type", ""), "rule": str(error.detail)}
        problem = Problem(code, request.url.path, facts)
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(taken_at(request.app, request.url.path))
        return JSONResponse(body(code, error.status_code, [problem]), error.status_code, headers, MEDIA_TYPE)


def taken_at(app: FastAPI, path: str) -> list[str]:
    """Every method that some route takes at this path; the framework names those of the first route alone."""
    routes = [route for route in iter_route_contexts(app.routes) if _pattern(str(route.path)).match(path)]
    return sorted({method for route in routes for method in route.methods or ()})


@lru_cache(maxsize=1024)
def _pattern(path: str) -> re.Pattern[str]:
    return compile_path(path)[0]
