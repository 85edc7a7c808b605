"""Our application with its statuses in memory, as `specialty-eval serve` has it a few seconds after its start.

`ours.py` says how much memory they take: before they are there, then, and after each was asked for once.
`ours.py serve PORT` serves them as the command does; imported, it is the application for any server.
"""

import gc
import json
import os
import sys
import time
from pathlib import Path

from specialty_eval.app import create_app, utc_now
from specialty_eval.following import Follower

URL = os.environ["DATABASE_URL"]
FILES = Path(os.environ.get("FILES", "."))
app = create_app(URL, FILES)


def load() -> None:
    """Fill the memory, and keep it."""
    follower = Follower(URL, utc_now, app.front, FILES)
    follower.start()
    while not app.front.is_full:
        time.sleep(0.01)


def held() -> float:
    """MB that this process holds."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def memory() -> dict[str, float]:
    """MB of the statuses, once they are there and once everybody's was asked for."""
    before = held()
    load()
    loaded = held()
    for code in list(app.front.codes):
        assert app.front.told(f"/v1/specialties/{code}/status", []) is not None
    return {"statuses": len(app.front.by_id), "loaded": loaded - before, "mb": held() - before}


if __name__ == "__main__" and sys.argv[1:2] != ["serve"]:
    print(json.dumps(memory()))
    sys.stdout.flush()
    os._exit(0)
load()
gc.freeze()
if __name__ == "__main__":
    from specialty_eval.serving import Server

    Server(app, host="127.0.0.1", port=int(sys.argv[2])).run()
    os._exit(0)
