"""The rows of a plain sheet as CSV, many cells at a time: what `sheets` writes of it, byte for byte, ten times as fast.

Plain is what programs write: numbers, shared texts, truth values and days, each cell with its place, nothing merged, no
formula. Anything else is left to `sheets`, which reads cell by cell and says what is wrong; here nothing is judged.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import numpy as np
from numpy.typing import NDArray

from specialty_eval.engine.letters import PAD, Bytes, Flags, Places, digits_of, joined, masks, table_of, taken

from .numbers_shown import shown
from .sheets import MOST_COLUMNS, MOST_ROWS
from .workbooks import MOST_UNPACKED, Workbook

_BEGIN, _END = b"<sheetData>", b"</sheetData>"
_PIECE = 4 << 20
_AT_ONCE = 2
"""So many pieces are read at the same time: NumPy's work holds up no other thread."""
_LONGEST = 24
"""No number that a program writes is longer."""
_ROW, _ROW_END, _CELL, _CELL_END, _VALUE, _VALUE_END = range(6)
_TAGS = {b"ro": _ROW, b"/r": _ROW_END, b"c ": _CELL, b"/c": _CELL_END, b"v>": _VALUE, b"/v": _VALUE_END}
_OTHER = 255
_MASKS = masks(_LONGEST)


class _NotPlain(Exception):  # noqa: N818 -- a signal within this module
    """Something that only `sheets` reads."""


def plain_rows(book: Workbook) -> bytes | None:
    """The sheet as CSV; None where it is not plain, or wrong in any way."""
    try:
        reading = _Reading(book)
        return b"".join(reading.rows())
    except _NotPlain:
        return None


def _tag_codes() -> Bytes:
    codes = np.full(1 << 16, _OTHER, np.uint8)
    for letters, code in _TAGS.items():
        codes[letters[0] << 8 | letters[1]] = code
    return codes


_SPECIAL = re.compile('[,"\\n\\r\\0]')
_CODES = _tag_codes()


def _demand(what: object) -> None:
    if not what:
        raise _NotPlain


@dataclass(slots=True)
class _Cells:
    """The cells of one piece that say something: row within the piece, column, kind, style, where the value stands."""

    row: Places
    column: Places
    kind: Bytes
    style: Places
    start: Places
    length: Places


@dataclass(slots=True)
class _Piece:
    """The rows of one piece: their numbers, which say something, and column → what its cells say, a row each."""

    numbers: Places
    present: Flags
    strips: dict[int, Bytes]
    heading: int
    """How wide the first row is that says something; 0 without any."""


class _Reading:
    """One sheet: the tables its cells refer to, and how far it has been written."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.texts = _Texts(book.texts())
        self.days = np.zeros(1 << 16, np.bool_)
        self.shares = self.days.copy()
        dates, shares = book.styles()
        self.days[[style for style in dates if style < len(self.days)]] = True
        self.shares[[style for style in shares if style < len(self.shares)]] = True
        self.day = partial(_day, book.epoch)
        self.width = self.row = self.lines = self.size = 0

    def rows(self) -> Iterator[bytes]:
        """The written rows, piece by piece."""
        waiting: deque[Future[_Piece]] = deque()
        with ThreadPoolExecutor(_AT_ONCE) as readers:
            for piece in self._pieces():
                waiting.append(readers.submit(self._read, piece))
                if len(waiting) > _AT_ONCE:
                    yield self._joined(waiting.popleft().result())
            while waiting:
                yield self._joined(waiting.popleft().result())

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
                    _demand(len(left) < _PIECE)
                    continue
                left, begun = left[at + len(_BEGIN) :], True
            end = left.find(_END)
            ended = end >= 0
            cut = end if ended else left.rfind(b"<row ")
            if cut >= 0:
                if cut:
                    yield left[:cut]
                left = left[cut:]
            _demand(len(left) < 4 * _PIECE)
        _demand(ended and b"mergeCell" not in left)

    # --- one piece ---------------------------------------------------------------------------------------------------

    def _read(self, piece: bytes) -> "_Piece":
        """A piece by itself, whatever stands before it."""
        whole = np.frombuffer(piece + PAD, np.uint8)
        tags, opens, closes = _tags(whole, len(piece))
        numbers, widths = self._row_numbers(whole, opens[tags == _ROW])
        cells = self._cells(whole, tags, opens, closes, numbers, widths)
        present = np.zeros(len(numbers), np.bool_)
        strips = self._strips(whole, cells, present)
        first = int(present.argmax())
        heading = int(cells.column[cells.row == first].max()) + 1 if present.any() else 0
        return _Piece(numbers, present, strips, heading)

    def _row_numbers(self, whole: Bytes, at: Places) -> tuple[Places, Places]:
        """The rows' numbers, and how many digits each has."""
        _demand(at.size and (_text_at(whole, at, 8) == b'<row r="').all())
        number, width = _digits(whole, at + 8, 7)
        _demand((whole[at + 8 + width] == ord('"')).all() and (width > 0).all())
        _demand((np.diff(number) > 0).all())
        return number, width

    def _cells(
        self, whole: Bytes, tags: Bytes, opens: Places, closes: Places, numbers: Places, widths: Places
    ) -> _Cells:
        which = np.flatnonzero(tags == _CELL)
        row = (np.cumsum(tags == _ROW) - 1)[which]
        at, end = opens[which], closes[which]
        column, after = self._places(whole, at, numbers[row], widths[row])
        style, after = _style(whole, after)
        kind, after = _kind(whole, after)
        empty = (whole[after] == ord("/")) & (after + 1 == end)
        _demand((empty | (after == end)).all())
        filled = which[~empty]
        _demand((tags[filled + 1] == _VALUE).all())
        start = closes[filled + 1] + 1
        length = opens[filled + 2] - start
        _demand((length > 0).all() and (length <= _LONGEST).all())
        same = row[1:] == row[:-1]
        _demand((column[1:] > column[:-1])[same].all())
        said = ~empty
        return _Cells(row[said], column[said], kind[said], style[said], start, length)

    def _places(self, whole: Bytes, at: Places, number: Places, width: Places) -> tuple[Places, Places]:
        """The columns of cells from 0, and where their places end; each place must name its own row."""
        _demand((_text_at(whole, at, 6) == b'<c r="').all())
        first, second, third = (whole[at + k].astype(np.int64) - 64 for k in (6, 7, 8))
        two, three = (second > 0) & (second < 27), (third > 0) & (third < 27)
        _demand(((first > 0) & (first < 27)).all() and not (two & three).any())
        column = np.where(two, first * 26 + second, first) - 1
        _demand((column < MOST_COLUMNS).all())
        digits = at + 7 + two
        found, long = _digits(whole, digits, int(width.max(initial=1)) + 1)
        _demand((found == number).all() and (long == width).all())
        after = digits + width
        _demand((whole[after] == ord('"')).all())
        return column, after + 1

    # --- writing -----------------------------------------------------------------------------------------------------

    def _joined(self, piece: "_Piece") -> bytes:
        """The rows as CSV: every column in a strip of its own, and what is left over between the strips taken out."""
        numbers, present, strips = piece.numbers, piece.present, piece.strips
        _demand(numbers[0] > self.row)
        self.row = int(numbers[-1])
        self.width = self.width or piece.heading
        _demand(max(strips, default=-1) < max(self.width, 1))  # no row wider than the heading
        if not present.any():
            return b""
        parts: list[Bytes] = []
        between = np.full((len(numbers), 1), ord(","), np.uint8)
        for column in range(self.width):
            if column:
                parts.append(between)
            if column in strips:
                parts.append(strips[column])
        strips_of = [part[present] for part in (self._line_ends(numbers, present), *parts)]
        written = joined(strips_of) + b"\n"
        self.size += len(written)
        _demand(self.size <= MOST_UNPACKED)
        return written

    def _line_ends(self, numbers: Places, present: Flags) -> Bytes:
        """What ends the lines before each row: none before a piece's first, more where rows are left out."""
        told = numbers[present]
        _demand(told[-1] <= MOST_ROWS)
        missing = np.diff(told, prepend=self.lines) - 1
        missing[1:] += 1
        _demand(missing.max() <= 1_000)
        ends = np.zeros((len(numbers), max(int(missing.max()), 1)), np.uint8)
        ends[present] = np.where(np.arange(ends.shape[1]) < missing[:, None], ord("\n"), 0)
        self.lines = int(told[-1])
        return ends

    def _strips(self, whole: Bytes, cells: _Cells, present: Flags) -> dict[int, Bytes]:
        """Column → its cells' texts, a row of the strip for each row of the piece, padded with zeros."""
        if not cells.column.size:
            return {}
        order = np.argsort(cells.column.astype(np.uint16), kind="stable")
        columns, begins = np.unique(cells.column[order], return_index=True)
        strips = {}
        for column, of in zip(columns.tolist(), np.split(order, begins[1:]), strict=True):
            texts = self._texts_of(whole, cells, of)
            strip = np.zeros((len(present), texts.shape[1]), np.uint8)
            strip[cells.row[of]] = texts
            present[cells.row[of]] |= texts.any(axis=1)
            strips[column] = strip
        return strips

    def _texts_of(self, whole: Bytes, cells: _Cells, of: Places) -> Bytes:
        """What these cells of one column say."""
        kind, length = cells.kind[of], cells.length[of]
        words = -(-int(length.max()) // 8)
        said = taken(whole, cells.start[of], 8 * words).view(np.uint64).reshape(len(of), words)
        said = (said & _MASKS[:, :words][length]).view(np.uint8)
        found: dict[int, Bytes] = {}
        for one in np.unique(kind).tolist():
            mine = kind == one
            found[one] = self._of_kind(chr(one), said[mine], length[mine], cells.style[of][mine])
        if len(found) == 1:
            return next(iter(found.values()))
        texts = np.zeros((len(of), max(part.shape[1] for part in found.values())), np.uint8)
        for one, part in found.items():
            texts[kind == one, : part.shape[1]] = part
        return texts

    def _of_kind(self, kind: str, said: Bytes, length: Places, style: Places) -> Bytes:
        if kind == "s":
            number, digits = digits_of(said)
            _demand((digits == length).all())
            return self.texts.of(number)
        if kind == "b":
            _demand((length == 1).all() and ((said[:, 0] | 1) == ord("1")).all())
            return table_of([b"false", b"true"])[said[:, 0] - ord("0")]
        _demand(kind == "n" and not self.shares[style].any())
        days = self.days[style]
        if not days.any():
            if (texts := shown(said, length)) is None:
                raise _NotPlain
            return texts
        _demand(days.all())
        serial, digits = digits_of(said)
        _demand((digits == length).all())
        known, place = np.unique(serial, return_inverse=True)
        return table_of([self.day(one) for one in known.tolist()])[place]


class _Texts:
    """The shared texts as CSV writes them, in tables by their length, so that a long one costs the others nothing."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.written = [_quoted(text) for text in texts]
        self.lengths = np.fromiter(map(len, self.written), np.int64, len(self.written))
        self.joined = np.frombuffer(b"".join(self.written) + PAD, np.uint8)
        self.starts = np.cumsum(self.lengths) - self.lengths

    def of(self, number: Places) -> Bytes:
        """The texts of these numbers, padded with zeros."""
        _demand(number.max() < len(self.lengths))
        length = self.lengths[number]
        wide = max(int(length.max()), 1)
        _demand(wide * len(number) < MOST_UNPACKED)
        place = np.arange(wide)
        at = np.minimum(self.starts[number][:, None] + place, len(self.joined) - 1)
        return np.where(place < length[:, None], self.joined[at], 0).astype(np.uint8)


def _quoted(text: str) -> bytes:
    if _SPECIAL.search(text):
        _demand("\0" not in text)
        text = '"' + text.replace('"', '""') + '"'
    return text.encode()


def _day(epoch: date, serial: int) -> bytes:
    """A serial number as a day; those that need a second look are `sheets`'."""
    _demand(60 < serial < 2_958_466)
    return (epoch + timedelta(days=serial)).isoformat().encode()


# --- letters ---------------------------------------------------------------------------------------------------------


def _tags(whole: Bytes, size: int) -> tuple[Bytes, Places, Places]:
    """What each tag is, where it opens and where it closes; every tag one that a plain sheet has, and in order."""
    opens = np.flatnonzero(whole[:size] == ord("<"))
    closes = np.flatnonzero(whole[:size] == ord(">"))
    _demand(opens.size and opens.size == closes.size)
    _demand((closes > opens).all() and (closes[:-1] < opens[1:]).all())
    tags = _CODES[whole[opens + 1].astype(np.int64) << 8 | whole[opens + 2]]
    _demand((tags != _OTHER).all() and tags[0] == _ROW and tags[-1] in (_ROW, _ROW_END))
    # Outside a value there is nothing between two tags.
    gap = closes[:-1] + 1 != opens[1:]
    _demand((tags[:-1][gap] == _VALUE).all())
    follows = _FOLLOWS[tags[:-1], tags[1:]]
    _demand(follows.all())
    return tags, opens, closes


def _following() -> Flags:
    """Which tag may come after which."""
    may = np.zeros((6, 6), np.bool_)
    for before, after in (
        (_ROW, _CELL), (_ROW, _ROW_END), (_ROW, _ROW), (_ROW_END, _ROW), (_CELL, _CELL), (_CELL, _VALUE),
        (_CELL, _ROW_END), (_VALUE, _VALUE_END), (_VALUE_END, _CELL_END), (_CELL_END, _CELL), (_CELL_END, _ROW_END),
    ):  # fmt: skip
        may[before, after] = True
    return may


_FOLLOWS = _following()


def _text_at(whole: Bytes, at: Places, length: int) -> NDArray[np.bytes_]:
    return taken(whole, at, length).view(f"S{length}")


def _digits(whole: Bytes, at: Places, most: int) -> tuple[Places, Places]:
    """The numbers that begin there, and how many digits each has, at most `most`."""
    number, width = np.zeros(len(at), np.int64), np.zeros(len(at), np.int64)
    going = np.ones(len(at), np.bool_)
    for place in range(most):
        digit = whole[at + place] - np.uint8(48)  # below 0 it wraps to above 9
        going &= digit < 10
        if not going.any():
            break
        number = np.where(going, number * 10 + digit, number)
        width += going
    return number, width


def _style(whole: Bytes, at: Places) -> tuple[Places, Places]:
    """The number of each cell's style (0 without one), and where it ends."""
    has = (whole[at] == ord(" ")) & (whole[at + 1] == ord("s"))
    style, width = np.zeros(len(at), np.int64), np.zeros(len(at), np.int64)
    if has.any():
        mine = at[has]
        _demand((whole[mine + 2] == ord("=")).all() and (whole[mine + 3] == ord('"')).all())
        style[has], width[has] = _digits(whole, mine + 4, 5)
        _demand((whole[mine + 4 + width[has]] == ord('"')).all() and (style < 1 << 16).all())
    return style, at + np.where(has, width + 5, 0)


def _kind(whole: Bytes, at: Places) -> tuple[Bytes, Places]:
    """The letter of each cell's kind (`n` without one), and where it ends."""
    has = (whole[at] == ord(" ")) & (whole[at + 1] == ord("t"))
    kind = np.full(len(at), ord("n"), np.uint8)
    if has.any():
        mine = at[has]
        _demand((whole[mine + 2] == ord("=")).all() and (whole[mine + 3] == ord('"')).all())
        _demand((whole[mine + 5] == ord('"')).all())
        kind[has] = whole[mine + 4]
    return kind, at + np.where(has, 6, 0)
