"""Passwords over HTTP: whoever is invited sets one that nobody else knows; the code works once, and for days alone."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.orm import Session

from e2e.server import Callers, serving
from factories import make_city
from specialty_eval.store import embedded
from specialty_eval.store.base import make_engine

NEW = "示例新密码-0001"


@pytest.fixture
def callers(fresh_database: str, tmp_path: Path) -> Iterator[Callers]:
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        make_city(session)
        session.commit()
    engine.dispose()
    with serving(fresh_database, tmp_path) as made:
        yield made


def invited(callers: Callers, login: str) -> str:
    code: str = callers.post("administrator", "/v1/invitations", {"login": login}, 201)["code"]
    return code


def test_the_code_sets_a_password_once_and_ends_the_sessions_under_the_old_one(
    callers: Callers, fresh_database: str
) -> None:
    callers.get("planner", "/v1/me")
    before = {"Authorization": f"Bearer {callers.tokens['planner'][0]}"}
    code = invited(callers, "planner")

    callers.post("", "/v1/password", {"code": code, "password": NEW}, 204)

    callers.call("", "GET", "/v1/me", 401, headers=before)
    callers.post("", "/v1/sign-in", {"login": "planner", "password": NEW}, 201)
    said = callers.post("", "/v1/password", {"code": code, "password": "short"}, 422)
    assert said["totals"] == {"invitation-wrong": 1, "password-too-short": 1}
    with psycopg.connect(embedded.conninfo(fresh_database)) as connection:
        told = connection.execute("SELECT kind, facts FROM event WHERE kind LIKE 'person.%' ORDER BY seq").fetchall()
    assert told == [("person.invite", {}), ("person.set_password", {})]


def test_a_newer_code_takes_the_older_ones_place_and_each_is_over_after_its_days(callers: Callers) -> None:
    older, newer = invited(callers, "planner"), invited(callers, "planner")

    assert callers.post("", "/v1/password", {"code": older, "password": NEW}, 422)["totals"] == {"invitation-wrong": 1}
    callers.clock.wait(7)
    assert callers.post("", "/v1/password", {"code": newer, "password": NEW}, 422)["totals"] == {"invitation-wrong": 1}
    callers.post("administrator", "/v1/invitations", {"login": "nobody-there"}, 404)


def test_neither_request_is_kept_for_a_repetition(callers: Callers) -> None:
    """A kept digest of a body with a password would be a quick way to guess at it."""
    key = {"Idempotency-Key": "a"}
    for path, body in (("invitations", {"login": "planner"}), ("password", {"code": "inv_none", "password": NEW})):
        said = callers.call("administrator", "POST", f"/v1/{path}", 422, json=body, headers=key)
        assert said["totals"] == {"idempotency-key-not-here": 1}
