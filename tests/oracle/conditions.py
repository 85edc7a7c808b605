"""Conditions of policy.md, clause by clause, over whatever can be looked up about one specialty."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

Value = Fraction | bool | str | None
COMPARISONS = ("at_least", "above", "at_most", "below", "equals", "one_of", "reported")
SUBJECTS = ("measure", "indicator", "points", "dimension", "attribute", "count", "total", "completeness")


class Looks(Protocol):
    """One specialty, as a condition sees it."""

    def now(self) -> int:
        """The year the condition is asked of."""

    def earlier_years_with_a_row(self) -> Sequence[int]:
        """All years up to `now` in which the specialty has a row."""

    def subject(self, kind: str, code: str, year: int) -> Value:
        """A subject's value as a condition of `year` compares it."""

    def own(self, kind: str, code: str, year: int) -> Value:
        """As `subject`, where `years` counts: an indicator's own value, "after `needs` and before `over`"."""

    def earlier_ratings(self) -> Sequence[str]:
        """Ratings on record before `now`, latest first."""


def constant(given: Any) -> Value:
    if isinstance(given, Decimal):
        return Fraction(given)
    assert isinstance(given, bool | str)
    return given


def same(left: Value, right: Value) -> bool:
    """Equal and of one kind: Python holds that True == 1, a policy doesn't."""
    return type(left) is type(right) and left == right


def holds(condition: dict[str, Any], look: Looks) -> bool:
    if "all" in condition:
        return all(holds(part, look) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, look) for part in condition["any"])
    if "not" in condition:
        return not holds(condition["not"], look)
    if "at_least_of" in condition:  # "so many of them hold"
        return sum(holds(part, look) for part in condition["conditions"]) >= int(condition["at_least_of"])
    if "previous" in condition:
        return previous_holds(condition["previous"], look)
    return subject_holds(condition, look)


def previous_holds(wanted: dict[str, Any], look: Looks) -> bool:
    """The page: "among the last 2 earlier ratings on record, at least 1 is one of these"."""
    # "`unrated` and `incomplete` are passed over, however long ago the others are"
    on_record = [rating for rating in look.earlier_ratings() if rating not in ("unrated", "incomplete")]
    last = on_record[: int(wanted["of_last"])]
    return sum(rating in wanted["one_of"] for rating in last) >= int(wanted["at_least"])


def subject_holds(condition: dict[str, Any], look: Looks) -> bool:
    (kind,) = [word for word in SUBJECTS if word in condition]
    if kind in ("total", "completeness"):
        return all_hold(condition[kind], look.subject(kind, "", look.now()), look, look.now())
    code, comparisons = condition[kind], {word: condition[word] for word in COMPARISONS if word in condition}
    if "years" not in condition:
        return all_hold(comparisons, look.subject(kind, code, look.now()), look, look.now())
    return years_hold(kind, code, comparisons, condition["years"], look)


def years_hold(kind: str, code: str, comparisons: dict[str, Any], years: dict[str, Any], look: Looks) -> bool:
    """The page: "it holds in at least 2 of the last 3 calendar years up to the scored one"."""
    count, needed = int(years["of_last"]), int(years["at_least"])
    if years.get("reported_only"):  # "the last 3 years that have a value are looked at instead"
        with_value = [y for y in look.earlier_years_with_a_row() if look.own(kind, code, y) is not None]
        looked_at = sorted(with_value)[-count:]
    else:  # "a year without a row does not [hold], and no older year takes its place"
        calendar = range(look.now() - count + 1, look.now() + 1)
        looked_at = [y for y in calendar if y in look.earlier_years_with_a_row()]
    return sum(all_hold(comparisons, look.own(kind, code, y), look, y) for y in looked_at) >= needed


def all_hold(comparisons: dict[str, Any], left: Value, look: Looks, year: int) -> bool:
    """The page: "one or more comparisons that must all hold"."""
    assert comparisons
    return all(compare(word, left, right, look, year) for word, right in comparisons.items())


def compare(word: str, left: Value, right: Any, look: Looks, year: int) -> bool:
    if word == "reported":
        return (left is not None) == bool(right)
    if left is None:  # "A subject that is not reported fails every comparison but `reported: false`"
        return False
    if word == "one_of":  # "lists constants"
        return any(same(left, constant(one)) for one in right)
    other = look.subject("measure", right["measure"], year) if isinstance(right, dict) else constant(right)
    if other is None:  # "of the same year; not reported, it fails"
        return False
    if word == "equals":
        return same(left, other)
    assert isinstance(left, Fraction)
    assert isinstance(other, Fraction)
    return {"at_least": left >= other, "above": left > other, "at_most": left <= other, "below": left < other}[word]
