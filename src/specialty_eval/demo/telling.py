"""What is printed at the end: ratings, places, standings, what is contested, what happened to whom. Chinese first."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.table import Table

from specialty_eval.actions.context import LOCAL
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.errors import Problem
from specialty_eval.store.public_queries import Counted
from specialty_eval.text import message

from .city import LEVELS, City
from .record import OPENING, Contested, Told
from .story import YEARS, Tale
from .tables import STANDINGS

COLOURS = {
    "green": "绿牌 green",
    "yellow": "黄牌 yellow",
    "red": "红牌 red",
    "unrated": "暂不评定 unrated",
    None: "未参评 never",
}
SHORT = {"green": "绿", "yellow": "黄", "red": "红", "unrated": "暂不评"}
LEVEL_NAMES = {"secondary": "中职 secondary", "associate": "高职专科 associate", "bachelor": "职业本科 bachelor"}
STANDING_NAMES = {
    "normal": "正常招生 normal", "supported": "重点支持 supported", "restricted": "压缩招生 restricted",
    "phasing_out": "逐步停止招生 phasing out", "suspended": "停止招生 suspended", "closed": "已撤销 closed",
}  # fmt: skip
BRIEFLY = {"normal": "正常 normal", "supported": "支持 supported", "restricted": "压缩 restricted",
           "phasing_out": "逐停 phasing", "suspended": "停招 suspended", "closed": "撤销 closed"}  # fmt: skip
GROUNDS = {Tale.OBJECTION_OPEN: "上报数据 reported figures", Tale.APPEAL_OPEN: "统计口径 how counted"}
"""The class of grounds; the text itself is for those who judge."""
TALES = {
    Tale.LATE: "延期报送 late, extended",
    Tale.DEFAULTED: "逾期未报 defaulted",
    Tale.RETURNED_TWICE: "两次退回补正 returned twice",
    Tale.GAPS: "部分数据缺报 figures missing",
    Tale.WITHHELD: "未报关键数据 withheld",
    Tale.NEWCOMER: "新设专业 newly opened",
    Tale.OFF_CATALOGUE: "目录外专业 off-catalogue",
    Tale.UNFILED: "否决未备案 veto: unfiled",
    Tale.FALSE_DATA: "否决造假 veto: false data",
    Tale.NO_INTAKE: "否决三年未招 veto: no intake",
    Tale.CHALLENGED: "学校更正数据 challenged",
    Tale.CHAIR_CONFLICT: "主任委员回避 chair recused",
    Tale.OVERRIDDEN: "表决改变 overridden",
    Tale.EXEMPTED: "因汛情免评 exempted",
    Tale.TAKEN_OVER: "市级代审 taken over",
    Tale.OBJECTION_UPHELD: "异议成立 objection upheld",
    Tale.OBJECTION_REJECTED: "异议不成立 objection rejected",
    Tale.OBJECTION_OPEN: "异议在查 objection open",
    Tale.APPEAL_UPHELD: "申诉成立 appeal upheld",
    Tale.APPEAL_REJECTED: "申诉不成立 appeal rejected",
    Tale.APPEAL_OPEN: "申诉在审 appeal open",
    Tale.RECOVERS: "红牌整改恢复 red, recovers",
    Tale.PHASED_OUT: "红牌逐步停招 red, phased out",
    Tale.RECTIFIED: "黄牌整改通过 rectified",
    Tale.NO_PLAN: "无整改方案 no plan in time",
    Tale.BEGINS_AGAIN: "停招后转黄再招 begins again",
    Tale.FEW_GRADUATES: "毕业生不足十人 few graduates",
    Tale.TIED: "平票主任委员决定 tie settled",
}
LOST_QUORUM = "不足法定人数 quorum lost"


def told(
    city: City,
    on_record: Mapping[str, Told],
    open_: Sequence[Contested],
    refused: Sequence[tuple[str, int, Problem]],
    put_off: Iterable[str],
    counted: "Counts",
) -> Iterator[RenderableType]:
    """Everything, in order."""
    all_ = list(on_record.values())
    names = counted.counties
    yield ratings_by("各县（市、区）认定结果 · Ratings by county: before → now", counted, lambda c: names[c.county])
    yield ratings_by("各专业大类认定结果 · Ratings by class: before → now", counted, lambda c: c.class_name)
    yield places(all_)
    yield changes(all_)
    yield standings(city, all_)
    yield rectifications(all_)
    yield contested(city, on_record, open_)
    yield too_late(refused)
    yield tales(city, on_record, put_off)


def _table(title: str, *headings: str, numbers_from: int = 1) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
    for n, heading in enumerate(headings):
        table.add_column(heading, justify="left" if n < numbers_from else "right", no_wrap=n < numbers_from)
    return table


# --- ratings ---


@dataclass(frozen=True, slots=True)
class Counts:
    """How many had which rating on the first day and now, as the public page counts: what is taught, nothing closed."""

    before: Sequence[Counted]
    now: Sequence[Counted]
    counties: Mapping[str, str]


def ratings_by(title: str, counted: Counts, group: Callable[[Counted], str]) -> Table:
    """How many of each group had a rating on the first day, and how many have it now."""
    table = _table(title, "", *COLOURS.values(), "合计 total")
    names = sorted({group(each) for each in (*counted.before, *counted.now)})
    for name in (*names, ""):
        before, now = (_sums(day, name, group) for day in (counted.before, counted.now))
        cells = [f"{before[colour]} → {now[colour]}" for colour in COLOURS]
        cells.append(f"{before.total()} → {now.total()}")
        table.add_row(name or "全市 the city", *cells, end_section=name == names[-1])
    return table


def _sums(day: Sequence[Counted], name: str, group: Callable[[Counted], str]) -> Counter[str | None]:
    """Rating → how many of the group, or of all, had it on a day."""
    sums: Counter[str | None] = Counter()
    for each in day:
        if group(each) == name or not name:
            sums[each.rating] += each.specialties
    return sums


# --- places ---


def places(all_: Sequence[Told]) -> Table:
    """The places of each academic year by level, and what changed since the opening balance."""
    years = (OPENING, *YEARS)
    title = "招生计划（人） · Enrolment places: the opening ones, then the approved plans"
    table = _table(title, "", *map(str, years), "增减 change", "计划为零 none left")
    for level in (*LEVELS, ""):
        within = [told for told in all_ if told.level == level or not level]
        sums = [sum(told.quotas.get(year, 0) for told in within) for year in years]
        change = 100 * (sums[-1] - sums[0]) / sums[0] if sums[0] else 0
        none_left = sum(told.quotas.get(YEARS[-1]) == 0 for told in within)
        cells = [*map(str, sums), f"{change:+.1f} %", str(none_left)]
        table.add_row(LEVEL_NAMES.get(level, "合计 total"), *cells, end_section=level == LEVELS[-1])
    return table


_WHY = {
    "green": "绿牌增加 green", "yellow": "黄牌压缩 yellow", "red": "红牌停招 red", "unrated": "暂不评定 unrated",
    "red-twice-in-three": "三次两红 red twice", "restored": "整改恢复 restored", "": "未到评估 no rating yet",
}  # fmt: skip


def changes(all_: Sequence[Told]) -> Table:
    """Who was cut and who grew between the first and the last year, by what it rests on; the largest by name."""
    title = f"谁增谁减 · Who grew and who was cut, {OPENING} → {YEARS[-1]}"
    table = _table(title, "", "专业 number", "之前 before", "现在 now", "最大变化 largest change")
    by_cause: dict[str, list[Told]] = {}
    for told in all_:
        if told.line is not None and _change(told):
            by_cause.setdefault("restored" if told.rectification == "passed" else told.line.cause, []).append(told)
    for cause, some in sorted(by_cause.items(), key=lambda found: -sum(map(_change, found[1]))):
        before, now = (sum(told.quotas.get(year, 0) for told in some) for year in (OPENING, YEARS[-1]))
        most = max(some, key=lambda told: abs(_change(told)))
        table.add_row(_WHY.get(cause, cause), str(len(some)), str(before), str(now), _largest(most))
        if adjusted := [told for told in some if told.line is not None and told.line.adjusted]:
            before, now = (sum(told.quotas.get(year, 0) for told in adjusted) for year in (OPENING, YEARS[-1]))
            most = max(adjusted, key=lambda told: abs(_change(told)))
            table.add_row("  其中人工调整 adjusted", str(len(adjusted)), str(before), str(now), _largest(most))
    return table


def _largest(most: Told) -> str:
    return f"{most.code} {most.quotas.get(OPENING, 0)} → {most.quotas[YEARS[-1]]}"


def _change(told: Told) -> int:
    return told.quotas.get(YEARS[-1], 0) - told.quotas.get(OPENING, 0)


# --- standings ---


def standings(city: City, all_: Sequence[Told]) -> Table:
    """How many specialties have each standing: on the first day, and now."""
    opening = Counter(STANDINGS.get(s.earlier, "normal") for s in city.specialties)
    now = Counter(told.standing for told in all_)
    title = "专业状态 · Standings: the first day, and now"
    table = _table(title, "", "期初 before", "现在 now")
    for state, name in STANDING_NAMES.items():
        if opening[state] or now[state]:
            table.add_row(name, str(opening[state]), str(now[state]))
    return table


MENDING = {
    "due": "待交方案 plan due", "planned": "方案待定 planned", "in_progress": "整改中 in progress",
    "recheck": "验收中 recheck", "passed": "验收通过，已恢复 passed, restored",
    "failed": "未通过，拟撤销 failed, closing proposed", "superseded": "被新结果取代 superseded",
}  # fmt: skip


def rectifications(all_: Sequence[Told]) -> Table:
    """How far what was rated yellow or red is mended."""
    counts = Counter(told.rectification for told in all_)
    table = _table("整改 · Rectification", "", "专业 specialties")
    for state, name in MENDING.items():
        if counts[state]:
            table.add_row(name, str(counts[state]))
    return table


# --- cases and tales ---


def _lines(title: str, *headings: str) -> Table:
    """Words rather than numbers: close together, and what does not fit goes on below."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def contested(city: City, on_record: Mapping[str, Told], open_: Sequence[Contested]) -> Table:
    """What is still contested: where, why, since when, and what is in force meanwhile."""
    headings = ("专业代码 specialty", "案由 ground", "收到 since", "期限 due", "其间有效 in force meanwhile")
    table = _lines("争议中 · Contested", *headings)
    tale_of = {s.code: s.tale for s in city.specialties}
    for case in open_:
        told, tale = on_record[case.code], tale_of[case.code]
        kind = {"objection": "异议", "appeal": "申诉"}[case.kind]
        ground = GROUNDS.get(tale, case.kind) if tale else case.kind
        due = "" if case.due is None else str(last_local_day(case.due, LOCAL))
        since = str(case.since.astimezone(LOCAL).date())
        meanwhile = f"{SHORT.get(told.now or '', '无')}，{BRIEFLY[told.standing]}，{told.quotas[YEARS[-1]]}人"
        table.add_row(case.code, f"{kind}：{ground}", since, due, meanwhile)
    return table


def too_late(refused: Sequence[tuple[str, int, Problem]]) -> Table:
    """What the second of two people was told who decided the same thing at once."""
    headings = ("专业代码 specialty", "事项 item", "后办的一人得到的答复 what the second of the two was told")
    table = _lines("两人同时办理，一个决定 · Two at once, one decision", *headings)
    for code, item, problem in refused:
        table.add_row(code, f"/v1/items/{item}", f"{message(problem, 'zh')}\n{message(problem, 'en')}")
    return table


def tales(city: City, on_record: Mapping[str, Told], put_off: Iterable[str]) -> Table:
    """A line a tale: where to look it up, and how it ended."""
    years = "→".join(str(year % 100) for year in (OPENING, *YEARS))
    table = _lines(
        "谁遇到了什么 · What happened to whom", "批次\nround", "专业代码\nspecialty", "经过\nwhat happened",
        "认定\nratings", f"计划 places\n{years}", "状态\nstanding",
    )  # fmt: skip
    lines = [(s.round, TALES[s.tale], s.code) for s in city.specialties if s.tale is not None]
    lines += [(2, LOST_QUORUM, code) for code in put_off]
    for number, what, code in sorted(lines):
        told = on_record[code]
        path = "→".join(SHORT[rating] for rating in told.ratings)
        planned = "→".join(str(told.quotas.get(year, "")) for year in (OPENING, *YEARS))
        table.add_row(str(YEARS[number - 1]), code, what, path, planned, BRIEFLY[told.standing])
    return table
