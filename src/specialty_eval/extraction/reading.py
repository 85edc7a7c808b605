"""What can be read of a file, part by part: its name, its properties, its text where there is any, files within it.

Nothing is drawn and no XML is parsed. What is not read is said: a picture's content, a part in another format, whatever
is broken, locked or too large.
"""

import html
import io
import re
import zipfile
from collections.abc import Callable, Iterable

from specialty_eval.engine.anonymity import Find, Unread, finds, plain

DEEPEST = 3
ENTRIES = 2_000
UNPACKED = 64 << 20
"""Of all files within a file together."""
ENTRY = 16 << 20
PAGES = 400
FINDS = 100
_XML = re.compile(r"\.(xml|rels|vml|txt|csv|html?)$", re.I)
_TAG = re.compile(r"<[^<>]*>")
_NOTED = ("/Contents", "/T", "/Subj", "/A")
_ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
_ODD = (ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError, OSError, EOFError, LookupError,
        RecursionError, AssertionError, NotImplementedError, SyntaxError, MemoryError)  # fmt: skip
"""What libraries raise at bytes that are not what they seem."""


class Reader:
    """Looks for names in a file and in the files within it; keeps what was found and what was not read."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)
        self.finds: list[Find] = []
        self.unread: list[Unread] = []
        self._left = UNPACKED
        self._entries = ENTRIES

    def read(self, name: str, content: bytes, within: str = "", depth: int = 0) -> None:
        """One file, by what its first bytes say."""
        where = f"{within}{name}"
        self._text(f"{where}: name", name)
        self._raw(where, content)
        known: tuple[tuple[bytes, Callable[[str, bytes, int], None]], ...] = (
            (b"%PDF-", self._pdf), (b"PK\x03\x04", self._zip), (b"\x89PNG\r\n\x1a\n", self._picture),
            (b"\xff\xd8\xff", self._picture),
        )  # fmt: skip
        reads = next((reads for start, reads in known if content.startswith(start)), None)
        if reads is None or depth > DEEPEST:
            self._not_read(where, "format" if reads is None else "too-deep")
            return
        try:
            reads(where, content, depth)
        except _ODD:
            self._not_read(where, "broken")

    def _not_read(self, where: str, why: str) -> None:
        if len(self.unread) < FINDS and Unread(where, why) not in self.unread:
            self.unread.append(Unread(where, why))

    def _text(self, where: str, text: str) -> None:
        for found in finds(where, text, self._names):
            known = any((one.where, one.name) == (found.where, found.name) for one in self.finds)
            if len(self.finds) < FINDS and not known:
                self.finds.append(found)

    def _raw(self, where: str, content: bytes) -> None:
        """The bytes as they are, for what stands in a comment, behind the end or in no known place."""
        for name in self._names:
            for encoding in _ENCODINGS:
                if len(plain(name)) > 2 and name.encode(encoding, "ignore") in content:
                    self._text(f"{where}: bytes", name)

    # --- PDF ---

    def _pdf(self, where: str, content: bytes, depth: int) -> None:
        import pypdf  # noqa: PLC0415 -- slow import
        from pypdf.errors import PyPdfError  # noqa: PLC0415 -- slow import

        try:
            reader = pypdf.PdfReader(io.BytesIO(content))
            if reader.is_encrypted and not reader.decrypt(""):
                self._not_read(where, "locked")
                return
            self._properties(where, reader)
            self._pages(where, reader)
            for name, versions in reader.attachments.items():
                for held in versions:
                    self._held(f"{where} > ", name, held, depth)
        except PyPdfError:
            self._not_read(where, "broken")

    def _properties(self, where: str, reader: "pypdf.PdfReader") -> None:  # type: ignore[name-defined]  # noqa: F821 -- loaded above
        for name, value in dict(reader.metadata or {}).items():
            self._text(f"{where}: {name}", str(value))
        root = reader.trailer["/Root"]
        if "/Metadata" in root:
            held = root["/Metadata"].get_object().get_data()
            self._text(f"{where}: XMP", html.unescape(held.decode("utf-8", "replace")))
        for title in _titles(reader.outline):
            self._text(f"{where}: outline", title)
        for name, field in (reader.get_fields() or {}).items():
            self._text(f"{where}: field", f"{name} {field.get('/V', '')}")

    def _pages(self, where: str, reader: "pypdf.PdfReader") -> None:  # type: ignore[name-defined]  # noqa: F821 -- as above
        if len(reader.pages) > PAGES:
            self._not_read(f"{where}: page {PAGES + 1}-", "too-large")
        for number, page in enumerate(reader.pages[:PAGES], 1):
            at = f"{where}: page {number}"
            text = page.extract_text() or ""
            self._text(at, text)
            if not text.strip() and page.get("/Contents") is not None:
                self._not_read(at, "no-text")
            for note in page.get("/Annots") or ():
                said = note.get_object()
                self._text(f"{at}, note", " ".join(str(said.get(key, "")) for key in _NOTED))
            resources = page.get("/Resources")
            if resources is not None and _has_pictures(resources.get_object()):
                self._not_read(at, "picture")

    # --- ZIP: Office documents and others ---

    def _zip(self, where: str, content: bytes, depth: int) -> None:
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                self._text(f"{where}: comment", packed.comment.decode("utf-8", "replace"))
                for entry in packed.infolist():
                    self._entries -= 1
                    if self._entries < 0:
                        self._not_read(where, "too-large")
                        return
                    if not entry.is_dir():
                        self._entry(where, packed, entry, depth)
        except zipfile.BadZipFile:
            self._not_read(where, "broken")

    def _entry(self, where: str, packed: zipfile.ZipFile, entry: zipfile.ZipInfo, depth: int) -> None:
        if entry.flag_bits & 1:
            self._not_read(f"{where} > {entry.filename}", "locked")
            return
        most = min(ENTRY, self._left)
        try:
            with packed.open(entry) as opened:
                held = opened.read(most + 1)
        except (zipfile.BadZipFile, *_ODD):
            self._not_read(f"{where} > {entry.filename}", "broken")
            return
        self._left -= min(len(held), most)
        if len(held) > most:
            self._not_read(f"{where} > {entry.filename}", "too-large")
        elif _XML.search(entry.filename):
            self._text(f"{where} > {entry.filename}: name", entry.filename)
            self._markup(f"{where} > {entry.filename}", held)
        else:
            self._held(f"{where} > ", entry.filename, held, depth)

    def _held(self, within: str, name: str, held: bytes, depth: int) -> None:
        self.read(name, held, within, depth + 1)

    def _markup(self, where: str, held: bytes) -> None:
        """The words without the marks between them (a name may be cut by them), and the marks (they name authors)."""
        text = html.unescape(held.decode("utf-16" if held[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace"))
        self._text(where, _TAG.sub("", text))
        self._text(where, text)

    # --- pictures ---

    def _picture(self, where: str, content: bytes, _depth: int) -> None:
        """Its properties; what it shows nobody has looked at."""
        import warnings  # noqa: PLC0415 -- beside its use

        from PIL import ExifTags, Image  # noqa: PLC0415 -- slow import

        self._not_read(where, "picture")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a picture of many pixels is not drawn here
            with Image.open(io.BytesIO(content)) as picture:
                for name, value in picture.info.items():
                    self._text(f"{where}: {name}", _words(value))
                exif = picture.getexif()
        for place, values in (("", exif), ("Exif ", exif.get_ifd(ExifTags.IFD.Exif))):
            for tag, value in dict(values).items():
                self._text(f"{where}: {place}{ExifTags.TAGS.get(tag, tag)}", _words(value))
        if exif.get_ifd(ExifTags.IFD.GPSInfo):
            self.finds.append(Find(f"{where}: GPS", "GPS", ""))


def _words(value: object) -> str:
    """What a property says, in whichever way its bytes were meant: EXIF knows ASCII, and cameras write anything."""
    if isinstance(value, str):
        return f"{value} {_words(value.encode('latin-1', 'ignore'))}"
    if isinstance(value, bytes):
        return " ".join(value.decode(encoding, "ignore") for encoding in _ENCODINGS)
    return str(value)


def _titles(outline: object) -> Iterable[str]:
    for one in outline if isinstance(outline, list) else ():
        if isinstance(one, list):
            yield from _titles(one)
        else:
            yield str(getattr(one, "title", ""))


def _has_pictures(resources: dict[str, object]) -> bool:
    """Whether a page draws something that is no text: a picture, or a form that may hold one."""
    drawn = resources.get("/XObject")
    return bool(drawn and getattr(drawn, "get_object", lambda: drawn)())
