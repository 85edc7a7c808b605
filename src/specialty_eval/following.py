"""A process's own statuses, kept up to date: it is called when something changes, and looks by itself twice a second.

So nothing rests on the call: it only makes the wait shorter. A lost connection is made anew, and what was missed is
read from where reading had ended. Whatever else goes wrong, what is in memory is not trusted any more: the routes
answer until everything was read again.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from time import monotonic

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.actions import feed, statuses
from specialty_eval.actions.context import Context, commit
from specialty_eval.api import status_bytes
from specialty_eval.api.bell import Bell
from specialty_eval.api.status_fast import Fast
from specialty_eval.engine.permissions import Actor
from specialty_eval.store.base import make_engine
from specialty_eval.store.feed_queries import BEGINNING
from specialty_eval.store.files import Files
from specialty_eval.store.status_events import Position

BEAT = 0.5
"""Seconds after which it looks without having been called."""
APART = 0.2
"""Seconds from one look to the next, however often it is called: changes that come together are read together."""
PAUSES = (0.1, 0.5, 1.0, 2.0)
"""Seconds to wait before a connection is tried again; the last one from then on."""
FAULTS = (*PAUSES, 5.0, 15.0, 30.0)
"""The same before everything is read anew after a fault."""
LOST = (sa.exc.OperationalError, sa.exc.InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
"""What says that the database is away, or busy; anything else is a fault."""
AT_ONCE = 200
log = logging.getLogger(__name__)


class Follower(Thread):
    """The thread that fills a `Fast` and keeps it, and rings when the log has grown; until it is told to stop."""

    def __init__(
        self, url: str, clock: Callable[[], datetime], fast: Fast, files: Path, bell: Bell | None = None
    ) -> None:
        super().__init__(name="statuses", daemon=True)
        self._engine = make_engine(url, pool_size=1).execution_options(isolation_level="REPEATABLE READ")
        self._clock, self._fast, self._files, self._bell = clock, fast, Files(files), bell or Bell()
        self._ended = Signal()
        self._at: Position | None = None
        self._seen, self._end = "", BEGINNING
        self._day = date.min
        self._failures = 0

    def stop(self) -> None:
        """End, and wait for it."""
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Follow; after a lost connection go on from where it was."""
        while not self._ended.is_set():
            pauses: tuple[float, ...] = PAUSES
            try:
                with self._engine.connect() as connection, Session(connection) as session:
                    self._open(session)
                    self._follow(session)
            except LOST as error:
                log.warning("statuses: %s", str(error).strip().partition("\n")[0])
            except Exception as error:  # the edge: a thread that ended would leave old statuses as if they were new
                self._distrust()
                self._fast.fault, pauses = type(error).__name__, FAULTS
                log.exception("statuses: read anew")
            else:
                break  # told to end
            self._ended.wait(pauses[min(self._failures, len(pauses) - 1)])
            self._failures += 1
        self._engine.dispose()

    def _distrust(self) -> None:
        """The routes answer from now on, until everything has been read again."""
        self._fast.is_full = False
        self._at = None

    def _open(self, session: Session) -> None:
        ctx = self._context(session)
        statuses.listen(ctx)
        commit(ctx)

    def _follow(self, session: Session) -> None:
        while not self._ended.is_set():
            begun = monotonic()
            self._look(session)
            self._ended.wait(max(0.0, APART - (monotonic() - begun)))
            ctx = self._context(session)
            statuses.wait(ctx, BEAT - APART)
            commit(ctx)

    def _look(self, session: Session) -> None:
        """Read what has changed and what the day changes, in one snapshot, and put it."""
        contact, ctx = monotonic(), self._context(session)
        seen = statuses.snapshot(ctx)
        if self._at is not None and (seen, ctx.today) == (self._seen, self._day):
            commit(ctx)  # nothing was written, and no day has come: there is nothing else to ask
            self._tell(ctx.now, self._at, contact)
            return
        first = self._at is None
        found = statuses.begin(ctx) if self._at is None else statuses.changed(ctx, self._at)
        self._put(found.told)
        if not first and ctx.today != self._day:
            self._put(statuses.of_ids(ctx, self._fast.turning(ctx.today)))
        self._end = feed.end(ctx)
        commit(ctx)
        self._at, self._day, self._seen = found.position, ctx.today, seen
        self._tell(found.known_at, found.position, contact)

    def _tell(self, known_at: datetime, position: Position, contact: float) -> None:
        """Everything there is was as told at this moment."""
        self._bell.know(self._end)
        self._fast.know(status_bytes.moment(self._day, known_at), position.newest, contact)
        self._failures, self._fast.fault = 0, ""

    def _put(self, told: Iterator[statuses.Told]) -> None:
        while some := list(islice(told, AT_ONCE)):
            for one in some:
                self._fast.put(one.id, one.status.code, one.before, one.turns, status_bytes.ready(one), one.part_of)

    def _context(self, session: Session) -> Context:
        return Context(session, Actor(), self._clock(), self._files)


@contextmanager
def kept(
    fast: Fast, url: str, clock: Callable[[], datetime], files: Path, bell: Bell | None = None
) -> Iterator[Follower]:
    """The statuses are kept, and the bell is rung, while the block runs."""
    follower = Follower(url, clock, fast, files, bell)
    follower.start()
    try:
        yield follower
    finally:
        follower.stop()
