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
TYPE = "specialty-eval."
"""Stands before an event's kind in a CloudEvent's type."""


def told(row: Any) -> bytes:
    """An event as its audience reads it: the bytes of an `EventAnswer`. People stand as numbers."""
    number = _number
    return (
        f'{{"seq":{row.seq},"at":"{moment(row)}","kind":"{row.kind}",'
        f'"subject":{{"kind":"{row.subject_kind}","id":{row.subject_id}}},'
        f'"specialty_id":{number(row.specialty_id)},"round_id":{number(row.round_id)},'
        f'"from":{_name(row.source)},"to":{_name(row.target)},'
        f'"actor":{{"person":{number(row.actor_person_id)},"key":{number(row.actor_key_id)}}},'
        f'"acting_for":{number(row.acting_for_id)},"reason":{_words(row.reason)},'
        f'"audience":"{row.audience}","facts":{row.facts}}}'
    ).encode()


def cloud(row: Any, source: str) -> bytes:
    """The event as a CloudEvent: `data` is what `told` says, `sequence` sorts as the feed does."""
    return (
        f'{{"specversion":"1.0","id":"{row.seq}","source":"{source}","type":"{TYPE}{row.kind}",'
        f'"subject":"{row.subject_kind}/{row.subject_id}","time":"{moment(row)}",'
        f'"sequence":"{row.transaction:019d}{row.seq:019d}","datacontenttype":"application/json","data":'
    ).encode() + told(row) + b"}"  # fmt: skip


def page(rows: Iterable[Any], following: str | None, cursor: str, *, name: str = "resume") -> bytes:
    """The bytes of an `EventsAnswer`; of a `SnapshotAnswer` with `follow`."""
    cursors = f'],"next":{_name(following)},"{name}":"{cursor}"}}'.encode()
    return b'{"items":[' + b",".join(map(told, rows)) + cursors


def batch(rows: Iterable[Any], source: str) -> bytes:
    """Events as one batch of CloudEvents."""
    return b"[" + b",".join(cloud(row, source) for row in rows) + b"]"


def moment(row: Any) -> str:
    """When it happened, in UTC."""
    at: str = row.at.isoformat()
    return at.replace("+00:00", "Z")


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)


def _name(value: str | None) -> str:
    """A word of ours: no character in it needs another form."""
    return "null" if value is None else f'"{value}"'


def _words(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if value else '""'
