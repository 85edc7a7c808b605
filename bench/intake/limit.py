"""What nobody is faster than: a library that parses the file into columns, and COPY of the same rows as they stand.

`limit.py WHAT FOLDER URL` says the least seconds of three.
"""

import json
import sys
import time
from pathlib import Path

from data import CHOICES, COUNTS, FLAGS, KEYS, SHARES

TIMES = 3


def xlsx(folder: Path, _: str) -> None:
    """fastexcel into Arrow columns."""
    import fastexcel

    fastexcel.read_excel(folder / "rows.xlsx").load_sheet(0).to_arrow()


def csv(folder: Path, _: str) -> None:
    """Polars into columns."""
    import polars

    polars.read_csv(folder / "rows.csv", schema_overrides={"school_code": polars.String, "share_02": polars.Float64})


def copy(folder: Path, url: str) -> None:
    """The file's bytes into a table of its columns."""
    import psycopg

    kinds = [f"{name} text" for name in (*KEYS, *CHOICES)] + [f"{name} float8" for name in SHARES]
    kinds += [f"{name} int" for name in COUNTS] + [f"{name} boolean" for name in FLAGS]
    order = ", ".join((*KEYS, *SHARES, *COUNTS, *FLAGS, *CHOICES))
    body = (folder / "rows.csv").read_bytes()
    with psycopg.connect(url) as connection:
        connection.execute(f"DROP TABLE IF EXISTS limit_rows; CREATE TABLE limit_rows ({', '.join(kinds)})")
        connection.commit()
        copying = f"COPY limit_rows ({order}) FROM STDIN (FORMAT csv, HEADER)"
        with connection.cursor().copy(copying) as into:  # type: ignore[arg-type]
            for at in range(0, len(body), 1 << 20):
                into.write(body[at : at + (1 << 20)])


if __name__ == "__main__":
    doing, where, at = {"xlsx": xlsx, "csv": csv, "copy": copy}[sys.argv[1]], Path(sys.argv[2]), sys.argv[3]
    seconds = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        doing(where, at)
        seconds.append(time.perf_counter() - begun)
    print(json.dumps({"seconds": min(seconds)}))
