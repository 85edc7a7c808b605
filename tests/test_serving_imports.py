"""What a server loads to serve: nothing that is for files and batches. Each looks at a fresh process of its own."""

import os
import subprocess
import sys
from pathlib import Path

HEAVY = {"numpy", "polars", "openpyxl", "fastexcel", "xlsxwriter", "pandas", "pyarrow", "matplotlib"}
"""For files and batches."""
LATER = {"alembic", "argon2", "jinja2", "multipart", "ruamel", "transitions"}
"""For pages, policies, acts and upgrades: loaded when somebody asks for them."""

ROWS = ("accounts", "cycles", "deliberation", "outcomes", "registry", "reviews")
"""Where the row classes are, but for the event log's."""

SERVED = """
import asyncio, sys
from pathlib import Path
import httpx
from specialty_eval.app import create_app

async def ask(app, path):
    async with app.router.lifespan_context(app), httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1"
    ) as client:
        return (await client.get(path)).status_code

for path in sys.argv[3:]:
    assert asyncio.run(ask(create_app(sys.argv[1], Path(sys.argv[2])), path)) in (200, 404), path
"""
STATUS = "/v1/specialties/3637000001-000000/status"

OPENED = """
import sys
from pathlib import Path
from specialty_eval import serving
with serving.ready(sys.argv[1], Path(sys.argv[2])) as url:
    serving.create_app(url, Path(sys.argv[2]))
"""

HELPED = """
import sys
from specialty_eval.cli import run
assert run(["--help"]) == 0
"""


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The modules that a fresh process has loaded after running this."""
    told = f"{code}\nprint('loaded:', *sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", told, *arguments], capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONIOENCODING": "utf-8"})  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("loaded:")[2].split())


def test_the_serving_path_loads_nothing_for_files_and_batches(database: str, tmp_path: Path) -> None:
    loaded = loaded_by(SERVED, database, str(tmp_path), "/healthz", STATUS, "/v1/openapi.json")

    assert "sqlalchemy" in loaded
    assert loaded & HEAVY == set()


def test_the_first_answers_load_nothing_that_they_do_not_need(database: str, tmp_path: Path) -> None:
    loaded = loaded_by(SERVED, database, str(tmp_path), "/healthz", STATUS, "/v1/catalogue")

    assert loaded & {*HEAVY, *LATER} == set()


def test_a_status_is_answered_without_row_classes_and_without_accounts(database: str, tmp_path: Path) -> None:
    loaded = loaded_by(SERVED, database, str(tmp_path), STATUS)

    assert {"specialty_eval.actions.status", "specialty_eval.store.plain"} <= loaded
    assert loaded & {f"specialty_eval.store.{name}" for name in ROWS} == set()
    assert loaded & {"specialty_eval.actions.accounts", "specialty_eval.engine.policy"} == set()


def test_a_start_at_the_newest_schema_loads_no_upgrade(database: str, tmp_path: Path) -> None:
    loaded = loaded_by(OPENED, database, str(tmp_path))

    assert "uvicorn" in loaded
    assert loaded & {*HEAVY, *LATER} == set()


def test_the_commands_help_loads_neither_the_database_nor_the_web_framework() -> None:
    loaded = loaded_by(HELPED)

    assert "typer" in loaded
    assert loaded & {*HEAVY, "sqlalchemy", "psycopg", "fastapi", "uvicorn"} == set()
