"""The process that reads one file: how much memory and time it has is settled before the file is looked at."""

import json
import sys

from .reading import Reader

MEMORY = 1 << 30
PROCESSOR_SECONDS = 15


def limit() -> None:
    """No more memory, processor time or files. Where the system has no limits, the clock outside is the only one."""
    try:
        import resource  # noqa: PLC0415 -- not on every system
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def main() -> None:
    """Read what is asked from standard input, say what was found on standard output."""
    limit()
    head, _, content = sys.stdin.buffer.read().partition(b"\n")
    asked = json.loads(head)
    reader = Reader(asked["names"])
    reader.read(asked["name"], content)
    found = {"finds": [[f.where, f.name, f.near] for f in reader.finds],
             "unread": [[u.where, u.why] for u in reader.unread]}  # fmt: skip
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
