"""Acting at the same moment: a thread and a transaction each, a barrier before the first statement."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.actions.context import Context, refusal_of
from specialty_eval.engine.errors import Problem

Act = Callable[[Context], object]
Race = Callable[[Act], list[Problem | None]]


def at_once(engine: sa.Engine, *acts: tuple[Context, Act]) -> list[str]:
    """Let everybody act at the same moment, each in a transaction of its own: "done", or the first reason why not."""
    barrier, said = threading.Barrier(len(acts)), ["" for _ in acts]

    def run(place: int, ctx: Context, act: Act) -> None:
        with Session(engine, expire_on_commit=False) as session:
            mine = replace(ctx, session=session)
            mine.answers()
            barrier.wait(10)
            try:
                act(mine)
                session.commit()
                said[place] = "done"
            except Exception as error:
                refusal = refusal_of(error)
                said[place] = repr(error) if refusal is None else refusal.problems[0].code

    threads = [threading.Thread(target=run, args=(place, *act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return said


@contextmanager
def both_at_once(engine: sa.Engine, actors: Sequence[Context]) -> Iterator[Race]:
    """The same act by all of these at the same moment, as often as asked, each on one connection of their own.

    Each race gives what everybody was told: None for who was let through, else the first reason.
    """
    barrier = threading.Barrier(len(actors))

    def run(session: Session, ctx: Context, act: Act) -> Problem | None:
        barrier.wait(30)
        try:
            act(replace(ctx, session=session))
            session.commit()
        except Exception as error:
            session.rollback()
            refusal = refusal_of(error)
            if refusal is None:
                raise
            return refusal.problems[0]
        return None

    with ThreadPoolExecutor(len(actors)) as pool, ExitStack() as opened:
        sessions = [opened.enter_context(Session(engine, expire_on_commit=False)) for _ in actors]

        def race(act: Act) -> list[Problem | None]:
            asked = [pool.submit(run, session, ctx, act) for session, ctx in zip(sessions, actors, strict=True)]
            return [one.result(60) for one in asked]

        yield race
