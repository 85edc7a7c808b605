"""Events as bytes, encoded once from their rows: as an answer's items, and as CloudEvents 1.0 around the same bytes."""

import json
from collections.abc import Iterable
from typing import Any

JSON, BATCH, ONE, STREAM = (
    "application/json",
    "application/cloudevents-batch+json",
    "application/cloudevents+json",
    "text/event-stream",
)
NULL, NO_WORDS = "null", '""'
TYPE = "specialty-eval."
"""Stands before an event's kind in a CloudEvent's type."""


def told(row: Any) -> bytes:
    """An event as its audience reads it: the bytes of an `EventAnswer`. People stand as numbers."""
    return _told(row).encode()


def _told(row: Any) -> str:
    (seq, _, at, kind, subject_kind, subject, specialty, round_, source, target, person, key, acting_for, reason,
     audience, facts) = row  # fmt: skip
    return (
        f'{{"seq":{seq},"at":"{at.isoformat().replace("+00:00", "Z")}","kind":"{kind}",'
        f'"subject":{{"kind":"{subject_kind}","id":{subject}}},'
        f'"specialty_id":{NULL if specialty is None else specialty},"round_id":{NULL if round_ is None else round_},'
        f'"from":{_name(source)},"to":{_name(target)},'
        f'"actor":{{"person":{NULL if person is None else person},"key":{NULL if key is None else key}}},'
        f'"acting_for":{NULL if acting_for is None else acting_for},"reason":{_words(reason) if reason else NO_WORDS},'
        f'"audience":"{audience}","facts":{facts}}}'
    )


def cloud(row: Any, source: str) -> bytes:
    """The event as a CloudEvent: `data` is what `told` says, `sequence` sorts as the feed does."""
    return _cloud(row, source).encode()


def _cloud(row: Any, source: str) -> str:
    seq, transaction, at, kind, subject_kind, subject = row[:6]
    return (
        f'{{"specversion":"1.0","id":"{seq}","source":"{source}","type":"{TYPE}{kind}",'
        f'"subject":"{subject_kind}/{subject}","time":"{at.isoformat().replace("+00:00", "Z")}",'
        f'"sequence":"{transaction:019d}{seq:019d}","datacontenttype":"application/json","data":{_told(row)}}}'
    )


def page(rows: Iterable[Any], following: str | None, cursor: str, *, name: str = "resume") -> bytes:
    """The bytes of an `EventsAnswer`; of a `SnapshotAnswer` with `follow`."""
    cursors = f'],"next":{_name(following)},"{name}":"{cursor}"}}'
    return f'{{"items":[{",".join(map(_told, rows))}{cursors}'.encode()


def batch(rows: Iterable[Any], source: str) -> bytes:
    """Events as one batch of CloudEvents."""
    return f"[{','.join([_cloud(row, source) for row in rows])}]".encode()


def _name(value: str | None) -> str:
    """A word of ours: no character in it needs another form."""
    return NULL if value is None else f'"{value}"'


def _words(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
