"""The JSON Schema of every event as others get it: a CloudEvent of one of the kinds there are."""

from typing import Any

from .event_facts import facts_schema
from .event_kinds import KINDS
from .machines import MACHINES

Json = dict[str, Any]
_NUMBER = {"type": ["integer", "null"]}


def event_schema() -> Json:
    """JSON Schema (2020-12): what every event has, and for each kind its states before and after and its facts."""
    said = "CloudEvents 1.0 of specialty-eval, as GET /v1/events tells them and webhooks deliver them"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:specialty-eval:events-1",
        "title": said,
        "allOf": [{"$ref": "#/$defs/cloud-event"}],
        "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in sorted(KINDS)],
        "$defs": {"cloud-event": _cloud_event(), "event": _event(), **{kind: _of(kind) for kind in sorted(KINDS)}},
    }


def _object(**properties: Any) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _cloud_event() -> Json:
    return _object(
        specversion={"const": "1.0"},
        id={"type": "string", "pattern": "^[0-9]+$", "description": "data.seq"},
        source={"type": "string", "format": "uri", "description": "the installation"},
        type={"type": "string"},
        subject={"type": "string", "pattern": "^[a-z_]+/[0-9]+$"},
        time={"type": "string", "format": "date-time"},
        sequence={"type": "string", "pattern": "^[0-9]{38}$", "description": "sorts as the feed does"},
        datacontenttype={"const": "application/json"},
        data={"$ref": "#/$defs/event"},
    )


def _event() -> Json:
    text = {"type": "string"}
    made = _object(
        seq={"type": "integer"},
        at={"type": "string", "format": "date-time"},
        kind=text,
        subject=_object(kind=text, id={"type": "integer"}),
        specialty_id=_NUMBER,
        round_id=_NUMBER,
        actor=_object(person=_NUMBER, key=_NUMBER),
        acting_for=_NUMBER,
        reason=text,
        audience={"enum": ["public", "school", "office", "sealed"]},
        facts={"type": "object", "description": "by kind: what is required of it and nothing else"},
    )
    state = {"type": ["string", "null"]}
    return {**made, "properties": {**made["properties"], "from": state, "to": state}}


def _of(kind: str) -> Json:
    """One kind: the moves that it can be, or no change of state."""
    name, _, event = kind.partition(".")
    steps = MACHINES[name].steps if name in MACHINES else ()
    moves = sorted({(step.source.value, step.target.value) for step in steps if step.event == event})
    data: Json = {"properties": {"kind": {"const": kind}, "facts": facts_schema(kind)}}
    if moves:
        data["anyOf"] = [{"properties": {"from": {"const": old}, "to": {"const": new}}} for old, new in moves]
    else:
        data["properties"] |= {"from": {"type": "null"}, "to": {"type": "null"}}
    return {"properties": {"type": {"const": f"specialty-eval.{kind}"}, "data": data}}
