"""The parts of an .xlsx workbook: its only sheet's path, the shared texts, which styles are dates. Rows are `sheets`'.

Read with the standard library's unpacker and XML parser, a piece at a time and within limits: Python hands out no more
of a part than its header says, so what the headers add up to is all there can be.
"""

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from posixpath import join, normpath
from xml.parsers import expat

from specialty_eval.engine.errors import Invalid, Problem, TooLarge

MOST_UNPACKED = 128 << 20
MOST_PARTS = 1_000
MAIN = "xl/workbook.xml"
_PIECE = 1 << 18
_DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
"""The built-in number formats of dates and times, the East Asian ones among them."""

Start = Callable[[str, dict[str, str]], None]


class Unreadable(Exception):  # noqa: N818 -- a signal between this module and `sheets`
    """What should be there is not, or what is there should not be."""


def about(file: str, code: str, value: object, rule: object) -> Problem:
    """A problem of a file as a whole."""
    return Problem(code, file, {"file": file, "row": 0, "column": "", "value": value, "rule": rule})


class Workbook:
    """An opened archive. TooLarge beyond a limit; Invalid unless it has exactly one sheet."""

    def __init__(self, content: bytes, file: str) -> None:
        self.archive = zipfile.ZipFile(io.BytesIO(content))
        parts = self.archive.infolist()
        unpacked = sum(part.file_size for part in parts)
        if len(parts) > MOST_PARTS or unpacked > MOST_UNPACKED:
            raise TooLarge(about(file, "workbook-too-large", unpacked, f"..{MOST_UNPACKED}"))
        if len({part.filename for part in parts}) < len(parts):
            raise Unreadable("a part twice")
        self._paths, self._types = self._relations()
        sheets, self.epoch = self._main()
        if len(sheets) != 1:
            raise Invalid(about(file, "not-one-sheet", len(sheets), 1))
        self.sheet = self._paths.get(sheets[0], "")

    def parse(
        self,
        part: str,
        start: Start,
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        """Tell a part's elements, by their names without namespaces."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _no_doctype
        parser.StartElementHandler = lambda name, given: start(_local(name), given)
        if end is not None:
            parser.EndElementHandler = lambda name: end(_local(name))
        if text is not None:
            parser.CharacterDataHandler = text
        for piece in self._pieces(part):
            parser.Parse(piece)
        parser.Parse(b"", True)

    def _pieces(self, part: str) -> Iterator[bytes]:
        try:
            opened = self.archive.open(part)
        except (KeyError, RuntimeError) as error:  # not there, or encrypted
            raise Unreadable(str(error)) from None
        with opened:
            while piece := opened.read(_PIECE):
                yield piece

    def _relations(self) -> tuple[dict[str, str], dict[str, str]]:
        """What the workbook refers to: id → path, kind → path."""
        paths: dict[str, str] = {}
        types: dict[str, str] = {}

        def start(name: str, given: dict[str, str]) -> None:
            if name == "Relationship" and given.get("TargetMode") != "External":
                target = given.get("Target", "")
                path = target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
                paths[given.get("Id", "")] = types[given.get("Type", "").rpartition("/")[2]] = path

        self.parse("xl/_rels/workbook.xml.rels", start)
        return paths, types

    def _main(self) -> tuple[list[str], date]:
        """The relation ids of the sheets, and the day that dates are counted from."""
        sheets: list[str] = []
        epochs = [date(1899, 12, 30)]

        def start(name: str, given: dict[str, str]) -> None:
            if name == "sheet":
                sheets.append(next((value for key, value in given.items() if key.endswith(":id")), ""))
            elif name == "workbookPr" and given.get("date1904") in {"1", "true"}:
                epochs.append(date(1904, 1, 1))

        self.parse(MAIN, start)
        return sheets, epochs[-1]

    def texts(self) -> list[str]:
        """The shared texts; the readings of characters (`rPh`) are no part of them."""
        found: list[str] = []
        run: list[str] = []
        inside: list[str] = []

        def start(name: str, _: dict[str, str]) -> None:
            inside.append(name)

        def end(name: str) -> None:
            inside.pop()
            if name == "si":
                found.append("".join(run))
                run.clear()

        def text(said: str) -> None:
            if inside[-1] == "t" and "rPh" not in inside:
                run.append(said)

        if "sharedStrings" in self._types:
            self.parse(self._types["sharedStrings"], start, end, text)
        return found

    def date_styles(self) -> frozenset[int]:
        """The numbers of the cell styles that show a date."""
        formats = set(_DATES)
        styles: list[int] = []
        inside: list[str] = []

        def start(name: str, given: dict[str, str]) -> None:
            if name == "numFmt" and _shows_a_date(given.get("formatCode", "")):
                formats.add(int(given.get("numFmtId", "0")))
            elif name == "xf" and inside[-1] == "cellXfs":
                styles.append(int(given.get("numFmtId", "0")))
            inside.append(name)

        if "styles" in self._types:
            self.parse(self._types["styles"], start, lambda _: [inside.pop()].clear())
        return frozenset(place for place, number in enumerate(styles) if number in formats)


@lru_cache(maxsize=1024)
def _local(name: str) -> str:
    """An element's name without its prefix."""
    return name.rpartition(":")[2]


def _no_doctype(*_: object) -> None:
    raise Unreadable("DOCTYPE")


def _shows_a_date(code: str) -> bool:
    """Whether a number format has a letter of a date outside quotes, brackets and escapes."""
    if code.lower() == "general":
        return False
    plain: list[str] = []
    closing = ""
    letters = iter(code)
    for letter in letters:
        if closing:
            closing = "" if letter == closing else closing
        elif letter in '"[':
            closing = "]" if letter == "[" else '"'
        elif letter in "\\_*":
            next(letters, "")
        else:
            plain.append(letter.lower())
    return not set("ymdhs").isdisjoint(plain)
