"""Carries events to the endpoints of other systems: several at once, of each endpoint one message after another.

So a slow receiver makes nobody wait but itself. Two workers may run: an endpoint is at one of them alone.
"""

import asyncio
import secrets
import sys
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event as Signal
from time import monotonic
from typing import TypeVar

from sqlalchemy.orm import Session, sessionmaker

from specialty_eval.actions import deliveries, webhook_signing
from specialty_eval.actions.context import Context, commit
from specialty_eval.actions.deliveries import Came, Parcel
from specialty_eval.api import event_bytes
from specialty_eval.engine.permissions import Actor
from specialty_eval.engine.webhooks import TENTHS, Network
from specialty_eval.outgoing import Caller
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.files import Files

T = TypeVar("T")
EVERY = 0.5
"""Seconds between two looks for endpoints that have something to do."""
AT_ONCE = 64
"""Endpoints that are served at the same time."""
CONNECTIONS = 4
"""Of the database, for all of them: none is held while somebody answers."""
TURN = 30.0
"""Seconds after which an endpoint with more to do lets the others have their turn."""


@dataclass(slots=True)
class Carrier:
    """Works on one database by one clock, calling through one `Caller`."""

    sessions: sessionmaker[Session]
    files: Files
    clock: Callable[[], datetime]
    caller: Caller

    async def until(self, stopped: Signal, every: float = EVERY) -> None:
        """Serve whoever has something to do, until stopped; what is on its way ends first."""
        # Names are looked up in threads too, and one that takes long is nobody else's to wait for.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(AT_ONCE + CONNECTIONS))
        serving = set[asyncio.Task[int]]()
        gate = asyncio.Semaphore(CONNECTIONS)
        try:
            while not stopped.is_set():
                if free := AT_ONCE - len(serving):
                    found = await self._in(gate, partial(deliveries.claim, limit=free))
                    serving |= {asyncio.create_task(self._turn(gate, one, stopped)) for one in found}
                if serving:
                    _, serving = await asyncio.wait(serving, timeout=every, return_when=asyncio.FIRST_COMPLETED)
                else:
                    await asyncio.sleep(every)
        finally:
            await asyncio.gather(*serving)

    async def once(self) -> int:
        """Serve everybody who has something to do now, as long as there is any; how many messages were sent."""
        gate, sent = asyncio.Semaphore(CONNECTIONS), 0
        while found := await self._in(gate, partial(deliveries.claim, limit=AT_ONCE)):
            sent += sum(await asyncio.gather(*(self._turn(gate, one, Signal()) for one in found)))
        return sent

    async def _turn(self, gate: asyncio.Semaphore, endpoint_id: int, stopped: Signal) -> int:
        """A turn of an endpoint; a fault ends this one alone. It then waits until its lease is over."""
        try:
            return await self._serve(gate, endpoint_id, stopped)
        except Exception as error:  # the edge: whatever it is, the other endpoints are served all the same
            traceback.print_exception(error, file=sys.stderr)
            return 0

    async def _serve(self, gate: asyncio.Semaphore, endpoint_id: int, stopped: Signal) -> int:
        """One message after another, for a turn; how many."""
        begun, sent = monotonic(), 0
        while not stopped.is_set() and monotonic() - begun < TURN:
            parcel = await self._in(gate, partial(deliveries.following, endpoint_id=endpoint_id))
            if parcel is None:
                break
            came = await self._send(parcel)
            chance = secrets.randbelow(TENTHS)
            await self._in(gate, partial(deliveries.record, parcel=parcel, came=came, chance=chance))
            sent += 1
        await self._in(gate, partial(deliveries.release, endpoint_id=endpoint_id))
        return sent

    async def _send(self, parcel: Parcel) -> Came:
        """What came of it; a fault of ours is an attempt too, which its owner reads and which comes again later."""
        try:
            body = event_bytes.cloud(parcel.event, parcel.source)
            signed = webhook_signing.headers(parcel.algorithm, parcel.keys, parcel.webhook_id, self.clock(), body)
            return await self.caller.post(parcel.url, {"content-type": event_bytes.ONE, **signed}, body)
        except Exception as error:  # the edge: it goes on record as what came of this message
            traceback.print_exception(error, file=sys.stderr)
            return Came(0, problem="webhook-not-sent")

    async def _in(self, gate: asyncio.Semaphore, act: Callable[[Context], T]) -> T:
        """In a transaction of its own, in a thread."""
        async with gate:
            return await asyncio.to_thread(self._act, act)

    def _act(self, act: Callable[[Context], T]) -> T:
        with self.sessions() as session:
            ctx = Context(session, Actor(is_system=True), self.clock(), self.files)
            result = act(ctx)
            commit(ctx)
            return result


def carry(
    url: str, files: Path, clock: Callable[[], datetime], stopped: Signal, networks: Sequence[Network] = ()
) -> None:
    """Carry what is to be delivered on a database until stopped."""
    engine = make_engine(url, pool_size=CONNECTIONS)
    try:
        asyncio.run(Carrier(make_sessions(engine), Files(files), clock, Caller(networks)).until(stopped))
    finally:
        engine.dispose()
