"""The API's description: what every operation can be refused with, who is asked for credentials, how things are called.

Written in one place from each operation's own shape, so that no route can forget it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.types import Receive, Scope, Send

from specialty_eval.engine.webhooks import Network
from specialty_eval.rooms import open_all

from . import versions
from .bell import Bell
from .deps import SECRET
from .exports import XLSX, rows_at
from .problems import MEDIA_TYPE, ProblemAnswer, answer
from .status_fast import READS, Fast
from .status_many import Many
from .status_whole import Whole

FEED_DAYS = 3650
"""Days for which events are offered to followers, unless a server is told otherwise."""
REFUSALS = {
    "401": "nobody is signed in, or the credentials do not hold (any more)",
    "403": "no role of the caller allows it here",
    "404": "there is no such thing, or the caller may not know that there is",
    "409": "the state, the clock, a quorum or another's change is in the way",
    "412": "the caller has read another version (`If-Match`)",
    "413": "the body is beyond its limit and was not read",
    "415": "a body of this media type is not taken",
    "422": "a value breaks a rule; every reason is named",
    "431": "the request line and headers are beyond their limit",
    "429": "more requests than one key or address may send; `Retry-After` says when to come again",
    "503": "a lock or the database is in the way; the same request may succeed (`Retry-After`)",
}
IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "a repeated request with the same key gets the first answer, for a day at least",
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,200}$"},
}
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "a person's token (`POST /v1/sign-in`) or a machine's key; the public shows nothing",
}
_SENTENCE = re.compile(r"[.;:(]\s|\.$|\s\(")


def operation_id(route: APIRoute) -> str:
    """`evidence.submit`: the capability and the function, which a path may outlive."""
    return f"{(route.tags or ['web'])[0]}.{route.name.strip('_')}"


class Api(FastAPI):
    """An application whose description says what this module knows, behind what is answered from memory."""

    def __init__(self, **said: Any) -> None:
        self.front = Fast()
        self.many, self.whole = Many(self.front), Whole(self.front)
        self.bell = Bell()
        self.feed_days = FEED_DAYS
        self.webhook_networks: Sequence[Network] = ()
        super().__init__(**said)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """From memory, or by the routes."""
        # What is asked most is a status: said here, as each call between would cost a part of it.
        if scope["type"] == "http" and not scope["query_string"] and scope["method"] in READS:
            told = self.front.told(scope["path"], scope["headers"])
            if told is not None:
                await send({"type": "http.response.start", "status": told[0], "headers": told[1]})
                await send({"type": "http.response.body", "body": told[2]})
                return
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            send = versions.telling(send)
            if (refusal := versions.refused(scope)) is not None:
                await answer(refusal)(scope, receive, send)
                return
        if not await self.front.elsewhere(scope, receive, send):
            await self.many(scope, receive, send, super().__call__)

    def openapi(self) -> dict[str, Any]:
        """OpenAPI 3.1, of every room."""
        open_all(self)
        schema = super().openapi()
        if "securitySchemes" not in schema.setdefault("components", {}):
            _describe_sheets(schema, models_of(self))
            _describe(schema)
        return schema


FORMAT = {
    "name": "format",
    "in": "query",
    "required": False,
    "description": "`xlsx`: the whole list as a workbook, as filtered, instead of a page of it (`Accept` says it too)",
    "schema": {"type": "string", "enum": ["json", "xlsx"], "default": "json"},
}


def models_of(app: FastAPI) -> dict[str, tuple[str, Any]]:
    """Path → where the rows are in what its GET answers, and its shape; of the lists alone."""
    found = {}
    for route in iter_route_contexts(app.routes):
        model = getattr(route.original_route, "response_model", None) if "GET" in (route.methods or ()) else None
        if (at := rows_at(model)) is not None:
            found[str(route.path)] = (at, model)
    return dict(sorted(found.items()))


def _describe_sheets(schema: dict[str, Any], lists: Iterable[str]) -> None:
    for path in lists:
        operation = schema["paths"][path]["get"]
        operation.setdefault("parameters", []).append(FORMAT)
        operation["responses"]["200"]["content"][XLSX] = {"schema": {"type": "string", "format": "binary"}}


def _describe(schema: dict[str, Any]) -> None:
    shapes = schema["components"].setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        shapes.pop(name, None)
    problem = ProblemAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
    shapes.update(problem.pop("$defs"))
    shapes["ProblemAnswer"] = problem
    schema["components"]["schemas"] = dict(sorted(shapes.items()))
    schema["components"]["securitySchemes"] = {"bearer": BEARER}
    schema["security"] = [{"bearer": []}, {}]
    for operations in schema["paths"].values():
        for method, operation in operations.items():
            _describe_one(method, operation)


def _describe_one(method: str, operation: dict[str, Any]) -> None:
    said = operation["description"].split("\n")[0]
    operation["summary"] = _SENTENCE.split(said)[0].rstrip(".")
    if method != "get" and not operation.keys() & SECRET.keys():
        operation.setdefault("parameters", []).append(IDEMPOTENCY)
    for status in _refused_with(method, operation):
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}}}
        operation["responses"][status] = {"description": REFUSALS[status], "content": content}
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _refused_with(method: str, operation: dict[str, Any]) -> set[str]:
    """The statuses of refusals that an operation of this shape can answer with, and those its route names besides."""
    parameters = operation.get("parameters", [])
    statuses = {"401", "403", "429", "431", "503"} | {status for status in REFUSALS if status in operation["responses"]}
    if any(parameter["in"] == "path" for parameter in parameters):
        statuses.add("404")
    if any(parameter["name"].lower() == "if-match" for parameter in parameters):
        statuses.add("412")
    if method != "get":
        statuses |= {"404", "409"}
    if "requestBody" in operation:
        statuses |= {"413", "415"}
    if parameters or "requestBody" in operation:
        statuses.add("422")
    return statuses
