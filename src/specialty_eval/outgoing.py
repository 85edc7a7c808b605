"""One request to another system, to an address that was looked up and checked for it, within limits of time and size.

The name is resolved anew for each request, and the connection goes to the very address that was checked; the
certificate is still the name's. No redirect is followed, no proxy is asked, and no more than the beginning is read.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from specialty_eval.actions.deliveries import Came
from specialty_eval.engine.errors import Problem
from specialty_eval.engine.webhooks import Network, addresses_refused, url_problems

SECONDS = 15
"""For everything: looking up, connecting, sending, and the answer."""
BIGGEST = 16 << 10
"""Bytes of an answer that are read."""
AGENT = "specialty-eval-webhooks/1"

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class Refused(Exception):  # noqa: N818 -- an answer of the rules: nobody was called
    """An address that is not called."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].code)
        self.code = problems[0].code


async def resolved(host: str, port: int) -> Sequence[str]:
    """Every address of a name; none when there is no such name."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return []
    return list(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found))


class _Checked(httpcore.AsyncNetworkBackend):
    """Connects to an address of the name that was checked; whatever the name leads to afterwards."""

    def __init__(self, allowed: Sequence[Network], resolve: Resolve, *, plain: bool) -> None:
        self._allowed, self._resolve, self._plain = allowed, resolve, plain
        self._connects = httpcore.AnyIOBackend()

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None,
        local_address: str | None = None, socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:  # fmt: skip
        """Look up, check every address, connect to the first."""
        found = await self._resolve(host, port)
        # Without TLS nobody vouches for who answers: only where the operator's own networks are meant.
        refused = addresses_refused(found, self._allowed)
        if not refused and self._plain:
            refused = [Problem("webhook-url-not-https", "url") for one in found if not _is_within(one, self._allowed)]
        if refused:
            raise Refused(refused)
        return await self._connects.connect_tcp(found[0], port, timeout, local_address, socket_options)


def _is_within(address: str, networks: Sequence[Network]) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415 -- needed for plain http alone

    return any(ip_address(address) in network for network in networks)


@dataclass(slots=True)
class Caller:
    """Sends requests; which private networks may be called, and how names are resolved."""

    allowed: Sequence[Network] = ()
    resolve: Resolve = resolved
    seconds: float = SECONDS
    trust: ssl.SSLContext = field(default_factory=httpx.create_ssl_context)

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Came:
        """What came of it. Whatever goes wrong is told by a code, nothing is raised."""
        begun = monotonic()
        status, answer, problem = None, "", ""
        try:
            if problems := url_problems(url, self.allowed):
                raise Refused(problems)
            async with asyncio.timeout(self.seconds):
                status, answer = await self._sent(url, headers, body)
        except TimeoutError:
            problem = "webhook-too-slow"
        except Refused as refused:
            problem = refused.code
        except (ssl.SSLError, httpcore.ConnectError) as error:
            problem = "webhook-not-trusted" if _is_of_tls(error) else "webhook-not-reached"
        except (httpcore.NetworkError, httpcore.TimeoutException, OSError):
            problem = "webhook-not-reached"
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol):
            problem = "webhook-no-http"
        except ValueError:  # an address that no reader of addresses takes, whatever let it pass
            problem = "webhook-url-wrong"
        return Came(int((monotonic() - begun) * 1000), status, answer, problem)

    async def _sent(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        backend = _Checked(self.allowed, self.resolve, plain=urlsplit(url).scheme == "http")
        named = {"host": urlsplit(url).netloc, "user-agent": AGENT, "content-length": str(len(body)), **headers}
        async with (
            httpcore.AsyncConnectionPool(ssl_context=self.trust, network_backend=backend) as pool,
            pool.stream("POST", url, headers=list(named.items()), content=body) as response,
        ):
            read = b""
            async for part in response.aiter_stream():
                read += part[: BIGGEST - len(read)]
                if len(read) >= BIGGEST:
                    break
            return response.status, read.decode("utf-8", "replace")


def _is_of_tls(error: BaseException) -> bool:
    """Whether a certificate, and not the network, is what was wrong."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
