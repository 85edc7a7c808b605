"""One contestant in a process of its own: `contestant.py MODULE:CLASS N FOUND CORES`.

It loads its table, scores once, keeps what it found in FOUND, says what that added to its memory; then it scores again
whenever it reads a number (so many times, after one more to warm up) and says how long each took.
"""

import gc
import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

MEGABYTE = 2**20


def resident() -> float:
    """This process's memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / MEGABYTE


def forget_peak() -> None:
    """Begin anew with the peak."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak() -> float:
    """The most memory since `forget_peak`."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / MEGABYTE


def timed(peer: Any, state: Any) -> tuple[float, float]:
    """Seconds on the clock, and of this process's time on a processor."""
    wall, own = time.perf_counter(), time.process_time()
    peer.score(state)
    return time.perf_counter() - wall, time.process_time() - own


def main(name: str, n: int, kept: Path) -> None:
    """Load, score, keep; then as often as asked."""
    import numpy as np

    module, made = name.split(":")
    peer = getattr(importlib.import_module(module), made)()
    state = peer.prepare(n)
    gc.collect()
    loaded = resident()
    forget_peak()
    result = peer.score(state)
    added = peak() - loaded
    found = peer.found(result)
    if found is not None:
        np.savez(kept, **dict(zip(("total", "dimensions", "ratings", "reasons"), found, strict=True)))
    del result, found
    print(json.dumps({"loaded": loaded, "added": added}), flush=True)
    for line in sys.stdin:
        gc.collect()
        gc.disable()
        peer.score(state)
        print(json.dumps([timed(peer, state) for _ in range(int(line))]), flush=True)
        gc.enable()


if __name__ == "__main__":
    name, n, kept, cores = sys.argv[1:]
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-int(cores) :])
    main(name, int(n), Path(kept))
