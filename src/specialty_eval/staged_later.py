"""What is done of a staged file once its answer is out, for programs and for people alike: one large file at a time."""

from collections.abc import Callable

import anyio

from specialty_eval.actions import jobs
from specialty_eval.actions.context import Context, commit
from specialty_eval.engine.errors import Problem

from .text import advice, message

AT_ONCE = 256 << 10
"""A file of so many bytes is checked while its sender waits; a larger one by a job."""
ROWS_AT_ONCE = 2_000
"""So many rows are confirmed while somebody waits."""
Work = Callable[[Context], object]


async def carry_out(alone: anyio.CapacityLimiter, open_: Callable[[], Context], *work: Work) -> None:
    """Do it when `alone` lets it: one large file at a time is in memory, and the next waits without a thread."""
    await anyio.to_thread.run_sync(_done, open_, work, limiter=alone)


def _done(open_: Callable[[], Context], work: tuple[Work, ...]) -> None:
    """Each in a transaction of its own."""
    for one in work:
        ctx = open_()
        try:
            one(ctx)
            commit(ctx)
        finally:
            ctx.session.close()


def checking(number: int) -> tuple[Work, ...]:
    """Check a large file, then make the workbook that comes back."""
    return (lambda ctx: jobs.act_now(ctx, jobs.Task.CHECK_FILE, str(number))), annotating(number)


def writing(number: int) -> Work:
    """Carry out the yes to a large file."""
    return lambda ctx: jobs.act_now(ctx, jobs.Task.TAKE_FILE, str(number))


def annotating(number: int) -> Work:
    """Make the workbook with every remark at its cell."""

    def make(ctx: Context) -> None:
        from specialty_eval.actions import staging_annotated  # noqa: PLC0415 -- slow import: NumPy

        staging_annotated.annotate(ctx, number, said)

    return make


def said(problem: Problem) -> tuple[str, str]:
    """What is wrong and what to do, in Chinese."""
    return message(problem, "zh"), advice(problem, "zh")
