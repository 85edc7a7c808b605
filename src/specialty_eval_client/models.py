"""What answers are: frozen, typed, and indifferent to fields that a later server adds."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

from specialty_eval_client.errors import Unreadable

T = TypeVar("T")
Json = Mapping[str, Any]
Rating = Literal["green", "yellow", "red", "unrated", "incomplete"]


@dataclass(frozen=True, slots=True)
class Status:
    """A specialty's status; `rating` is the one in force, None only where there never was one.

    `etag` names this state of it; `age` is how many seconds old the server's knowledge is (0: fresh), and
    `sequence` the event it rests on. `code` is the present code, also where a superseded one was asked for.
    """

    code: str
    name: str
    school: str
    rating: Rating | None
    rating_year: int | None
    reasons: tuple[str, ...]
    document_number: str | None
    valid_from: date | None
    provisional: Rating | None
    under: tuple[str, ...]
    standing: str
    quota: Mapping[str, int]
    closed_on: date | None
    valid_at: date
    known_at: datetime
    sequence: int
    etag: str = ""
    age: int = 0
    more: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Statuses:
    """Statuses in the order asked; `moved` maps a superseded code to the present one, `unknown` nobody ever had."""

    statuses: tuple[Status, ...]
    moved: Mapping[str, str]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as the caller may know it. `specialty_id` is the permanent number, not the code."""

    seq: int
    at: datetime
    kind: str
    subject_kind: str
    subject_id: int
    specialty_id: int | None
    round_id: int | None
    before: str | None
    after: str | None
    reason: str
    facts: Json
    told: Json
    """The whole event as the server wrote it."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list: `following` is the cursor of the next page, None at the end; `resume` where to wait for more."""

    rows: tuple[T, ...]
    following: str | None
    resume: str | None = None


@dataclass(frozen=True, slots=True)
class Versioned(Generic[T]):
    """A thing and its version: give `etag` back as `if_match` to change this very state and no later one."""

    value: T
    etag: str


STATUS_FIELDS = frozenset(Status.__dataclass_fields__) - {"etag", "age", "more"}


def status(told: Json, etag: str = "", age: int = 0) -> Status:
    """A status from its JSON."""

    def made() -> Status:
        known = {name: told[name] for name in STATUS_FIELDS} | {
            "reasons": tuple(told["reasons"]),
            "under": tuple(told["under"]),
            "valid_from": _day(told["valid_from"]),
            "closed_on": _day(told["closed_on"]),
            "valid_at": date.fromisoformat(told["valid_at"]),
            "known_at": datetime.fromisoformat(told["known_at"]),
        }
        return Status(**known, etag=etag, age=age, more={k: v for k, v in told.items() if k not in STATUS_FIELDS})

    return reading("status", made)


def statuses(told: Json) -> Statuses:
    """The answer to a query for many."""
    return reading(
        "statuses",
        lambda: Statuses(tuple(status(s) for s in told["statuses"]), dict(told["moved"]), tuple(told["unknown"])),
    )


def joined(parts: Iterable[Statuses]) -> Statuses:
    """Several answers as one."""
    found: list[Status] = []
    moved: dict[str, str] = {}
    unknown: list[str] = []
    for part in parts:
        found += part.statuses
        moved |= part.moved
        unknown += part.unknown
    return Statuses(tuple(found), moved, tuple(unknown))


def event(told: Json) -> Event:
    """An event from its JSON."""
    return reading(
        "event",
        lambda: Event(
            seq=told["seq"],
            at=datetime.fromisoformat(told["at"]),
            kind=told["kind"],
            subject_kind=told["subject"]["kind"],
            subject_id=told["subject"]["id"],
            specialty_id=told["specialty_id"],
            round_id=told["round_id"],
            before=told["from"],
            after=told["to"],
            reason=told["reason"],
            facts=told["facts"],
            told=told,
        ),
    )


def page(told: Json, row: Callable[[Json], T]) -> Page[T]:
    """One page of a list whose rows are read by `row`."""
    return reading(
        "page", lambda: Page(tuple(row(r) for r in told["items"]), told["next"], told.get("resume", told.get("follow")))
    )


def reading(what: str, made: Callable[[], T]) -> T:
    """What `made` reads from an answer; Unreadable where the answer has another shape."""
    try:
        return made()
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise Unreadable(f"{what}: {type(fault).__name__}: {fault}") from fault


def _day(told: str | None) -> date | None:
    return None if told is None else date.fromisoformat(told)
