"""The worker's thread that writes the whole lists whenever a status has changed: files, which every server sends.

What changes together, or while a list is being written, is written together.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event as Signal
from time import monotonic

from sqlalchemy.orm import Session

from specialty_eval import following
from specialty_eval.actions import statuses
from specialty_eval.actions.context import Context
from specialty_eval.actions.list_files import ListFiles
from specialty_eval.api import status_bytes, status_lists
from specialty_eval.api.status_fast import Fast, Ready
from specialty_eval.engine.permissions import Actor
from specialty_eval.store.base import make_engine
from specialty_eval.store.files import Files

BEAT = 0.1
"""Seconds between two looks whether something has changed."""
REST = 3
"""As many times as long as writing took it rests: writing is for a few who ask, the processor for everybody."""


def write(every: list[Ready], moment: bytes, files: ListFiles) -> bool:
    """Write the lists if the newest files tell anything else; whether it did."""
    told, day = status_lists.told_by(every), moment[:10].decode()
    newest = files.newest()
    if newest is not None and newest.tells(told, day):
        return False
    files.put(told, day, status_lists.files_of(every, moment))
    return True


def keep(url: str, folder: Path, clock: Callable[[], datetime], stopped: Signal, front: Fast | None = None) -> None:
    """Keep the files of the lists at what is told, until stopped; by a process's own statuses where it has them."""
    if front is not None:
        _keep(front, ListFiles(folder), stopped)
        return
    fast = Fast()
    with following.kept(fast, url, clock, folder):
        _keep(fast, ListFiles(folder), stopped)


def _keep(fast: Fast, files: ListFiles, stopped: Signal) -> None:
    written: tuple[int, bytes] | None = None
    while not stopped.wait(BEAT):
        if written == (fast.edition, fast.moment[:10]) or (found := fast.every()) is None:
            continue
        begun, (edition, every, moment) = monotonic(), found
        write(every, moment, files)
        written = edition, moment[:10]
        stopped.wait(REST * (monotonic() - begun))


def once(url: str, folder: Path, clock: Callable[[], datetime]) -> bool:
    """Write the lists now if a status has changed; whether one had."""
    engine = make_engine(url, pool_size=1).execution_options(isolation_level="REPEATABLE READ")
    try:
        with Session(engine) as session:
            ctx = Context(session, Actor(), clock(), Files(folder))
            every = [status_bytes.ready(told) for told in statuses.of_all(ctx)]
            return write(every, status_bytes.moment(ctx.today, ctx.now), ListFiles(folder))
    finally:
        engine.dispose()
