"""Durable transitions (1 and 8 clients) beside Django with an FSM, and opening 10,000 reviews beside the bare SQL.

`run.py` makes the databases and runs everybody in turn, each in a process of its own, on the same embedded server with
fsync on. `run.py one WHO URL CLIENTS SECONDS FIRST` is one such process; `run.py bulk URL` the other figure.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from verdict import HOME, Goal, at_least, at_most, machine, told

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
WHO, CLIENTS = ("specialty-eval", "django-fsm-2", "viewflow.fsm"), (1, 8)
REVIEWS, SECONDS, TURNS, BULK = 120_000, 2.0, 3, 10_000
SLICE = REVIEWS // TURNS // len(CLIENTS) // len(WHO)
"""Reviews of one contestant's run: all work on the same table, nobody on another's rows."""


def timed(move: Callable[[int], None], clients: int, seconds: float, first: int) -> tuple[float, float]:
    """Transitions a second of so many threads, and microseconds of the client's processor time for each."""
    for i in range(20):
        move(first + i)
    first += 20
    share = (SLICE - 40) // clients
    counts = [0] * clients
    stop = time.perf_counter() + seconds

    def work(k: int) -> None:
        number = first + k * share
        while time.perf_counter() < stop and counts[k] < share:
            move(number)
            number += 1
            counts[k] += 1

    begun, spent = time.perf_counter(), time.process_time()
    threads = [threading.Thread(target=work, args=(k,)) for k in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    return sum(counts) / took, (time.process_time() - spent) / sum(counts) * 1e6


def one(who: str, url: str, clients: int, seconds: float, first: int) -> None:
    """One contestant, one number of clients."""
    if who == "specialty-eval":
        import ours

        move = ours.one_transition(ours.Bench.at(url))
    else:
        import peers

        query = parse_qs(urlsplit(url).query)
        peers.configure(query["host"][0], query["port"][0], "specialty_eval", "specialty_eval")
        made = peers.PEERS[who]()
        move = lambda number: made(number + 1)  # noqa: E731 -- their numbers begin at 1
    print(json.dumps(timed(move, clients, seconds, first)))


def bulk(url: str) -> None:
    """Opening 10,000 reviews and its limit, in turn."""
    import ours

    bench = ours.Bench.at(url)
    found: dict[str, list[float]] = {"specialty-eval": [], "bare SQL": []}
    for _ in range(5):
        for name, move in (("specialty-eval", ours.open_all(bench, BULK)), ("bare SQL", ours.open_limit(bench, BULK))):
            begun = time.perf_counter()
            move()
            found[name].append(time.perf_counter() - begun)
            ours.close_again(bench)
    print(json.dumps(found))


def main() -> None:
    """Everybody in turn; the table."""
    from specialty_eval.store import embedded, schema

    on, django = machine(), HOME / "django" / "bin" / "python"
    results: dict[tuple[str, int], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        with embedded.start(Path(folder) / "db") as server:
            schema.migrate(server.url)
            import ours
            import psycopg

            with psycopg.connect(embedded.conninfo(server.url), autocommit=True) as connection:
                connection.execute("SET synchronous_commit = off")
                ours.seed(server.url, REVIEWS)
                connection.execute("VACUUM ANALYZE")
            # Opening comes first: the transitions use the reviews up.
            command = [sys.executable, __file__, "bulk", server.url]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            opening = json.loads(said.splitlines()[-1])
            for place, (_, clients, who) in enumerate(itertools.product(range(TURNS), CLIENTS, WHO)):
                python = sys.executable if who == "specialty-eval" else str(django)
                command = [python, __file__, "one", who, server.url, str(clients), str(SECONDS), str(SLICE * place)]
                said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                results.setdefault((who, clients), []).append(json.loads(said.splitlines()[-1]))
    report(results, opening)
    every = {f"{who}, {clients}": found for (who, clients), found in results.items()}
    told("workflow", on, goals(results, opening), {"transition": every, "opening": opening})


def goals(results: dict[tuple[str, int], list[tuple[float, float]]], opening: dict[str, list[float]]) -> list[Goal]:
    """A transition beside each peer, for every number of clients; opening beside its limit."""
    rate = {key: statistics.median(each for each, _ in found) for key, found in results.items()}
    ours, limit = (statistics.median(opening[who]) for who in ("specialty-eval", "bare SQL"))
    return [
        *(at_least(f"ours / {who}, {clients} clients", rate[WHO[0], clients] / rate[who, clients], 2)
          for clients in CLIENTS for who in WHO[1:]),
        at_most(f"opening {BULK:,} reviews / bare SQL", ours / limit, 1.5),
    ]  # fmt: skip


def report(results: dict[tuple[str, int], list[tuple[float, float]]], opening: dict[str, list[float]]) -> None:
    """Medians, spread and ratios."""
    print("| durable transition | clients | a second, median [min-max] | specialty-eval is | processor us, least | x |")
    print("|---|--:|--:|--:|--:|--:|")
    for (who, clients), found in sorted(results.items(), key=lambda item: (item[0][1], item[0][0])):
        rates, least = [rate for rate, _ in found], min(spent for _, spent in found)
        ours = results["specialty-eval", clients]
        ratio = statistics.median(rate for rate, _ in ours) / statistics.median(rates)
        print(f"| {who} | {clients} | {statistics.median(rates):,.0f} [{min(rates):,.0f}-{max(rates):,.0f}] ", end="")
        print(f"| {ratio:.2f} x | {least:,.0f} | {least / min(spent for _, spent in ours):.2f} |")
    print()
    print(f"| open {BULK:,} reviews in one transaction | ms, median [min-max] | x bare SQL |")
    print("|---|--:|--:|")
    limit = statistics.median(opening["bare SQL"])
    for who, found in opening.items():
        middle = statistics.median(found)
        print(f"| {who} | {middle * 1e3:.0f} [{min(found) * 1e3:.0f}-{max(found) * 1e3:.0f}] | {middle / limit:.2f} |")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["one", who, url, clients, seconds, first]:
            one(who, url, int(clients), float(seconds), int(first))
        case ["bulk", url]:
            bulk(url)
        case _:
            main()
