"""The API described: OpenAPI 3.1 that validates, no operation without words, refusals or a stable name."""

from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from specialty_eval.api.problems import MEDIA_TYPE, STATUS
from specialty_eval.app import create_app


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return create_app("postgresql+psycopg://nowhere/none", Path()).openapi()


@pytest.fixture(scope="module")
def operations(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """`POST /v1/…` → the operation."""
    paths = described["paths"].items()
    return {f"{method.upper()} {path}": o for path, found in paths for method, o in found.items()}


def test_the_description_is_openapi_3_1(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1.")
    validate(described, cls=OpenAPIV31SpecValidator)


def test_every_operation_has_words_one_tag_and_a_name_of_its_own(operations: dict[str, dict[str, Any]]) -> None:
    wordless = [name for name, o in operations.items() if not (o["summary"].strip() and o["description"].strip())]
    assert wordless == []
    assert [name for name, o in operations.items() if len(o["tags"]) != 1] == []
    assert len({o["operationId"] for o in operations.values()}) == len(operations)
    assert [o["operationId"] for o in operations.values() if o["operationId"].count(".") != 1] == []


def test_every_refusal_an_operation_can_answer_with_is_described(operations: dict[str, dict[str, Any]]) -> None:
    known = {str(status) for status in STATUS.values()} - {"410"} | {"415"}  # a closed specialty's 410 is its status
    for name, o in operations.items():
        refused = {s: r for s, r in o["responses"].items() if s in known}
        assert (name, [s for s, r in refused.items() if list(r["content"]) != [MEDIA_TYPE]]) == (name, [])
        parameters = {p["name"] for p in o.get("parameters", [])}
        expected = {"401", "403", "503"} | ({"422"} if parameters or "requestBody" in o else set())
        expected |= {"412"} if "If-Match" in parameters or "if-match" in parameters else set()
        expected |= {"413", "415"} if "requestBody" in o else set()
        assert (name, expected - set(refused)) == (name, set())


def test_every_change_takes_an_idempotency_key(operations: dict[str, dict[str, Any]]) -> None:
    changing = {n: o for n, o in operations.items() if not n.startswith("GET ") and "x-answer-kept" not in o}
    without = [n for n, o in changing.items() if "Idempotency-Key" not in {p["name"] for p in o["parameters"]}]
    assert (len(changing) > 70, without) == (True, [])


def test_credentials_are_a_bearer_token_or_nothing(described: dict[str, Any]) -> None:
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert described["security"] == [{"bearer": []}, {}]


FREE_FORM = {"EventAnswer.facts", "FindingAnswer.facts", "ReasonAnswer.facts"}
"""What depends on the kind of an event or the code of a reason: docs/events.md and docs/problems.md name it."""


def test_every_json_answer_is_a_named_shape(described: dict[str, Any], operations: dict[str, dict[str, Any]]) -> None:
    shapes = described["components"]["schemas"]
    untyped = []
    for name, o in operations.items():
        for status, answer in o["responses"].items():
            content = answer.get("content", {}).get("application/json")
            if not name.split()[1].startswith(("/v1/", "/healthz", "/readyz")) or content is None:
                continue
            shape = shapes.get(content["schema"].get("$ref", "").rpartition("/")[2], {})
            untyped += [] if shape.get("properties") else [f"{name} {status}"]
    assert (len(operations) > 140, untyped) == (True, [])


def test_no_value_in_an_answer_is_without_a_type(described: dict[str, Any]) -> None:
    """Also behind lists, maps and alternatives: an answer's field that could be anything tells a client nothing."""
    shapes = described["components"]["schemas"]
    fields = {f"{n}.{f}": s for n, shape in shapes.items() for f, s in shape.get("properties", {}).items()}
    assert {name for name, schema in fields.items() if _is_open(schema)} == FREE_FORM


def _is_open(schema: dict[str, Any] | bool) -> bool:
    if isinstance(schema, bool) or not schema.keys() & {"$ref", "anyOf", "oneOf", "type", "enum", "const"}:
        return schema is not False
    if schema.get("type") == "object" and "properties" not in schema:
        return _is_open(schema.get("additionalProperties", True))
    inner = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *([schema["items"]] if "items" in schema else ())]
    return (schema.get("type") == "array" and "items" not in schema) or any(_is_open(each) for each in inner)


def test_what_is_open_is_found() -> None:
    closed = {"type": "object", "additionalProperties": {"type": "integer"}}
    assert not _is_open({"anyOf": [closed, {"type": "null"}]})
    assert _is_open({"type": "array", "items": {"type": "object", "additionalProperties": True}})
    assert _is_open({"title": "Anything"})
    assert _is_open({"type": "array"})
