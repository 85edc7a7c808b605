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
    asked = next((value.decode("latin-1") for name, value in scope["headers"] if name == HEADER[0]), None)
    if asked is None or OLDEST <= asked <= VERSION:
        return None
    return Invalid(
        Problem("api-version-unknown", "API-Version", {"value": asked[:20], "oldest": OLDEST, "newest": VERSION})
    )


def telling(send: Send) -> Send:
    """Answers, each with the version in its head."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), HEADER]}
        await send(message)

    return told
