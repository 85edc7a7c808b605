"""A file's columns as values, some thousand rows at a time: numbers all at once, of other texts each one once.

What a value may be is `engine/evidence`'s question; here it is asked once for each text that is not plainly a number,
as long as those that differ are not too many to remember; then once in each block of rows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from specialty_eval.engine import typed
from specialty_eval.engine.errors import Invalid, Problem
from specialty_eval.engine.evidence import Value, parse_value
from specialty_eval.engine.exact import ceil_scaled, floor_scaled
from specialty_eval.engine.grid import Grid
from specialty_eval.engine.letters import TENS, Bytes, Flags, Places, blocks, distinct, numbers, table_of
from specialty_eval.engine.policy import Measure
from specialty_eval.engine.vocabulary import Type

from .intake_cells import Column
from .staging_reading import Read

Scaled = NDArray[np.int64]
_MOST_DIGITS = 17
MOST_KNOWN = 16_384
"""So many texts of a file are remembered with what they mean, shared out among its columns: what is said often is read
once, and a file in which no two cells say the same takes no more memory for it.
"""
NOTHING = b"NULL"
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure's column: which rows report it, what as a scaled integer or an option's place, which cells are wrong.

    All of it holds once every block of rows has been read.
    """

    measure: Measure
    has: Flags
    bad: Flags
    data: Scaled


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of the grid that have been read: measure → what goes on record of each, as `as_element` has it."""

    rows: slice
    written: Mapping[str, Bytes]


def measured(found: Read, grid: Grid, measures: Sequence[Measure]) -> tuple[list[Measured], Iterator[Block]]:
    """The measures' columns, and the blocks of rows that fill them as they are gone through, noting on the way every
    cell that is wrong or was understood.
    """
    columns = [
        Measured(m, np.zeros(len(grid), np.bool_), np.zeros(len(grid), np.bool_), np.zeros(len(grid), np.int64))
        for m in measures
    ]
    readers = [_Reader(found, grid, column, MOST_KNOWN // len(columns)) for column in columns]
    return columns, (Block(of, {one.into.measure.code: one.read(of) for one in readers}) for of in blocks(len(grid)))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads a measure's column block by block, and remembers its first `most` texts that are no plain numbers."""

    found: Read
    grid: Grid
    into: Measured
    most: int
    known: dict[str, "_Odd"] = field(default_factory=dict)

    def read(self, rows: slice) -> Bytes:
        """Read these rows; what goes on record of each."""
        measure = self.into.measure
        said, length = self.grid.cells.said(self.found.places[measure.code], rows)
        has = length > 0
        if measure.type in (Type.INTEGER, Type.DECIMAL):
            plain, data = _numbers_within(measure, said, length)
        else:
            plain, data = np.zeros(len(said), np.bool_), np.zeros(len(said), np.int64)
        self.into.has[rows], self.into.data[rows] = has, data
        if plain.all():
            return said
        odd, empty = np.flatnonzero(has & ~plain), np.flatnonzero(~has)
        written = _laid(said[:, : _wide(length[plain])], odd, self._read_odd(odd + rows.start, said[odd]))
        return _laid(written, empty, table_of([NOTHING]).repeat(len(empty), axis=0))

    def _read_odd(self, rows: Places, said: Bytes) -> Bytes:
        """Read what is no plain number, each text once; what goes on record of each row."""
        if not rows.size:
            return said
        seen = distinct(said)
        odd = [self.known.get(text) or self._new(text) for text in seen.texts]
        into, places = self.into, seen.places
        into.data[rows] = np.array([one.data for one in odd], np.int64)[places]
        into.has[rows] = np.array([one.cell.value is not None for one in odd], np.bool_)[places]
        into.bad[rows] = np.array([one.cell.problem is not None for one in odd], np.bool_)[places]
        note(self.found, self.grid, into.measure.code, Told(seen.texts, [one.cell for one in odd]), rows, places)
        return table_of([one.written for one in odd])[places]

    def _new(self, text: str) -> "_Odd":
        measure = self.into.measure
        cell = _value(measure, text)
        said = _written(cell.value)
        written = as_element(said) if not said or measure.type is Type.CHOICE else said.encode()
        odd = _Odd(cell, _scaled(measure, cell.value), written)
        if len(self.known) < self.most:
            self.known[text] = odd
        return odd


def _wide(length: Places) -> int:
    """As wide as the longest, in whole words."""
    return int(-(-length.max(initial=1) // 8) * 8)


def _laid(said: Bytes, rows: Places, instead: Bytes) -> Bytes:
    """The file's own texts, with others in some of the rows."""
    if not rows.size:
        return said
    texts = np.zeros((len(said), max(said.shape[1], instead.shape[1])), np.uint8)
    texts[:, : said.shape[1]] = said
    texts[rows] = 0
    texts[rows, : instead.shape[1]] = instead
    return texts


def as_element(text: str) -> bytes:
    """A text in an array within a line of COPY's: NULL for an empty one."""
    if not text:
        return NOTHING
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.translate(ESCAPES).encode()


def _numbers_within(measure: Measure, said: Bytes, length: Places) -> tuple[Flags, Scaled]:
    """Which cells are numbers within the measure's places and bounds, and those numbers scaled by its decimals; what
    is said of the others means nothing.
    """
    read = numbers(said, length)
    spare = measure.decimals - read.places
    plain = read.plain & (spare >= 0) & (length - read.places <= _MOST_DIGITS - measure.decimals)
    data = read.value * TENS.take(spare, mode="clip")
    if measure.min is not None:
        plain &= data >= ceil_scaled(measure.min, measure.decimals)
    if measure.max is not None:
        plain &= data <= floor_scaled(measure.max, measure.decimals)
    return plain, data


@dataclass(frozen=True, slots=True)
class Cell:
    """One text read: its value, or its problem; how it was understood, `` where it stood so."""

    value: Value
    problem: Problem | None = None
    how: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Odd:
    """A text that is no plain number: its cell, its value as a column holds it, what goes on record of it."""

    cell: Cell
    data: int
    written: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """Distinct texts and what they were read as."""

    texts: Sequence[str]
    cells: Sequence[Cell]


def read_cell(text: str, understand: typed.Understand, read: Callable[[str], Value]) -> Cell:
    """Understand a text, then read it strictly."""
    reading = understand(text)
    try:
        value = read(reading.text)
    except Invalid as refusal:
        return Cell(None, refusal.problems[0])
    return Cell(value, None, reading.how, reading.text)


def _value(measure: Measure, text: str) -> Cell:
    cell = read_cell(text, typed.of_measure(measure), lambda strict: parse_value(measure, strict))
    if cell.problem is not None and cell.problem.code == "not-a-number" and typed.is_ambiguous(text):
        return Cell(None, Problem("number-ambiguous", cell.problem.where, cell.problem.facts))
    if isinstance(cell.value, Decimal) and _digits(cell.value, measure) > _MOST_DIGITS:
        return Cell(None, Problem("out-of-range", cell.problem.where if cell.problem else "", {"expected": "..10^17"}))
    return cell


def _digits(value: Decimal, measure: Measure) -> int:
    return max(value.adjusted(), 0) + 1 + measure.decimals


def _scaled(measure: Measure, value: Value) -> int:
    if isinstance(value, Decimal):
        return floor_scaled(value, measure.decimals)
    return measure.options.index(value) if isinstance(value, str) else int(value is True)


def _written(value: Value) -> str:
    """A value as it goes on record."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else f"{value:f}" if isinstance(value, Decimal) else value


def note(found: Read, grid: Grid, column: str, told: Told, rows: Places, places: Places) -> None:
    """Note at each row what is wrong with its text or how it was understood."""
    odd = [number for number, cell in enumerate(told.cells) if cell.problem is not None or cell.how]
    if not odd:
        return
    # In the order of their texts, so that a file in which all differ is gone through once, not once for each.
    of_text = np.argsort(places, kind="stable")
    ends = np.searchsorted(places[of_text], np.arange(len(told.cells) + 1))
    for number in odd:
        text, cell = told.texts[number], told.cells[number]
        for row in grid.rows[rows[of_text[ends[number] : ends[number + 1]]]].tolist():
            if cell.problem is None:
                found.understood(row, column, cell.how, text, cell.text)
            else:
                found.wrong(row, column, cell.problem.code, text, cell.problem.facts.get("expected", ""))


def keyed(found: Read, grid: Grid, column: Column, understand: typed.Understand) -> tuple[Places, list[Value], Flags]:
    """A column that names or dates a row: where among distinct values, those, and what is wrong."""
    at = found.places.get(column.name)
    if at is None:
        return np.zeros(len(grid), np.int64), [None], np.zeros(len(grid), np.bool_)
    known = grid.distinct(at)
    cells = [read_cell(text, understand, column.value) for text in known.texts]
    note(found, grid, column.name, Told(known.texts, cells), np.arange(len(grid)), known.places)
    bad = np.array([cell.problem is not None for cell in cells], np.bool_)[known.places]
    return known.places, [cell.value for cell in cells], bad
