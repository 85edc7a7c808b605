"""The sandbox's fixed codes: one for every status, refusal and limit that a program may meet, always answered the same.

What stands here is invented, and none of it is at the address of a real specialty.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

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

YEAR = 2026
SLOW = 3
"""Seconds that `sandbox-slow` takes."""
GREEN: dict[str, Any] = {
    "name": "示例专业", "school": "示例职业学校", "rating": "green", "rating_year": YEAR - 1, "reasons": [],
    "document_number": "示例职评〔2026〕1号", "valid_from": date(YEAR, 6, 20), "provisional": None, "under": [],
    "standing": "supported", "quota": {YEAR: 60}, "closed_on": None,
}  # fmt: skip
RED = GREEN | {"rating": "red", "reasons": ["employment-low"]}
NEVER = GREEN | {
    "rating": None, "rating_year": None, "document_number": None, "valid_from": None, "standing": "normal",
}  # fmt: skip
PREVIEWED = GREEN | {"provisional": "yellow"}
OBJECTED = GREEN | {"provisional": "red", "under": ["objection"]}
APPEALED = RED | {"under": ["appeal"], "standing": "phasing_out"}
STATUSES: dict[str, tuple[str, dict[str, Any]]] = {
    "sandbox-green": ("绿牌，支持 · green, supported", GREEN),
    "sandbox-yellow": (
        "黄牌，压缩招生 · yellow, restricted",
        GREEN | {"rating": "yellow", "standing": "restricted", "quota": {YEAR: 42}},
    ),
    "sandbox-red": ("红牌，逐步停止招生 · red, phasing out", RED | {"standing": "phasing_out", "quota": {YEAR: 30}}),
    "sandbox-suspended": ("红牌，停止招生 · red, suspended", RED | {"standing": "suspended", "quota": {YEAR: 0}}),
    "sandbox-unrated": ("暂不评定 · unrated", GREEN | {"rating": "unrated", "standing": "normal"}),
    "sandbox-incomplete": ("数据不全 · incomplete", GREEN | {"rating": "incomplete", "standing": "normal"}),
    "sandbox-never": ("未参评 · never rated: `rating` is null", NEVER),
    "sandbox-provisional": ("新的黄牌在公示，绿牌仍有效 · yellow in publicity, green in force", PREVIEWED),
    "sandbox-objection": ("公示中有异议 · an objection is open", OBJECTED),
    "sandbox-appeal": ("红牌在申诉中，仍有效 · red, under appeal, in force", APPEALED),
    "sandbox-correction": ("更正中 · under correction", GREEN | {"under": ["correction"]}),
    "sandbox-slow": (f"{SLOW} 秒后才答 · answers after {SLOW} seconds", GREEN),
}
CLOSED = ("已撤销，410 和最后的状态 · closed: 410 and its last status",
          RED | {"standing": "closed", "quota": {}, "closed_on": date(YEAR, 8, 31)})  # fmt: skip
MOVED = ("换了代码，308 到 sandbox-green · superseded: 308 to sandbox-green", "sandbox-green")
REFUSALS: dict[str, tuple[str, Refusal]] = {
    "sandbox-signed-out": ("401", NotSignedIn(Problem("sign-in-expired"))),
    "sandbox-forbidden": ("403", NotYou(Problem("role-missing", "roles", {"roles": ["school_head"]}))),
    "sandbox-unknown": ("404", NotFound(Problem("not-found", "specialty", {"id": "sandbox-unknown"}))),
    "sandbox-conflict": ("409", NotNow(Problem("step-not-open", "review", {"event": "submit", "state": "verified"}))),
    "sandbox-too-old": ("410", Gone(Problem("cursor-too-old", "after", {"since": f"{YEAR}-01-01"}))),
    "sandbox-changed": ("412", Changed(Problem("changed-meanwhile", "version", {"yours": 3, "current": 4}))),
    "sandbox-large": ("413", TooLarge(Problem("body-too-large", "body", {"limit": 1 << 20}))),
    "sandbox-invalid": ("422，两个理由 · 422 with two reasons", Invalid(
        Problem("request-field-wrong", "valid_at", {"value": "2026-02-30", "expected": "date"}),
        Problem("request-field-wrong", "known_at", {"value": "yesterday", "expected": "date-time"}),
    )),
    "sandbox-limited": ("429，Retry-After 1 秒 · 429 with Retry-After",
                        TooMany(Problem("too-many-requests", "", {"at_most": 1, "seconds": 1, "wait": 1}))),
    "sandbox-unavailable": ("503，Retry-After 1 秒 · 503 with Retry-After", TryAgain(Problem("busy"))),
}  # fmt: skip

BEFORE: dict[str, tuple[str, int, Problem]] = {
    "sandbox-media": ("415，请求体的媒体类型 · 415, the body's media type", 415,
                      Problem("media-type-unknown", "", {"value": "text/plain", "rule": "application/json"})),
    "sandbox-head": ("431，请求头过大 · 431, headers too large", 431,
                     Problem("head-too-large", "header", {"limit": 32 << 10})),
}  # fmt: skip
"""What is refused before anything is done, by the server itself: the code, what it stands for, status and reason."""


def codes() -> Iterator[tuple[str, str, Refusal | int]]:
    """Each code, what it stands for, and the HTTP status or the refusal that it is answered with."""
    yield from ((code, about, 200) for code, (about, _) in STATUSES.items())
    yield "sandbox-moved", MOVED[0], 308
    yield "sandbox-closed", CLOSED[0], 410
    yield from ((code, about, refusal) for code, (about, refusal) in REFUSALS.items())
    yield from ((code, about, status) for code, (about, status, _) in BEFORE.items())
