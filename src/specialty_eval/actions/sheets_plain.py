"""The rows of a plain sheet as a grid, many cells at a time: what `sheets` and `read_grid` make of it, much sooner.

Plain is what programs write: numbers, shared texts, truth values and days, each cell with its place, nothing merged, no
formula. Anything else is left to `sheets`, which reads cell by cell and says what is wrong; here nothing is judged.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import numpy as np

from specialty_eval.engine.grid import Grid, Strips
from specialty_eval.engine.letters import (
    PAD,
    Bytes,
    Flags,
    Places,
    Words,
    digits_of,
    table_of,
    texts_at,
)

from .numbers_shown import shown, stands
from .sheets import MOST_ROWS
from .sheets_tags import Cells, NotPlain, cells_of, demand, tags_of
from .workbooks import MOST_UNPACKED, Workbook

_BEGIN, _END = b"<sheetData>", b"</sheetData>"
_PIECE = 1 << 19
"""So much at a time that what is made of it stays near the processor."""
_TOLD_EACH = 5_000
_AT_ONCE = 2
"""So many pieces are read at the same time: NumPy's work holds up no other thread."""


def plain_grid(book: Workbook, told: Callable[[int], None] = lambda _: None) -> Grid | None:
    """The sheet's rows, telling how many are read so far; None where it is not plain, wrong in any way, or empty."""
    try:
        return _Reading(book).grid(told)
    except NotPlain:
        return None


@dataclass(slots=True)
class _Piece:
    """The rows of one piece that say something: their numbers, and column → what its cells say, a row each."""

    numbers: Places
    strips: dict[int, Bytes]
    last: int
    """The number of the last row, whether it says anything or not."""


class _Reading:
    """One sheet: the tables its cells refer to, and what has been read."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.texts = _Texts(book.texts())
        self.days = np.zeros(1 << 16, np.bool_)
        self.shares = self.days.copy()
        dates, shares = book.styles()
        self.days[[style for style in dates if style < len(self.days)]] = True
        self.shares[[style for style in shares if style < len(self.shares)]] = True
        self.day = partial(_day, book.epoch)

    def grid(self, told: Callable[[int], None]) -> Grid:
        """All rows, in order; the first that says something is the heading."""
        pieces: list[_Piece] = []
        row = size = said = 0
        for piece, begins in self._read_all():
            demand(begins > row)
            row = piece.last
            if row >= said + _TOLD_EACH:
                told(said := row)
            if len(piece.numbers):
                demand(piece.numbers[-1] <= MOST_ROWS)
                size += sum(strip.nbytes for strip in piece.strips.values())
                demand(size <= MOST_UNPACKED)
                pieces.append(piece)
        demand(pieces)
        return _assembled(pieces)

    def _read_all(self) -> Iterator[tuple[_Piece, int]]:
        """The pieces read side by side, in their order, each with the number of its first row."""
        waiting: deque[Future[tuple[_Piece, int]]] = deque()
        with ThreadPoolExecutor(_AT_ONCE) as readers:
            for piece in self._pieces():
                waiting.append(readers.submit(self._read, piece))
                if len(waiting) > _AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _pieces(self) -> Iterator[bytes]:
        """The rows' XML in pieces of whole rows."""
        left, begun, ended = b"", False, False
        for more in self.book.pieces(self.book.sheet, _PIECE):
            left += more
            if ended:
                continue
            if not begun:
                at = left.find(_BEGIN)
                if at < 0:
                    demand(len(left) < 4 * _PIECE)
                    continue
                left, begun = left[at + len(_BEGIN) :], True
            end = left.find(_END)
            ended = end >= 0
            cut = end if ended else left.rfind(b"<row ")
            if cut >= 0:
                if cut:
                    yield left[:cut]
                left = left[cut:]
            demand(len(left) < 8 * _PIECE)
        demand(ended and b"mergeCell" not in left)

    # --- one piece ---------------------------------------------------------------------------------------------------

    def _read(self, piece: bytes) -> tuple[_Piece, int]:
        """A piece by itself, whatever stands before it, and the number of its first row."""
        whole = np.frombuffer(piece + PAD, np.uint8)
        tags = tags_of(whole, len(piece))
        cells = cells_of(whole, tags)
        present = np.zeros(len(tags.numbers), np.bool_)
        strips = self._strips(whole, cells, present)
        if not present.all():
            strips = {column: strip[present] for column, strip in strips.items()}
        return _Piece(tags.numbers[present], strips, int(tags.numbers[-1])), int(tags.numbers[0])

    def _strips(self, whole: Bytes, cells: Cells, present: Flags) -> dict[int, Bytes]:
        """Column → its cells' texts, a row of the strip for each row of the piece; columns of empty texts left out."""
        if not cells.column.size:
            return {}
        texts = self._without_shared(whole, cells)
        strips = {}
        for column, of in _by_column(cells, len(present)):
            said = self._with_shared(texts[of], cells.kind[of])
            row = cells.row[of]
            says = said[:, 0] != 0
            if not says.any():
                continue
            present[row[says]] = True
            if len(said) < len(present):
                strip = np.zeros((len(present), said.shape[1]), np.uint8)
                strip[row] = said
                said = strip
            strips[column] = said
        return strips

    def _without_shared(self, whole: Bytes, cells: Cells) -> Words:
        """What cells say as words; of a shared text its number."""
        said = texts_at(whole, cells.start, cells.length)
        numeric, is_true = cells.kind == ord("n"), cells.kind == ord("b")
        shared = cells.kind == ord("s")
        demand((numeric | is_true | shared).all())
        if is_true.any():
            given = said[is_true, 0]
            demand((cells.length[is_true] == 1).all() and ((given | 1) == ord("1")).all())
            said[is_true, :8] = table_of([b"false", b"true"])[given - ord("0")]
        styled = np.flatnonzero(numeric & (cells.style > 0) if cells.style.any() else numeric[:0])
        demand(not self.shares[cells.style[styled]].any() and not (self.shares[0] or self.days[0]))
        days = styled[self.days[cells.style[styled]]]
        numeric[days] = False
        odd = np.flatnonzero(numeric & ~stands(said, cells.length))
        if odd.size:
            numbers = shown(said[odd], cells.length[odd])
            if numbers is None:
                raise NotPlain
            said = _put(said, odd, numbers)
        if days.size:
            said = _put(said, days, self._days(said[days], cells.length[days]))
        if shared.any():
            number, digits = digits_of(said[shared])
            demand((digits == cells.length[shared]).all() and number.max() < len(self.texts.lengths))
            said[shared] = 0
            said[shared, :8] = number[:, None].view(np.uint8)
        return said.view(np.uint64)

    def _with_shared(self, words: Words, kind: Bytes) -> Bytes:
        """What a column's cells say, no wider than it must be."""
        shared = kind == ord("s")
        if shared.all():
            return self.texts.of(words[:, 0].astype(np.int64))
        texts = None
        if shared.any():
            texts = self.texts.of(words[shared, 0].astype(np.int64))
            words[shared] = 0
        while words.shape[1] > 1 and not words[:, -1].any():
            words = words[:, :-1]
        said = np.ascontiguousarray(words).view(np.uint8)
        return said if texts is None else _put(said, shared, texts)

    def _days(self, said: Bytes, length: Places) -> Bytes:
        serial, digits = digits_of(said)
        demand((digits == length).all())
        known, place = np.unique(serial, return_inverse=True)
        return table_of([self.day(one) for one in known.tolist()])[place]


def _by_column(cells: Cells, rows: int) -> Iterator[tuple[int, slice | Places]]:
    """Each column with its cells; where every row has the same columns they stand at even distances."""
    wide, rest = divmod(len(cells.column), rows)
    if not rest and (cells.column.reshape(rows, wide) == cells.column[:wide]).all():
        for place, column in enumerate(cells.column[:wide].tolist()):
            yield column, slice(place, None, wide)
        return
    order = np.argsort(cells.column.astype(np.uint16), kind="stable")
    columns, begins = np.unique(cells.column[order], return_index=True)
    yield from zip(columns.tolist(), np.split(order, begins[1:]), strict=True)


def _put(said: Bytes, where: Flags | Places, texts: Bytes) -> Bytes:
    """Texts in place of others, which may be longer."""
    if texts.shape[1] > said.shape[1]:
        wider = np.zeros((len(said), texts.shape[1]), np.uint8)
        wider[:, : said.shape[1]] = said
        said = wider
    said[where] = 0
    said[where, : texts.shape[1]] = texts
    return said


def _assembled(pieces: Sequence[_Piece]) -> Grid:
    first = pieces[0]
    heading = {column: strip[0].tobytes().rstrip(b"\0").decode() for column, strip in first.strips.items()}
    width = max(column for column, text in heading.items() if text) + 1
    demand(max(column for piece in pieces for column in piece.strips) < width)  # no row wider than the heading
    first.numbers = first.numbers[1:]
    first.strips = {column: strip[1:] for column, strip in first.strips.items()}
    rows = np.concatenate([piece.numbers for piece in pieces])
    begins = np.cumsum([0, *(len(piece.numbers) for piece in pieces[:-1])])
    strips = Strips([piece.strips for piece in pieces], begins.tolist(), len(rows))
    return Grid(tuple(heading.get(column, "") for column in range(width)), rows, strips)


class _Texts:
    """The shared texts, one after the other."""

    def __init__(self, texts: Sequence[str]) -> None:
        written = [text.encode() for text in texts]
        demand(not any(b"\0" in text for text in written))
        self.lengths = np.fromiter(map(len, written), np.int64, len(written))
        self.joined = np.frombuffer(b"".join(written) + PAD, np.uint8)
        self.starts = np.cumsum(self.lengths) - self.lengths

    def of(self, number: Places) -> Bytes:
        """The texts of these numbers, padded with zeros."""
        length = self.lengths[number]
        demand((int(length.max()) + 8) * len(number) < MOST_UNPACKED)
        return texts_at(self.joined, self.starts[number], length)


def _day(epoch: date, serial: int) -> bytes:
    """A serial number as a day; those that need a second look are `sheets`'."""
    demand(60 < serial < 2_958_466)
    return (epoch + timedelta(days=serial)).isoformat().encode()
