"""A Word file as an archive: what is taken from a bureau's computer, and what never is.

A template is text and pictures. Macros, embedded programs and anything fetched from elsewhere are refused by name.
"""

import io
import re
import zipfile
from collections.abc import Iterator

from specialty_eval.engine.errors import Invalid, Problem

MOST_UNPACKED = 24 << 20
MOST_PARTS = 400
MAIN = "word/document.xml"
TEXT_PARTS = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml|docProps/core\.xml")
_PROGRAMS = re.compile(r"vbaproject|vbadata|activex|word/embeddings/|word/afchunk|\.bin$|\.exe$|\.js$", re.I)
_FETCHES = re.compile(r'<Relationship\b(?=[^>]*TargetMode\s*=\s*["\']External)(?![^>]*/hyperlink["\'])[^>]*>', re.I)
_RUNS = re.compile(r"<w:(?:instrText|fldSimple)\b[^>]*?(?:>|w:instr=[\"'])\s*(DDE|DDEAUTO|INCLUDETEXT|INCLUDEPICTURE|"
                   r"LINK|EMBED|MACROBUTTON|IMPORT)\b", re.I)  # fmt: skip
_MADE = (1980, 1, 1, 0, 0, 0)


def opened(content: bytes) -> zipfile.ZipFile:
    """The archive of a Word file; Invalid with every reason why it is not taken."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError):
        raise Invalid(Problem("template-not-word", "template")) from None
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS or unpacked > MOST_UNPACKED:
        raise Invalid(Problem("template-too-large", "template", {"value": unpacked, "at_most": MOST_UNPACKED}))
    names = {part.filename for part in parts}
    if MAIN not in names or "[Content_Types].xml" not in names or len(names) < len(parts):
        raise Invalid(Problem("template-not-word", "template"))
    if problems := list(_unsafe(archive, names)):
        raise Invalid(*problems)
    return archive


def _unsafe(archive: zipfile.ZipFile, names: set[str]) -> Iterator[Problem]:
    for name in sorted(names):
        if _PROGRAMS.search(name):
            yield Problem("template-unsafe", name, {"found": name})
        elif name.endswith((".xml", ".rels")):
            yield from _unsafe_words(name, archive)


def _unsafe_words(name: str, archive: zipfile.ZipFile) -> Iterator[Problem]:
    try:
        text = archive.read(name).decode("utf-8")
    except (UnicodeDecodeError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        yield Problem("template-not-word", name)
        return
    if "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper():
        yield Problem("template-unsafe", name, {"found": "DOCTYPE"})
    if "macroenabled" in text.lower() and name == "[Content_Types].xml":
        yield Problem("template-unsafe", name, {"found": "macroEnabled"})
    if name.endswith(".rels") and (found := _FETCHES.search(text)):
        yield Problem("template-unsafe", name, {"found": found[0][:120]})
    if found := _RUNS.search(text):
        yield Problem("template-unsafe", name, {"found": found[1]})


def settled(content: bytes) -> bytes:
    """The same archive with its parts in order and without the time of its making: same contents, same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        first = ["[Content_Types].xml", "_rels/.rels"]
        for name in sorted(old.namelist(), key=lambda n: (n not in first, n)):
            part = zipfile.ZipInfo(name, _MADE)
            part.compress_type, part.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            new.writestr(part, old.read(name))
    return made.getvalue()
