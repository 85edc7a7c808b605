"""The shapes of what follows from a rating: appeals, standings, enrolment plans, rectifications, closing proposals."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from specialty_eval.engine.cases import AppealState
from specialty_eval.engine.closing import Grounds
from specialty_eval.engine.designation import DesignationKind
from specialty_eval.engine.enrolment import Rule
from specialty_eval.engine.plan import PlanState
from specialty_eval.engine.rectification import RectificationState
from specialty_eval.engine.standing import StandingState
from specialty_eval.engine.vocabulary import Rating

from .event_shapes import EventAnswer
from .motion_shapes import VoteAnswer
from .shapes import ActionAnswer, Level, SchoolKind, sometimes

# --- appeals ---


class ListedAppeal(BaseModel):
    """An appeal in a list, without its grounds."""

    id: int
    review_id: int
    code: str
    state: AppealState
    received_at: datetime
    answer_due: datetime
    to_decide: int = Field(description="还有几件后续未决定 · how many things that followed are undecided")


class FollowUpAnswer(BaseModel):
    """Something that followed from the overturned rating."""

    key: str
    decision: Literal["stands", "reconsider", "set_aside", "reopen"] | None
    reason: str = Field(description="决定的理由，未决定时为空 · why, empty before it is decided")
    decided_at: datetime = sometimes("决定后才有 · once it is decided")
    decided_by: int | None = sometimes("人员编号，决定后才有 · a person's number, once it is decided")


class RatingThatFollowed(FollowUpAnswer):
    """A later rating that looked back at the overturned one."""

    kind: Literal["rating"]
    review_id: int
    year: int
    rating: Rating
    codes: list[str] = Field(description="看过往等级的理由代码 · the reason codes that look back")


class ReviewThatFollowed(FollowUpAnswer):
    """A review that has not ended and was scored with the overturned rating: to be scored again before it goes on."""

    kind: Literal["review"]
    review_id: int
    year: int


class QuotaThatFollowed(FollowUpAnswer):
    """An approved quota that the overturned rating made."""

    kind: Literal["quota"]
    line_id: int
    academic_year: int
    quota: int
    rule: Rule


class DesignationThatFollowed(FollowUpAnswer):
    """A designation that was withdrawn since the overturned rating took green away."""

    kind: Literal["designation"]
    designation_id: int
    designation: DesignationKind


class AppealAnswer(BaseModel):
    """An appeal, what followed from the overturned rating, and what the caller may do with it."""

    id: int
    review_id: int
    new_review_id: int | None = Field(description="支持后重开的评估 · the review that opened when it was upheld")
    state: AppealState
    grounds: str
    answer: str = Field(description="未答复时为空 · empty before it is answered")
    received_at: datetime
    answer_due: datetime
    panel: list[int] = Field(description="审理人员编号 · who hears it, by person number")
    follow_ups: list[
        Annotated[
            RatingThatFollowed | ReviewThatFollowed | QuotaThatFollowed | DesignationThatFollowed,
            Field(discriminator="kind"),
        ]
    ]
    actions: list[ActionAnswer]


class CorrectionAnswer(BaseModel):
    """A correction of a confirmed rating by the bureau itself, and what followed from the corrected rating."""

    id: int
    review_id: int
    new_review_id: int = Field(description="取代它的评估 · the review that supersedes it")
    reason: str
    opened_at: datetime
    opened_by: int = Field(description="人员编号 · a person's number")
    follow_ups: list[
        Annotated[
            RatingThatFollowed | ReviewThatFollowed | QuotaThatFollowed | DesignationThatFollowed,
            Field(discriminator="kind"),
        ]
    ]


# --- enrolment plans ---


class PlanAnswer(BaseModel):
    """A year's plan without its lines."""

    id: int
    jurisdiction: str
    academic_year: int
    number: int
    state: PlanState
    city_total: int | None = Field(description="全市总数，未定时为空 · the city's total, null where none is set")
    document_number: str | None
    drafted_at: datetime
    approved_at: datetime | None


class Sums(BaseModel):
    """Lines, students before and planned."""

    lines: int
    before: int
    quota: int


class TotalsAnswer(BaseModel):
    """Sums of all lines, and by county, level, class and school kind."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    all: Sums
    county: dict[str, Sums]
    level: dict[Level, Sums]
    by_class: dict[str, Sums] = Field(alias="class")
    school_kind: dict[SchoolKind, Sums]


class CapsAnswer(BaseModel):
    """Caps beside the city's total, by code."""

    county: dict[str, int]
    school: dict[str, int]


class NotCarriedAnswer(BaseModel):
    """An adjustment of the year's plan before that this one does not have: its line is computed from something else."""

    code: str
    quota: int = Field(description="原来调整为 · what it was set to")
    computed_before: int | None = Field(description="原来办法算出的数 · what the policy gave then")
    computed: int | None = Field(description="现在办法算出的数，可为空 · what it gives now; null: nothing, or no line")
    reason: str = Field(description="原来的调整理由 · why it was adjusted")


class PlanWithTotals(PlanAnswer):
    """A plan with its totals, and what the caller may do with it."""

    totals: TotalsAnswer
    caps: CapsAnswer = Field(description="各县区、各校的上限 · what counties and schools may have at most")
    not_carried: list[NotCarriedAnswer] = Field(
        description="上一版计划里的调整，因计算值或依据已变没有沿用的；只给编制计划的人 · adjustments of the plan "
        "before that were not carried over, for those who plan alone"
    )
    actions: list[ActionAnswer]


class PlanLineAnswer(BaseModel):
    """One specialty's line; numbers are whole students."""

    code: str
    specialty: str
    school: str
    county: str
    level: Level
    class_name: str
    school_kind: SchoolKind
    before: int | None = Field(description="上一个批准的计划数 · the last approved quota")
    base: int | None = Field(description="增减的基数 · what the change is measured against")
    computed: int | None = Field(description="办法算出的数，无基数时为空 · the policy's number; null without a base")
    quota: int
    capacity: int | None
    limited: bool = Field(description="因办学容量减少 · cut by the capacity")
    standing: StandingState
    rule: Rule = Field(description="依据哪条规则 · by which rule")
    cause: str = Field(description="颜色或标志代码，没有时为空 · the colour or flag, empty where there is none")
    step: int = Field(description="逐年压缩的第几步，没有时为0 · which yearly step, 0 where there is none")
    adjustment_reason: str = sometimes("调整理由，只给编制计划的人 · why it was adjusted, for those who plan alone")


class LineSet(BaseModel):
    """A line after it was set."""

    code: str
    quota: int
    computed: int | None
    capacity: int | None
    adjustment_reason: str


# --- standings ---


class YearBegun(BaseModel):
    """What beginning an academic year did."""

    new: int = Field(description="新入册的专业 · specialties new to the record")
    moved: dict[StandingState, int] = Field(description="办学状态 → 专业数 · how many moved to each standing")
    held_by_appeal: list[str] = Field(description="因申诉暂不变动的专业 · codes of those that an appeal holds")


class StandingAnswer(BaseModel):
    """A specialty's standing and every step that led to it. Before its first year began it is `normal`."""

    code: str
    state: StandingState
    since: date | None
    academic_year: int = sometimes("首个学年开始后才有 · once its first year began")
    cause: str | None = sometimes("颜色或标志代码 · the colour or flag it rests on")
    review_id: int | None = sometimes("依据的评估 · the review it rests on")
    steps_taken: int = sometimes("已走的逐年压缩步数 · yearly steps taken")
    quota_before: int | None = sometimes("逐年压缩前的计划数 · the quota before the steps")
    supports: list[str] = sometimes("绿牌的支持措施 · what a green one is given")
    history: list[EventAnswer]
    actions: list[ActionAnswer]


class StandingMoved(BaseModel):
    """A specialty's standing after a step."""

    code: str
    state: StandingState
    since: date


# --- rectifications and closing ---


class RectificationHeader(BaseModel):
    """A rectification without its plan."""

    id: int
    review_id: int
    rating: Rating
    state: RectificationState
    plan_due: date = Field(description="整改方案期限 · until which day the plan is due")
    recheck_from: date = Field(description="可以复核的第一天 · the first day of its recheck")
    failures: int = Field(description="未通过的复核次数 · rechecks not passed")


class ListedRectification(RectificationHeader):
    """A rectification in a list, with whose it is."""

    code: str
    county: str
    school: str


class ReportAnswer(BaseModel):
    """One report of what was done for a milestone."""

    number: int
    words: str = Field(description="只交附件时为空 · empty where a file alone was given")
    attachment_id: int | None
    given_at: datetime


class PromiseAnswer(BaseModel):
    """A milestone as it stood in a plan."""

    code: str
    text: str
    due: date


class PlanHandedIn(BaseModel):
    """A plan as it was handed in; the newest one counts."""

    number: int
    plan: str
    milestones: list[PromiseAnswer]
    handed_in_at: datetime


class MilestoneAnswer(BaseModel):
    """One thing a school promised to have done by a day."""

    code: str
    text: str
    due: date
    proof: str = Field(description="做了什么，未报时为空 · what was done, empty before it is reported")
    attachment_id: int | None
    proved_at: datetime | None
    late: bool
    reports: list[ReportAnswer] = Field(description="历次所报，先报的在前 · every report, the first one first")


class RectificationAnswer(RectificationHeader):
    """A rectification with its plan and milestones, and what the caller may do with it."""

    plan: str = Field(description="未报时为空 · empty before it is handed in")
    findings: str = Field(description="最近一次复核所见，没有时为空 · what the last recheck found, may be empty")
    passed_on: date | None
    closing_proposal_id: int | None
    milestones: list[MilestoneAnswer]
    plans: list[PlanHandedIn] = Field(description="历次方案，先交的在前 · every plan handed in, the first one first")
    actions: list[ActionAnswer]


class DueActedOn(BaseModel):
    """The rectifications acted on, by number."""

    lapsed: list[int]
    started: list[int]
    rechecks: list[int]


class IdleProposed(BaseModel):
    """The specialties whose closing was proposed for want of intake, by code."""

    codes: list[str]


class ClosingAnswer(BaseModel):
    """A proposal to close a specialty, and what the caller may do with it."""

    id: int
    rectification_id: int | None = Field(description="连续多年未招生的为空 · null for want of intake")
    grounds: Grounds
    years: int | None = Field(description="连续几年未招生 · how many years in a row had no intake")
    through: int | None = Field(description="截至哪一年 · up to which year")
    proposed_at: datetime
    deemed_served_at: datetime = Field(description="视为送达的时刻 · when it counts as served")
    served_at: datetime | None = Field(description="学校打开的时刻 · when its school opened it")
    decision: Literal["close", "keep"] | None
    decided_at: datetime | None
    document_number: str | None
    reason: str = Field(description="未决定时为空 · empty before it is decided")
    appeal_due: datetime | None
    votes: list[VoteAnswer] = Field(description="委员会的表决，以最新的为准 · of the committee; the last one counts")
    actions: list[ActionAnswer]


class ListedClosing(ClosingAnswer):
    """A proposal to close in a list, with the specialty's code."""

    code: str
