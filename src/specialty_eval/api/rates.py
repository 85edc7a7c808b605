"""How many requests one caller may send: by key, or by address where no key is shown. What is answered from memory
(the published statuses) is not counted, and never waits for what is.

Counted in each process by itself. The library is loaded behind the first answer, which it would only delay.
"""

import hashlib
import ipaddress
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from specialty_eval.engine.errors import Problem, TooMany

from .limits import KNOWN
from .problems import answer

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.aio.strategies import SlidingWindowCounterRateLimiter

UNCOUNTED = frozenset({"/healthz", "/readyz"})
GUESSABLE = frozenset({"/v1/sign-in", "/v1/password", "/evidence-files/sign-in"})
"""Where a secret could be guessed: counted by address, whatever else is shown."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How many requests, as `1200/minute`; empty for no limit. An address of IPv6 is its network of 64 bits."""

    key: str = "1200/minute"
    address: str = "600/minute"
    sign_in: str = "30/minute"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose count a request belongs to, and, where it shows a key, whose if nobody has that key."""

    kind: str
    name: str
    address: str


class RateLimit:
    """Pure ASGI: counts, says in `RateLimit` and `RateLimit-Policy` what is left, and answers 429 beyond the limit."""

    def __init__(self, app: ASGIApp, rates: Rates, clock: Callable[[], datetime]) -> None:
        self.app = app
        self._clock = clock  # the machine's, as the library's is: seconds are counted, not days
        self._rates = {"key": rates.key, "address": rates.address, "sign_in": rates.sign_in}
        self._allowed: dict[str, RateLimitItem] = {}
        self._strategy: SlidingWindowCounterRateLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count and pass on, or refuse unread."""
        if scope["type"] != "http" or scope["path"] in UNCOUNTED:
            await self.app(scope, receive, send)
        elif self._strategy is None:
            await self.app(scope, receive, send)
            await run_in_threadpool(self._load)
        else:
            await self._counted(self._strategy, scope, receive, send)

    def _load(self) -> None:
        from limits import parse  # noqa: PLC0415 -- slow import: see above
        from limits.aio.storage import MemoryStorage  # noqa: PLC0415 -- with it
        from limits.aio.strategies import SlidingWindowCounterRateLimiter  # noqa: PLC0415 -- with it

        self._allowed = {kind: parse(said) for kind, said in self._rates.items() if said}
        self._strategy = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def _counted(
        self, strategy: "SlidingWindowCounterRateLimiter", scope: Scope, receive: Receive, send: Send
    ) -> None:
        caller = caller_of(scope)
        allowed, by_address = self._allowed.get(caller.kind), self._allowed.get("address")
        if by_address and caller.kind == "key" and not await strategy.test(by_address, "address", caller.address):
            caller, allowed = Caller("address", caller.address, caller.address), by_address  # it guesses keys
        if allowed is None:
            await self.app(scope, receive, send)
            return
        is_within = await strategy.hit(allowed, caller.kind, caller.name)
        stats = await strategy.get_window_stats(allowed, caller.kind, caller.name)
        wait = max(1, math.ceil(stats.reset_time - self._clock().timestamp()))
        told = [
            (b"ratelimit-policy", f'"{caller.kind}";q={allowed.amount};w={allowed.get_expiry()}'.encode()),
            (b"ratelimit", f'"{caller.kind}";r={max(0, stats.remaining)};t={wait}'.encode()),
        ]
        if not is_within:
            problem = Problem(
                "too-many-requests", facts={"at_most": allowed.amount, "seconds": allowed.get_expiry(), "wait": wait}
            )
            refused = answer(TooMany(problem))
            refused.raw_headers += told
            await refused(scope, receive, send)
            return

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *told]
                if caller.kind == "key" and by_address and KNOWN not in scope:  # nobody's, or nobody looked whose
                    await strategy.hit(by_address, "address", caller.address)
            await send(message)

        await self.app(scope, receive, telling)


def caller_of(scope: Scope) -> Caller:
    """Whose count this request belongs to. A key is known by its digest alone, and not yet looked up."""
    address = network((scope.get("client") or ("",))[0])
    if scope["path"].removesuffix("\n") in GUESSABLE:  # a route lets a last \n pass
        return Caller("sign_in", address, address)
    shown = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, secret = shown.partition(b" ")
    if scheme.lower() != b"bearer" or not secret.strip():  # the public, whatever else it says
        return Caller("address", address, address)
    return Caller("key", hashlib.sha256(secret.strip()).hexdigest(), address)


def network(address: str) -> str:
    """An address, of IPv6 the 64 bits that one customer has; as it is where it is none (a socket file)."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)
