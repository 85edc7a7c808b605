"""What PostgreSQL knows of the demo's tables, for the tests of growth: `python tests/growth/measure.py FOLDER`.

FOLDER is where `specialty-eval demo --no-serve --data FOLDER` played. Written are rows and, column by column, how many
values there are, which are common, and their spread; of free text nothing, as no query looks for it.
"""

import json
import sys
from pathlib import Path
from typing import Any

import psycopg

from specialty_eval.store import embedded

HERE = Path(__file__).parent / "demo.json"
TABLES = """
    SELECT relname, reltuples::bigint FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version' ORDER BY relname
"""
COLUMNS = """
    SELECT tablename, attname, null_frac, avg_width, n_distinct, correlation, most_common_vals::text,
        most_common_freqs::text, histogram_bounds::text
    FROM pg_stats JOIN pg_class ON relname = tablename AND relkind = 'r' AND relnamespace = 'public'::regnamespace
    WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY tablename, attname
"""
STATISTICS = ("null_frac", "avg_width", "n_distinct", "correlation", "most_common_vals", "most_common_freqs",
              "histogram_bounds")  # fmt: skip
LONGEST = 600
"""Characters of a list of values worth keeping: words of a vocabulary are short, texts are long."""


def measured(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """Rows and columns' statistics of every table, by its name."""
    connection.execute("SET default_statistics_target = 10")
    connection.execute("ANALYZE")
    found: dict[str, Any] = {
        name: {"rows": rows, "columns": {}} for name, rows in connection.execute(TABLES).fetchall()
    }
    for table, column, *values in connection.execute(COLUMNS).fetchall():
        said = {name: value for name, value in zip(STATISTICS, values, strict=True) if value is not None}
        if len(said.get("most_common_vals", "")) > LONGEST:
            del said["most_common_vals"], said["most_common_freqs"]
        if len(said.get("histogram_bounds", "")) > LONGEST:
            del said["histogram_bounds"]
        found[table]["columns"][column] = said
    return found


def main() -> None:
    """Write it beside this file."""
    with (
        embedded.start(Path(sys.argv[1])) as running,
        psycopg.connect(embedded.conninfo(running.url), autocommit=True) as connection,
    ):
        found = measured(connection)
    lines = (f"{json.dumps(table)}: {json.dumps(said, ensure_ascii=False)}" for table, said in found.items())
    HERE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
