"""Acting at the same moment: a thread and a transaction each, a barrier before the first statement."""

import threading
from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.actions.context import Context, refusal_of

Act = Callable[[Context], object]


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
