"""How passwords are kept: Argon2id, and how long one must be."""

from functools import lru_cache

from pwdlib import PasswordHash

PASSWORD_AT_LEAST = 10


@lru_cache(maxsize=1)
def hasher() -> PasswordHash:
    """Argon2id with the library's recommended cost."""
    return PasswordHash.recommended()
