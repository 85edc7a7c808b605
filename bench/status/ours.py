"""Our application with its statuses in memory, as `specialty-eval serve` has it a few seconds after its start.

`python ours.py` says how much memory they take: before they are there, and then.
"""

import gc
import json
import os
import time
from pathlib import Path

from specialty_eval.app import create_app, utc_now
from specialty_eval.following import Follower

URL = os.environ["DATABASE_URL"]
app = create_app(URL, Path("."))


def load() -> None:
    """Fill the memory, and keep it."""
    follower = Follower(URL, utc_now, app.front, Path("."))
    follower.start()
    while not app.front.is_full:
        time.sleep(0.01)


def held() -> float:
    """MB that this process holds."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    before = held()
    load()
    print(json.dumps({"statuses": len(app.front.by_id), "mb": held() - before}))
    os._exit(0)
load()
gc.freeze()
