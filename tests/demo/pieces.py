"""The small city played by a process of its own, stopped again and again, by a database that answers in any order.

`python -m demo.pieces URL FOLDER`
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from demo.any_order import shuffle
from demo.small import STEPS, play_some
from specialty_eval.actions import passwords
from specialty_eval.demo.world import Step, World
from specialty_eval.store.base import make_engine, make_sessions

STOPS = (3, 11, len(STEPS) // 3, len(STEPS) // 2, len(STEPS) - 4)
NUMBERS = "SELECT format('%I', sequencename), coalesce(last_value, 1), last_value IS NOT NULL FROM pg_sequences"


class StoppedError(Exception):
    """Somebody pulled the plug."""


def stopped_in(step: Step) -> Step:
    """The step, stopped after everything it does and before it is committed."""

    def act(hand: World) -> None:
        step.act(hand)
        raise StoppedError

    return Step(step.name, act)


def play(url: str, files: Path) -> None:
    """Up to each stop and into the step behind it, which then is not on record; and from the last one to the end."""
    engine = make_engine(url, pool_size=2)
    shuffle(engine)
    sessions = make_sessions(engine)
    for stop in STOPS:
        play_some(sessions, files, STEPS[:stop])
        with numbers_kept(engine):
            try:
                play_some(sessions, files, [*STEPS[:stop], stopped_in(STEPS[stop])])
            except StoppedError:
                continue
        raise AssertionError(f"{STEPS[stop].name} went on")
    play_some(sessions, files)
    engine.dispose()


@contextmanager
def numbers_kept(engine: sa.Engine) -> Iterator[None]:
    """What is undone leaves no gap in the numbers of rows: another play has none there either."""
    with engine.connect() as connection:
        stood = connection.execute(sa.text(NUMBERS)).all()
    try:
        yield
    finally:
        with engine.begin() as connection:
            for sequence, last, is_used in stood:
                connection.execute(sa.text("SELECT setval(:sequence, :last, :is_used)"),
                                   {"sequence": sequence, "last": last, "is_used": is_used})  # fmt: skip


if __name__ == "__main__":
    passwords.COST = (1, 64, 1)
    play(sys.argv[1], Path(sys.argv[2]))
