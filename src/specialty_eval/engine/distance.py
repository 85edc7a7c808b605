"""How far each specialty is from the next better colour: the smallest change of one figure of one indicator.

Everything else is held, the others too: their figures, their totals and the ratings that the rules gave them.
Every answer is what the scorer itself gives with the changed figure; one unit less does not reach the colour.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from .batch import RATINGS
from .exact import Numbers, ceil_scaled, floor_scaled, unscaled
from .forms import Change, Difference, Linear, Plain, Ratio, Steps
from .policy import Indicator, Measure, Policy
from .probing import Places, Probes, Values, parts
from .rating import CODE
from .results import Results
from .vocabulary import COLOURS, Rating, Type

FARTHEST = 2**40
"""No figure is tried beyond this, in units of its last place."""

NO_POINTS = np.iinfo(np.int64).max - 1
"""The size of a change by an indicator without points: greater than of any with points."""


class Reach(StrEnum):
    """Whether one change leads to a better colour, and if not, what stands in the way; or that none was sought."""

    BEST = "best"
    CHANGE = "change"
    CAPPED = "capped"
    NONE = "none"
    NOT_RATED = "not_rated"
    NOT_SOUGHT = "not_sought"


@dataclass(frozen=True, slots=True)
class OneChange:
    """One figure of the scored year, from what is reported (None: nothing) to what it takes, and what that gives."""

    indicator: str
    measure: str
    before: Decimal | bool | str | None
    after: Decimal | bool | str
    points_before: Decimal | None
    points_after: Decimal | None
    rating: Rating


@dataclass(frozen=True, slots=True)
class Distance:
    """One specialty's: the change that is smallest in points; `caps` hold it down where no change is found."""

    reach: Reach
    change: OneChange | None = None
    caps: tuple[str, ...] = ()


def distances(results: Results, *, most: int | None = None) -> list[Distance]:
    """Everybody's distance, in the order of the results; not sought where that is more work than `most`."""
    if most is not None and work(results) > most:
        return [Distance(_NOT_SOUGHT.get(code, Reach.NOT_RATED)) for code in results.ratings.tolist()]
    search = _Search(results)
    for indicator, measure in levers(results.policy):
        search.pull(indicator, measure)
    return [search.found(i) for i in range(len(results))]


_NOT_SOUGHT = {CODE[c]: Reach.BEST if c is Rating.GREEN else Reach.NOT_SOUGHT for c in COLOURS}


def work(results: Results) -> int:
    """How much the search looks at, roughly: a tenth of a microsecond each, more where it is little."""
    quotas = results.policy.rating.quotas
    others = 0
    if quotas and len(results):
        sizes = np.bincount(parts([results.groups(quota.within) for quota in quotas]))
        others = int((sizes * sizes).sum())
    return sum(1 for _ in levers(results.policy)) * (len(results) * len(results.policy.indicators) + others)


def levers(policy: Policy) -> Iterator[tuple[Indicator, Measure]]:
    """Every figure that some indicator's value is made of, with the first that uses it.

    What a ratio or a change is measured against (graduates, last year's figure) is none: it is what stays.
    """
    seen: set[str] = set()
    for indicator in policy.indicators:
        for code in _upper(indicator):
            if code not in seen:
                seen.add(code)
                yield indicator, policy.measures[code]


def _upper(indicator: Indicator) -> Sequence[str]:
    match indicator.value:
        case Plain(measure):
            return (measure,)
        case Ratio(of, to, _):
            return tuple(code for code in dict.fromkeys(of) if code not in to)
        case Difference(plus, minus):
            return (plus, minus)
        case Change(now, before):
            return (now,) if now != before else ()


class _Search:
    """The best change found so far, row by row."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.probes = Probes(results)
        self.open = np.flatnonzero((results.ratings > 0) & (results.ratings < len(COLOURS)))
        size = len(results)
        self.size = np.full(size, np.iinfo(np.int64).max)
        self.changes: dict[int, OneChange] = {}

    def pull(self, indicator: Indicator, measure: Measure) -> None:
        """Try one figure of everybody who could be better."""
        if not self.open.size:
            return
        if measure.type in (Type.BOOLEAN, Type.CHOICE):
            known: Sequence[bool | str] = (False, True) if measure.type is Type.BOOLEAN else measure.options
            for code, value in enumerate(known):
                values = np.full(len(self.open), code, np.int64)
                better = self._is_better(measure, self.open, values)
                self._keep(indicator, measure, self.open[better], values[better], [value] * int(better.sum()))
            return
        now = self.probes.present(measure)
        if not isinstance(now, Numbers) or now.bound > FARTHEST:
            return
        low, high = _domain(measure, indicator, now)
        if low > high:
            return
        for direction, end, beyond in ((1, high, low - 1), (-1, low, high + 1)):
            start = np.where(now.has, now.data, beyond)[self.open]
            span = np.maximum(direction * (end - start), 0)
            reached = _nearest(self, measure, start, direction, span, _stops(indicator, measure))
            rows = np.flatnonzero(reached > 0)
            values = start[rows] + direction * reached[rows]
            said = [unscaled(int(value), measure.decimals) for value in values]
            self._keep(indicator, measure, self.open[rows], values, said)

    def _is_better(self, measure: Measure, rows: Places, values: Values) -> NDArray[np.bool_]:
        ratings, allowed = self.probes.rated(measure, rows, values)
        better: NDArray[np.bool_] = (ratings < self.results.ratings[rows]) & allowed
        return better

    def _keep(
        self, indicator: Indicator, measure: Measure, rows: Places, values: Values, said: Sequence[Decimal | bool | str]
    ) -> None:
        """Note the changes that are smaller than what was found before."""
        if not rows.size:
            return
        ratings, _ = self.probes.rated(measure, rows, values)
        old, new = self.probes.points(indicator, measure, rows, values)
        sizes = np.full(len(rows), NO_POINTS) if indicator.points is None else np.abs(new - np.maximum(old, 0))
        before = self.probes.told(measure, rows)
        for place in np.flatnonzero(sizes < self.size[rows]).tolist():
            row = int(rows[place])
            self.size[row] = sizes[place]
            self.changes[row] = OneChange(
                indicator.code, measure.code, before[place], said[place], _points(old[place]), _points(new[place]),
                RATINGS[int(ratings[place])],
            )  # fmt: skip

    def found(self, i: int) -> Distance:
        rating = int(self.results.ratings[i])
        if rating >= len(COLOURS):
            return Distance(Reach.NOT_RATED)
        if rating == 0:
            return Distance(Reach.BEST)
        if i in self.changes:
            return Distance(Reach.CHANGE, self.changes[i])
        holding = tuple(
            cap.code
            for number, cap in enumerate(self.results.policy.rating.caps)
            if self.results.capped[number, i] and CODE[cap.at_most] >= rating
        )
        return Distance(Reach.CAPPED if holding else Reach.NONE, caps=holding)


def _points(hundredths: int) -> Decimal | None:
    return None if hundredths < 0 else unscaled(int(hundredths), 2)


def _domain(measure: Measure, indicator: Indicator, now: Numbers) -> tuple[int, int]:
    """The values that are tried: within the measure's bounds, else well beyond everybody's and the form's own."""
    own = [abs(stop) for stop in _stops(indicator, measure)]
    wide = min(FARTHEST, 16 * max(now.bound, 1000 * 10**measure.decimals, *own))
    low = -wide if measure.min is None else max(-FARTHEST, ceil_scaled(measure.min, measure.decimals))
    high = wide if measure.max is None else min(FARTHEST, floor_scaled(measure.max, measure.decimals))
    return low, high


def _stops(indicator: Indicator, measure: Measure) -> list[int]:
    """Where the points form of a plain figure bends: beside them a rating may be had and lost again."""
    if isinstance(indicator.value, Plain) and isinstance(indicator.points, Linear | Steps):
        bends = [ceil_scaled(x, measure.decimals) for x, _ in indicator.points.points]
        return [bend for bend in bends if abs(bend) <= FARTHEST]
    return []


def _nearest(
    search: _Search, measure: Measure, start: Values, direction: int, span: Values, stops: Sequence[int]
) -> Values:
    """For each open row the smallest distance from `start` that reaches a better colour, 0 for none.

    Looked for at 1, 2, 4, … and at every stop, then halved down to one unit.
    """
    rows = search.open

    def better(which: Values, distance: Values) -> NDArray[np.bool_]:
        return search._is_better(measure, rows[which], start[which] + direction * distance)

    span = _allowed(search, measure, start, direction, span)
    longest = int(span.max(initial=0))
    tries = [np.minimum(1 << power, span) for power in range(longest.bit_length() + 1)]
    tries += [np.clip(direction * (stop - start), 0, span) for stop in stops]
    near, far = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    for distance in np.sort(np.array(tries), axis=0):
        which = np.flatnonzero((far == 0) & (distance > near))
        reached = better(which, distance[which])
        far[which[reached]] = distance[which[reached]]
        near[which[~reached]] = distance[which[~reached]]
    while (which := np.flatnonzero(far - near > 1)).size:
        middle = (near[which] + far[which]) // 2
        reached = better(which, middle)
        far[which[reached]] = middle[reached]
        near[which[~reached]] = middle[~reached]
    return far


def _allowed(search: _Search, measure: Measure, start: Values, direction: int, span: Values) -> Values:
    """How far each row may go before one of the policy's checks objects."""
    if not search.probes.is_checked(measure):
        return span
    rows = search.open

    def fits(which: Values, distance: Values) -> NDArray[np.bool_]:
        return search.probes.rated(measure, rows[which], start[which] + direction * distance)[1]

    good, bad = np.zeros(len(rows), np.int64), span.copy()
    which = np.flatnonzero(span > 0)
    at_once = fits(which, span[which])
    good[which[at_once]] = span[which[at_once]]
    while (which := np.flatnonzero(bad - good > 1)).size:
        middle = (good[which] + bad[which]) // 2
        fit = fits(which, middle)
        good[which[fit]] = middle[fit]
        bad[which[~fit]] = middle[~fit]
    return good
