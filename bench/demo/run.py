"""`specialty-eval demo --no-serve` on a fresh folder: wall time, and the processor time of program and database."""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
from verdict import at_most, machine, told

COMMAND = (sys.executable, "-c", "from specialty_eval.cli import main; main()", "demo", "--no-serve", "--data")


def postmaster(data: Path) -> psutil.Process | None:
    """The embedded server's first process, once it runs."""
    with suppress(OSError, ValueError, psutil.Error):
        pointer = data / "postgres.at"
        home = Path(pointer.read_text().strip()) if pointer.exists() else data / "postgres"
        return psutil.Process(int((home / "cluster" / "postmaster.pid").read_text().split()[0]))
    return None


def spent(process: psutil.Process) -> float:
    """Seconds of processor time so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """One run; the table."""
    on = machine()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        data = Path(folder) / "data"
        begun = time.perf_counter()
        demo = psutil.Popen([*COMMAND, str(data)], stdout=subprocess.DEVNULL)
        server: psutil.Process | None = None
        program, database = 0.0, {}
        while demo.poll() is None:
            time.sleep(0.2)
            server = server or postmaster(data)
            with suppress(psutil.Error):
                program = spent(demo)
            with suppress(psutil.Error):
                if server is not None:
                    database |= {p.pid: spent(p) for p in (server, *server.children())}
        wall = time.perf_counter() - begun
        if demo.returncode != 0:
            raise SystemExit(demo.returncode)
    print("| `specialty-eval demo --no-serve` | seconds |\n|---|--:|")
    print(f"| on the clock | {wall:.1f} |")
    print(f"| processor: program | {program:.1f} |")
    print(f"| processor: PostgreSQL | {sum(database.values()):.1f} |")
    print(f"| load of the machine at the end | {os.getloadavg()[0]:.1f} |")
    figures = {"clock": wall, "program": program, "database": sum(database.values())}
    told("demo", on, [at_most("seconds on the clock", wall, 60)], figures)


if __name__ == "__main__":
    main()
