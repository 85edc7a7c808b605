"""The shapes of cycles, rounds and reviews in answers."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from .shapes import ActionAnswer


class PolicyAnswer(BaseModel):
    """A policy's identity: what a round pins."""

    id: str
    version: str
    digest: str
    title: dict[str, str]
    jurisdiction: str
    imported_at: datetime


class WholePolicyAnswer(PolicyAnswer):
    """A policy with its text and canonical JSON."""

    text: str
    canonical: str


class RoundOfCycle(BaseModel):
    """A round in its cycle's answer."""

    id: int
    number: int
    year: int
    state: str


class ListedRound(RoundOfCycle):
    """A round in a list."""

    cycle_id: int


class CycleAnswer(BaseModel):
    """A cycle and its rounds."""

    id: int
    code: str
    title: str
    jurisdiction: str
    levels: list[str]
    school_kinds: list[str]
    state: str
    first_year: int
    last_year: int
    rounds: list[RoundOfCycle]


class CycleWithActions(CycleAnswer):
    """A cycle and what the caller may do with it."""

    actions: list[ActionAnswer]


class DueAnswer(BaseModel):
    """When each phase is due; null before it was opened."""

    collecting: datetime | None
    verifying: datetime | None
    scoring: datetime | None
    deliberating: datetime | None


class RoundAnswer(ListedRound):
    """A round, when its phases are due, and its reviews by state as far as the caller may know."""

    evidence_year: int
    reference_date: date
    policy: PolicyAnswer
    due: DueAnswer
    reviews: dict[str, int]


class RoundWithActions(RoundAnswer):
    """A round and what the caller may do with it."""

    actions: list[ActionAnswer]


class TitledAnswer(BaseModel):
    """A review by the names people know it by; who is recused gets neither its state nor its deadline."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    id: int
    round_id: int
    code: str
    specialty: str
    school: str
    county: str
    level: str
    class_name: str = Field(alias="class")
    state: str | None
    due: datetime | None


class EvidenceAnswer(BaseModel):
    """What was submitted, as far as the caller may see it; a figure keeps its value as written and its source."""

    number: int
    digest: str
    submitted_at: datetime
    figures: dict[str, dict[str, Any]]
    self_evaluation: str


class AttachmentAnswer(BaseModel):
    """A file that proves a measure."""

    id: int
    measure: str
    name: str
    size: int
    sha256: str
    media_type: str


class ReviewAnswer(TitledAnswer):
    """A review, its evidence, and what the caller may do with it and why not now."""

    version: int
    correction_due: datetime | None
    county_due: datetime | None
    returned_fields: dict[str, Any]
    evidence: EvidenceAnswer | None
    attachments: list[AttachmentAnswer]
    actions: list[ActionAnswer]


class DraftAnswer(BaseModel):
    """The school's own draft; `saved_at` is null before the first."""

    figures: dict[str, dict[str, Any]]
    self_evaluation: str
    saved_at: datetime | None = None
