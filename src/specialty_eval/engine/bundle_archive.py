"""A bundle's files in one ZIP: the same files, the same bytes; a hostile archive is refused before it is unpacked."""

import io
import zipfile
import zlib
from collections.abc import Mapping

from .errors import Invalid, Problem, TooLarge

MOST_FILES = 2_000
MOST_BYTES = 1_000_000_000
"""Unpacked, all files together."""
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def packed(files: Mapping[str, bytes]) -> bytes:
    """One archive, files in order of name, without times."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _FIRST_DAY)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            archive.writestr(entry, files[name])
    return out.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    """The files by name. TooLarge beyond the limits; Invalid for what is no archive, is damaged, or names one twice."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read(archive, archive.infolist())
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise Invalid(Problem("bundle-unreadable", "", {"detail": str(error)[:200]})) from error


def _read(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    if len(entries) > MOST_FILES:
        raise TooLarge(Problem("bundle-too-large", "", {"value": len(entries), "limit": MOST_FILES}))
    files: dict[str, bytes] = {}
    left = MOST_BYTES
    for entry in entries:
        if entry.filename in files:
            raise Invalid(Problem("bundle-unreadable", entry.filename[:200], {"detail": "twice"}))
        # The size that an entry declares is its word alone: what is read is counted.
        with archive.open(entry) as file:
            read = file.read(left + 1)
        left -= len(read)
        if left < 0:
            raise TooLarge(Problem("bundle-too-large", "", {"value": f"> {MOST_BYTES}", "limit": MOST_BYTES}))
        files[entry.filename] = read
    return files
