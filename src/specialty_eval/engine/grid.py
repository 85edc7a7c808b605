"""A table as columns of texts, of a CSV file where they stand in its bytes; every row that can be read has its number.

What `csv_records` would read of it, and refuse of it, said with the same codes; a hundred thousand rows at a time.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .csv_records import LONGEST_LINE, MOST_COLUMNS, Findings, Record, decoded, is_text, records
from .letters import PAD, Bytes, Distinct, Places, distinct, lengths_of, texts_at

Offsets = NDArray[np.int32]
EVERY = slice(None)


class Cells(Protocol):
    """The texts of a table, by column, and one by one; rows are counted from 0."""

    def said(self, column: int, rows: slice = EVERY) -> tuple[Bytes, Places]:
        """A column's texts in these rows, padded with zeros to whole words, and their lengths."""
        ...

    def text(self, row: int, column: int) -> str:
        """One cell's text."""
        ...


@dataclass(frozen=True, slots=True)
class Grid:
    """The rows that have as many cells as the heading: `rows` are their numbers as a spreadsheet counts."""

    heading: tuple[str, ...]
    rows: Places
    cells: Cells

    def __len__(self) -> int:
        return len(self.rows)

    def distinct(self, column: int) -> Distinct:
        """A column's texts, each once."""
        return distinct(self.cells.said(column)[0])


@dataclass(frozen=True, slots=True)
class InPlace:
    """Texts that stay where they stand in a file's bytes."""

    whole: Bytes
    starts: Offsets
    lengths: Offsets

    def said(self, column: int, rows: slice = EVERY) -> tuple[Bytes, Places]:
        """A column's texts in these rows, padded with zeros to whole words, and their lengths."""
        length = self.lengths[rows, column].astype(np.int64)
        return texts_at(self.whole, self.starts[rows, column].astype(np.int64), length), length

    def text(self, row: int, column: int) -> str:
        """One cell's text."""
        start = int(self.starts[row, column])
        return self.whole[start : start + int(self.lengths[row, column])].tobytes().decode()


@dataclass(frozen=True, slots=True)
class Strips:
    """Texts in blocks of rows, of each block the columns that say something; `begins` are the blocks' first rows."""

    blocks: Sequence[Mapping[int, Bytes]]
    begins: Sequence[int]
    rows: int

    def said(self, column: int, rows: slice = EVERY) -> tuple[Bytes, Places]:
        """A column's texts in these rows, padded with zeros to whole words, and their lengths."""
        first, stop, _ = rows.indices(self.rows)
        strips = list(self._strips(column, first, stop))
        texts = np.zeros((stop - first, max((strip.shape[1] for _, strip in strips), default=8)), np.uint8)
        for begin, strip in strips:
            texts[begin : begin + len(strip), : strip.shape[1]] = strip
        return texts, lengths_of(texts)

    def _strips(self, column: int, first: int, stop: int) -> Iterator[tuple[int, Bytes]]:
        """What the blocks have of a column within these rows, each with how far behind the first it begins."""
        for at in range(bisect_right(self.begins, first) - 1, bisect_left(self.begins, stop)):
            if (strip := self.blocks[at].get(column)) is not None:
                begin = self.begins[at]
                yield max(begin - first, 0), strip[max(first - begin, 0) : stop - begin]

    def text(self, row: int, column: int) -> str:
        """One cell's text."""
        at = bisect_right(self.begins, row) - 1
        strip = self.blocks[at].get(column)
        return "" if strip is None else strip[row - self.begins[at]].tobytes().rstrip(b"\0").decode()


def read_grid(content: bytes, file: str, findings: Findings) -> Grid | None:
    """The file's grid, with every problem of its shape noted; None when not even its heading can be used."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    has_returns = b"\r" in content
    if b'"' in content or (has_returns and b"\r" in content.replace(b"\r\n", b"")):
        return _quoted(content, file, findings)
    if not is_text(content):
        decoded(content, file, findings)  # says why
        return None
    return _plain(content.replace(b"\r\n", b"\n") if has_returns else content, file, findings)


def _plain(content: bytes, file: str, findings: Findings) -> Grid | None:
    """Without quotation marks a line is a row and a comma ends a cell."""
    whole = np.frombuffer(content + (b"" if content.endswith(b"\n") else b"\n") + PAD, np.uint8)
    text = whole[: -len(PAD)]
    ends = np.flatnonzero(text == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    commas = np.flatnonzero(text == ord(",")).astype(np.int32)
    cells = np.diff(np.searchsorted(commas, ends.astype(np.int32)), prepend=0) + 1
    filled = ends > starts
    if not filled.any():
        findings.add("file-empty", file, 0, "", "", "")
        return None
    first = int(filled.argmax())
    heading = tuple(content[starts[first] : ends[first]].decode().split(","))
    width = len(heading)
    if not _bounded(int((ends - starts).max()), width, first, file, findings):
        return None
    ragged = filled & (cells != width)
    for line in np.flatnonzero(ragged).tolist():
        findings.add("row-length", file, line + 1, "", int(cells[line]), width, {"line": line + 1})
    # A row of commas alone is one that somebody emptied.
    kept = filled & ~ragged & (ends - starts > width - 1)
    kept[first] = False
    begins = np.empty((np.count_nonzero(kept), width), np.int32)
    stops = np.empty_like(begins)
    stops[:, :-1] = commas[np.repeat(kept, cells - 1)].reshape(len(stops), width - 1)
    begins[:, 0], stops[:, -1] = starts[kept], ends[kept]
    np.add(stops[:, :-1], 1, out=begins[:, 1:])
    lengths = np.subtract(stops, begins, out=stops)
    return Grid(heading, np.flatnonzero(kept) + 1, InPlace(whole, begins, lengths))


def _bounded(longest: int, width: int, line: int, file: str, findings: Findings) -> bool:
    if longest > LONGEST_LINE:
        findings.add("line-too-long", file, line + 1, "", "", f"..{LONGEST_LINE}", {"line": line + 1,
                                                                                   "limit": LONGEST_LINE})  # fmt: skip
    if width > MOST_COLUMNS:
        findings.add("too-many-columns", file, line + 1, "", width, f"..{MOST_COLUMNS}", {"limit": MOST_COLUMNS})
    return longest <= LONGEST_LINE and width <= MOST_COLUMNS


def _quoted(content: bytes, file: str, findings: Findings) -> Grid | None:
    """With quotation marks the library reads, cell by cell."""
    rest = records(content, file, findings)
    heading = next(rest, None)
    if heading is None:
        if not findings.totals:
            findings.add("file-empty", file, 0, "", "", "")
        return None
    width = len(heading.cells)
    kept: list[Record] = []
    for record in rest:
        if len(record.cells) != width:
            findings.add("row-length", file, record.row, "", len(record.cells), width, {"line": record.line})
        elif any(record.cells):
            kept.append(record)
    cells = [cell.encode() for record in kept for cell in record.cells]
    lengths = np.fromiter(map(len, cells), np.int64, len(cells))
    starts = (np.cumsum(lengths) - lengths).astype(np.int32).reshape(-1, width)
    whole = np.frombuffer(b"".join(cells) + PAD, np.uint8)
    rows = np.array([record.row for record in kept], np.int64)
    cells_ = InPlace(whole, starts, lengths.astype(np.int32).reshape(-1, width))
    return Grid(tuple(heading.cells), rows, cells_)
