"""Many connections, each with one request at a time, from one process: what a server can do, and how long one waits.

`asker.py PORT CONNECTIONS SECONDS REQUESTS`: REQUESTS is a file of whole requests with a line of `%` between them.
"""

import json
import random
import selectors
import socket
import sys
import time
from pathlib import Path

SEPARATOR = b"\n%%%%\n"


class Line:
    """A connection: what has come of the answer, and since when it is waited for."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = bytearray()
        self.whole = 0
        """Bytes of the whole answer, once its head is here."""
        self.since = 0.0

    def ask(self, request: bytes) -> None:
        """The next request."""
        self.got.clear()
        self.whole, self.since = 0, time.perf_counter()
        self.socket.sendall(request)

    def answered(self) -> bool:
        """Whether the whole answer is here."""
        part = self.socket.recv(1 << 18)
        if not part:
            raise SystemExit("the server closed a connection")
        self.got += part
        if not self.whole:
            end = self.got.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = bytes(self.got[:end]).lower()
            at = head.find(b"content-length: ")
            if at < 0:
                return b" 304 " in head[:20] or self.got.endswith(b"0\r\n\r\n")
            self.whole = end + 4 + int(head[at + 16 :].split(b"\r\n", 1)[0])
        return len(self.got) >= self.whole


def run(port: int, connections: int, seconds: float, requests: list[bytes]) -> dict[str, float]:
    """Ask until the time is over."""
    waiting, took, bad = selectors.DefaultSelector(), [], 0
    choose = random.Random(7).choice
    for _ in range(connections):
        line = Line(port)
        waiting.register(line.socket, selectors.EVENT_READ, line)
        line.ask(choose(requests))
    begun = now = time.perf_counter()
    while now - begun < seconds or not took:  # one at least
        for key, _ in waiting.select(1):
            line = key.data
            if line.answered():
                now = time.perf_counter()
                took.append(now - line.since)
                bad += line.got[9:10] not in (b"2", b"3")
                line.ask(choose(requests))
        now = time.perf_counter()
    took.sort()
    return {"done": len(took), "bad": bad, "seconds": now - begun, "p50": took[len(took) // 2] * 1e3,
            "p99": took[len(took) * 99 // 100] * 1e3}  # fmt: skip


if __name__ == "__main__":
    port, connections, seconds, file = sys.argv[1:]
    asked = Path(file).read_bytes().split(SEPARATOR)
    print(json.dumps(run(int(port), int(connections), float(seconds), asked)))
