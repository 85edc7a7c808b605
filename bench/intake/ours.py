"""A file of either kind received, checked whole, laid down and compared, with its commit; then confirmed.

`ours.py KIND FOLDER URL` in a process of its own: seconds on the clock and of a processor, peak memory, what was found.
"""

import json
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from specialty_eval.actions import staging, staging_check
from specialty_eval.actions.context import Context, commit
from specialty_eval.actions.staging_files import CSV, XLSX
from specialty_eval.engine.permissions import Actor
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.files import Files

assert staging_check, "a server has it loaded when a file comes"
NOW = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)


def main(kind: str, folder: Path, url: str) -> None:
    """One file; its figures as a line of JSON."""
    engine = make_engine(url, pool_size=1)
    with tempfile.TemporaryDirectory() as kept, make_sessions(engine)() as session:
        ctx = Context(session, Actor(is_system=True), NOW, Files(Path(kept)))
        session.connection()
        name, media_type = ("rows.xlsx", XLSX) if kind == "xlsx" else ("rows.csv", CSV)
        begun, own = time.perf_counter(), time.process_time()
        file = staging.Received((folder / name).read_bytes(), media_type, name)
        row = staging.receive(ctx, file, "bench@1")
        del file
        row = staging.check(ctx, row.id)
        commit(ctx)
        said = {
            "seconds": time.perf_counter() - begun, "processor": time.process_time() - own,
            "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "problems": row.problems, "counts": row.counts,
        }  # fmt: skip
    print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
