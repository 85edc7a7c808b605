"""Rows that are in order → the database's text format, ten thousand at a time, so that nothing large is ever held."""

from collections.abc import Iterator, Sequence

import numpy as np

from specialty_eval.engine.grid import Grid
from specialty_eval.engine.letters import Bytes, joined, table_of, written

from .staging_cells import ESCAPES, Measured
from .staging_checks import Rows

_AT_ONCE = 10_000


def lines(file_id: int, grid: Grid, rows: Rows, columns: Sequence[Measured]) -> Iterator[bytes]:
    """`staging_queries.ROW_COLUMNS` of every row, in blocks."""
    ids, numbers = rows.ids(), grid.rows[rows.of]
    sources = table_of([text.translate(ESCAPES).encode() for text in rows.sources])
    first = str(file_id).encode() + b"\t"
    for begin in range(0, len(rows.of), _AT_ONCE):
        block = slice(begin, begin + _AT_ONCE)
        count = len(rows.of[block])
        tab, comma = _each(b"\t", count), _each(b",", count)
        parts = [_each(first, count), written(numbers[block]), tab, written(ids[block]), tab]
        parts += [written(rows.year[block]), tab, sources[rows.source[block]], _each(b"\t{", count)]
        said = [part for column in columns for part in (column.written[rows.of[block]], comma)]
        yield joined([*parts, *said[:-1], _each(b"}\n", count)])


def _each(text: bytes, rows: int) -> Bytes:
    """The same in every row."""
    return np.broadcast_to(np.frombuffer(text, np.uint8), (rows, len(text)))
