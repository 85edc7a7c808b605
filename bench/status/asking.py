"""What is asked, and what a server did with it: answers a second, per second of its processor time, waits."""

import json
import random
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
from processes import spent

HERE = Path(__file__).resolve().parent
SEPARATOR = b"\n%%%%\n"


def get(port: int, path: str) -> tuple[bytes, str]:
    """A body and its tag."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return answer.read(), answer.headers.get("ETag", "")


def requests_of(codes: list[str], folder: Path, port: int) -> dict[str, Path]:
    """What is asked: one status, one that the caller has, one that nobody has, a hundred by their codes, all."""
    pick = random.Random(3)
    head = "Host: x\r\nAccept: */*\r\n"
    one = [f"GET /v1/specialties/{code}/status HTTP/1.1\r\n{head}\r\n".encode() for code in pick.sample(codes, 5000)]
    known = []
    for code in pick.sample(codes, 200):
        tag = get(port, f"/v1/specialties/{code}/status")[1]
        known.append(f"GET /v1/specialties/{code}/status HTTP/1.1\r\n{head}If-None-Match: {tag}\r\n\r\n".encode())
    many = []
    for _ in range(200):
        body = json.dumps({"codes": pick.sample(codes, 100)})
        said = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        many.append(f"POST /v1/status/query HTTP/1.1\r\n{head}{said}\r\n{body}".encode())
    packed = [request.replace(b"\r\n\r\n", b"\r\nAccept-Encoding: gzip\r\n\r\n", 1) for request in many]
    made = {}
    wanted = {"one": one, "304": known, "hundred": many, "hundred, gzip": packed, "all": all_of(),
              "graphql": graphql(pick.sample(codes, 5000))}  # fmt: skip
    for name, asked in wanted.items():
        made[name] = folder / name
        made[name].write_bytes(SEPARATOR.join(asked))
    return made


def all_of() -> list[bytes]:
    """The whole list."""
    return [b"GET /v1/status.ndjson HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n"]


def graphql(codes: list[str]) -> list[bytes]:
    """One status, as PostGraphile is asked for it."""
    fields = "code name school rating ratingYear reasons documentNumber validFrom provisional under standing quota"
    query = "query($c:String!){plainStatusByCode(code:$c){" + fields + " closedOn sequence}}"
    asked = []
    for code in codes:
        body = json.dumps({"query": query, "variables": {"c": code}})
        head = f"Host: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        asked.append(f"POST /graphql HTTP/1.1\r\n{head}\r\n{body}".encode())
    return asked


def measured(server: psutil.Process, port: int, connections: int, asked: Path, seconds: float) -> dict[str, float]:
    """One run of the client."""
    before, begun = spent(server), time.perf_counter()
    said = subprocess.run(
        [sys.executable, str(HERE.parent / "asker.py"), str(port), str(connections), str(seconds), str(asked)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    used, took = max(spent(server) - before, 1e-6), time.perf_counter() - begun
    found: dict[str, float] = json.loads(said)
    return {**found, "rate": found["done"] / found["seconds"], "per_cpu": found["done"] / used, "busy": used / took}
