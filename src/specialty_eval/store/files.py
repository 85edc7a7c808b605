"""Bytes on disk by their SHA-256: a name given by anybody never becomes a path, and nothing is ever overwritten.

Beside them the installation's own secret, which is in no database.
"""

import hashlib
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

SECRET = Path("secrets", "installation")


class Files:
    """A folder of immutable files, two levels deep by hash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes) -> str:
        """Keep the bytes; their SHA-256 in hex. Durable when this returns: written aside, synced, renamed."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        if path.exists():
            return digest
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as aside:
            aside.write(content)
            aside.flush()
            os.fsync(aside.fileno())
        os.replace(name, path)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes of a hash; FileNotFoundError when they were never put."""
        return self._path(digest).read_bytes()

    def secret(self) -> bytes:
        """32 bytes that this installation alone knows, made when they are first asked for.

        Every process of it reads the same: who makes them at the same moment keeps whichever stands there first.
        """
        path = self.folder / SECRET
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent)  # readable by the owner alone
            with os.fdopen(handle, "wb") as aside:
                aside.write(secrets.token_bytes(32))
                aside.flush()
                os.fsync(aside.fileno())
            with suppress(FileExistsError):
                os.link(name, path)
            os.unlink(name)
        return path.read_bytes()

    def drop(self, digest: str) -> None:
        """Forget the bytes of a hash that nothing names any more; as well when they were never put."""
        self._path(digest).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError("not a SHA-256 in hex")
        return self.folder / digest[:2] / digest
