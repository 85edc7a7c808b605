"""How many requests a caller may send, and that the published ones never wait for the rest."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from starlette.testclient import TestClient

from e2e.server import serving
from specialty_eval import installation
from specialty_eval.actions import accounts
from specialty_eval.api.rates import Rates, network
from specialty_eval.app import AT_ONCE, FOR_PUBLISHED, WHOLE, create_app

NOBODY = {"login": "nobody", "password": "示例密码-0000"}


@contextmanager
def asking(database: str, files: Path, rates: Rates, address: str = "192.0.2.1") -> Iterator[TestClient]:
    """A caller from an address; the first answer, behind which the limits are loaded, is past."""
    app = create_app(database, files, rates=rates)
    with TestClient(app, client=(address, 50000)) as client:
        client.get("/v1/schools")
        yield client


def test_beyond_the_limit_is_429_with_when_to_come_again(database: str, tmp_path: Path) -> None:
    with asking(database, tmp_path, Rates(address="3/hour")) as client:
        answers = [client.get("/v1/policies") for _ in range(4)]
        health = client.get("/healthz")

    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert [a.headers["ratelimit"].split(";")[:2] for a in answers] == [['"address"', f"r={n}"] for n in (2, 1, 0, 0)]
    assert answers[0].headers["ratelimit-policy"] == '"address";q=3;w=3600'
    assert 0 < int(answers[3].headers["retry-after"]) <= 3600
    (problem,) = answers[3].json()["problems"]
    assert (problem["code"], problem["facts"]["at_most"]) == ("too-many-requests", 3)
    assert health.status_code == 200


def test_each_key_has_its_own_count_and_whoever_guesses_keys_has_one(database: str, tmp_path: Path) -> None:
    with asking(database, tmp_path, Rates(key="2/hour", address="5/hour")) as client:
        same = [client.get("/v1/policies", headers={"Authorization": "Bearer key_a"}).status_code for _ in range(3)]
        other = [client.get("/v1/policies", headers={"Authorization": f"Bearer key_{n}"}).status_code for n in range(6)]

    assert same == [401, 401, 429]  # by the key's own count
    assert other == [401, 401, 401, 429, 429, 429]  # by the address's: five keys that nobody has were shown


def test_what_shows_no_key_or_one_that_nobody_looked_at_is_counted_by_address(database: str, tmp_path: Path) -> None:
    with asking(database, tmp_path, Rates(address="2/hour")) as client:
        shown = [client.get("/v1/policies", headers={"Authorization": f"Basic {n}"}).status_code for n in range(3)]
    with asking(database, tmp_path, Rates(address="2/hour")) as client:
        bearers = [{"Authorization": f"Bearer key_{n}"} for n in range(3)]
        unseen = [client.get("/v1/openapi.json", headers=one).status_code for one in bearers]
    assert (shown, unseen) == ([200, 200, 429], [200, 200, 429])


def test_a_key_that_somebody_has_is_not_counted_by_address(database: str, tmp_path: Path) -> None:
    rates, plain = Rates(key="9/hour", address="1/hour"), database.replace("+psycopg", "")
    with asking(database, tmp_path, rates) as client, psycopg.connect(plain, autocommit=True) as held:
        held.execute("INSERT INTO api_key (label, secret_hash, valid_from) VALUES ('counted', %s, '2020-01-01')",
                     [accounts.digest("key_counted")])  # fmt: skip
        shown = {"Authorization": "bearer  key_counted"}
        answers = [client.get("/v1/policies", headers=shown).status_code for _ in range(4)]
        held.execute("DELETE FROM api_key WHERE label = 'counted'")
    assert answers == [200] * 4


def test_sign_ins_are_counted_by_address_whatever_is_shown(database: str, tmp_path: Path) -> None:
    with asking(database, tmp_path, Rates(sign_in="2/hour")) as client:
        shown = [{"Authorization": f"Bearer tok_{n}"} for n in range(2)]
        answers = [client.post("/v1/sign-in", json=NOBODY, headers=headers).status_code for headers in shown]
        answers.append(client.post("/v1/sign-in%0A", json=NOBODY).status_code)  # a route lets a last line feed pass
        elsewhere = client.get("/v1/policies").status_code

    assert answers == [401, 401, 429]
    assert elsewhere == 200


def test_without_limits_nothing_is_counted(database: str, tmp_path: Path) -> None:
    with asking(database, tmp_path, Rates("", "", "")) as client:
        answers = [client.get("/v1/policies") for _ in range(5)]
    assert {a.status_code for a in answers} == {200}
    assert "ratelimit" not in answers[0].headers


@pytest.mark.parametrize(("address", "counted"), [
    ("192.0.2.7", "192.0.2.7"),
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("::ffff:192.0.2.7", "192.0.2.7"),
    ("testclient", "testclient"),
])  # fmt: skip
def test_an_address_of_ipv6_is_its_customers_network(address: str, counted: str) -> None:
    assert network(address) == counted


def test_the_published_is_answered_while_everything_else_waits(fresh_database: str, tmp_path: Path) -> None:
    installation.init(
        fresh_database, tmp_path, city="371400", bureau="示例市教育局", login="admin", password="example-password"
    )
    plain = fresh_database.replace("+psycopg", "")
    with serving(fresh_database, tmp_path / "files") as callers, psycopg.connect(plain) as holding:
        holding.execute("LOCK TABLE policy IN ACCESS EXCLUSIVE MODE")
        codes: list[int] = []
        timeout = httpx.Timeout(30)

        def wait() -> None:
            codes.append(httpx.get(callers.base + "/v1/policies", timeout=timeout).status_code)

        waiting = [threading.Thread(target=wait) for _ in range(AT_ONCE - FOR_PUBLISHED + 10)]
        for thread in waiting:
            thread.start()
        asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        with psycopg.connect(plain, autocommit=True) as looking:
            while looking.execute(asked).fetchone() != (AT_ONCE - FOR_PUBLISHED,):
                pass
        published = httpx.get(callers.base + "/v1/specialties/nobody/status?valid_at=2026-01-01", timeout=timeout)
        holding.rollback()
        for thread in waiting:
            thread.join()
    assert published.status_code == 404
    assert set(codes) == {200}


def test_whole_lists_read_from_the_database_leave_places_for_the_rest(fresh_database: str, tmp_path: Path) -> None:
    plain = fresh_database.replace("+psycopg", "")
    with serving(fresh_database, tmp_path / "files") as callers, psycopg.connect(plain) as holding:
        holding.execute("LOCK TABLE specialty IN ACCESS EXCLUSIVE MODE")
        codes: list[int] = []

        def wait() -> None:
            codes.append(httpx.get(callers.base + "/v1/status.csv", timeout=30).status_code)

        waiting = [threading.Thread(target=wait) for _ in range(FOR_PUBLISHED + 4)]
        for thread in waiting:
            thread.start()
        asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        with psycopg.connect(plain, autocommit=True) as looking:
            while looking.execute(asked).fetchone() != (WHOLE,):
                pass
        published = httpx.get(callers.base + "/lists", timeout=10)
        holding.rollback()
        for thread in waiting:
            thread.join()
    assert published.status_code == 200
    assert codes == [200] * (FOR_PUBLISHED + 4)
