"""Statuses asked of one server process: ours, bare bytes on the same server, and what most would write, in turn.

Server on one core, client and PostgreSQL on the other. Ratios are of answers per second of the server's own processor
time. `run.py change URL PORT SECONDS` publishes fifty changes a second and says how long each took to be seen.
"""

import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import psycopg
from verdict import HOME, Goal, at_least, at_most, machine, told

HERE = Path(__file__).resolve().parent
TURNS, SECONDS, PATIENCE = int(os.environ.get("TURNS", "5")), 3, 60
OURS, LIMIT, NAIVE = "specialty-eval", "bare bytes (ASGI)", "FastAPI + async SQLAlchemy + pydantic"
SERVERS = {OURS: "ours:app", LIMIT: "limit:app", NAIVE: "naive:app"}
PYTHON = {NAIVE: str(HOME / "status" / "bin" / "python")}
UVICORN = ("-m", "uvicorn", "--app-dir", str(HERE), "--no-access-log", "--log-level", "warning",
           "--loop", "uvloop", "--http", "httptools", "--port")  # fmt: skip
SEPARATOR = b"\n%%%%\n"
SERVING, ASKING = (sorted(os.sched_getaffinity(0)) * 2)[:2]


def alone(script: Path, url: str) -> str:
    """What a script in a process of its own says."""
    command, env = [sys.executable, str(script)], {**os.environ, "DATABASE_URL": url}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(who: str, url: str, lines: Path):
    """A server on its core, answering; (process, port)."""
    port = free_port()
    server = subprocess.Popen(
        [PYTHON.get(who, sys.executable), *UVICORN, str(port), SERVERS[who]],
        env={**os.environ, "DATABASE_URL": url, "LINES_FILE": str(lines)},
    )
    try:
        os.sched_setaffinity(server.pid, {SERVING})
        begun = time.monotonic()
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() - begun > PATIENCE:
                    raise SystemExit(f"{who} does not start") from None
                time.sleep(0.05)
        yield psutil.Process(server.pid), port
    finally:
        server.kill()
        server.wait()


def get(port: int, path: str) -> tuple[bytes, str]:
    """A body and its tag."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
        return answer.read(), answer.headers.get("ETag", "")


def requests_of(codes: list[str], folder: Path, port: int) -> dict[str, Path]:
    """What is asked: one status, one that the caller has, a hundred by their codes, all."""
    pick = random.Random(3)
    head = "Host: x\r\nAccept: */*\r\n"
    one = [f"GET /v1/specialties/{code}/status HTTP/1.1\r\n{head}\r\n".encode() for code in pick.sample(codes, 5000)]
    known = []
    for code in pick.sample(codes, 200):
        tag = get(port, f"/v1/specialties/{code}/status")[1]
        known.append(f"GET /v1/specialties/{code}/status HTTP/1.1\r\n{head}If-None-Match: {tag}\r\n\r\n".encode())
    many = []
    for _ in range(200):
        body = json.dumps({"codes": pick.sample(codes, 100)})
        said = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        many.append(f"POST /v1/status/query HTTP/1.1\r\n{head}{said}".encode())
    every = [f"GET /v1/status.ndjson HTTP/1.1\r\n{head}\r\n".encode()]
    made = {}
    for name, asked in {"one": one, "304": known, "hundred": many, "all": every}.items():
        made[name] = folder / name
        made[name].write_bytes(SEPARATOR.join(asked))
    return made


def measured(server: psutil.Process, port: int, connections: int, asked: Path) -> dict[str, float]:
    """One run of the client: answers a second, per second of the server's processor time, waits."""
    before, begun = server.cpu_times(), time.perf_counter()
    said = subprocess.run(
        [sys.executable, str(HERE / "client.py"), str(port), str(connections), str(SECONDS), str(asked)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    after, took = server.cpu_times(), time.perf_counter() - begun
    found: dict[str, float] = json.loads(said)
    spent = after.user + after.system - before.user - before.system
    return {**found, "rate": found["done"] / found["seconds"], "per_cpu": found["done"] / spent, "busy": spent / took}


CASES = (
    (OURS, "one", 16), (OURS, "one", 128), (OURS, "304", 16), (OURS, "hundred", 16), (OURS, "all", 1),
    (LIMIT, "one", 16), (LIMIT, "one", 128), (LIMIT, "all", 1), (NAIVE, "one", 16), (NAIVE, "one", 128),
)  # fmt: skip
CHANGING = (OURS, "one, 50 changes a second", 16)


def change(url: str, port: int, seconds: float) -> None:
    """Fifty changes a second, each with its event; of some, how long after the commit it is answered."""
    waits, number = [], 0
    with psycopg.connect(url, autocommit=True) as connection:
        codes = connection.execute("SELECT code, specialty_id FROM specialty_code").fetchall()
        begun = time.monotonic()
        while (at := time.monotonic() - begun) < seconds:
            code, key = random.choice(codes)
            with connection.transaction():
                quota = 1000 + number
                set_quota = "UPDATE opening_quota SET quota = %s WHERE specialty_id = %s AND academic_year = 2025"
                connection.execute(set_quota, [quota, key])
                connection.execute(
                    "INSERT INTO event (at, kind, subject_kind, subject_id, specialty_id, audience, facts)"
                    " VALUES (now(), 'standing.rate', 'standing', %s, %s, 'public', '{}')", [key, key])  # fmt: skip
            if number % 20 == 0:
                committed = time.monotonic()
                while b'"2025":%d' % quota not in get(port, f"/v1/specialties/{code}/status")[0]:
                    time.sleep(0.005)
                waits.append(time.monotonic() - committed)
            number += 1
            time.sleep(max(0.0, number / 50 - (time.monotonic() - begun)))
        del at
    print(json.dumps({"changes": number, "waits": waits}))


def main() -> None:
    """Everybody in turn; the table. This process, its clients and the database keep to their core."""
    os.sched_setaffinity(0, {ASKING})
    from specialty_eval.store import embedded, schema

    on = machine()
    found: dict[tuple[str, str, int], list[dict[str, float]]] = {}
    waits: list[float] = []
    with tempfile.TemporaryDirectory(dir="/tmp") as name, ExitStack() as running:
        folder = Path(name)
        folder.chmod(0o755)
        database = running.enter_context(embedded.start(folder / "db"))
        schema.migrate(database.url)
        with psycopg.connect(embedded.conninfo(database.url)) as connection:
            connection.execute((HERE / "seed.sql").read_text(encoding="utf-8"))
        memory = json.loads(alone(HERE / "ours.py", database.url))
        lines = folder / "lines"
        servers = {OURS: running.enter_context(serving(OURS, database.url, lines))}
        lines.write_bytes(get(servers[OURS][1], "/v1/status.ndjson")[0])
        for who in (LIMIT, NAIVE):
            servers[who] = running.enter_context(serving(who, database.url, lines))
        codes = [json.loads(line)["code"] for line in lines.read_bytes().splitlines()]
        asked = requests_of(codes, folder, servers[OURS][1])
        for turn in range(TURNS + 1):
            for who, what, connections in CASES:
                result = measured(*servers[who], connections, asked[what])
                if turn:  # the first turn warms up
                    found.setdefault((who, what, connections), []).append(result)
            if turn:
                changing = subprocess.Popen(
                    [sys.executable, __file__, "change", embedded.conninfo(database.url), str(servers[OURS][1]),
                     str(SECONDS)], stdout=subprocess.PIPE, text=True)  # fmt: skip
                found.setdefault(CHANGING, []).append(measured(*servers[OURS], 16, asked["one"]))
                waits += json.loads(changing.communicate()[0])["waits"]
    report(found, memory, waits)
    every = {f"{who}, {what}, {connections}": results for (who, what, connections), results in found.items()}
    told("status", on, goals(found, memory, waits), {"asked": every, "memory": memory, "waits": waits})


def best(results: list[dict[str, float]], figure: str = "per_cpu") -> float:
    """The best of the turns: what disturbed is not what is measured."""
    pick = max if figure in {"per_cpu", "rate"} else min
    return pick(result[figure] for result in results)


def goals(found: dict[tuple[str, str, int], list[dict[str, float]]], memory: dict, waits: list[float]) -> list[Goal]:
    """What was asked for (the issue's figures)."""
    ours = {(what, c): best(results) for (who, what, c), results in found.items() if who == OURS}
    limit = {(what, c): best(results) for (who, what, c), results in found.items() if who == LIMIT}
    waited = {who: best(found[who, "one", 16], "p99") for who in (OURS, LIMIT)}
    every = {who: best(found[who, "all", 1], "p50") for who in (OURS, LIMIT)}
    return [
        *(at_least(f"ours / bare bytes, {c} connections", ours["one", c] / limit["one", c], 0.9) for c in (16, 128)),
        at_most("p99 of ours / of bare bytes, 16 connections", waited[OURS] / waited[LIMIT], 1.5),
        at_least("304 of ours / bare bytes", ours["304", 16] / limit["one", 16], 1.2),
        *(at_least(f"ours / {NAIVE}, {c} connections", ours["one", c] / best(found[NAIVE, "one", c]), 25)
          for c in (16, 128)),
        at_least("statuses by the hundred, a second", ours["hundred", 16] * 100, 350_000),
        at_most("time for the whole list / for its bytes at once", every[OURS] / every[LIMIT], 2),
        at_least("with 50 changes a second / without", best(found[CHANGING]) / ours["one", 16], 0.9),
        at_most("seconds until a change is answered, p99", sorted(waits)[len(waits) * 99 // 100], 1),
        at_most("MB for twenty thousand statuses", memory["mb"] * 20_000 / memory["statuses"], 30),
    ]  # fmt: skip


def report(found: dict[tuple[str, str, int], list[dict[str, float]]], memory: dict, waits: list[float]) -> None:
    """Medians, spread, and the best per second of processor time."""
    print(
        "| server | asked | connections | a second, median [min-max] | per processor second | p50 ms | p99 ms | bad |"
    )
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for (who, what, connections), results in found.items():
        rates = [result["rate"] for result in results]
        p50, p99 = (statistics.median(result[figure] for result in results) for figure in ("p50", "p99"))
        bad = sum(result["bad"] for result in results)
        print(f"| {who} | {what} | {connections} | {statistics.median(rates):,.0f} ", end="")
        print(f"[{min(rates):,.0f}-{max(rates):,.0f}] | {best(results):,.0f} | {p50:.2f} | {p99:.2f} | {bad:.0f} |")
    middle, most = statistics.median(waits) * 1e3, max(waits) * 1e3
    print(f"\n{memory['statuses']:,} statuses take {memory['mb']:.1f} MB. ", end="")
    print(f"A change is answered after {middle:.0f} ms, at most {most:.0f} ms.")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["change", url, port, seconds]:
            change(url, int(port), float(seconds))
        case _:
            main()
