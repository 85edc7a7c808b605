"""Rows that are in order → the database's text format, as many at a time as are read."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from specialty_eval.engine.grid import Grid
from specialty_eval.engine.letters import Bytes, joined, table_of, written

from .staging_cells import ESCAPES, Block, Measured
from .staging_checks import Rows


def lines(
    file_id: int, grid: Grid, rows: Rows, columns: Sequence[Measured], read: Iterable[Block]
) -> Iterator[bytes]:  # fmt: skip
    """`staging_queries.ROW_COLUMNS` of every row, in blocks; all that there is to read has been read at the end."""
    ids, numbers = rows.ids(), grid.rows[rows.of]
    sources = table_of([text.translate(ESCAPES).encode() for text in rows.sources])
    first = str(file_id).encode() + b"\t"
    for piece in read:
        block = slice(*np.searchsorted(rows.of, (piece.rows.start, piece.rows.stop)))
        kept = rows.of[block] - piece.rows.start
        count = len(kept)
        tab, comma = _each(b"\t", count), _each(b",", count)
        parts = [_each(first, count), written(numbers[block]), tab, written(ids[block]), tab]
        parts += [written(rows.year[block]), tab, sources[rows.source[block]], _each(b"\t{", count)]
        said = [part for column in columns for part in (piece.written[column.measure.code][kept], comma)]
        yield joined([*parts, *said[:-1], _each(b"}\n", count)])


def _each(text: bytes, rows: int) -> Bytes:
    """The same in every row."""
    return np.broadcast_to(np.frombuffer(text, np.uint8), (rows, len(text)))
