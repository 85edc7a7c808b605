"""What a score run found: compact arrays, a sheet that explains one specialty, and the lines of RESULTS.csv."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from .batch import RATINGS, Ratings, Rows, groups
from .compiled import Compiled, Reason, Step
from .exact import Codes, Operand, half_up, unscaled
from .indicators import Block, Peers
from .policy import Indicator, Policy
from .rating import Marks
from .vocabulary import Missing, Rating

EMPTY = -1
"""In an array of hundredths: no score."""

SHEETS = 1024
"""So many are explained at a time."""


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator of one specialty: its value, its points, and whether it is in the sums.

    `points` are None where it has none or is left out; a missing value that counts has 0.
    """

    code: str
    value: Decimal | bool | str | None
    points: Decimal | None
    weight: Decimal | None
    counted: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """One specialty's result with all that explains it; scores are None where there are none."""

    specialty: str
    total: Decimal | None
    dimensions: Mapping[str, Decimal | None]
    completeness: Decimal | None
    rating: Rating
    reasons: tuple[Reason, ...]
    caps: tuple[str, ...]
    """The caps whose condition holds, whether or not they changed the rating: no vote gets above them."""
    indicators: tuple[Line, ...]


class Results:
    """The rated specialties in the order of the batch.

    `total` and `dimensions` (dimension x specialty) are hundredths, EMPTY where there are none; `ratings` are codes
    (places in `RATINGS`); `marks` (reason x specialty) tells the reasons, which `policy_reasons` names; `capped` (cap x
    specialty) where the condition of a cap holds.
    """

    def __init__(
        self,
        compiled: Compiled,
        peers: Peers,
        chosen: NDArray[np.intp] | None,
        total: NDArray[np.int16],
        dimensions: NDArray[np.int16],
        ratings: Ratings,
        marks: Marks,
        capped: Marks,
    ) -> None:
        self.total, self.dimensions, self.ratings, self.marks = total, dimensions, ratings, marks
        self.capped = capped
        self._compiled, self._peers, self._chosen = compiled, peers, chosen
        self._weights = {one.code: one.weight for group in compiled.weighted for one in group}

    def __len__(self) -> int:
        return len(self.total)

    @property
    def compiled(self) -> Compiled:
        """What was applied, ready for batches."""
        return self._compiled

    @property
    def peers(self) -> Peers:
        """Everybody that ranks looked at."""
        return self._peers

    def block(self) -> Block:
        """The rated rows, for a further look at what was computed."""
        return Block(self._peers, self.rows_rated)

    @property
    def rows_rated(self) -> Rows:
        """Which rows of the batch are rated."""
        return slice(0, len(self)) if self._chosen is None else self._chosen

    def groups(self, within: Sequence[str]) -> NDArray[np.int64]:
        """The groups of the rated by these attributes, as the quotas tell them apart."""
        return groups(self._peers.batch, within)[self.rows_rated]

    @property
    def policy(self) -> Policy:
        """What was applied."""
        return self._compiled.policy

    @property
    def specialties(self) -> Sequence[str]:
        """Whose results these are, in order."""
        everybody = self._peers.batch.specialties
        return everybody if self._chosen is None else [everybody[i] for i in self._chosen.tolist()]

    @property
    def policy_reasons(self) -> tuple[Reason, ...]:
        """All reasons the policy can give, in their order."""
        return self._compiled.reasons

    def specialty(self, i: int) -> str:
        """Whose result is the i-th."""
        return self._peers.batch.specialties[self._row(i)]

    def rating(self, i: int) -> Rating:
        """The i-th rating."""
        return RATINGS[int(self.ratings[i])]

    def reasons(self, i: int) -> tuple[Reason, ...]:
        """What led to the i-th rating, in order."""
        return tuple(self._compiled.reasons[number] for number in np.flatnonzero(self.marks[:, i]))

    def caps(self, i: int) -> tuple[str, ...]:
        """The codes of the caps that hold for the i-th, also of those that found nothing to change."""
        caps = self.policy.rating.caps
        return tuple(caps[number].code for number in np.flatnonzero(self.capped[:, i]))

    def sheet(self, i: int) -> Sheet:
        """The i-th result, explained."""
        return next(self.sheets([i]))

    def sheets(self, places: Sequence[int]) -> Iterator[Sheet]:
        """The results at these places, each explained by the same computation that made it."""
        for start in range(0, len(places), SHEETS):
            here = np.array(places[start : start + SHEETS], np.intp)
            block = Block(self._peers, here if self._chosen is None else self._chosen[here])
            columns = [_lines(one.indicator, block) for one in self._compiled.indicators.values()]
            lines = zip(*columns, strict=True) if columns else repeat(())
            for i, explained in zip(here.tolist(), lines, strict=False):
                yield self._sheet(i, explained)

    def _sheet(self, i: int, lines: tuple[Line, ...]) -> Sheet:
        scores = zip(self.policy.dimensions, self.dimensions[:, i].tolist(), strict=True)
        return Sheet(
            specialty=self.specialty(i),
            total=_score(int(self.total[i])),
            dimensions={dimension.code: _score(score) for dimension, score in scores},
            completeness=self._completeness(lines) if self._weights else None,
            rating=self.rating(i),
            reasons=self.reasons(i),
            caps=self.caps(i),
            indicators=lines,
        )

    def _completeness(self, lines: tuple[Line, ...]) -> Decimal:
        up, down = self._compiled.hundredths
        known = sum(self._weights.get(line.code, 0) for line in lines if line.value is not None)
        return unscaled(half_up(Fraction(known * up, down)), 2)

    def header(self) -> list[str]:
        """The columns of RESULTS.csv."""
        return ["specialty", "total", *(f"dimension:{d.code}" for d in self.policy.dimensions), "rating", "reasons"]

    def rows(self) -> Iterator[list[str]]:
        """The lines of RESULTS.csv: scores with two places, empty where there is none; reasons joined by `;`."""
        texts = [f"{n // 100}.{n % 100:02d}" for n in range(10001)] + [""]  # EMPTY is the last
        scores = [[texts[n] for n in line.tolist()] for line in (self.total, *self.dimensions)]
        ratings = [RATINGS[code].value for code in self.ratings.tolist()]
        reasons: list[list[str]] = [[] for _ in ratings]
        for i, number in zip(*(found.tolist() for found in np.nonzero(self.marks.T)), strict=True):
            reasons[i].append(self._compiled.reasons[number].code)
        for specialty, rating, why, *found in zip(self.specialties, ratings, reasons, *scores, strict=True):
            yield [specialty, *found, rating, ";".join(why)]

    def _row(self, i: int) -> int:
        return i if self._chosen is None else int(self._chosen[i])


def _lines(indicator: Indicator, block: Block) -> list[Line]:
    """One indicator's line of every row."""
    code, weight = indicator.code, indicator.weight
    year = block.years[-1]
    values = _shown(block.value(code, year))
    if indicator.points is None:
        return [Line(code, value, None, None, counted=False) for value in values]
    points = [unscaled(n, 2) for n in block.hundredths(code, year).tolist()]
    zero = weight is not None and indicator.missing is Missing.ZERO
    return [
        Line(
            code,
            value,
            None if value is None and not zero else p,
            weight,
            (weight is not None and value is not None) or zero,
        )
        for value, p in zip(values, points, strict=True)
    ]


def _shown(column: Operand) -> list[Decimal | bool | str | None]:
    """The values as written, None where not reported."""
    if isinstance(column, Codes):
        known = {code: value for value, code in column.index.items()}
        return [
            known[code] if has else None for code, has in zip(column.data.tolist(), column.has.tolist(), strict=True)
        ]
    pairs = zip(column.data.tolist(), column.has.tolist(), strict=True)
    return [unscaled(number, column.scale) if has else None for number, has in pairs]


def _score(hundredths: int) -> Decimal | None:
    return None if hundredths == EMPTY else unscaled(hundredths, 2)


__all__ = ["EMPTY", "Line", "Reason", "Results", "Sheet", "Step"]
