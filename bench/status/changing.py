"""`changing.py URL SECONDS PORT…`: fifty changes a second, each with its event, and how long some took to be answered.

Every fifth is asked for over HTTP from each of the processes until it is there, in a thread for each: over one
connection that stays, since what watches is not to be the load.
"""

import http.client
import json
import queue
import random
import sys
import threading
import time

import psycopg

A_SECOND, WATCHED, BETWEEN = 50, 5, 0.02
Change = tuple[str, int, float]
"""(code, the new quota, when it was committed)."""


def watch(port: int, changes: "queue.Queue[Change | None]", waits: list[float]) -> None:
    """Ask one process for each change until it is there."""
    open_ones: list[Change] = []
    is_over = False
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while open_ones or not is_over:
        try:
            while not is_over:
                change = changes.get(block=not open_ones)
                is_over = change is None
                open_ones += [] if change is None else [change]
        except queue.Empty:
            pass
        for change in tuple(open_ones):
            code, quota, committed = change
            asking.request("GET", f"/v1/specialties/{code}/status")
            if b'"2025":%d' % quota in asking.getresponse().read():
                waits.append(time.monotonic() - committed)
                open_ones.remove(change)
        time.sleep(BETWEEN)


def publish(url: str, seconds: float, watching: list["queue.Queue[Change | None]"]) -> int:
    """Change one quota after the other, each in a transaction of its own; how many."""
    number = 0
    with psycopg.connect(url, autocommit=True) as connection:
        codes = connection.execute("SELECT code, specialty_id FROM specialty_code").fetchall()
        random.shuffle(codes)
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            code, key = codes[number]
            quota = 1_000_000 + number
            with connection.transaction():
                set_quota = "UPDATE opening_quota SET quota = %s WHERE specialty_id = %s AND academic_year = 2025"
                connection.execute(set_quota, [quota, key])
                connection.execute(
                    "INSERT INTO event (at, kind, subject_kind, subject_id, specialty_id, audience, facts)"
                    " VALUES (now(), 'standing.rate', 'standing', %s, %s, 'public', '{}')", [key, key])  # fmt: skip
            if number % WATCHED == 0:
                for each in watching:
                    each.put((code, quota, time.monotonic()))
            number += 1
            time.sleep(max(0.0, number / A_SECOND - (time.monotonic() - begun)))
    return number


def main(url: str, seconds: str, *ports: str) -> None:
    """Change and watch; say how many changes, and each process's waits."""
    watching: list[queue.Queue[Change | None]] = [queue.Queue() for _ in ports]
    waits: list[list[float]] = [[] for _ in ports]
    threads = [threading.Thread(target=watch, args=(int(port), each, found))
               for port, each, found in zip(ports, watching, waits, strict=True)]  # fmt: skip
    for thread in threads:
        thread.start()
    number = publish(url, float(seconds), watching)
    for each in watching:
        each.put(None)
    for thread in threads:
        thread.join()
    print(json.dumps({"changes": number, "waits": waits}))


if __name__ == "__main__":
    main(*sys.argv[1:])
