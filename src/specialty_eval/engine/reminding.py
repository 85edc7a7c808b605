"""Every day that somebody has to keep: whose it is, what it is called, and what happens if it is missed.

Whoever has it is reminded of it so many days before. Where the day stands, `store.days_kept` says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from .overdue import Awaited
from .roles import Role

BEFORE = (14, 7, 2, 0)
"""So many days before the last day of a deadline."""


class Own(StrEnum):
    """A day that is somebody's right, or begins or ends something: nobody is late with it, it is over."""

    CHALLENGE = "challenge"
    PREVIEW_NOTICE = "preview_notice"
    CONFIRMATION = "confirmation"
    APPEAL = "appeal"
    RECTIFICATION_PLAN = "rectification_plan"
    MILESTONE = "milestone"
    RECHECK_BEGINS = "recheck_begins"
    CLOSING_NOTICE = "closing_notice"
    CLOSING_APPEAL = "closing_appeal"


What = Awaited | Own


@dataclass(frozen=True, slots=True)
class Day:
    """Whose day it is, what is to be done by it, and what happens otherwise; in Chinese, as they are told."""

    whose: Role
    to_do: str
    missed: str

    @property
    def audience(self) -> str:
        """Who is told of it: an office's own day is no news of the school's."""
        return "school" if self.whose in _SCHOOL else "office"


_SCHOOL = (Role.SCHOOL_HEAD, Role.SCHOOL_EDITOR)
_HEAD, _VERIFIER, _SECRETARY, _APPROVER = (
    Role.SCHOOL_HEAD, Role.BUREAU_VERIFIER, Role.SECRETARY, Role.BUREAU_APPROVER,
)  # fmt: skip
_TOLD_ABOVE = "期满仍未办理的，报告审批人，列入督导调度"

DAYS: Mapping[What, Day] = {
    Awaited.EVIDENCE: Day(_HEAD, "提交填报材料", "期满仍未提交的，按逾期未报认定，没有填报的数据视为没有"),
    Awaited.CORRECTION: Day(_HEAD, "提交补正材料", "期满仍未提交的，以上一次提交的材料为准"),
    Awaited.COUNTY_CHECK: Day(Role.COUNTY_VERIFIER, "完成县级审核", "期满仍未审核的，报告市局，市局可以接手"),
    Awaited.VERIFICATION: Day(_VERIFIER, "完成市级审核", _TOLD_ABOVE),
    Awaited.PANEL_SCORE: Day(Role.EXPERT, "完成专家评分", "期满仍未评分的，可以另请专家，达到最低人数的不再等候"),
    Awaited.SCORE_RUN: Day(_SECRETARY, "完成计分", _TOLD_ABOVE),
    Own.CHALLENGE: Day(_HEAD, "对本专业计分表的数据提出质疑", "期满不再受理，委员会据此审议"),
    Awaited.CHALLENGE_ANSWER: Day(_VERIFIER, "答复数据质疑", f"{_TOLD_ABOVE}；答复前不能审议"),
    Awaited.DECISION: Day(Role.CHAIR, "完成委员会审议", f"{_TOLD_ABOVE}；原等级继续有效"),
    Awaited.PREVIEW: Day(_SECRETARY, "向学校送达审议结果", _TOLD_ABOVE),
    Own.PREVIEW_NOTICE: Day(_HEAD, "查阅审议结果的告知", "期满没有查阅的，视为已经送达，可以公示"),
    Awaited.ADMISSIBILITY: Day(_SECRETARY, "决定是否受理异议", f"{_TOLD_ABOVE}；联系方式已核实的，答复前不能认定"),
    Awaited.OBJECTION_ANSWER: Day(_SECRETARY, "答复异议", f"{_TOLD_ABOVE}；答复前不能认定"),
    Own.CONFIRMATION: Day(_APPROVER, "公示期满后认定公示名单", "认定以前，原等级继续有效，新等级不生效"),
    Own.APPEAL: Day(_HEAD, "对认定结果提出申诉", "期满不再受理申诉"),
    Awaited.APPEAL_ANSWER: Day(Role.APPEAL_PANEL_MEMBER, "答复申诉", _TOLD_ABOVE),
    Own.RECTIFICATION_PLAN: Day(
        _HEAD, "报送整改方案", "期满仍未报送的，整改按未通过处理，并将撤销该专业的建议提交委员会审议"
    ),
    Awaited.RECTIFICATION_ANSWER: Day(_VERIFIER, "答复整改方案", "期满仍未答复的，视为同意"),
    Own.MILESTONE: Day(_HEAD, "报送整改节点的完成情况", "没有报送的，整改验收不能通过"),
    Own.RECHECK_BEGINS: Day(
        _HEAD, "准备好整改验收", "验收随后开始；未通过达到办法规定次数的，将撤销该专业的建议提交委员会审议"
    ),
    Awaited.RECHECK: Day(_VERIFIER, "完成整改验收", _TOLD_ABOVE),
    Own.CLOSING_NOTICE: Day(_HEAD, "查阅撤销建议的告知", "期满没有查阅的，视为已经送达，委员会可以审议"),
    Awaited.SITE_VISIT: Day(Role.SITE_VISITOR, "报告实地考察情况", "期满仍未报告的，报告秘书处，可以由秘书处代为报告"),
    Awaited.VISITORS: Day(_SECRETARY, "指派实地考察专家", f"{_TOLD_ABOVE}；没有考察报告不能审议"),
    Awaited.CLOSING_DECISION: Day(Role.CHAIR, "审议撤销专业的建议", _TOLD_ABOVE),
    Awaited.CLOSING: Day(_APPROVER, "办理撤销专业的决定", "期满仍未办理的，报告审计督查员，列入督导调度"),
    Own.CLOSING_APPEAL: Day(_HEAD, "对撤销决定提出申诉", "期满不再受理申诉，专业可以撤销"),
    Awaited.CLOSING_APPEAL_ANSWER: Day(Role.APPEAL_PANEL_MEMBER, "答复撤销申诉", f"{_TOLD_ABOVE}；答复前不能撤销"),
    Awaited.APPLICATION_CHECK: Day(_SECRETARY, "核查设置申请", _TOLD_ABOVE),
    Awaited.APPLICATION_DECISION: Day(Role.CHAIR, "审议设置申请", _TOLD_ABOVE),
}
"""What → its day, but for what is owed at once. Everybody who has one here is reminded of it."""


def sentence(what: What, until: date, days_left: int) -> str:
    """What whoever has the day is told: what to do, until when, and what happens otherwise."""
    day = DAYS[what]
    left = "今天是最后一天" if days_left == 0 else f"还有{days_left}天"
    return f"请于{until.year}年{until.month}月{until.day}日前（含当日，{left}）{day.to_do}。{day.missed}。"


def threshold(days_left: int) -> int | None:
    """The last of the days before it that has been reached; None before the first, and after the deadline."""
    reached = [days for days in BEFORE if 0 <= days_left <= days]
    return min(reached) if reached else None
