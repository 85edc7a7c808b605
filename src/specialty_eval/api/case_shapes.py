"""The shapes of cycles, rounds and reviews in answers."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from specialty_eval.engine.cycle import CycleState, RoundState
from specialty_eval.engine.review import State

from .shapes import ActionAnswer, Level, SchoolKind


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
    state: RoundState


class ListedRound(RoundOfCycle):
    """A round in a list."""

    cycle_id: int


class CycleAnswer(BaseModel):
    """A cycle and its rounds."""

    id: int
    code: str
    title: str
    jurisdiction: str
    levels: list[Level]
    school_kinds: list[SchoolKind]
    state: CycleState
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
    opens_on: date | None = Field(
        description="系统开始采集的日子；没有的由秘书处开始 · the day collecting begins by itself"
    )
    blind: bool = Field(description="专家是否盲评 · whether the experts do not learn whose material they score")
    policy: PolicyAnswer
    due: DueAnswer
    reviews: dict[State, int] = Field(description="状态 → 评估数 · how many reviews by state")


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
    level: Level
    class_name: str = Field(alias="class")
    state: State | None
    due: datetime | None


class FigureAnswer(BaseModel):
    """A reported value as written, and where its supplier has it from."""

    value: str
    source: str


class IndicatorAnswer(BaseModel):
    """One indicator's line of a sheet."""

    code: str
    value: str | bool | None = Field(description="所用的值，数值为十进制文本 · the value used; a number as text")
    points: str | None = Field(description="得分，十进制文本 · points, a decimal as text")
    weight: str | None = Field(description="权重，十进制文本 · weight, a decimal as text")
    counted: bool = Field(description="是否计入总分 · whether it is in the sums")


class EvidenceAnswer(BaseModel):
    """What was submitted, as far as the caller may see it; a figure keeps its value as written and its source."""

    number: int
    digest: str
    submitted_at: datetime = Field(
        description="盲评的专家看到的是本批次的填报期限 · for a blind reader the round's deadline, for all alike"
    )
    figures: dict[str, FigureAnswer] = Field(description="测点代码 → 数据 · by the measure's code")
    self_evaluation: str


class AttachmentAnswer(BaseModel):
    """A file that proves a measure."""

    id: int
    measure: str
    name: str
    size: int
    sha256: str
    media_type: str


class SpreadAnswer(BaseModel):
    """A panel measure whose experts lie further apart than the policy lets pass: one more may be asked."""

    measure: str
    scores: int = Field(description="有效评分数 · how many scores count")
    spread: str = Field(description="最高与最低之差 · highest less lowest")
    above: str = Field(description="办法的限度 · the policy's limit")


class ReviewAnswer(TitledAnswer):
    """A review, its evidence, and what the caller may do with it and why not now."""

    version: int
    correction_due: datetime | None
    county_due: datetime | None = Field(description="县区审核期限 · until when the county checks")
    spread_alerts: list[SpreadAnswer] = Field(
        description="专家分歧过大的测点，可以看评分的人才有 · for those who may read the experts' scores"
    )
    returned_fields: dict[str, str] = Field(description="测点代码 → 退回理由 · why each measure went back")
    evidence: EvidenceAnswer | None
    attachments: list[AttachmentAnswer]
    blind: bool = Field(description="是否盲评：代码、学校、县区为空 · read blind: code, school and county are empty")
    held_back: int = Field(description="盲评中暂不开放的文件数 · files held back from a blind reader")
    actions: list[ActionAnswer]


class DraftAnswer(BaseModel):
    """The school's own draft; `saved_at` is null before the first."""

    figures: dict[str, FigureAnswer] = Field(description="测点代码 → 数据 · by the measure's code")
    self_evaluation: str
    saved_at: datetime | None = None


class AttachedAnswer(BaseModel):
    """A file that was kept."""

    id: int
    sha256: str
    size: int
    media_type: str


class FiguresRecorded(BaseModel):
    """How many values were recorded."""

    recorded: int


class PlacesAnswer(BaseModel):
    """How many of the specialties named are now in each round."""

    placed: dict[int, int] = Field(description="批次编号 → 专业数 · by the round's number")


class RemindedAnswer(BaseModel):
    """How many schools were reminded."""

    reminded: int


class DefaultedAnswer(BaseModel):
    """How many reviews were defaulted."""

    defaulted: int
