"""Statuses answered from ready bytes, in front of the framework: what is asked most passes through nothing else.

Whatever is asked in another way, and everything until the bytes are there, is left to the routes (ADR 0021), which
answer the same: a test compares the two byte by byte.
"""

from collections.abc import Iterable
from datetime import date
from time import monotonic
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from specialty_eval.engine.errors import NotFound, Problem

from .arrival import LONGEST
from .problems import answer
from .versions import HEADER as VERSION
from .versions import is_kept

Ready = tuple[bytes, bytes, bytes, int]
"""As `status_bytes.Ready`, which is loaded with the statuses."""
Header = tuple[bytes, bytes]
Headers = tuple[Header, ...]
Asked = tuple[bytes, bytes, bytes, int, list[Header]]
"""A `Ready` and the headers of its answer, with which it was answered before."""
BEFORE, AFTER = "/v1/specialties/", "/status"
LEFT, RIGHT = len(BEFORE), len(AFTER)
OF_CODE = slice(LEFT, -RIGHT)
IF_NONE_MATCH = b"if-none-match"
HEARD = frozenset({IF_NONE_MATCH, b"authorization", VERSION[0]})
"""Headers that are looked at. Whoever shows something, or asks for a version that is not kept, is left to the routes,
which say whether it holds."""
READS = frozenset({"GET", "HEAD"})
FRESH = 2
"""Seconds without word from the database after which an answer says how old it is."""
PATIENCE = 15 * 60
"""Seconds without word from the database after which nothing is answered from memory any more."""
CACHE = (b"cache-control", b"public, max-age=0, must-revalidate")
JSON = (b"content-type", b"application/json")
KEPT, OF_BODY = 3, 2
"""Headers of every answer, and those of one with a body behind them."""
LENGTHS = [(b"content-length", b"%d" % length) for length in range(4096)]


class Fast:
    """Code → ready bytes, and how far they can be relied on. One thread writes, the event loop reads."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self.codes: dict[str, Ready | str] = {}
        """A superseded code names its specialty's present one."""
        self.by_id: dict[int, Ready] = {}
        self.turns: dict[int, date] = {}
        """Specialty → the next day that alone changes its status."""
        self._now: tuple[bytes, dict[str, Asked]] = b"", {}
        """The moment, and by path what somebody has asked for: its headers are made once."""
        self.is_full = False
        self.edition = 0
        """Raised whenever something was put."""
        self.settled = 0
        """The edition with everything that belongs to it: what is being put now is not."""
        self.sequence = 0
        """The last event that all this rests on."""
        self.contact = 0.0
        self.fault = ""
        """What went wrong where nothing is kept up to date, until everything was read again."""

    # --- writing ------------------------------------------------------------------------------------------------------

    def put(
        self, key: int, code: str, before: Iterable[str], turns: date | None, ready: Ready, part_of: str | None = None
    ) -> None:
        """A specialty's status from now on; of one that is part of another, its codes lead there."""
        self.by_id[key] = ready
        self.codes[code] = ready if part_of is None else part_of
        self.codes.update(dict.fromkeys(before, part_of or code))
        for changed in (code, *before):  # after the codes: whoever keeps an answer looks at them afterwards
            self._now[1].pop(f"{BEFORE}{changed}{AFTER}", None)
        if turns is None:
            self.turns.pop(key, None)
        else:
            self.turns[key] = turns
        self.edition += 1

    def know(self, moment: bytes, sequence: int, contact: float) -> None:
        """Everything there is was as told here at this moment, by word from the database at `contact`."""
        self._now = moment, self._now[1] if len(moment) == len(self.moment) else {}  # else every length is another
        self.sequence, self.contact = sequence, contact
        self.settled = self.edition
        self.is_full = True

    def turning(self, day: date) -> list[int]:
        """The specialties whose status is another on this day."""
        return [key for key, turns in self.turns.items() if turns <= day]

    # --- reading ------------------------------------------------------------------------------------------------------

    def every(self) -> tuple[int, list[Ready], bytes] | None:
        """The edition, every status of it in the order in which they were put on record, and its moment.

        None while one is made.
        """
        edition = self.edition
        by_id, moment = self.by_id.copy(), self.moment
        if not self.is_full or edition != self.settled or edition != self.edition:
            return None
        return edition, [by_id[key] for key in sorted(by_id)], moment

    @property
    def moment(self) -> bytes:
        """What stands in every answer between its two parts."""
        return self._now[0]

    @property
    def age(self) -> float:
        """Seconds since the database last said how things are."""
        return monotonic() - self.contact

    @property
    def answers(self) -> bool:
        """Whether there is something, and not too old."""
        return self.is_full and self.age <= self.patience

    def told(self, path: str, headers: list[Header]) -> tuple[int, list[Header], bytes] | None:
        """Status, headers and body for whoever asks for a specialty's status at this path; None for the routes.

        One function without a step to wait in: this is what a server does most.
        """
        moment, asked = self._now
        found = asked.get(path) or self._first(path, moment, asked)
        if found is None or not self.is_full:
            return None
        before, after, tag, status, said = found
        known = None
        for name, value in headers:
            if name in HEARD:
                if name == IF_NONE_MATCH:
                    known = known or value
                elif name != VERSION[0] or not is_kept(value):
                    return None
        age = monotonic() - self.contact
        if age >= FRESH:
            if age > self.patience:
                return None
            said = [*said[:KEPT], *self.aged(age), *said[KEPT:]]
        if known is not None and (known == tag or _is_known(tag, known)):
            return 304, said[:-OF_BODY], b""
        return status, said, before + moment + after

    def _first(self, path: str, moment: bytes, asked: dict[str, Asked]) -> Asked | None:
        """What is asked for there, kept for whoever asks next; None where it is no status's path."""
        code = path[OF_CODE] if path[:LEFT] == BEFORE and path[-RIGHT:] == AFTER else None
        ready = None if code is None else self.codes.get(code)
        if code is None or not isinstance(ready, tuple):
            return None
        before, after, tag, _ = ready
        length = length_of(len(before) + len(moment) + len(after))
        asked[path] = found = (*ready, [(b"etag", tag), CACHE, VERSION, length, JSON])
        if self.codes.get(code) is not ready:  # another was put meanwhile: this answer is the last of the old one
            asked.pop(path, None)
        return found

    async def elsewhere(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer for a superseded code, and for one that nobody ever had; False for whatever else is asked."""
        if scope["type"] != "http" or not self.answers:
            return False
        path, code = scope["path"], scope["path"][OF_CODE]
        is_asked = path.startswith(BEFORE) and path.endswith(AFTER) and not scope["query_string"]
        if not is_asked or scope["method"] not in READS or any(n == b"authorization" for n, _ in scope["headers"]):
            return False
        now = self.codes.get(code)
        if isinstance(now, str):
            response: Response = RedirectResponse(quote(f"{BEFORE}{now}{AFTER}"), 308)
        elif now is None and code and len(code) <= LONGEST and code.isprintable() and "/" not in code:
            response = await run_in_threadpool(_unknown, code)
        else:
            return False
        if self.age >= FRESH:
            response.raw_headers.extend(self.aged(self.age))
        await response(scope, receive, send)
        return True

    def aged(self, age: float) -> Headers:
        """How old an answer is, and the event it rests on."""
        return (b"age", b"%d" % age), (b"status-sequence", b"%d" % self.sequence)


def _is_known(tag: bytes, if_none_match: bytes) -> bool:
    from .status_bytes import is_known  # noqa: PLC0415 -- with the statuses

    return is_known(tag.decode(), if_none_match.decode("latin-1"))


def _unknown(code: str) -> Response:
    return answer(NotFound(Problem("not-found", "specialty", {"kind": "specialty", "id": code})))


def length_of(length: int) -> Header:
    """The header that says it."""
    return LENGTHS[length] if length < len(LENGTHS) else (b"content-length", b"%d" % length)
