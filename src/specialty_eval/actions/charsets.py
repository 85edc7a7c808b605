"""In which charset a CSV file is: as its sender says, else UTF-8. It is read as that or refused, never guessed.

Excel in Chinese keeps a CSV in GBK, which GB18030 contains.
"""

import codecs
from email.message import Message

from specialty_eval.engine.csv_records import Findings
from specialty_eval.engine.errors import Invalid

from .workbooks import about

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UTF_8, GB18030 = "utf-8", "gb18030"
CHARSETS = {UTF_8: UTF_8, GB18030: GB18030, "gbk": GB18030, "gb2312": GB18030}
"""What may be said → as what the file is read; by any name that it goes by: `utf8`, `cp936`."""


def kind_of(media_type: str) -> str:
    """The media type alone."""
    return media_type.partition(";")[0].strip().lower()


def said_charset(media_type: str) -> str:
    """The charset that a media type names, wherever among its parameters; `` for none."""
    said = Message()
    said["Content-Type"] = media_type
    given = said.get_param("charset", "")
    return (given if isinstance(given, str) else given[2]).strip().lower()


def read_as(media_type: str) -> str:
    """The charset a file of this media type is read in, `` for a workbook; `` too for one that is not known here.

    Other parameters (`header=present`) change nothing.
    """
    if kind_of(media_type) != CSV:
        return ""
    try:
        name = codecs.lookup(said_charset(media_type) or UTF_8).name
    except (LookupError, ValueError):  # unknown, or what can be no name
        return ""
    return CHARSETS.get(name.removesuffix("-sig"), "")


def as_utf8(content: bytes, media_type: str, file: str, findings: Findings) -> bytes:
    """A CSV file's bytes in UTF-8; nothing, with why noted, where they are in another charset than said.

    Invalid for a charset that is not known. GB18030 that reads as UTF-8 too is refused: it is most likely that, and
    names would be kept garbled.
    """
    charset = read_as(media_type)
    if not charset:
        raise Invalid(about(file, "media-type-unknown", media_type, (XLSX, *(f"{CSV}; charset={c}" for c in CHARSETS))))
    if charset == UTF_8:
        return content
    if not content.isascii() and _is_utf8(content):
        findings.add("charset-either", file, 0, "", charset, "", {"expected": charset})
        return b""
    try:
        return content.decode(charset).encode()
    except UnicodeDecodeError as error:
        row, value = content.count(b"\n", 0, error.start) + 1, f"0x{content[error.start]:02x}"
        findings.add("not-this-charset", file, row, "", value, charset, {"expected": charset})
        return b""


def _is_utf8(content: bytes) -> bool:
    try:
        codecs.decode(content, UTF_8)
    except UnicodeDecodeError:
        return False
    return True
