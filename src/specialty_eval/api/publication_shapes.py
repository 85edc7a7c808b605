"""The shapes of decisions shown to schools, publication lists, confirmations and objections in answers."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from specialty_eval.engine.cases import ObjectionState
from specialty_eval.engine.publicity import ListState
from specialty_eval.engine.review import State
from specialty_eval.engine.vocabulary import Rating

from .problems import ReasonAnswer
from .shapes import ActionAnswer, LabelledReason, Level, Listed


class PreviewedAnswer(BaseModel):
    """The reviews whose decisions are now shown to their schools."""

    previewed: list[int]


class ShownDecision(BaseModel):
    """The decision on a review, as its school and the offices read it."""

    review_id: int
    state: State
    rating: Rating
    label: dict[str, str] = Field(description="语言 → 等级的叫法 · the policy's word for the rating, by language")
    computed: Rating = Field(description="计算所得 · what the score run computed")
    reasons: list[LabelledReason]
    decision_reason: str = Field(description="改变计算结果的理由，可为空 · why otherwise than computed, may be empty")
    decided_at: datetime
    served_at: datetime | None = Field(description="送达时刻 · when it was served")
    preview_until: datetime | None = Field(
        description="预告期截止，公示后为空 · until when it is not made public, empty once it is"
    )


class PublicationAnswer(BaseModel):
    """A list without its entries."""

    id: int
    round_id: int
    number: int
    edition: int = Field(description="第几版 · which freezing of the list")
    state: ListState
    digest: str = Field(description="名单的 SHA-256 · SHA-256 of the list")
    counts: dict[str, int] = Field(description="`total` 与各等级的数目 · `total`, and how many of each rating")
    drafted_at: datetime
    approved_at: datetime | None
    opened_at: datetime | None = Field(description="开始公示 · when its publicity began")
    closes_at: datetime | None = Field(description="公示截止 · until when its publicity runs")
    seal_head: str = Field(description="封存链的链头，公示前为空 · the event chain's head, empty before its publicity")


class ErratumAnswer(BaseModel):
    """A slip of the pen, set right in public."""

    id: int
    review_id: int | None
    text: str
    made_at: datetime


class EntryOfList(BaseModel):
    """One line of a list."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    review_id: int
    code: str
    specialty: str
    school: str
    county: str
    level: Level
    class_code: str = Field(alias="class")
    class_name: str
    rating: Rating
    label: dict[str, str] = Field(description="语言 → 等级的叫法 · the policy's word for the rating, by language")
    reasons: list[LabelledReason]
    by_decision: bool = Field(description="与计算结果不同 · decided otherwise than computed")
    computed: Rating
    decision_reason: str = Field(description="改变计算结果的理由，否则为空 · why otherwise than computed, else empty")


class WholePublication(PublicationAnswer):
    """A list with a page of its entries, its errata, and what the caller may do with it."""

    errata: list[ErratumAnswer]
    actions: list[ActionAnswer]
    entries: Listed[EntryOfList]


class ConfirmedAnswer(BaseModel):
    """What a confirmation did."""

    confirmed: list[int] = Field(description="这一次确认的评估 · reviews confirmed now")
    before: list[int] = Field(description="此前已确认的 · those confirmed before")
    document_number: str
    contested: dict[int, ReasonAnswer] = Field(description="等待的评估 → 理由 · reviews that wait, each with why")


class ObjectionReceipt(BaseModel):
    """What an objector gets back: nothing secret."""

    id: int
    state: ObjectionState
    admissibility_due: datetime = Field(description="是否受理的答复期限 · until when it is said whether it is heard")


class ObjectionAnswer(BaseModel):
    """An objection without who made it."""

    id: int
    review_id: int
    publication_id: int
    state: ObjectionState
    grounds: str
    answer: str = Field(description="未答复时为空 · empty before it is answered")
    received_at: datetime
    admissibility_due: datetime = Field(description="是否受理的答复期限 · until when it is said whether it is heard")
    answer_due: datetime | None = Field(description="答复期限，受理后才有 · there once it is admitted")
    overdue: bool


class ObjectionWithActions(ObjectionAnswer):
    """An objection, and what the caller may do with it."""

    actions: list[ActionAnswer]


class ContactAnswer(BaseModel):
    """Who objected. `confirmation_code` is null once the contact is confirmed."""

    name: str
    contact: str
    confirmation_code: str | None
