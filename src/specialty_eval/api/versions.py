"""The API's version is a date: that of the last change which took something away from programs (ADR 0027).

A program may say in `API-Version` for which date it was written. It is answered as long as nothing was taken away;
otherwise it is refused before anything is done, instead of misunderstood.
"""

from starlette.types import Message, Scope, Send

from specialty_eval.engine.errors import Invalid, Problem

VERSION = "2026-11-29"
"""What every answer says."""
OLDEST = "2026-11-29"
"""The earliest date whose programs are still answered as they expect."""
HEADER = (b"api-version", VERSION.encode())


def refused(scope: Scope) -> Invalid | None:
    """Why a request for another version is not answered; None where it says nothing, or what is kept."""
    asked = next((value for name, value in scope["headers"] if name == HEADER[0]), None)
    if asked is None or is_kept(asked):
        return None
    value = asked[:20].decode("latin-1")
    return Invalid(Problem("api-version-unknown", "API-Version", {"value": value, "oldest": OLDEST, "newest": VERSION}))


def is_kept(asked: bytes) -> bool:
    """Whether programs written for this date are answered as they expect."""
    return OLDEST.encode() <= asked <= HEADER[1]


def telling(send: Send) -> Send:
    """Answers, each with the version in its head."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), HEADER]}
        await send(message)

    return told
