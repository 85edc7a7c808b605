"""What can go wrong, as one tree.

ClientError
├── Unreachable            nothing came back, or not whole
├── Unreadable             an answer that is not what the documentation says
└── Refused                the server said no; `problems` has every reason
    ├── NotSignedIn  401   ├── Forbidden    403   ├── NotFound     404
    ├── Conflict     409   ├── Gone         410   ├── Changed      412
    ├── TooLarge     413   ├── Invalid      422   ├── TooMany      429
    └── Unavailable  5xx
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason of a refusal: a stable code, where, the facts, and what to do next in both languages."""

    code: str
    where: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    zh: str = ""
    en: str = ""
    next_zh: str = ""
    next_en: str = ""


class ClientError(Exception):
    """Anything this package raises on purpose."""


class Unreachable(ClientError):  # noqa: N818 -- the answer of a server, named as it says
    """Nothing came back, after as many attempts as were allowed."""


class Unreadable(ClientError):  # noqa: N818 -- the answer of a server, named as it says
    """An answer that is not what the documentation says: another server, or a version apart."""


class Refused(ClientError):  # noqa: N818 -- the answer of a server, named as it says
    """The server said no: `status` is the HTTP status, `problems` has every reason, the first thousand in full."""

    def __init__(self, status: int, problems: Sequence[Problem], retry_after: float | None = None) -> None:
        self.status = status
        self.problems = tuple(problems)
        self.retry_after = retry_after
        reasons = [f"{p.code}{f' ({p.where})' if p.where else ''}: {p.zh} · {p.en}".rstrip(" ·:") for p in problems]
        super().__init__("\n".join([str(status), *reasons]))

    @property
    def codes(self) -> frozenset[str]:
        """The codes of its reasons."""
        return frozenset(p.code for p in self.problems)


class NotSignedIn(Refused):
    """401: no key, or one that has ended."""


class Forbidden(Refused):
    """403: seen, but not yours to do."""


class NotFound(Refused):
    """404: there is none, or you may not know that there is."""


class Conflict(Refused):
    """409: not now."""


class Gone(Refused):
    """410: closed for good, or a cursor older than what is kept."""


class Changed(Refused):
    """412: somebody was faster; read again."""


class TooLarge(Refused):
    """413: larger than the server reads."""


class Invalid(Refused):
    """422: values that break a rule, every one named."""


class TooMany(Refused):
    """429: more requests than the limit; `retry_after` says when the next may come, in seconds."""


class Unavailable(Refused):
    """5xx, after as many attempts as were allowed."""


BY_STATUS: dict[int, type[Refused]] = {
    401: NotSignedIn,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    412: Changed,
    413: TooLarge,
    422: Invalid,
    429: TooMany,
}


def refusal(response: httpx.Response) -> Refused:
    """The error for an answer of 400 and above; one without reasons has its text as the only one."""
    kind = BY_STATUS.get(response.status_code, Unavailable if response.status_code >= 500 else Refused)
    return kind(response.status_code, _problems(response), retry_after(response))


def retry_after(response: httpx.Response) -> float | None:
    """The seconds of `Retry-After`; None without it, or where it is a date: a stranger's clock is no ground."""
    said = response.headers.get("retry-after", "").strip()
    return float(said) if said.isascii() and said.isdigit() else None


def _problems(response: httpx.Response) -> list[Problem]:
    try:
        told = response.json()["problems"]
        return [
            Problem(
                p["code"], p.get("where", ""), p.get("facts", {}),
                p.get("zh", ""), p.get("en", ""), p.get("next_zh", ""), p.get("next_en", ""),
            )
            for p in told
        ]  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError):
        return [Problem("http", facts={"status": response.status_code}, en=response.text[:200])]
