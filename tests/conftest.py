"""Real PostgreSQL for every test that asks: one server per run, one migrated template, one database per worker.

The server is `TEST_DATABASE_URL`'s or `DATABASE_URL`'s (whose own database is never touched), or an embedded one in a
folder of its own; `--postgres=15` runs the programs of that version where the machine has them.
"""

import fcntl
import gc
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from psycopg._preparing import PrepareManager
from sqlalchemy.orm import Session

import numbering
from specialty_eval.actions import passwords
from specialty_eval.store import embedded, place, server
from specialty_eval.store.base import make_engine
from specialty_eval.store.schema import migrate

hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")
"""How fast a machine is, and what else it does, says nothing about whether the program is right."""

BUNDLED = "18"
FOLDER = "SPECIALTY_EVAL_TEST_FOLDER"
RUN = "SPECIALTY_EVAL_TEST_RUN"
PREFIX = "specialty-eval-tests-"
INSTALLED = ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin", "/opt/homebrew/opt/postgresql@{}/bin")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgres", default=BUNDLED, help="major version to run on (default: the embedded one)")


def pytest_configure(config: pytest.Config) -> None:
    """The first process of a run names it and makes its folder; the workers inherit both."""
    version = config.getoption("--postgres")
    if version != BUNDLED and _installed(version) is None:
        pytest.exit(f"no PostgreSQL {version} on this machine: its run is left out", returncode=0)
    if _is_worker(config):
        return
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place.RUNTIME))
    folder.chmod(0o755)  # ours; root's server runs as another user and must pass
    os.environ |= {FOLDER: str(folder), RUN: f"test_{secrets.token_hex(4)}"}


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is loaded by now stays, and is not looked through for garbage again and again: a tenth of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(25_000, 20, 50)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not _is_worker(config) and (folder := os.environ.pop(FOLDER, None)):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Three years' sign-ins in a few seconds: the same Argon2id, at a cost that protects nobody."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(passwords, "COST", (1, 64, 1))
        yield


@pytest.fixture(scope="session", autouse=True)
def events_watched() -> Iterator[None]:
    """Whatever any test makes happen is told as the schema of its event says."""
    from event_watch import watched  # noqa: PLC0415 -- slow import: validators

    with watched():
        yield


@pytest.fixture(scope="session")
def server_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """A database of the server where the tests' own databases are made; it is not used itself."""
    given = os.environ.get("TEST_DATABASE_URL") or os.environ.get("DATABASE_URL")
    version = pytestconfig.getoption("--postgres")
    if given and version == BUNDLED:
        yield server.checked(given)
        return
    binaries = None if version == BUNDLED else _installed(version)
    with embedded.start(Path(os.environ[FOLDER]), binaries=binaries, durable=False) as running:
        yield running.url


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """The name of the migrated, empty database that all others are copies of. The first worker to come makes it."""
    name = f"{os.environ[RUN]}_template"
    with psycopg.connect(embedded.conninfo(server_url), autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        if admin.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            making = f"{name}_making"
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(making)))
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(making)))
            migrate(_url(server_url, making))
            _number_alike(_url(server_url, making))
            admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, (making, name))))
        admin.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])
        admin.execute("SELECT pg_advisory_lock_shared(hashtext(%s))", [f"{name} in use"])
        yield name
        admin.execute("SELECT pg_advisory_unlock_shared(hashtext(%s))", [f"{name} in use"])
        if admin.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [f"{name} in use"]).fetchone() == (True,):
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _number_alike(url: str) -> None:
    engine = make_engine(url)
    with engine.begin() as connection:
        numbering.counted(connection)
    engine.dispose()


@pytest.fixture(scope="session")
def database(server_url: str, template: str) -> Iterator[str]:
    """The URL of this worker's own database. What tests write there they take back (`session`, `connection`)."""
    with copied(server_url, template) as url:
        yield url


@pytest.fixture
def fresh_database(server_url: str, template: str) -> Iterator[str]:
    """The URL of a new, empty database of this test alone: for real commits and several connections."""
    with copied(server_url, template) as url:
        yield url


@pytest.fixture(scope="session")
def quiet_server() -> Iterator[tuple[str, str]]:
    """A server of one's own and the template on it: an event is settled when no transaction of the whole server is
    older, and elsewhere other tests keep theirs open for as long as they run.
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place.RUNTIME))
    folder.chmod(0o755)
    with embedded.start(folder, durable=False) as running:
        name = "quiet_template"
        with psycopg.connect(embedded.conninfo(running.url), autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        migrate(_url(running.url, name))
        yield running.url, name
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def quiet_database(quiet_server: tuple[str, str]) -> Iterator[str]:
    """As `fresh_database`, where nobody else is."""
    with copied(*quiet_server) as url:
        yield url


@pytest.fixture(scope="session")
def kept_database(server_url: str, template: str) -> Iterator[str]:
    """The URL of a new, empty database for what is done once a worker and looked at by many tests."""
    with copied(server_url, template) as url:
        yield url


@pytest.fixture(scope="session")
def engine(database: str) -> Iterator[sa.Engine]:
    """An engine on this worker's database. Each statement is compiled and planned once in a run: what tests do ends in
    savepoints taken back, after which the driver would prepare all anew, and there are more than it remembers.
    """
    made = planned_once(make_engine(database, pool_size=8))
    yield made
    made.dispose()


@pytest.fixture
def own_engine(fresh_database: str) -> Iterator[sa.Engine]:
    """An engine on a database of this test alone: for what several connections do at once."""
    made = make_engine(fresh_database, pool_size=10)
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection inside a transaction that is rolled back after the test."""
    with engine.connect() as opened, opened.begin() as outer:
        yield opened
        outer.rollback()


@pytest.fixture
def session(connection: sa.Connection) -> Iterator[Session]:
    """A session that may commit and roll back as it likes, inside `connection`'s transaction."""
    with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as made:
        yield made


class _Lasting(PrepareManager):
    """A rollback takes no prepared statement away in PostgreSQL; the driver is careful for whoever drops tables."""

    prepared_max = 1500
    prepare_threshold = 1

    def _should_discard(self, *_: object) -> bool:
        return False


def planned_once(engine: sa.Engine) -> sa.Engine:
    """An engine that compiles each statement once, and whose connections have each planned once."""
    engine.update_execution_options(compiled_cache={})
    sa.event.listen(engine, "connect", _plan_once)
    return engine


def _plan_once(connection: psycopg.Connection[Any], _: object) -> None:
    connection._prepared = _Lasting()
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.commit()


@contextmanager
def copied(server_url: str, template: str) -> Iterator[str]:
    name = f"{os.environ[RUN]}_{secrets.token_hex(4)}"
    copy = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY"  # where nothing waits for the disk, half the work
    with psycopg.connect(embedded.conninfo(server_url), autocommit=True) as admin:
        admin.execute(sql.SQL(copy).format(*map(sql.Identifier, (name, template))))
    yield _url(server_url, name)
    with psycopg.connect(embedded.conninfo(server_url), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _url(server_url: str, database: str) -> str:
    return sa.make_url(server_url).set(database=database).render_as_string(hide_password=False)


def _installed(version: str) -> Path | None:
    named = os.environ.get(f"POSTGRES_{version}_BIN")
    folders = [Path(named)] if named else [Path(pattern.format(version)) for pattern in INSTALLED]
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _sweep() -> None:
    """A run that was killed leaves its server and folder behind: nobody holds a share in it, so it can go."""
    for folder in place.RUNTIME.glob(f"{PREFIX}*"):
        try:
            found = folder.stat()
        except FileNotFoundError:  # another run has just ended, or swept it
            continue
        if found.st_uid != os.geteuid() or found.st_mtime > time.time() - 600:
            continue
        lock = folder / "postgres" / "users.lock"
        if lock.exists():
            with lock.open("rb") as share:
                try:
                    fcntl.flock(share, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
            embedded.start(folder).stop()
        shutil.rmtree(folder, ignore_errors=True)
