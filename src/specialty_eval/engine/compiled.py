"""A policy made ready for columns, once: weights as integers, points as tables, the reasons in their order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import gcd, lcm

import numpy as np

from .batch import Batch, Column, History, bounded_numbers, codes
from .conditions import All, AnyOf, AtLeastOf, Comparison, Condition, Not, Subject
from .exact import LARGEST, Array, Mask, ceil_scaled, floor_scaled
from .forms import OverKind, Plain, Rank
from .indicators import Block, Measured, Peers
from .points import TABLE, compiled
from .policy import Measure, Policy
from .vocabulary import Missing, Type


class Step(StrEnum):
    """Which part of the policy a reason comes from, in the order of the reasons."""

    ADJUSTMENT = "adjustment"
    UNRATED = "unrated"
    INCOMPLETE = "incomplete"
    RULE = "rule"
    QUOTA = "quota"
    CAP = "cap"
    HISTORY = "history"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Reason:
    """What decided, changed or marked a rating."""

    code: str
    step: Step


@dataclass(frozen=True, slots=True)
class Lanes:
    """How one integer carries several sums: weight x points below, then the weight that counts, then that has a value.

    A lane that no rule needs is left out (its shift is 0); every lane is wide enough for the whole policy's sum.
    """

    counted: int
    complete: int
    width: int
    points: int
    dtype: type

    @classmethod
    def of(cls, total: int, *, counted: bool, complete: bool) -> "Lanes":
        """Wide enough for weights adding up to `total`."""
        width, points = total.bit_length(), (10000 * total).bit_length()
        end = points + width * (counted + complete)
        dtype = np.int32 if end < 32 else np.int64 if end < 62 else object  # rounding needs twice the sum
        return cls(points * counted, (points + width * counted) * complete, width, points, dtype)

    def packed(self, hundredths: Array, has: Mask, weight: int, missing: Missing) -> Array:
        """One indicator's part of every sum."""
        absent = weight << self.counted if self.counted and missing is not Missing.EXCLUDE else 0
        present = (weight << self.counted if self.counted else 0) + (weight << self.complete if self.complete else 0)
        points: Array = hundredths.astype(self.dtype) * weight
        if present or absent:
            points += np.array([absent, present], self.dtype).take(has)
        return points

    def points_of(self, sums: Array) -> Array:
        """Σ weight x points, in hundredths."""
        return self._lane(sums, 0, self.points) if self.counted or self.complete else _exact(sums)

    def counted_of(self, sums: Array) -> Array:
        """Σ weight of those that count."""
        return self._lane(sums, self.counted, self.width)

    def complete_of(self, sums: Array) -> Array:
        """Σ weight of those that have a value."""
        return self._lane(sums, self.complete, self.width)

    def _lane(self, sums: Array, shift: int, width: int) -> Array:
        return _exact((sums >> shift) & ((1 << width) - 1))


def _exact(sums: Array) -> Array:
    return sums if sums.dtype == object else sums.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Weighted:
    """A weighted indicator; `table` holds its packed part for each entry of the one measure it looks at, if it can."""

    code: str
    weight: int
    missing: Missing
    measure: str = ""
    table: Array | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A policy ready to score batches.

    `weighted` goes by dimension; its weights are integers that add up to `whole`, each 1 of them `hundredths` (a
    fraction) of a hundredth of the policy's 100. `first` tells where each step's reasons begin.
    """

    policy: Policy
    indicators: dict[str, Measured]
    weighted: tuple[tuple[Weighted, ...], ...]
    hundredths: tuple[int, int]
    whole: int
    lanes: Lanes
    blocking: tuple[str, ...]
    reasons: tuple[Reason, ...]
    first: Mapping[Step, int]


_CACHE: dict[str, Compiled] = {}
_CACHED_AT_MOST = 32


def compile_policy(policy: Policy) -> Compiled:
    """The policy ready for batches; the latest few are kept, by digest."""
    known = _CACHE.get(policy.digest)
    if known is not None and (known.policy is policy or known.policy == policy):
        return known
    made = _compiled(policy)
    if len(_CACHE) >= _CACHED_AT_MOST:
        _CACHE.clear()
    _CACHE[policy.digest] = made
    return made


def _compiled(policy: Policy) -> Compiled:
    indicators = {
        i.code: Measured(i, None if i.points is None else compiled(i.points, i.decimals)) for i in policy.indicators
    }
    weights = {i.code: Fraction(i.weight) for i in policy.weighted if i.weight is not None}
    unit = _common_unit(list(weights.values()))
    whole = {code: int(weight / unit) for code, weight in weights.items()}
    lanes = Lanes.of(
        sum(whole.values()),
        counted=any(i.missing is Missing.EXCLUDE for i in policy.weighted),
        complete=any(c.subject is Subject.COMPLETENESS for when in conditions(policy) for c in comparisons(when)),
    )
    reasons = tuple(_reasons(policy))
    order = list(Step)
    return Compiled(
        policy=policy,
        indicators=indicators,
        weighted=tuple(
            tuple(
                _weighted(policy, indicators[i.code], whole[i.code], lanes) for i in policy.weighted if i.dimension == d
            )
            for d in [dimension.code for dimension in policy.dimensions]
        ),
        hundredths=(unit * 100).as_integer_ratio(),
        whole=sum(whole.values()),
        lanes=lanes,
        blocking=tuple(i.code for i in policy.indicators if i.missing is Missing.BLOCK),
        reasons=reasons,
        first={step: sum(order.index(r.step) < n for r in reasons) for n, step in enumerate(order)},
    )


def _common_unit(weights: list[Fraction]) -> Fraction:
    """The largest amount that every weight is a multiple of."""
    if not weights:
        return Fraction(100)
    denominator = lcm(*(w.denominator for w in weights))
    return Fraction(gcd(*(int(w * denominator) for w in weights)), denominator)


def _weighted(policy: Policy, measured: Measured, weight: int, lanes: Lanes) -> Weighted:
    """An indicator that depends on one measure of few values is scored here on each of them."""
    indicator = measured.indicator
    plain = Weighted(indicator.code, weight, indicator.missing)
    if not isinstance(indicator.value, Plain) or indicator.needs or indicator.over.kind is not OverKind.LATEST:
        return plain
    measure = policy.measures[indicator.value.measure]
    domain = _every_value(measure)
    if domain is None or isinstance(indicator.points, Rank):
        return plain
    n = len(domain.data)
    column = {measure.code: (domain,)}
    rows = np.zeros((1, n), np.int32)
    batch = Batch(range(n), (0,), rows, column, {}, dated=False)  # type: ignore[arg-type]  # numbers stand for names
    block = Block(Peers({indicator.code: measured}, batch, History.none(n)), slice(0, n))
    has = block.value(indicator.code, 0).has
    table = lanes.packed(block.hundredths(indicator.code, 0), has, weight, indicator.missing)
    return Weighted(indicator.code, weight, indicator.missing, measure.code, table)


def _every_value(measure: Measure) -> Column | None:
    """All entries that a column of this measure can have, *not reported* last; None for too many."""
    if measure.type in (Type.BOOLEAN, Type.CHOICE):
        known = (False, True) if measure.type is Type.BOOLEAN else measure.options
        return codes(np.arange(len(known) + 1), known)
    if measure.min is None or measure.max is None:
        return None
    low, high = ceil_scaled(measure.min, measure.decimals), floor_scaled(measure.max, measure.decimals)
    if not 0 <= high - low < TABLE - 1 or max(abs(low), abs(high)) > LARGEST:
        return None
    data = np.arange(low, high + 2, dtype=np.int64)
    return bounded_numbers(data, data <= high, measure.decimals, low, high)


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """Every comparison of a tree."""
    match condition:
        case Comparison():
            yield condition
        case Not(inner):
            yield from comparisons(inner)
        case All(conditions) | AnyOf(conditions) | AtLeastOf(_, conditions):
            for inner in conditions:
                yield from comparisons(inner)


def conditions(policy: Policy) -> Iterator[Condition]:
    """Every condition that scores or rates."""
    steps = policy.rating
    for named in (policy.adjustments, steps.unrated, steps.rules, steps.caps, steps.history, steps.flags):
        for step in named:
            if step.when is not None:
                yield step.when


def _reasons(policy: Policy) -> Iterator[Reason]:
    steps = policy.rating
    yield from (Reason(a.code, Step.ADJUSTMENT) for a in policy.adjustments)
    yield from (Reason(s.code, Step.UNRATED) for s in steps.unrated)
    yield Reason("incomplete", Step.INCOMPLETE)
    yield from (Reason(s.code, Step.RULE) for s in steps.rules)
    yield from (Reason(s.code, Step.QUOTA) for s in steps.quotas)
    yield from (Reason(s.code, Step.CAP) for s in steps.caps)
    yield from (Reason(s.code, Step.HISTORY) for s in steps.history)
    yield from (Reason(s.code, Step.FLAG) for s in steps.flags)
