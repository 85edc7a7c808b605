"""The embedded server: shared, restarted, moved out of the way, and never at the price of a folder's permissions."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from specialty_eval.engine.errors import Invalid, Problem, TryAgain
from specialty_eval.store import embedded, place, server
from specialty_eval.store.embedded import conninfo, start

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user run the server")

HOLD = """
import sys
from pathlib import Path
from specialty_eval.store.embedded import start
with start(Path(sys.argv[1]), durable=False):
    print("up", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of ours that every user may pass; afterwards nothing runs in it and it is gone."""
    made = Path(tempfile.mkdtemp(prefix="specialty-eval-embedded-", dir=place.RUNTIME))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def test_it_keeps_what_was_committed_and_its_settings_are_the_promised_ones(folder: Path) -> None:
    with start(folder) as running:
        _query(running.url, "CREATE TABLE kept AS SELECT 1 AS one")

    with start(folder) as running:
        found = _query(
            running.url,
            "SELECT (SELECT one FROM kept), current_setting('fsync'), current_setting('synchronous_commit'),"
            " current_setting('TimeZone'), current_setting('server_encoding'), current_setting('listen_addresses')",
        )

    assert found == [(1, "on", "on", "UTC", "UTF8", "")]


def test_text_is_ordered_by_code_point_and_cased_by_unicode(folder: Path) -> None:
    with start(folder, durable=False) as running:
        found = _query(running.url, "SELECT 'Z' < 'a', 'a' < '专', upper('ä')")

    assert found == [(True, True, "Ä")]


def test_the_server_stops_with_the_last_of_those_who_use_it_and_not_before(folder: Path) -> None:
    first = start(folder, durable=False)
    second = start(folder, durable=False)

    first.stop()
    first.stop()
    assert _query(second.url, "SELECT 1") == [(1,)]

    second.stop()
    assert not _is_up(second.url)


def test_another_process_shares_the_running_server_and_takes_it_over(folder: Path) -> None:
    with _holding(folder) as other:
        ours = start(folder, durable=False)
        pid = _server_pid(folder)
        assert other.stdin is not None
        other.stdin.close()
        other.wait(30)

        assert _query(ours.url, "SELECT 1") == [(1,)]
        assert _server_pid(folder) == pid
        ours.stop()

    assert not _is_up(ours.url)


def test_a_killed_user_leaves_a_server_that_the_next_one_uses_and_stops(folder: Path) -> None:
    with _holding(folder) as other:
        other.kill()
        other.wait(30)
    pid = _server_pid(folder)

    with start(folder, durable=False) as running:
        assert _server_pid(folder) == pid
        assert _is_up(running.url)

    assert not _is_up(running.url)


def test_a_killed_server_starts_again_with_what_was_committed(folder: Path) -> None:
    killed = start(folder)
    _query(killed.url, "CREATE TABLE kept AS SELECT 1 AS one")
    os.kill(_server_pid(folder), signal.SIGKILL)

    with start(folder) as running:
        assert _query(running.url, "SELECT one FROM kept") == [(1,)]

    killed.stop()
    assert not _is_up(running.url)


def test_a_process_number_that_another_program_has_by_now_does_not_hold_up_the_start(folder: Path) -> None:
    start(folder, durable=False).stop()
    left = folder / "postgres" / "cluster" / "postmaster.pid"
    left.write_text(f"{os.getpid()}\n{left.parent}\n0\n5432\n\n\n\nready\n")

    with start(folder, durable=False) as running:
        assert _is_up(running.url)


def test_a_folder_with_a_long_chinese_name_gets_its_socket_elsewhere(folder: Path) -> None:
    data = folder / "专业评价 的数据，'$(x)" / ("长" * 40)

    with start(data, durable=False) as running:
        assert _query(running.url, "SELECT current_user::text") == [("specialty_eval",)]
        sockets = Path(str(_query(running.url, "SELECT current_setting('unix_socket_directories')")[0][0]))

    assert sockets.parent == place.RUNTIME
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    sockets.rmdir()


def test_data_of_another_version_are_refused_and_left_alone(folder: Path) -> None:
    start(folder, durable=False).stop()
    cluster = folder / "postgres" / "cluster"
    (cluster / "PG_VERSION").write_text("17\n")

    with pytest.raises(Invalid) as refused:
        start(folder, durable=False)

    assert refused.value.problems == (Problem("database-other-version", str(cluster), {"found": 17, "needed": 18}),)


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    start(folder, durable=False).stop()
    cluster = folder / "postgres" / "cluster"
    (cluster / "global" / "pg_control").unlink()

    with pytest.raises(TryAgain) as refused:
        start(folder, durable=False)

    (problem,) = refused.value.problems
    assert (problem.code, problem.where) == ("database-not-started", str(cluster))
    assert "could not find the database system" in str(problem.facts["log"])


def test_a_file_where_the_folder_should_be_is_refused(folder: Path) -> None:
    data = folder / "var"
    data.write_text("")

    with pytest.raises(Invalid) as refused:
        start(data)

    assert refused.value.problems == (Problem("database-folder-unusable", str(data), {"reason": os.strerror(17)}),)


def test_no_permission_of_an_existing_folder_changes(folder: Path) -> None:
    data = folder / "home" / "project" / "var"
    data.mkdir(parents=True)
    for path, mode in ((data, 0o711), (data.parent, 0o751), (data.parent.parent, 0o755)):
        path.chmod(mode)
    before = _modes(data)

    start(data, durable=False).stop()

    assert _modes(data) == before


@needs_root
def test_root_keeps_the_cluster_outside_a_closed_home_and_leaves_the_home_closed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "SYSTEM", folder / "system")
    data = folder / "home" / "project" / "var"
    data.mkdir(parents=True)
    (folder / "home").chmod(0o700)
    before = _modes(data)

    with start(data, durable=False) as running:
        assert running.cluster.parent.parent == folder / "system"
        assert _query(running.url, "SELECT 1") == [(1,)]
        owner = pwd.getpwuid(running.cluster.stat().st_uid).pw_name

    assert owner in place.SERVICE_USERS
    assert (data / "postgres.at").read_text() == f"{running.cluster.parent}\n"
    assert _modes(data) == before
    with start(data, durable=False) as again:
        assert again.cluster == running.cluster
    (data / "postgres.at").unlink()
    with start(data, durable=False) as anew:
        assert anew.cluster != running.cluster


@needs_root
def test_root_runs_copied_programs_where_the_installed_ones_are_closed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "SYSTEM", folder / "system")
    package = embedded.bundled().parent.parent
    closed = folder / "closed"
    for part in (f"{package.name}/pginstall18", f"{package.name}.libs"):
        shutil.copytree(package.parent / part, closed / part, ignore=shutil.ignore_patterns("include", "*.a"))
    closed.chmod(0o700)

    with start(folder / "var", binaries=closed / package.name / "pginstall18" / "bin", durable=False) as running:
        assert _query(running.url, "SELECT 1") == [(1,)]

    assert [path.name.split("-")[0] for path in (folder / "system").iterdir()] == ["programs"]
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@needs_root
def test_root_is_refused_where_even_the_system_folder_is_closed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "SYSTEM", folder / "system")
    (folder / "system").mkdir(mode=0o700)
    data = folder / "home" / "var"
    data.mkdir(parents=True)
    (folder / "home").chmod(0o700)

    with pytest.raises(Invalid) as refused:
        start(data)

    user = next(name for name in place.SERVICE_USERS if name in {entry.pw_name for entry in pwd.getpwall()})
    assert refused.value.problems == (Problem("database-folder-closed", str(folder / "system"), {"user": user}),)
    assert stat.S_IMODE((folder / "system").stat().st_mode) == 0o700
    assert list(data.iterdir()) == []


@needs_root
def test_root_runs_an_ordinary_users_cluster_as_that_user(folder: Path) -> None:
    start(folder, durable=False).stop()
    nobody = pwd.getpwnam("nobody")
    for path in (folder / "postgres" / "run", *(folder / "postgres" / "cluster").rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    os.chown(folder / "postgres" / "cluster", nobody.pw_uid, nobody.pw_gid)

    with start(folder, durable=False) as running:
        assert _is_up(running.url)
        assert Path(f"/proc/{_server_pid(folder)}").stat().st_uid == nobody.pw_uid


def test_a_given_server_is_checked_and_reached_with_our_driver(server_url: str) -> None:
    with server.opened(conninfo(server_url), Path("never-made")) as url:
        assert url.startswith("postgresql+psycopg://")
        assert _query(url, "SELECT 1") == [(1,)]
    assert not Path("never-made").exists()


def test_a_server_that_is_too_old_is_refused_with_its_version(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "OLDEST", 99)
    with psycopg.connect(conninfo(server_url)) as connection:
        found = connection.info.server_version // 10_000

    with pytest.raises(Invalid) as refused:
        server.checked(server_url)

    facts = {"found": found, "needed": 99}
    assert refused.value.problems == (Problem("database-too-old", "DATABASE_URL", facts),)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("sqlite:///x.db", Problem("database-not-postgresql", "DATABASE_URL", {"found": "sqlite"})),
        ("somewhere", Problem("database-url-unreadable", "DATABASE_URL")),
    ],
)
def test_what_names_no_postgresql_is_refused(url: str, problem: Problem) -> None:
    with pytest.raises(Invalid) as refused:
        server.checked(url)

    assert refused.value.problems == (problem,)


def test_a_server_that_does_not_answer_may_answer_later() -> None:
    with pytest.raises(TryAgain) as refused:
        server.checked("postgresql://me:secret@127.0.0.1:1/x")

    (problem,) = refused.value.problems
    assert problem.code == "database-unreachable"
    assert "secret" not in str(problem.facts)


def _query(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def _is_up(url: str) -> bool:
    try:
        psycopg.connect(conninfo(url)).close()
    except psycopg.OperationalError:
        return False
    return True


def _holding(folder: Path) -> subprocess.Popen[str]:
    """Another process that uses the server until its input ends."""
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "up\n"
    return other


def _server_pid(folder: Path) -> int:
    return int((folder / "postgres" / "cluster" / "postmaster.pid").read_text().split()[0])


def _modes(path: Path) -> list[tuple[Path, int, int]]:
    found = [(each, each.stat()) for each in (path, *path.parents)]
    return [(each, stat.S_IMODE(status.st_mode), status.st_uid) for each, status in found]
