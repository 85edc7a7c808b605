"""A request to another system: checked where it goes when it goes, bounded in time and size, never redirected."""

import asyncio
import http.server
import time
from pathlib import Path

import pytest

from receiving import LOOPBACK, Receiver, Sent, certificate, leads_to, receiving, says
from specialty_eval.actions.deliveries import Came
from specialty_eval.outgoing import BIGGEST, Caller


def post(caller: Caller, url: str) -> Came:
    return asyncio.run(caller.post(url, {"x-one": "1"}, b'{"a":1}'))


def test_a_receiver_gets_the_body_and_the_headers_and_its_answer_is_kept() -> None:
    with receiving() as receiver:
        receiver.answer = says(202, "收到".encode())
        came = post(Caller(LOOPBACK), receiver.url("/hook?x=1"))
    assert (came.status, came.answer, came.problem) == (202, "收到", "")
    [sent] = receiver.sent
    assert (sent.path, sent.body, sent.headers["x-one"], sent.headers["host"]) == (
        "/hook?x=1", b'{"a":1}', "1", f"127.0.0.1:{receiver.port}",
    )  # fmt: skip


def test_a_private_address_is_not_called_however_it_is_written() -> None:
    with receiving() as receiver:
        for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"):
            came = post(Caller(), f"https://{host}:{receiver.port}/")
            assert (host, came.status, came.problem) == (host, None, "webhook-address-refused")
        assert post(Caller(), f"http://localhost:{receiver.port}/").problem == "webhook-url-not-https"
    assert receiver.sent == []


def test_an_address_that_nothing_can_read_is_told_and_raises_nothing() -> None:
    async def to_none(_host: str, _port: int) -> list[str]:
        return ["1.2.3.4.5"]

    assert post(Caller(resolve=to_none), "https://receiver.example/").problem == "webhook-url-wrong"


def test_a_name_is_looked_up_and_checked_at_each_attempt(tmp_path: Path) -> None:
    """First it leads to an address that may be called, then (as a rebinding would) to one that may not."""
    server, trust = certificate(tmp_path, "receiver.example")
    with receiving(server) as receiver:
        url = receiver.url(host="receiver.example")
        caller = Caller(LOOPBACK, leads_to("127.0.0.1"), trust=trust)
        assert post(caller, url).status == 204
        caller.resolve = leads_to("10.0.0.1")
        assert post(caller, url).problem == "webhook-address-refused"
        caller.resolve = leads_to("127.0.0.1", "169.254.169.254")
        assert post(caller, url).problem == "webhook-address-refused"
        caller.resolve = leads_to()
        assert post(caller, url).problem == "webhook-host-unknown"
    assert len(receiver.sent) == 1


def test_the_certificate_is_the_names_although_an_address_is_connected_to(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, "other.example")
    with receiving(server) as receiver:
        caller = Caller(LOOPBACK, leads_to("127.0.0.1"), trust=trust)
        assert post(caller, receiver.url(host="other.example")).status == 204
        assert post(caller, receiver.url(host="receiver.example")).problem == "webhook-not-trusted"
        caller.trust = certificate(tmp_path, "third.example")[1]
        assert post(caller, receiver.url(host="other.example")).problem == "webhook-not-trusted"
    assert len(receiver.sent) == 1


def test_plain_http_reaches_the_operators_networks_alone() -> None:
    caller = Caller(LOOPBACK, leads_to("1.1.1.1"))
    assert post(caller, "http://receiver.example/").problem == "webhook-url-not-https"


def test_no_redirect_is_followed_to_a_private_address_or_anywhere() -> None:
    with receiving() as private, receiving() as receiver:
        receiver.answer = says(302, Location=private.url())
        came = post(Caller(LOOPBACK), receiver.url())
    assert (came.status, private.sent) == (302, [])


def drip(request: http.server.BaseHTTPRequestHandler, _: Sent) -> None:
    """One byte at a time, for ever."""
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 10_000:
        request.wfile.write(bytes([byte]))
        request.wfile.flush()
        time.sleep(0.02)


def drip_a_body(request: http.server.BaseHTTPRequestHandler, sent: Sent) -> None:
    """The head at once, then one byte at a time."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    drip(request, sent)


def flood(request: http.server.BaseHTTPRequestHandler, _: Sent) -> None:
    """Ten gigabytes, as fast as anybody takes them."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n")
    for _part in range(10_240):
        request.wfile.write(b"x" * (1 << 20))


def flood_the_head(request: http.server.BaseHTTPRequestHandler, _: Sent) -> None:
    """A head without an end."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for n in range(1_000_000):
        request.wfile.write(b"X-%d: %s\r\n" % (n, b"x" * 1000))


def greet(request: http.server.BaseHTTPRequestHandler, _: Sent) -> None:
    """Speak another language."""
    request.wfile.write(b"SSH-2.0-example\r\n\r\n")


@pytest.mark.parametrize("answer", [drip, drip_a_body, lambda *_: time.sleep(5)])
def test_one_byte_after_another_ends_with_the_time_for_everything(answer: object) -> None:
    with receiving() as receiver:
        receiver.answer = answer  # type: ignore[assignment]  # one of those above
        begun = time.monotonic()
        came = post(Caller(LOOPBACK, seconds=0.6), receiver.url())
    assert (came.problem, came.status) == ("webhook-too-slow", None)
    assert 0.5 < time.monotonic() - begun < 4


def test_no_more_than_the_beginning_of_ten_gigabytes_is_read() -> None:
    with receiving() as receiver:
        receiver.answer = flood
        came = post(Caller(LOOPBACK), receiver.url())
    assert (came.status, len(came.answer)) == (200, BIGGEST)


def test_what_is_no_http_or_nobody_is_told_apart() -> None:
    with receiving() as receiver:
        receiver.answer = flood_the_head
        assert post(Caller(LOOPBACK), receiver.url()).problem == "webhook-no-http"
        receiver.answer = greet
        assert post(Caller(LOOPBACK), receiver.url()).problem == "webhook-no-http"
    assert post(Caller(LOOPBACK), Receiver(1).url()).problem == "webhook-not-reached"
