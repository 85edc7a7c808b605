"""Is a webhook really from the server? Standard Webhooks (standardwebhooks.com) (`v1` HMAC, `v1a` ed25519).

Check before reading the body, over its very bytes; answer 2xx only when what it says is kept.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

TOLERANCE = 300
"""Seconds that a message may be old, or ahead: an older one may be a copy somebody kept."""


class NotGenuine(ValueError):  # noqa: N818 -- what is found, named as it is
    """The message is not from the server, was changed, or is too old."""


def verify(body: bytes, headers: Mapping[str, str], secrets: str | Sequence[str], *, now: float | None = None) -> Any:
    """The message's JSON, when one of the secrets signed it; NotGenuine otherwise.

    `secrets` are `whsec_…` (shared) or `whpk_…` (the server's public key, needs `specialty-eval-client[ed25519]`);
    give both while one is being replaced. `webhook-id` is the same each time one message is sent again.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        identity, sent = lower["webhook-id"], lower["webhook-timestamp"]
        signatures = lower["webhook-signature"].split()
        age = (time.time() if now is None else now) - int(sent)
    except (KeyError, ValueError) as fault:
        raise NotGenuine(f"headers: {fault}") from None
    if abs(age) > TOLERANCE:
        raise NotGenuine(f"timestamp {sent} is {age:.0f} s old")
    signed = f"{identity}.{sent}.".encode() + body
    known = [secrets] if isinstance(secrets, str) else secrets
    if not any(_signed(secret, signed, signature) for secret in known for signature in signatures):
        raise NotGenuine("no signature fits")
    return json.loads(body)


def _signed(secret: str, signed: bytes, signature: str) -> bool:
    version, _, code = signature.partition(",")
    try:
        given = base64.b64decode(code, validate=True)
    except binascii.Error:
        return False
    if secret.startswith("whpk_"):
        return version == "v1a" and _by_public_key(base64.b64decode(secret.removeprefix("whpk_")), signed, given)
    shared = base64.b64decode(secret.removeprefix("whsec_"))
    return version == "v1" and hmac.compare_digest(hmac.new(shared, signed, hashlib.sha256).digest(), given)


def _by_public_key(public: bytes, signed: bytes, given: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 -- optional, and only for public keys
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 -- as above

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(given, signed)
    except InvalidSignature:
        return False
    return True
