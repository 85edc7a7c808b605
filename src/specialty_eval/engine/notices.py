"""What stands in a notice and in a letter: facts of the record in the words of an office. Nothing is looked up here.

A letter to a school says what that school may see of its own sheet; a notice to the public says no figure at all.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from .calendar import last_local_day
from .consequences import Consequence, Duration
from .documents import Told
from .forms import Plain
from .policy import Indicator, Measure, Policy
from .vocabulary import Label, Publish, Rating, options_called
from .withholding import hides_score, shaded

LEVELS = {"secondary": "中职", "associate": "高职专科", "bachelor": "职业本科"}
RATINGS = {
    Rating.GREEN: "绿牌", Rating.YELLOW: "黄牌", Rating.RED: "红牌", Rating.UNRATED: "暂不评定",
    Rating.INCOMPLETE: "数据不全",
}  # fmt: skip
STANDINGS = {
    "normal": "正常招生", "supported": "重点支持", "restricted": "压缩招生", "phasing_out": "逐步停止招生",
    "suspended": "停止招生", "closed": "撤销",
}  # fmt: skip
UNITS = {
    "percent": "%", "person": "人", "point": "分", "post": "个", "ratio": "", "school": "所", "specialty": "个",
    "yuan": "元", "hour": "学时", "item": "项", "employer": "家",
}  # fmt: skip
NOT_SHOWN = "不公开"
NOT_REPORTED = "未报告"
NOT_SCORED = "不计分"
SUSPENDS = {
    "standing": "申诉期间，专业状态和招生计划的变动暂停执行。",
    "all": "申诉期间，暂停执行本决定。",
}
GOES_ON = "申诉期间不停止决定的执行。"


@dataclass(frozen=True, slots=True)
class Words:
    """A policy as office papers call its ratings, reasons and days."""

    policy: Policy

    def rating(self, rating: str) -> str:
        """What the policy calls a rating."""
        return _zh(self.policy.rating.labels.get(Rating(rating), {}), RATINGS[Rating(rating)])

    def reasons(self, codes: Iterable[str]) -> list[dict[str, str]]:
        """Reason codes as sentences, each with the clause it rests on."""
        steps = self.policy.rating
        named = (
            *self.policy.adjustments, *steps.unrated, *steps.rules, *steps.quotas, *steps.caps, *steps.history,
            *steps.flags,
        )  # fmt: skip
        known = {step.code: (_zh(step.label, step.code), step.source) for step in named}
        return [dict(zip(("text", "source"), known.get(code, (code, "")), strict=True)) for code in codes]

    def said(self, codes: Iterable[str]) -> str:
        """The same in one line."""
        return "；".join(reason["text"] for reason in self.reasons(codes))


def _zh(label: Label, otherwise: str) -> str:
    return label.get("zh") or next(iter(label.values()), otherwise)


def day(on: date) -> str:
    """2026年9月1日."""
    return f"{on.year}年{on.month}月{on.day}日"


def day_of(at: datetime | None, zone: tzinfo) -> str:
    """The local day of an instant; empty without one."""
    return "" if at is None else day(at.astimezone(zone).date())


def last_day(due: datetime | None, zone: tzinfo) -> str:
    """The last local day of a deadline; empty without one."""
    return "" if due is None else day(last_local_day(due, zone))


def days(duration: Duration) -> str:
    """20个工作日, 30日."""
    return f"{duration.days}个工作日" if duration.working else f"{duration.days}日"


@dataclass(frozen=True, slots=True)
class Batch:
    """A round as papers name it."""

    cycle: str
    number: int
    year: int
    policy: Policy

    def told(self) -> dict[str, str]:
        """The fields about the round."""
        return {
            "cycle": self.cycle, "round": f"{self.year}年第{self.number}批",
            **policy_told(self.policy),
        }  # fmt: skip


def policy_told(policy: Policy) -> dict[str, str]:
    """The fields about the policy."""
    return {
        "policy": _zh(policy.title, policy.id), "policy_version": policy.version, "policy_source": policy.source,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A specialty as papers name it."""

    school: str
    specialty: str
    code: str
    level: str
    class_name: str

    def told(self) -> dict[str, str]:
        """The fields about the specialty."""
        return {
            "school": self.school, "specialty": self.specialty, "code": self.code,
            "level": LEVELS.get(self.level, self.level), "class_name": self.class_name,
        }  # fmt: skip


# --- the notice ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a list: proposed as computed, or by the committee with its reason."""

    place: Place
    rating: str
    reasons: Sequence[str]
    computed: str
    decision_reason: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A list that is out: its days, its hash, the head of the sealed events, and its lines in order."""

    number: int
    edition: int
    counts: Mapping[str, int]
    opened_at: datetime
    closes_at: datetime
    digest: str
    seal_head: str
    entries: Sequence[Entry]


def publication_notice(batch: Batch, notice: Notice, zone: tzinfo) -> Told:
    """The fields of a publication notice."""
    words, rules = Words(batch.policy), batch.policy.workflow.days
    return {
        **batch.told(),
        "list": f"第{notice.number}号第{notice.edition}版",
        "total": str(notice.counts.get("total", len(notice.entries))),
        "counts": [
            {"rating": words.rating(rating.value), "number": str(notice.counts[rating.value])}
            for rating in Rating
            if notice.counts.get(rating.value)
        ],
        "entries": [_line(words, place, entry) for place, entry in enumerate(notice.entries, 1)],
        "opens": day_of(notice.opened_at, zone), "closes": last_day(notice.closes_at, zone),
        "days": days(rules["publicity"]), "answer_days": days(rules["objection_answer"]),
        "digest": notice.digest, "seal_head": notice.seal_head,
    }  # fmt: skip


def _line(words: Words, place: int, entry: Entry) -> dict[str, str]:
    is_decided = entry.rating != entry.computed
    decided = f"按办法计算为{words.rating(entry.computed)}。理由：{entry.decision_reason}" if is_decided else ""
    return {
        **entry.place.told(), "place": str(place), "rating": words.rating(entry.rating),
        "reasons": words.said(entry.reasons), "decided": decided,
    }  # fmt: skip


# --- the letter ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Letter:
    """A confirmed rating with everything that led to it: its sheet, the decision, the list, the confirmation."""

    place: Place
    rating: str
    reasons: Sequence[str]
    computed: str
    decision_reason: str
    total: Decimal | None
    indicators: Sequence[Mapping[str, Any]]
    decided_at: datetime
    opened_at: datetime
    closes_at: datetime
    confirmed_at: datetime
    document_number: str
    valid_from: date
    appeal_due: datetime
    consequence: Consequence | None
    plan_due: datetime | None
    recheck_from: date | None
    replaces: str


def decision_letter(batch: Batch, letter: Letter, zone: tzinfo) -> Told:
    """The fields of a decision letter: facts, reasons, rating, consequences, and the ways against it."""
    policy, words = batch.policy, Words(batch.policy)
    suspends = "" if policy.enrolment is None else policy.enrolment.appeal_suspends
    is_decided = letter.rating != letter.computed
    seen = seen_by_school(policy)
    return {
        **batch.told(), **letter.place.told(),
        "rating": words.rating(letter.rating),
        "total": "" if letter.total is None or hides_score(policy, seen) else str(letter.total),
        "facts": facts(policy, letter.indicators, seen),
        "reasons": words.reasons(letter.reasons),
        "computed": words.rating(letter.computed), "decided": letter.decision_reason if is_decided else "",
        "decided_on": day_of(letter.decided_at, zone),
        "publicity": f"{day_of(letter.opened_at, zone)}至{last_day(letter.closes_at, zone)}",
        "document_number": letter.document_number, "confirmed_on": day(letter.valid_from),
        "consequences": consequences(letter.consequence),
        "plan_due": last_day(letter.plan_due, zone),
        "recheck_from": "" if letter.recheck_from is None else day(letter.recheck_from),
        "appeal_days": days(policy.workflow.days["appeal"]), "appeal_until": last_day(letter.appeal_due, zone),
        "suspends": SUSPENDS.get(suspends, GOES_ON), "replaces": letter.replaces,
    }  # fmt: skip


def seen_by_school(policy: Policy) -> frozenset[str]:
    """The measures that a school may see of its own specialty, whoever opens the letter."""
    return frozenset(
        m.code for m in policy.measures.values()
        if m.publish in {Publish.PUBLIC, Publish.OWN} or m.supplier == "school"
    )  # fmt: skip


def not_public(policy: Policy) -> frozenset[str]:
    """The measures whose values the public does not see of anybody."""
    return frozenset(m.code for m in policy.measures.values() if m.publish is not Publish.PUBLIC)


def facts(policy: Policy, indicators: Sequence[Mapping[str, Any]], seen: Collection[str]) -> list[dict[str, str]]:
    """A sheet's lines as a table: what these eyes may not see says so, banded where the policy bands it."""
    dimensions = {d.code: _zh(d.label, d.code) for d in policy.dimensions}
    known = {i.code: i for i in policy.indicators}
    made = []
    for line in shaded(policy, indicators, seen):
        indicator = known[line["code"]]
        value = figure(_measure_of(policy, indicator), line.get("value"))
        points = NOT_REPORTED if value == NOT_REPORTED else figure(None, line.get("points"), NOT_SCORED)
        if "withheld" in line:
            value, points = NOT_SHOWN, str(line.get("band", NOT_SHOWN))
        if indicator.points is None:
            points = NOT_SCORED
        made.append(
            {"dimension": dimensions.get(indicator.dimension, ""), "indicator": _zh(indicator.label, indicator.code),
             "value": value, "unit": UNITS.get(indicator.unit, indicator.unit), "points": points,
             "weight": "" if indicator.weight is None else f"{indicator.weight:f}"}
        )  # fmt: skip
    return made


def _measure_of(policy: Policy, indicator: Indicator) -> Measure | None:
    return policy.measures.get(indicator.value.measure) if isinstance(indicator.value, Plain) else None


def figure(measure: Measure | None, value: object, otherwise: str = NOT_REPORTED) -> str:
    """A measure's value in words: yes or no, an option by its name, a number as it is; `otherwise` without one."""
    if value is None or value == "":
        return otherwise
    words = {} if measure is None else options_called(measure.options)
    return words.get(str(value)) or {"true": "是", "false": "否", "True": "是", "False": "否"}.get(
        str(value), str(value)
    )


def _percent(change: Decimal) -> str:
    text = f"{abs(change):f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def consequences(rules: Consequence | None) -> list[dict[str, str]]:
    """What the rating does to enrolment, one sentence each."""
    if rules is None:
        return [{"text": "不调整招生计划"}]
    said = [f"该专业列为“{STANDINGS.get(rules.standing, rules.standing)}”"]
    if rules.change_percent is not None:
        way = "增加" if rules.change_percent > 0 else "压缩"
        said.append(f"下一招生年度起招生计划{way}{_percent(rules.change_percent)}")
    if rules.steps_percent:
        steps = "、".join(_percent(step) for step in rules.steps_percent)
        said.append(f"招生计划按原计划逐年压缩{steps}")
    if rules.then is not None:
        said.append(f"此后{STANDINGS.get(rules.then, rules.then)}，在校学生培养至毕业")
    if rules.at_most_capacity:
        said.append("招生计划不超过办学容量")
    if rules.rectification is not None:
        said.append("限期整改，经复查验收合格的，按办法恢复")
    return [{"text": text} for text in said]
