"""The shapes of experts' assignments, score runs, sheets and challenges in answers."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from specialty_eval.engine.assignment import AssignmentState
from specialty_eval.engine.cases import ChallengeState
from specialty_eval.engine.review import State
from specialty_eval.engine.vocabulary import Rating

from .case_shapes import IndicatorAnswer
from .shapes import ActionAnswer, sometimes


class AssignmentAnswer(BaseModel):
    """An expert's assignment, without any score, and what the caller may do with it."""

    id: int
    review_id: int
    person_id: int
    state: AssignmentState
    due: datetime = Field(description="评分截止 · until when the scores are due")
    version: int
    actions: list[ActionAnswer]


class NotScored(BaseModel):
    """A review that is not scored in this run because of where it stands."""

    review: int
    code: str
    state: State
    reason: Literal["not-verified", "scored-again-alone"] = Field(
        description="尚未审核完；或在原计分内单独重算 · not verified yet; or scored again within its own run"
    )


class SmallPanel(BaseModel):
    """A review that is not scored in this run because too few experts scored it."""

    review: int
    code: str
    reason: Literal["panel-below-minimum"]
    scores: int = Field(description="评分最少的测点有几位评分 · how many scores the measure with the fewest has")
    needed: int = Field(description="至少几位 · how many are needed")


class RefusedFigure(BaseModel):
    """What the policy refuses about a specialty's figures of a year: a check that holds on them, or one value."""

    year: int
    code: str = Field(description="拒绝理由代码，见 docs/problems.md · the code of the problem")
    check: str = Field(description="核对规则，单个数值不合时为空 · the check; empty where one value is refused")
    measures: list[str]


class FiguresRefused(BaseModel):
    """A review that is not scored in this run because the policy refuses its figures."""

    review: int
    code: str
    reason: Literal["figures-refused"]
    figures: list[RefusedFigure]


class LeftOut(BaseModel):
    """A specialty that is left out of ranks and quotas because the policy refuses its figures."""

    code: str
    reason: Literal["figures-refused"]
    figures: list[RefusedFigure]


class WentOn(BaseModel):
    """A review that was scored although too few experts scored it: the measure counts as the policy says of none."""

    review: int
    code: str
    scores: int = Field(description="评分最少的测点有几位评分 · how many scores the measure with the fewest has")
    needed: int = Field(description="至少几位 · how many are needed")
    reason: str


class OtherwiseNow(BaseModel):
    """A specialty that would now be rated otherwise; it keeps what it has."""

    code: str
    was: Rating
    would_be: Rating


class RunAnswer(BaseModel):
    """A score run without its inputs."""

    id: int
    round_id: int
    number: int
    kind: Literal["round", "single"] = Field(description="整批，或单个重算 · the whole round, or one review again")
    within: int | None = Field(description="单个重算所依据的整批计分 · the run that one was scored again within")
    policy: str = Field(description="办法的 SHA-256 · the policy's digest")
    inputs: str = Field(description="所用数据的校验值，加盐 · the frozen inputs' digest, salted")
    set_aside: list[Annotated[NotScored | SmallPanel | FiguresRefused, Field(discriminator="reason")]]
    went_on: list[WentOn]
    notes: list[OtherwiseNow | LeftOut]
    made_at: datetime


class RunFiles(BaseModel):
    """The frozen inputs of a run as the files they are."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    evidence: str = Field(alias="evidence.csv")
    history: str = Field(alias="history.csv")
    rated: list[str] = Field(description="被评专业的代码 · the codes of those rated")


class RunWithFiles(RunAnswer):
    """A score run with its frozen inputs."""

    files: RunFiles


class RunOfSheet(BaseModel):
    """The run a sheet comes from."""

    id: int
    number: int
    made_at: datetime
    policy: str
    inputs: str = Field(
        description="所用数据的校验值；旧的计分没有加盐，为空 · the inputs' digest; empty if it has no salt"
    )


class LineAnswer(IndicatorAnswer):
    """One indicator's line, without value and points where they rest on a figure that the reader may not see."""

    withheld: str = sometimes("不显示的原因，不显示时才有 · why it is not shown, where it is not")
    band: str = sometimes("得分所在的档，如 60-80，办法分档公布时才有 · its points' band, where the policy has bands")


class SheetAnswer(BaseModel):
    """A sheet. `rating` and `reasons` are there only for those who may know them yet."""

    review_id: int
    run: RunOfSheet
    evidence_version_id: int | None
    total: str | None = Field(
        description="总分，十进制文本；会泄露不公开数据时为 hidden · a decimal as text; hidden where it would tell"
    )
    completeness: str | None = Field(description="数据完整度（%） · share of the weights with a value, in %")
    dimensions: dict[str, str | None] = Field(description="维度代码 → 得分 · score by the dimension's code")
    indicators: list[LineAnswer]
    opened_at: datetime | None = Field(description="学校打开的时刻 · when the school opened it")
    challenge_due: datetime | None = Field(description="质疑截止 · until when a figure may be challenged")
    rating: Rating = sometimes("可以知道时才有 · only for those who may know it yet")
    reasons: list[str] = sometimes("理由代码，可以知道时才有 · reason codes, only for those who may know them yet")


class ChallengeAnswer(BaseModel):
    """A challenge of one figure, and what the caller may do with it."""

    id: int
    review_id: int
    measure: str
    stated: str = Field(description="原值 · the figure on the sheet")
    claimed: str = Field(description="学校主张的值 · what the school says it should be")
    reason: str
    state: ChallengeState
    answer: str = Field(description="未答复时为空 · empty before it is answered")
    answer_due: datetime
    actions: list[ActionAnswer]
