"""Nodes → what is reported: attributes, measures, panel rules, checks and dimensions."""

import re

from .policy import DEFAULTED, Attribute, Check, Dimension, Measure, PanelRules, Publish, Type
from .policy_conditions import of_fields
from .policy_names import NUMBER, NUMERIC, UNKNOWN, Names, Side, checks_scope, unique
from .policy_shape import Fields, Spot

_COLUMNS = ("specialty", "year")
"""Columns of the evidence that no attribute or measure may take."""

_ATTRIBUTE_TYPES = ("text", "integer", "decimal")
_MEASURE_TYPES = ("integer", "decimal", "boolean", "choice")
_SUPPLIERS = ("school", "county", "bureau", "third_party", "panel", "computed")
_DEPARTMENT = re.compile(r"department:[A-Za-z0-9_-]{1,64}")
_MEASURE_KEYS = "label supplier unit decimals min max options evidence publish source panel"


def attributes(spot: Spot | None, names: Names) -> dict[str, Attribute]:
    """The declared attributes; `defaulted` may be used declared or not."""
    names.attributes[DEFAULTED] = Side(Type.TEXT, ("true", "false"))
    found: dict[str, Attribute] = {}
    for code, entry in [] if spot is None else spot.coded():
        fields = entry.fields("type", "label source")
        word = fields.one_of("type", _ATTRIBUTE_TYPES)
        if code in _COLUMNS:
            entry.refuse("reserved-code", value=code)
        elif code == DEFAULTED:
            if word and word != Type.TEXT:
                fields.found["type"].refuse("not-one-of", expected=("text",), nearest="text")
        else:
            names.attributes[code] = Side(Type(word)) if word else UNKNOWN
        found[code] = Attribute(code, Type(word or "text"), fields.label(), fields.text("source"))
    return found


def measures(spot: Spot | None, names: Names) -> dict[str, Measure]:
    """The declared measures, each with its type's own keys checked."""
    found: dict[str, Measure] = {}
    for code, entry in [] if spot is None else spot.coded():
        fields = entry.fields("type", _MEASURE_KEYS)
        word = fields.one_of("type", _MEASURE_TYPES)
        if code in (*_COLUMNS, DEFAULTED):
            entry.refuse("reserved-code", value=code)
        elif code in names.attributes:
            entry.refuse("measure-is-attribute", value=code)
        options = _options(fields)
        names.measures[code] = Side(Type(word), options) if word else UNKNOWN
        found[code] = _measure(code, fields, Type(word) if word else None, options)
    return found


def _measure(code: str, fields: Fields, kind: Type | None, options: tuple[str, ...]) -> Measure:
    if kind is not None:
        _refuse_keys_of_other_types(fields, kind)
    low, high = fields.number("min"), fields.number("max")
    if low is not None and high is not None and low > high:
        fields.found["min"].refuse("min-above-max", max=str(high), expected=f"number ..{high}")
    supplier = _supplier(fields)
    panel = fields.get("panel")
    if supplier == "panel" and kind is not None and kind not in NUMERIC:
        fields.found["type"].refuse("panel-not-numeric", expected="decimal, integer")
    if panel is not None and supplier != "panel":
        panel.refuse("key-not-here", key="panel", expected="supplier: panel")
    return Measure(
        code=code,
        type=kind or Type.INTEGER,
        label=fields.label(),
        supplier=supplier,
        unit=fields.text("unit"),
        decimals=fields.integer("decimals", 0, 4, default=0),
        min=low,
        max=high,
        options=options,
        evidence_required=fields.one_of("evidence", ("required", "optional")) == "required",
        publish=fields.word("publish", Publish, Publish.PUBLIC),
        source=fields.text("source"),
        panel=None if panel is None else panel_rules(panel),
    )


def _refuse_keys_of_other_types(fields: Fields, kind: Type) -> None:
    """Each key belongs to a type; a decimal without places and a choice without options say too little."""
    for key, kinds in (("decimals", {Type.DECIMAL}), ("options", {Type.CHOICE}), ("min", NUMERIC), ("max", NUMERIC)):
        spot = fields.get(key)
        if spot is not None and kind not in kinds:
            spot.refuse("key-not-for-type", key=key, type=str(kind), expected=tuple(sorted(kinds)))
    if kind is Type.DECIMAL and "decimals" not in fields:
        fields.spot.missing("decimals")
    if kind is Type.CHOICE and "options" not in fields:
        fields.spot.missing("options")


def _options(fields: Fields) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    for item in fields.items("options"):
        unique(item, item.text(), seen)
    return tuple(seen)


def _supplier(fields: Fields) -> str:
    text = fields.text("supplier", "school")
    if text not in _SUPPLIERS and not _DEPARTMENT.fullmatch(text):
        fields.found["supplier"].refuse("not-one-of", expected=(*_SUPPLIERS, "department:<code>"), nearest="")
    return text


def panel_rules(spot: Spot | None) -> PanelRules:
    """How expert scores become a value."""
    if spot is None:
        return PanelRules()
    fields = spot.fields("", "trim_from spread_alert")
    # Fewer than three scores less the highest and the lowest leave nothing to take a mean of.
    trim_from = fields.integer("trim_from", 3, default=3) if "trim_from" in fields else None
    return PanelRules(trim_from, fields.number("spread_alert", 0, 100))


def checks(spots: list[Spot], names: Names) -> tuple[Check, ...]:
    """The cross-field rules."""
    seen: dict[str, int] = {}
    found = []
    for spot in spots:
        fields = spot.fields("code when", "message source")
        code = unique(fields.found["code"], fields.code("code"), seen) if "code" in fields else ""
        found.append(
            Check(code, of_fields(fields, checks_scope(names)), fields.label("message"), fields.text("source"))
        )
    return tuple(found)


def dimensions(spots: list[Spot], names: Names) -> tuple[Dimension, ...]:
    """The headings, in the order in which results show them."""
    seen: dict[str, int] = {}
    found = []
    for spot in spots:
        fields = spot.fields("code", "label source")
        code = unique(fields.found["code"], fields.code("code"), seen) if "code" in fields else ""
        names.dimensions[code] = NUMBER
        found.append(Dimension(code, fields.label(), fields.text("source")))
    return tuple(found)
