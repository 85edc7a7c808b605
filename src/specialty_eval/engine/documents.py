"""Official papers: which kinds there are, the fields a template of each may name, and how a paper is numbered.

A template sees these fields alone: texts, and lists of rows of texts. What stands in them others decide.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .errors import Problem
from .permissions import Thing

Told = Mapping[str, "str | Sequence[Mapping[str, str]]"]
"""What a template is filled with: field → text, or the rows of a list."""


class DocumentKind(StrEnum):
    """The kinds of papers, by what they are about."""

    PUBLICATION_NOTICE = "publication_notice"
    DECISION_LETTER = "decision_letter"
    RECTIFICATION_NOTICE = "rectification_notice"
    OBJECTION_ANSWER = "objection_answer"
    APPEAL_ANSWER = "appeal_answer"
    MINUTES = "minutes"
    APPLICATION_APPROVAL = "application_approval"
    APPLICATION_REFUSAL = "application_refusal"


OF_APPLICATIONS = (DocumentKind.APPLICATION_APPROVAL, DocumentKind.APPLICATION_REFUSAL)
"""Kinds about an application, which is in no round and may have no specialty yet."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a template: what it says, how it looks in a sample, and of a list the fields of its rows."""

    name: str
    label: str
    sample: str = ""
    rows: tuple["Field", ...] = ()


def _list(name: str, label: str, *rows: Field) -> Field:
    return Field(name, label, rows=rows)


EVERYWHERE = (
    Field("bureau", "发文机关", "示例市教育局"),
    Field("number", "发文字号", "示教评〔2026〕1号"),
    Field("date", "成文日期", "2026年9月1日"),
    Field("year", "年份", "2026"),
)
"""In every kind: who writes, under which number, and when."""

_POLICY = (
    Field("policy", "评价办法", "示例市职业院校专业评价办法"),
    Field("policy_version", "办法版本", "2026.1"),
    Field("policy_source", "办法依据", "示教发〔2026〕1号"),
)
_ROUND = (
    Field("cycle", "评价周期", "示例市2026—2028年专业评价"),
    Field("round", "批次", "2026年第1批"),
    *_POLICY,
)
_SPECIALTY = (
    Field("school", "学校", "示例市第一职业学校"),
    Field("specialty", "专业", "计算机应用"),
    Field("code", "专业点代码", "3637000001-710201"),
    Field("level", "层次", "中职"),
    Field("class_name", "专业大类", "电子与信息大类"),
)
_REASONS = _list("reasons", "评定理由", Field("text", "理由", "总分达到80分"), Field("source", "依据条款", "第十二条"))
_APPEAL = (
    Field("appeal_days", "申诉期限", "15个工作日"),
    Field("appeal_until", "申诉截止日", "2026年10月12日"),
)
_APPLIED = (
    *_POLICY,
    Field("application", "申请编号", "21"),
    Field("asked", "申请事项", "开设专业"),
    *_SPECIALTY,
    Field("partner", "合作企业（没有时为空）", ""),
    Field("received_on", "受理日", "2026年10月8日"),
    Field("voted_on", "委员会表决日（未经委员会时为空）", "2026年10月20日"),
    Field("minutes_number", "会议纪要文号（未经委员会时为空）", "示例纪要〔2026〕5号"),
    Field("document_number", "决定文号（没有时为空）", "示例批〔2026〕7号"),
    Field("decided_on", "决定日", "2026年10月22日"),
)
"""About an application: what was asked for, by which policy it was judged, who decided."""

FIELDS: Mapping[DocumentKind, tuple[Field, ...]] = {
    DocumentKind.PUBLICATION_NOTICE: (
        *EVERYWHERE,
        *_ROUND,
        Field("list", "名单", "第1号第1版"),
        Field("total", "专业点数", "2"),
        _list("counts", "各等级数", Field("rating", "等级", "绿牌"), Field("number", "专业点数", "1")),
        _list(
            "entries", "名单内容", Field("place", "序号", "1"), *_SPECIALTY, Field("rating", "拟评等级", "绿牌"),
            Field("reasons", "理由", "总分达到80分"), Field("decided", "委员会改定及理由", ""),
        ),
        Field("opens", "公示开始日", "2026年9月1日"),
        Field("closes", "公示截止日", "2026年9月8日"),
        Field("days", "公示期限", "5个工作日"),
        Field("answer_days", "异议答复期限", "10个工作日"),
        Field("digest", "名单校验码", "0f" * 32),
        Field("seal_head", "事件封存链末端", "1e" * 32),
    ),
    DocumentKind.DECISION_LETTER: (
        *EVERYWHERE,
        *_ROUND,
        *_SPECIALTY,
        Field("rating", "认定等级", "黄牌"),
        Field("total", "总分", "71.50"),
        _list(
            "facts", "认定的事实", Field("dimension", "维度", "培养质量"), Field("indicator", "指标", "毕业生就业率"),
            Field("value", "指标值", "88.00"), Field("unit", "单位", "%"), Field("points", "得分", "80.00"),
            Field("weight", "权重", "60"),
        ),
        _REASONS,
        Field("computed", "按办法计算的等级", "黄牌"),
        Field("decided", "委员会改定的理由（没有改定时为空）", ""),
        Field("decided_on", "审议日", "2026年8月20日"),
        Field("publicity", "公示期", "2026年9月1日至9月8日"),
        Field("document_number", "认定文号", "示教评〔2026〕3号"),
        Field("confirmed_on", "认定日", "2026年9月15日"),
        _list("consequences", "后果", Field("text", "后果", "下一学年招生计划压缩30%")),
        Field("plan_due", "整改方案截止日（没有整改时为空）", "2026年10月15日"),
        Field("recheck_from", "最早复查日（没有整改时为空）", "2027年3月15日"),
        *_APPEAL,
        Field("suspends", "申诉期间是否暂停执行", "申诉期间不停止招生计划的执行。"),
        Field("replaces", "本决定所替代的决定（没有时为空）", ""),
    ),
    DocumentKind.RECTIFICATION_NOTICE: (
        *EVERYWHERE,
        *_ROUND,
        *_SPECIALTY,
        Field("rating", "认定等级", "黄牌"),
        Field("document_number", "认定文号", "示教评〔2026〕3号"),
        Field("confirmed_on", "认定日", "2026年9月15日"),
        _REASONS,
        Field("plan_due", "整改方案截止日", "2026年10月15日"),
        Field("recheck_from", "最早复查日", "2027年3月15日"),
        Field("failures_allowed", "办法规定的复查不合格次数", "2"),
        Field("failures_left", "再有几次复查不合格即提请撤销", "2"),
    ),
    DocumentKind.OBJECTION_ANSWER: (
        *EVERYWHERE,
        *_ROUND,
        *_SPECIALTY,
        Field("objection", "异议编号", "12"),
        Field("received_on", "收到日", "2026年9月3日"),
        Field("result", "处理结果", "异议不成立"),
        Field("answer", "答复内容", "经复核，公示的数据与原始材料一致。"),
        Field("follows", "后续办理", "该专业点的拟定结果不变。"),
    ),
    DocumentKind.APPEAL_ANSWER: (
        *EVERYWHERE,
        *_ROUND,
        *_SPECIALTY,
        Field("appeal", "申诉编号", "3"),
        Field("rating", "被申诉的等级", "红牌"),
        Field("document_number", "认定文号", "示教评〔2026〕3号"),
        Field("received_on", "收到日", "2026年10月8日"),
        Field("result", "处理结果", "申诉不成立"),
        Field("answer", "答复内容", "经复核，原认定事实清楚，依据充分。"),
        Field("follows", "后续办理", "原认定决定继续有效。"),
    ),
    DocumentKind.MINUTES: (
        *EVERYWHERE,
        *_ROUND,
        Field("meeting", "会议名称", "第1次全体会议"),
        Field("held_on", "会议时间", "2026年8月20日9时"),
        Field("chair", "主持人", "示例甲"),
        Field("secretary", "记录人", "示例乙"),
        _list(
            "members", "委员", Field("name", "姓名", "示例甲"), Field("sector", "界别", "行业"),
            Field("seat", "席位", "委员"),
            Field("present", "出席情况", "出席"),
        ),
        _list(
            "items", "议题", Field("place", "序号", "1"), *_SPECIALTY, Field("computed", "计算等级", "黄牌"),
            Field("decided", "决定等级", "黄牌"), Field("votes", "表决情况", "应到8人，赞成7票，弃权1票"),
            Field("recused", "回避", "1人"), Field("reason", "改定理由", ""), Field("outcome", "结果", "通过"),
        ),
        Field("remarks", "其他事项", ""),
        Field("seal_head", "事件封存链末端", "1e" * 32),
    ),
    DocumentKind.APPLICATION_APPROVAL: (
        *EVERYWHERE,
        *_APPLIED,
        Field("effective_on", "自何日起", "2027年9月1日"),
        _list("changes", "变更内容（只有变更时有）", Field("what", "项目", "学制"), Field("becomes", "变更为", "3")),
    ),
    DocumentKind.APPLICATION_REFUSAL: (
        *EVERYWHERE,
        *_APPLIED,
        _list("reasons", "不予同意的理由", Field("text", "理由", "该专业列入负面清单")),
        Field("complain_days", "申请复核的期限", "10个工作日"),
        Field("complain_until", "申请复核的截止日", "2026年11月12日"),
    ),
}  # fmt: skip
"""Kind → the fields its templates may name."""

READ_AS: Mapping[DocumentKind, Thing] = {
    DocumentKind.PUBLICATION_NOTICE: Thing.PUBLISHED,
    DocumentKind.DECISION_LETTER: Thing.SHEET,
    DocumentKind.RECTIFICATION_NOTICE: Thing.RECTIFICATIONS,
    DocumentKind.OBJECTION_ANSWER: Thing.OBJECTIONS,
    DocumentKind.APPEAL_ANSWER: Thing.APPEALS,
    DocumentKind.MINUTES: Thing.BALLOTS,
    DocumentKind.APPLICATION_APPROVAL: Thing.APPLICATIONS,
    DocumentKind.APPLICATION_REFUSAL: Thing.APPLICATIONS,
}
"""Kind → what somebody must be allowed to read, of what the paper is about, to read the paper."""

FORMS: Mapping[DocumentKind, str] = {
    DocumentKind.PUBLICATION_NOTICE: "职教评公〔{year}〕{number}号",
    DocumentKind.DECISION_LETTER: "职教评决〔{year}〕{number}号",
    DocumentKind.RECTIFICATION_NOTICE: "职教评改〔{year}〕{number}号",
    DocumentKind.OBJECTION_ANSWER: "职教评异〔{year}〕{number}号",
    DocumentKind.APPEAL_ANSWER: "职教评复〔{year}〕{number}号",
    DocumentKind.MINUTES: "职教评纪〔{year}〕{number}号",
    DocumentKind.APPLICATION_APPROVAL: "职教专准〔{year}〕{number}号",
    DocumentKind.APPLICATION_REFUSAL: "职教专不〔{year}〕{number}号",
}
"""How papers are numbered where the bureau has not said its own way. Kinds that share a form share its numbers."""

LABELS: Mapping[DocumentKind, str] = {
    DocumentKind.PUBLICATION_NOTICE: "公示公告",
    DocumentKind.DECISION_LETTER: "认定决定书",
    DocumentKind.RECTIFICATION_NOTICE: "整改通知书",
    DocumentKind.OBJECTION_ANSWER: "异议答复书",
    DocumentKind.APPEAL_ANSWER: "申诉复核决定书",
    DocumentKind.MINUTES: "会议纪要",
    DocumentKind.APPLICATION_APPROVAL: "专业设置准予决定书",
    DocumentKind.APPLICATION_REFUSAL: "专业设置不予同意决定书",
}
"""What the kinds are called, in a file's name too."""


# --- samples ---------------------------------------------------------------------------------------------------------

SAMPLE_ROWS = 2


def sample(kind: DocumentKind) -> dict[str, "str | list[dict[str, str]]"]:
    """Every field filled with what it may look like; lists have two rows."""
    return {
        field.name: [{row.name: row.sample for row in field.rows} for _ in range(SAMPLE_ROWS)]
        if field.rows
        else field.sample
        for field in FIELDS[kind]
    }


def disagreements(kind: DocumentKind, told: Told) -> list[str]:
    """Where the filling of a paper is not of the fields its kind has: our own mistake, found before it is printed."""
    wanted = {field.name: field for field in FIELDS[kind]}
    found = [f"{kind}.{name}" for name in sorted(wanted.keys() ^ told.keys())]
    for name, value in told.items():
        rows = {row.name for row in wanted[name].rows} if name in wanted else set[str]()
        if isinstance(value, str) == bool(rows) or any(set(row) != rows for row in value if not isinstance(row, str)):
            found.append(f"{kind}.{name}")
    return found


# --- numbers ---------------------------------------------------------------------------------------------------------

_PLACE = re.compile(r"\{([^{}]*)\}")
LONGEST_FORM = 60


def form_problems(form: str) -> Iterator[Problem]:
    """What is wrong with a way of numbering: it names the year once and the number once, and nothing else."""
    found = sorted(_PLACE.findall(form))
    if found != ["number", "year"] or set(_PLACE.sub("", form)) & set("{}\n\t"):
        yield Problem("document-form-wrong", "form", {"value": form})
    if len(form) > LONGEST_FORM:
        yield Problem("document-form-too-long", "form", {"at_most": LONGEST_FORM})


def numbered(form: str, year: int, number: int) -> str:
    """The number as it is printed: 德教评〔2026〕12号."""
    return form.replace("{year}", str(year)).replace("{number}", str(number))
