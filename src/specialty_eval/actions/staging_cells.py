"""A file's columns as values, a column at a time: numbers all at once, whatever is odd text by text, each once.

What a value may be is `engine/evidence`'s question; here it is asked once for each text that is not plainly a number.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
NOTHING = b"NULL"
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure's column: which rows report it, what as a scaled integer or an option's place, which cells are wrong.

    `written` is what goes on record of each row, as the database's text format has it within an array.
    """

    measure: Measure
    has: Flags
    bad: Flags
    data: Scaled
    written: Bytes


def measured(found: Read, grid: Grid, measure: Measure) -> Measured:
    """Read a measure's column, noting every cell that is wrong or was understood."""
    said, length = grid.cells.said(found.places[measure.code])
    has, data = length > 0, np.zeros(len(grid), np.int64)
    plain = np.zeros(len(grid), np.bool_)
    if measure.type in (Type.INTEGER, Type.DECIMAL):
        plain, data = _plain_numbers(measure, said, length)
    odd = np.flatnonzero(has & ~plain)
    bad = np.zeros(len(grid), np.bool_)
    which, table = np.empty(0, np.int64), table_of([NOTHING])
    if odd.size:
        which, texts = _read_odd(found, grid, measure, odd, said[odd], (has, bad, data))
        is_bare = measure.type is not Type.CHOICE
        table = table_of([text.encode() if text and is_bare else as_element(text) for text in texts])
    written = _laid(said[:, : _wide(length[plain])], odd, table[which], wide=table.shape[1])
    if not has.all():
        written[~has] = 0
        written[~has, : len(NOTHING)] = np.frombuffer(NOTHING, np.uint8)
    return Measured(measure, has, bad, data, written)


def _wide(length: Places) -> int:
    """As wide as the longest, in whole words."""
    return int(-(-length.max(initial=1) // 8) * 8)


def _laid(said: Bytes, odd: Places, instead: Bytes, *, wide: int) -> Bytes:
    """The file's own texts, with others in the odd rows."""
    if not odd.size:
        return said
    texts = np.zeros((len(said), max(said.shape[1], wide)), np.uint8)
    texts[:, : said.shape[1]] = said
    texts[odd] = 0
    texts[odd, : instead.shape[1]] = instead
    return texts


def as_element(text: str) -> bytes:
    """A text in an array within a line of COPY's: NULL for an empty one."""
    if not text:
        return NOTHING
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.translate(ESCAPES).encode()


def _plain_numbers(measure: Measure, said: Bytes, length: Places) -> tuple[Flags, Scaled]:
    """Which cells are numbers within the measure's places and bounds, and those numbers scaled by its decimals."""
    plain, data = np.empty(len(said), np.bool_), np.empty(len(said), np.int64)
    for block in blocks(len(said)):
        plain[block], data[block] = _numbers_within(measure, said[block], length[block])
    return plain, data


def _numbers_within(measure: Measure, said: Bytes, length: Places) -> tuple[Flags, Scaled]:
    read = numbers(said, length)
    spare = measure.decimals - read.places
    plain = read.plain & (spare >= 0) & (length - read.places <= _MOST_DIGITS - measure.decimals)
    data = np.where(plain, read.value * TENS[np.clip(spare, 0, 18)], 0)
    if measure.min is not None:
        plain &= data >= ceil_scaled(measure.min, measure.decimals)
    if measure.max is not None:
        plain &= data <= floor_scaled(measure.max, measure.decimals)
    return plain, data


def _read_odd(
    found: Read, grid: Grid, measure: Measure, odd: Places, said: Bytes, into: tuple[Flags, Flags, Scaled]
) -> tuple[Places, list[str]]:  # fmt: skip
    """Read what is no plain number, each text once; each row's place among the texts for the record, and those."""
    has, bad, data = into
    known = distinct(said)
    read = [_value(measure, text) for text in known.texts]
    data[odd] = np.array([_scaled(measure, one.value) for one in read], np.int64)[known.places]
    has[odd] = np.array([one.value is not None for one in read], np.bool_)[known.places]
    bad[odd] = np.array([one.problem is not None for one in read], np.bool_)[known.places]
    note(found, grid, measure.code, Told(known.texts, read), odd, known.places)
    return known.places, [_written(one.value) for one in read]


@dataclass(frozen=True, slots=True)
class Cell:
    """One text read: its value, or its problem; how it was understood, `` where it stood so."""

    value: Value
    problem: Problem | None = None
    how: str = ""
    text: str = ""


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
    for number, cell in enumerate(told.cells):
        if cell.problem is None and not cell.how:
            continue
        text = told.texts[number]
        for row in grid.rows[rows[places == number]].tolist():
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
