"""Statuses asked of one server process: ours, bare bytes on the same server, and what most would write, in turn.

Server on one core, client and PostgreSQL on the other. Ratios are of answers per second of the server's own processor
time.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import psycopg
from asking import all_of, get, measured, requests_of
from servers import (
    ALONE,
    ASKING,
    FASTIFY,
    HERE,
    LIMIT,
    LIMIT_GRANIAN,
    NAIVE,
    OURS,
    OURS_GRANIAN,
    POSTGRAPHILE,
    alone,
    serving,
)
from verdict import Goal, at_least, at_most, machine, told

TURNS, SECONDS = int(os.environ.get("TURNS", "5")), float(os.environ.get("FOR", "1.2"))
SCHOOLS, SCHOOLS_OF_ALL = 200, int(os.environ.get("SCHOOLS", "1000"))
"""With a hundred specialties each."""
CHANGES_FOR = 4
"""Seconds of a turn with changes."""
CASES = (
    (OURS, "one", 16), (LIMIT, "one", 16), (OURS, "304", 16), (ALONE, "one", 16), (ALONE, "304", 16),
    (OURS, "one", 128), (LIMIT, "one", 128), (ALONE, "one", 128), (OURS, "hundred", 16), (OURS, "hundred, gzip", 16),
    (OURS_GRANIAN, "one", 16), (LIMIT_GRANIAN, "one", 16), (OURS_GRANIAN, "one", 128), (LIMIT_GRANIAN, "one", 128),
    (NAIVE, "one", 16), (NAIVE, "one", 128), (FASTIFY, "one", 16), (POSTGRAPHILE, "graphql", 16),
)  # fmt: skip
CHANGING = (OURS, "one, 50 changes a second", 16)
MEMORY, FILE = f"{OURS} (from memory)", f"{OURS} (the worker's file)"
Found = dict[tuple[str, str, int], list[dict[str, float]]]


def filled(folder: Path, schools: int, running: ExitStack) -> tuple[str, str]:
    """A database of so many schools with a hundred specialties each: its URL, and what libpq is told."""
    from specialty_eval.store import embedded, schema

    database = running.enter_context(embedded.start(folder / "db"))
    schema.migrate(database.url)
    with psycopg.connect(embedded.conninfo(database.url)) as connection:
        connection.execute("SELECT set_config('bench.schools', %s, true)", [str(schools)])
        connection.execute((HERE / "seed.sql").read_text(encoding="utf-8"))
    return database.url, embedded.conninfo(database.url)


def each_in_turn(folder: Path) -> tuple[Found, dict[str, float], list[list[float]]]:
    """Everybody over twenty thousand; our memory; how long a change took to be answered, by each of two processes."""
    found: Found = {}
    waits: list[list[float]] = [[], []]
    with ExitStack() as running:
        url, conninfo = filled(folder, SCHOOLS, running)
        memory = json.loads(alone(HERE / "ours.py", url))
        servers = {OURS: running.enter_context(serving(OURS, url, folder))}
        beside = running.enter_context(serving(OURS, url, folder, ASKING))
        (folder / "lines").write_bytes(get(servers[OURS][1], "/v1/status.ndjson")[0])
        for who in dict.fromkeys(who for who, _, _ in CASES if who != OURS):
            servers[who] = running.enter_context(serving(who, url, folder))
        codes = [json.loads(line)["code"] for line in (folder / "lines").read_bytes().splitlines()]
        asked = requests_of(codes, folder, servers[OURS][1])
        for turn in range(TURNS + 1):
            for who, what, connections in CASES:
                result = measured(*servers[who], connections, asked[what], SECONDS if turn else SECONDS / 3)
                if turn:  # the first turn warms up
                    found.setdefault((who, what, connections), []).append(result)
            if turn:
                ports = [str(servers[OURS][1]), str(beside[1])]
                changing = subprocess.Popen(
                    [sys.executable, str(HERE / "changing.py"), conninfo, str(CHANGES_FOR), *ports],
                    stdout=subprocess.PIPE, text=True)  # fmt: skip
                found.setdefault(CHANGING, []).append(measured(*servers[OURS], 16, asked["one"], CHANGES_FOR))
                for number, more in enumerate(json.loads(changing.communicate()[0])["waits"]):
                    waits[number] += more
    return found, memory, waits


def the_whole_list(folder: Path) -> Found:
    """A hundred thousand as lines: put together from memory, as the worker's file, and the same bytes at once."""
    found: Found = {}
    asked = folder / "all"
    asked.write_bytes(all_of()[0])
    with ExitStack() as running:
        url, _ = filled(folder, SCHOOLS_OF_ALL, running)
        ours = running.enter_context(serving(OURS, url, folder))
        (folder / "lines").write_bytes(get(ours[1], "/v1/status.ndjson")[0])
        limit = running.enter_context(serving(LIMIT, url, folder))
        for who in (MEMORY, FILE):
            if who == FILE:
                written = "from specialty_eval import listing, app; import sys, pathlib; " \
                          "listing.once(sys.argv[1], pathlib.Path(sys.argv[2]), app.utc_now)"  # fmt: skip
                subprocess.run([sys.executable, "-c", written, url, str(folder)], check=True)
            for turn in range(TURNS + 1):
                for name, server in ((who, ours), (LIMIT, limit)):
                    result = measured(*server, 1, asked, SECONDS)
                    if turn:
                        found.setdefault((name, "all", 1), []).append(result)
    return found


def main() -> None:
    """Everybody in turn; the table. This process, its clients and the database keep to their core."""
    os.sched_setaffinity(0, {ASKING})
    on = machine()
    with tempfile.TemporaryDirectory(dir="/tmp") as one, tempfile.TemporaryDirectory(dir="/tmp") as two:
        for folder in (one, two):
            Path(folder).chmod(0o755)
        found, memory, waits = each_in_turn(Path(one))
        found |= the_whole_list(Path(two))
    report(found, memory, waits)
    every = {f"{who}, {what}, {connections}": results for (who, what, connections), results in found.items()}
    told("status", on, goals(found, memory, waits), {"asked": every, "memory": memory, "waits": waits})


def best(results: list[dict[str, float]], figure: str = "per_cpu") -> float:
    """The best of the turns: what disturbed is not what is measured."""
    pick = max if figure in {"per_cpu", "rate"} else min
    return pick(result[figure] for result in results)


def goals(found: Found, memory: dict[str, float], waits: list[list[float]]) -> list[Goal]:
    """What was asked for (the issue's figures)."""
    per = {case: best(results) for case, results in found.items()}
    waited = {case: best(results, "p99") for case, results in found.items()}
    every = {who: best(found[who, "all", 1], "p50") for who in (MEMORY, FILE, LIMIT)}
    ours = per[OURS, "one", 16]
    return [
        *(at_least(f"ours / bare bytes, {c} connections", per[OURS, "one", c] / per[LIMIT, "one", c], 0.9)
          for c in (16, 128)),
        *(at_least(f"ours / bare bytes, both on granian, {c} connections",
                   per[OURS_GRANIAN, "one", c] / per[LIMIT_GRANIAN, "one", c], 0.9) for c in (16, 128)),
        *(at_most(f"p99 of ours / of bare bytes, {c} connections",
                  waited[OURS, "one", c] / waited[LIMIT, "one", c], 1.5) for c in (16, 128)),
        at_least("304 of ours / bare bytes", per[OURS, "304", 16] / per[LIMIT, "one", 16], 1.2),
        *(at_least(f"ours / {NAIVE}, {c} connections", per[OURS, "one", c] / per[NAIVE, "one", c], 25)
          for c in (16, 128)),
        *(at_least(f"ours / {who}, 16 connections", ours / per[who, what, 16], least)
          for who, what, least in ((FASTIFY, "one", 2.8), (POSTGRAPHILE, "graphql", 15))),
        at_least("statuses by the hundred, a second", per[OURS, "hundred", 16] * 100, 350_000),
        *(at_most(f"time for a hundred thousand, {how} / for their bytes at once", every[who] / every[LIMIT], 2)
          for who, how in ((MEMORY, "from memory"), (FILE, "the worker's file"))),
        at_least("with 50 changes a second / without", per[CHANGING] / ours, 0.9),
        *(at_most(f"seconds until a change is answered, p99, process {n}", sorted(each)[len(each) * 99 // 100], 1)
          for n, each in enumerate(waits, 1)),
        at_most("MB for twenty thousand statuses", memory["mb"] * 20_000 / memory["statuses"], 30),
    ]  # fmt: skip


def report(found: Found, memory: dict[str, float], waits: list[list[float]]) -> None:
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
    limit = found[LIMIT, "one", 16]
    for name, case in (("ours", (OURS, "one", 16)), ("ours, ASGI alone", (ALONE, "one", 16)),
                       ("304", (OURS, "304", 16)), ("304, ASGI alone", (ALONE, "304", 16))):  # fmt: skip
        pairs = [one["per_cpu"] / other["per_cpu"] for one, other in zip(found[case], limit, strict=True)]
        print(f"\n{name} / bare bytes of the same turn, 16 connections: {statistics.median(pairs):.2f} ", end="")
        print(f"[{min(pairs):.2f}-{max(pairs):.2f}]")
    count, loaded, asked = memory["statuses"], memory["loaded"], memory["mb"]
    print(f"\n{count:,} statuses take {loaded:.1f} MB, {asked:.1f} MB once each was asked for.")
    for number, each in enumerate(waits, 1):
        middle, most = statistics.median(each) * 1e3, max(each) * 1e3
        print(f"{len(each)} changes were answered by process {number} after {middle:.0f} ms, at most {most:.0f} ms.")


if __name__ == "__main__":
    main()
