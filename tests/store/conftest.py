"""A database with a row of every machine, and a connection on it that takes back whatever a test did."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from conftest import copied, planned_once
from every_case import make_every_case
from specialty_eval.store.base import make_engine


@pytest.fixture(scope="session")
def filled_engine(server_url: str, template: str) -> Iterator[sa.Engine]:
    with copied(server_url, template) as url:
        made = planned_once(make_engine(url, pool_size=1))
        with Session(made) as session:
            make_every_case(session)
            session.commit()
        yield made
        made.dispose()


@pytest.fixture
def filled(filled_engine: sa.Engine) -> Iterator[sa.Connection]:
    """Every case, committed; what a test changes is rolled back."""
    with filled_engine.connect() as connection, connection.begin() as outer:
        yield connection
        outer.rollback()
