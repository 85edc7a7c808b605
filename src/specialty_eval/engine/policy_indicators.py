"""Nodes → indicators: value forms, years, points forms, and the weights that add up to exactly 100."""

from decimal import Decimal

from .decimals import shortest
from .forms import (
    Change,
    ChoicePoints,
    Difference,
    FlagPoints,
    Linear,
    Over,
    OverKind,
    Plain,
    PointsForm,
    Rank,
    Ratio,
    Steps,
    ValueForm,
)
from .policy import Indicator, Missing
from .policy_conditions import condition
from .policy_names import NUMBER, UNKNOWN, Names, Side, needs_scope, unique
from .policy_shape import Fields, Spot
from .policy_yaml import Scalar
from .vocabulary import Type

_KEYS = "dimension label unit needs over decimals points weight missing source"
_VALUE_FORMS = ("ratio", "difference", "change")
_POINTS_FORMS = ("linear", "steps", "flag", "choice", "rank")
_OVER_KINDS = ("mean", "lowest", "highest", "pooled")
_MOST_YEARS = 100


def indicators(spots: list[Spot], names: Names) -> tuple[Indicator, ...]:
    """All indicators, in the document's order."""
    seen: dict[str, int] = {}
    found = [_indicator(spot, names, seen) for spot in spots]
    names.has_weights = any("weight" in spot.keys for spot in spots)
    return tuple(found)


def check_weights(section: Spot | None, found: tuple[Indicator, ...], spots: list[Spot]) -> None:
    """The weights add up to exactly 100; said only when each of them could be read."""
    written = sum(1 for spot in spots if spot.is_lost or "weight" in spot.keys)
    weights = [i.weight for i in found if i.weight is not None]
    if section is None or not weights or len(weights) != written:
        return
    total = sum((Decimal(w) for w in weights), Decimal(0))
    if total != 100:
        section.refuse("weights-not-100", value=shortest(total), expected="100")


def _indicator(spot: Spot, names: Names, seen: dict[str, int]) -> Indicator:
    fields = spot.fields("code value", _KEYS)
    code = unique(fields.found["code"], fields.code("code"), seen) if "code" in fields else ""
    form, side = _value(fields.get("value"), names)
    needs = fields.get("needs")
    over = _over(fields.get("over"), form, side)
    points = _points(fields.get("points"), side, names)
    weight = fields.number("weight")
    if weight is not None and weight <= 0:
        fields.found["weight"].refuse("out-of-range", expected="number above 0")
        weight = None
    _check_company(fields)
    scope = needs_scope(names, numeric_only=over.kind is OverKind.POOLED)
    if code:
        names.indicators[code] = side
        names.with_points |= {code} if "points" in fields else set()
    return Indicator(
        code=code,
        dimension=names.dimension(fields.found["dimension"])[0] if "dimension" in fields else "",
        label=fields.label(),
        value=form,
        unit=fields.text("unit"),
        needs=None if needs is None else condition(needs, scope),
        over=over,
        decimals=fields.integer("decimals", 0, 4, default=2),
        points=points,
        weight=weight,
        missing=fields.word("missing", Missing, Missing.ZERO),
        source=fields.text("source"),
    )


def _check_company(fields: Fields) -> None:
    """A weight needs points to weigh, and a dimension to count in."""
    if "weight" not in fields:
        return
    if "points" not in fields:
        fields.found["weight"].refuse("weight-without-points", expected="points")
    if "dimension" not in fields:
        fields.spot.missing("dimension")


def _value(spot: Spot | None, names: Names) -> tuple[ValueForm, Side]:
    if spot is None:
        return Plain(""), UNKNOWN
    if isinstance(spot.node, Scalar):
        code, side = names.measure(spot)
        return Plain(code), side
    form = _only_form(spot, _VALUE_FORMS)
    if form is None:
        return Plain(""), UNKNOWN
    key, inner = form
    if key == "ratio":
        return _ratio(inner, names), NUMBER
    pair = [names.numeric_measure(item) for item in inner.items(at_least=2, at_most=2)]
    first, second = (*pair, "", "")[:2]
    return (Difference(first, second) if key == "difference" else Change(first, second)), NUMBER


def _ratio(spot: Spot, names: Names) -> Ratio:
    fields = spot.fields("of to", "times")
    times = fields.number("times")
    return Ratio(
        _parts(fields.get("of"), names), _parts(fields.get("to"), names), Decimal(1) if times is None else times
    )


def _parts(spot: Spot | None, names: Names) -> tuple[str, ...]:
    if spot is None:
        return ()
    return tuple(names.numeric_measure(item) for item in (spot.items() if spot.is_list else [spot]))


def _only_form(spot: Spot, forms: tuple[str, ...]) -> tuple[str, Spot] | None:
    """The one key of a mapping that says which form it is."""
    fields = spot.fields("", " ".join(forms))
    chosen = [name for name in forms if name in fields]
    if len(chosen) == 1:
        return chosen[0], fields.found[chosen[0]]
    if spot.is_mapping and (chosen or not spot.keys):
        spot.refuse("not-one-form", value=", ".join(chosen), expected=forms)
    return None


def _over(spot: Spot | None, form: ValueForm, side: Side) -> Over:
    if spot is None:
        return Over()
    if isinstance(spot.node, Scalar):
        if spot.text() not in ("", OverKind.LATEST):
            spot.refuse("not-one-of", expected=("latest", *(f"{{{kind}: n}}" for kind in _OVER_KINDS)), nearest="")
        return Over()
    chosen = _only_form(spot, _OVER_KINDS)
    if chosen is None:
        return Over()
    kind = OverKind(chosen[0])
    years = chosen[1].integer(1, _MOST_YEARS) or 1
    if not side.is_numeric:
        spot.refuse("over-not-for-type", value=str(kind), type=str(side.type), expected="latest")
    elif kind is OverKind.POOLED and not isinstance(form, Ratio) and side.type is not None:
        spot.refuse("pooled-without-ratio", value=str(kind), expected=("latest", "mean", "lowest", "highest"))
    return Over(kind, years)


def _points(spot: Spot | None, side: Side, names: Names) -> PointsForm | None:
    chosen = None if spot is None else _only_form(spot, _POINTS_FORMS)
    if chosen is None:
        return None
    key, inner = chosen
    fits = {"flag": side.type in (None, Type.BOOLEAN), "choice": side.type in (None, Type.CHOICE)}
    if not fits.get(key, side.is_numeric):
        inner.refuse("points-not-for-type", value=key, type=str(side.type), expected=_forms_for(side))
    match key:
        case "linear":
            return Linear(_steps(inner))
        case "steps":
            return Steps(_steps(inner))
        case "flag":
            fields = inner.fields("is_true is_false")
            is_true, is_false = fields.number("is_true", 0, 100), fields.number("is_false", 0, 100)
            return FlagPoints(is_true or Decimal(0), is_false or Decimal(0))
        case "choice":
            return _choice_points(inner, side)
        case _:
            fields = inner.fields("best", "within")
            best = fields.one_of("best", ("high", "low"))
            return Rank(names.attributes_in(fields.items("within", at_least=0)), best != "low")


def _forms_for(side: Side) -> tuple[str, ...]:
    match side.type:
        case Type.BOOLEAN:
            return ("flag",)
        case Type.CHOICE:
            return ("choice",)
        case _:
            return ("linear", "steps", "rank")


def _choice_points(spot: Spot, side: Side) -> ChoicePoints:
    points: dict[str, Decimal] = {}
    for option, entry in spot.entries():
        number = entry.number(0, 100)
        points[option] = Decimal(0) if number is None else number
        if side.type is Type.CHOICE and option not in side.options:
            entry.refuse("unknown-option", value=option, expected=side.options)
    missing = [option for option in side.options if option not in points]
    if side.type is Type.CHOICE and missing and spot.is_mapping:
        spot.refuse("option-without-points", value=", ".join(missing), expected=side.options)
    return ChoicePoints(points)


def _steps(spot: Spot) -> tuple[tuple[Decimal, Decimal], ...]:
    """(x, y) pairs, x strictly rising, y 0–100."""
    pairs: list[tuple[Decimal, Decimal]] = []
    before: Decimal | None = None
    for item in spot.items():
        pair = item.items(at_least=2, at_most=2)
        if len(pair) != 2:
            continue
        x, y = pair[0].number(), pair[1].number(0, 100)
        if x is not None and before is not None and x <= before:
            pair[0].refuse("not-rising", expected=f"number above {shortest(before)}")
        before = before if x is None else x
        pairs.append((x or Decimal(0), y or Decimal(0)))
    return tuple(pairs)
