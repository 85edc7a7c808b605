"""Whether a condition holds, row by row, over columns. Where the compared values come from is the caller's `Facts`."""

import operator
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import reduce
from typing import Protocol

import numpy as np

from .batch import Ratings, is_one_of
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
from .exact import Array, Codes, Mask, Numbers, Operand, ceil_scaled, floor_scaled, same_scale


class Facts(Protocol):
    """What conditions look at, for some specialties."""

    @property
    def years(self) -> Sequence[int]:
        """The years with evidence, ascending to the scored one."""
        ...

    def operand(self, subject: Subject, code: str, year: int) -> Operand:
        """The subject's value of the year; the scored year's for an attribute, a dimension or the total."""
        ...

    def own(self, subject: Subject, code: str, year: int) -> Operand:
        """What `years` looks at: an indicator's value of the year alone, otherwise as `operand`."""
        ...

    def present(self, year: int) -> Mask:
        """Who has a row in the year."""
        ...

    def earlier(self) -> Ratings:
        """Earlier colours by code, latest first: depth x rows."""
        ...


_ORDERED: dict[Op, Callable[[Array, Array], Array]] = {
    Op.AT_LEAST: operator.ge,
    Op.ABOVE: operator.gt,
    Op.AT_MOST: operator.le,
    Op.BELOW: operator.lt,
    Op.EQUALS: operator.eq,
}

_THRESHOLD: dict[Op, Callable[[Decimal, int], int]] = {
    Op.AT_LEAST: ceil_scaled,
    Op.ABOVE: floor_scaled,
    Op.AT_MOST: floor_scaled,
    Op.BELOW: ceil_scaled,
}


def holds(condition: Condition, facts: Facts, year: int) -> Mask:  # noqa: PLR0911 -- one line for each shape
    """Where the condition holds, as seen from `year`."""
    match condition:
        case Comparison(years=None):
            return _compared(condition, facts.operand(condition.subject, condition.code, year), facts, year)
        case Comparison(years=Years() as window):
            return _in_years(condition, window, facts, year)
        case Previous():
            return _previous(condition, facts.earlier())
        case Not(inner):
            return ~holds(inner, facts, year)
        case All(conditions):
            held = [holds(c, facts, year) for c in conditions]
            return reduce(operator.and_, held)
        case AnyOf(conditions):
            held = [holds(c, facts, year) for c in conditions]
            return reduce(operator.or_, held)
        case AtLeastOf(number, conditions):
            held = [holds(c, facts, year) for c in conditions]
            return np.asarray(reduce(operator.add, (h.astype(np.int64) for h in held)) >= number, np.bool_)
    raise TypeError(condition)


def _previous(condition: Previous, earlier: Ratings) -> Mask:
    found = is_one_of(earlier[: condition.of_last], condition.one_of)
    return np.asarray(found.sum(axis=0, dtype=np.int32) >= condition.at_least, np.bool_)


def _in_years(comparison: Comparison, window: Years, facts: Facts, year: int) -> Mask:
    """Over the last calendar years, or over the last years with a value, wherever they lie."""
    found = np.zeros(facts.present(year).shape, np.int64)
    looked_at = found.copy()
    for y in reversed(facts.years):
        if y > year or (y <= year - window.of_last and not window.reported_only):
            continue
        value = facts.own(comparison.subject, comparison.code, y)
        held = _compared(comparison, value, facts, y) & facts.present(y)
        if window.reported_only:
            held &= value.has & (looked_at < window.of_last)
            looked_at += value.has
        found += held
    return found >= window.at_least


def _compared(comparison: Comparison, left: Operand, facts: Facts, year: int) -> Mask:
    return reduce(operator.and_, (_test(test, left, facts, year) for test in comparison.tests))


def _test(test: Test, left: Operand, facts: Facts, year: int) -> Mask:
    """One comparison; a side that is not reported fails all but `reported: false`."""
    if test.op is Op.REPORTED:
        return left.has if test.right else ~left.has
    if isinstance(test.right, MeasureRef):
        return _against(test.op, left, facts.operand(Subject.MEASURE, test.right.code, year))
    if test.op is Op.ONE_OF:
        constants = test.right if isinstance(test.right, tuple) else (test.right,)
        return reduce(operator.or_, (_equals(left, c) for c in constants))
    constant = test.right
    if test.op is Op.EQUALS and not isinstance(constant, tuple):
        return _equals(left, constant)
    if not isinstance(left, Numbers) or not isinstance(constant, Decimal):
        raise TypeError(test)
    threshold = _THRESHOLD[test.op](constant, left.scale)
    data, ordered = left.data, _ORDERED[test.op]
    held: Mask = ordered(data, threshold) & left.has  # type: ignore[arg-type]  # a number compares with every entry
    return held


def _equals(left: Operand, constant: Constant) -> Mask:
    if isinstance(left, Codes):
        wanted = _truth_as_text(left, constant)
        code = left.index.get(wanted)  # type: ignore[arg-type]  # what is in no column is found in none
    elif not isinstance(constant, Decimal) or (
        (code := floor_scaled(constant, left.scale)) != ceil_scaled(constant, left.scale)
    ):
        code = None
    if code is None:
        return np.zeros(left.data.shape, np.bool_)
    held: Mask = (left.data == code) & left.has
    return held


def _truth_as_text(left: Codes, constant: Constant) -> Constant:
    """`defaulted` is text, however its truth was written."""
    if isinstance(constant, bool) and constant not in left.index:
        return "true" if constant else "false"
    return constant


def _against(op: Op, left: Operand, right: Operand) -> Mask:
    """Against another measure of the same year."""
    if isinstance(left, Numbers) and isinstance(right, Numbers):
        mine, theirs = same_scale(left, right)
        held: Mask = _ORDERED[op](mine, theirs) & left.has & right.has
        return held
    if isinstance(left, Codes) and isinstance(right, Codes) and op is Op.EQUALS:
        translated = np.array([left.index.get(value, -1) for value in right.index] + [-1], np.int64)
        equal: Mask = (left.data == translated[right.data]) & left.has & right.has
        return equal
    raise TypeError(op)
