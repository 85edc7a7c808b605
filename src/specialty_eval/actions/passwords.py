"""How passwords are kept: Argon2id; checked in the same time whether there is somebody or not."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from pwdlib import PasswordHash

PASSWORD_AT_LEAST = 10
"""Characters."""

NONE = "!"
"""Stands for no password: nobody can sign in with it."""


COST = (3, 65536, 4)
"""Passes, KiB and lanes of Argon2id, as the library recommends them (RFC 9106, second choice). Kept in each hash."""


NEXT_TO_NOTHING = (1, 64, 1)
_COSTS: ContextVar[tuple[int, int, int] | None] = ContextVar("costs", default=None)


@contextmanager
def printed_anyway() -> Iterator[None]:
    """What is kept inside costs next to nothing to try: for passwords that are printed, as the demo's, and no others.

    The cost stands in each hash: a password that somebody sets later is kept as any other.
    """
    before = _COSTS.set(NEXT_TO_NOTHING)
    try:
        yield
    finally:
        _COSTS.reset(before)


def hasher() -> PasswordHash:
    """Argon2id."""
    return _hasher(_COSTS.get() or COST)


@lru_cache(maxsize=2)
def _hasher(cost: tuple[int, int, int]) -> PasswordHash:
    from pwdlib.hashers.argon2 import Argon2Hasher  # noqa: PLC0415 -- the first sign-in waits for it, not the start

    passes, kibibytes, lanes = cost
    return PasswordHash((Argon2Hasher(time_cost=passes, memory_cost=kibibytes, parallelism=lanes),))


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return hasher().hash(secrets.token_urlsafe(16))


def kept(password: str) -> str:
    """How a password is kept; none, where there is none."""
    return hasher().hash(password) if password else NONE


def matches(password: str, on_record: str | None) -> bool:
    """Whether this is the password; it takes as long where there is nobody, or nobody with a password."""
    nobodys = _nobodys()
    if on_record is None or on_record == NONE:
        hasher().verify(password, nobodys)
        return False
    return hasher().verify(password, on_record)
