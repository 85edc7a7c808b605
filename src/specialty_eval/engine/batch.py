"""What is scored, frozen column by column: exact integers, who has a row in which year, and the ratings before.

Whether a value is allowed is `evidence`'s question; one that its column can't hold exactly is refused here too."""

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from .decimals import places
from .errors import Invalid, Problem
from .evidence import Row, Value, problem_with
from .exact import Array, Codes, Mask, Numbers, Operand, ceil_scaled, floor_scaled, integers, unscaled
from .policy import DEFAULTED, Attribute, Measure, Policy
from .vocabulary import COLOURS, Rating, Type

RATINGS = tuple(Rating)
"""A rating's code is its place here, so that a colour is worse the higher its code is."""

NONE = 255
"""The code of no rating."""

Ratings = NDArray[np.uint8]
"""Ratings by code."""


def is_one_of(ratings: Ratings, wanted: Iterable[str]) -> Mask:
    """Where the rating is one of these."""
    return reduce(operator.or_, (ratings == RATINGS.index(Rating(rating)) for rating in wanted))


Rows = slice | NDArray[np.intp]
"""Some rows of a batch."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Values as `(data + offset) / 10**scale`, or codes by `index`; not reported where `data` is `missing`.

    `data` is of the smallest type that holds them; Python integers where int64 does not. In a `bounded` column every
    entry lies in 0..missing, so it can look a table up.
    """

    data: Array
    missing: int | None
    scale: int = 0
    offset: int = 0
    low: int = 0
    high: int = 0
    bounded: bool = False
    index: dict[bool | str, int] | None = None

    def operand(self, rows: Rows) -> Operand:
        """The values of some rows, ready for arithmetic and comparison."""
        data = self.data[rows]
        has = data != self.missing
        if self.index is not None:
            return Codes(data, has, self.index)
        if self.missing is None:
            exact = np.where(has, data, 0)
        else:
            exact = data.astype(np.int64)
            if self.bounded:  # what is not reported is only one beyond the bounds
                exact += self.offset
            else:
                exact *= has
        return Numbers(exact, has, self.scale, min(self.low, 0), max(self.high + 1, 0))


def bounded_numbers(data: Array, has: Mask, scale: int, low: int, high: int) -> Column:
    """A column of the scaled integers low..high, few enough for a table."""
    missing = high - low + 1
    small = np.uint8 if missing <= np.iinfo(np.uint8).max else np.uint16
    return Column(np.where(has, data - low, missing).astype(small), missing, scale, low, low, high, bounded=True)


def numbers(data: Array, has: Mask, scale: int) -> Column:
    """A column of any scaled integers."""
    known = data[has]
    low, high = (int(known.min()), int(known.max())) if known.size else (0, 0)
    for dtype in (np.int32, np.int64):
        missing = int(np.iinfo(dtype).min)
        if missing < low and high < -missing:
            return Column(np.where(has, data, missing).astype(dtype), missing, scale, 0, low, high)
    exact = data.astype(object)
    exact[~has] = None
    return Column(exact, None, scale, 0, low, high)


def measure_numbers(measure: Measure, data: Array, has: Mask) -> Column:
    """A measure's column of integers scaled by its `decimals`; raises Invalid for any outside its bounds."""
    low = None if measure.min is None else ceil_scaled(measure.min, measure.decimals)
    high = None if measure.max is None else floor_scaled(measure.max, measure.decimals)
    known = data[has]
    if known.size and ((low is not None and known.min() < low) or (high is not None and known.max() > high)):
        _refuse(measure, [unscaled(int(value), measure.decimals) for value in (known.min(), known.max())])
    if low is not None and high is not None and 0 <= high - low < np.iinfo(np.uint16).max:
        return bounded_numbers(data, has, measure.decimals, low, high)
    return numbers(data, has, measure.decimals)


def _refuse(measure: Measure, values: Iterable[Value]) -> NoReturn:
    raise Invalid(*(problem for value in values if (problem := problem_with(measure, value)) is not None))


def codes(data: Array, values: Sequence[bool | str]) -> Column:
    """A column of codes 0..len(values), the last of which is *not reported*."""
    missing = len(values)
    small = next(t for t in (np.uint8, np.uint16, np.uint32) if missing <= np.iinfo(t).max)
    index = {value: code for code, value in enumerate(values)}
    return Column(data.astype(small), missing, high=missing - 1, bounded=True, index=index)


def measure_column(measure: Measure, values: Sequence[Value]) -> Column:
    """A measure's values of one year, as frozen integers; raises Invalid with every value it can't have."""
    try:
        if measure.type in (Type.BOOLEAN, Type.CHOICE):
            known: Sequence[bool | str] = (False, True) if measure.type is Type.BOOLEAN else measure.options
            return codes(_coded(values, known), known)
        return measure_numbers(measure, *_integers(values, measure.decimals))
    except (KeyError, ArithmeticError):
        _refuse(measure, values)


def attribute_column(attribute: Attribute, values: Sequence[Value]) -> Column:
    """An attribute's values; empty text is *not reported*."""
    if attribute.type in (Type.INTEGER, Type.DECIMAL):
        scale = max((places(v) for v in values if isinstance(v, Decimal)), default=0)
        return numbers(*_integers(values, scale), scale)
    texts = [_text(value) for value in values]
    known = tuple(dict.fromkeys(text for text in texts if text is not None))
    return codes(_coded(texts, known), known)


def _text(value: Value) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value in (None, "") else str(value)


def _coded(values: Sequence[Value], known: Sequence[bool | str]) -> Array:
    index: dict[Value, int] = {value: number for number, value in enumerate(known)}
    index[None] = len(known)
    return np.array([index[value] for value in values], np.int64)


def _integers(values: Sequence[Value], scale: int) -> tuple[Array, Mask]:
    """Scaled by 10**scale; raises ArithmeticError for more places."""
    one = 10**scale
    whole: list[int] = []
    for value in values:
        numerator, denominator = value.as_integer_ratio() if isinstance(value, Decimal) else (0, 1)
        if one % denominator or not (value is None or isinstance(value, Decimal)):
            raise ArithmeticError(value)
        whole.append(numerator * (one // denominator))
    has = np.array([value is not None for value in values], np.bool_)
    return integers(whole, max(map(abs, whole), default=0)), has


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The specialties that are scored together, in order of first appearance, and their evidence of every year.

    `years` ascend to the scored one; `rows[y, i]` is the number of specialty i's row of that year among those given,
    -1 without one; `measures[code][y]` is a column over the specialties, `attributes` are those of the scored year.
    """

    specialties: Sequence[str]
    years: tuple[int, ...]
    rows: NDArray[np.int32]
    measures: Mapping[str, Sequence[Column]]
    attributes: Mapping[str, Column]
    dated: bool = True

    @property
    def size(self) -> int:
        """How many specialties there are."""
        return len(self.specialties)

    @property
    def scored(self) -> int:
        """The scored year (0 where the evidence has no years)."""
        return self.years[-1]

    def year_of(self, place: int) -> int | None:
        """The year at that place of `years`, None where the evidence has no years."""
        return self.years[place] if self.dated else None

    @classmethod
    def from_rows(cls, policy: Policy, rows: Sequence[Row], scored_year: int | None = None) -> "Batch":
        """Freeze rows; rows of a later year than the scored one (by default the latest) are left out.

        Raises Invalid when two rows share specialty and year, when only some have a year, and for a value that its
        column can't hold exactly.
        """
        if len({row.year is None for row in rows}) > 1:
            raise Invalid(Problem("year-in-some-rows"))
        latest = max((row.year for row in rows if row.year is not None), default=None)
        scored = scored_year if scored_year is not None else latest
        kept = [(n, row) for n, row in enumerate(rows) if row.year is None or scored is None or row.year <= scored]
        places_of = {s: i for i, s in enumerate(dict.fromkeys(row.specialty for _, row in kept))}
        last = scored or 0
        years = tuple(sorted({row.year for _, row in kept if row.year is not None} | {last}))
        numbered = np.full((len(years), len(places_of)), -1, np.int32)
        for n, row in kept:
            spot = years.index(last if row.year is None else row.year), places_of[row.specialty]
            if numbered[spot] >= 0:
                raise Invalid(Problem("row-twice", f"rows.{n}", {"value": row.specialty, "year": row.year}))
            numbered[spot] = n
        return cls(
            specialties=tuple(places_of),
            years=years,
            rows=numbered,
            measures=_measures(policy, rows, numbered),
            attributes=_attributes(policy, rows, numbered),
            dated=any(row.year is not None for _, row in kept),
        )

    @classmethod
    def from_columns(
        cls,
        policy: Policy,
        specialties: Sequence[str],
        measures: Mapping[str, Column],
        attributes: Mapping[str, Column] | None = None,
        year: int | None = None,
    ) -> "Batch":
        """A batch of one year out of ready columns; a measure or attribute without one is not reported."""
        n = len(specialties)
        given = dict(attributes or {})
        known = {
            m.code: measures.get(m.code) or _repeated(measure_column(m, [None]), n) for m in policy.measures.values()
        }
        for attribute in _with_defaulted(policy):
            if attribute.code not in given:
                given[attribute.code] = _repeated(attribute_column(attribute, [_default(attribute.code)]), n)
        return cls(
            specialties=specialties,
            years=(year or 0,),
            rows=np.arange(n, dtype=np.int32).reshape(1, n),
            measures={code: (column,) for code, column in known.items()},
            attributes=given,
            dated=year is not None,
        )


def _repeated(one: Column, n: int) -> Column:
    """Everybody has the one value of that column."""
    return replace(one, data=np.repeat(one.data, n))


def _measures(policy: Policy, rows: Sequence[Row], numbered: NDArray[np.int32]) -> dict[str, tuple[Column, ...]]:
    of_year = [[None if n < 0 else rows[n].values for n in line.tolist()] for line in numbered]
    return {
        m.code: tuple(measure_column(m, [None if v is None else v.get(m.code) for v in line]) for line in of_year)
        for m in policy.measures.values()
    }


def _attributes(policy: Policy, rows: Sequence[Row], numbered: NDArray[np.int32]) -> dict[str, Column]:
    """Of the scored year; a specialty without a row in it (others look at its earlier years) keeps its latest."""
    latest = [rows[int(line[line >= 0][-1])].attributes for line in numbered.T]

    def value(kept: Mapping[str, Value], code: str) -> Value:
        return _default(code) if (found := kept.get(code)) in (None, "") else found

    return {a.code: attribute_column(a, [value(kept, a.code) for kept in latest]) for a in _with_defaulted(policy)}


def _with_defaulted(policy: Policy) -> list[Attribute]:
    """Every specialty has `defaulted`, declared or not."""
    return list({DEFAULTED: Attribute(DEFAULTED, Type.TEXT, {}), **policy.attributes}.values())


def _default(code: str) -> Value:
    return "false" if code == DEFAULTED else None


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Earlier ratings: `codes[k, i]` is specialty i's (k+1)-th latest colour, NONE beyond the first."""

    codes: Ratings

    @classmethod
    def of(cls, batch: Batch, ratings: Mapping[str, Sequence[Rating | str]]) -> "History":
        """From each specialty's ratings in the order of their years; `unrated` and `incomplete` are passed over."""
        code: dict[str, int] = {rating.value: number for number, rating in enumerate(RATINGS)}
        colours = len(COLOURS)
        if not ratings:
            return cls.none(batch.size)
        lines = [[c for r in reversed(ratings.get(s, ())) if (c := code[r]) < colours] for s in batch.specialties]
        table = np.full((max(map(len, lines), default=0), batch.size), NONE, np.uint8)
        for i, line in enumerate(lines):
            table[: len(line), i] = line
        return cls(table)

    @classmethod
    def none(cls, size: int) -> "History":
        """Nobody was rated before."""
        return cls(np.empty((0, size), np.uint8))


def groups(batch: Batch, within: Sequence[str]) -> NDArray[np.int64]:
    """A dense number for each set of specialties that share the attributes; an empty one equals an empty one."""
    shared = np.zeros(batch.size, np.int64)
    for code in within:
        column = batch.attributes[code]
        values = column.data if column.missing is not None else np.array([str(v) for v in column.data])
        own = np.unique(values, return_inverse=True)[1]
        shared = np.unique(shared * (int(own.max(initial=0)) + 1) + own, return_inverse=True)[1]
    return shared
