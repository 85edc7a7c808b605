"""Supervision in words: who was late in a quarter or half-year, and who is late now, by county and school."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .overdue import OFFICES, Awaited
from .report import PERIODS, Chart, Part, Period, Report, Series, Table, numbered
from .roles import Role

OWED: Mapping[Awaited, str] = {
    Awaited.EVIDENCE: "填报材料", Awaited.CORRECTION: "补正材料", Awaited.COUNTY_CHECK: "县级审核",
    Awaited.VERIFICATION: "市级审核", Awaited.PANEL_SCORE: "专家评分", Awaited.SCORE_RUN: "计分",
    Awaited.CHALLENGE_ANSWER: "答复数据质疑", Awaited.DECISION: "委员会审议", Awaited.PREVIEW: "送达",
    Awaited.ADMISSIBILITY: "异议受理", Awaited.OBJECTION_ANSWER: "异议答复", Awaited.APPEAL_ANSWER: "申诉答复",
    Awaited.RECTIFICATION_ANSWER: "整改方案答复", Awaited.RECHECK: "整改验收",
    Awaited.SITE_VISIT: "实地考察报告", Awaited.CLOSING_DECISION: "撤销建议审议", Awaited.CLOSING: "撤销专业",
    Awaited.CLOSING_APPEAL_ANSWER: "撤销申诉答复", Awaited.APPLICATION_CHECK: "开设申请核查",
    Awaited.APPLICATION_DECISION: "开设申请审议", Awaited.VISITORS: "指派实地考察专家", Awaited.MENDING: "启动整改",
}  # fmt: skip
OWNERS: Mapping[Role, str] = {
    Role.SCHOOL_HEAD: "学校", Role.COUNTY_VERIFIER: "县级审核", Role.BUREAU_VERIFIER: "市级审核",
    Role.EXPERT: "评审专家", Role.SITE_VISITOR: "实地考察专家", Role.BUREAU_APPROVER: "市级审批",
    Role.SECRETARY: "秘书处", Role.CHAIR: "委员会", Role.APPEAL_PANEL_MEMBER: "申诉复核组",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LateNow:
    """One thing that is late as the report is made."""

    what: Awaited
    county: str
    school: str
    specialty: str
    code: str
    due: str
    days: int


@dataclass(frozen=True, slots=True)
class Happened:
    """What lateness led to in the period: `defaulted`, `escalated`, `reminded` (the school), `reminded_others` (of
    which of the things they owe), `extended`; how often.
    """

    kind: str
    what: str
    county: str
    school: str
    number: int


@dataclass(frozen=True, slots=True)
class Supervised:
    """The period's facts."""

    bureau: str
    year: int
    period: Period
    date: str
    county: str
    late: Sequence[LateNow]
    happened: Sequence[Happened]
    about: Sequence[tuple[str, str]]


KINDS = {
    "defaulted": "逾期未报（按未提交处理）",
    "escalated": "主管部门逾期（已上报）",
    "reminded": "催办学校",
    "reminded_others": "催办部门、委员会、专家",
    "extended": "延期",
}


def supervision(facts: Supervised) -> Report:
    """Who is late, by county and school."""
    whole = f"{facts.year}年{PERIODS[facts.period]}" if facts.period is not Period.YEAR else f"{facts.year}年"
    where = f"（{facts.county}）" if facts.county else ""
    return Report(
        facts.bureau, f"{whole}专业评价督导调度报告{where}", facts.date,
        numbered([
            ("总体情况", _summary(facts)),
            ("按县（市、区）", _by(facts, "县（市、区）", [one.county for one in facts.late], lambda one: one.county)),
            ("按学校", _by(facts, "学校", [one.school for one in facts.late], lambda one: one.school)),
            ("现在逾期的事项", _listed(facts.late)),
            ("本期记录", _happened(facts.happened)),
        ]),
        tuple(facts.about),
    )  # fmt: skip


def _summary(facts: Supervised) -> list[Part]:
    counts = Counter(late.what for late in facts.late)
    said: list[Part] = [f"制作时逾期未办的事项{len(facts.late)}件。" if facts.late else "制作时没有逾期未办的事项。"]
    if counts:
        rows = tuple((OWED[what], OWNERS[OFFICES[what].owner], str(n)) for what, n in counts.most_common())
        said.append(Table("逾期事项", ("事项", "责任方", "件数"), rows))
    totals: Counter[str] = Counter()
    for one in facts.happened:
        totals[one.kind] += one.number
    if totals:
        listed = "，".join(f"{KINDS[kind]}{totals[kind]}件" for kind in KINDS if totals[kind])
        said.append(f"本期：{listed}。")
    return said


def _by(facts: Supervised, title: str, late: Iterable[str], of: Callable[[Happened], str]) -> list[Part]:
    now = Counter(late)
    kinds: dict[str, Counter[str]] = {}
    for one in facts.happened:
        kinds.setdefault(of(one), Counter())[one.kind] += one.number
    names = sorted(set(now) | set(kinds), key=lambda name: (-now[name], name))
    if not names:
        return []
    rows = tuple((name, str(now[name]), *(str(kinds.get(name, Counter())[kind]) for kind in KINDS)) for name in names)
    heads = (title, "现在逾期", "逾期未报", "部门逾期", "催办学校", "催办其他", "延期")
    parts: list[Part] = [Table(f"按{title}", heads, rows, (28, 12, 12, 12, 12, 12, 12))]
    if now:
        shown = [name for name in names if now[name]][:20]
        parts.append(Chart(f"现在逾期（件，按{title}）", tuple(shown),
                           (Series("逾期", tuple(now[name] for name in shown), "C62828"),)))  # fmt: skip
    return parts


def _listed(late: Sequence[LateNow]) -> list[Part]:
    rows = tuple(
        (OWED[one.what], one.county, one.school, one.specialty, one.due, str(one.days))
        for one in sorted(late, key=lambda one: (-one.days, one.county, one.school, one.code))
    )
    heads = ("事项", "县（市、区）", "学校", "专业", "期限", "逾期天数")
    return [Table("逾期清单", heads, rows, (16, 14, 26, 20, 14, 10))] if rows else []


def _happened(happened: Sequence[Happened]) -> list[Part]:
    rows = tuple(
        (KINDS[one.kind], OWED[Awaited(one.what)] if one.what in set(Awaited) else "", one.county, one.school,
         str(one.number))
        for one in happened
    )  # fmt: skip
    return (
        [Table("本期记录", ("记录", "事项", "县（市、区）", "学校", "次数"), rows, (28, 18, 18, 26, 10))]
        if rows
        else []
    )
