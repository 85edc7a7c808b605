"""Signatures by the Standard Webhooks specification, with the example of its own documentation."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from specialty_eval_client.webhooks import TOLERANCE, NotGenuine, verify

# The example in the specification's reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
SENT = 1614265330
HEADERS = {
    "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "Webhook-Timestamp": str(SENT),
    "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def test_the_specifications_own_example_is_genuine() -> None:
    assert verify(BODY, HEADERS, SECRET, now=SENT) == {"test": 2432232314}


def test_one_of_several_secrets_and_signatures_is_enough() -> None:
    two = HEADERS | {"Webhook-Signature": "v1,AAAA v2,x v1a,AAAA " + HEADERS["Webhook-Signature"]}
    assert verify(BODY, two, ["whsec_AAAA", SECRET], now=SENT)


@pytest.mark.parametrize(
    ("body", "changed", "secret", "now"),
    [
        (BODY + b" ", {}, SECRET, SENT),
        (BODY, {"Webhook-Id": "msg_other"}, SECRET, SENT),
        (BODY, {"Webhook-Timestamp": str(SENT + 1)}, SECRET, SENT),
        (BODY, {"Webhook-Timestamp": "yesterday"}, SECRET, SENT),
        (BODY, {"Webhook-Signature": "v1,not base64"}, SECRET, SENT),
        (BODY, {"Webhook-Signature": ""}, SECRET, SENT),
        (BODY, {}, "whsec_AAAA", SENT),
        (BODY, {}, [], SENT),
        (BODY, {}, SECRET, SENT + TOLERANCE + 1),
        (BODY, {}, SECRET, SENT - TOLERANCE - 1),
    ],
)
def test_what_differs_in_anything_is_not_genuine(
    body: bytes, changed: dict[str, str], secret: str | list[str], now: float
) -> None:
    with pytest.raises(NotGenuine):
        verify(body, HEADERS | changed, secret, now=now)


def test_headers_that_are_missing_are_not_genuine() -> None:
    with pytest.raises(NotGenuine):
        verify(BODY, {}, SECRET, now=SENT)


def test_a_public_key_verifies_what_the_private_one_signed_and_nothing_else() -> None:
    private = Ed25519PrivateKey.generate()
    public = "whpk_" + base64.b64encode(private.public_key().public_bytes_raw()).decode()
    signature = base64.b64encode(private.sign(f"msg_1.{SENT}.".encode() + BODY)).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(SENT), "webhook-signature": f"v1a,{signature}"}

    assert verify(BODY, headers, public, now=SENT)
    with pytest.raises(NotGenuine):
        verify(BODY + b" ", headers, public, now=SENT)
