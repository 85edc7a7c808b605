"""The evidence of the scoring figures: values with two places, some missing, from a seed, kept as .npy files."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HOME = Path(os.environ.get("BENCH_HOME", "var/bench")).absolute()
MISSING = 0.02
"""So many values; four times as many in one of 20 rows."""
FLAGS = {4, 9, 14, 19, 24, 29}
ACCIDENT = 4
"""The flag that is bad, and therefore rare."""
VETOES = (0, 6)
"""Those that a veto looks at: hardly anything in one of 50."""


class Table(NamedTuple):
    """`x` is specialty x indicator (0..100, flags 0 or 1, NaN where missing); the others are one number a specialty.

    `last` and `before` are the two latest ratings: 0 green, 1 yellow, 2 red, -1 none.
    """

    x: Any
    years_open: Any
    last: Any
    before: Any


def folder(n: int) -> Path:
    """Where the table of n specialties is kept."""
    return HOME / f"scoring-{n}"


def make(n: int) -> None:
    """Write the table, once."""
    if (folder(n) / "before.npy").exists():
        return
    folder(n).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20260301)
    x = np.clip(np.round(100 * rng.beta(4, 2.6, (n, 30)) * rng.uniform(0.5, 1.3, (n, 1)), 2), 0, 100)
    for i in FLAGS:
        x[:, i] = rng.random(n) < (0.02 if i == ACCIDENT else 0.85)
    for i in VETOES:
        x[rng.random(n) < 0.02, i] = 2.5
    x[rng.random((n, 30)) < np.where(rng.random((n, 1)) < 0.05, 4 * MISSING, MISSING)] = np.nan
    earlier = rng.choice(np.array([-1, 0, 1, 2], np.int8), (2, n), p=[0.1, 0.4, 0.4, 0.1])
    earlier[1][earlier[0] < 0] = -1
    table = Table(x, rng.integers(1, 30, n, dtype=np.int64), *earlier)
    for name, column in table._asdict().items():
        np.save(folder(n) / f"{name}.npy", column)


def load(n: int) -> Table:
    """Read it back."""
    return Table(*(np.load(folder(n) / f"{name}.npy") for name in Table._fields))
