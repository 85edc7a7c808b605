"""From an indicator's value to points in hundredths: lines, steps, flags, choices; ranks among peers."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .exact import (
    LARGEST,
    Array,
    Codes,
    Numbers,
    Operand,
    ceil_scaled,
    divided,
    finer,
    floor_scaled,
    half_up,
    integers,
    places,
    wide,
)
from .forms import ChoicePoints, FlagPoints, Linear, PointsForm, Rank, Steps

Points = Callable[[Operand], Array]
"""Hundredths of points for each value, 0 where it is not reported."""

TABLE = 1 << 16
"""Up to so many distinct values a form is looked up in a table instead of computed."""

Knots = Sequence[tuple[Decimal, Decimal]]


def compiled(form: PointsForm, scale: int) -> Points | None:
    """The form for values with `scale` places; None for a rank, which needs the peers."""
    match form:
        case Linear(knots):
            return _tabled(_linear(knots, scale), knots, scale)
        case Steps(knots):
            return _tabled(_steps(knots, scale), knots, scale)
        case FlagPoints(is_true, is_false):
            return _coded({True: is_true, False: is_false})
        case ChoicePoints(options):
            return _coded(options)
        case Rank():
            return None


def hundredths(points: Decimal) -> int:
    """Rounded to two places."""
    return half_up(Fraction(points) * 100)


def _coded(by_value: Mapping[bool, Decimal] | Mapping[str, Decimal]) -> Points:
    points: dict[bool | str, int] = {value: hundredths(p) for value, p in by_value.items()}

    def of(value: Operand) -> Array:
        if not isinstance(value, Codes):
            raise TypeError(value)
        table = np.array([points.get(v, 0) for v in value.index] + [0], np.int64)
        return table[np.where(value.has, value.data, len(value.index))]

    return of


def _tabled(exact: Callable[[Numbers], Array], knots: Knots, scale: int) -> Points:
    """Both forms are flat outside their knots, so the values between them are all that a table needs."""
    first, last = floor_scaled(knots[0][0], scale) - 1, ceil_scaled(knots[-1][0], scale)
    bound = max(abs(first), abs(last))
    size = last - first + 1
    table = None
    if size <= TABLE and bound <= LARGEST:
        domain = np.arange(first, last + 1, dtype=np.int64)
        every = exact(Numbers(domain, np.ones(size, np.bool_), scale, first, last))
        table = np.append(every, 0)

    def of(value: Operand) -> Array:
        if not isinstance(value, Numbers):
            raise TypeError(value)
        if table is None:
            return np.where(value.has, exact(value), 0).astype(np.int64)
        place = np.clip(value.data, first, last).astype(np.int64) - first
        return table[np.where(value.has, place, size)]

    return of


def _steps(knots: Knots, scale: int) -> Callable[[Numbers], Array]:
    points = np.array([0, *(hundredths(y) for _, y in knots)], np.int64)
    bounds = [ceil_scaled(x, scale) for x, _ in knots]
    thresholds = integers(bounds, max(map(abs, bounds)))

    def of(value: Numbers) -> Array:
        return points[np.searchsorted(thresholds, value.data, side="right")]

    return of


def _linear(knots: Knots, scale: int) -> Callable[[Numbers], Array]:
    fine = max(scale, *(places(x) for x, _ in knots))
    up = max(2, *(places(y) for _, y in knots))
    xs, ys = [floor_scaled(x, fine) for x, _ in knots], [floor_scaled(y, up) for _, y in knots]
    if len(knots) == 1:
        return lambda value: np.full(value.data.shape, hundredths(knots[0][1]), np.int64)
    widths = [b - a for a, b in pairwise(xs)]
    rises = [b - a for a, b in pairwise(ys)]
    down = 10 ** (up - 2)
    most = 2 * max(map(abs, ys)) * max(widths) + max(widths) * down
    own = 2 * max(most, *map(abs, xs))

    def of(value: Numbers) -> Array:
        v = finer(value, fine)
        bound = max(own, v.bound)
        x, y, width, rise = (integers(a, bound) for a in (xs, ys, widths, rises))
        data = np.clip(wide(v.data, bound), x[0], x[-1])
        line = np.searchsorted(x[1:-1], data, side="right")
        above = y[line] * width[line] + (data - x[line]) * rise[line]
        return divided(above, width[line] * down, signed=False)

    return of


def ranked(value: Numbers, group: NDArray[np.int64], best_high: bool) -> NDArray[np.int64]:
    """100 x (peers that are worse + half of the equal ones, itself among them) / all peers; in hundredths, rounded."""
    result = np.zeros(value.data.shape, np.int64)
    mine = np.flatnonzero(value.has)
    if not mine.size:
        return result
    levels = np.unique(value.data[mine], return_inverse=True)[1]
    key = group[mine] * (int(levels.max()) + 1) + levels
    order = np.argsort(key, kind="stable")
    ordered, ordered_group = key[order], group[mine][order]
    equal_from = np.searchsorted(ordered, ordered, side="left")
    equal_to = np.searchsorted(ordered, ordered, side="right")
    group_from = np.searchsorted(ordered_group, ordered_group, side="left")
    group_to = np.searchsorted(ordered_group, ordered_group, side="right")
    worse = equal_from - group_from if best_high else group_to - equal_to
    peers = group_to - group_from
    result[mine[order]] = divided(10000 * (2 * worse + equal_to - equal_from), 2 * peers, signed=False)
    return result


def ranked_among(new: Numbers, held: Numbers, group: NDArray[np.int64], best_high: bool) -> NDArray[np.int64]:
    """As `ranked`, each row with its new value among the others' held ones."""
    mine = np.flatnonzero(held.has)
    levels = np.unique(held.data[mine])
    width = 2 * len(levels) + 1  # a level is odd, the place between two levels even
    ordered = np.sort(group[mine] * width + 2 * np.searchsorted(levels, held.data[mine]) + 1)
    place = np.searchsorted(levels, new.data)
    equal = np.zeros(place.shape, np.bool_)
    inside = place < len(levels)
    equal[inside] = levels[place[inside]] == new.data[inside]
    key = group * width + 2 * place + equal
    start, end = np.searchsorted(ordered, group * width), np.searchsorted(ordered, (group + 1) * width)
    below, upto = np.searchsorted(ordered, key, side="left"), np.searchsorted(ordered, key, side="right")
    was = group * width + 2 * np.searchsorted(levels, held.data) + 1
    below, upto = below - start - (held.has & (was < key)), upto - start - (held.has & (was <= key))
    others = end - start - held.has
    worse = below if best_high else others - upto
    result = divided(10000 * (2 * worse + upto - below + 1), 2 * (others + 1), signed=False)
    return np.where(new.has, result, 0).astype(np.int64)
