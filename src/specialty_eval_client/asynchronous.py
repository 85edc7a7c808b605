"""The same client for asyncio: the same methods, awaited. A test compares their signatures."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from specialty_eval_client import calls, models
from specialty_eval_client.calls import Call
from specialty_eval_client.errors import Unreachable, refusal
from specialty_eval_client.models import Event, Json, Page, Status, Statuses, Versioned
from specialty_eval_client.options import Options, stays_async

T = TypeVar("T")


class AsyncClient:
    """Asks a specialty-eval server. Every method raises `errors.ClientError` and nothing else for what goes wrong."""

    def __init__(
        self,
        options: Options | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.options = options or Options()
        self._sleep = sleep
        hooks = {"response": [stays_async]}
        self._http = httpx.AsyncClient(**self.options.of_httpx(), transport=transport, event_hooks=hooks)

    async def status(self, code: str, *, valid_at: date | None = None, known_at: datetime | None = None) -> Status:
        """A specialty's status, on a day, as known at an instant; a closed one's last."""
        return await self.ask(calls.status(code, valid_at, known_at))

    async def refreshed(self, known: Status) -> Status:
        """The status of now; `known` itself when nothing changed."""
        return await self.ask(calls.unless_changed(known.code, known))

    async def statuses(self, codes: Iterable[str]) -> Statuses:
        """Any number of statuses, asked for by the thousand."""
        return models.joined([await self.ask(calls.statuses(part)) for part in calls.thousands(codes)])

    async def all_statuses(self) -> AsyncIterator[Status]:
        """Every specialty's status, as they arrive: twenty thousand need no more memory than one."""
        response = await self._sent(calls.EVERY_STATUS, stream=True)
        try:
            if response.is_error:
                await response.aread()
                raise refusal(response)
            async for line in response.aiter_lines():
                yield calls.status_of_line(line)
        except httpx.RequestError as fault:
            raise Unreachable(repr(fault)) from fault
        finally:
            await response.aclose()

    def pages(self, path: str, **params: Any) -> AsyncIterator[Json]:
        """The rows of any list, page after page: `client.pages("/v1/specialties", school="3637000001")`."""
        return self._rows(calls.pages(path, lambda row: row, params))

    def events(
        self, *, after: str | None = None, kinds: Sequence[str] = (), limit: int = 500
    ) -> AsyncIterator[Page[Event]]:
        """The change feed's pages after a cursor, to its present end; the last one's `resume` is where to wait."""
        return self._pages(calls.events(kinds, after, limit))

    def snapshot(self, *, limit: int = 500) -> AsyncIterator[Page[Event]]:
        """The last change of state of everything there is, as of one place of the log: the last page's `resume` is
        where to follow from.
        """
        return self._pages(calls.snapshot(limit))

    async def draft(self, review_id: int) -> Versioned[Json]:
        """What a school has filled in so far, with its version."""
        return await self.ask(calls.versioned("GET", f"/v1/reviews/{review_id}/evidence"))

    async def save_draft(
        self,
        review_id: int,
        figures: Mapping[str, str],
        *,
        sources: Mapping[str, str] | None = None,
        self_evaluation: str = "",
        if_match: str | None = None,
    ) -> Versioned[Json]:
        """Keep what is filled in so far; with `if_match` only over that version (errors.Changed otherwise)."""
        return await self.ask(calls.draft(review_id, figures, sources, self_evaluation, if_match))

    async def attach(self, review_id: int, measure: str, name: str, content: bytes) -> Json:
        """Keep a file that proves a measure."""
        return await self.ask(calls.attachment(review_id, measure, name, content))

    async def submit(self, review_id: int, *, if_match: str | None = None) -> Versioned[Json]:
        """The school head signs and hands in."""
        return await self.ask(calls.versioned("POST", f"/v1/reviews/{review_id}/submit", if_match=if_match))

    async def report(
        self, code: str, year: int, policy: tuple[str, str], figures: Mapping[str, str],
        sources: Mapping[str, str] | None = None,
    ) -> Json:  # fmt: skip
        """A specialty's figures of one year; `policy` is the id and version whose measures they are."""
        return await self.ask(calls.report(code, year, policy, figures, sources))

    async def load(self, kind: str, content: bytes, content_type: str = "text/csv", **params: Any) -> Json:
        """A file of many rows: all of it, or errors.Invalid with every problem and nothing changed."""
        return await self.ask(calls.load(kind, content, content_type, params))

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        if_match: str | None = None,
        key: str | None = None,
    ) -> Any:
        """Any other request: its JSON, its bytes, or None; retried and refused as all are."""
        return await self.ask(
            calls.request(method, path, calls.whole, params=params, body=body, if_match=if_match, key=key)
        )

    async def ask(self, call: Call[T]) -> T:
        """Send a call, again where that is safe and may help, and read its answer."""
        response = await self._sent(call)
        return call.answered(response)

    async def close(self) -> None:
        """Let the connections go."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _rows(self, call: Call[Page[T]]) -> AsyncIterator[T]:
        async for page in self._pages(call):
            for row in page.rows:
                yield row

    async def _pages(self, call: Call[Page[T]]) -> AsyncIterator[Page[T]]:
        while True:
            page = await self.ask(call)
            yield page
            if page.following is None:
                return
            call = calls.after(call, page.following)

    async def _sent(self, call: Call[Any], *, stream: bool = False) -> httpx.Response:
        request = call.shown(self._http.build_request(
            call.method, call.path, params=dict(call.params), content=call.content, headers=dict(call.headers)
        ))  # fmt: skip
        attempt = 0
        while True:
            attempt += 1
            try:
                response = await self._http.send(request, stream=stream)
            except httpx.RequestError as fault:
                wait = self.options.retries.wait_after_fault(fault, attempt, call.repeatable)
                if wait is None:
                    raise Unreachable(f"{call.method} {call.path}: {fault!r}") from fault
            else:
                wait = self.options.retries.wait_after(response, attempt, call.repeatable)
                if wait is None:
                    return response
                await response.aclose()
            await self._sleep(wait)
