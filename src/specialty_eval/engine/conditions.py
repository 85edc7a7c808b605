"""The condition tree of a policy as values; evaluating it over a batch is `evaluation`'s work."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Subject(StrEnum):
    """What a comparison looks at."""

    MEASURE = "measure"
    INDICATOR = "indicator"
    POINTS = "points"
    DIMENSION = "dimension"
    ATTRIBUTE = "attribute"
    TOTAL = "total"
    COMPLETENESS = "completeness"
    COUNT = "count"
    PROPOSED = "proposed"


class Op(StrEnum):
    """How it is compared."""

    AT_LEAST = "at_least"
    ABOVE = "above"
    AT_MOST = "at_most"
    BELOW = "below"
    EQUALS = "equals"
    ONE_OF = "one_of"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class MeasureRef:
    """A right side that is another measure of the same year."""

    code: str


Constant = Decimal | str | bool


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison; `one_of` has a tuple of constants."""

    op: Op
    right: Constant | MeasureRef | tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class Years:
    """Holds in at least `at_least` of the last `of_last` calendar years (or of the last that have a value)."""

    of_last: int
    at_least: int
    reported_only: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """One subject and the comparisons that must all hold; `code` is empty for `total` and `completeness`."""

    subject: Subject
    code: str
    tests: tuple[Test, ...]
    years: Years | None = None


@dataclass(frozen=True, slots=True)
class All:
    """Every one holds."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one holds."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class AtLeastOf:
    """At least `number` hold."""

    number: int
    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Previous:
    """Among the last `of_last` earlier ratings on record, at least `at_least` is one of these."""

    of_last: int
    at_least: int
    one_of: tuple[str, ...]


Condition = All | AnyOf | Not | AtLeastOf | Previous | Comparison


def measures_in(condition: Condition) -> tuple[str, ...]:
    """The measures a condition looks at, on either side, in the order in which it names them."""
    return tuple(dict.fromkeys(_measures_in(condition)))


def _measures_in(condition: Condition) -> Iterator[str]:
    match condition:
        case Comparison():
            if condition.subject is Subject.MEASURE:
                yield condition.code
            yield from (test.right.code for test in condition.tests if isinstance(test.right, MeasureRef))
        case Not():
            yield from _measures_in(condition.condition)
        case All() | AnyOf() | AtLeastOf():
            for inner in condition.conditions:
                yield from _measures_in(inner)
        case Previous():
            return
