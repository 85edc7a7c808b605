"""Secrets that must be read again, kept so that who reads the database alone cannot: AES-256-GCM, its key in a file."""

import os
import secrets
import tempfile
from pathlib import Path

NONCE = 12


class Seal:
    """Seals and opens, with a key in a file that is made on first use and belongs to whoever runs the program."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def sealed(self, secret: bytes, what_for: str) -> bytes:
        """The secret as it is kept; opened only for the same purpose."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 -- slow import

        nonce = secrets.token_bytes(NONCE)
        return nonce + AESGCM(self._key()).encrypt(nonce, secret, what_for.encode())

    def opened(self, kept: bytes, what_for: str) -> bytes | None:
        """The secret; None when the key is another than it was sealed with."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 -- slow import
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 -- slow import

        try:
            return AESGCM(self._key()).decrypt(kept[:NONCE], kept[NONCE:], what_for.encode())
        except InvalidTag:
            return None

    def _key(self) -> bytes:
        if not self._path.exists():
            self._make()
        return self._path.read_bytes()

    def _make(self) -> None:
        """Whole or not at all, and of two processes one: the file appears under its name when it is written."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent)
        with os.fdopen(handle, "wb") as aside:
            aside.write(secrets.token_bytes(32))
            aside.flush()
            os.fsync(aside.fileno())
        try:
            os.link(name, self._path)
        except FileExistsError:
            pass
        finally:
            os.unlink(name)
