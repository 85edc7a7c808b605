"""What can be asked, once for both clients: a request, and how its answer is read. No input or output here."""

import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import islice
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx

from specialty_eval_client import models
from specialty_eval_client.errors import Unreadable, refusal
from specialty_eval_client.models import Json, Page, Status, Statuses, Versioned

T = TypeVar("T")
AT_ONCE = 1000
"""Codes that one query for statuses takes."""
CHANGING = frozenset({"POST", "PUT", "DELETE", "PATCH"})
KEYLESS = re.compile(r"/v1/(sign-in|sign-out|invitations|password|keys|webhooks|webhooks/[^/]+/rotate|imports/people)")
"""Requests that take or tell a secret: the server keeps nothing of them, so they take no key and are sent once. So is a
person made with a password.
"""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request and the reader of its answer. `ended` are statuses from 300 up that `read` understands, `safe` says
    that it changes nothing, whatever its method, `public` that everybody is answered alike: no key is shown, and the
    server answers from memory, also while its database is away.
    """

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    ended: frozenset[int] = frozenset()
    safe: bool = False
    public: bool = False

    @property
    def repeatable(self) -> bool:
        """It may be sent twice without being done twice."""
        return self.safe or self.method not in CHANGING or "Idempotency-Key" in self.headers

    def shown(self, request: httpx.Request) -> httpx.Request:
        """The request as it leaves."""
        if self.public:
            request.headers.pop("Authorization", None)
        return request

    def answered(self, response: httpx.Response) -> T:
        """What the answer says; Refused with every reason, or Unreadable."""
        if response.is_success or response.status_code in self.ended:
            return self.read(response)
        if response.status_code < 400:
            raise Unreadable(f"{self.method} {self.path}: {response.status_code}")
        raise refusal(response)


def request(
    method: str,
    path: str,
    read: Callable[[httpx.Response], T],
    *,
    params: Mapping[str, Any] | None = None,
    body: Any = None,
    file: tuple[bytes, str] | None = None,
    if_match: str | None = None,
    key: str | None = None,
) -> Call[T]:
    """A call with a JSON body, or a file's bytes and media type. One that changes something gets an idempotency key
    of its own unless it is given one.
    """
    headers: dict[str, str] = {}
    if body is not None:
        file = json.dumps(body, ensure_ascii=False).encode(), "application/json"
    if file:
        headers["Content-Type"] = file[1]
    if if_match:
        headers["If-Match"] = if_match
    if method in CHANGING and not _is_secret(path, body):
        headers["Idempotency-Key"] = key or str(uuid.uuid4())
    given = {k: v for k, v in (params or {}).items() if v is not None}
    return Call(method, path, read, given, file and file[0], headers)


def _is_secret(path: str, body: Any) -> bool:
    has_password = path == "/v1/people" and isinstance(body, Mapping) and bool(body.get("password"))
    return has_password or KEYLESS.fullmatch(path.rstrip("/")) is not None


def status(code: str, valid_at: date | None, known_at: datetime | None) -> Call[Status]:
    """One specialty's status; a closed one's last status, with `closed_on`."""
    when = {"valid_at": valid_at and valid_at.isoformat(), "known_at": known_at and known_at.isoformat()}
    path = f"/v1/specialties/{segment(code)}/status"
    return replace(request("GET", path, _status, params=when), ended=frozenset({410}), public=True)


def unless_changed(code: str, known: Status) -> Call[Status]:
    """The status again, as it is when nothing changed since `known`: then hardly anything travels."""

    def read(response: httpx.Response) -> Status:
        return known if response.status_code == 304 else _status(response)

    path = f"/v1/specialties/{segment(code)}/status"
    return Call("GET", path, read, headers={"If-None-Match": known.etag}, ended=frozenset({304, 410}),
                public=True)  # fmt: skip


def statuses(codes: Sequence[str]) -> Call[Statuses]:
    """Up to a thousand at once. It changes nothing and so needs no key."""
    path, body = "/v1/status/query", json.dumps({"codes": list(codes)}).encode()
    headers = {"Content-Type": "application/json"}
    return Call("POST", path, lambda r: models.statuses(as_json(r)), content=body, headers=headers, safe=True,
                public=True)  # fmt: skip


def thousands(codes: Iterable[str]) -> Iterator[list[str]]:
    """The codes by as many as one query takes."""
    waiting = iter(codes)
    while part := list(islice(waiting, AT_ONCE)):
        yield part


def pages(path: str, row: Callable[[Json], T], params: Mapping[str, Any] | None = None) -> Call[Page[T]]:
    """A page of any list."""
    return request("GET", path, lambda r: models.page(as_json(r), row), params=params)


def after(call: Call[Page[T]], cursor: str) -> Call[Page[T]]:
    """The same list from this cursor on."""
    return replace(call, params={**call.params, "after": cursor})


def events(kinds: Sequence[str], cursor: str | None, limit: int) -> Call[Page[models.Event]]:
    """A page of the change feed."""
    asked = {"types": list(kinds) or None, "after": cursor, "limit": limit}
    return pages("/v1/events", models.event, asked)


def snapshot(limit: int) -> Call[Page[models.Event]]:
    """A page of the last change of state of everything there is."""
    return pages("/v1/snapshot", models.event, {"limit": limit})


def versioned(method: str, path: str, body: Any = None, if_match: str | None = None) -> Call[Versioned[Json]]:
    """One thing, or a change of it, with the version that it has then."""
    return request(method, path, lambda r: Versioned(as_json(r), r.headers.get("etag", "")),
                   body=body, if_match=if_match)  # fmt: skip


def draft(
    review_id: int,
    figures: Mapping[str, str],
    sources: Mapping[str, str] | None,
    self_evaluation: str,
    if_match: str | None,
) -> Call[Versioned[Json]]:
    """Keep what a school has filled in so far; values as text, as written."""
    body = {"figures": dict(figures), "sources": dict(sources or {}), "self_evaluation": self_evaluation}
    return versioned("PUT", f"/v1/reviews/{review_id}/evidence", body, if_match)


def attachment(review_id: int, measure: str, name: str, content: bytes) -> Call[Json]:
    """Keep a file that proves a measure."""
    return request("POST", f"/v1/reviews/{review_id}/attachments", as_json, params={"measure": measure, "name": name},
                   file=(content, "application/octet-stream"))  # fmt: skip


def report(
    code: str, year: int, policy: tuple[str, str], figures: Mapping[str, str], sources: Mapping[str, str] | None
) -> Call[Json]:
    """A specialty's figures of one year, reported by its school; `policy` is its id and version."""
    body = {"policy_id": policy[0], "policy_version": policy[1], "figures": dict(figures),
            "sources": dict(sources or {})}  # fmt: skip
    return request("PUT", f"/v1/specialties/{segment(code)}/report/{year}", as_json, body=body)


def load(kind: str, content: bytes, content_type: str, params: Mapping[str, Any]) -> Call[Json]:
    """A file of many rows: all of it, or nothing with every problem."""
    return request("POST", f"/v1/imports/{segment(kind)}", as_json, params=params,
                   file=(content, content_type))  # fmt: skip


def whole(response: httpx.Response) -> Any:
    """Any answer: its JSON, or its bytes where it is not JSON, or None where it is empty."""
    if not response.content:
        return None
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    return as_json(response) if kind == "application/json" or kind.endswith("+json") else response.content


def as_json(response: httpx.Response) -> Any:
    """The answer's JSON."""
    try:
        return response.json()
    except ValueError as fault:
        raise Unreadable(f"{response.url}: no JSON: {response.text[:100]!r}") from fault


def segment(text: str) -> str:
    """Part of a path, whatever is in it."""
    return quote(text, safe="")


def _status(response: httpx.Response) -> Status:
    age = response.headers.get("age", "0")
    return models.status(as_json(response), response.headers.get("etag", ""), int(age) if age.isdigit() else 0)


def status_of_line(text: str) -> Status:
    """A line of the whole list."""
    return models.status(models.reading("status", lambda: json.loads(text)))


EVERY_STATUS: Call[Any] = Call("GET", "/v1/status.ndjson", whole, public=True)
"""The whole list, a line each."""
