"""How measures become an indicator's value, and a value becomes points: the forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

# --- value forms -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plain:
    """The measure itself."""

    measure: str


@dataclass(frozen=True, slots=True)
class Ratio:
    """Σof × times ÷ Σto."""

    of: tuple[str, ...]
    to: tuple[str, ...]
    times: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Difference:
    """plus − minus."""

    plus: str
    minus: str


@dataclass(frozen=True, slots=True)
class Change:
    """100 × (now − before) ÷ before."""

    now: str
    before: str


ValueForm = Plain | Ratio | Difference | Change


class OverKind(StrEnum):
    """How evidence of several years becomes one value."""

    LATEST = "latest"
    MEAN = "mean"
    LOWEST = "lowest"
    HIGHEST = "highest"
    POOLED = "pooled"


@dataclass(frozen=True, slots=True)
class Over:
    """`kind` over the `years` calendar years up to the scored one."""

    kind: OverKind = OverKind.LATEST
    years: int = 1


# --- points forms ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Linear:
    """(x, y) with x strictly rising; straight lines between, flat outside."""

    points: tuple[tuple[Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """y of the highest x ≤ value; 0 below the first."""

    points: tuple[tuple[Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True)
class FlagPoints:
    """Points of a boolean."""

    is_true: Decimal
    is_false: Decimal


@dataclass(frozen=True, slots=True)
class ChoicePoints:
    """Points of each option."""

    options: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Rank:
    """Mid-rank among the peers that share `within`, 0–100; `best_high` tells which end is good."""

    within: tuple[str, ...]
    best_high: bool


PointsForm = Linear | Steps | FlagPoints | ChoicePoints | Rank
