"""How each of those who are asked is started: on one core, over the same table or the same bytes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
from processes import ended, free_port, until_listening
from verdict import HOME

HERE = Path(__file__).resolve().parent
OURS, ALONE, LIMIT = "specialty-eval", "specialty-eval (ASGI alone)", "bare bytes (ASGI)"
NAIVE = "FastAPI + async SQLAlchemy + pydantic"
OURS_GRANIAN, LIMIT_GRANIAN = "specialty-eval (granian)", f"{LIMIT} (granian)"
FASTIFY, POSTGRAPHILE = "Fastify + pg", "PostGraphile"
APPS = {ALONE: "ours:app", LIMIT: "limit:app", NAIVE: "naive:app", OURS_GRANIAN: "ours:app", LIMIT_GRANIAN: "limit:app"}
PYTHON = {NAIVE: str(HOME / "status" / "bin" / "python")}
NODE = HOME / "node-status"
GRANIAN = (str(HOME / "granian" / "bin" / "python"), "-m", "granian", "--interface", "asgi", "--loop", "uvloop",
           "--workers", "1", "--runtime-threads", "1", "--http", "1", "--no-ws", "--log-level", "error",
           "--port")  # fmt: skip
UVICORN = ("-m", "uvicorn", "--app-dir", str(HERE), "--no-access-log", "--log-level", "warning",
           "--loop", "uvloop", "--http", "httptools", "--port")  # fmt: skip
SERVING, ASKING = (sorted(os.sched_getaffinity(0)) * 2)[:2]


def command(who: str, port: int, database: str) -> list[str]:
    """How each one is started."""
    match who:
        case _ if who == OURS:  # as `specialty-eval serve` does it
            return [sys.executable, str(HERE / "ours.py"), "serve", str(port)]
        case _ if who == FASTIFY:
            return ["node", str(HERE / "fastify.js"), str(port)]
        case _ if who == POSTGRAPHILE:
            options = ["--schema", "peer", "--disable-graphiql", "--disable-query-log", "--max-pool-size", "16"]
            cli = str(NODE / "node_modules" / "postgraphile" / "cli.js")
            return ["node", cli, "--connection", database, "--port", str(port), *options]
        case _ if who.endswith("(granian)"):
            return [*GRANIAN, str(port), APPS[who]]
        case _:
            return [PYTHON.get(who, sys.executable), *UVICORN, str(port), APPS[who]]


def for_node(url: str) -> str:
    """The same database as the library `pg` is told of it."""
    from specialty_eval.store import embedded

    said = psycopg.conninfo.conninfo_to_dict(embedded.conninfo(url))
    return f"postgres://{said['user']}@localhost/{said['dbname']}?host={said['host']}"


@contextmanager
def serving(who: str, url: str, folder: Path, core: int = SERVING) -> Iterator[tuple[psutil.Process, int]]:
    """A server on its core, answering; `folder` has the `lines` that the limit sends, and our files."""
    port, database = free_port(), for_node(url)
    env = {"DATABASE_URL": url, "LINES_FILE": str(folder / "lines"), "FILES": str(folder), "NODE_HOME": str(NODE),
           "NODE_DATABASE": database, "NODE_ENV": "production"}  # fmt: skip
    if who.endswith("(granian)"):  # its own environment, our libraries
        env["PYTHONPATH"] = os.pathsep.join([str(HERE), *filter(None, sys.path[1:])])
    started = ["taskset", "-c", str(core), *command(who, port, database)]
    server = subprocess.Popen(started, env={**os.environ, **env}, cwd=HERE)
    try:
        until_listening(server, port, who)
        yield psutil.Process(server.pid), port
    finally:
        ended(server)


def alone(script: Path, url: str) -> str:
    """What a script in a process of its own says."""
    command, env = [sys.executable, str(script)], {**os.environ, "DATABASE_URL": url}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout
