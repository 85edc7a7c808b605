"""One specialty's figures, naively: indicator values, points, dimension scores and totals of policy.md."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from .conditions import Value, holds
from .tables import Batch


def half_up(exact: Fraction, places: int) -> Fraction:
    """The page: "half up, away from zero (2.675 -> 2.68, -0.5 -> -1 at 0 places)"."""
    scaled = abs(exact) * 10**places
    whole = (2 * scaled + 1) // 2
    return Fraction(whole if exact >= 0 else -whole, 10**places)


def listed(one_or_more: Any) -> list[Any]:
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]


class RowLook:
    """Sees measures of one year alone: for `needs`, and for checks; with `needs` of `pooled`, sums of measures."""

    def __init__(self, year: int, measures: dict[str, Value]) -> None:
        self.year, self.measures = year, measures

    def now(self) -> int:
        return self.year

    def earlier_years_with_a_row(self) -> Sequence[int]:
        return [self.year]

    def subject(self, kind: str, code: str, year: int) -> Value:
        assert (kind, year) == ("measure", self.year)
        return self.measures[code]

    own = subject

    def earlier_ratings(self) -> Sequence[str]:
        raise AssertionError("a condition over measures has no history")


class Figures:
    """Every figure of every specialty and year that the evidence can give."""

    def __init__(self, policy: dict[str, Any], batch: Batch) -> None:
        self.policy, self.batch = policy, batch
        self.indicators: dict[str, dict[str, Any]] = {one["code"]: one for one in policy["indicators"]}
        self.remembered: dict[tuple[str, str, str, int], Value] = {}

    # -- values -----------------------------------------------------------------------------------------------

    def measure(self, name: str, code: str, year: int) -> Value:
        return self.batch.rows[name, year][code] if (name, year) in self.batch.rows else None

    def number(self, name: str, code: str, year: int) -> Fraction | None:
        value = self.measure(name, code, year)
        assert value is None or isinstance(value, Fraction)
        return value

    def own_value(self, name: str, code: str, year: int) -> Value:
        """The value of that year, "after `needs` and before `over`", rounded to its decimals (default 2)."""
        indicator = self.indicators[code]
        if (name, year) not in self.batch.rows:  # "In a year without a row a specialty has no value"
            return None
        if "needs" in indicator and not holds(indicator["needs"], RowLook(year, self.batch.rows[name, year])):
            return None
        exact = self.exact_value(name, indicator["value"], year)
        return half_up(exact, self.places(indicator)) if isinstance(exact, Fraction) else exact

    @staticmethod
    def places(indicator: dict[str, Any]) -> int:
        return int(indicator.get("decimals", 2))

    def exact_value(self, name: str, form: Any, year: int) -> Value:
        if isinstance(form, str):
            return self.measure(name, form, year)
        if "ratio" in form:
            return self.ratio(name, form["ratio"], [year])
        (word,) = form
        first, second = (self.number(name, code, year) for code in form[word])
        if first is None or second is None:
            return None
        if word == "difference":
            return first - second
        assert word == "change"
        return None if second == 0 else 100 * (first - second) / second

    def ratio(self, name: str, form: dict[str, Any], years: list[int]) -> Fraction | None:
        """The page: "Sum of x k / sum to", over all years given; not reported when "any part is, or sum to = 0"."""
        tops = [self.number(name, code, year) for year in years for code in listed(form["of"])]
        bottoms = [self.number(name, code, year) for year in years for code in listed(form["to"])]
        if not years or None in tops or None in bottoms:
            return None
        below = sum((one for one in bottoms if one is not None), Fraction(0))
        above = sum((one for one in tops if one is not None), Fraction(0))
        return None if below == 0 else above * Fraction(form.get("times", 1)) / below

    def value(self, name: str, code: str, year: int) -> Value:
        """The indicator's value of that year, "after `over`"."""
        key = ("value", name, code, year)
        if key not in self.remembered:
            self.remembered[key] = self.value_after_over(name, code, year)
        return self.remembered[key]

    def value_after_over(self, name: str, code: str, year: int) -> Value:
        indicator = self.indicators[code]
        over = indicator.get("over", "latest")
        if (name, year) not in self.batch.rows:  # "whatever `over` would find"
            return None
        if over == "latest":
            return self.own_value(name, code, year)
        ((word, count),) = over.items()
        window = range(year - int(count) + 1, year + 1)  # "the n calendar years up to it"
        if word == "pooled":
            return self.pooled(name, indicator, [y for y in window if (name, y) in self.batch.rows])
        found = [self.own_value(name, code, y) for y in window]
        reported = [one for one in found if isinstance(one, Fraction)]
        if not reported:
            return None
        if word == "mean":  # "averages the already rounded values"
            return half_up(sum(reported, Fraction(0)) / len(reported), self.places(indicator))
        return {"lowest": min, "highest": max}[word](reported)

    def pooled(self, name: str, indicator: dict[str, Any], rows: list[int]) -> Value:
        """The page: "over those of the n years in which all its parts are reported"."""
        form = indicator["value"]["ratio"]
        parts = listed(form["of"]) + listed(form["to"])
        years = [y for y in rows if all(self.measure(name, part, y) is not None for part in parts)]
        if not years:  # "Not reported when no year is."
            return None
        if "needs" in indicator:
            sums: dict[str, Value] = {}
            for code in self.policy["measures"]:  # "each measure's sum over those of these years that report it"
                found = [self.measure(name, code, y) for y in years]
                numbers = [one for one in found if isinstance(one, Fraction)]
                sums[code] = sum(numbers, Fraction(0)) if numbers else None
            if not holds(indicator["needs"], RowLook(years[-1], sums)):
                return None
        exact = self.ratio(name, form, years)
        return None if exact is None else half_up(exact, self.places(indicator))

    # -- points -----------------------------------------------------------------------------------------------

    def points(self, name: str, code: str, year: int) -> Fraction | None:
        """Points of that year, 2 places; none when the value is not reported, "whatever `missing` says"."""
        key = ("points", name, code, year)
        if key not in self.remembered:
            value = self.value(name, code, year)
            self.remembered[key] = None if value is None else half_up(self.exact_points(name, code, year, value), 2)
        remembered = self.remembered[key]
        assert remembered is None or isinstance(remembered, Fraction)
        return remembered

    def exact_points(self, name: str, code: str, year: int, value: Value) -> Fraction:
        ((form, given),) = self.indicators[code]["points"].items()
        if form == "flag":
            assert isinstance(value, bool)
            return Fraction(given["is_true" if value else "is_false"])
        if form == "choice":
            return Fraction(given[value])
        assert isinstance(value, Fraction)
        if form == "rank":
            return self.rank(name, code, year, value, given)
        pairs = [(Fraction(x), Fraction(y)) for x, y in given]
        return linear(pairs, value) if form == "linear" else steps(pairs, value)

    def rank(self, name: str, code: str, year: int, value: Fraction, given: dict[str, Any]) -> Fraction:
        within = given.get("within", [])
        mine = [self.batch.attributes[name][attribute] for attribute in within]
        worse = equal = peers = 0
        for other in self.batch.specialties:  # "share the attributes (an empty one equals an empty one)"
            theirs = self.value(other, code, year)
            if theirs is None or [self.batch.attributes[other][attribute] for attribute in within] != mine:
                continue
            assert isinstance(theirs, Fraction)
            peers += 1
            equal += theirs == value
            worse += theirs < value if given["best"] == "high" else theirs > value
        return 100 * (worse + Fraction(equal, 2)) / peers

    # -- scores -----------------------------------------------------------------------------------------------

    def weighted(self) -> list[dict[str, Any]]:
        return [one for one in self.policy["indicators"] if "weight" in one]

    def mean(self, name: str, indicators: list[dict[str, Any]]) -> Fraction | None:
        """Weighted points "over the indicators that count", exact; none when none counts."""
        weights = top = Fraction(0)
        for one in indicators:
            points = self.points(name, one["code"], self.batch.scored)
            if points is None and one.get("missing", "zero") != "zero":  # exclude: "leaves the sum"
                continue
            weights += Fraction(one["weight"])
            top += Fraction(one["weight"]) * (points or 0)
        return top / weights if weights else None

    def dimension(self, name: str, code: str) -> Fraction | None:
        exact = self.mean(name, [one for one in self.weighted() if one["dimension"] == code])
        return None if exact is None else half_up(exact, 2)

    def completeness(self, name: str) -> Fraction:
        have = [one for one in self.weighted() if self.value(name, one["code"], self.batch.scored) is not None]
        return half_up(sum((Fraction(one["weight"]) for one in have), Fraction(0)), 2)

    def incomplete(self, name: str) -> bool:
        for one in self.policy["indicators"]:  # "block ...; also on an indicator without weight"
            if one.get("missing") == "block" and self.value(name, one["code"], self.batch.scored) is None:
                return True
        return bool(self.weighted()) and self.mean(name, self.weighted()) is None


def linear(pairs: list[tuple[Fraction, Fraction]], value: Fraction) -> Fraction:
    """The page: "straight lines between, flat outside"."""
    if value <= pairs[0][0]:
        return pairs[0][1]
    for (x0, y0), (x1, y1) in pairwise(pairs):
        if value <= x1:
            return y0 + (y1 - y0) * (value - x0) / (x1 - x0)
    return pairs[-1][1]


def steps(pairs: list[tuple[Fraction, Fraction]], value: Fraction) -> Fraction:
    """The page: "y of the highest x <= value; 0 below the first"."""
    reached = [y for x, y in pairs if x <= value]
    return reached[-1] if reached else Fraction(0)
