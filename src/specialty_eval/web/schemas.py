"""JSON Schemas of the API's document as people read them: what kind of value, which fields, and an example."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

EXAMPLES = {"date": "2026-03-02", "date-time": "2026-03-02T09:00:00+08:00"}
BY_NAME = {
    "jurisdiction": "371400",
    "policy_id": "dezhou",
    "policy_version": "2026.1",
    "levels": ["secondary"],
    "school_kinds": ["secondary"],
    "year": 2026,
    "evidence_year": 2025,
    "figures": {"graduates": "100"},
    "document_number": "示教发〔2026〕1号",
    "name": "示例",
    "title": "示例",
    "reason": "示例理由",
    "grounds": "示例理由",
    "answer": "示例答复",
}
"""What a value of this name looks like, where its type alone says little."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a body or a parameter."""

    name: str
    kind: str
    required: bool
    about: str
    bounds: str


@dataclass(frozen=True, slots=True)
class Schemas:
    """The document's own schemas, by which references are followed."""

    named: Mapping[str, Json]

    def follow(self, schema: Json) -> Json:
        """The schema itself: a reference is followed, and of `X or null` the X is meant."""
        if "$ref" in schema:
            return self.follow(self.named[schema["$ref"].rpartition("/")[2]])
        real = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
        return {**{k: v for k, v in schema.items() if k != "anyOf"}, **self.follow(real[0])} if real else schema

    def kind(self, schema: Json) -> str:
        """A value's kind: `integer`, `date`, `list of text`, `green | yellow | red`, `… or null`."""
        is_optional = any(each.get("type") == "null" for each in schema.get("anyOf", ()))
        return self._kind(self.follow(schema)) + (" | null" if is_optional else "")

    def _kind(self, schema: Json) -> str:
        if "enum" in schema:
            return " | ".join(str(value) for value in schema["enum"])
        if schema.get("type") == "array":
            return f"[{self.kind(schema['items'])}]"
        if schema.get("type") == "object":
            more = schema.get("additionalProperties")
            return f"{{text: {self.kind(more)}}}" if isinstance(more, Mapping) else "object"
        return str(schema.get("format") or {"string": "text"}.get(schema.get("type", ""), schema.get("type", "any")))

    def fields(self, schema: Json, prefix: str = "") -> Iterator[Field]:
        """The fields of an object; those of objects inside it follow under dotted names, of lists under `name[]`."""
        found = self.follow(schema)
        for name, value in found.get("properties", {}).items():
            path = f"{prefix}{name}"
            yield Field(path, self.kind(value), name in found.get("required", ()), value.get("description", ""),
                        bounds(self.follow(value)))  # fmt: skip
            inner = self.follow(value)
            is_list = inner.get("type") == "array"
            yield from self.fields(inner["items"] if is_list else inner, f"{path}[]." if is_list else f"{path}.")

    def example(self, schema: Json, name: str = "") -> Any:
        """A value that fits; of an object the fields that must be there."""
        found = self.follow(schema)
        if name in BY_NAME:
            return BY_NAME[name]
        if "properties" in found:
            needed = found.get("required") or list(found["properties"])
            return {key: self.example(found["properties"][key], key) for key in needed}
        if found.get("type") == "object":
            return {"…": self.example(found.get("additionalProperties") or {})}
        if found.get("type") == "array":
            return [self.example(found["items"], name)]
        return plain_example(found)


def plain_example(schema: Json) -> Any:
    """A single value that fits."""
    kind = schema.get("type")
    if kind in {"integer", "number"}:
        return schema.get("minimum", 1)
    if kind == "boolean":
        return True
    return schema["enum"][0] if "enum" in schema else EXAMPLES.get(schema.get("format", ""), "…")


def bounds(schema: Json) -> str:
    """How long or large a value may be, as the schema says it."""
    said = []
    for low, high, unit in (("minimum", "maximum", ""), ("minLength", "maxLength", "chars"),
                            ("minItems", "maxItems", "items"), ("", "maxProperties", "keys")):  # fmt: skip
        if low in schema or high in schema:
            said.append(f"{schema.get(low, '')}..{schema.get(high, '')} {unit}".strip())
    if "pattern" in schema:
        said.append(schema["pattern"])
    return ", ".join(said)
