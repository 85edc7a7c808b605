"""Serving an installation: its database opened, at the newest schema, and the application on a port."""

import ctypes
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event as Signal
from threading import Thread, Timer
from types import FrameType
from typing import Any

import uvicorn
from sqlalchemy.orm import Session

from specialty_eval import rooms
from specialty_eval.actions.context import Context, commit
from specialty_eval.api.description import Api
from specialty_eval.api.rates import Rates
from specialty_eval.api.status_fast import Fast
from specialty_eval.app import create_app, utc_now
from specialty_eval.connections import Connection, Places
from specialty_eval.engine.errors import NotNow, Problem
from specialty_eval.engine.permissions import Actor
from specialty_eval.engine.webhooks import Network
from specialty_eval.store import schema
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.files import Files
from specialty_eval.store.server import opened

QUIET = 5
"""Seconds after which a server that has started does what its first answers need not wait for."""


def files_in(data: Path) -> Path:
    """Where attachments lie."""
    return data / "files"


@contextmanager
def ready(url: str | None, data: Path) -> Iterator[str]:
    """The URL of a running database at the newest schema, for as long as the block runs."""
    with opened(url, data) as at:
        schema.migrate(at)
        yield at


@dataclass(frozen=True, slots=True)
class Offered:
    """What other systems are offered: for how many days events are told, to which networks of one's own delivered."""

    days: int
    networks: Sequence[Network] = ()


ARENAS = -8
"""glibc's name for how many heaps there may be (malloc.h, M_ARENA_MAX)."""


def share_one_heap() -> None:
    """Let all threads take memory from one heap, where the C library can: one of each its own only ever grows.

    Over 9,000 requests of all kinds after its first thousand a server grew by 38 MB instead of 104.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(ARENAS, 1)


def serve(
    url: str | None, data: Path, *, host: str, port: int, status_age: int, offered: Offered, rates: Rates,
    with_worker: bool = False,
) -> None:  # fmt: skip
    """Serve until stopped, with a worker inside or without. The database stops with the last that uses it.

    NotNow when somebody else has the port.
    """
    share_one_heap()
    with listening(host, port) as door, ready(url, data) as at:
        app = create_app(at, files_in(data), rates=rates)
        app.front.patience, app.feed_days, app.webhook_networks = status_age, offered.days, offered.networks
        gc.freeze()  # what is loaded stays: the collector need not walk through it while somebody waits
        with ExitStack() as until:
            later = Timer(QUIET, settle, (app, at, data, until))
            later.start()
            try:
                with working(at, data, utc_now, offered.networks, app.front) if with_worker else nullcontext():
                    Server(app, said=lambda: say_where(host, door)).run(sockets=[door])
            finally:
                later.cancel()
                later.join()


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """The port, taken before anything that takes long; NotNow when somebody else has it."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise NotNow(Problem("port-not-free", "port", {"port": port, "reason": reason})) from None
        yield door


class Server(uvicorn.Server):
    """Ends the streams when it is told to stop: by themselves they would go on, and it would wait for them.

    `said` is called once it answers.
    """

    def __init__(
        self, app: Api, *, places: Places | None = None, said: Callable[[], None] = lambda: None, **where: Any
    ) -> None:
        # A class to it, and called as one: each connection has the process's places.
        served: Any = partial(Connection, places=places or Places.of_process())
        super().__init__(uvicorn.Config(app, log_level="warning", access_log=False, http=served, **where))
        self._bell, self._said = app.bell, said

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say where."""
        await super().startup(sockets)
        if self.started:
            self._said()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve; whoever ends it by Ctrl-C is not told that it was interrupted."""
        with suppress(KeyboardInterrupt):
            super().run(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: no stream goes on."""
        self._bell.close()
        super().handle_exit(sig, frame)


@contextmanager
def working(
    at: str, data: Path, clock: Callable[[], datetime], networks: Sequence[Network] = (), front: Fast | None = None
) -> Iterator[None]:
    """A worker in a thread of its own, for as long as the block runs; what it is at ends first.

    It begins when the first answers are out.
    """
    stopped = Signal()

    def work() -> None:
        from specialty_eval import worker  # noqa: PLC0415 -- slow import: the first answers need it not

        worker.work(at, files_in(data), clock, stopped, networks, front)

    def later() -> None:
        if not stopped.wait(QUIET):
            work()

    thread = Thread(target=later, name="worker")
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def work(url: str | None, data: Path, networks: Sequence[Network] = ()) -> None:
    """Act on what is due until stopped."""
    from specialty_eval import worker  # noqa: PLC0415 -- slow import: serving needs it later

    stopped = Signal()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with ready(url, data) as at:
        worker.work(at, files_in(data), utc_now, stopped, networks)


def work_once(url: str | None, data: Path) -> tuple[int, list[str]]:
    """Act on what is due now: how many jobs were done, and which failed."""
    from specialty_eval import worker  # noqa: PLC0415 -- slow import: serving needs it later

    with ready(url, data) as at:
        passed = worker.work_once(at, files_in(data), utc_now)
    return passed.done, [f"{wanted.task} {wanted.subject}".strip() for wanted in passed.failed]


def serve_anew(url: str | None, data: Path, *, host: str, port: int) -> None:
    """Serve until stopped, from the start again whenever a file of this package changes; the database stays up."""
    from uvicorn.supervisors import ChangeReload  # noqa: PLC0415 -- slow import: for development alone

    with listening(host, port) as door, ready(url, data) as at:
        # The server is another process, which reads where it is from its environment.
        os.environ |= {"DATABASE_URL": at, "SPECIALTY_EVAL_DATA": str(data)}
        config = uvicorn.Config(
            "specialty_eval.cli:fresh", factory=True, reload=True, reload_dirs=[str(Path(__file__).parent)],
            log_level="warning", access_log=False, http=Connection,
        )  # fmt: skip
        say_where(host, door)
        ChangeReload(config, target=uvicorn.Server(config).run, sockets=[door]).run()


def say_where(host: str, door: socket.socket) -> None:
    """Tell whoever started it where it is served."""
    sys.stdout.write(f"服务中，Ctrl-C 停止 · serving, Ctrl-C stops: {address_of(host, door)}\n")
    sys.stdout.flush()


def address_of(host: str, door: socket.socket) -> str:
    """The address of a port that is listened on."""
    return f"http://{f'[{host}]' if ':' in host else host}:{door.getsockname()[1]}"


def settle(app: Api, at: str, data: Path, until: ExitStack) -> None:
    """Open what nobody has asked for yet, keep statuses in memory from now on, forget what nobody waits for."""
    try:
        rooms.open_each(app)
    finally:  # whatever is wrong with a room
        from specialty_eval import following  # noqa: PLC0415 -- slow import: the first answers need it not

        until.enter_context(following.kept(app.front, at, utc_now, files_in(data), app.bell))
    forget(at, data)
    gc.collect()
    gc.freeze()


def forget(at: str, data: Path) -> int:
    """Forget the answers kept for repeated requests that no client can still be waiting for; how many."""
    from specialty_eval.actions import replies  # noqa: PLC0415 -- slow import: the first answers need it not

    with session_on(at) as session:
        ctx = as_system(session, data)
        forgotten = replies.forget_replies(ctx)
        commit(ctx)
        return forgotten


def migrate(url: str | None, data: Path, *, restored: bool = False) -> schema.Anew | None:
    """Upgrade the schema; of a restored database the log goes on under another name, which is given back."""
    with ready(url, data) as at:
        return schema.begin_anew(at) if restored else None


@contextmanager
def session_on(at: str) -> Iterator[Session]:
    """A session of its own on a running database."""
    engine = make_engine(at, pool_size=1)
    try:
        with make_sessions(engine)() as session:
            yield session
    finally:
        engine.dispose()


def as_system(session: Session, data: Path) -> Context:
    """Whoever has the installation's shell is not asked who they are."""
    return Context(session, Actor(is_system=True), utc_now(), Files(files_in(data)))
