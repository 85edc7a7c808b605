"""Nodes → conditions: the shapes, which subject a step may look at, and whether a comparison fits its two sides."""

from decimal import Decimal

from .conditions import (
    All,
    AnyOf,
    AtLeastOf,
    Comparison,
    Condition,
    Constant,
    MeasureRef,
    Not,
    Op,
    Previous,
    Subject,
    Test,
    Years,
)
from .policy_names import NUMBER, UNKNOWN, Scope, Side
from .policy_shape import Fields, Spot
from .policy_yaml import Scalar
from .vocabulary import COLOURS, Type

COUNTS = (
    "schools",
    "share_of_schools",
    "specialties",
    "share_red",
    "share_green",
    "intake",
    "years_small_intake",
    "years_without_intake",
    "graduates",
    "posts_per_graduate",
    "net_openings_of_year",
    "students_per_specialty",
    "midlevel_teachers",
)
"""What the system counts for `lists` and `opening`."""

NOTHING = All(())
"""Stands where a condition could not be read; the policy is refused then."""

_OPS = " ".join(Op)
_NUMERIC_ONLY = frozenset({Op.AT_LEAST, Op.ABOVE, Op.AT_MOST, Op.BELOW})
_NAMED = (Subject.MEASURE, Subject.INDICATOR, Subject.POINTS, Subject.DIMENSION, Subject.ATTRIBUTE, Subject.COUNT)
_NESTED = (Subject.TOTAL, Subject.COMPLETENESS)
_OF_A_WEIGHTED_POLICY = frozenset({Subject.TOTAL, Subject.COMPLETENESS, Subject.DIMENSION})
_BY_YEAR = frozenset({Subject.MEASURE, Subject.INDICATOR, Subject.POINTS})
_SHAPES = ("all", "any", "not", "at_least_of", "previous", *_NAMED, *_NESTED)


def condition(spot: Spot, scope: Scope) -> Condition:
    """The condition at `spot`; every problem in it is noted."""
    if not spot.is_mapping:
        spot.fields("")
        return NOTHING
    shape = next((name for name in _SHAPES if name in spot.keys), None)
    found: Condition = NOTHING
    match shape:
        case None:
            _refuse_unknown(spot, scope)
        case "all":
            found = All(_conditions(spot.fields("all"), "all", scope))
        case "any":
            found = AnyOf(_conditions(spot.fields("any"), "any", scope))
        case "not":
            found = Not(condition(spot.fields("not").found["not"], scope))
        case "at_least_of":
            found = _at_least_of(spot.fields("at_least_of conditions"), scope)
        case "previous":
            found = _previous(spot.fields("previous").found["previous"], scope)
        case _:
            found = _comparison(spot, Subject(shape), scope)
    return found


def of_fields(fields: Fields, scope: Scope, key: str = "when") -> Condition:
    """The condition under a required key; an absent one is noted already."""
    spot = fields.get(key)
    return NOTHING if spot is None else condition(spot, scope)


def _refuse_unknown(spot: Spot, scope: Scope) -> None:
    subjects = [s for s in (*_NAMED, *_NESTED) if s in scope.subjects]
    allowed = ["all", "any", "not", "at_least_of", *(["previous"] if scope.previous else []), *subjects]
    known = len(spot.problems)
    spot.fields("", " ".join([*allowed, *Op, "years", "conditions"]))
    if len(spot.problems) == known:
        spot.refuse("no-subject", expected=tuple(allowed))


def _conditions(fields: Fields, key: str, scope: Scope) -> tuple[Condition, ...]:
    return tuple(condition(spot, scope) for spot in fields.items(key))


def _at_least_of(fields: Fields, scope: Scope) -> Condition:
    conditions = _conditions(fields, "conditions", scope)
    number = fields.found["at_least_of"].integer(1, max(1, len(conditions)))
    return AtLeastOf(number or 1, conditions)


def _previous(spot: Spot, scope: Scope) -> Condition:
    if not scope.previous:
        spot.refuse("subject-not-here", subject="previous", step=scope.step, expected=tuple(sorted(scope.subjects)))
    fields = spot.fields("of_last at_least one_of")
    of_last = fields.integer("of_last", 1, default=1)
    at_least = fields.integer("at_least", 1, default=1)
    if at_least > of_last:
        fields.found["at_least"].refuse("more-than-of-last", of_last=of_last, expected=f"integer 1..{of_last}")
    words = [item.one_of(COLOURS) for item in fields.items("one_of")]
    return Previous(of_last, at_least, tuple(words))


def _comparison(spot: Spot, subject: Subject, scope: Scope) -> Condition:
    if subject not in scope.subjects:
        spot.refuse("subject-not-here", subject=subject, step=scope.step, expected=tuple(sorted(scope.subjects)))
    elif subject in _OF_A_WEIGHTED_POLICY and not scope.names.has_weights:
        spot.refuse("needs-weights", value=str(subject))
    if subject in _NESTED:
        inner = spot.fields(str(subject)).found[subject]
        fields, code, side = inner.fields("", _OPS), "", NUMBER
    else:
        fields = spot.fields(str(subject), f"{_OPS} years")
        code, side = _named(fields.found[subject], subject, scope)
    tests = tuple(_test(Op(key), right, side, scope) for key, right in fields.found.items() if key in set(Op))
    if not tests and fields.spot.is_mapping:
        fields.spot.refuse("no-comparison", expected=tuple(Op))
    return Comparison(subject, code, tests, _years(fields, subject, scope))


def _named(spot: Spot, subject: Subject, scope: Scope) -> tuple[str, Side]:
    names = scope.names
    match subject:
        case Subject.MEASURE:
            code, side = names.measure(spot)
            if scope.numeric_only and not side.is_numeric:
                spot.refuse("not-numeric", type=str(side.type), expected="integer, decimal")
            return code, side
        case Subject.ATTRIBUTE:
            return names.attribute(spot)
        case Subject.DIMENSION:
            return names.dimension(spot)
        case Subject.INDICATOR:
            return names.indicator(spot)
        case Subject.POINTS:
            code, side = names.indicator(spot)
            if code in names.indicators and code not in names.with_points:
                spot.refuse("indicator-without-points")
            return code, NUMBER if side.type else UNKNOWN
        case _:
            return spot.one_of(COUNTS), NUMBER


def _years(fields: Fields, subject: Subject, scope: Scope) -> Years | None:
    spot = fields.get("years")
    if spot is None or subject in _NESTED:
        return None
    if subject not in _BY_YEAR or not scope.years:
        spot.refuse("years-not-here", subject=subject, step=scope.step, expected=tuple(sorted(_BY_YEAR)))
        return None
    inner = spot.fields("of_last at_least", "reported_only")
    of_last, at_least = inner.integer("of_last", 1, default=1), inner.integer("at_least", 1, default=1)
    if at_least > of_last:
        inner.found["at_least"].refuse("more-than-of-last", of_last=of_last, expected=f"integer 1..{of_last}")
    return Years(of_last, at_least, inner.yes_no("reported_only", default=False))


def _test(op: Op, spot: Spot, side: Side, scope: Scope) -> Test:
    if op is Op.REPORTED:
        return Test(op, spot.yes_no() is True)
    if op in _NUMERIC_ONLY and not side.is_numeric:
        spot.refuse("comparison-not-for-type", comparison=op, type=str(side.type), expected=("equals", "one_of"))
        return Test(op, Decimal(0))
    if op is Op.ONE_OF:
        return Test(op, tuple(_constant(item, side) for item in spot.items()))
    if spot.is_mapping:
        return Test(op, _measure_ref(spot, side, scope))
    return Test(op, _constant(spot, side))


def _measure_ref(spot: Spot, left: Side, scope: Scope) -> MeasureRef:
    named = spot.fields("measure").get("measure")
    if named is None:
        return MeasureRef("")
    code, right = scope.names.measure(named)
    if Subject.MEASURE not in scope.subjects:
        named.refuse("subject-not-here", subject="measure", step=scope.step, expected=tuple(sorted(scope.subjects)))
    elif left.type and right.type and not _comparable(left, right):
        named.refuse("sides-differ", type=str(right.type), expected=str(left.type))
    return MeasureRef(code)


def _comparable(left: Side, right: Side) -> bool:
    return (left.is_numeric and right.is_numeric) or left.type is right.type


def _constant(spot: Spot, side: Side) -> Constant:
    match side.type:
        case None:
            spot.scalar("constant")
            return ""
        case Type.TEXT:
            return _true_or_false(spot) if side.options else spot.text()
        case Type.CHOICE:
            text = spot.text()
            if text and text not in side.options:
                spot.refuse("unknown-option", expected=side.options)
            return text
        case Type.BOOLEAN:
            return spot.yes_no() is True
        case Type.INTEGER | Type.DECIMAL:
            return spot.number() or Decimal(0)


def _true_or_false(spot: Spot) -> str:
    """Of `defaulted`, which is text: its truth may be written without quotes."""
    if isinstance(spot.node, Scalar) and spot.node.boolean is not None:
        return "true" if spot.node.boolean else "false"
    return spot.one_of(("true", "false"))
