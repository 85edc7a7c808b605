"""The shapes of the negative and the urgent-need list."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from specialty_eval.engine.lists import ListKind
from specialty_eval.engine.specialty_list import SpecialtyListState

from .shapes import ActionAnswer, LabelledReason, Level, sometimes


class SpecialtyListAnswer(BaseModel):
    """A list without its entries."""

    id: int
    jurisdiction: str
    round_id: int
    kind: ListKind
    number: int = Field(description="本批次同类清单的第几份 · which of its kind in the round")
    state: SpecialtyListState
    year: int | None = Field(description="适用年份，发布前为空 · the year it holds for, null before it is published")
    document_number: str | None = Field(description="文号，审定前为空 · null before it is approved")
    digest: str = Field(description="清单的摘要，审定时须写明 · of its entries; who approves names it")
    looked_at: int = Field(description="看过的目录专业数 · how many catalogue entries were looked at")
    named: int = Field(description="有规则列出的，豁免的在内 · how many a rule names, exempt ones among them")
    built_at: datetime
    approved_at: datetime | None
    published_at: datetime | None
    superseded_at: datetime | None


class RuleAnswer(LabelledReason):
    """A rule of the policy's list, with where it comes from."""

    source: str


class WholeSpecialtyList(SpecialtyListAnswer):
    """A list with its counts, the rules that made it, and what the caller may do with it."""

    entries: int = Field(description="列入的专业数 · how many entries stand on it")
    exempt: int = Field(description="豁免的专业数 · how many are exempt")
    rules: list[RuleAnswer]
    exemptions: list[RuleAnswer]
    actions: list[ActionAnswer]


class SpecialtyListEntryAnswer(BaseModel):
    """A catalogue entry that rules name, and why; exempt ones stand beside the list."""

    level: Level
    code: str
    name: str
    reasons: list[LabelledReason]
    figures: dict[str, str | None] = Field(
        description="理由所看的数，不公开的（含包含小样本的合计）为空 · what the reasons looked at; null where it is "
        "not shown, a sum over a small cohort too"
    )
    exempt_by: Literal["policy", "person"] | None = Field(
        description="因办法或由人豁免，没有豁免时为空 · by the policy or by name, null where it is not exempt"
    )
    exemptions: list[LabelledReason] = Field(description="办法的豁免 · the policy's exemptions that hold")
    exempt_reason: str | None = Field(description="由人豁免的理由 · why a person exempted it")
    exempted_by: int | None = sometimes("由谁豁免，机关内可见 · who exempted it; for the office")
    exempted_at: datetime | None = sometimes("何时豁免，机关内可见 · when; for the office")


class ListedAnswer(BaseModel):
    """The line of a published list that an application would meet."""

    reasons: list[str]
    document_number: str


class InForceAnswer(BaseModel):
    """What the published lists of a year say of one catalogue entry; null where a list does not name it."""

    jurisdiction: str
    year: int
    level: Level
    code: str
    negative: ListedAnswer | None
    urgent: ListedAnswer | None
