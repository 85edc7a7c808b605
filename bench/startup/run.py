"""From the start of a fresh server to its first answer, and the memory it holds then, beside the smallest such server.

Everybody in turn, on the same embedded PostgreSQL, byte-compiled before. `specialty-eval serve` also looks whether the
schema is the newest. Processor time is the whole process's up to the answer.
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

HERE = Path(__file__).resolve().parent
TURNS, PATIENCE = 7, 60
UVICORN = (sys.executable, "-m", "uvicorn", "--app-dir", str(HERE), "--no-access-log", "--log-level", "warning",
           "--port", "{port}")  # fmt: skip
SERVE = (sys.executable, "-c", "from specialty_eval.cli import main; main()", "serve", "--port", "{port}")
STATUS = "/v1/specialties/3637000001-000000/status"
CONTESTANTS = {
    "FastAPI + SQLAlchemy + psycopg, one query": ((*UVICORN, "minimal:app"), "/", b" 200 "),
    "specialty-eval, /healthz": ((*UVICORN, "ours:app"), "/healthz", b" 200 "),
    "specialty-eval, a specialty's status (none has this code)": ((*UVICORN, "ours:app"), STATUS, b" 404 "),
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
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in CONTESTANTS}
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        with embedded.start(Path(folder) / "db") as server:
            schema.migrate(server.url)
            for turn in range(TURNS + 1):
                for name, (command, path, wanted) in CONTESTANTS.items():
                    result = first_answer(command, path, wanted, server.url)
                    if turn:  # the first turn only warms the disk's cache
                        found[name].append(result)
    report(found)


def report(found: dict[str, list[tuple[float, float, float]]]) -> None:
    """Medians, spread and ratios."""
    print("| first answer | ms, median [min-max] | x | processor ms, least | x | MB |")
    print("|---|--:|--:|--:|--:|--:|")
    limit = found[LIMIT]
    for name, results in found.items():
        clock = [took for took, _, _ in results]
        least, least_limit = min(cpu for _, cpu, _ in results), min(cpu for _, cpu, _ in limit)
        times = statistics.median(clock) / statistics.median(took for took, _, _ in limit)
        held = statistics.median(mb for _, _, mb in results)
        print(
            f"| {name} | {statistics.median(clock):,.0f} [{min(clock):,.0f}-{max(clock):,.0f}] | {times:.2f} ", end=""
        )
        print(f"| {least:,.0f} | {least / least_limit:.2f} | {held:,.0f} |")


if __name__ == "__main__":
    main()
