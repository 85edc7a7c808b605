"""The shapes of simulations in answers."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from specialty_eval.engine.vocabulary import Rating

Reach = Literal["best", "change", "capped", "none", "not_rated", "not_sought"]


class PolicyTried(BaseModel):
    """The policy that was tried; an edited copy is on record here alone, by its digest."""

    id: str
    version: str
    digest: str


class RatingCounts(BaseModel):
    """How many specialties have each rating."""

    green: int
    yellow: int
    red: int
    unrated: int
    incomplete: int


class BothCounts(BaseModel):
    """Under the round's own policy and under the one tried."""

    before: RatingCounts
    after: RatingCounts


class Move(BaseModel):
    """How many specialties change from one rating to another."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    from_: Rating = Field(alias="from")
    to: Rating
    specialties: int


class ReasonCounts(BaseModel):
    """Of those that change, how many have this reason on one side alone."""

    code: str
    before: int
    after: int


class PlacesAnswer(BaseModel):
    """Students in the first plan the rating acts on; the specialties without a last quota are in `unknown` alone."""

    specialties: int
    unknown: int = Field(description="没有上次计划、未计入的专业数 · without a last quota, in no sum")
    before: int
    after: int
    gained: int
    lost: int


class PlacesOf(PlacesAnswer):
    """The same of one county or class."""

    code: str = Field(description="区划代码或专业大类代码 · the county's or the class's code")


class PlacesBy(BaseModel):
    """Of all, by county and by class."""

    all: PlacesAnswer
    by_county: list[PlacesOf]
    by_class: list[PlacesOf]


class ReachCounts(BaseModel):
    """How many specialties can reach a better colour by one change, and what keeps the others."""

    best: int
    change: int
    capped: int
    none: int
    not_rated: int
    not_sought: int


class StabilityCounts(BaseModel):
    """How many keep their rating in every draw, in at least nine of ten, in at least half, in fewer."""

    always: int
    nine_tenths: int
    half: int
    less: int


class SummaryAnswer(BaseModel):
    """The sums of the rows the caller may see."""

    specialties: int
    ratings: BothCounts
    changed: int
    changes: list[Move]
    reasons: list[ReasonCounts]
    places: PlacesBy
    distance: ReachCounts
    stability: StabilityCounts | None = Field(description="没有扰动时为空 · null without draws")


class BothLabels(BaseModel):
    """Reason code → language → label, of either policy."""

    before: dict[str, dict[str, str]]
    after: dict[str, dict[str, str]]


class SimulationAnswer(BaseModel):
    """A simulation without its rows."""

    id: int
    round_id: int
    run_id: int = Field(description="所用的计分 · the newest score run it looks at")
    policy: PolicyTried
    against: str = Field(description="批次选定的办法的 SHA-256 · digest of the round's own policy")
    inputs: str = Field(
        description="所用数据的校验值，仅本系统内可比 · digest of the figures, for comparing within this installation"
    )
    seed: int
    draws: int = Field(description="办法没有权重时为 0 · 0 for a policy without weights")
    made_at: datetime
    labels: BothLabels
    summary: SummaryAnswer


class SideAnswer(BaseModel):
    """A specialty under one of the two policies."""

    rating: Rating
    total: str | None
    reasons: list[str]
    places: int | None


class ChangeAnswer(BaseModel):
    """One figure of one indicator, and what it gives."""

    indicator: str
    measure: str
    before: str | bool | None = Field(description="未报为空 · null where it is not reported")
    after: str | bool
    points_before: str | None
    points_after: str | None
    rating: Rating


class DistanceAnswer(BaseModel):
    """The smallest change that reaches a better colour, or what stands in the way."""

    reach: Reach
    change: ChangeAnswer | None
    caps: list[str]


class SimulationRowAnswer(BaseModel):
    """One specialty under both policies."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    code: str
    county: str
    class_: str = Field(alias="class")
    quota: int | None = Field(description="上次批准的计划 · the last approved quota")
    capacity: int | None
    before: SideAnswer
    after: SideAnswer
    distance: DistanceAnswer
    draws: dict[Rating, int] = Field(description="评定 → 次数，没有出现的不列 · rating → draws, those that occur")
