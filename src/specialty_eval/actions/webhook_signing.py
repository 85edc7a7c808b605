"""Standard Webhooks: secrets of both kinds, and the three headers with a signature of each secret that holds."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

from specialty_eval.engine.webhooks import Algorithm

HMAC_SECRET, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
BYTES = 32


def new_secret() -> bytes:
    """For either algorithm: a shared secret, or an ed25519 private key."""
    return secrets.token_bytes(BYTES)


def told(algorithm: str, secret: bytes) -> str:
    """What the receiver is told: the shared secret, or the public half of the key."""
    if algorithm == Algorithm.HMAC:
        return HMAC_SECRET + base64.b64encode(secret).decode()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 -- slow import

    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    return PUBLIC + base64.b64encode(public).decode()


def headers(algorithm: str, keys: Iterable[bytes], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of one attempt: the message's own id each time, this attempt's moment, a signature of each key."""
    seconds = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    signatures = " ".join(_signature(algorithm, key, signed) for key in keys)
    return {"webhook-id": message_id, "webhook-timestamp": seconds, "webhook-signature": signatures}


def _signature(algorithm: str, secret: bytes, signed: bytes) -> str:
    if algorithm == Algorithm.HMAC:
        return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 -- slow import

    return "v1a," + base64.b64encode(Ed25519PrivateKey.from_private_bytes(secret).sign(signed)).decode()
