"""The shapes of applications to open, change or close a specialty."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from specialty_eval.engine.application import ApplicationState
from specialty_eval.engine.opening import ApplicationKind

from .motion_shapes import VoteAnswer
from .problems import ReasonAnswer
from .shapes import ActionAnswer, Level


class ListedApplication(BaseModel):
    """An application, as everybody may read it once it is registered."""

    id: int
    kind: ApplicationKind
    state: ApplicationState
    school_code: str
    school: str
    specialty: str | None = Field(
        description="专业编号；开设的，登记后才有 · of what it changes or closes; of an opening once registered"
    )
    catalogue_code: str | None = Field(description="目录代码；目录外的为空 · null off the catalogue")
    direction: str | None
    name: str
    level: Level
    class_code: str
    class_name: str
    length: str | None = Field(description="学制 · how long it takes")
    campus: str | None
    partner: str | None = Field(description="合作企业 · the partner enterprise")
    changes: dict[str, str] = Field(description="变更为什么 · of a change: what becomes what")
    effective_on: date | None = Field(description="自何日开设 · from when it is to be taught; null for other kinds")
    received_at: datetime
    decided_at: datetime | None
    document_number: str | None = Field(description="决定的文号 · of the document that decides")


class FindingAnswer(ReasonAnswer):
    """What the check found, in words, and what it does."""

    does: Literal["refuses", "visit", "noted"] = Field(
        description="不予同意、须先实地察看、仅供参考 · refuses it, asks for a visit first, is only noted"
    )


class OpinionAnswer(BaseModel):
    """One half of the joint opinion on an off-catalogue one."""

    party: Literal["bureau", "department"]
    agrees: bool
    words: str
    document_number: str
    given_at: datetime


class VisitAnswer(BaseModel):
    """What the visitors found."""

    visited_on: date
    report: str
    midlevel_teachers: int | None


class ApplicationFile(BaseModel):
    """A file that proves the application."""

    id: int
    name: str
    size: int
    sha256: str
    media_type: str
    uploaded_at: datetime


class ApplicationDetails(BaseModel):
    """What its school and the offices read."""

    grounds: str
    agreement: str | None = Field(description="与企业的协议 · the agreement with the enterprise")
    department: str | None = Field(description="行业主管部门代码 · the industry's department")
    midlevel_teachers: int | None
    students: int | None
    policy: str = Field(description="依据的办法 · the policy it is judged by, id@version")
    evidence_year: int = Field(description="限额所看的数据年度 · the year whose figures the limits look at")
    negative_list_id: int | None = Field(
        description="受理之日现行的负面清单 · the negative list in force on the day it was received"
    )
    due: datetime | None = Field(description="何时前应答复 · until when the office owes the next step")
    overdue: bool
    checked_at: datetime | None
    attachments: list[ApplicationFile]
    findings: list[FindingAnswer]
    opinions: list[OpinionAnswer]
    visit: VisitAnswer | None
    votes: list[VoteAnswer]
    reason: str | None
    served_at: datetime | None
    deemed_served_at: datetime | None
    complain_until: datetime | None
    remedy: ReasonAnswer | None = Field(
        description="不服的，如何救济 · of a refused one: how to complain, and until when"
    )


class ApplicationAnswer(ListedApplication):
    """One application; `details` is null for whoever reads only what is public."""

    details: ApplicationDetails | None
    actions: list[ActionAnswer]
