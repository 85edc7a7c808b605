"""A city played once a worker, and the server that answers from it."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from conftest import copied
from demo.small import END, Played, play_some, played
from specialty_eval.app import create_app


@pytest.fixture(scope="session")
def city(quiet_server: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """The three years of the small city. Tests look at it and change nothing."""
    files = tmp_path_factory.mktemp("files")
    with copied(*quiet_server) as url, played(url, files, lambda sessions: play_some(sessions, files)) as made:
        yield made


@pytest.fixture(scope="session")
def http(city: Played) -> Iterator[TestClient]:
    """A client of a server on the played city, in the week after."""
    with TestClient(create_app(city.url, city.files, clock=lambda: END)) as client:
        yield client
