"""What counts as a breach of the API's promises, and that the present one breaks none of the released one's."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from specialty_eval.contract import ROOT, changes
from specialty_eval.contract_changes import breaking, takes_less, tells_less

Json = dict[str, Any]
BEFORE: Json = {
    "paths": {
        "/v1/things/{id}": {
            "put": {
                "parameters": [
                    {"in": "path", "name": "id", "required": True, "schema": {"type": "integer"}},
                    {"in": "query", "name": "dry", "required": False, "schema": {"type": "boolean"}},
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                },
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Told"}}}},
                    "404": {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/No"}}}},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object", "additionalProperties": False, "required": ["kind"],
                "properties": {
                    "kind": {"type": "string", "enum": ["a", "b"], "maxLength": 9},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "figures": {"type": "object", "additionalProperties": {"type": "string"}},
                    "either": {"anyOf": [{"type": "string"}, {"type": "object", "required": ["a"]}]},
                    "parts": {"type": "array", "maxItems": 5, "items": {"$ref": "#/components/schemas/Thing"}},
                },
            },
            "Told": {
                "type": "object", "required": ["id", "state"],
                "properties": {"id": {"type": "integer"}, "state": {"type": "string", "enum": ["new"]},
                               "on": {"type": "string", "format": "date"},
                               "about": {"anyOf": [
                                   {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                                   {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]},
                               ]},
                               "again": {"$ref": "#/components/schemas/Told"}},
            },
            "No": {"type": "object", "properties": {"problems": {"type": "array"}}, "required": ["problems"]},
        }
    },
}  # fmt: skip
THING, TOLD = (BEFORE["components"]["schemas"][name] for name in ("Thing", "Told"))


def put(document: Json) -> Json:
    found: Json = document["paths"]["/v1/things/{id}"]["put"]
    return found


def thing(document: Json) -> Json:
    found: Json = document["components"]["schemas"]["Thing"]
    return found


def told(document: Json) -> Json:
    found: Json = document["components"]["schemas"]["Told"]
    return found


BREACHES: dict[str, Callable[[Json], object]] = {
    "operation": lambda d: d["paths"].clear(),
    "parameter gone": lambda d: put(d)["parameters"].pop(),
    "parameter required": lambda d: put(d)["parameters"][1].update(required=True),
    "new required parameter": lambda d: put(d)["parameters"].append(
        {"in": "header", "name": "X", "required": True, "schema": {"type": "string"}}
    ),
    "parameter of another kind": lambda d: put(d)["parameters"][1].update(schema={"type": "integer"}),
    "media type": lambda d: put(d)["requestBody"].update(content={"text/csv": {"schema": {}}}),
    "field required": lambda d: thing(d)["required"].append("note"),
    "field not taken": lambda d: thing(d)["properties"].pop("note"),
    "null not taken": lambda d: thing(d)["properties"].update(note={"type": "string"}),
    "value not taken": lambda d: thing(d)["properties"]["kind"].update(enum=["a"]),
    "shorter": lambda d: thing(d)["properties"]["kind"].update(maxLength=8),
    "longer": lambda d: thing(d)["properties"]["kind"].update(minLength=1),
    "pattern": lambda d: thing(d)["properties"]["kind"].update(pattern="^a"),
    "only some values": lambda d: thing(d)["properties"].update(note={"enum": ["a", "b"]}),
    "only one value": lambda d: thing(d)["properties"].update(note={"type": "string", "const": "a"}),
    "a form": lambda d: thing(d)["properties"].update(note={"type": "string", "format": "date"}),
    "values of another kind": lambda d: thing(d)["properties"]["figures"].update(
        additionalProperties={"type": "integer"}
    ),
    "no other fields": lambda d: thing(d)["properties"]["figures"].update(additionalProperties=False),
    "one of two": lambda d: thing(d)["properties"]["either"]["anyOf"][1].update(required=["a", "b"]),
    "fewer": lambda d: thing(d)["properties"]["parts"].update(maxItems=4),
    "status": lambda d: put(d)["responses"].pop("200"),
    "answered as": lambda d: put(d)["responses"]["200"].update(content={"text/csv": {"schema": {}}}),
    "answer's field gone": lambda d: told(d)["properties"].pop("state"),
    "answer's field not always there": lambda d: told(d)["required"].remove("id"),
    "answer's field may be null": lambda d: told(d)["properties"].update(
        id={"anyOf": [{"type": "integer"}, {"type": "null"}]}
    ),
    "answer's day is an instant": lambda d: told(d)["properties"]["on"].update(format="date-time"),
    "a field of one of several": lambda d: told(d)["properties"]["about"]["anyOf"][1]["required"].clear(),
    "a further one of several": lambda d: told(d)["properties"]["about"]["anyOf"].append({"type": "object"}),
    "a refusal without its reasons": lambda d: d["components"]["schemas"]["No"]["properties"].clear(),
    "answer's field of another kind": lambda d: told(d)["properties"].update(id={"type": "string"}),
}
NO_BREACHES: dict[str, Callable[[Json], object]] = {
    "nothing": lambda _: None,
    "another operation": lambda d: d["paths"].update({"/v1/more": {"get": {"responses": {"200": {}}}}}),
    "an optional parameter": lambda d: put(d)["parameters"].append(
        {"in": "query", "name": "more", "schema": {"type": "string"}}
    ),
    "an optional field": lambda d: thing(d)["properties"].update(more={"type": "string"}),
    "another value": lambda d: thing(d)["properties"]["kind"]["enum"].append("c"),
    "a wider bound": lambda d: thing(d)["properties"]["kind"].update(maxLength=10),
    "no longer required": lambda d: thing(d)["required"].remove("kind"),
    "a new field in the answer": lambda d: told(d)["properties"].update(more={"type": "string"}),
    "always there now": lambda d: told(d)["required"].append("again"),
    "one of several always there": lambda d: told(d)["properties"]["about"]["anyOf"][0].update(
        properties={"a": {"type": "string"}, "c": {"type": "string"}}
    ),
    "another that is taken": lambda d: thing(d)["properties"]["either"]["anyOf"].append({"type": "integer"}),
    "another refusal": lambda d: put(d)["responses"].update({"429": {}}),
    "the same shape by another name": lambda d: (
        d["components"]["schemas"].update(Other=told(d)),
        put(d)["responses"]["200"]["content"]["application/json"].update(schema={"$ref": "#/components/schemas/Other"}),
    ),
}


@pytest.mark.parametrize("name", BREACHES)
def test_a_breach_is_found_and_says_where(name: str) -> None:
    now = copy.deepcopy(BEFORE)
    BREACHES[name](now)
    (found, *_) = breaking(BEFORE, now)
    assert found.startswith("PUT /v1/things/{id}")


@pytest.mark.parametrize("name", NO_BREACHES)
def test_what_takes_nothing_away_is_none(name: str) -> None:
    now = copy.deepcopy(BEFORE)
    NO_BREACHES[name](now)
    assert breaking(BEFORE, now) == []


EVENTS: Json = {
    "oneOf": [{"$ref": "#/$defs/a.b"}],
    "$defs": {"a.b": {"type": "object", "properties": {"why": {"type": "string"}}, "required": ["why"]}},
}


def test_an_event_keeps_its_facts_and_another_kind_is_no_breach() -> None:
    now = copy.deepcopy(EVENTS)
    now["oneOf"].append({"$ref": "#/$defs/a.c"})
    now["$defs"]["a.c"] = {"type": "object"}
    assert tells_less("event", EVENTS, now) == []
    now["$defs"]["a.b"]["properties"].clear()
    assert [line.split(":")[0] for line in tells_less("event", EVENTS, now)] == ["event a.b.why"]
    del now["$defs"]["a.b"]
    assert [line.split(":")[0] for line in tells_less("event", EVENTS, now)] == ["event a.b"]


def test_a_schema_of_what_is_sent_takes_what_it_took() -> None:
    before = {"type": "object", "properties": {"figures": {"type": "object"}}}
    assert takes_less("evidence", before, {**before, "required": ["figures"]})
    assert takes_less("evidence", before, {**before, "properties": {}}) == []


def test_the_present_api_keeps_what_the_released_one_promised() -> None:
    assert changes() == []


def test_the_released_one_has_a_date() -> None:
    version = json.loads((ROOT / "api_schemas/released/openapi.json").read_text(encoding="utf-8"))["info"]["version"]
    assert len(version) == len("2026-11-29")
