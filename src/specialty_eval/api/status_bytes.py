"""A status as bytes: made ready once, sent often. Only the moment for which it is told is put in as it is sent."""

import hashlib
from datetime import UTC, date, datetime

from specialty_eval.actions.statuses import Status, Told

from .shapes import StatusAnswer

Ready = tuple[bytes, bytes, bytes, int]
"""(what stands before the moment, what stands after it, ETag, status of the answer): a plain tuple, since a process
keeps one for each specialty and the collector need not look into these.
"""
CACHE_CONTROL = "public, max-age=0, must-revalidate"
"""Anybody may keep an answer, and asks with its tag whether it still holds."""
LONGEST_HEADER = 4096
MOMENT = ("valid_at", "known_at")


def ready(told: Told) -> Ready:
    """The bytes of a specialty's status."""
    return encoded(told.status, 410 if told.is_closed else 200)


def encoded(status: Status, answer: int) -> Ready:
    """The bytes of a status. The tag leaves the moment out, so that an unchanged status keeps it."""
    text = StatusAnswer.model_validate(status, from_attributes=True).model_dump_json(exclude=set(MOMENT))
    before, _, after = text.rpartition(',"sequence":')
    return (before + ',"valid_at":"').encode(), after.encode(), tag_of(text.encode()), answer


def moment(valid_at: date, known_at: datetime) -> bytes:
    """What stands between the two parts."""
    instant = known_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return f'{valid_at.isoformat()}","known_at":"{instant}","sequence":'.encode()


def tag_of(told: bytes) -> bytes:
    """The ETag of what is told."""
    return b'"%s"' % hashlib.sha256(told).hexdigest()[:32].encode()


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Whether the caller has what bears this tag: one of a list, weak or not, or `*` (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    listed = {one.strip().removeprefix("W/") for one in if_none_match[:LONGEST_HEADER].split(",")}
    return tag in listed or "*" in listed
