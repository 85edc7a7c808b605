"""The demo as a command: play with a progress bar, print what came out, serve it on this machine alone."""

import gc
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console
from rich.progress import Progress
from sqlalchemy.orm import Session, sessionmaker

from specialty_eval import following
from specialty_eval.actions.context import LOCAL
from specialty_eval.app import create_app
from specialty_eval.serving import Server, listening, working
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.files import Files
from specialty_eval.store.ledger import Event
from specialty_eval.store.schema import migrate
from specialty_eval.store.server import opened

from . import city as cities
from . import looking, ownership, play, record, telling, world
from .city import City

WIDTH = 100
STATEMENTS = 500
"""More than the whole story says: none is planned twice."""
STOPPED = 130
"""The exit status of a program that Ctrl-C has ended."""


def show(data: Path, database_url: str | None, *, seed: int | None, serve: bool, host: str, port: int) -> int:
    """What `demo.run` promises. Invalid for a database that holds something else, or a port that is taken."""
    console = Console()
    console.width = min(WIDTH, console.width) if console.is_terminal else WIDTH
    try:
        if not serve:
            with opened(database_url, data) as url:
                _play_and_tell(console, url, data, seed, f"http://{host}:{port}")
            return 0
        with listening(host, port) as door, opened(database_url, data) as url:
            address = f"http://{host}:{door.getsockname()[1]}"
            clock = going_on(_play_and_tell(console, url, data, seed, address))
            console.print(f"\n服务中，Ctrl-C 停止 · serving, Ctrl-C stops: {address}")
            serve_at(door, url, data, clock)
    except KeyboardInterrupt:
        console.print("\n已停止；再次运行将从停下处继续 · Stopped; run it again to go on from here")
        return STOPPED
    return 0


def _play_and_tell(console: Console, url: str, data: Path, seed: int | None, address: str) -> datetime:
    """Play what is left of the story and tell all of it; the instant at which the city's time stands."""
    ownership.refuse_strangers(url)
    migrate(url)
    engine = make_engine(url, pool_size=2, prepared=STATEMENTS)
    gc.freeze()  # what is loaded stays, and the collector need not walk through it again and again
    try:
        with ownership.alone(engine):
            sessions = make_sessions(engine)
            with sessions() as session:
                city = cities.make(ownership.seed_of(session, seed))
            steps = list(play.steps(city))
            with sessions() as session:
                ownership.refuse_another_story(session, city, steps)
            play_on(console, world.World(city, sessions, Files(data / "files"), world.policy()), steps)
            return tell(console, sessions, city, address, data)
    finally:
        engine.dispose()


def play_on(console: Console, city: world.World, steps: list[world.Step]) -> None:
    """The steps that are left, with a bar; where nobody watches one, a line a year."""
    console.print("演示开始，首次约需一两分钟 · The demo begins; the first time takes one to two minutes")
    with Progress(console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("三年周期 · three years", total=len(steps))

        def told(step: world.Step) -> None:
            progress.update(bar, advance=1, description=step.name)
            if not console.is_terminal and step.name.endswith(play.MILESTONES):
                console.print(step.name)

        world.play(city, steps, told)
        progress.update(bar, description="三年周期已演完 · three years played")


def tell(console: Console, sessions: sessionmaker[Session], city: City, address: str, data: Path) -> datetime:
    """Everything that came out, and how to look at it; the newest instant on record."""
    with sessions() as session:
        on_record = record.specialties(session)
        open_ = record.contested(session)
        newest = session.scalar(sa.select(sa.func.max(Event.at))) or world.BEGINS
        today = newest.astimezone(LOCAL).date()
        before, now = (record.ratings_on(session, day) for day in (record.FIRST_DAY, today))
        counts = telling.Counts(before, now, record.counties(session))
        for part in telling.told(city, on_record, open_, record.refused(session), record.put_off(session), counts):
            console.print()
            console.print(part)
    console.print()
    for line in looking.how(city, open_, address, data, newest):
        console.print(line, soft_wrap=True)
    return newest


# --- serving ---


def going_on(since: datetime) -> Callable[[], datetime]:
    """The city's clock: it goes on from where the story stands, as fast as any other."""
    began = time.monotonic()
    return lambda: since + timedelta(seconds=time.monotonic() - began)


def serve_at(door: socket.socket, url: str, data: Path, clock: Callable[[], datetime]) -> None:
    """Serve until stopped, with a worker inside that acts by the city's own clock."""
    app = create_app(url, data / "files", clock=clock)
    with working(url, data, clock, front=app.front), following.kept(app.front, url, clock, data / "files", app.bell):
        Server(app).run(sockets=[door])
