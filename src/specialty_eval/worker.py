"""The process that acts when something is due: a pass over everything each minute, a transaction for each job.

Decides nothing: what is due and what is done for it are `actions.jobs`'. Two workers may run; each job is done once.
"""

import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event as Signal
from threading import Thread

from sqlalchemy.orm import Session, sessionmaker

from specialty_eval.actions import jobs
from specialty_eval.actions.context import Context, commit
from specialty_eval.api.status_fast import Fast
from specialty_eval.engine.permissions import Actor
from specialty_eval.engine.webhooks import Network
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.files import Files

EVERY = 60
"""Seconds between two passes."""
AGAIN = 5
"""Seconds after which deliveries go on, whatever stopped them."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One pass: how many jobs were done, and which failed."""

    done: int
    failed: tuple[jobs.Due, ...]


@dataclass(frozen=True, slots=True)
class Worker:
    """Works on one database, with one folder of files, by one clock."""

    sessions: sessionmaker[Session]
    files: Files
    clock: Callable[[], datetime]

    def once(self) -> Passed:
        """Do everything that is due now, the longest due first. One that fails is kept and stands in nobody's way."""
        with self.sessions() as session:
            due = jobs.due(self._context(session))
        done, failed = 0, []
        for wanted in due:
            try:
                done += self._act(wanted)
            except Exception as error:  # the edge: whatever it is, the others are done all the same
                traceback.print_exception(error, file=sys.stderr)
                self._keep(wanted, error)
                failed.append(wanted)
        with self.sessions() as session:
            ctx = self._context(session)
            jobs.passed(ctx)
            commit(ctx)
        return Passed(done, tuple(failed))

    def _act(self, wanted: jobs.Due) -> bool:
        with self.sessions() as session:
            ctx = self._context(session)
            was_done = jobs.act(ctx, wanted)
            commit(ctx)
        return was_done

    def _keep(self, wanted: jobs.Due, error: Exception) -> None:
        with self.sessions() as session:
            ctx = self._context(session)
            jobs.failed(ctx, wanted, error)
            commit(ctx)

    def tell(self, name: jobs.Beside, error: Exception) -> None:
        """Put on record that what goes on beside could not; where there is no database either, it is seen by that."""
        try:
            with self.sessions() as session:
                ctx = self._context(session)
                jobs.stopped(ctx, name, error)
                commit(ctx)
        except Exception as another:  # the edge: as for a pass
            traceback.print_exception(another, file=sys.stderr)

    def _context(self, session: Session) -> Context:
        return Context(session, Actor(is_system=True), self.clock(), self.files)

    def until(self, stopped: Signal, every: float = EVERY) -> None:
        """A pass now and after each pause, until stopped. Without a database it waits for the next."""
        while not stopped.is_set():
            try:
                self.once()
            except Exception as error:  # the edge: a database that is away comes back
                traceback.print_exception(error, file=sys.stderr)
            stopped.wait(every)


def work(
    url: str,
    files: Path,
    clock: Callable[[], datetime],
    stopped: Signal,
    networks: Sequence[Network] = (),
    front: Fast | None = None,
) -> None:
    """Work on a database until stopped; beside it carry what is to be delivered to other systems, and write the lists.

    `front`: the statuses of the server process that this one is, if it is one.
    """
    engine = make_engine(url, pool_size=2)

    def carry() -> None:
        from specialty_eval.delivering import carry  # noqa: PLC0415 -- slow import: what is due need not wait for it

        carry(url, files, clock, stopped, networks)

    def keep_lists() -> None:
        from specialty_eval import listing  # noqa: PLC0415 -- slow import: what is due need not wait for it

        listing.keep(url, files, clock, stopped, front)

    worker = Worker(make_sessions(engine), Files(files), clock)
    both = ((carry, jobs.Beside.DELIVER), (keep_lists, jobs.Beside.WRITE_LISTS))
    beside = [Thread(target=_again, args=(act, name, worker, stopped), name=name) for act, name in both]
    for thread in beside:
        thread.start()
    try:
        worker.until(stopped)
    finally:
        for thread in beside:
            thread.join()
        engine.dispose()


def _again(act: Callable[[], None], name: jobs.Beside, worker: Worker, stopped: Signal) -> None:
    while not stopped.is_set():
        try:
            act()
        except Exception as error:  # the edge: a database that is away comes back, and so does a disk
            traceback.print_exception(error, file=sys.stderr)
            worker.tell(name, error)
            stopped.wait(AGAIN)


def work_once(url: str, files: Path, clock: Callable[[], datetime]) -> Passed:
    """One pass, and the lists."""
    from specialty_eval import listing  # noqa: PLC0415 -- slow import: a worker that stays has it in a thread

    engine = make_engine(url, pool_size=1)
    try:
        passed = Worker(make_sessions(engine), Files(files), clock).once()
        listing.once(url, files, clock)
        return passed
    finally:
        engine.dispose()
