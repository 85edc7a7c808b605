"""CSV bytes → records with their row numbers, within limits; the problems of a file, counted. Meaning is elsewhere."""

import csv
from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from types import MappingProxyType
from typing import NamedTuple

from .errors import Invalid, Problem, TooLarge

MOST_BYTES = 300_000_000
MOST_COLUMNS = 2_000
LONGEST_LINE = 1_000_000
_PIECE = 1 << 18
SHOWN = 1_000
"""So many problems are said one by one; the others are counted by code."""


@dataclass(slots=True)
class Findings:
    """The problems of one or more files: the first of them in the order of the rows, and how many of each code."""

    totals: Counter[str] = field(default_factory=Counter)
    most: int = SHOWN
    """So many are kept one by one."""
    _kept: list[tuple[tuple[str, int, int], Problem]] = field(default_factory=list)

    def add(
        self,
        code: str,
        file: str,
        row: int,
        column: str,
        value: object,
        rule: object,
        facts: Mapping[str, object] = MappingProxyType({}),
        *,
        place: int = 0,
    ) -> None:
        """Note that `value` in that row and column breaks `rule`; row 0 stands for the file as a whole."""
        self.totals[code] += 1
        where = f"{file}: row {row}" if row else file
        if column:
            where += f", column {column}"
        said = {"file": file, "row": row, "column": column, "value": value, "rule": rule, **facts}
        self._kept.append(((file, row, place), Problem(code, where, said)))
        if len(self._kept) > 20 * SHOWN + self.most:
            self._cut()

    def _cut(self) -> None:
        self._kept.sort(key=lambda kept: kept[0])
        del self._kept[self.most :]

    def told(self) -> list[tuple[int, int, Problem]]:
        """Those that are kept, in the order of the rows: row, place of the column, problem."""
        self._cut()
        return [(row, place, problem) for (_, row, place), problem in self._kept]

    def raise_any(self) -> None:
        """Raise Invalid when there is any problem; beyond the first thousand one more says how many there are."""
        if not self.totals:
            return
        self._cut()
        problems = [problem for _, problem in self._kept]
        total = self.totals.total()
        if total > len(problems):
            counts = dict(self.totals.most_common())
            nowhere = {"file": "", "row": 0, "column": "", "value": total, "rule": ""}
            problems.append(Problem("more-problems", "", {**nowhere, "shown": len(problems), "totals": counts}))
        raise Invalid(*problems)


class Record(NamedTuple):
    """One row: its number as a spreadsheet counts (the heading is 1), the line of the file it begins on, its cells."""

    row: int
    line: int
    cells: list[str]


def refuse_size(file: str, size: int, limit: int = MOST_BYTES) -> None:
    """Raises TooLarge for a file beyond the limit, which is not read."""
    if size > limit:
        facts = {"file": file, "row": 0, "column": "", "value": size, "rule": f"..{limit}", "limit": limit}
        raise TooLarge(Problem("file-too-large", file, facts))


def records(content: bytes, file: str, findings: Findings) -> Iterator[Record]:
    """The rows that are not empty, heading first, as long as the file can be read."""
    text = decoded(content, file, findings)
    if text is None:
        return
    reader = csv.reader(_lines(text), strict=True)
    row, line = 0, 1
    try:
        for cells in reader:
            row += 1
            if len(cells) > MOST_COLUMNS:
                findings.add(
                    "too-many-columns", file, row, "", len(cells), f"..{MOST_COLUMNS}", {"limit": MOST_COLUMNS}
                )
                return
            if cells:
                yield Record(row, line, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        findings.add("not-csv", file, row + 1, "", "", "RFC 4180", {"line": line, "detail": str(error)})
    except _LineTooLong:
        findings.add("line-too-long", file, row + 1, "", "", f"..{LONGEST_LINE}", {"line": line, "limit": LONGEST_LINE})


class _LineTooLong(Exception):  # noqa: N818 -- ends the reading, never leaves this module
    """A line beyond the limit: a table of a million columns, or no table at all."""


def _lines(text: str) -> Iterator[str]:
    for line in StringIO(text, newline=""):
        if len(line) > LONGEST_LINE:
            raise _LineTooLong
        yield line


def is_text(content: bytes) -> bool:
    """Whether `decoded` takes it, looked at a piece at a time: no text of the whole is made."""
    decoder, view = getincrementaldecoder("utf-8")(), memoryview(content)
    try:
        for at in range(0, len(content), _PIECE):
            decoder.decode(view[at : at + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


def decoded(content: bytes, file: str, findings: Findings) -> str | None:
    """The text of a file in UTF-8; None, with why noted, of any other."""
    nul = content.find(b"\0")
    if nul >= 0:
        findings.add("nul-in-file", file, _row_of(content, nul), "", "\\0", "CSV, UTF-8")
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        value = f"0x{content[error.start]:02x}"
        findings.add("not-utf-8", file, _row_of(content, error.start), "", value, "UTF-8", {"expected": "UTF-8"})
        return None


def _row_of(content: bytes, place: int) -> int:
    return content.count(b"\n", 0, place) + 1
