"""A file of either kind received, checked whole, laid down and compared, with its commit.

`ours.py KIND FOLDER URL` in a process of its own: the least seconds of three on the clock and of a processor, as of the
limit; peak memory, what was found. A worker is at its second file for longer than at its first.
"""

import gc
import json
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from specialty_eval.actions import staging, staging_check
from specialty_eval.actions.context import Context, commit
from specialty_eval.actions.staging_files import CSV, XLSX
from specialty_eval.engine.permissions import Actor
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.files import Files

assert staging_check, "a server has it loaded when a file comes"
NOW = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)


TIMES = 3


def main(kind: str, folder: Path, url: str) -> None:
    """One file, three times; its figures as a line of JSON."""
    engine = make_engine(url, pool_size=1)
    gc.freeze()  # as `serve` does
    with tempfile.TemporaryDirectory() as kept, make_sessions(engine)() as session:
        ctx = Context(session, Actor(is_system=True), NOW, Files(Path(kept)))
        turns = [taken(ctx, kind, folder) for _ in range(TIMES)]
    least = {figure: min(turn[figure] for turn in turns) for figure in ("seconds", "processor")}
    print(json.dumps(turns[0] | least | {"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def taken(ctx: Context, kind: str, folder: Path) -> dict[str, Any]:
    """From the file to the shown difference, committed; then it is forgotten, which nobody waits for."""
    ctx.session.connection()
    name, media_type = ("rows.xlsx", XLSX) if kind == "xlsx" else ("rows.csv", CSV)
    begun, own = time.perf_counter(), time.process_time()
    file = staging.Received((folder / name).read_bytes(), media_type, name)
    row = staging.receive(ctx, file, "bench@1")
    del file
    row = staging.check(ctx, row.id)
    commit(ctx)
    said = {
        "seconds": time.perf_counter() - begun, "processor": time.process_time() - own,
        "problems": row.problems, "counts": row.counts,
    }  # fmt: skip
    staging.discard(ctx, row.id)
    commit(ctx)
    return said


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
