"""The shapes of events in answers."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class SubjectAnswer(BaseModel):
    """What an event is about."""

    kind: str
    id: int


class ActorAnswer(BaseModel):
    """Who acted, as a number: a person, a machine's key, or neither for the system's clock and the public."""

    person: int | None
    key: int | None


class EventAnswer(BaseModel):
    """An event as its audience reads it."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    seq: int
    at: datetime
    kind: str = Field(description="种类，见 docs/events.md · its kind, listed in docs/events.md")
    subject: SubjectAnswer
    specialty_id: int | None
    round_id: int | None
    source: str | None = Field(alias="from", description="原状态 · the state before, null where none changed")
    target: str | None = Field(alias="to", description="新状态 · the state after, null where none changed")
    actor: ActorAnswer
    acting_for: int | None = Field(description="以哪个单位的职务 · the organisation whose role was used")
    reason: str
    audience: Literal["public", "school", "office", "sealed"]
    facts: dict[str, Any] = Field(description="随种类而定，见 docs/events.md · by kind, see docs/events.md")


class EventsAnswer(BaseModel):
    """A page of events, the cursor of the next page, and where to go on once there is more."""

    items: list[EventAnswer]
    next: str | None
    resume: str


class SnapshotAnswer(BaseModel):
    """A page of subjects, each by its last change of state, the next page, and the cursor from which to follow."""

    items: list[EventAnswer]
    next: str | None
    follow: str
