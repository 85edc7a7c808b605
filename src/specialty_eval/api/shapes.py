"""Shapes that several answers share."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

from specialty_eval.actions.context import Possible
from specialty_eval.engine.standing import StandingState
from specialty_eval.engine.vocabulary import Rating

from .problems import ReasonAnswer, reason

R = TypeVar("R", bound=BaseModel)
Level = Literal["secondary", "associate", "bachelor"]
SchoolKind = Literal["secondary", "technician", "college", "vocational_university"]


def sometimes(description: str) -> Any:
    """A field that some answers leave out, and that is never null. Its route answers with `exclude_unset`."""
    return Field(default=None, description=description, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class Listed(BaseModel, Generic[R]):
    """A page of rows, and the cursor of the next one (`after`); null at the end."""

    items: list[R]
    next: str | None

    @classmethod
    def of(cls, rows: Sequence[object], cursor: str | None) -> "Listed[R]":
        """The page of these rows."""
        return cls.model_validate({"items": rows, "next": cursor}, from_attributes=True)


class StatusAnswer(BaseModel):
    """The rating in force and everything around it, each in a field of its own.

    `rating`, `rating_year`, `reasons`, `document_number` and `valid_from` follow `valid_at` and `known_at`;
    `provisional`, `under`, `standing`, `quota`, `closed_on` and `sequence` are told as they are now.
    """

    code: str
    name: str
    school: str
    rating: Rating | None = Field(description="现行等级，未参评时为空 · the one in force, null if there never was one")
    rating_year: int | None = Field(description="依据哪一年的数据 · the year of its evidence")
    reasons: list[str] = Field(description="理由代码 · the policy's reason codes")
    document_number: str | None
    valid_from: date | None = Field(description="自哪一天生效 · the first day it holds")
    provisional: Rating | None = Field(description="此刻公示中的等级 · the rating in publicity now, if one is")
    under: list[str] = Field(
        description="此刻的异议、申诉、更正 · `objection`, `appeal`, `correction`: what is going on now"
    )
    standing: StandingState = Field(description="此刻的专业状态 · the standing now")
    quota: dict[int, int] = Field(description="学年 → 此刻已批准的招生计划数 · quota by academic year, as approved now")
    closed_on: date | None
    valid_at: date = Field(description="所问的日子 · the day that was asked about")
    known_at: datetime = Field(description="按哪一刻所知 · as it was known at this instant")
    sequence: int = Field(description="此刻的最后一个事件，不随 known_at · the last event now, whatever `known_at`")


GONE: dict[int | str, dict[str, Any]] = {
    308: {"description": "the code is superseded: the same request at `Location`, under the specialty's new code"},
    410: {"description": "the specialty is closed: its last status", "model": StatusAnswer},
}
"""What every route that takes a specialty's code may answer."""
MOVED: dict[int | str, dict[str, Any]] = {
    308: {"description": "the school has another code, or is part of another now"}
}


class ActionAnswer(BaseModel):
    """What the caller may do here: the event, the roles that may, and why it is not possible now."""

    event: str
    roles: list[str]
    possible: bool
    reasons: list[ReasonAnswer]


def actions_of(possible: Iterable[Possible]) -> list[dict[str, Any]]:
    """The `actions` of an answer: what the caller may do here, and why one is not possible now."""
    return [
        {
            "event": found.event,
            "roles": list(found.roles),
            "possible": not found.reasons,
            "reasons": [reason(problem) for problem in found.reasons],
        }
        for found in possible
    ]


class Made(BaseModel):
    """The number of what was made."""

    id: int


class LabelledReason(BaseModel):
    """A reason's code, and the policy's words for it in each language (empty where it has none)."""

    code: str
    label: dict[str, str] = Field(description="语言 → 文字 · by language")
