"""The sandbox: every code answers what the list says, in the real shapes, and stands apart from the real."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from specialty_eval.api.problems import STATUS
from specialty_eval.api.shapes import StatusAnswer
from specialty_eval.app import create_app
from specialty_eval.engine.standing import StandingState
from specialty_eval.sandbox import SLOW, codes

CODES = [code for code, _, _ in codes()]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """Of a server whose database is nowhere: nothing here needs one."""
    with TestClient(create_app("postgresql+psycopg://nowhere/none", Path()), follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def answers(client: TestClient) -> dict[str, Any]:
    return {code: client.get(f"/sandbox/v1/specialties/{code}/status") for code in CODES}


def test_each_code_is_answered_as_the_list_says(client: TestClient, answers: dict[str, Any]) -> None:
    listed = client.get("/sandbox/v1/codes").json()["items"]
    assert [each["code"] for each in listed] == CODES
    assert {each["code"]: each["status"] for each in listed} == {c: a.status_code for c, a in answers.items()}
    assert answers["sandbox-slow"].elapsed.total_seconds() >= SLOW


def test_a_status_has_the_real_shape_and_every_rating_and_standing_occurs(answers: dict[str, Any]) -> None:
    told = [
        StatusAnswer.model_validate(a.json())
        for a in answers.values()
        if a.headers.get("content-type") == "application/json"
    ]
    assert {t.rating for t in told} == {"green", "yellow", "red", "unrated", "incomplete", None}
    assert {t.standing for t in told} == set(StandingState)
    assert {under for t in told for under in t.under} == {"objection", "appeal", "correction"}
    assert all(t.school == "示例职业学校" for t in told)


def test_every_kind_of_refusal_occurs_with_its_reasons(answers: dict[str, Any]) -> None:
    refused = [a for code, a in answers.items() if a.status_code >= 400 and code != "sandbox-closed"]
    assert {a.status_code for a in refused} == {*STATUS.values(), 415, 431}
    for answer in refused:
        assert answer.headers["content-type"] == "application/problem+json"
        assert all(p["zh"] and p["next_en"] and "{" not in p["zh"] for p in answer.json()["problems"])
    assert {a.status_code for a in refused if "retry-after" in a.headers} == {429, 503}


def test_what_is_known_is_not_sent_again(client: TestClient, answers: dict[str, Any]) -> None:
    tag = answers["sandbox-red"].headers["etag"]
    again = client.get("/sandbox/v1/specialties/sandbox-red/status", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_moved_code_leads_to_one_that_is_there(client: TestClient, answers: dict[str, Any]) -> None:
    assert client.get(answers["sandbox-moved"].headers["location"]).json()["code"] == "sandbox-green"


def test_any_other_code_is_not_there(client: TestClient) -> None:
    assert client.get("/sandbox/v1/specialties/3637990015-690202/status").status_code == 404
