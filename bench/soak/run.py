"""Everything that can be read, over two hundred connections at once, from one server process on the played demo city.

Each GET of the OpenAPI description, as the public and as the secretary: whether everything is answered, nothing is a
fault, and never a second goes by without an answer. Then whether memory stays flat: over many requests of all kinds,
and over a million questions for a status. Server on one core, client and PostgreSQL on the other.
"""

import os
import random
import selectors
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil
from asker import Line
from processes import free_port, until_listening
from verdict import at_most, machine, told

from specialty_eval.demo import people
from specialty_eval.demo.ownership import FIRST_SEED

CONNECTIONS, SECONDS = 200, float(os.environ.get("SOAK_SECONDS", "40"))
"""At once, and for how long everything is asked as each of the two."""
REST, MILLION = int(os.environ.get("SOAK_REST", "30000")), int(os.environ.get("SOAK_MILLION", "1000000"))
LOOKS = 10
"""Times at which memory is looked at, evenly over the requests; in their second half it is to be flat."""
SERVING, ASKING = (sorted(os.sched_getaffinity(0)) * 2)[:2]
CLI = "import sys; from specialty_eval.cli import run; sys.exit(run(sys.argv[1:]))"

TRIED = ("1", "2", "3", "5", "8", "13", "2024", "2025", "2026")
"""Values for a part of a path, until the secretary is answered with 200."""
FAULTS = frozenset({"500", "501", "502", "504"})


def played() -> Iterator[Path]:
    """The folder of the demo's city: played now, or where SOAK_DATA says that it was."""
    if "SOAK_DATA" in os.environ:
        yield Path(os.environ["SOAK_DATA"])
        return
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        data = Path(folder) / "data"
        command = [sys.executable, "-c", CLI, "demo", "--no-serve", "--data", str(data)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        yield data


@contextmanager
def served(data: Path) -> Iterator[tuple[psutil.Process, int]]:
    """A server on its core, with its statuses in memory and nobody counting."""
    port = free_port()
    limits = {f"SPECIALTY_EVAL_LIMIT_{name}": "100000000/minute" for name in ("KEY", "ADDRESS", "SIGN_IN")}
    command = [sys.executable, "-c", CLI, "serve", "--data", str(data), "--port", str(port)]
    server = subprocess.Popen(command, env={**os.environ, **limits})
    try:
        os.sched_setaffinity(server.pid, {SERVING})
        until_listening(server, port, "the server")
        time.sleep(12)  # what a server does a while after its start is done then
        yield psutil.Process(server.pid), port
    finally:
        server.terminate()
        server.wait()


@dataclass
class Soaked:
    """What came of it: by route how many answers of which status; of each second how many; the longest wait."""

    statuses: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    seconds: Counter[int] = field(default_factory=Counter)
    longest: float = 0.0
    took: float = 0.0

    @property
    def faults(self) -> dict[str, int]:
        """Route → answers that are a fault."""
        found = {route: sum(c[status] for status in FAULTS) for route, c in self.statuses.items()}
        return {route: number for route, number in found.items() if number}

    @property
    def idle(self) -> int:
        """Whole seconds in which nothing was answered."""
        return sum(self.seconds[second] == 0 for second in range(int(self.took)))


def soaked(port: int, requests: Sequence[tuple[str, bytes]], *, seconds: float = 0, count: int = 0) -> Soaked:
    """Ask in turn over all connections for so long, or so often; each once at least, and wait for every answer."""
    found, waiting, order = Soaked(), selectors.DefaultSelector(), list(requests)
    random.Random(5).shuffle(order)
    begun, asked, at_least = time.perf_counter(), 0, max(count, len(order))

    def ask(line: Line) -> None:
        nonlocal asked
        line.route, request = order[asked % len(order)]
        asked += 1
        line.ask(request)

    for _ in range(CONNECTIONS):
        line = Line(port)
        waiting.register(line.socket, selectors.EVENT_READ, line)
        ask(line)
    open_ones = CONNECTIONS
    while open_ones:
        now = time.perf_counter()
        for key, _ in waiting.select(1):
            line = key.data
            if not line.answered():
                continue
            now = time.perf_counter()
            found.statuses[line.route][bytes(line.got[9:12]).decode()] += 1
            found.seconds[int(now - begun)] += 1
            found.longest = max(found.longest, now - line.since)
            if asked < at_least or now - begun < seconds:
                ask(line)
            else:
                waiting.unregister(line.socket)
                line.socket.close()
                open_ones -= 1
        if now - begun > seconds + 600:
            raise SystemExit(f"{open_ones} connections wait for an answer: {sum(found.seconds.values())} came")
    found.took = time.perf_counter() - begun
    return found


def held(server: psutil.Process) -> float:
    """MB of the server."""
    return float(server.memory_info().rss) / 2**20


def memory_over(server: psutil.Process, port: int, requests: Sequence[tuple[str, bytes]], count: int) -> list[float]:
    """MB before, and after each tenth of so many requests."""
    looks = [held(server)]
    for _ in range(LOOKS):
        soaked(port, requests, count=count // LOOKS)
        looks.append(held(server))
    return looks


def grown(looks: Sequence[float]) -> float:
    """MB of the second half: what is kept once is there by then."""
    return looks[-1] - looks[LOOKS // 2]


# --- what is asked ----------------------------------------------------------------------------------------------------


def routes_of(client: httpx.Client) -> tuple[list[str], dict[str, str]]:
    """Every path that can be read, with something in the place of each name; and each path's own form."""
    code = client.get("/v1/specialties?limit=1").json()["items"][0]["code"]
    form = {}
    for template, operations in client.get("/v1/openapi.json").json()["paths"].items():
        if "get" not in operations:
            continue
        named = {part["name"]: part for part in operations["get"].get("parameters", []) if part["in"] == "path"}
        needed = [
            part for part in operations["get"].get("parameters", []) if part["in"] == "query" and part["required"]
        ]
        tail = "?" + "&".join(f"{part['name']}={_value(part)}" for part in needed) if needed else ""
        form[_read(client, template, named, code) + tail] = template
    return list(form), form


def _value(part: dict[str, Any]) -> str:
    allowed = part["schema"].get("enum")
    return str(allowed[0]) if allowed else {"jurisdiction": "371400"}.get(part["name"], "2026")


def _read(client: httpx.Client, template: str, named: dict[str, Any], code: str) -> str:
    path = template
    for tried in TRIED:
        path = template
        for name, part in named.items():
            allowed = part["schema"].get("enum")
            path = path.replace(f"{{{name}}}", allowed[0] if allowed else quote(code) if name == "code" else tried)
        if not named or client.get(path).status_code == 200:
            return path
    return path


def requests_for(paths: Sequence[str], form: dict[str, str], token: str) -> list[tuple[str, bytes]]:
    """(Route, request) of each."""
    shown = f"Authorization: Bearer {token}\r\n" if token else ""
    return [(form[path], f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n{shown}\r\n".encode()) for path in paths]


def main() -> None:
    """Ask, and say what came."""
    on = machine()
    os.sched_setaffinity(0, {ASKING})
    figures: dict[str, Any] = {}
    for data in played():
        with served(data) as (server, port):
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                said = {"login": "secretary", "password": people.password(FIRST_SEED, "secretary")}
                token = client.post("/v1/sign-in", json=said).raise_for_status().json()["token"]
                client.headers["Authorization"] = f"Bearer {token}"
                paths, form = routes_of(client)
                codes = [row["code"] for row in client.get("/v1/specialties?limit=500").json()["items"]]
            callers = {"the public": requests_for(paths, form, ""), "the secretary": requests_for(paths, form, token)}
            soaks = {who: soaked(port, requests, seconds=SECONDS) for who, requests in callers.items()}
            rest = memory_over(server, port, [one for each in callers.values() for one in each], REST)
            statuses = [("status", f"GET /v1/specialties/{quote(code)}/status HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                        for code in codes]  # fmt: skip
            million = memory_over(server, port, statuses, MILLION)
    report(soaks, len(paths), rest, million)
    for who, soak in soaks.items():
        figures[who] = {"statuses": soak.statuses, "seconds": soak.seconds, "longest": soak.longest, "took": soak.took}
    goals = [
        *(at_most(f"{what}, as {who}", number, 0)
          for who, soak in soaks.items()
          for what, number in (
              ("routes without an answer", len(paths) - len(soak.statuses)),
              ("answers that are a fault", sum(soak.faults.values())), ("seconds without an answer", soak.idle))),
        at_most(f"MB more in the second half of {REST:,} requests for everything", grown(rest), 10),
        at_most(f"MB more in the second half of {MILLION:,} for a status", grown(million), 2),
    ]  # fmt: skip
    told("soak", on, goals, figures | {"rest": rest, "million": million})


def report(soaks: dict[str, Soaked], routes: int, rest: Sequence[float], million: Sequence[float]) -> None:
    """How much was asked and how it was answered."""
    print(
        "| as | routes | answers | a second, median [min-max] | longest wait s | statuses |\n|---|--:|--:|--:|--:|---|"
    )
    for who, soak in soaks.items():
        each = sorted(soak.seconds[second] for second in range(int(soak.took)))
        answers = sum(soak.seconds.values())
        codes = sum(soak.statuses.values(), Counter[str]())
        said = ", ".join(f"{status}: {number:,}" for status, number in sorted(codes.items()))
        middle = f"{each[len(each) // 2]:,} [{each[0]:,}-{each[-1]:,}]"
        print(f"| {who} | {routes} | {answers:,} | {middle} | {soak.longest:.1f} | {said} |")
        for route, number in soak.faults.items():
            print(f"\nA fault: {number} of {route}, as {who}: {dict(soak.statuses[route])}")
    print(f"\nMB of the server over {REST:,} requests for everything: {', '.join(f'{mb:.1f}' for mb in rest)}")
    print(f"\nMB over {MILLION:,} for a status: {', '.join(f'{mb:.1f}' for mb in million)}")


if __name__ == "__main__":
    main()
