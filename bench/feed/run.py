"""The change feed read from its beginning to its end by one client from one server process, for two kinds of caller.

Server on one core, client and PostgreSQL on the other. Pages of 5,000, or one stream that catches up; the client keeps
the bytes and looks for the next cursor, so that what is measured is the server.
"""

import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import psycopg
from processes import free_port, spent
from verdict import at_least, machine, told

from specialty_eval import installation
from specialty_eval.store import embedded

EVENTS, TURNS, PAGE = 100_000, 3, 5000
PASSWORD = secrets.token_urlsafe(16)
SERVING, ASKING = (sorted(os.sched_getaffinity(0)) * 2)[:2]
NEXT = re.compile(rb'"next":"([^"]+)"')
LOG = """
    INSERT INTO event (at, kind, subject_kind, subject_id, round_id, source, target, actor_person_id, reason, audience,
                       facts)
    SELECT timestamptz '2026-03-02 01:00+00' + n * interval '1 second', 'review.submit', 'review', n, 1, 'open',
           'submitted', 1, '', 'public', jsonb_build_object('version', 1, 'what', 'evidence', 'until', '2026-03-31')
    FROM generate_series(1, %s) AS n
"""
SERVE = "import sys; from specialty_eval.cli import run; sys.exit(run(['serve', *sys.argv[1:]]))"
STREAM = "text/event-stream"
WAYS = {"pages of JSON": "application/json", "pages of CloudEvents": "application/cloudevents-batch+json",
        "a stream (SSE)": STREAM}  # fmt: skip
EVENT = b"\ndata: {"


@contextmanager
def served(url: str, data: Path) -> Iterator[tuple[psutil.Process, str]]:
    """A server on its core, answering."""
    port = free_port()
    limits = {f"SPECIALTY_EVAL_LIMIT_{name}": "100000/minute" for name in ("KEY", "ADDRESS", "SIGN_IN")}
    env = {**os.environ, **limits, "DATABASE_URL": url}
    server = subprocess.Popen([sys.executable, "-c", SERVE, "--data", str(data), "--port", str(port)], env=env)
    try:
        os.sched_setaffinity(server.pid, {SERVING})
        base = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                httpx.get(f"{base}/healthz").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        time.sleep(10)  # what a server does a while after its start is done then
        yield psutil.Process(server.pid), base
    finally:
        server.terminate()
        server.wait()


def auditor(base: str) -> str:
    """The key of a machine that audits the bureau: it sees every audience, so that every rule is asked."""
    said = {"login": "admin", "password": PASSWORD}
    with httpx.Client(base_url=base) as client:
        client.headers["Authorization"] = f"Bearer {client.post('/v1/sign-in', json=said).json()['token']}"
        key = client.post("/v1/keys", json={"label": "bench"}).json()
        bureau = client.get("/v1/me").json()["roles"][0]["organisation_id"]
        role = {"role": "auditor", "organisation_id": bureau, "valid_from": "2020-01-01"}
        client.post(f"/v1/keys/{key['id']}/roles", json=role).raise_for_status()
    return str(key["secret"])


def read(server: psutil.Process, base: str, accept: str, secret: str) -> dict[str, float]:
    """From the beginning to the end: events, seconds, and seconds of the server's processor time."""
    headers = {"Accept": accept} | ({"Authorization": f"Bearer {secret}"} if secret else {})
    with httpx.Client(base_url=base, headers=headers, timeout=120) as client:
        before, begun = spent(server), time.perf_counter()
        count = caught_up(client) if accept == STREAM else paged(client)
        return {"events": count, "seconds": time.perf_counter() - begun, "cpu": spent(server) - before}


def paged(client: httpx.Client) -> int:
    """Page by page; how many events came. They are looked at once everything is here."""
    pages, after = list[bytes](), ""
    while True:
        answer = client.get(f"/v1/events?limit={PAGE}{after}").raise_for_status()
        pages.append(answer.content)
        found = NEXT.search(answer.content, len(answer.content) - 400)
        cursor = answer.headers.get("feed-next") or (found[1].decode() if found else "")
        if not cursor:
            return sum(page.count(b'"subject":{"kind":') for page in pages)
        after = f"&after={cursor}"


def caught_up(client: httpx.Client) -> int:
    """A stream that goes on behind the first event, until the last is here."""
    first = client.get("/v1/events?limit=1", headers={"Accept": "application/json"}).raise_for_status().json()
    count, rest = 1, b""
    with client.stream("GET", "/v1/events", headers={"Last-Event-ID": first["next"]}) as answer:
        for piece in answer.raise_for_status().iter_raw():
            rest += piece
            count += rest.count(EVENT)
            rest = rest[1 - len(EVENT) :]
            if count >= EVENTS:
                break
    return count


def main() -> None:
    """Measure, and say it."""
    on = machine()
    os.sched_setaffinity(0, {ASKING})
    figures = {}
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder)) as running:
        installation.init(
            running.url, Path(folder), city="371400", bureau="示例市教育局", login="admin", password=PASSWORD
        )
        with psycopg.connect(embedded.conninfo(running.url), autocommit=True) as connection:
            connection.execute(LOG, [EVENTS])
            connection.execute("VACUUM ANALYZE event")
        with served(running.url, Path(folder)) as (server, base):
            for who, secret in (("the public", ""), ("an auditor", auditor(base))):
                for way, accept in WAYS.items():
                    turns = [read(server, base, accept, secret) for _ in range(TURNS)]
                    figures[f"{way}, {who}"] = {"events": turns[0]["events"], **{
                        name: min(turn[name] for turn in turns) for name in ("seconds", "cpu")}}  # fmt: skip
    print(f"{EVENTS:,} events, pages of {PAGE:,}; the best of {TURNS} turns\n")
    print("| | events a second | per second of the server's processor time |\n|---|--:|--:|")
    for name, row in figures.items():
        print(f"| {name} | {row['events'] / row['seconds']:,.0f} | {row['events'] / row['cpu']:,.0f} |")
    goals = [
        at_least(f"{name}, a second {by}", row["events"] / row[figure], 20_000)
        for name, row in figures.items()
        for by, figure in (("by the clock", "seconds"), ("of the server's processor time", "cpu"))
    ]
    told("feed", on, goals, figures)


if __name__ == "__main__":
    main()
