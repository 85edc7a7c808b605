"""What a policy declares, kept while the rest is read: the names a reference may use and the type behind each."""

from collections.abc import Collection
from dataclasses import dataclass, field

from .conditions import Subject
from .policy_shape import Spot, nearest
from .vocabulary import Type

NUMERIC = frozenset({Type.INTEGER, Type.DECIMAL})


@dataclass(frozen=True, slots=True)
class Side:
    """What stands on one side of a comparison; `type` is None when its declaration could not be read."""

    type: Type | None
    options: tuple[str, ...] = ()

    @property
    def is_numeric(self) -> bool:
        """A number, as far as is known: of an unreadable declaration nothing is said twice."""
        return self.type is None or self.type in NUMERIC


NUMBER = Side(Type.DECIMAL)
UNKNOWN = Side(None)


@dataclass(slots=True)
class Names:
    """Filled section by section, in the order in which sections may refer to each other."""

    attributes: dict[str, Side] = field(default_factory=dict)
    measures: dict[str, Side] = field(default_factory=dict)
    dimensions: dict[str, Side] = field(default_factory=dict)
    indicators: dict[str, Side] = field(default_factory=dict)
    with_points: set[str] = field(default_factory=set)
    has_weights: bool = True
    reasons: dict[str, int] = field(default_factory=dict)
    """Reason code → the line that says it first."""
    flags: set[str] = field(default_factory=set)

    def measure(self, spot: Spot) -> tuple[str, Side]:
        """The measure that is named here."""
        return self._named(spot, "unknown-measure", self.measures)

    def attribute(self, spot: Spot) -> tuple[str, Side]:
        """The attribute that is named here."""
        return self._named(spot, "unknown-attribute", self.attributes)

    def dimension(self, spot: Spot) -> tuple[str, Side]:
        """The dimension that is named here."""
        return self._named(spot, "unknown-dimension", self.dimensions)

    def indicator(self, spot: Spot) -> tuple[str, Side]:
        """The indicator that is named here."""
        return self._named(spot, "unknown-indicator", self.indicators)

    def numeric_measure(self, spot: Spot) -> str:
        """The numeric measure that is named here."""
        code, side = self.measure(spot)
        if not side.is_numeric:
            spot.refuse("not-numeric", type=str(side.type), expected="integer, decimal")
        return code

    def attributes_in(self, spots: Collection[Spot]) -> tuple[str, ...]:
        """The attributes of a `within`."""
        return tuple(self.attribute(spot)[0] for spot in spots)

    def reason(self, spot: Spot) -> str:
        """A reason's code, which no other step of the policy may have."""
        code = spot.code()
        if code == "incomplete":
            spot.refuse("reserved-code")
            return code
        return unique(spot, code, self.reasons)

    def _named(self, spot: Spot, problem: str, declared: dict[str, Side]) -> tuple[str, Side]:
        code = spot.code()
        if code and code not in declared:
            spot.refuse(problem, expected=tuple(declared)[:20], nearest=nearest(code, declared))
        return code, declared.get(code, UNKNOWN)


def unique(spot: Spot, code: str, seen: dict[str, int]) -> str:
    """The code read at `spot`, which no other of its kind may have; `seen` keeps the line of each."""
    if code in seen:
        spot.refuse("duplicate-code", first_line=seen[code])
    elif code:
        seen[code] = spot.node.line
    return code


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a condition stands, and with that what it may look at."""

    names: Names
    step: str
    subjects: frozenset[Subject]
    years: bool = False
    previous: bool = False
    numeric_only: bool = False


RATED = frozenset(
    {
        Subject.MEASURE,
        Subject.INDICATOR,
        Subject.POINTS,
        Subject.DIMENSION,
        Subject.ATTRIBUTE,
        Subject.TOTAL,
        Subject.COMPLETENESS,
    }
)


def needs_scope(names: Names, *, numeric_only: bool) -> Scope:
    """An indicator's `needs`: measures of the same year; of sums over years, numbers alone."""
    return Scope(names, "needs", frozenset({Subject.MEASURE}), numeric_only=numeric_only)


def checks_scope(names: Names) -> Scope:
    """A check of one row: what is reported, and whose it is."""
    return Scope(names, "checks", frozenset({Subject.MEASURE, Subject.ATTRIBUTE}))


def adjustments_scope(names: Names) -> Scope:
    """An adjustment makes the total, so it can't look at it."""
    return Scope(names, "adjustments", RATED - {Subject.TOTAL}, years=True, previous=True)


def rating_scope(names: Names, step: str) -> Scope:
    """A step of the rating sees everything."""
    return Scope(names, step, RATED, years=True, previous=True)


def lists_scope(names: Names) -> Scope:
    """A rule of a catalogue list: counts the system knows, and attributes."""
    return Scope(names, "lists", frozenset({Subject.COUNT, Subject.ATTRIBUTE}))
