"""Looking through files for a school's name, in a process of its own with little memory and little time.

A file that somebody handed in may be made to hang or to fill memory whoever reads it: that process ends, and the file
is said to be unread. `look` asks one; `python -m specialty_eval.extraction` is one.
"""

import json
import subprocess
import sys
from collections.abc import Collection

from specialty_eval.engine.anonymity import Find, Looked, Unread

SECONDS = 20
"""How long a file may take by the clock; by its own processor time somewhat less."""


def look(name: str, content: bytes, names: Collection[str]) -> Looked:
    """What stands in a file (its name too) of these names, and what of it could not be read. It never fails."""
    asked = json.dumps({"name": name, "names": list(names)}).encode() + b"\n" + content
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__], input=asked, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Looked(unread=(Unread(name, "too-slow"),))
    try:
        said = json.loads(done.stdout)
    except ValueError:
        return Looked(unread=(Unread(name, "too-much"),))
    return Looked(tuple(Find(*one) for one in said["finds"]), tuple(Unread(*one) for one in said["unread"]))


__all__ = ["SECONDS", "look"]
