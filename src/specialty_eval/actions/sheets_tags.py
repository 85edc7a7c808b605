"""The cells of a plain sheet's XML, found by the places of its tags, many at a time; every tag where it must be.

A tag that no plain sheet has, or one out of place, and the whole is not plain: nothing is guessed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from specialty_eval.engine.letters import BELOW, Bytes, Flags, Places, Words, digits_of, taken

from .sheets import MOST_COLUMNS

_LONGEST = 24
"""No number that a program writes is longer."""


class NotPlain(Exception):  # noqa: N818 -- a signal within this module
    """Something that only `sheets` reads."""


def demand(what: object) -> None:
    """End the reading unless this holds."""
    if not what:
        raise NotPlain


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))


_ROW_END, _ROW_WIDE = np.bytes_(b"</row>"), len(b"</row>")
_VALUE_END, _VALUE_WIDE = _word(b"</v></c>"), len(b"</v></c>")
_VALUE, _EMPTY = np.uint32(_word(b"><v>")), np.uint32(_word(b"/>"))
_KIND, _KIND_BESIDE = _word(b' t="\0"'), _word(b"\xff\xff\xff\xff\0\xff")
_BYTE, _LETTERS = np.uint64(0xFF), 26
_CELL, _CELL_MARK = _word(b'<c r="'), np.uint64((1 << 48) - 1)
_STYLE, _FOUR = _word(b' s="'), np.uint64((1 << 32) - 1)
_TWO = 1 << 14


def _letter_pairs() -> NDArray[np.int16]:
    """The first two letters of a cell's place → its column from 0, with `_TWO` where both name it; -1 for no column."""
    pair = np.arange(1 << 16)
    first, second = (pair & 0xFF) - 64, (pair >> 8) - 64
    one = (first > 0) & (first <= _LETTERS)
    two = one & (second > 0) & (second <= _LETTERS)
    column = np.where(two, first * 26 + second, first) - 1
    return np.where(one & (column < MOST_COLUMNS), column + _TWO * two, -1).astype(np.int16)


_PAIRS = _letter_pairs()


@dataclass(slots=True)
class Cells:
    """The cells of one piece that say something: row within the piece, column, kind, style, where the value stands."""

    row: Places
    column: Places
    kind: Bytes
    style: Places
    start: Places
    length: Places


@dataclass(slots=True)
class Tags:
    """Where rows and cells of a piece open: of each cell its place, where it ends, whether a value ends there.

    The rows' numbers, how many digits each has, and those digits as a word.
    """

    cell: Places
    row: Places
    end: Places
    filled: Flags
    numbers: Places
    widths: Places
    digits: Words


def tags_of(whole: Bytes, size: int) -> Tags:
    """The rows and cells; every other tag of the piece is one that belongs to them and stands where it must."""
    opening = whole[:size] == ord("<")
    marks = np.flatnonzero(opening & ((whole[1 : size + 1] == ord("c")) | (whole[1 : size + 1] == ord("r"))))
    demand(marks.size and marks[0] == 0)
    is_row = whole[marks + 1] == ord("r")
    demand(is_row[0])
    following = np.append(marks[1:], size)
    is_last = np.append(is_row[1:], True)
    cell = np.flatnonzero(~is_row)
    row = (np.cumsum(is_row) - 1)[cell]
    numbers, widths = _row_numbers(whole, marks[is_row])
    digits = _words_at(whole, marks[is_row] + 8) & BELOW[widths]
    ends = _row_ends(whole, is_row, following, is_last)
    end = following[cell] - _ROW_WIDE * is_last[cell]
    filled = _words_at(whole, end - _VALUE_WIDE) == _VALUE_END
    expected = len(marks) + ends + 3 * np.count_nonzero(filled)
    demand(np.count_nonzero(opening) == expected and np.count_nonzero(whole[:size] == ord(">")) == expected)
    return Tags(marks[cell], row, end, filled, numbers, widths, digits)


def _row_numbers(whole: Bytes, at: Places) -> tuple[Places, Places]:
    """The rows' numbers, and how many digits each has."""
    demand((_text_at(whole, at, 8) == b'<row r="').all())
    number, width = digits_of(taken(whole, at + 8, 8).view(np.uint8).reshape(-1, 8))
    demand((width > 0).all() and (width < 8).all() and (whole[at + 8 + width] == ord('"')).all())
    demand((np.diff(number) > 0).all())
    return number, width


def _row_ends(whole: Bytes, is_row: Flags, following: Places, is_last: Flags) -> int:
    """How many rows have a closing tag: every one that has a cell, and the others unless they close themselves."""
    with_cells = is_row & ~is_last
    at = following[with_cells]
    demand((whole[at - 1] == ord(">")).all() and (whole[at - 2] != ord("/")).all())
    empty = following[is_row & is_last]
    closed = _text_at(whole, empty - 2, 2) == b"/>"
    apart = empty[~closed]
    demand((whole[apart - _ROW_WIDE - 1] == ord(">")).all() and (whole[apart - _ROW_WIDE - 2] != ord("/")).all())
    ends = np.concatenate([following[is_last & ~is_row], apart]) - _ROW_WIDE
    demand((_text_at(whole, ends, _ROW_WIDE) == _ROW_END).all())
    return len(ends)


def cells_of(whole: Bytes, tags: Tags) -> Cells:
    """The cells that say something."""
    column, after = _columns(whole, tags)
    style, after = _style(whole, after)
    kind, next_, after = _kind(whole, after)
    said, end = next_ == _VALUE, tags.end
    empty = ((next_ & np.uint32(0xFFFF)) == _EMPTY) & (after + 2 == end)
    demand((said | empty).all() and (said <= tags.filled).all())
    same = tags.row[1:] == tags.row[:-1]
    demand((column[1:] > column[:-1])[same].all())
    start, stop = after + 4, end - _VALUE_WIDE
    found = Cells(tags.row, column, kind, style, start, stop - start)
    if not said.all():
        found = Cells(*(part[said] for part in (tags.row, column, kind, style, start, stop - start)))
    demand((found.length > 0).all() and (found.length <= _LONGEST).all())
    return found


def _columns(whole: Bytes, tags: Tags) -> tuple[Places, Places]:
    """The columns of cells from 0, and what stands behind their places; each place must name its own row."""
    opens = _words_at(whole, tags.cell)
    demand(((opens & _CELL_MARK) == _CELL).all())
    pair = _PAIRS[opens >> np.uint64(48)]
    demand((pair >= 0).all())
    two = pair >= _TWO
    width: Places | int = tags.widths[tags.row]
    if tags.widths.min() == tags.widths.max():
        width = int(tags.widths[0])
    at = tags.cell + 7 + two
    demand(((_words_at(whole, at) & BELOW[width]) == tags.digits[tags.row]).all())
    after = at + width
    demand((whole[after] == ord('"')).all())
    return (pair & np.int16(_TWO - 1)).astype(np.int64), after + 1


def _style(whole: Bytes, at: Places) -> tuple[Places, Places]:
    """The number of each cell's style (0 without one), and where it ends."""
    has = (_words_at(whole, at) & _FOUR) == _STYLE
    style = np.zeros(len(at), np.int64)
    if not has.any():
        return style, at
    mine = at[has]
    style[has], width = digits_of(taken(whole, mine + 4, 8).view(np.uint8).reshape(-1, 8))
    demand((width > 0).all() and (whole[mine + 4 + width] == ord('"')).all() and (style < 1 << 16).all())
    after = at.copy()
    after[has] += 5 + width
    return style, after


def _kind(whole: Bytes, at: Places) -> tuple[Bytes, NDArray[np.uint32], Places]:
    """The letter of each cell's kind (`n` without one), the four letters behind it, and where those begin."""
    said = taken(whole, at, 12).view(np.uint32).reshape(-1, 3)
    word = said[:, 0] | said[:, 1].astype(np.uint64) << np.uint64(32)
    has = (word & _KIND_BESIDE) == _KIND
    kind = np.where(has, (word >> np.uint64(32)) & _BYTE, ord("n")).astype(np.uint8)
    behind = (word >> np.uint64(48)).astype(np.uint32) | said[:, 2] << np.uint32(16)
    return kind, np.where(has, behind, said[:, 0]), at + 6 * has


def _words_at(whole: Bytes, at: Places) -> Words:
    return taken(whole, at, 8).view(np.uint64)


def _text_at(whole: Bytes, at: Places, length: int) -> NDArray[np.bytes_]:
    return taken(whole, at, length).view(f"S{length}")
