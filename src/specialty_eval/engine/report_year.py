"""The year of a city and of a school in words: what stands in the quality report, and what small groups leave out.

An indicator is summed up over what its reader may see of each specialty alone, so that no sum tells a hidden figure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from .notices import LEVELS, RATINGS, STANDINGS, UNITS, Words
from .policy import Policy
from .report import Part, Report, Table, by_rating, numbered, sheet_table
from .sources import of_points
from .withholding import ENOUGH, hidden_in

CASES = {"challenge": "数据质疑", "objection": "异议", "appeal": "申诉"}
CASE_STATES = {
    "open": "办理中", "upheld": "成立", "rejected": "不成立", "received": "已收到",
    "contact_confirmed": "已核实联系方式",
    "admitted": "已受理", "inadmissible": "不予受理", "heard": "审理中",
}  # fmt: skip
MENDING = {
    "due": "待报方案", "planned": "方案已报", "in_progress": "整改中", "recheck": "待复查", "passed": "验收合格",
    "failed": "验收不合格", "superseded": "已由新的认定替代",
}  # fmt: skip
NAMES = {**{rating.value: said for rating, said in RATINGS.items()}, "none": "其他"}
FEW = f"（不足{ENOUGH}个专业点，不列）"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A confirmed review's sheet, under the code its run knew it by."""

    code: str
    name: str
    policy: Policy
    rating: str
    reasons: Sequence[str]
    total: Decimal | None
    indicators: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class CityYear:
    """What the records say of a city in a year."""

    bureau: str
    year: int
    date: str
    ratings: Sequence[tuple[str, str, str, str | None, int]]
    """(county, level, class, rating or None, how many) at the end."""
    changes: Sequence[tuple[str | None, str | None, int]]
    """(rating a year earlier, rating at the end, how many)."""
    cases: Sequence[tuple[str, str, int]]
    mending: Sequence[tuple[str, str, int]]
    standings: Sequence[tuple[str, int]]
    plan: Sequence[tuple[str, int, int, int]]
    """(county, specialties, students before, students planned) of the year's approved plan."""
    schools: int
    sheets: Sequence[Sheet]
    hidden: Mapping[str, frozenset[str]] | None
    """Code → measures its reader does not see; None for whoever sees every figure."""
    about: Sequence[tuple[str, str]]
    until: str = ""
    """The day for which it speaks, in words, where the year's last day is not over."""


def _as_of(facts: "CityYear | SchoolYear") -> str:
    """By when what is told holds: of a year that goes on nobody says what will be at its end."""
    return f"截至{facts.until}" if facts.until else f"{facts.year}年末"


def annual(facts: CityYear) -> Report:
    """The quality report of a city."""
    total = sum(number for *_, number in facts.ratings)
    return Report(
        facts.bureau, f"{facts.bureau}职业教育专业质量年度报告（{facts.year}年）", facts.date,
        numbered([
            ("基本情况", _basics(facts, total)),
            ("评价结果", _ratings(facts)),
            ("等级变化", _changes(facts)),
            ("指标情况", indicators(facts.sheets, facts.hidden)),
            ("招生计划", _plan(facts)),
            ("整改", _counted("整改", ("认定等级", "进度", "专业点数"), facts.mending, NAMES, MENDING)),
            ("异议、申诉和数据质疑", _counted("办理情况", ("种类", "结果", "件数"), facts.cases, CASES, CASE_STATES)),
            ("数据说明", [*_explained(facts)]),
        ]),
        tuple(facts.about),
    )  # fmt: skip


def _basics(facts: CityYear, total: int) -> list[Part]:
    levels: dict[str, int] = {}
    for _, level, _, _, number in facts.ratings:
        levels[level] = levels.get(level, 0) + number
    by_level = "，".join(f"{LEVELS.get(level, level)}{number}个" for level, number in levels.items())
    rated = sum(number for *_, rating, number in facts.ratings if rating is not None)
    said = f"{_as_of(facts)}，全市有职业学校{facts.schools}所，在办专业点{total}个，其中{by_level}。" if total else ""
    return [said, f"有现行等级的专业点{rated}个，未参评的{total - rated}个。"] if total else []


def _ratings(facts: CityYear) -> list[Part]:
    parts: list[Part] = []
    for title, place in (("县（市、区）", 0), ("层次", 1), ("专业大类", 2)):
        rows = [(LEVELS.get(str(row[place]), str(row[place])), row[3] or "none", row[4]) for row in facts.ratings]
        parts += by_rating(title, NAMES, rows)
    return parts


def _changes(facts: CityYear) -> list[Part]:
    moved = [(old, new, number) for old, new, number in facts.changes if old != new]
    if not facts.changes:
        return []
    same = sum(number for old, new, number in facts.changes if old == new)
    rows = tuple((_named(old), _named(new), str(number)) for old, new, number in moved)
    parts: list[Part] = [f"与上年末相比，等级不变的专业点{same}个，变化的{sum(n for *_, n in moved)}个。"]
    return [*parts, Table("等级变化", ("上年末", _as_of(facts), "专业点数"), rows)] if rows else parts


def _named(rating: str | None) -> str:
    return "未参评" if rating is None else NAMES.get(rating, rating)


def _plan(facts: CityYear) -> list[Part]:
    if not facts.plan:
        return []
    rows = [(county, str(lines), str(before), str(quota)) for county, lines, before, quota in facts.plan]
    lines, before, quota = (sum(numbers) for numbers in zip(*(row[1:] for row in facts.plan), strict=True))
    rows.append(("合计", str(lines), str(before), str(quota)))
    parts: list[Part] = [Table("批准的招生计划", ("县（市、区）", "专业点数", "原计划", "本年计划"), tuple(rows))]
    if facts.standings:
        said = "，".join(f"{STANDINGS.get(state, state)}{number}个" for state, number in facts.standings)
        parts.append(f"专业状态：{said}。")
    return parts


def _counted(
    title: str, heads: tuple[str, ...], rows: Iterable[tuple[str, str, int]], first: Mapping[str, str],
    second: Mapping[str, str],
) -> list[Part]:  # fmt: skip
    told = tuple((first.get(a, a), second.get(b, b), str(number)) for a, b, number in rows)
    return [Table(title, heads, told)] if told else []


def _explained(facts: CityYear) -> list[Part]:
    said = "本报告由评价系统依据入库记录生成，各项统计与公开查询一致；"
    said += f"等级以{facts.until or '年末'}有效、制作时所知为准。"
    if facts.until:
        said += "本年尚未结束，年末的情况以年度结束后制作的报告为准。"
    if facts.hidden is not None:
        said += f"限制公开的数据和小样本不计入指标情况；不足{ENOUGH}个专业点的指标不列。"
    return [said]


# --- indicators ------------------------------------------------------------------------------------------------------


def indicators(sheets: Sequence[Sheet], hidden: Mapping[str, frozenset[str]] | None) -> list[Part]:
    """How each indicator came out over the confirmed reviews: of those alone whose figure the reader may see."""
    rows = []
    for policy in {sheet.policy.digest: sheet.policy for sheet in sheets}.values():
        for indicator in policy.indicators:
            values = _seen(sheets, policy, indicator.code, hidden)
            if not values:
                continue
            unit = UNITS.get(indicator.unit, indicator.unit)
            name = indicator.label.get("zh", indicator.code) + (f"（{unit}）" if unit else "")
            if hidden is not None and len(values) < ENOUGH:
                rows.append((name, "—", FEW, "", "", ""))
                continue
            low, middle, high = (quartile(values, part) for part in (1, 2, 3))
            rows.append((name, str(len(values)), f"{min(values):f}", f"{low:f}", f"{middle:f}", f"{high:f}"))
    if not rows:
        return []
    heads = ("指标", "专业点数", "最低", "下四分位", "中位数", "上四分位")
    return [Table("各指标的分布（本年认定的专业点）", heads, tuple(rows), (40, 12, 12, 12, 12, 12))]


def _seen(
    sheets: Sequence[Sheet], policy: Policy, code: str, hidden: Mapping[str, frozenset[str]] | None
) -> list[Decimal]:
    indicator = next(i for i in policy.indicators if i.code == code)
    found = []
    for sheet in sheets:
        if sheet.policy.digest != policy.digest:
            continue
        if hidden is not None and hidden_in(of_points(indicator, policy), sheet.code, hidden):
            continue
        value = next((line.get("value") for line in sheet.indicators if line["code"] == code), None)
        if (number := _decimal(value)) is not None:
            found.append(number)
    return sorted(found)


def _decimal(value: object) -> Decimal | None:
    try:
        return None if value is None or isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return None


def quartile(values: Sequence[Decimal], part: int) -> Decimal:
    """The value below which so many quarters lie: one of the values themselves, the lower where there are two."""
    return values[max(0, -(-len(values) * part // 4) - 1)]


# --- a school --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OwnSpecialty:
    """A specialty of the school: its rating now and a year before, its standing and quota."""

    code: str
    name: str
    level: str
    rating: str | None
    before: str | None
    standing: str | None
    quota: int | None


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """What the records say of a school in a year; `facts`: of each sheet what its reader may see, as a table."""

    bureau: str
    school: str
    year: int
    date: str
    specialties: Sequence[OwnSpecialty]
    sheets: Sequence[tuple[Sheet, Sequence[Mapping[str, str]]]]
    mending: Sequence[tuple[str, str, str, str]]
    """(specialty, rating, state, last day of the plan)."""
    about: Sequence[tuple[str, str]]
    until: str = ""
    """As of a city's."""


OF_A_SCHOOL = "本报告由评价系统依据入库记录生成；标明“不公开”的数据按办法不予显示，受其影响的总分也不列出。"


def of_school(facts: SchoolYear) -> Report:
    """The quality report of a school."""
    rows = tuple(
        (s.name, s.code, LEVELS.get(s.level, s.level), _named(s.before), _named(s.rating),
         STANDINGS.get(s.standing or "normal", s.standing or ""), "" if s.quota is None else str(s.quota))
        for s in facts.specialties
    )  # fmt: skip
    heads = ("专业", "专业点代码", "层次", "上年末等级", f"{_as_of(facts)}等级", "专业状态", "本年招生计划")
    ratings: list[Part] = [Table("专业一览", heads, rows, (20, 22, 10, 12, 12, 12, 12))] if rows else []
    found = [(LEVELS.get(s.level, s.level), s.rating or "none", 1) for s in facts.specialties]
    ratings += by_rating("层次", NAMES, found)
    return Report(
        facts.bureau, f"{facts.school}专业质量年度报告（{facts.year}年）", facts.date,
        numbered([
            ("专业和等级", [f"{_as_of(facts)}，学校在办专业点{len(rows)}个。", *ratings]),
            ("本年认定的专业", [part for sheet, lines in facts.sheets for part in _own(sheet, lines)]),
            ("整改", _mending(facts)),
            ("数据说明", [OF_A_SCHOOL]),
        ]),
        tuple(facts.about),
    )  # fmt: skip


def _own(sheet: Sheet, lines: Sequence[Mapping[str, str]]) -> list[Part]:
    words = Words(sheet.policy)
    reasons = words.said(sheet.reasons)
    total = "" if sheet.total is None else f"，总分{sheet.total}分"
    table = sheet_table(f"{sheet.name}的指标", lines)
    return [f"{sheet.name}（{sheet.code}）：认定为{words.rating(sheet.rating)}{total}。理由：{reasons}。", table]


def _mending(facts: SchoolYear) -> list[Part]:
    rows = tuple(
        (name, NAMES.get(rating, rating), MENDING.get(state, state), due) for name, rating, state, due in facts.mending
    )
    return [Table("整改", ("专业", "认定等级", "进度", "方案截止日"), rows)] if rows else []


__all__ = ["CityYear", "OwnSpecialty", "SchoolYear", "Sheet", "annual", "indicators", "of_school", "quartile"]
