"""The change feed kept on this machine: what was read once is here, also offline, and nothing is missed.

A page and the cursor after it are kept in one transaction. A program that is killed between two goes on where it was.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from specialty_eval_client import models
from specialty_eval_client.asynchronous import AsyncClient
from specialty_eval_client.errors import ClientError, Gone
from specialty_eval_client.models import Event, Page
from specialty_eval_client.outages import Outage, untold
from specialty_eval_client.sync import Client

TABLES = """
CREATE TABLE IF NOT EXISTS event (
    place INTEGER PRIMARY KEY, log INTEGER NOT NULL, seq INTEGER NOT NULL, told TEXT NOT NULL, UNIQUE (log, seq)
);
CREATE TABLE IF NOT EXISTS feed (
    only INTEGER PRIMARY KEY CHECK (only = 1), server TEXT, kinds TEXT, cursor TEXT, log INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE IF NOT EXISTS gap (place INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS reader (name TEXT PRIMARY KEY, place INTEGER NOT NULL);
"""


class OtherFeed(ClientError):  # noqa: N818 -- what is found, named as it is
    """The file holds another server's events, or those of other kinds: a cursor belongs to its own question."""


class FeedCache:
    """Events in an SQLite file, in the feed's order. One file for one server and one choice of kinds, one writer.

    `errors.Gone` says that the cursor holds no longer: too old, or the server was restored and its log is another.
    """

    def __init__(self, path: Path | str) -> None:
        self._kept = sqlite3.connect(path, isolation_level=None)
        self._kept.execute("PRAGMA journal_mode = WAL")
        self._kept.executescript(TABLES)

    @property
    def cursor(self) -> str | None:
        """Where the feed goes on; None before the first page."""
        row = self._kept.execute("SELECT cursor FROM feed").fetchone()
        return row[0] if row else None

    def __len__(self) -> int:
        return int(self._kept.execute("SELECT count(*) FROM event").fetchone()[0])

    def pull(self, client: Client, kinds: Sequence[str] = ()) -> int:
        """Fetch all there is by now; how many events were new. `errors.Gone`: see `restart`."""
        self._belong(client.options.server, kinds)
        return sum(self._keep(page) for page in client.events(after=self.cursor, kinds=kinds))

    async def pull_async(self, client: AsyncClient, kinds: Sequence[str] = ()) -> int:
        """The same for asyncio."""
        self._belong(client.options.server, kinds)
        return sum([self._keep(page) async for page in client.events(after=self.cursor, kinds=kinds)])

    def events(self, after: int = 0) -> Iterator[tuple[int, Event]]:
        """The kept events behind a place, each with its own place; no server is asked."""
        while rows := self._kept.execute(
            "SELECT place, told FROM event WHERE place > ? ORDER BY place LIMIT 500", (after,)
        ).fetchall():
            yield from ((place, models.event(json.loads(told))) for place, told in rows)
            after = rows[-1][0]

    def unread(self, reader: str = "") -> Iterator[Event]:
        """The events this reader has not finished. One counts as finished when the next is asked for: a program that
        dies over one gets it again, and its `seq` says that it is the same.
        """
        row = self._kept.execute("SELECT place FROM reader WHERE name = ?", (reader,)).fetchone()
        for place, event in self.events(row[0] if row else 0):
            yield event
            self._kept.execute("INSERT OR REPLACE INTO reader VALUES (?, ?)", (reader, place))

    def restart(self, gone: Gone | None = None) -> None:
        """Forget the cursor: the next pull begins anew, and what is kept stays, once.

        After `errors.Gone`, which is given, events may be missing behind what is kept (see `gaps`); where the log is
        another one, its numbers begin anew and are no repetitions.
        """
        is_other = gone is not None and "cursor-of-another-log" in gone.codes
        with self._kept:
            self._kept.execute("BEGIN IMMEDIATE")
            self._kept.execute("UPDATE feed SET cursor = NULL, log = log + ?", (is_other,))
            if gone is not None:
                self._kept.execute("INSERT OR IGNORE INTO gap SELECT coalesce(max(place), 0) FROM event")

    def gaps(self) -> list[int]:
        """The places behind which events may be missing: a snapshot says how things stand."""
        return [place for (place,) in self._kept.execute("SELECT place FROM gap ORDER BY place")]

    def close(self) -> None:
        """Close the file."""
        self._kept.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _belong(self, server: str, kinds: Sequence[str]) -> None:
        asked = (server.rstrip("/"), json.dumps(sorted(kinds)))
        self._kept.execute("INSERT OR IGNORE INTO feed VALUES (1, ?, ?, NULL, 1)", asked)
        held = self._kept.execute("SELECT server, kinds FROM feed").fetchone()
        if held != asked:
            raise OtherFeed(f"kept: {held}, asked: {asked}")

    def _keep(self, page: Page[Event]) -> int:
        rows = [(event.seq, json.dumps(event.told, ensure_ascii=False)) for event in page.rows]
        before = len(self)
        with self._kept:
            self._kept.execute("BEGIN IMMEDIATE")
            self._kept.executemany(
                "INSERT OR IGNORE INTO event (log, seq, told) VALUES ((SELECT log FROM feed), ?, ?)", rows
            )
            onward = page.following or page.resume
            if onward:
                self._kept.execute("UPDATE feed SET cursor = ?", (onward,))
        return len(self) - before


def follow(
    client: Client,
    cache: FeedCache,
    kinds: Sequence[str] = (),
    *,
    every: float = 2.0,
    sleep: Callable[[float], None] = time.sleep,
    away: Callable[[ClientError], None] = untold,
) -> Iterator[Event]:
    """Every event, kept ones first, then as they come, without end; the server is asked every so many seconds.

    One that was there is waited for when it is away, and `away` hears of it once. `errors.Gone`: see `restart`.
    """
    outage = Outage(every, away)
    while True:
        yield from cache.unread()
        try:
            new = cache.pull(client, kinds)
        except ClientError as fault:
            sleep(outage.wait(fault))
            continue
        outage.over()
        if not new:
            sleep(every)


async def follow_async(
    client: AsyncClient, cache: FeedCache, kinds: Sequence[str] = (), *, every: float = 2.0,
    away: Callable[[ClientError], None] = untold,
) -> AsyncIterator[Event]:  # fmt: skip
    """The same for asyncio."""
    outage = Outage(every, away)
    while True:
        for event in cache.unread():
            yield event
        try:
            new = await cache.pull_async(client, kinds)
        except ClientError as fault:
            await asyncio.sleep(outage.wait(fault))
            continue
        outage.over()
        if not new:
            await asyncio.sleep(every)
