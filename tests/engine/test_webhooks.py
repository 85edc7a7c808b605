"""Which addresses are called, when it is tried again, what an answer means."""

from datetime import timedelta
from ipaddress import ip_address, ip_network

import pytest

from specialty_eval.engine.webhooks import (
    PROBES,
    RETRIES,
    TENTHS,
    Meaning,
    addresses_refused,
    is_called,
    meaning,
    probe_after,
    retry_after,
    url_problems,
)

REFUSED = (
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.100.100.200", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "100::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1",
    "2002:7f00:1::1", "2002:a00:1::", "2001::1",
)  # fmt: skip
CALLED = ("1.1.1.1", "8.8.8.8", "223.5.5.5", "2400:3200::1", "::ffff:223.5.5.5", "64:ff9b::df05:505")


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_nobodys_to_call_from_here_is_not_called(address: str) -> None:
    assert not is_called(ip_address(address), ())


@pytest.mark.parametrize("address", CALLED)
def test_what_is_everybodys_is_called(address: str) -> None:
    assert is_called(ip_address(address), ())


def test_a_network_that_the_operator_names_is_called_and_nothing_beside_it() -> None:
    allowed = (ip_network("10.20.0.0/16"),)
    found = [is_called(ip_address(one), allowed) for one in ("10.20.3.4", "::ffff:10.20.3.4", "10.21.0.1", "127.0.0.1")]
    assert found == [True, True, False, False]


def test_a_name_that_leads_to_one_wrong_address_is_not_called() -> None:
    problems = addresses_refused(["1.1.1.1", "10.0.0.1"], ())
    assert [(p.code, p.facts["address"]) for p in problems] == [("webhook-address-refused", "10.0.0.1")]
    assert [p.code for p in addresses_refused([], ())] == ["webhook-host-unknown"]


def codes(url: str, *allowed: str) -> list[str]:
    return [problem.code for problem in url_problems(url, [ip_network(one) for one in allowed])]


def test_an_address_is_https_with_a_host_and_nothing_hidden() -> None:
    assert codes("https://receiver.example/hook?x=1") == codes("https://receiver.example:8443") == []
    wrong = (
        "", "receiver.example", "https://", "https://" + "user:word@receiver.example/", "https://a.example/#x",
        "https://a.example:0/", "https://a.example:99999/", "https://a.example/ b", "https://示例.example/",
        "https://a.example/" + "x" * 2000, "https://a.example\\@b.example/", "https://a.example/\n",
        "https://[1.2.3.4.5]/", "https://[1.2.3.4]/", "https://[:]/", "https://[1::2::3]/",
    )  # fmt: skip
    for url in wrong:
        assert codes(url) == ["webhook-url-wrong"], url
    assert codes("http://receiver.example/") == codes("ftp://receiver.example/") == ["webhook-url-not-https"]
    assert codes("http://receiver.example/", "10.0.0.0/8") == []
    assert codes("https://" + "169.254.169.254/") == codes("https://[::1]/") == ["webhook-address-refused"]
    assert codes("https://" + "10.1.1.1/", "10.0.0.0/8") == []


def test_a_message_is_tried_ten_times_over_three_days_never_all_at_once() -> None:
    waits = [retry_after(n, 100) for n in range(1, len(RETRIES) + 1)]
    total = sum(RETRIES, timedelta())
    assert (waits, retry_after(len(RETRIES) + 1, 0)) == (list(RETRIES), None)
    assert timedelta(days=3) <= total <= timedelta(days=3, hours=4)
    assert retry_after(1, 0) == timedelta(seconds=4.5)
    assert retry_after(1, TENTHS - 1) == timedelta(seconds=5.5)


def test_who_is_away_is_looked_for_at_least_every_hour_or_so() -> None:
    assert [probe_after(n, 100) for n in (1, len(PROBES), 1000)] == [PROBES[0], PROBES[-1], PROBES[-1]]


def test_every_status_means_something() -> None:
    assert [meaning(s) for s in (200, 204, 299)] == [Meaning.TAKEN] * 3
    assert [meaning(s) for s in (None, 301, 302, 429, 502, 503, 504)] == [Meaning.AWAY] * 7
    assert [meaning(s) for s in (100, 400, 404, 422, 500, 501)] == [Meaning.REFUSED] * 6
    assert meaning(410) is Meaning.GONE
