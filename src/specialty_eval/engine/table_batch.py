"""Evidence read from a file → the scorer's batch, column by column; and the policy's checks, asked of every row."""

from array import array
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .batch import Batch, Column, attribute_column, codes, measure_numbers
from .csv_columns import Bad, Cell, CellColumn
from .csv_evidence import NO_YEAR, Evidence, add_check
from .csv_records import Findings
from .evidence import Value
from .exact import LARGEST, floor_scaled
from .policy import DEFAULTED, Measure, Policy
from .scoring import checks_that_hold
from .vocabulary import Type

Places = NDArray[np.int64]


def batch_of(policy: Policy, evidence: Evidence, *, without: Collection[str]) -> Batch | None:
    """The batch of all specialties but those `without`, each row at its place among years and specialties."""
    places, years, names = _places(evidence, without)
    if not names:
        return None
    columns = evidence.table.columns
    measures = {m.code: _measure_columns(m, columns.get(m.code), places) for m in policy.measures.values()}
    # A specialty's attributes are those of the scored year; one without a row in it is not in the batch.
    now = places[-1].tolist()
    attributes = {
        code: attribute_column(declared, _attribute_values(code, columns.get(code), now))
        for code, declared in evidence.attributes.items()
    }
    return Batch(tuple(names), years, places.astype(np.int32), measures, attributes, dated=evidence.dated)


def note_checks(policy: Policy, evidence: Evidence, batch: Batch, findings: Findings) -> None:
    """Note every check that holds on a row of the batch."""
    for index, _, code in checks_that_hold(policy, batch) if policy.checks else ():
        add_check(policy, evidence, index, code, findings)


def _places(evidence: Evidence, without: Collection[str]) -> tuple[Places, tuple[int, ...], list[str]]:
    """The record of each year and specialty, -1 without one; the years, ascending; the specialties."""
    left_out = set(without)
    names = [name for name in dict.fromkeys(evidence.specialties) if name not in left_out]
    place_of = {name: place for place, name in enumerate(names)}
    years = tuple(sorted({*evidence.years, evidence.scored} - {NO_YEAR}))
    line_of = {year: line for line, year in enumerate(years)}
    places = np.full((len(years), len(names)), -1, np.int64)
    for index, (name, year) in enumerate(zip(evidence.specialties, evidence.years, strict=True)):
        if name not in left_out:
            places[line_of[year], place_of[name]] = index
    return places, years, names


def _measure_columns(measure: Measure, column: CellColumn | None, places: Places) -> tuple[Column, ...]:
    if column is None:
        column, places = CellColumn(array("i", [0]), [None]), np.full_like(places, -1)
    data, has = _integers(measure, column)
    found = []
    for line in places:
        here = data[line]
        known = has[line] & (line >= 0)
        if measure.type in (Type.BOOLEAN, Type.CHOICE):
            options: Sequence[bool | str] = (False, True) if measure.type is Type.BOOLEAN else measure.options
            found.append(codes(np.where(known, here, len(options)), options))
        else:
            found.append(measure_numbers(measure, here, known))
    return tuple(found)


def _integers(measure: Measure, column: CellColumn) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Scaled integers, or codes of options; each distinct value is converted once."""
    number = [_integer(measure, cell) for cell in column.values]
    reported = [cell is not None and not isinstance(cell, Bad) for cell in column.values]
    places = np.frombuffer(column.places, np.intc)
    kind = object if max(map(abs, number)) > LARGEST else np.int64
    return np.array(number, kind)[places], np.array(reported, np.bool_)[places]


def _integer(measure: Measure, cell: Cell) -> int:
    if isinstance(cell, Decimal):
        return floor_scaled(cell, measure.decimals)
    if isinstance(cell, str):
        return measure.options.index(cell)
    return int(cell is True)


def _attribute_values(code: str, column: CellColumn | None, places: Sequence[int]) -> list[Value]:
    empty: Value = "false" if code == DEFAULTED else None
    if column is None:
        return [empty] * len(places)
    found = [column[place] for place in places]
    return [empty if isinstance(cell, Bad) or cell is None else cell for cell in found]
