"""Scoring 1, 1,500 and 150,000 specialties beside the peers, on one core: a table, the goals, var/bench/scoring.json.

Every contestant is a process of its own with its table loaded. They score in turn, so that whatever else the machine
does falls on all of them; the results of every peer are compared with ours first, specialty by specialty.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from data import HOME, make
from ours import POLICY
from rules import POLICY as AS_JSON
from verdict import Goal, above, at_least, at_most, machine, told

from specialty_eval.engine import load_policy

HERE = Path(__file__).resolve().parent
SIZES, TURNS, SECONDS = (1, 1500, 150_000), 7, 0.3
LIMIT, OURS = "one weighted sum (NumPy)", "specialty-eval"


class Contestant(NamedTuple):
    """`code` is module:class; `home` the environment it needs, ours where that is empty."""

    name: str
    code: str
    home: str = ""
    threads: int = 1


CONTESTANTS = (
    Contestant(LIMIT, "limit:WeightedSum"),
    Contestant(OURS, "ours:SpecialtyEval"),
    Contestant("specialty-eval, floats to columns first", "ours:FromFloats"),
    Contestant("Polars, whole numbers", "by_polars:PolarsIntegers", "columns"),
    Contestant("Polars", "by_polars:Polars", "columns"),
    Contestant("Polars, 2 threads on 2 cores", "by_polars:Polars", "columns", 2),
    Contestant("OpenFisca", "by_openfisca:OpenFisca", "openfisca"),
    Contestant("pandas", "by_pandas:Pandas", "columns"),
    Contestant("DuckDB", "by_duckdb:DuckDB", "columns"),
    Contestant("Python, row by row", "by_rows:Rows"),
)


class Figures(NamedTuple):
    """What one contestant needed: (clock, own processor time) in seconds, and megabytes above the loaded table."""

    samples: list[tuple[float, float]]
    added: float

    @property
    def clock(self) -> list[float]:
        return sorted(wall for wall, _ in self.samples)

    @property
    def least(self) -> float:
        """The least processor time: what other work on the machine disturbs least."""
        return min(own for _, own in self.samples)


class Running:
    """A contestant's process, ready to score."""

    def __init__(self, contestant: Contestant, process: "subprocess.Popen[str]") -> None:
        self.contestant, self.process = contestant, process
        self.added: float = self.said()["added"]
        self.samples: list[tuple[float, float]] = []

    def said(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.contestant.name} stopped")
        return json.loads(line)

    def score(self) -> None:
        """Some more samples: one, or as many as fit into the time of a turn."""
        fastest = self.samples[-1][0] if self.samples else SECONDS
        assert self.process.stdin is not None
        self.process.stdin.write(f"{max(1, min(20, int(SECONDS / fastest)))}\n")
        self.process.stdin.flush()
        self.samples += [tuple(sample) for sample in self.said()]


@contextmanager
def started(contestant: Contestant, n: int) -> Iterator[Running]:
    """The contestant's process with n specialties loaded and once scored."""
    python = HOME / contestant.home / "bin" / "python" if contestant.home else Path(sys.executable)
    one = str(contestant.threads)
    threads = dict.fromkeys(
        ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), one
    )
    command = [str(python), str(HERE / "contestant.py"), contestant.code, str(n), str(kept(contestant, n)), one]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=os.environ | threads) as process:
        yield Running(contestant, process)
        process.stdin.close()  # type: ignore[union-attr]


def kept(contestant: Contestant, n: int) -> Path:
    """Where its results are."""
    return HOME / f"scoring-{n}" / f"{contestant.code.replace(':', '-')}-{contestant.threads}.npz"


def compared(contestant: Contestant, n: int) -> dict[str, int]:
    """For how many specialties a peer says something else than we do."""
    mine, theirs = (np.load(kept(c, n)) for c in (CONTESTANTS[1], contestant))
    return {name: int((mine[name] != theirs[name]).reshape(-1, n).any(axis=0).sum()) for name in mine.files}


def run(n: int) -> dict[str, Figures]:
    """Everybody's figures for n specialties."""
    make(n)
    with ExitStack() as stack:
        everybody = [stack.enter_context(started(contestant, n)) for contestant in CONTESTANTS]
        for contestant in CONTESTANTS[2:]:
            if any((differences := compared(contestant, n)).values()):
                sys.exit(f"{contestant.name} found something else for {n} specialties: {differences}")
        for _ in range(TURNS):
            for running in everybody:
                running.score()
        return {running.contestant.name: Figures(running.samples, running.added) for running in everybody}


def table(n: int, found: dict[str, Figures]) -> None:
    """The fastest first."""
    print(f"\n| {n:,} specialties | ms, median [min-max] | processor ms, least | x the sum | x ours | MB added |")
    print("|---|--:|--:|--:|--:|--:|")
    limit, ours = found[LIMIT].least, found[OURS].least
    for name, one in sorted(found.items(), key=lambda item: item[1].least):
        clock = [f"{1e3 * t:,.2f}" for t in (statistics.median(one.clock), one.clock[0], one.clock[-1])]
        ratios = f"{one.least / limit:,.1f} | {one.least / ours:,.2f}"
        print(f"| {name} | {clock[0]} [{clock[1]}-{clock[2]}] | {1e3 * one.least:,.2f} | {ratios} | {one.added:.0f} |")


def goals(found: dict[int, dict[str, Figures]]) -> list[Goal]:
    """Ahead of every peer, near the limit, small and quick."""
    many, ours = found[150_000], found[150_000][OURS]
    peers = ("OpenFisca", "pandas", "DuckDB", "Polars", "Polars, whole numbers")
    return [
        *(above(f"{name} / ours", many[name].least / ours.least, 1) for name in peers),
        at_least("row by row / ours", many["Python, row by row"].least / ours.least, 20),
        at_most("ours / one weighted sum", ours.least / many[LIMIT].least, 40),
        at_most("the aim beyond: ours / one weighted sum", ours.least / many[LIMIT].least, 13),
        at_most("MB above the loaded table", ours.added, 30),
        at_most("1,500 specialties, ms", 1e3 * statistics.median(found[1500][OURS].clock), 3),
        at_most("one specialty, ms", 1e3 * statistics.median(found[1][OURS].clock), 1),
    ]


def main() -> None:
    """Everybody at every size; the tables; the JSON."""
    HOME.mkdir(parents=True, exist_ok=True)
    AS_JSON.write_text(load_policy(POLICY.read_text(encoding="utf-8")).canonical, encoding="utf-8")
    on = machine()
    found = {n: run(n) for n in SIZES}
    for n, figures in found.items():
        table(n, figures)
    print("\nEvery peer's totals, dimension scores, ratings and reasons equal ours.")
    every = {n: {name: one._asdict() for name, one in figures.items()} for n, figures in found.items()}
    told("scoring", on, goals(found), every)


if __name__ == "__main__":
    main()
