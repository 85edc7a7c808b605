"""The demo plays into an empty database or its own; everything else it leaves as it is, and says why."""

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from demo.small import CITY, STEPS, Played
from specialty_eval.actions import setup
from specialty_eval.actions.context import Context
from specialty_eval.demo import ownership, showing
from specialty_eval.demo.world import BEGINS, Step
from specialty_eval.engine.errors import Invalid, NotNow
from specialty_eval.engine.permissions import Actor
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.embedded import conninfo
from specialty_eval.store.files import Files


def codes(error: pytest.ExceptionInfo[Invalid] | pytest.ExceptionInfo[NotNow]) -> list[str]:
    return [problem.code for problem in error.value.problems]


def test_an_empty_database_and_a_played_one_are_not_refused(fresh_database: str, city: Played) -> None:
    ownership.refuse_strangers(fresh_database)
    ownership.refuse_strangers(city.url)


def test_an_installation_with_a_person_of_its_own_is_refused(fresh_database: str, tmp_path: Path) -> None:
    engine = make_engine(fresh_database, pool_size=1)
    with make_sessions(engine)() as session:
        ctx = Context(session, Actor(is_system=True), BEGINS, Files(tmp_path))
        setup.begin(
            ctx, [setup.Area("371400", "德州市", "city", None)], "371400", "示例市教育局", "admin", "示例密码-0000-0000"
        )
        session.commit()
    engine.dispose()

    with pytest.raises(Invalid) as refused:
        ownership.refuse_strangers(fresh_database)

    assert codes(refused) == ["demo-not-alone"]


def test_another_programs_tables_are_refused_before_anything_is_added(fresh_database: str) -> None:
    with psycopg.connect(conninfo(fresh_database), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE orders (id int)")

    with pytest.raises(Invalid) as refused:
        showing.show(Path("unused"), fresh_database, seed=1, serve=False, host="127.0.0.1", port=0)

    with psycopg.connect(conninfo(fresh_database)) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert codes(refused) == ["demo-not-alone"]
    assert tables == [("orders",)]


def test_the_seed_on_record_is_gone_on_with_and_another_is_refused(city: Played) -> None:
    with city.sessions() as session:
        assert ownership.seed_of(session, None) == 1
        assert ownership.seed_of(session, 1) == 1
        with pytest.raises(Invalid) as refused:
            ownership.seed_of(session, 2)

    assert codes(refused) == ["demo-other-seed"]


def test_another_versions_story_or_city_is_not_gone_on_with(city: Played) -> None:
    def act(_: object) -> None:
        raise AssertionError

    other_story = [Step("又一步 · another", act), *STEPS]
    other_city = replace(CITY, specialties=CITY.specialties[1:])
    with city.sessions() as session:
        ownership.refuse_another_story(session, CITY, STEPS)
        with pytest.raises(Invalid) as of_story:
            ownership.refuse_another_story(session, CITY, other_story)
        with pytest.raises(Invalid) as of_city:
            ownership.refuse_another_story(session, other_city, STEPS)

    assert codes(of_story) == codes(of_city) == ["demo-other-version"]


def test_two_do_not_play_at_once(fresh_database: str) -> None:
    engine = sa.create_engine(fresh_database)
    with ownership.alone(engine), pytest.raises(NotNow) as refused, ownership.alone(engine):
        pass
    with ownership.alone(engine):
        pass
    engine.dispose()

    assert codes(refused) == ["demo-running"]
