"""The shapes of designations, their targets, and specialty groups."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from specialty_eval.engine.designation import DesignationKind, DesignationState, Tier

from .shapes import ActionAnswer


class NamedSpecialty(BaseModel):
    """A specialty by its code and name."""

    code: str
    name: str


class DesignationAnswer(BaseModel):
    """A designation of a specialty, or of a group under its lead specialty."""

    id: int
    jurisdiction: str
    kind: DesignationKind
    tier: Tier
    state: DesignationState
    code: str = Field(description="专业代码；专业群的为牵头专业 · of a group, its lead specialty")
    name: str
    group_id: int | None
    group: str | None = Field(description="专业群名称，单个专业的为空 · null for a single specialty")
    school: str
    county: str
    grounds: str = Field(description="推荐理由 · why it was proposed")
    proposed_at: datetime
    granted_at: datetime | None
    document_number: str | None = Field(description="认定文号 · under which it was granted")
    review_since: datetime | None = Field(description="最近一次复审何时开始 · when the last review began")
    decided_at: datetime | None
    decision_document: str | None
    reason: str | None = Field(description="最近一次决定的理由 · why it was decided so last")


class LossAnswer(BaseModel):
    """What led to the last review."""

    code: str | None = Field(description="已不在群内的为空 · null when it has left the group")
    review_id: int | None = Field(description="取代绿牌的评估，撤销专业的为空 · null where the specialty was closed")
    lost_at: datetime
    overturned: bool = Field(description="该评定已经申诉推翻 · an appeal has overturned that rating")


class WholeDesignation(DesignationAnswer):
    """A designation with its specialties, what led to its last review, and what the caller may do with it."""

    specialties: list[NamedSpecialty]
    losses: list[LossAnswer]
    actions: list[ActionAnswer]


class TargetAnswer(BaseModel):
    """How far a target is reached."""

    kind: DesignationKind
    tier: Tier
    target: int | None = Field(description="没有目标的为空 · null where none is set")
    held: int = Field(description="现有数，复审中的在内 · borne now, those under review among them")
    under_review: int
    proposed: int
    missing: int | None


class TargetsAnswer(BaseModel):
    """The targets of a city."""

    jurisdiction: str
    edition: int = Field(description="第几次设定，0 为通常的 40、15、5 · which setting; 0: the usual 40, 15, 5")
    document_number: str | None = Field(description="设定的文号 · under which document they were set")
    set_at: datetime | None
    targets: list[TargetAnswer]


class GroupVersionAnswer(BaseModel):
    """A group as it is from a day on."""

    number: int
    valid_from: date
    made_at: datetime
    reason: str = Field(description="首个版本为空 · empty in the first version")
    lead: str
    specialties: list[NamedSpecialty]


class GroupAnswer(GroupVersionAnswer):
    """A group as it is now."""

    id: int
    name: str
    school_code: str
    school: str


class WholeGroup(GroupAnswer):
    """A group as it is now and in every version, the first one first."""

    versions: list[GroupVersionAnswer]
