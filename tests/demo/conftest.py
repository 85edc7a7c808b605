"""A city played once a run, once more in pieces, and the server that answers from it."""

import fcntl
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from starlette.testclient import TestClient

import numbering
from conftest import FOLDER, copied
from demo.small import END, Kept, Played, play_some, played
from specialty_eval.app import create_app
from specialty_eval.store import embedded
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.schema import migrate

CITY = "city"


@pytest.fixture(scope="session")
def city(server_url: str, template: str) -> Iterator[Played]:
    """The three years of the small city, on a server of its own. Tests look at it and change nothing.

    Whoever comes first plays it; who comes meanwhile plays it again in pieces, and both are kept for all.
    """
    folder = Path(os.environ[FOLDER]) / CITY
    (folder / "files").mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    with embedded.start(folder, durable=False) as running:
        url = sa.make_url(running.url).set(database=CITY).render_as_string(hide_password=False)

        def play() -> Kept:
            return _played_through(running.url, url, folder / "files")

        if not _kept(folder / "played", play):
            _kept(folder / "again", lambda: _played_in_pieces(server_url, template, folder))
            _kept(folder / "played", play, wait=True)
        engine = make_engine(url, pool_size=2)
        yield Played(url, folder / "files", make_sessions(engine), _read(folder / "played"))
        engine.dispose()


@pytest.fixture(scope="session")
def again(city: Played, server_url: str, template: str) -> Kept:
    """What was left by another process that was stopped again and again, on a server that told rows in any order."""
    folder = city.files.parent
    _kept(folder / "again", lambda: _played_in_pieces(server_url, template, folder), wait=True)
    return _read(folder / "again")


@pytest.fixture(scope="session")
def http(city: Played) -> Iterator[TestClient]:
    """A client of a server on the played city, in the week after."""
    with TestClient(create_app(city.url, city.files, clock=lambda: END)) as client:
        yield client


def _kept(file: Path, make: Callable[[], Kept], *, wait: bool = False) -> bool:
    """Whether the file is there, made now unless it was: False when somebody else is at it and nobody is to `wait`."""
    with file.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        if not file.exists():
            aside = file.with_suffix(".new")
            aside.write_bytes(pickle.dumps(make()))
            aside.rename(file)
    return True


def _read(file: Path) -> Kept:
    kept = pickle.loads(file.read_bytes())
    assert isinstance(kept, Kept)
    return kept


def _played_through(server: str, url: str, files: Path) -> Kept:
    with psycopg.connect(embedded.conninfo(server), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(CITY)))
    migrate(url)
    return played(url, lambda sessions: play_some(sessions, files))


def _played_in_pieces(server_url: str, template: str, folder: Path) -> Kept:
    """Where a set puts things is another in each process: this one's is never that of the process that played first."""
    order = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    told = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": order}
    with copied(server_url, template) as url:
        files = folder / "files again"
        engine = make_engine(url)
        with engine.begin() as connection:
            numbering.drawn(connection)
        engine.dispose()
        subprocess.run([sys.executable, "-m", "demo.pieces", url, str(files)], check=True, timeout=300, env=told)
        return played(url, lambda _: None)
