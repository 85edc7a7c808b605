"""The parts of an .xlsx workbook: its only sheet's path, the shared texts, which styles are dates. Rows are `sheets`'.

Read with the standard library's unpacker and XML parser, a piece at a time and within limits: Python hands out no more
of a part than its header says, so what the headers add up to is all there can be.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from posixpath import join, normpath
from typing import NamedTuple
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


class _Listed(NamedTuple):
    """A sheet as the workbook lists it."""

    name: str
    relation: str
    is_hidden: bool


def about(file: str, code: str, value: object, rule: object) -> Problem:
    """A problem of a file as a whole."""
    return Problem(code, file, {"file": file, "row": 0, "column": "", "value": value, "rule": rule})


TEMPLATE, NOTES, REMARKS = "_template", "说明", "问题"
"""The sheets beside the rows in a workbook of ours: the hidden one that names its template, and those to read."""


class Workbook:
    """An opened archive. TooLarge beyond a limit; Invalid unless it has exactly one sheet, and none that is hidden.

    Where it may be `from_template` the sheets of one are let pass; `template` is the part of the hidden one.
    """

    def __init__(self, content: bytes, file: str, *, from_template: bool = False) -> None:
        self.archive = zipfile.ZipFile(io.BytesIO(content))
        parts = self.archive.infolist()
        unpacked = sum(part.file_size for part in parts)
        if len(parts) > MOST_PARTS or unpacked > MOST_UNPACKED:
            raise TooLarge(about(file, "workbook-too-large", unpacked, f"..{MOST_UNPACKED}"))
        if len({part.filename for part in parts}) < len(parts):
            raise Unreadable("a part twice")
        self._paths, self._types = self._relations()
        sheets, self.epoch = self._main()
        beside = {TEMPLATE, NOTES, REMARKS} if from_template and len(sheets) > 1 else frozenset()
        self.template = next((self._paths.get(one.relation, "") for one in sheets if one.name == TEMPLATE), "")
        rest = [one for one in sheets if one.name not in beside]
        hidden = [
            Problem("sheet-hidden", file, {**about(file, "", one.name, "").facts}) for one in rest if one.is_hidden
        ]
        if hidden:
            raise Invalid(*hidden)
        if len(rest) != 1:
            raise Invalid(about(file, "not-one-sheet", len(rest), 1))
        self.sheet = self._paths.get(rest[0].relation, "")

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
        for piece in self.pieces(part):
            parser.Parse(piece)
        parser.Parse(b"", True)

    def pieces(self, part: str, size: int = _PIECE) -> Iterator[bytes]:
        """A part as it is unpacked, so many bytes at a time."""
        try:
            opened = self.archive.open(part)
        except (KeyError, RuntimeError) as error:  # not there, or encrypted
            raise Unreadable(str(error)) from None
        with opened:
            while piece := opened.read(size):
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

    def _main(self) -> tuple[list[_Listed], date]:
        """The sheets, and the day that dates are counted from."""
        sheets: list[_Listed] = []
        epochs = [date(1899, 12, 30)]

        def start(name: str, given: dict[str, str]) -> None:
            if name == "sheet":
                relation = next((value for key, value in given.items() if key.endswith(":id")), "")
                sheets.append(_Listed(given.get("name", ""), relation, given.get("state", "visible") != "visible"))
            elif name == "workbookPr" and given.get("date1904") in {"1", "true"}:
                epochs.append(date(1904, 1, 1))

        self.parse(MAIN, start)
        return sheets, epochs[-1]

    def texts(self) -> list[str]:
        """The shared texts; the readings of characters (`rPh`) are no part of them."""
        if "sharedStrings" not in self._types:
            return []
        if (plain := _plain_texts(b"".join(self.pieces(self._types["sharedStrings"])))) is not None:
            return plain
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

        self.parse(self._types["sharedStrings"], start, end, text)
        return found

    def styles(self) -> tuple[frozenset[int], frozenset[int]]:
        """The numbers of the cell styles that show a date, and of those that show a share of a hundred."""
        formats, shares = set(_DATES), {9, 10}
        styles: list[int] = []
        inside: list[str] = []

        def start(name: str, given: dict[str, str]) -> None:
            if name == "numFmt":
                code = _without_words(given.get("formatCode", ""))
                number = int(given.get("numFmtId", "0"))
                if not set("ymdhs").isdisjoint(code) and code != "general":
                    formats.add(number)
                elif "%" in code:
                    shares.add(number)
            elif name == "xf" and inside[-1] == "cellXfs":
                styles.append(int(given.get("numFmtId", "0")))
            inside.append(name)

        if "styles" in self._types:
            self.parse(self._types["styles"], start, lambda _: [inside.pop()].clear())
        dates = frozenset(place for place, number in enumerate(styles) if number in formats)
        return dates, frozenset(place for place, number in enumerate(styles) if number in shares)


_PLAIN_TEXT = re.compile(rb'<si><t(?: xml:space="preserve")?>([^<>\r]*)</t></si>')
_PLAIN_HEAD = re.compile(rb"(?:<\?xml[^>]*\?>)?\s*<sst [^>]*>")


def _plain_texts(part: bytes) -> list[str] | None:
    """The shared texts of a part that holds nothing but plain ones, in UTF-8; None for any other."""
    head, tail = _PLAIN_HEAD.match(part), part.rfind(b"</sst>")
    if head is None or (b"encoding=" in head[0] and b'"UTF-8"' not in head[0]):
        return None
    found = _PLAIN_TEXT.findall(part, head.end(), tail)
    marks = 4 * len(found) + 1 + head[0].count(b"<")
    if tail < 0 or part.count(b"<") != marks or b"&#" in part:
        return None
    whole = b"\0".join(found).decode()
    if "&" in whole:
        whole = whole.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&apos;", "'")
        whole = whole.replace("&amp;", "&")
    return whole.split("\0") if found else []


@lru_cache(maxsize=1024)
def _local(name: str) -> str:
    """An element's name without its prefix."""
    return name.rpartition(":")[2]


def _no_doctype(*_: object) -> None:
    raise Unreadable("DOCTYPE")


def _without_words(code: str) -> str:
    """A number format in small letters, without what stands in quotes, brackets and escapes."""
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
    return "".join(plain)
