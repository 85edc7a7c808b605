"""A request repeated under its key: one effect, the first answer, whoever is faster; nothing kept of a refusal."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from e2e.server import Callers, serving
from factories import PASSWORD, make_city
from specialty_eval.store.base import make_engine

PERSON = {"login": "new-person", "name": "示例新人"}


@dataclass
class Served:
    """A server, and its database from another connection."""

    callers: Callers
    engine: sa.Engine

    def create(self, key: str, body: dict[str, Any], who: str = "administrator") -> httpx.Response:
        """One request to create a person, under a key."""
        self.callers.get(who, "/v1/me")
        headers = {"Authorization": f"Bearer {self.callers.tokens[who][0]}", "Idempotency-Key": key}
        return self.callers.http.post(f"{self.callers.base}/v1/people", json=body, headers=headers)

    def number(self, table: str, where: str = "true") -> int:
        """How many rows."""
        with self.engine.connect() as connection:
            return int(connection.scalar(sa.text(f"SELECT count(*) FROM {table} WHERE {where}")) or 0)


@pytest.fixture
def served(fresh_database: str, tmp_path: Path) -> Iterator[Served]:
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        make_city(session)
        session.commit()
    with serving(fresh_database, tmp_path) as callers:
        yield Served(callers, engine)
    engine.dispose()


def test_the_first_answer_comes_again_status_and_body_and_nothing_is_done_twice(served: Served) -> None:
    first = served.create("a", PERSON)
    again = served.create("a", PERSON)
    assert (first.status_code, "idempotent-replayed" in first.headers) == (201, False)
    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (201, first.content, "true")
    assert again.headers["content-type"] == first.headers["content-type"]
    assert served.number("event", "kind = 'person.create'") == 1
    other = served.create("a", {**PERSON, "login": "another"})
    assert (other.status_code, list(other.json()["totals"])) == (422, ["idempotency-key-reused"])
    assert served.create("b", PERSON).status_code == 409


def test_nothing_is_kept_of_a_refusal_so_the_same_key_may_come_again_mended(served: Served) -> None:
    for wrong, status in (({**PERSON, "password": "短"}, 422), ({**PERSON, "more": 1}, 422)):
        assert served.create("a", wrong).status_code == status
    assert served.create("a", PERSON, who="secretary").status_code == 403
    assert served.number("idempotent_reply") == 0
    assert served.create("a", PERSON).status_code == 201
    assert served.number("idempotent_reply") == 1


def test_a_key_is_its_callers_own(served: Served) -> None:
    assert served.create("a", PERSON).status_code == 201
    assert served.create("a", PERSON, who="secretary").status_code == 403
    assert served.create("a", {"login": "x"}, who="secretary").json()["totals"].keys() != {"idempotency-key-reused"}


def test_two_at_once_have_one_effect_and_one_answer(served: Served) -> None:
    callers, at_once = served.callers, 8
    callers.get("administrator", "/v1/me")
    start = Barrier(at_once)

    def send(_: int) -> httpx.Response:
        start.wait()
        return served.create("a", PERSON)

    with ThreadPoolExecutor(at_once) as pool:
        answers = list(pool.map(send, range(at_once)))
    assert {(a.status_code, a.content) for a in answers} == {(201, answers[0].content)}
    assert sum("idempotent-replayed" not in a.headers for a in answers) == 1
    assert (served.number("event", "kind = 'person.create'"), served.number("person", "login = 'new-person'")) == (1, 1)


def test_an_answer_lives_for_a_day_and_a_role_that_ended_does_not_get_it(served: Served) -> None:
    first = served.create("a", PERSON)
    served.callers.clock.now += timedelta(hours=25)
    assert served.create("a", PERSON).content == first.content
    with served.engine.begin() as connection:
        connection.execute(sa.text("UPDATE person SET active = false WHERE login = 'administrator'"))
    headers = {"Authorization": f"Bearer {served.callers.tokens['administrator'][0]}", "Idempotency-Key": "a"}
    late = served.callers.http.post(f"{served.callers.base}/v1/people", json=PERSON, headers=headers)
    assert late.status_code == 401


def test_a_token_is_not_kept_with_an_answer(served: Served) -> None:
    body, key = {"login": "secretary", "password": PASSWORD}, {"Idempotency-Key": "a"}
    said = served.callers.call("", "POST", "/v1/sign-in", 422, json=body, headers=key)
    assert list(said["totals"]) == ["idempotency-key-not-here"]
    said = served.callers.call("administrator", "POST", "/v1/keys", 422, json={"label": "示例"}, headers=key)
    assert list(said["totals"]) == ["idempotency-key-not-here"]
    assert served.number("idempotent_reply") == 0


def test_nothing_is_kept_of_a_body_with_a_password(served: Served) -> None:
    said = served.create("a", {**PERSON, "password": "示例密码-123456"})
    assert (said.status_code, list(said.json()["totals"])) == (422, ["idempotency-key-not-here"])
    headers = {"Idempotency-Key": "a", "Content-Type": "text/csv"}
    said = served.callers.call("administrator", "POST", "/v1/imports/people", 422, content=b"login\n", headers=headers)
    assert list(said["totals"]) == ["idempotency-key-not-here"]
    assert served.number("idempotent_reply") == 0
