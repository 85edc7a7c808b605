"""The shape of a policy document as JSON Schema, for editors and other programs. The rest `load_policy` checks."""

from collections.abc import Iterable, Mapping

from .conditions import Op
from .policy_conditions import COUNTS
from .policy_consequences import DAYS, STANDINGS
from .policy_lists import LISTS
from .policy_load import SCHEMA
from .roles import PUBLISHERS
from .vocabulary import COLOURS, Missing, Publish, Rating

Json = Mapping[str, object]

TEXT: Json = {"type": "string", "minLength": 1}
NUMBER: Json = {"type": "number"}
BOOLEAN: Json = {"type": "boolean"}
PERCENT: Json = {"type": "number", "minimum": 0, "maximum": 100}


def policy_schema() -> dict[str, object]:
    """JSON Schema (2020-12) of the document, read as JSON: numbers as numbers, text as text."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:specialty-eval:policy-1",
        "title": "Policy, version 1 · 办法，第 1 版",
        **_document(),
        "$defs": {
            "code": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
            "label": {
                "type": "object",
                "propertyNames": {"pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"},
                "additionalProperties": TEXT,
                "minProperties": 1,
            },
            "colour": _one_of(COLOURS),
            "duration": {"anyOf": [_integer(0, 9999), {"type": "string", "pattern": "^[0-9]{1,4}w?$"}]},
            "fraction": {"type": "string", "pattern": "^[0-9]{1,4}/[0-9]{1,4}$"},
            "panel": _object({}, {"trim_from": _integer(3), "spread_alert": PERCENT}),
            "measure": _measure(),
            "indicator": _indicator(),
            "condition": _condition(),
            "consequence": _consequence(),
            "rectification": _object(
                {
                    "plan_due": _ref("duration"),
                    "recheck_after_months": _integer(0, 120),
                    "failures_allowed": _integer(0, 100),
                }
            ),
            "list": _list_of_catalogue(),
        },
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


def _object(required: Mapping[str, Json], optional: Mapping[str, Json] | None = None) -> dict[str, object]:
    properties = {**required, **(optional or {})}
    found: dict[str, object] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def _map(values: Json, *, coded: bool = True) -> Json:
    names = {"propertyNames": _ref("code")} if coded else {}
    return {"type": "object", **names, "additionalProperties": values}


def _array(items: Json, at_least: int = 0, at_most: int | None = None) -> Json:
    found: dict[str, object] = {"type": "array", "items": items}
    if at_least:
        found["minItems"] = at_least
    return found if at_most is None else {**found, "maxItems": at_most}


def _one_of(words: Iterable[str]) -> Json:
    return {"enum": [str(word) for word in words]}


def _integer(low: int, high: int | None = None) -> Json:
    return {"type": "integer", "minimum": low} | ({} if high is None else {"maximum": high})


def _said() -> dict[str, Json]:
    """What every entry may carry."""
    return {"label": _ref("label"), "source": TEXT}


def _or_list(of: Json) -> Json:
    return {"anyOf": [of, _array(of, 1)]}


def _document() -> dict[str, object]:
    attribute = _object({"type": _one_of(("text", "integer", "decimal"))}, _said())
    check = _object({"code": _ref("code"), "when": _ref("condition")}, {"message": _ref("label"), "source": TEXT})
    adjustment = _object({"code": _ref("code"), "points": NUMBER, "when": _ref("condition")}, _said())
    bounds = {"at_least": NUMBER, "at_most": NUMBER}
    limit = _object({"code": _ref("code"), "count": _one_of(COUNTS)}, {**bounds, **_said()})
    return _object(
        {
            "schema": {"const": SCHEMA},
            "id": _ref("code"),
            "version": TEXT,
            "measures": _map(_ref("measure")),
            "rating": _rating(),
        },
        {
            "title": _ref("label"),
            "jurisdiction": TEXT,
            "source": TEXT,
            "attributes": _map(attribute),
            "checks": _array(check),
            "dimensions": _array(_object({"code": _ref("code")}, _said())),
            "indicators": _array(_ref("indicator")),
            "panel": _ref("panel"),
            "adjustments": _array(adjustment),
            "enrolment": _enrolment(),
            "workflow": _workflow(),
            "committee": _committee(),
            "publication": _object({}, {"suppress_below": _integer(0), "restricted": _one_of(("withheld", "banded"))}),
            "lists": _object({}, {name: _ref("list") for name in LISTS}),
            "opening": _array({**limit, "anyOf": [{"required": [bound]} for bound in bounds]}),
        },
    )


def _measure() -> Json:
    supplier = "^(school|county|bureau|third_party|panel|computed|department:[A-Za-z0-9_-]{1,64})$"
    bounds: dict[str, Json] = {"min": NUMBER, "max": NUMBER}
    given: dict[str, Json] = {
        "supplier": {"type": "string", "pattern": supplier},
        "unit": TEXT,
        "evidence": _one_of(("required", "optional")),
        "publish": _one_of(Publish),
        "panel": _ref("panel"),
        **_said(),
    }
    return {
        "anyOf": [
            _object({"type": _one_of(("integer",))}, {**given, **bounds}),
            _object({"type": _one_of(("decimal",)), "decimals": _integer(0, 4)}, {**given, **bounds}),
            _object({"type": _one_of(("boolean",))}, given),
            _object({"type": _one_of(("choice",)), "options": {**_array(TEXT, 1), "uniqueItems": True}}, given),
        ]
    }


def _indicator() -> Json:
    code = _ref("code")
    pair = _array(code, 2, 2)
    ratio = _object({"of": _or_list(code), "to": _or_list(code)}, {"times": NUMBER})
    value = {
        "anyOf": [code, *(_object({k: v}) for k, v in {"ratio": ratio, "difference": pair, "change": pair}.items())]
    }
    years = (_object({kind: _integer(1, 100)}) for kind in ("mean", "lowest", "highest", "pooled"))
    knots = _array({"type": "array", "prefixItems": [NUMBER, PERCENT], "items": False, "minItems": 2}, 1)
    forms = {
        "linear": knots,
        "steps": knots,
        "flag": _object({"is_true": PERCENT, "is_false": PERCENT}),
        "choice": {**_map(PERCENT, coded=False), "minProperties": 1},
        "rank": _object({"best": _one_of(("high", "low"))}, {"within": _array(code)}),
    }
    weight = {"type": "number", "exclusiveMinimum": 0}
    shape = _object(
        {"code": code, "value": value},
        {
            "dimension": code,
            "unit": TEXT,
            "needs": _ref("condition"),
            "over": {"anyOf": [_one_of(("latest",)), *years]},
            "decimals": _integer(0, 4),
            "points": {"anyOf": [_object({name: form}) for name, form in forms.items()]},
            "weight": weight,
            "missing": _one_of(Missing),
            **_said(),
        },
    )
    return {**shape, "dependentRequired": {"weight": ["points", "dimension"]}}


def _condition() -> Json:
    """The shapes; which subject a step may look at depends on the step."""
    inner, constant = _ref("condition"), {"type": ["number", "string", "boolean"]}
    side = {"anyOf": [NUMBER, _object({"measure": _ref("code")})]}
    tests: dict[str, Json] = dict.fromkeys((Op.AT_LEAST, Op.ABOVE, Op.AT_MOST, Op.BELOW), side)
    tests |= {
        Op.EQUALS: {"anyOf": [constant, _object({"measure": _ref("code")})]},
        Op.ONE_OF: _array(constant, 1),
        Op.REPORTED: BOOLEAN,
    }
    some = {"minProperties": 2}
    years = _object({"of_last": _integer(1), "at_least": _integer(1)}, {"reported_only": BOOLEAN})
    previous = _object({"of_last": _integer(1), "at_least": _integer(1), "one_of": _array(_ref("colour"), 1)})
    return {
        "anyOf": [
            _object({"all": _array(inner, 1)}),
            _object({"any": _array(inner, 1)}),
            _object({"not": inner}),
            _object({"at_least_of": _integer(1), "conditions": _array(inner, 1)}),
            _object({"previous": previous}),
            *(_object({name: {**_object({}, tests), "minProperties": 1}}) for name in ("total", "completeness")),
            *(
                {**_object({name: _ref("code")}, {**tests, "years": years}), **some}
                for name in ("measure", "indicator", "points")
            ),
            *({**_object({name: _ref("code")}, tests), **some} for name in ("dimension", "attribute")),
            {**_object({"count": _one_of(COUNTS)}, tests), **some},
        ]
    }


def _rating() -> Json:
    code, when, colour = _ref("code"), _ref("condition"), _ref("colour")
    share = {"type": "number", "minimum": 0, "maximum": 1}
    among = {"within": _array(code), "group_at_least": _integer(1), **_said()}
    now = _or_list(colour)
    return _object(
        {
            "rules": _array(
                _object({"rate": _one_of((*COLOURS, Rating.UNRATED)), "code": code}, {"when": when, **_said()}), 1
            )
        },
        {
            "labels": _object({}, {str(rating): _ref("label") for rating in Rating}),
            "unrated": _array(_object({"code": code, "when": when}, _said())),
            "quotas": _array(
                {
                    "anyOf": [
                        _object(
                            {
                                "code": code,
                                "take": _one_of(("top",)),
                                "share": share,
                                "rate": colour,
                                "otherwise": colour,
                            },
                            among,
                        ),
                        _object({"code": code, "take": _one_of(("bottom",)), "share": share, "becomes": colour}, among),
                    ]
                }
            ),
            "caps": _array(_object({"code": code, "at_most": colour, "when": when}, _said())),
            "history": _array(_object({"code": code, "now": now, "becomes": colour, "when": when}, _said())),
            "flags": _array(_object({"code": code, "now": now, "when": when}, _said())),
        },
    )


def _consequence() -> Json:
    change = {"type": "number", "minimum": -100}
    shape = _object(
        {},
        {
            "standing": _one_of(STANDINGS),
            "change_percent": change,
            "steps_percent": _array(change, 1),
            "then": _one_of(STANDINGS),
            "at_most": _one_of(("capacity",)),
            "supports": _array(TEXT),
            "rectification": _ref("rectification"),
            "restore_percent": PERCENT,
        },
    )
    both = {"required": ["change_percent", "steps_percent"]}
    return {**shape, "dependentRequired": {"then": ["steps_percent"]}, "not": both}


def _enrolment() -> Json:
    month_day = {"type": "string", "pattern": "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"}
    return _object(
        {},
        {
            "rounding": _one_of(("down", "up", "half_up")),
            "cutoff": month_day,
            "appeal_suspends": _one_of(("none", "standing", "all")),
            "years_without_intake": {"type": "integer", "minimum": 1, "maximum": 100},
            **{str(rating): _ref("consequence") for rating in (*COLOURS, Rating.UNRATED)},
            "flags": _map(_ref("consequence")),
        },
    )


def _workflow() -> Json:
    proposed = _object({"proposed": _object({"one_of": _array(_one_of(Rating), 1)})})
    return _object(
        {},
        {
            "time_zone": TEXT,
            "calendar": {"type": "string", "pattern": "^[A-Z]{2}$"},
            "county_check": BOOLEAN,
            "days": _object({}, {name: _ref("duration") for name in DAYS}),
            "correction_clock": _one_of(("continue", "restart")),
            "corrections_at_most": _integer(0, 100),
            "panel": _object({}, {"experts": _integer(1, 100), "at_least": _integer(1, 100)}),
            "site_visit": _object({"when": proposed}, {"sample_percent": PERCENT}),
            "two_people": _array(_one_of(PUBLISHERS), 2, 2),
        },
    )


def _committee() -> Json:
    fraction = _ref("fraction")
    return _object(
        {},
        {
            "sectors": {**_array(_ref("code"), 1), "uniqueItems": True},
            "at_least_per_sector": _integer(0, 100),
            "quorum": fraction,
            "pass": fraction,
            "override_needs": fraction,
        },
    )


def _list_of_catalogue() -> Json:
    rule = _object({"code": _ref("code"), "when": _ref("condition")}, _said())
    return _object({"rules": _array(rule, 1)}, {"exempt": _array(rule), "small_intake_below": _integer(1)})
