"""A rich world in memory and behind the routes, asked both ways; `OLD` is a superseded code of what is "decided"."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from conftest import copied
from e2e.server import Clock
from factories_rights import World, make_world
from keeping import Answer, Kept, keeping
from specialty_eval.store.base import make_engine
from specialty_eval.store.registry import Specialty, SpecialtyCode

OLD = "3637000002-旧-方向"


@pytest.fixture(scope="module")
def told_database(quiet_server: tuple[str, str]) -> Iterator[str]:
    """A database of one file's tests, where what was written is told without waiting for others."""
    with copied(*quiet_server) as url:
        yield url


@pytest.fixture(scope="module")
def world(told_database: str) -> Iterator[World]:
    """The rich world for good, with one specialty whose code is another now, and one that is closed."""
    engine = make_engine(told_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        world = make_world(session)
        day = world.city.nobody().today
        key = session.scalars(
            sa.select(SpecialtyCode.specialty_id).where(SpecialtyCode.code == world.city.codes["decided"])
        ).one()
        session.add(SpecialtyCode(code=OLD, specialty_id=key, valid_from=day, valid_to=day))
        closed = world.city.codes["previewed"]
        key = session.scalars(sa.select(SpecialtyCode.specialty_id).where(SpecialtyCode.code == closed)).one()
        session.execute(sa.update(Specialty).where(Specialty.id == key).values(closed_on=day))
        session.commit()
        yield world
    engine.dispose()


@pytest.fixture(scope="module")
def kept(world: World, told_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    clock = Clock(world.city.now.replace(microsecond=0) + timedelta(seconds=1))
    with keeping(told_database, tmp_path_factory.mktemp("files"), clock) as found:
        yield found


def both(kept: Kept, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    """The answer from memory, which is the routes' as well."""
    fast, slow = kept.fast(method, path, body, **headers), kept.slow(method, path, body, **headers)
    assert (fast.status, fast.headers, fast.body) == (slow.status, slow.headers, slow.body)
    return fast
