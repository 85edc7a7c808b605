"""How strict each expert is against the panels they sat on: a published figure that changes no score.

Of a review: the mean, over the panel measures, of one's own score less the mean of the others'. Of an expert: the mean
of these over the reviews, with a 95 % interval by Student's t. Below nought is stricter than the others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction

from .decimals import half_up

PLACES = 2
_T_975 = {
    1: 12706, 2: 4303, 3: 3182, 4: 2776, 5: 2571, 6: 2447, 7: 2365, 8: 2306, 9: 2262, 10: 2228, 11: 2201, 12: 2179,
    13: 2160, 14: 2145, 15: 2131, 16: 2120, 17: 2110, 18: 2101, 19: 2093, 20: 2086, 21: 2080, 22: 2074, 23: 2069,
    24: 2064, 25: 2060, 26: 2056, 27: 2052, 28: 2048, 29: 2045, 30: 2042, 40: 2021, 60: 2000, 120: 1980,
}  # fmt: skip
"""Thousandths of the 97.5 % quantile of Student's t, by degrees of freedom; between two lines the wider one holds."""


@dataclass(frozen=True, slots=True)
class Given:
    """One expert's score of one panel measure of one review."""

    review: int
    measure: str
    person: int
    score: Decimal


@dataclass(frozen=True, slots=True)
class Strictness:
    """An expert against the panels of so many reviews; no interval from one review alone."""

    person: int
    reviews: int
    mean: Decimal
    low: Decimal | None = None
    high: Decimal | None = None

    @property
    def is_apart(self) -> bool:
        """Whether the interval leaves out nought: of twenty who judge like the others, about one by chance."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def strictness(given: Iterable[Given]) -> list[Strictness]:
    """Everybody who scored something that somebody else scored too, the strictest first."""
    panels: dict[tuple[int, str], dict[int, Fraction]] = {}
    for one in given:
        panels.setdefault((one.review, one.measure), {})[one.person] = Fraction(one.score)
    differences: dict[int, dict[int, list[Fraction]]] = {}
    for (review, _), scores in panels.items():
        for person, difference in _against_the_others(scores).items():
            differences.setdefault(person, {}).setdefault(review, []).append(difference)
    found = [
        _of(person, [_mean(measures) for measures in by_review.values()]) for person, by_review in differences.items()
    ]
    return sorted(found, key=lambda one: (one.mean, one.person))


def _against_the_others(scores: Mapping[int, Fraction]) -> dict[int, Fraction]:
    if len(scores) < 2:
        return {}
    total, others = sum(scores.values(), Fraction(0)), len(scores) - 1
    return {person: score - (total - score) / others for person, score in scores.items()}


def _mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def _of(person: int, values: list[Fraction]) -> Strictness:
    mean, n = _mean(values), len(values)
    if n < 2:
        return Strictness(person, n, half_up(mean, PLACES))
    variance = sum(((value - mean) ** 2 for value in values), Fraction(0)) / (n - 1)
    half = Fraction(_quantile(n - 1), 1000) * _root(variance / n)
    return Strictness(person, n, half_up(mean, PLACES), half_up(mean - half, PLACES), half_up(mean + half, PLACES))


def _quantile(degrees: int) -> int:
    return _T_975[max(known for known in _T_975 if known <= degrees)]


def _root(value: Fraction) -> Fraction:
    exact = Context(prec=40)
    return Fraction(exact.sqrt(exact.divide(Decimal(value.numerator), Decimal(value.denominator))))
