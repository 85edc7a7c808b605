"""The rules of delivering to other systems: which addresses are called, when again, and what an answer means."""

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from .errors import Problem

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST_URL = 2000
ENDPOINTS_OF_A_KEY = 10
ROTATED_FOR = timedelta(hours=24)
"""How long a secret goes on signing beside its successor."""
KEPT_FOR = timedelta(days=30)
"""How long it stays on record what was delivered."""


class Algorithm(StrEnum):
    """How deliveries are signed (Standard Webhooks): with a shared secret, or with a key whose public half is told."""

    HMAC = "hmac"
    ED25519 = "ed25519"


# --- where ------------------------------------------------------------------------------------------------------------

_NEVER = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16",
            "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        ),
    )
)  # fmt: skip
"""Private, shared (also a cloud's metadata), loopback, link-local, documentation, multicast, reserved."""
_WITHIN = ((ip_network("64:ff9b::/96"), 0), (ip_network("2002::/16"), 80))
"""IPv6 that leads to an IPv4 address: NAT64, 6to4; and how many bits stand behind it."""


def is_called(address: Address, allowed: Iterable[Network]) -> bool:
    """Whether this address is called: it is one of everybody's internet, or of a network that the operator names."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_called(address.ipv4_mapped, allowed)
        for network, shift in _WITHIN:
            if address in network:
                return is_called(IPv4Address((int(address) >> shift) & 0xFFFFFFFF), allowed)
    if any(address in network for network in allowed):
        return True
    return not any(address in network for network in _NEVER) and address.is_global


def addresses_refused(found: Sequence[str], allowed: Sequence[Network]) -> list[Problem]:
    """Why a name that leads to these addresses is not called: to none, or one of them is nobody's to call from here."""
    if not found:
        return [Problem("webhook-host-unknown", "url")]
    refused = [one for one in found if not is_called(ip_address(one), allowed)]
    return [Problem("webhook-address-refused", "url", {"address": one}) for one in refused]


_URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)"
    r"(:(?P<port>[1-9][0-9]{0,4}))?([/?][!-\"$-~]*)?"
)
"""No user name, no fragment, nothing but printable ASCII."""


def url_problems(url: str, allowed: Sequence[Network]) -> list[Problem]:
    """Everything that is wrong with an address as it is written. Plain http reaches named networks alone."""
    parts = _URL.fullmatch(url)
    if parts is None or len(url) > LONGEST_URL or int(parts["port"] or 1) > 65535:
        return [Problem("webhook-url-wrong", "url", {"value": url[:200]})]
    if parts["scheme"] != "https" and not (parts["scheme"] == "http" and allowed):
        return [Problem("webhook-url-not-https", "url", {"value": url[:200]})]
    host = parts["host"]
    try:
        literal = ip_address(host.strip("[]"))
    except ValueError:
        literal = None
    if host.startswith("[") and not isinstance(literal, IPv6Address):
        return [Problem("webhook-url-wrong", "url", {"value": url[:200]})]
    if literal is None:
        return []
    return addresses_refused([str(literal)], allowed)


# --- when -------------------------------------------------------------------------------------------------------------

_S, _M, _H = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
RETRIES = (5 * _S, 5 * _M, 30 * _M, 2 * _H, 5 * _H, 10 * _H, 14 * _H, 20 * _H, 24 * _H)
"""After which times a message that was refused is sent again: a little over three days."""
PROBES = (5 * _S, 30 * _S, 2 * _M, 10 * _M, 30 * _M, 1 * _H)
"""After which times an endpoint that cannot be reached is tried again; the last one from then on."""
OPENS_AFTER = 5
"""Refusals one after another after which nothing but a probe is sent."""
DISABLED_AFTER = timedelta(days=3)
"""How long nothing at all succeeds before an endpoint is disabled."""
QUIET_AFTER = timedelta(hours=36)
"""Longer than any wait between two attempts: nothing was tried meanwhile, and nothing failed."""
TENTHS = 201
"""How many steps chance has: a wait is between nine and eleven tenths of what the table says."""


def retry_after(refused: int, chance: int) -> timedelta | None:
    """How long after its n-th refusal a message is sent again; None when it is given up."""
    return None if refused > len(RETRIES) else _spread(RETRIES[refused - 1], chance)


def probe_after(failures: int, chance: int) -> timedelta:
    """How long after the n-th failure on end an endpoint is tried again."""
    return _spread(PROBES[min(failures, len(PROBES)) - 1], chance)


def _spread(wait: timedelta, chance: int) -> timedelta:
    """So that not everything that failed at once comes again at once; `chance` is below TENTHS."""
    return wait * (900 + chance) / 1000


# --- what an answer means ---------------------------------------------------------------------------------------------

_AWAY = frozenset({429, 502, 503, 504})


class Meaning(StrEnum):
    """What came of an attempt."""

    TAKEN = "taken"
    REFUSED = "refused"
    """This message was answered with no; the next may be taken."""
    AWAY = "away"
    """Nobody was there to answer: whatever the message, the endpoint is to be waited for."""
    GONE = "gone"
    """The endpoint wants nothing any more."""


def meaning(status: int | None) -> Meaning:
    """Of an answer's status; None where there was no answer, or it was not waited for."""
    match status:
        case None:
            return Meaning.AWAY
        case 410:
            return Meaning.GONE
        case _ if 200 <= status < 300:
            return Meaning.TAKEN
        case _ if status in _AWAY or 300 <= status < 400:
            return Meaning.AWAY
        case _:
            return Meaning.REFUSED
