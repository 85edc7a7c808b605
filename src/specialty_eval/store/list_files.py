"""Whole lists as files: each written aside, synced and renamed; one small file, replaced last, names those that belong
together. Whoever is cut off half way leaves what was there before.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER, NEWEST = "lists", "newest.json"
STAYS = 60
"""Seconds for which a file that is not the newest any more stays: somebody may be about to open it."""


@dataclass(frozen=True, slots=True)
class Edition:
    """The files of one moment: what they tell, for which day, and each file's name → where its bytes are."""

    told: str
    valid_at: str
    files: Mapping[str, Path]

    def tells(self, told: str, valid_at: str) -> bool:
        """Whether this is what is told on this day."""
        return (self.told, self.valid_at) == (told, valid_at)


class ListFiles:
    """The lists of an installation, beside its other files; every process that shares them reads the same."""

    def __init__(self, files: Path) -> None:
        self._folder = files / FOLDER
        self._read: tuple[tuple[int, int], Edition] | None = None

    def newest(self) -> Edition | None:
        """The files that were completed last; None where there are none, or not all any more."""
        try:
            at = os.stat(self._folder / NEWEST)
        except OSError:
            return None
        mark = (at.st_mtime_ns, at.st_ino)
        if self._read is None or self._read[0] != mark:
            try:
                said: dict[str, Any] = json.loads((self._folder / NEWEST).read_bytes())
            except OSError:
                return None
            files = {name: self._folder / stored for name, stored in said["files"].items()}
            self._read = mark, Edition(said["told"], said["valid_at"], files)
        edition = self._read[1]
        return edition if all(path.exists() for path in edition.files.values()) else None

    def put(self, told: str, valid_at: str, contents: Mapping[str, bytes]) -> Edition:
        """These are the newest when this returns, on disk; a whole edition or the one before, whatever happens."""
        self._folder.mkdir(parents=True, exist_ok=True)
        before = self.newest()
        stored = {name: f"{hashlib.sha256(content).hexdigest()[:32]}-{name}" for name, content in contents.items()}
        for name, content in contents.items():
            self._write(stored[name], content)
        self._write(NEWEST, json.dumps({"told": told, "valid_at": valid_at, "files": stored}).encode())
        kept = {NEWEST, *stored.values(), *(path.name for path in (before.files.values() if before else ()))}
        self._forget(kept)
        return Edition(told, valid_at, {name: self._folder / at for name, at in stored.items()})

    def _write(self, name: str, content: bytes) -> None:
        handle, aside = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, 0o644)
            file.write(content)
            file.flush()
            os.fsync(handle)
        os.replace(aside, self._folder / name)

    def _forget(self, kept: set[str]) -> None:
        """Earlier editions, and what a crash left behind; by the clock of the disk, which others may share."""
        long_ago = (self._folder / NEWEST).stat().st_mtime - STAYS
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another worker forgets too
                if path.name not in kept and path.stat().st_mtime < long_ago:
                    path.unlink()
