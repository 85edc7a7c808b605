"""A request as it arrives: read whole, its path and query such as can be kept, its JSON strict. No meaning yet."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote_plus

import anyio
from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from specialty_eval.actions.charsets import said_charset
from specialty_eval.engine.characters import is_fit
from specialty_eval.engine.errors import Invalid, NotFound, Problem

from . import limits
from .bell import DROP

JSON = "application/json"
DEEPEST = 16
"""No body of ours nests half as deep."""
BIGGEST = 2**63 - 1
"""The largest number a row can be called by."""
PATIENT, SLOWEST = 60.0, 10_000
"""Seconds for a body to arrive, and how many bytes of it are one second more: whoever is slower holds a connection."""
LONGEST = 200
"""Characters of one part of a path."""

_NUMBER = re.compile(r"[0-9]{1,18}")
_UNFIT = re.compile("[\0\ud800-\udfff]")


class Arrived(Request):
    """A request whose body is here and has been read: of JSON the value, else the bytes."""

    content: Any = b""

    async def json(self) -> Any:
        """The body, read strictly before the route was entered."""
        return self.content


@contextmanager
def in_time(request: Request) -> Iterator[None]:
    """The time that a body of this request's length has to arrive; ClientDisconnect beyond it, and nobody is there."""
    try:
        with anyio.fail_after(PATIENT + limits.length_of(request.scope) / SLOWEST):
            yield
    except TimeoutError:
        if (drop := request.scope.get("extensions", {}).get(DROP)) is not None:
            drop()
        raise ClientDisconnect from None  # it is as good as gone


async def whole(request: Request, *, taken: str | None, numbered: Collection[str]) -> Arrived:
    """The request with its body read. `taken`: the media type of the route's body; `numbered`: its numbers in the path.

    ClientDisconnect where it does not arrive in its time; NotFound for a path that can name nothing; Invalid with every
    reason; HTTPException 415 for another media type.
    """
    arrived = Arrived(request.scope, request.receive)
    with in_time(request):
        body = await arrived.body()
    _check_path(request, numbered)
    if "\0" in unquote_plus(request.url.query):
        raise Invalid(Problem("text-not-storable", "query"))
    arrived.content = body
    if taken == JSON and body:
        refuse_media_type(request, JSON)
        arrived.content = strict(body)
    return arrived


def refuse_media_type(request: Request, *taken: str) -> str:
    """The request's media type, without its parameters; HTTPException 415 when it is none of those taken."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in taken:
        raise HTTPException(415, ", ".join(taken))
    return kind


def with_charset(request: Request, *taken: str) -> str:
    """The request's media type with the charset it names, and no other parameter; HTTPException 415 when it is none
    of those taken.
    """
    kind = refuse_media_type(request, *taken)
    charset = said_charset(request.headers["content-type"])
    return f"{kind}; charset={charset}" if charset else kind


def _check_path(request: Request, numbered: Collection[str]) -> None:
    for name, value in request.path_params.items():
        fits = len(value) <= LONGEST and not _UNFIT.search(value)
        if not fits or (name in numbered and not _NUMBER.fullmatch(value)):
            raise NotFound(Problem("not-found", name, {"kind": name, "id": printable(value[:LONGEST])}))


def strict(body: bytes) -> Any:
    """The value of a JSON text: UTF-8, no key twice, no NaN, nothing that cannot be kept. Invalid with every reason."""
    twice: Counter[str] = Counter()

    def members(found: list[tuple[str, Any]]) -> dict[str, Any]:
        named = dict(found)
        if len(named) < len(found):
            twice.update(key for key, times in Counter(key for key, _ in found).items() if times > 1)
        return named

    try:
        value = json.loads(body.decode(), object_pairs_hook=members, parse_constant=_no_number)
    except RecursionError:
        raise Invalid(Problem("json-too-deep", "body", {"at_most": DEEPEST})) from None
    except UnicodeDecodeError as error:
        raise Invalid(Problem("json-unreadable", "body", {"detail": "UTF-8", "place": error.start})) from None
    except json.JSONDecodeError as error:
        facts = {"detail": error.msg, "line": error.lineno, "column": error.colno, "place": error.pos}
        raise Invalid(Problem("json-unreadable", "body", facts)) from None
    except ValueError as error:
        raise Invalid(Problem("json-unreadable", "body", {"detail": str(error)})) from None
    problems = [Problem("json-key-twice", "body", {"key": printable(key[:LONGEST])}) for key in twice]
    problems += _unfit(value)
    if problems:
        raise Invalid(*problems)
    return value


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _unfit(value: Any) -> Iterator[Problem]:
    """What no row can keep, each with its path."""
    waiting = [("body", value, 0)]
    while waiting:
        where, found, depth = waiting.pop()
        if depth > DEEPEST:
            yield Problem("json-too-deep", "body", {"at_most": DEEPEST})
            return
        if isinstance(found, str) and _UNFIT.search(found):
            yield Problem("text-not-storable", where)
        elif isinstance(found, str) and not is_fit(found):
            yield Problem("text-has-unseen-character", where)
        elif isinstance(found, int) and abs(found) > BIGGEST:
            yield Problem("number-too-large", where, {"expected": f"..{BIGGEST}"})
        elif isinstance(found, dict):
            for key in filter(_UNFIT.search, found):
                yield Problem("text-not-storable", f"{where}.{printable(key)}")
            waiting += [(f"{where}.{printable(key)}", member, depth + 1) for key, member in found.items()]
        elif isinstance(found, list):
            waiting += [(f"{where}.{place}", member, depth + 1) for place, member in enumerate(found)]


def printable(text: str) -> str:
    """The text with what cannot be printed or sent told by its escape."""
    return _UNFIT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
