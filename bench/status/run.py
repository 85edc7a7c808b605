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
TURNS, SECONDS, PATIENCE = int(os.environ.get("TURNS", "4")), 1.2, 60
CHANGES_FOR = 3
"""Seconds of a turn with changes; every fifteenth is waited for."""
OURS, LIMIT, NAIVE = "specialty-eval", "bare bytes (ASGI)", "FastAPI + async SQLAlchemy + pydantic"
OURS_GRANIAN, LIMIT_GRANIAN = f"{OURS} (granian)", f"{LIMIT} (granian)"
FASTIFY, POSTGRAPHILE = "Fastify + pg", "PostGraphile"
SERVERS = {
    OURS: "ours:app",
    LIMIT: "limit:app",
    NAIVE: "naive:app",
    OURS_GRANIAN: "ours:app",
    LIMIT_GRANIAN: "limit:app",
}
PYTHON = {NAIVE: str(HOME / "status" / "bin" / "python")}
NODE = HOME / "node-status"
GRANIAN = (str(HOME / "granian" / "bin" / "python"), "-m", "granian", "--interface", "asgi", "--loop", "uvloop",
           "--workers", "1", "--runtime-threads", "1", "--http", "1", "--no-ws", "--log-level", "error",
           "--port")  # fmt: skip
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


def command(who: str, port: int, database: str) -> list[str]:
    """How each one is started."""
    match who:
        case _ if who == FASTIFY:
            return ["node", str(HERE / "fastify.js"), str(port)]
        case _ if who == POSTGRAPHILE:
            options = ["--schema", "peer", "--disable-graphiql", "--disable-query-log", "--max-pool-size", "16"]
            cli = str(NODE / "node_modules" / "postgraphile" / "cli.js")
            return ["node", cli, "--connection", database, "--port", str(port), *options]
        case _ if who.endswith("(granian)"):
            return [*GRANIAN, str(port), SERVERS[who]]
        case _:
            return [PYTHON.get(who, sys.executable), *UVICORN, str(port), SERVERS[who]]


def for_node(url: str) -> str:
    """The same database as the library `pg` is told of it."""
    said = psycopg.conninfo.conninfo_to_dict(embedded_conninfo(url))
    return f"postgres://{said['user']}@localhost/{said['dbname']}?host={said['host']}"


def embedded_conninfo(url: str) -> str:
    """As libpq is told."""
    from specialty_eval.store import embedded

    return embedded.conninfo(url)


@contextmanager
def serving(who: str, url: str, lines: Path):
    """A server on its core, answering; (process, port)."""
    port, database = free_port(), for_node(url)
    env = {"DATABASE_URL": url, "LINES_FILE": str(lines), "NODE_HOME": str(NODE), "NODE_DATABASE": database,
           "NODE_ENV": "production"}  # fmt: skip
    if who.endswith("(granian)"):  # its own environment, our libraries
        env["PYTHONPATH"] = os.pathsep.join([str(HERE), *filter(None, sys.path[1:])])
    server = subprocess.Popen(
        ["taskset", "-c", str(SERVING), *command(who, port, database)], env={**os.environ, **env}, cwd=HERE
    )
    try:
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
        for child in psutil.Process(server.pid).children(recursive=True):
            child.kill()
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
    wanted = {"one": one, "304": known, "hundred": many, "all": every, "graphql": graphql(pick.sample(codes, 5000))}
    for name, asked in wanted.items():
        made[name] = folder / name
        made[name].write_bytes(SEPARATOR.join(asked))
    return made


def graphql(codes: list[str]) -> list[bytes]:
    """One status, as PostGraphile is asked for it."""
    fields = "code name school rating ratingYear reasons documentNumber validFrom provisional under standing quota"
    query = "query($c:String!){plainStatusByCode(code:$c){" + fields + " closedOn sequence}}"
    asked = []
    for code in codes:
        body = json.dumps({"query": query, "variables": {"c": code}})
        head = f"Host: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        asked.append(f"POST /graphql HTTP/1.1\r\n{head}\r\n{body}".encode())
    return asked


def spent(server: psutil.Process) -> float:
    """Seconds of the processor that a server has used, with the processes it started."""
    times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
    return sum(used.user + used.system for used in times)


def measured(
    server: psutil.Process, port: int, connections: int, asked: Path, seconds: float = SECONDS
) -> dict[str, float]:
    """One run of the client: answers a second, per second of the server's processor time, waits."""
    before, begun = spent(server), time.perf_counter()
    said = subprocess.run(
        [sys.executable, str(HERE / "client.py"), str(port), str(connections), str(seconds), str(asked)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    used, took = max(spent(server) - before, 0.01), time.perf_counter() - begun
    found: dict[str, float] = json.loads(said)
    return {**found, "rate": found["done"] / found["seconds"], "per_cpu": found["done"] / used, "busy": used / took}


CASES = (
    (OURS, "one", 16), (OURS, "one", 128), (OURS, "304", 16), (OURS, "hundred", 16), (OURS, "all", 1),
    (LIMIT, "one", 16), (LIMIT, "one", 128), (LIMIT, "all", 1), (NAIVE, "one", 16), (NAIVE, "one", 128),
    (OURS_GRANIAN, "one", 16), (LIMIT_GRANIAN, "one", 16), (FASTIFY, "one", 16), (POSTGRAPHILE, "graphql", 16),
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
            if number % 15 == 0:
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
        for who in (LIMIT, NAIVE, OURS_GRANIAN, LIMIT_GRANIAN, FASTIFY, POSTGRAPHILE):
            servers[who] = running.enter_context(serving(who, database.url, lines))
        codes = [json.loads(line)["code"] for line in lines.read_bytes().splitlines()]
        asked = requests_of(codes, folder, servers[OURS][1])
        for turn in range(TURNS + 1):
            for who, what, connections in CASES:
                result = measured(*servers[who], connections, asked[what], SECONDS if turn else SECONDS / 3)
                if turn:  # the first turn warms up
                    found.setdefault((who, what, connections), []).append(result)
            if turn:
                changing = subprocess.Popen(
                    [sys.executable, __file__, "change", embedded.conninfo(database.url), str(servers[OURS][1]),
                     str(CHANGES_FOR)], stdout=subprocess.PIPE, text=True)  # fmt: skip
                found.setdefault(CHANGING, []).append(measured(*servers[OURS], 16, asked["one"], CHANGES_FOR))
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
    waited = {(who, c): best(found[who, "one", c], "p99") for who in (OURS, LIMIT) for c in (16, 128)}
    every = {who: best(found[who, "all", 1], "p50") for who in (OURS, LIMIT)}
    return [
        *(at_least(f"ours / bare bytes, {c} connections", ours["one", c] / limit["one", c], 0.9) for c in (16, 128)),
        at_least("ours / bare bytes, both on granian, 16 connections",
                 best(found[OURS_GRANIAN, "one", 16]) / best(found[LIMIT_GRANIAN, "one", 16]), 0.9),
        *(at_most(f"p99 of ours / of bare bytes, {c} connections", waited[OURS, c] / waited[LIMIT, c], 1.5)
          for c in (16, 128)),
        at_least("304 of ours / bare bytes", ours["304", 16] / limit["one", 16], 1.2),
        *(at_least(f"ours / {NAIVE}, {c} connections", ours["one", c] / best(found[NAIVE, "one", c]), 25)
          for c in (16, 128)),
        *(at_least(f"ours / {who}, 16 connections", ours["one", 16] / best(found[who, what, 16]), least)
          for who, what, least in ((FASTIFY, "one", 2.8), (POSTGRAPHILE, "graphql", 15))),
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
