"""A list asks the database as often for three rows as for one: no query in a loop, on whichever way it is run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from e2e.server import Callers, serving
from factories_consequences import make_confirmed
from factories_deliberation import Sitting, make_decided
from specialty_eval.actions import plans, previews, publications
from specialty_eval.store.base import make_engine
from specialty_eval.store.outcomes import Publication


class Counted(psycopg.Cursor[Any]):
    """Counts what is executed, through SQLAlchemy or straight on the driver's connection."""

    number = 0

    def execute(self, *args: Any, **kwargs: Any) -> "Counted":
        Counted.number += 1
        return super().execute(*args, **kwargs)


@pytest.fixture(autouse=True)
def counted() -> Iterator[None]:
    def count(connection: Any, _: object) -> None:
        connection.cursor_factory = Counted

    sa.event.listen(sa.pool.Pool, "connect", count)
    yield
    sa.event.remove(sa.pool.Pool, "connect", count)


@contextmanager
def session_on(url: str) -> Iterator[Session]:
    """A session whose work is committed at the end."""
    engine = make_engine(url, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        yield session
        session.commit()
    engine.dispose()


def asked(callers: Callers, who: str, path: str) -> tuple[int, int]:
    """How many rows came, and how many statements they took; whatever is read once a process has been read before."""
    callers.get(who, path)
    before = Counted.number
    answer = callers.get(who, path)
    statements = Counted.number - before
    return len(answer.get("entries", answer)["items"]), statements


def confirmed_with_a_plan(url: str) -> tuple[Sitting, int, int]:
    """The city, its list, its plan."""
    with session_on(url) as session:
        s = make_confirmed(session)
        return s, session.scalars(sa.select(Publication.id)).one(), plans.draft(s.as_("planner"), 2026).id


def test_a_page_of_three_takes_as_many_statements_as_a_page_of_one(quiet_database: str, tmp_path: Path) -> None:
    s, publication, plan = confirmed_with_a_plan(quiet_database)
    lists = (
        ("secretary", f"/v1/rounds/{s.round_id}/reviews"),
        ("secretary", f"/v1/meetings/{s.meeting}/items"),
        ("", f"/v1/publications/{publication}"),
        ("planner", f"/v1/enrolment-plans/{plan}/lines"),
        ("", "/v1/specialties"),
        ("", "/v1/schools"),
        ("", "/v1/jurisdictions"),
        ("auditor", "/v1/events"),
    )
    with serving(quiet_database, tmp_path) as callers:
        callers.clock.now = s.city.now
        for who, path in lists:
            one, three = asked(callers, who, f"{path}?limit=1"), asked(callers, who, f"{path}?limit=3")
            assert (path, one[0], three[0]) == (path, 1, 3)
            assert (path, three[1]) == (path, one[1])


def test_three_publications_of_a_round_take_as_many_statements_as_one(quiet_database: str, tmp_path: Path) -> None:
    with session_on(quiet_database) as session:
        s = make_decided(session, {"one-a": "yellow", "two-a": "green", "city-a": "red"})
        previews.preview(s.as_("secretary"), s.round_id)
        first, *others = s.reviews.values()
        publications.draft(s.as_("secretary"), s.round_id, reviews=[first])
    path = f"/v1/rounds/{s.round_id}/publications"
    with serving(quiet_database, tmp_path) as callers:
        callers.clock.now = s.city.now
        one = asked(callers, "secretary", path)
        for review in others:
            callers.post("secretary", path, {"reviews": [review]}, 201)
        three = asked(callers, "secretary", path)

    assert (one[0], three[0]) == (1, 3)
    assert three[1] == one[1]
