"""When a request is sent again, and after how long; the same for both clients."""

import random
from dataclasses import dataclass, field

import httpx

from specialty_eval_client.errors import retry_after

AGAIN = frozenset({429, 502, 503, 504})
"""Answers that say nothing about the request itself. A 500 does: the same request would break again."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often, and how patiently. Waits double from `first` up to `longest` seconds, each drawn from its upper half.

    A server that names its wait is obeyed up to `obeyed` seconds; longer than that is an error, told at once, because
    a program that sleeps for an hour looks hung.
    """

    attempts: int = 5
    first: float = 0.2
    longest: float = 20.0
    obeyed: float = 120.0
    chance: random.Random = field(default_factory=random.Random)

    def wait_after(self, response: httpx.Response, attempt: int, repeatable: bool) -> float | None:
        """Seconds until the next attempt (the first is 1); None: this answer stands."""
        if response.status_code not in AGAIN or attempt >= self.attempts:
            return None
        if response.status_code != 429 and not repeatable:
            return None  # it may have been done, behind a gateway or before the server lost its database
        said = retry_after(response)
        if said is None:
            return self._own(attempt)
        return max(said, self._own(attempt)) if said <= self.obeyed else None

    def wait_after_fault(self, fault: httpx.RequestError, attempt: int, repeatable: bool) -> float | None:
        """Seconds until the next attempt; None: give up. What never left may be repeated whatever it was."""
        unsent = isinstance(fault, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        hopeless = isinstance(fault, httpx.UnsupportedProtocol | httpx.TooManyRedirects | httpx.DecodingError)
        if hopeless or attempt >= self.attempts or not (repeatable or unsent):
            return None
        return self._own(attempt)

    def _own(self, attempt: int) -> float:
        longest: float = min(self.longest, self.first * 2 ** (attempt - 1))
        return longest * (0.5 + self.chance.random() / 2)
