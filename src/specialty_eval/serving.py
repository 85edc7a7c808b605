"""Running an installation: open its database, bring it up to date, serve it, begin it, check its log."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from sqlalchemy.orm import Session

from specialty_eval import reference
from specialty_eval.actions import accounts, bundles, intake, seals, setup
from specialty_eval.actions.context import Context, commit
from specialty_eval.app import create_app, utc_now
from specialty_eval.engine.bundle import Bundle
from specialty_eval.engine.errors import Invalid, Problem
from specialty_eval.engine.permissions import Actor
from specialty_eval.store import schema
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.files import Files
from specialty_eval.store.server import opened


def files_in(data: Path) -> Path:
    """Where attachments lie."""
    return data / "files"


@contextmanager
def ready(url: str | None, data: Path) -> Iterator[str]:
    """The URL of a running database at the newest schema, for as long as the block runs."""
    with opened(url, data) as at:
        schema.migrate(at)
        yield at


def serve(url: str | None, data: Path, *, host: str, port: int) -> None:
    """Serve until stopped; answers nobody waits for are forgotten first. The database stops with its last user."""
    with ready(url, data) as at:
        with _session_on(at) as session:
            _forget(session, data)
        uvicorn.run(create_app(at, files_in(data)), host=host, port=port, log_level="warning", access_log=False)


def tidy(url: str | None, data: Path) -> int:
    """Forget the answers kept for repeated requests that no client can still be waiting for; how many."""
    with session_at(url, data) as session:
        return _forget(session, data)


def _forget(session: Session, data: Path) -> int:
    ctx = _as_system(session, data)
    forgotten = accounts.forget_replies(ctx)
    commit(ctx)
    return forgotten


def migrate(url: str | None, data: Path) -> None:
    """Upgrade the schema."""
    with ready(url, data):
        pass


@contextmanager
def session_at(url: str | None, data: Path) -> Iterator[Session]:
    """A session on the installation's database."""
    with ready(url, data) as at, _session_on(at) as session:
        yield session


@contextmanager
def _session_on(at: str) -> Iterator[Session]:
    engine = make_engine(at, pool_size=1)
    try:
        with make_sessions(engine)() as session:
            yield session
    finally:
        engine.dispose()


def init(url: str | None, data: Path, *, city: str, bureau: str, login: str, password: str) -> None:
    """A city, its bureau and the first administrator, in one transaction."""
    lines = csv.DictReader(io.StringIO(reference.table("jurisdictions").decode()))
    areas = [setup.Area(row["code"], row["name"], row["kind"], row["parent_code"] or None) for row in lines]
    with session_at(url, data) as session:
        ctx = _as_system(session, data)
        setup.begin(ctx, areas, city, bureau, login, password)
        commit(ctx)


MEDIA_TYPES = {".csv": intake.CSV, ".xlsx": intake.XLSX}


def load(
    url: str | None, data: Path, kind: str, file: tuple[str, bytes], *, edition: str, policy: str, dry_run: bool
) -> intake.Imported:
    """Load a file (its name, its bytes) as the operator at the machine; Invalid with every problem, nothing written."""
    name, content = file
    media_type = MEDIA_TYPES.get(Path(name).suffix.lower())
    if media_type is None:
        raise Invalid(Problem("file-kind-unknown", name, {"known": sorted(MEDIA_TYPES)}))
    with session_at(url, data) as session:
        ctx = _as_system(session, data)
        done = intake.load(ctx, kind, content, media_type, dry_run, edition=edition, policy=policy)
        commit(ctx)
        return done


def rounds(url: str | None, data: Path) -> list[bundles.RoundCounts]:
    """Every round with its counts."""
    with session_at(url, data) as session:
        return bundles.rounds(_as_system(session, data))


def bundle(url: str | None, data: Path, code: str, *, whole: bool) -> Bundle:
    """What a round's public ratings follow from."""
    with session_at(url, data) as session:
        return bundles.make(_as_system(session, data), code, whole=whole)


def _as_system(session: Session, data: Path) -> Context:
    """Whoever has the installation's shell is not asked who they are."""
    return Context(session, Actor(is_system=True), utc_now(), Files(files_in(data)))


def verify_events(url: str | None, data: Path, head: str) -> int:
    """How many events are sealed, when all of them are as they were; Invalid with everything that is not."""
    with session_at(url, data) as session:
        sealed, problems = seals.verify(session, head)
        if problems:
            raise Invalid(*problems)
        return sealed
