"""Rows that are in order → the database's text format, ten thousand at a time, so that nothing large is ever held."""

from collections.abc import Iterator, Sequence

import numpy as np

from specialty_eval.engine.grid import Grid
from specialty_eval.engine.letters import Bytes, Flags, Places, joined, table_of
from specialty_eval.engine.vocabulary import Type

from .staging_cells import Measured
from .staging_checks import Rows
from .staging_reading import Read

_AT_ONCE = 10_000
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def lines(file_id: int, found: Read, grid: Grid, rows: Rows, columns: Sequence[Measured]) -> Iterator[bytes]:
    """`staging_queries.ROW_COLUMNS` of every row, in blocks."""
    ids, years = rows.ids().tolist(), rows.year.tolist()
    sources = [text.translate(_ESCAPES).encode() for text in rows.sources]
    source = [sources[place] for place in rows.source.tolist()]
    texts = [_quoted(column) for column in columns]
    for begin in range(0, len(rows.of), _AT_ONCE):
        of = rows.of[begin : begin + _AT_ONCE]
        numbers = grid.rows[of].tolist()
        parts = [
            _said(grid, found.places[column.measure.code], column, table, of)
            for column, table in zip(columns, texts, strict=True)
        ]
        said = _arrays(parts, len(of))
        yield b"".join(
            b"%d\t%d\t%d\t%d\t%b\t{%b}\n"
            % (
                file_id,
                number,
                ids[begin + n],
                years[begin + n],
                source[begin + n],
                one,
            )
            for n, (number, one) in enumerate(zip(numbers, said, strict=True))
        )


def _arrays(parts: Sequence[Bytes], rows: int) -> list[bytes]:
    """What stands between the braces of each row's array."""
    if not parts:
        return [b""] * rows
    comma, end = np.full((rows, 1), ord(","), np.uint8), np.full((rows, 1), ord("\n"), np.uint8)
    between = [part for column in parts for part in (column, comma)]
    return joined([*between[:-1], end]).split(b"\n")[:-1]


def _quoted(column: Measured) -> Bytes:
    """The texts that are not the file's own, as they stand in an array."""
    is_plain = column.measure.type in (Type.INTEGER, Type.DECIMAL, Type.BOOLEAN)
    return table_of([text.encode() if text and is_plain else _as_element(text) for text in column.texts])


def _as_element(text: str) -> bytes:
    """A text in an array within a line: NULL for an empty one."""
    if not text:
        return b"NULL"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.translate(_ESCAPES).encode()


def _said(grid: Grid, place: int, column: Measured, table: Bytes, of: Places) -> Bytes:
    """A column's texts of some rows; those that stand in no array as they are come from the table."""
    said, _ = grid.said(place, of)
    odd = np.searchsorted(column.odd, of)
    is_odd: Flags = np.zeros(len(of), np.bool_)
    if column.odd.size:
        is_odd = column.odd[np.minimum(odd, column.odd.size - 1)] == of
    nothing = ~column.has[of] & ~is_odd
    wide = max(said.shape[1], table.shape[1], 4)
    texts = np.zeros((len(of), wide), np.uint8)
    texts[:, : said.shape[1]] = said
    if is_odd.any():
        texts[is_odd] = 0
        texts[is_odd, : table.shape[1]] = table[column.which[odd[is_odd]]]
    texts[nothing] = 0
    texts[nothing, :4] = np.frombuffer(b"NULL", np.uint8)
    return texts
