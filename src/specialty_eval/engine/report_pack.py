"""An item's material as a paper for the committee: what its reader may see, and for whom it was printed."""

from collections.abc import Mapping, Sequence
from typing import Any

from .notices import Words, day, facts, figure
from .policy import Policy
from .report import Part, Report, Table, numbered, sheet_table


def pack(
    policy: Policy, bureau: str, date: str, material: Mapping[str, Any], about: Sequence[tuple[str, str]]
) -> Report:
    """The paper of one item: computed rating, its reasons, the sheet, panel scores, evidence, challenges, the visit."""
    words = Words(policy)
    table = sheet_table("各项指标", facts(policy, material["indicators"], frozenset(policy.measures)))
    return Report(
        bureau, f"审议材料：{material['title']}", date,
        numbered([
            ("计算结果", _computed(words, material)),
            ("评分表", [table]),
            ("专家评分", _panel(policy, material["panel"])),
            ("填报数据", _evidence(policy, material["evidence"])),
            ("数据质疑", _challenges(policy, material["challenges"])),
            ("实地考察", _visits(material["site_visit_reports"])),
            ("决定", _decision(words, material["decision"])),
        ]),
        (*about, ("提示", "本材料仅供审议本议题使用，回避人员不得阅看；用后交回。")),
    )  # fmt: skip


def _computed(words: Words, material: Mapping[str, Any]) -> list[Part]:
    total = "" if material["total"] is None else f"，总分{material['total']}分"
    said: list[Part] = [f"专业点代码{material['code']}；按办法计算为{words.rating(material['rating'])}{total}。"]
    reasons = words.said(reason["code"] for reason in material["reasons"])
    if reasons:
        said.append(f"理由：{reasons}。")
    said += _votable(words, material)
    if material["in_force"]:
        said.append(f"现行等级：{words.rating(str(material['in_force']))}。")
    return said


def _votable(words: Words, material: Mapping[str, Any]) -> list[Part]:
    """Which caps hold, and what a ballot may name: a member has to know it before voting."""
    caps = [f"{words.said([cap['code']])}（最高{words.rating(cap['at_most'])}）" for cap in material["caps"]]
    held = [f"成立的封顶条件：{'；'.join(caps)}。表决不得高于{words.rating(material['at_most'])}。"] if caps else []
    return [*held, f"选票可以写：{'、'.join(words.rating(one) for one in material['choices'])}，或者弃权。"]


def _called(policy: Policy, measure: str) -> str:
    found = policy.measures.get(measure)
    return measure if found is None else found.label.get("zh", measure)


def _panel(policy: Policy, panel: Mapping[str, Sequence[str]]) -> list[Part]:
    rows = tuple((_called(policy, measure), "、".join(scores)) for measure, scores in panel.items())
    return [Table("各位专家的评分（不具名）", ("评分项", "评分"), rows, (50, 50))] if rows else []


def _evidence(policy: Policy, evidence: object) -> list[Part]:
    if not isinstance(evidence, Mapping):
        return []
    figures = evidence.get("figures", evidence)
    if not isinstance(figures, Mapping):
        return []
    rows = tuple(
        (_called(policy, str(code)), figure(policy.measures.get(str(code)), value)) for code, value in figures.items()
    )
    return [Table("提交的数据", ("数据项", "值"), rows, (70, 30))] if rows else []


def _challenges(policy: Policy, challenges: Sequence[Mapping[str, Any]]) -> list[Part]:
    known = [(policy.measures.get(str(one["measure"])), one) for one in challenges]
    rows = tuple(
        (_called(policy, str(one["measure"])), figure(measure, one["stated"]), figure(measure, one["claimed"]),
         str(one.get("answer") or ""))
        for measure, one in known
    )  # fmt: skip
    return [Table("质疑和答复", ("数据项", "原值", "主张的值", "答复"), rows, (30, 15, 15, 40))] if rows else []


def _visits(reports: Sequence[Mapping[str, Any]]) -> list[Part]:
    """What visitors reported, the version that holds first, each corrected one with why another came."""
    said: list[Part] = []
    for one in reversed(reports):
        why = f"，{one['reason']}" if one["reason"] else ""
        version = f"（第{one['number']}版{why}）" if len(reports) > 1 or why else ""
        said.append(f"{day(one['visited_on'])}考察{version}：{one['findings']}")
    return said


def _decision(words: Words, decision: Mapping[str, Any] | None) -> list[Part]:
    if decision is None:
        return []
    reason = f"理由：{decision['reason']}" if decision["reason"] else ""
    return [f"决定为{words.rating(decision['rating'])}。{reason}"]
