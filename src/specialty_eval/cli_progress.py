"""A bar on a terminal for what takes more than two seconds; where nobody watches one, nothing."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event as Signal
from threading import Thread

AFTER = 2.0
"""Seconds without a bar."""
BEAT = 0.25
"""Seconds between two looks."""
STAGES: Mapping[str, str] = {
    "reading": "读取 · reading", "checking": "检查 · checking", "laying": "存放 · laying down",
    "comparing": "比较 · comparing", "writing": "入库 · putting on record",
}  # fmt: skip
Look = Callable[[], tuple[str, int, int] | None]
"""What it is at, how much is done, of how much (0: nobody knows); None while nobody knows."""


@contextmanager
def shown(look: Look) -> Iterator[None]:
    """Show how far it is while the block runs, on standard error."""
    if not sys.stderr.isatty():
        yield
        return
    ended = Signal()

    def show() -> None:
        if ended.wait(AFTER):
            return
        from rich.console import Console  # noqa: PLC0415 -- slow import: for what takes long alone
        from rich.progress import Progress  # noqa: PLC0415 -- with it

        with Progress(console=Console(stderr=True), transient=True) as bars:
            bar = bars.add_task(STAGES["reading"], total=None)
            while not ended.wait(BEAT):
                if (told := look()) is not None:
                    stage, done, of = told
                    bars.update(bar, description=STAGES.get(stage, stage), completed=done, total=of or None)

    showing = Thread(target=show, name="progress")
    showing.start()
    try:
        yield
    finally:
        ended.set()
        showing.join()
