"""One for all streams of a process: rung when the log has grown, so that nobody asks the database for each of them."""

import asyncio
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic

DROP = "specialty_eval.drop"
"""What a server offers in a request's extensions: to end the connection, with whatever waits to be sent."""
RUNG_WITHIN = 3.0
"""Seconds after which a bell that nobody looks after is not relied on."""


class Bell:
    """One thread rings, event loops wait. What was rung between a look and the wait is not missed: it is counted."""

    def __init__(self) -> None:
        self.count = 0
        self.is_closed = False
        self.of: Counter[str] = Counter()
        """Caller → how many streams it follows with now; changed by the event loop alone."""
        self._lock = Lock()
        self._waiting: set[asyncio.Future[None]] = set()
        self._known: Hashable = None
        self._looked = float("-inf")

    @property
    def streams(self) -> int:
        """How many follow now."""
        return self.of.total()

    @contextmanager
    def followed(self, caller: str) -> Iterator[None]:
        """One more stream of this caller, for as long as the block runs."""
        self.of[caller] += 1
        try:
            yield
        finally:
            self.of -= Counter((caller,))  # who has none left is forgotten

    @property
    def is_kept(self) -> bool:
        """Whether somebody looks at the log for those who wait."""
        return monotonic() - self._looked < RUNG_WITHIN

    def know(self, end: Hashable) -> None:
        """The log ends here now; whoever waits is woken when that is somewhere else than before."""
        self._looked = monotonic()
        if end != self._known:
            self._known = end
            self.ring()

    def ring(self) -> None:
        """Wake everybody."""
        with self._lock:
            self.count += 1
            waiting, self._waiting = self._waiting, set()
        for one in waiting:
            one.get_loop().call_soon_threadsafe(_wake, one)

    def close(self) -> None:
        """Every stream ends."""
        self.is_closed = True
        self.ring()

    async def wait(self, heard: int, seconds: float) -> None:
        """Until it was rung more often than `heard`, at most so long."""
        woken = asyncio.get_running_loop().create_future()
        with self._lock:
            if self.count != heard:
                return
            self._waiting.add(woken)
        try:
            async with asyncio.timeout(seconds):
                await woken
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self._waiting.discard(woken)


def _wake(one: asyncio.Future[None]) -> None:
    if not one.done():
        one.set_result(None)
