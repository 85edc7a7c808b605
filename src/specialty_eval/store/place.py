"""Where the embedded cluster lives and as which system user its server runs, without opening anybody's folder.

An ordinary user's server runs as that user, inside the data directory. PostgreSQL refuses to run as root, so root's
server runs as the first of `SERVICE_USERS` that exists; no user is made and no existing folder is opened for it. Where
that user cannot pass to the data directory, cluster and programs are kept below `SYSTEM` and a pointer is left behind.
"""

import hashlib
import os
import pwd
import re
import secrets
import shutil
import stat
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specialty_eval.engine.errors import Invalid, Problem

SYSTEM = Path("/var/lib/specialty-eval")
"""Root's clusters and programs, where a service user passes anyway."""
SERVICE_USERS = ("specialty-eval", "postgres", "nobody")
POINTER = "postgres.at"
RUNTIME = Path("/tmp")  # noqa: S108 -- short names for sockets; the folder made in it is ours alone, or refused
# A socket's whole name has 104 bytes on macOS and 108 on Linux, and lists of them are split at commas.
SHORT = re.compile(r"[A-Za-z0-9/._-]{1,85}")


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that the server runs as."""

    name: str
    uid: int
    gid: int

    def run(self, *command: str | Path, cwd: Path = Path("/"), **options: Any) -> subprocess.CompletedProcess[bytes]:
        """`command` as this user, away from the caller's folder, group memberships and PostgreSQL settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        environment = kept | {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
        if self.uid != os.geteuid():
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.run(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, check=False, **options)

    def passes(self, path: Path) -> bool:
        """Whether this user reaches `path`: tried, because mode bits are not the only rule."""
        return self.run("sh", "-c", 'test -x "$0"', path).returncode == 0


@dataclass(frozen=True, slots=True)
class Place:
    """Everything fixed about one cluster: its folder, the server's user, the programs, the folder of the socket."""

    home: Path
    account: Account
    binaries: Path
    sockets: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.home / "cluster"


def find(data: Path, binaries: Path) -> Place:
    """The place of `data`'s cluster, its folders made; `Invalid` says which folder or user cannot be used, and why."""
    data = data.resolve()
    try:
        data.mkdir(parents=True, exist_ok=True)
        pointer = data / POINTER
        home = Path(pointer.read_text(encoding="utf-8").strip()) if pointer.exists() else data / "postgres"
        if os.geteuid() == 0:
            home, account = _root_home(data, home)
            binaries = _reachable(binaries, account)
        else:
            account = account_of(os.geteuid())
            home.mkdir(mode=0o700, exist_ok=True)
            _refuse_anothers(home / "cluster", account)
        return Place(home, account, binaries, _sockets(home, account))
    except OSError as error:
        facts = {"reason": error.strerror or str(error)}
        raise Invalid(Problem("database-folder-unusable", str(error.filename or data), facts)) from None


def _root_home(data: Path, home: Path) -> tuple[Path, Account]:
    """Root's cluster: an existing one stays where it is and with its owner; a new one goes where its user passes."""
    if (home / "cluster").exists():
        account = account_of((home / "cluster").stat().st_uid)
    else:
        account = _service_account()
        if home == data / "postgres" and not account.passes(data):
            own_folder(SYSTEM, 0o755)
            _refuse_closed(SYSTEM, account)
            home = _pointed(data / POINTER, SYSTEM / f"cluster-{secrets.token_hex(6)}")
        own_folder(home, 0o755)
    _refuse_closed(home, account)
    return home, account


def _pointed(pointer: Path, home: Path) -> Path:
    """Where the pointer leads from now on: to `home`, unless another process was faster. Who removes it starts anew."""
    fresh = pointer.with_name(f"{pointer.name}.{secrets.token_hex(6)}")
    fresh.write_text(f"{home}\n", encoding="utf-8")
    with suppress(FileExistsError):
        os.link(fresh, pointer)
    fresh.unlink()
    return Path(pointer.read_text(encoding="utf-8").strip())


def _refuse_anothers(cluster: Path, account: Account) -> None:
    if cluster.exists() and cluster.stat().st_uid != account.uid:
        facts = {"user": account_of(cluster.stat().st_uid).name}
        raise Invalid(Problem("database-of-another-user", str(cluster), facts))


def _refuse_closed(path: Path, account: Account) -> None:
    """Name the outermost folder on the way to `path` that `account` may not pass, rather than open it."""
    if not account.passes(path):
        closed = next(folder for folder in (*reversed(path.parents), path) if not account.passes(folder))
        raise Invalid(Problem("database-folder-closed", str(closed), {"user": account.name}))


def account_of(uid: int) -> Account:
    """The system's entry for a user number; without one (`--user 1234` in a container) PostgreSQL does not run."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise Invalid(Problem("database-user-nameless", str(uid))) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _service_account() -> Account:
    for name in SERVICE_USERS:
        with suppress(KeyError):
            return account_of(pwd.getpwnam(name).pw_uid)
    raise Invalid(Problem("database-user-missing", facts={"users": ", ".join(SERVICE_USERS)}))


def _reachable(binaries: Path, account: Account) -> Path:
    """`binaries`, or for a user who cannot run them there a copy below `SYSTEM`, named by what is in it."""
    with suppress(PermissionError):
        if account.run(binaries / "initdb", "--version", capture_output=True).returncode == 0:
            return binaries
    with (binaries / "postgres").open("rb") as program:
        digest = hashlib.file_digest(program, "sha256").hexdigest()[:12]
    install, package = binaries.parent, binaries.parent.parent
    copy = SYSTEM / f"programs-{digest}"
    if not copy.exists():
        own_folder(SYSTEM, 0o755)
        with tempfile.TemporaryDirectory(dir=SYSTEM) as making:
            fresh = Path(making) / "copy"
            # The programs look for their libraries beside the package: the copy keeps that shape.
            for source in (install, package.with_name(f"{package.name}.libs")):
                if source.exists():
                    unneeded = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a")
                    shutil.copytree(source, fresh / source.relative_to(package.parent), ignore=unneeded)
            _open(fresh)
            try:
                fresh.rename(copy)
            except OSError:
                if not copy.exists():  # else another process was faster, with the same content
                    raise
    return copy / package.name / install.name / "bin"


def _open(copy: Path) -> None:
    """Let everybody read and run our own copy, whatever the mask the original was installed under."""
    for path in (copy, *copy.rglob("*")):
        runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if runs else 0o644)


def _sockets(home: Path, account: Account) -> Path:
    """The socket's folder, the server's user's alone: in `home`, or under a short name where that one is too long."""
    folder = home / "run"
    if not SHORT.fullmatch(str(folder)):
        folder = RUNTIME / f"specialty-eval-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"
    own_folder(folder, 0o700, account)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
        raise Invalid(Problem("database-socket-folder-taken", str(folder), {"user": account.name}))
    return folder


def own_folder(path: Path, mode: int, account: Account | None = None) -> None:
    """Make `path` with exactly this mode and owner. A folder that is there already is left as it is."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
        if account is not None and account.uid != os.geteuid():
            os.chown(path, account.uid, account.gid)
        path.chmod(mode)


def write(path: Path, text: str) -> None:
    """The whole text or the old one, readable for the server's user."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o644)
    fresh.replace(path)
