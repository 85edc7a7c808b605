"""The shapes of the committee's members, meetings, items, ballots and decisions in answers."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from specialty_eval.engine.cases import ChallengeState
from specialty_eval.engine.meeting import ItemState
from specialty_eval.engine.review import State
from specialty_eval.engine.vocabulary import Rating

from .case_shapes import FigureAnswer, IndicatorAnswer
from .shapes import ActionAnswer, LabelledReason

Sector = Literal["industry", "enterprise", "research", "administration"]
Choice = Literal["green", "yellow", "red", "unrated", "incomplete", "abstain"]


class MemberAnswer(BaseModel):
    """A seat in the committee for a term."""

    id: int
    person_id: int
    sector: Sector = Field(description="行业、企业、科研、行政 · whom the member speaks for")
    substitute: bool = Field(description="候补，只在替人时计入 · counts only while standing in for somebody")
    term_from: date
    term_to: date


class TermEnded(BaseModel):
    """A member's term and its last day."""

    id: int
    term_to: date


class MeetingAnswer(BaseModel):
    """A meeting: who chairs, who keeps the record, which sectors the bureau waived."""

    id: int
    round_id: int
    title: str
    held_at: datetime
    chair: int = Field(description="委员编号 · a member's number")
    deputy_chair: int | None = Field(description="委员编号 · a member's number")
    secretary: int = Field(description="人员编号 · a person's number")
    deputy_secretary: int | None = Field(description="人员编号 · a person's number")
    waived_sectors: list[str] = Field(description="书面免除的界别 · the sectors waived in writing")
    written: bool = Field(description="书面表决，不开会 · members vote in writing, nobody sits")


class SeatAnswer(BaseModel):
    """A member's seat at a meeting."""

    member: int
    name: str
    sector: Sector
    present: bool
    stands_in_for: int | None = Field(description="替哪位委员 · the member whose seat it takes")


class MeetingWithSeats(MeetingAnswer):
    """A meeting with its seats, and what the caller may do with it."""

    seats: list[SeatAnswer]
    actions: list[ActionAnswer]


class RecusedItem(BaseModel):
    """An item one is recused from: its title and nothing else."""

    id: int
    title: str
    recused: Literal[True]


class ListedItem(BaseModel):
    """An item on the list."""

    id: int
    title: str
    recused: Literal[False]
    review_id: int
    code: str = Field(description="专业代码 · the specialty's code")
    state: ItemState
    together: bool = Field(description="可以一并同意 · may be agreed together with others")
    declared: bool = Field(description="本人已声明 · whether the caller has declared an interest or none")


class ItemsAnswer(BaseModel):
    """A page of a meeting's list, and the cursor of the next one; null at the end."""

    items: list[RecusedItem | ListedItem]
    next: str | None


class DecisionAnswer(BaseModel):
    """A decision as the meeting sees it: how many voted for what, not who."""

    id: int
    rating: Rating
    computed: Rating = Field(description="计算所得 · what the score run computed")
    reason: str = Field(description="改变计算结果的理由，可为空 · why otherwise than computed, may be empty")
    decided_at: datetime
    by: Literal["meeting", "writing", "paper", "bureau"] = Field(
        description="会议、书面、纸质票，或教育局代决 · the meeting, in writing, on paper, or the bureau in its place"
    )
    minutes: int | None = Field(description="纸质票所据的会议纪要 · the minutes that a vote on paper was recorded from")
    recorded_by: int | None = Field(description="补录纸质票的人员编号 · the person who recorded a vote on paper")
    votes: dict[Rating, int] = Field(description="各等级得票 · how many voted for each rating")
    abstentions: int
    present: int = Field(description="计入法定人数的到会人数 · how many of the quorum's base took part")
    entitled: int = Field(description="法定人数的基数，回避的除外 · the quorum's base, without the recused")
    tied: list[Rating] = Field(
        description="票数相等、由主持人决定的各等级；空为没有平票 · the ratings level at the top, settled by the "
        "chair; empty: no tie"
    )
    overrides: bool = Field(description="与计算结果不同 · decided otherwise than computed")
    together: bool


class MaterialEvidence(BaseModel):
    """The evidence version a sheet stands on."""

    number: int
    digest: str
    figures: dict[str, FigureAnswer] = Field(description="测点代码 → 数据 · by the measure's code")
    self_evaluation: str
    was_defaulted: bool = Field(description="逾期未报 · the school did not hand in in time")
    attachments: dict[str, int] = Field(description="测点代码 → 附件份数 · how many files prove each measure")


class ReportedVisit(BaseModel):
    """A version of what visitors found."""

    number: int
    visited_on: date
    findings: str
    reason: str = Field(description="更正或代为报告的理由 · why it was corrected, or reported in the visitors' place")
    reported_at: datetime


class MaterialChallenge(BaseModel):
    """A challenge of one figure, as the committee reads it."""

    measure: str
    stated: str = Field(description="原值 · the figure on the sheet")
    claimed: str = Field(description="学校主张的值 · what the school says it should be")
    reason: str
    state: ChallengeState
    answer: str


class HeldCap(LabelledReason):
    """A cap that holds, whether or not it changed the computed rating."""

    at_most: Rating = Field(description="最高只能评为 · the best rating it lets through")


class MaterialAnswer(BaseModel):
    """An item's material, and what the caller may do with the item."""

    id: int
    meeting_id: int
    review_id: int
    code: str
    title: str
    state: ItemState
    together: bool
    version: int
    written_until: datetime | None = Field(description="书面表决截止 · until when members may vote in writing")
    vote_ended_at: datetime | None = Field(description="停止投票的时间 · from when on no ballot is taken")
    reasons: list[LabelledReason]
    rating: Rating = Field(description="计算所得 · the computed rating")
    caps: list[HeldCap] = Field(
        description="成立的封顶条件，表决不能突破，也不论是否已使计算结果降低 · the caps that hold: no vote gets above "
        "them, whether or not they changed the computed rating"
    )
    at_most: Rating | None = Field(
        description="表决最高可达的等级；空为没有封顶 · the best a vote can give; null: no cap"
    )
    choices: list[Rating] = Field(description="选票上可以写的等级，此外可以弃权 · what a ballot may name, or abstain")
    total: str | None = Field(description="总分，十进制文本 · total score, a decimal as text")
    dimensions: dict[str, str | None] = Field(description="维度代码 → 得分 · score by the dimension's code")
    completeness: str | None = Field(description="数据完整度（%） · share of the weights with a value, in %")
    indicators: list[IndicatorAnswer]
    evidence: MaterialEvidence | None
    challenges: list[MaterialChallenge]
    site_visit: str | None = Field(description="实地考察所见，更正后的 · what the visitors found, as corrected")
    site_visit_reports: list[ReportedVisit] = Field(
        description="考察报告的每一版，最后一版有效 · every version of the report; the last one holds"
    )
    in_force: Rating | None = Field(description="现行等级 · the rating in force now")
    panel: dict[str, list[str]] = Field(description="测点代码 → 各专家评分 · each panel measure's scores")
    decision: DecisionAnswer | None
    actions: list[ActionAnswer]


class DeclarationAnswer(BaseModel):
    """Somebody's word on an item before seeing its material."""

    person_id: int
    name: str
    interest: Literal["none", "interest"]
    reason: str
    declared_at: datetime


class MinutesAnswer(BaseModel):
    """The signed minutes of a meeting, as a file."""

    id: int
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_at: datetime
    uploaded_by: int = Field(description="人员编号 · a person's number")


class ItemMoved(BaseModel):
    """An item after a step."""

    id: int
    review_id: int
    state: ItemState


class BallotAnswer(BaseModel):
    """A ballot on record; the last one of a member counts."""

    member: int
    number: int = Field(description="本人第几张 · the member's first, second, … ballot")
    choice: Choice
    reason: str
    cast_at: datetime
    void: bool = Field(description="因事后发现的回避事由作废 · void by a conflict found later")


class ConflictFound(BaseModel):
    """What a conflict found later did."""

    ballots_void: int
    item_void: bool
    decision_rescinded: bool
    review_state: State


class ReviewMoved(BaseModel):
    """A review after a step."""

    id: int
    state: State


class ItemsListed(BaseModel):
    """How many reviews were put on the list."""

    listed: int


class ItemsPutOff(BaseModel):
    """The items put off for want of a quorum."""

    put_off: list[int]


class SectorsWaived(BaseModel):
    """The sectors this meeting does without."""

    waived_sectors: list[str]


class ItemsOpened(BaseModel):
    """How many items were opened."""

    opened: int


class ItemsDeclared(BaseModel):
    """On how many items one has declared."""

    declared: int


class ItemsDecided(BaseModel):
    """The items decided."""

    decided: list[int]


class BallotReceipt(BaseModel):
    """Which of the member's ballots on the item this one is."""

    number: int
