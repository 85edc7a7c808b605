"""What a new description of the API takes away from programs written for an earlier one. Pure: two documents, findings.

What is sent may be taken more widely than before, what is answered must not tell less: a request that was right stays
right, and a field that was always there stays there. Operations, fields, values and kinds of events that are new are
no breach.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]
METHODS = frozenset({"get", "head", "post", "put", "patch", "delete"})
LOWER_IS_WIDER = ("minLength", "minItems", "minimum", "minProperties")
UPPER_IS_WIDER = ("maxLength", "maxItems", "maximum", "maxProperties")
ANY = frozenset({"any"})
AS_THEY_ARE = ("not", "prefixItems", "dependentRequired")
"""Rules that are compared as a whole: a new one, or another, may refuse what was taken."""
Compare = Callable[[str, Json, Json, frozenset[str]], Iterator[str]]


def breaking(before: Json, now: Json) -> list[str]:
    """Where and how the present description breaks with the earlier one; empty where no program notices."""
    return list(_Comparison(before, now).operations())


def tells_less(name: str, before: Json, now: Json) -> list[str]:
    """The same of a JSON Schema of what is told; of one that is many, such as the events, of each by its name."""
    compared = _Comparison(before, now)
    if "oneOf" not in before:
        return list(compared.told(name, before, now))
    return [line for kind in before["$defs"] for line in compared.told_by_name(name, kind)]


def takes_less(name: str, before: Json, now: Json) -> list[str]:
    """The same of a JSON Schema of what is sent."""
    return list(_Comparison(before, now).taken(name, before, now))


class _Comparison:
    """Two documents, each with its own `$ref`s."""

    def __init__(self, before: Json, now: Json) -> None:
        self.before, self.now = before, now

    def operations(self) -> Iterator[str]:
        for path, methods in self.before["paths"].items():
            for method in METHODS & set(methods):
                where = f"{method.upper()} {path}"
                operation = self.now["paths"].get(path, {}).get(method)
                if operation is None:
                    yield f"{where}: 没有了 · is gone"
                    continue
                yield from self._parameters(where, methods[method], operation)
                yield from self._body(where, methods[method], operation)
                yield from self._answers(where, methods[method], operation)

    # --- what is sent -------------------------------------------------------------------------------------------------

    def _parameters(self, where: str, before: Json, now: Json) -> Iterator[str]:
        old, new = ({(p["in"], p["name"].lower()): p for p in each.get("parameters", ())} for each in (before, now))
        for key in old.keys() - new.keys():
            yield f"{where} {key[1]}: 参数没有了 · the parameter is gone"
        for key, parameter in new.items():
            is_needed = parameter.get("required", False) and not old.get(key, {}).get("required", False)
            if is_needed and key[0] != "path":
                yield f"{where} {key[1]}: 参数成了必填 · the parameter is required now"
            if key in old:
                yield from self.taken(f"{where} {key[1]}", old[key]["schema"], parameter["schema"])

    def _body(self, where: str, before: Json, now: Json) -> Iterator[str]:
        old, new = before.get("requestBody", {}), now.get("requestBody", {})
        if new.get("required") and not old.get("required"):
            yield f"{where}: 正文成了必需 · a body is required now"
        for media, content in old.get("content", {}).items():
            if media not in new.get("content", {}):
                yield f"{where}: 不再接受 no longer takes {media}"
            else:
                yield from self.taken(
                    f"{where} body", content.get("schema", {}), new["content"][media].get("schema", {})
                )

    def taken(self, where: str, before: Json, now: Json, seen: frozenset[str] = frozenset()) -> Iterator[str]:
        """Whether everything that was right to send still is."""
        if (mark := f"{before.get('$ref')}>{now.get('$ref')}") in seen:
            return
        seen |= {mark} if "$ref" in before or "$ref" in now else set()
        old, new = _resolved(self.before, before), _resolved(self.now, now)
        kinds = _kinds(self.now, new)
        if kinds != ANY and (lost := _kinds(self.before, old) - kinds - ({"integer"} if "number" in kinds else set())):
            yield f"{where}: 不再接受 no longer takes {', '.join(sorted(lost))}"
            return
        olds, news = _alternatives(old), _alternatives(new)
        if len(olds) > 1 or len(news) > 1:
            for one in olds:
                yield from _nearest(self.taken, where, [(one, other) for other in news], seen)
            return
        yield from self._values(where, old, new)
        yield from self._bounds(where, old, new)
        yield from self._fields_taken(where, old, new, seen)
        for part in {"items", "propertyNames"} & set(new):
            were, are = old.get(part, {}), new[part]
            if isinstance(were, Mapping) and isinstance(are, Mapping):
                yield from self.taken(f"{where}[]", were, are, seen)
            elif are is False and were is not False:
                yield f"{where}[]: 不再接受 · no longer taken"

    def _values(self, where: str, old: Json, new: Json) -> Iterator[str]:
        if (takes := _values_of(new)) is not None:
            had = _values_of(old)
            if had is None:
                yield f"{where}: 现在只接受 takes only {', '.join(sorted(takes))} now"
            elif gone := had - takes:
                yield f"{where}: 不再接受 no longer takes {', '.join(sorted(gone))}"
        for rule in ("format", *AS_THEY_ARE):
            if rule in new and new[rule] != old.get(rule):
                yield f"{where}: {rule} {old.get(rule, '–')} → {new[rule]}"

    def _fields_taken(self, where: str, old: Json, new: Json, seen: frozenset[str]) -> Iterator[str]:
        properties, others = new.get("properties", {}), new.get("additionalProperties", True)
        for name in set(new.get("required", ())) - set(old.get("required", ())):
            yield f"{where}.{name}: 成了必填 · is required now"
        for name, schema in old.get("properties", {}).items():
            if name in properties:
                yield from self.taken(f"{where}.{name}", schema, properties[name], seen)
            elif others is False:
                yield f"{where}.{name}: 不再接受 · is no longer taken"
        were = old.get("additionalProperties", True)
        if isinstance(others, Mapping):
            if were is not False:
                yield from self.taken(f"{where}.*", {} if were is True else were, others, seen)
        elif others is False and were is not False:
            yield f"{where}.*: 不再接受别的字段 · takes no other fields now"

    def _bounds(self, where: str, old: Json, new: Json) -> Iterator[str]:
        for bound in LOWER_IS_WIDER:
            if new.get(bound, float("-inf")) > old.get(bound, float("-inf")):
                yield f"{where}: {bound} {old.get(bound, '–')} → {new[bound]}"
        for bound in UPPER_IS_WIDER:
            if new.get(bound, float("inf")) < old.get(bound, float("inf")):
                yield f"{where}: {bound} {old.get(bound, '–')} → {new[bound]}"
        if new.get("pattern") is not None and new["pattern"] != old.get("pattern"):
            yield f"{where}: pattern {old.get('pattern', '–')} → {new['pattern']}"

    # --- what is answered ---------------------------------------------------------------------------------------------

    def _answers(self, where: str, before: Json, now: Json) -> Iterator[str]:
        for status, answer in before["responses"].items():
            is_counted_on = status.startswith("2") or status in {"304", "308", "410"}
            found = now["responses"].get(status)
            if found is None:
                if is_counted_on:
                    yield f"{where} {status}: 不再这样回答 · is no longer answered"
                continue
            for media, content in answer.get("content", {}).items():
                if media in found.get("content", {}):
                    said = content.get("schema", {}), found["content"][media].get("schema", {})
                    yield from self.told(f"{where} {status}", *said)
                elif is_counted_on:
                    yield f"{where} {status}: 不再以此回答 is no longer answered as {media}"

    def told_by_name(self, where: str, name: str) -> Iterator[str]:
        """Of a schema that both documents define under this name."""
        if name not in self.now["$defs"]:
            yield f"{where} {name}: 没有了 · is gone"
            return
        yield from self.told(f"{where} {name}", self.before["$defs"][name], self.now["$defs"][name])

    def told(self, where: str, before: Json, now: Json, seen: frozenset[str] = frozenset()) -> Iterator[str]:
        """Whether everything a program could rely on in an answer is still so."""
        if (mark := f"{before.get('$ref')}>{now.get('$ref')}") in seen:
            return
        seen |= {mark} if "$ref" in before or "$ref" in now else set()
        old, new = _resolved(self.before, before), _resolved(self.now, now)
        kinds = _kinds(self.before, old)
        if kinds != ANY and (more := _kinds(self.now, new) - kinds):
            yield f"{where}: 也会是 may be {', '.join(sorted(more))} now"
            return
        olds, news = _alternatives(old), _alternatives(new)
        if len(olds) > 1 or len(news) > 1:
            for one in news:
                yield from _nearest(self.told, where, [(other, one) for other in olds], seen)
            return
        if "format" in old and new.get("format") != old["format"]:
            yield f"{where}: format {old['format']} → {new.get('format', '–')}"
        yield from self._fields_told(where, old, new, seen)
        for part in ("items", "additionalProperties"):
            if isinstance(old.get(part), Mapping) and isinstance(new.get(part), Mapping):
                yield from self.told(f"{where}[]", old[part], new[part], seen)

    def _fields_told(self, where: str, old: Json, new: Json, seen: frozenset[str]) -> Iterator[str]:
        properties = new.get("properties", {})
        for name, schema in old.get("properties", {}).items():
            if name not in properties:
                yield f"{where}.{name}: 没有了 · is gone"
                continue
            if name in old.get("required", ()) and name not in new.get("required", ()):
                yield f"{where}.{name}: 不再总是有 · is not always there now"
            yield from self.told(f"{where}.{name}", schema, properties[name], seen)


def _nearest(compare: Compare, where: str, pairs: list[tuple[Json, Json]], seen: frozenset[str]) -> Iterator[str]:
    """The findings of the pair that has the fewest: none where one fits."""
    yield from min((list(compare(where, before, now, seen)) for before, now in pairs), key=len)


def _alternatives(schema: Json) -> list[Json]:
    """What it may be one of, null left out; itself where it is one thing."""
    several = schema.get("anyOf") or schema.get("oneOf") or ()
    told = [s for s in several if s.get("type") != "null"]
    return told if len(told) > 1 else [schema]


def _values_of(schema: Json) -> set[str] | None:
    """The values that alone are taken, as text; None where it names none."""
    if "const" in schema:
        return {str(schema["const"])}
    if "enum" in schema:
        return set(map(str, schema["enum"]))
    return {"True", "False"} if schema.get("type") == "boolean" else None


def _resolved(document: Json, schema: Json) -> Json:
    """The schema itself behind a `$ref`, and of `anyOf` with `null` the one that is not null."""
    schema = _behind(document, schema)
    several = [s for s in schema.get("anyOf", ()) if s.get("type") != "null"]
    return {**_resolved(document, several[0]), "anyOf": schema["anyOf"]} if len(several) == 1 else schema


def _kinds(document: Json, schema: Json) -> frozenset[str]:
    """The JSON types it may be; `any` where it does not say."""
    if several := schema.get("anyOf") or schema.get("oneOf"):
        return frozenset().union(*(_kinds(document, _behind(document, s)) for s in several))
    said = schema.get("type")
    if said is None:
        return ANY if "enum" not in schema and "const" not in schema else frozenset({"string"})
    return frozenset([said] if isinstance(said, str) else said)


def _behind(document: Json, schema: Json) -> Json:
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema
