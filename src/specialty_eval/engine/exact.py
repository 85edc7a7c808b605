"""Exact arithmetic on columns: scaled integers, int64 where a bound proves that it suffices, Python integers elsewhere.

Every rounding of the scorer is one of the three functions here, half up and away from zero. No float takes part."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Mask = NDArray[np.bool_]

LARGEST = 2**63 - 1
"""The largest magnitude an int64 column may reach, intermediate results included."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of `data / 10**scale`, reported where `has`; `low <= data <= high` on every row, reported or not."""

    data: Array
    has: Mask
    scale: int
    low: int
    high: int

    @property
    def bound(self) -> int:
        """The largest magnitude in `data`, at least 1 (what it is multiplied by must fit too)."""
        return max(abs(self.low), abs(self.high), 1)


@dataclass(frozen=True, slots=True)
class Codes:
    """A column of small codes that stand for texts, options or truth values; `index` gives the code of a value."""

    data: Array
    has: Mask
    index: dict[bool | str, int]


Operand = Numbers | Codes
"""What a comparison can look at."""


def places(value: Decimal) -> int:
    """How many decimal places `value` needs (trailing zeros don't count)."""
    denominator = value.as_integer_ratio()[1]
    return next(n for n in count() if 10**n % denominator == 0)


@lru_cache(maxsize=4096)
def floor_scaled(value: Decimal, scale: int) -> int:
    """The largest integer not above `value` x 10**scale."""
    numerator, denominator = value.as_integer_ratio()
    whole: int = numerator * 10**scale // denominator
    return whole


@lru_cache(maxsize=4096)
def ceil_scaled(value: Decimal, scale: int) -> int:
    """The smallest integer not below `value` x 10**scale."""
    numerator, denominator = value.as_integer_ratio()
    whole: int = -(-numerator * 10**scale // denominator)
    return whole


def half_up(value: Fraction) -> int:
    """The nearest integer, a half away from zero."""
    whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return whole if value >= 0 else -whole


@lru_cache(maxsize=1 << 14)
def unscaled(value: int, scale: int) -> Decimal:
    """`value` / 10**scale as a decimal with `scale` places."""
    digits = tuple(int(d) for d in str(abs(value)))
    return Decimal((int(value < 0), digits, -scale))


def integers(values: Sequence[int], bound: int) -> Array:
    """A column for a computation within `bound`."""
    return np.array(values, object if bound > LARGEST else np.int64)


def wide(data: Array, bound: int) -> Array:
    """`data` for a computation that stays within `bound` all the way: Python integers if int64 may not do."""
    if bound > LARGEST:
        return data if data.dtype == object else data.astype(object)
    return data if data.dtype in (np.int64, object) else data.astype(np.int64)


def multiplied(numbers: Numbers, factor: int) -> Numbers:
    """Times a positive integer, scale unchanged."""
    if factor == 1:
        return numbers
    data = wide(numbers.data, numbers.bound * factor) * factor
    return Numbers(data, numbers.has, numbers.scale, numbers.low * factor, numbers.high * factor)


def finer(numbers: Numbers, scale: int) -> Numbers:
    """The same values with more decimal places."""
    n = multiplied(numbers, 10 ** (scale - numbers.scale))
    return Numbers(n.data, n.has, scale, n.low, n.high)


def added(parts: Sequence[Numbers]) -> Numbers:
    """The sum of columns; reported where every part is."""
    scale = max(p.scale for p in parts)
    total, *others = (finer(p, scale) for p in parts)
    for part in others:
        low, high = total.low + part.low, total.high + part.high
        data = wide(total.data, max(-low, high)) + wide(part.data, part.bound)
        total = Numbers(data, total.has & part.has, scale, low, high)
    return total


def summed(parts: Sequence[tuple[Numbers, Mask]]) -> Numbers:
    """Row by row the sum of what is reported and chosen by the mask; reported where anything is. One scale."""
    low, high = sum(min(0, n.low) for n, _ in parts), sum(max(0, n.high) for n, _ in parts)
    data, has = np.zeros(1, np.int64), np.zeros(1, np.bool_)
    for numbers, mask in parts:
        chosen = numbers.has & mask
        data = data + np.where(chosen, wide(numbers.data, max(-low, high)), 0)
        has = has | chosen
    return Numbers(data, has, parts[0][0].scale, low, high)


def negated(numbers: Numbers) -> Numbers:
    """Minus the column."""
    return Numbers(-wide(numbers.data, numbers.bound), numbers.has, numbers.scale, -numbers.high, -numbers.low)


def rounded(numbers: Numbers, scale: int) -> Numbers:
    """To `scale` places, half up and away from zero."""
    if scale >= numbers.scale:
        return finer(numbers, scale)
    one = Numbers(np.ones(1, np.int64), np.ones(1, np.bool_), 0, 1, 1)
    return quotient(numbers, one, Fraction(1), scale)


def quotient(above: Numbers, below: Numbers, times: Fraction, scale: int) -> Numbers:
    """above x times / below, rounded to `scale` places; not reported where either isn't or `below` is 0."""
    factor = times * 10**scale * Fraction(10**below.scale, 10**above.scale)
    if factor < 0:
        above, factor = negated(above), -factor
    up, down = factor.numerator, factor.denominator
    bound = 2 * above.bound * up + below.bound * down
    limit = max(bound, 2 * below.bound * down)
    n, d = wide(above.data, limit) * up, wide(below.data, limit) * down
    has = above.has & below.has & (below.data != 0)
    d = np.where(below.data == 0, down, d)
    if below.low < 0:
        n, d = np.where(d < 0, -n, n), np.abs(d)
    data = divided(n, d, signed=above.low < 0 or below.low < 0)
    most = above.bound * up // down + 1
    return narrowed(Numbers(data, has, scale, -most, most))


def divided(n: Array, d: Array | int, *, signed: bool) -> Array:
    """n / d rounded half up, away from zero; d > 0, and 2n + d must be within the type."""
    if not signed:
        result: Array = 2 * n
        result += d
        result //= 2 * d
        return result
    whole = (2 * np.abs(n) + d) // (2 * d)
    return np.where(n < 0, -whole, whole)


def narrowed(numbers: Numbers) -> Numbers:
    """The same column with the bounds its values really have, back in int64 where those allow it."""
    if numbers.data.dtype != object or not numbers.data.size:
        return numbers
    low, high = min(0, int(numbers.data.min())), max(0, int(numbers.data.max()))
    data = numbers.data if max(-low, high) > LARGEST else numbers.data.astype(np.int64)
    return Numbers(data, numbers.has, numbers.scale, low, high)


def same_scale(left: Numbers, right: Numbers) -> tuple[Array, Array]:
    """Both columns' data at the finer of the two scales, ready to be compared."""
    scale = max(left.scale, right.scale)
    return finer(left, scale).data, finer(right, scale).data
