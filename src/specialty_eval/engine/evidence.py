"""A reported value against its measure, one specialty's sheet against the policy's checks. Files are `tables`' work."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from . import decimals
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
    Subject,
    Test,
    measures_in,
)
from .errors import Invalid, Problem
from .policy import DEFAULTED, Attribute, Check, Measure, Policy
from .vocabulary import Type

Value = Decimal | bool | str | None
"""A number, a yes or no, an option or text; None is *not reported*, which is neither 0 nor false."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one specialty in one year; `year` is None where the evidence has no years.

    `values` (measures) and `attributes` go by code; a code that is not there is not reported. Numbers are `Decimal`
    with no more places than the measure has, `defaulted` is the text `true` or `false`.
    """

    specialty: str
    year: int | None
    attributes: Mapping[str, Value] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)


# --- one value -------------------------------------------------------------------------------------------------------


def parse_value(measure: Measure, text: str) -> Value:
    """What a program wrote for a measure; empty is None, *not reported*.

    A number is an optional `-`, ASCII digits, and optionally `.` and digits, spaces around it ignored. Raises Invalid
    with the one problem of the value (facts: `value` as written, `expected`).
    """
    if text == "":
        return None
    value: Value
    match measure.type:
        case Type.BOOLEAN:
            if text not in ("true", "false"):
                raise Invalid(_refused(measure, "not-true-or-false", text))
            return text == "true"
        case Type.INTEGER | Type.DECIMAL:
            value = _number(measure, text)
        case _:
            value = text
    problem = problem_with(measure, value)
    if problem is not None:
        raise Invalid(problem)
    return value


def parse_attribute(attribute: Attribute, text: str) -> Value:
    """As `parse_value`, of an attribute; text is kept as it is, `defaulted` must be `true` or `false`."""
    if text == "":
        return "false" if attribute.code == DEFAULTED else None
    if attribute.code == DEFAULTED and text not in ("true", "false"):
        raise Invalid(_refused(attribute, "not-true-or-false", text))
    return text if attribute.type is Type.TEXT else _number(attribute, text)


def problem_with(measure: Measure, value: Value) -> Problem | None:
    """What is wrong with a value that is reported: its kind, its options, its places or its bounds."""
    if value is None:
        return None
    match measure.type:
        case Type.BOOLEAN:
            wrong = "" if isinstance(value, bool) else "not-true-or-false"
        case Type.CHOICE:
            wrong = "" if value in measure.options else "not-one-of"
        case _:
            wrong = _wrong_number(measure, value)
    return _refused(measure, wrong, value) if wrong else None


def _wrong_number(measure: Measure, value: Value) -> str:
    if not isinstance(value, Decimal) or not value.is_finite():
        return "not-a-number"
    if decimals.places(value) > measure.decimals:
        return "not-an-integer" if measure.type is Type.INTEGER else "too-many-places"
    too_low = measure.min is not None and value < measure.min
    return "out-of-range" if too_low or (measure.max is not None and value > measure.max) else ""


def _number(of: Measure | Attribute, text: str) -> Decimal:
    number = decimals.parse(text.strip(" "))
    if number is None:
        raise Invalid(_refused(of, "not-a-number", text))
    if of.type is Type.INTEGER and decimals.places(number):
        raise Invalid(_refused(of, "not-an-integer", text))
    return number


def _refused(of: Measure | Attribute, code: str, value: object) -> Problem:
    section = "measures" if isinstance(of, Measure) else "attributes"
    written = f"{value:f}" if isinstance(value, Decimal) and value.is_finite() else str(value)
    return Problem(code, f"{section}.{of.code}", {"value": written, "expected": _expected(of)})


def _expected(of: Measure | Attribute) -> object:
    if isinstance(of, Attribute):
        return "true|false" if of.code == DEFAULTED else str(of.type)
    if of.type is Type.BOOLEAN:
        return "true|false"
    if of.type is Type.CHOICE:
        return of.options
    kind = "integer" if of.type is Type.INTEGER else f"decimal({of.decimals})"
    if of.min is None and of.max is None:
        return kind
    low, high = (("" if bound is None else decimals.shortest(bound)) for bound in (of.min, of.max))
    return f"{kind} {low}..{high}"


# --- one sheet -------------------------------------------------------------------------------------------------------


def check_sheet(
    policy: Policy, values: Mapping[str, Value], attributes: Mapping[str, Value] | None = None
) -> tuple[Problem, ...]:
    """Everything wrong with one specialty's values of one year: codes, values, and each check that holds.

    A check is asked only when the values it looks at are in order themselves.
    """
    unknown = [Problem("unknown-measure", f"measures.{c}", {"value": c}) for c in values if c not in policy.measures]
    wrong = {c: problem_with(m, values.get(c)) for c, m in policy.measures.items()}
    found = [problem for problem in wrong.values() if problem is not None]
    row = Row("", None, attributes or {}, values)
    for check in policy.checks:
        if all(wrong.get(code) is None for code in measures_in(check.when)) and check_holds(check.when, row):
            found.append(check_problem(check, values))
    return (*unknown, *found)


def check_problem(check: Check, values: Mapping[str, Value]) -> Problem:
    """A check that holds, with its own words and the values it looked at."""
    codes = measures_in(check.when)
    said = ", ".join(f"{code}={_shown(values.get(code))}" for code in codes)
    facts = {"check": check.code, "measures": codes, "value": said, "expected": "", "zh": "", "en": ""}
    return Problem("check-holds", f"checks.{check.code}", {**facts, **check.message})


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


_ORDERED: Mapping[Op, Callable[[Decimal, Decimal], bool]] = {
    Op.AT_LEAST: operator.ge,
    Op.ABOVE: operator.gt,
    Op.AT_MOST: operator.le,
    Op.BELOW: operator.lt,
}


def check_holds(condition: Condition, row: Row) -> bool:
    """Whether a condition over one row's measures and attributes holds: what `checks` and `needs` may look at.

    The same answer as the scorer's for a batch of one, without loading it.
    """
    match condition:
        case All():
            return all(check_holds(inner, row) for inner in condition.conditions)
        case AnyOf():
            return any(check_holds(inner, row) for inner in condition.conditions)
        case Not():
            return not check_holds(condition.condition, row)
        case AtLeastOf():
            return sum(check_holds(inner, row) for inner in condition.conditions) >= condition.number
        case Comparison():
            left = _subject(condition, row)
            return all(_passes(test, left, row) for test in condition.tests)
        case _:
            raise TypeError(condition)


def _subject(comparison: Comparison, row: Row) -> Value:
    if comparison.subject is Subject.MEASURE:
        return row.values.get(comparison.code)
    found = row.attributes.get(comparison.code)
    if comparison.code == DEFAULTED:
        return found or "false"
    return None if found == "" else found


def _passes(test: Test, left: Value, row: Row) -> bool:
    if test.op is Op.REPORTED:
        return (left is not None) is test.right
    right = row.values.get(test.right.code) if isinstance(test.right, MeasureRef) else test.right
    if left is None or right is None:
        return False
    if isinstance(right, tuple):
        return any(_equal(left, constant) for constant in right)
    if test.op is Op.EQUALS:
        return _equal(left, right)
    return isinstance(left, Decimal) and isinstance(right, Decimal) and _ORDERED[test.op](left, right)


def _equal(left: Value, right: Constant) -> bool:
    return type(left) is type(right) and left == right
