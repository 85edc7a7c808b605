"""`/api`: the API's reference, made from its own OpenAPI document: every route with its parameters, body, answer and
a request to copy; and every problem code. Offline, printable, without a script (ADR 0014).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request

from specialty_eval import text
from specialty_eval.actions.context import Context

from . import pages
from .pages import Shown
from .schemas import Field, Json, Schemas

OPEN = frozenset(
    {
        "POST /v1/sign-in",
        "GET /v1/events",
        "GET /v1/rounds/{round_id}/publications",
        "GET /v1/specialties/{code}/status",
        "GET /healthz",
        "GET /readyz",
    }
)
"""What anybody may call without a token, beside what says so of itself."""
SAYS_SO = ("(public", "(anyone")
SAMPLES = {"code": "$CODE", "policy_id": "dezhou", "version": "2026.1", "year": "2025", "event": "start"}


@dataclass(frozen=True, slots=True)
class Route:
    """One call."""

    method: str
    path: str
    about: str
    is_open: bool
    parameters: Sequence[tuple[str, Field]]
    body: Sequence[tuple[str, Field]]
    media: str
    answers: Sequence[tuple[str, Sequence[tuple[str, Field]]]]
    other_answers: Sequence[str]
    example: str

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return f"{self.method}-{self.path}".lower().replace("/", "-").replace("{", "").replace("}", "")


def grouped(document: Json) -> Iterator[tuple[str, list[Route]]]:
    """Tag → its routes, in the document's order."""
    schemas = Schemas(document.get("components", {}).get("schemas", {}))
    found: dict[str, list[Route]] = {}
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            found.setdefault(said["tags"][0], []).append(route(method.upper(), path, said, schemas))
    yield from found.items()


def route(method: str, path: str, said: Json, schemas: Schemas) -> Route:
    """One call of the document, as the page shows it."""
    contents: Json = said.get("requestBody", {}).get("content", {})
    media = next(iter(contents), "")
    schema = contents.get(media, {}).get("schema", {})
    parameters = [(each["in"], parameter(each, schemas)) for each in said.get("parameters", ())]
    about = said.get("description", said.get("summary", ""))
    is_open = f"{method} {path}" in OPEN or any(word in about for word in SAYS_SO)
    return Route(
        method=method,
        path=path,
        about=about,
        is_open=is_open,
        parameters=parameters,
        body=unplaced(schemas, schema),
        media=media,
        answers=[(status, unplaced(schemas, shape(answer))) for status, answer in said["responses"].items()
                 if status.startswith("2")],
        other_answers=[status for status in said["responses"] if not status.startswith("2")],
        example=curl(method, path, is_open, parameters, media, schemas.example(schema) if media else None),
    )  # fmt: skip


def unplaced(schemas: Schemas, schema: Json) -> list[tuple[str, Field]]:
    """The fields of a body, which stand nowhere but in it."""
    return [("", field) for field in schemas.fields(schema)]


def parameter(said: Json, schemas: Schemas) -> Field:
    """A parameter as a field."""
    kind = schemas.kind(said["schema"]).removesuffix(" | null")
    return Field(said["name"], kind, bool(said.get("required")), said.get("description", ""), "")


def shape(answer: Json) -> Json:
    """The schema of an answer's body."""
    found: Json = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return found


def curl(method: str, path: str, is_open: bool, parameters: Sequence[tuple[str, Field]], media: str, body: Any) -> str:
    """A request to copy."""
    for place, field in parameters:
        if place == "path":
            path = path.replace(f"{{{field.name}}}", SAMPLES.get(field.name, "1"))
    needed = [f"{f.name}={SAMPLES.get(f.name, '…')}" for place, f in parameters if place == "query" and f.required]
    lines = ["curl -s" + ("" if method == "GET" else f" -X {method}") + f' "$BASE{path}{query(needed)}"']
    if not is_open:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if any(field.name == "if-match" for _, field in parameters):
        lines.append("-H 'If-Match: \"v1\"'")
    if media == "application/json":
        lines += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(body, ensure_ascii=False)}'"]
    elif media:
        lines += [f"-H 'Content-Type: {media}'", "--data-binary @file.pdf"]
    return " \\\n  ".join(lines)


def query(needed: Sequence[str]) -> str:
    """The query of an example, with what must be there."""
    return f"?{'&'.join(needed)}" if needed else ""


def routes(_: Context, request: Request) -> Shown:
    """The reference; what the document says is sorted once an application."""
    state = request.app.state
    if not hasattr(state, "reference"):
        state.reference = list(grouped(request.app.openapi()))
    base = f"{request.url.scheme}://{request.url.netloc}"
    return Shown("reference.html", {"groups": state.reference, "base": base})


def problems(_: Context, request: Request) -> Shown:
    """The list of problem codes."""
    lang = pages.language(request)
    found = [(p.code, text.message(p, lang), text.advice(p, lang)) for p in map(text.sample, sorted(text.codes()))]
    return Shown("problems.html", {"problems": found})


router = APIRouter()
pages.add(router, "/api", routes)
pages.add(router, "/api/problems", problems)
