"""From the start of a fresh server to its first answer, and the memory it holds then, beside the smallest such server.

Everybody in turn, on the same embedded PostgreSQL, byte-compiled before. `specialty-eval serve` also looks whether the
schema is the newest. Processor time is the whole process's up to the answer. The goal is held against
the clock's median, which needs a machine that does nothing else.
"""

import compileall
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
from verdict import at_most, machine, told

HERE = Path(__file__).resolve().parent
TURNS, PATIENCE, GOAL = 7, 60, 1.4
UVICORN = (sys.executable, "-m", "uvicorn", "--app-dir", str(HERE), "--no-access-log", "--log-level", "warning",
           "--port", "{port}")  # fmt: skip
SERVE = (sys.executable, "-c", "from specialty_eval.cli import main; main()", "serve", "--port", "{port}")
STATUS, LIST = "/v1/specialties/3637000001-X00001/status", "/v1/specialties"
CONTESTANTS = {
    "FastAPI + SQLAlchemy + psycopg, one query": ((*UVICORN, "minimal:app"), "/", b" 200 "),
    "specialty-eval, /healthz": ((*UVICORN, "ours:app"), "/healthz", b" 200 "),
    "specialty-eval, a specialty's status": ((*UVICORN, "ours:app"), STATUS, b" 200 "),
    "specialty-eval, a list without sign-in (the specialties)": ((*UVICORN, "ours:app"), LIST, b" 200 "),
    "specialty-eval serve, /healthz": (SERVE, "/healthz", b" 200 "),
}
LIMIT = next(iter(CONTESTANTS))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answered(port: int, path: str, wanted: bytes) -> bool:
    """Whether the server answers this path as expected."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            return wanted in connection.recv(4096).split(b"\r\n", 1)[0] + b" "
    except OSError:
        return False


def first_answer(command: tuple[str, ...], path: str, wanted: bytes, url: str) -> tuple[float, float, float]:
    """(milliseconds, milliseconds of processor time, MB held half a second later)."""
    port = free_port()
    begun = time.perf_counter()
    server = subprocess.Popen([part.format(port=port) for part in command], env={**os.environ, "DATABASE_URL": url})
    try:
        while not answered(port, path, wanted):
            if server.poll() is not None or time.perf_counter() - begun > PATIENCE:
                raise SystemExit(f"no answer from {command}")
            time.sleep(0.002)
        took = time.perf_counter() - begun
        process = psutil.Process(server.pid)
        spent = process.cpu_times()
        time.sleep(0.5)
        return took * 1e3, (spent.user + spent.system) * 1e3, process.memory_info().rss / 2**20
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    """Everybody in turn; the table."""
    import specialty_eval
    from specialty_eval.store import embedded, schema

    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for folder in (HERE, Path(specialty_eval.__file__).parent, Path(psutil.__file__).parents[1]):
        compileall.compile_dir(folder, quiet=2)
    on = machine()
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in CONTESTANTS}
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        with embedded.start(Path(folder) / "db") as server:
            schema.migrate(server.url)
            with psycopg.connect(embedded.conninfo(server.url)) as connection:
                connection.execute((HERE / "seed.sql").read_text(encoding="utf-8"))
            for turn in range(TURNS + 1):
                for name, (command, path, wanted) in CONTESTANTS.items():
                    result = first_answer(command, path, wanted, server.url)
                    if turn:  # the first turn only warms the disk's cache
                        found[name].append(result)
    report(found)
    clock = {name: statistics.median(column(results, 0)) for name, results in found.items()}
    goals = [at_most(name, clock[name] / clock[LIMIT], GOAL) for name in clock if name != LIMIT]
    told("startup", on, goals, found)


def report(found: dict[str, list[tuple[float, float, float]]]) -> None:
    """Medians, spread and ratios."""
    print("| first answer | ms, median [min-max] | x | processor ms, median | x | least | x | MB |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    limits = [column(found[LIMIT], place) for place in range(3)]
    for name, results in found.items():
        clock, spent, held = (column(results, place) for place in range(3))
        by_clock, by_least = statistics.median(clock) / statistics.median(limits[0]), min(spent) / min(limits[1])
        print(f"| {name} | {statistics.median(clock):,.0f} [{min(clock):,.0f}-{max(clock):,.0f}] | {by_clock:.2f} "
              f"| {statistics.median(spent):,.0f} | {statistics.median(spent) / statistics.median(limits[1]):.2f} "
              f"| {min(spent):,.0f} | {by_least:.2f} | {statistics.median(held):,.0f} |")  # fmt: skip


def column(results: list[tuple[float, float, float]], place: int) -> list[float]:
    """One figure of every turn."""
    return [figures[place] for figures in results]


if __name__ == "__main__":
    main()
