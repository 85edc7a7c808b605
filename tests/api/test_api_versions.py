"""The API's version in every answer, and requests for one that is not there."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from specialty_eval.api.versions import OLDEST, VERSION
from specialty_eval.app import create_app


@pytest.mark.parametrize("path", ["/v1/policies", "/v1/nothing", "/v1/specialties/nobody/status", "/v1/status.csv"])
def test_every_answer_says_its_version(database: str, tmp_path: Path, path: str) -> None:
    with TestClient(create_app(database, tmp_path)) as client:
        assert client.get(path).headers["api-version"] == VERSION
        assert client.get(path, headers={"API-Version": OLDEST}).headers["api-version"] == VERSION


@pytest.mark.parametrize("asked", ["2026-11-28", "2999-01-01", "1", ""])
def test_another_version_is_refused_and_nothing_is_done(database: str, tmp_path: Path, asked: str) -> None:
    with TestClient(create_app(database, tmp_path)) as client:
        answer = client.post("/v1/sign-in", json={"login": "x", "password": "y"}, headers={"API-Version": asked})
        assert answer.status_code == 422
        (problem,) = answer.json()["problems"]
        assert (problem["code"], problem["facts"]["newest"]) == ("api-version-unknown", VERSION)
