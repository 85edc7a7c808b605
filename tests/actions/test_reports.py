"""Reports as the worker makes them, read back: the same numbers as the records, and nothing its reader may not see."""

import io

import openpyxl
import pytest
import sqlalchemy as sa
from docx import Document as Word
from sqlalchemy.orm import Session

from factories_consequences import make_confirmed, on
from factories_deliberation import Sitting, employ, make_convened, make_scored, refused
from specialty_eval.actions import feed, jobs, packs, reports
from specialty_eval.actions.context import Context, Note
from specialty_eval.actions.paging import Page
from specialty_eval.actions.reports import Wanted
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.overdue import Awaited
from specialty_eval.engine.reminding import DAYS
from specialty_eval.engine.report import Format, Period, Reader, ReportKind
from specialty_eval.store.ledger import Event
from specialty_eval.store.registry import School
from specialty_eval.store.reports import Report
from specialty_eval.store.reviews import ScoreSheet
from word_read import words as read

ANNUAL, OF_SCHOOL, SUPERVISION = ReportKind.ANNUAL, ReportKind.SCHOOL, ReportKind.SUPERVISION
FIGURE = "61237"


def made(s: Sitting, who: str, wanted: Wanted) -> Report:
    """The report, made as the worker makes it."""
    row = reports.ask(s.as_(who), wanted)
    clock = s.as_("secretary").as_system()
    due = next(d for d in jobs.due(clock) if (d.task, d.subject) == (jobs.Task.REPORT, str(row.id)))
    assert jobs.act(clock, due)
    return row


def words(ctx: Context, row: Report) -> str:
    return read(reports.file(ctx, row.id, Format.DOCX)[1])


@pytest.fixture
def confirmed(session: Session) -> Sitting:
    return make_confirmed(session, {"one-a": "green", "two-a": "red"})


def school_code(s: Sitting, school: str) -> str:
    return s.session.get_one(School, s.city.schools[school]).code


def test_the_years_report_counts_what_the_records_say_in_three_files(confirmed: Sitting) -> None:
    s = confirmed
    row = made(s, "secretary", Wanted(ANNUAL, Reader.PUBLIC, 2026))
    nobody = s.city.nobody()

    said = words(nobody, row)
    assert row.title == "示例市教育局职业教育专业质量年度报告（2026年）"
    for expected in (
        "一、基本情况",
        "有现行等级的专业点2个",
        "层次｜绿牌｜黄牌｜红牌｜其他｜合计",
        "办法版本：small@1",
        "黄牌",
    ):
        assert expected in said, said
    page = reports.file(nobody, row.id, Format.HTML)[1].decode()
    assert "<svg" in page
    assert "<script" not in page
    assert "http" not in page
    book = openpyxl.load_workbook(io.BytesIO(reports.file(nobody, row.id, Format.XLSX)[1]))
    by_level = next(sheet for sheet in book if sheet["A1"].value == "层次")
    assert [c.value for c in by_level[2]][1:4] == [1, 0, 1]
    drawn = Word(io.BytesIO(reports.file(nobody, row.id, Format.DOCX)[1])).part.package.iter_parts()
    assert sum(str(part.partname).startswith("/word/charts/") for part in drawn) == 3


def test_a_report_speaks_of_a_years_end_once_its_last_day_is_over(confirmed: Sitting) -> None:
    s = confirmed
    both = (
        Wanted(ANNUAL, Reader.OFFICE, 2026),
        Wanted(ReportKind.SCHOOL, Reader.OFFICE, 2026, school=school_code(s, "one")),
    )
    on(s, 2026, 12, 31)
    for wanted, counted in zip(both, ("全市有职业学校", "学校在办专业点"), strict=True):
        said = words(s.as_("secretary"), made(s, "secretary", wanted))
        assert f"截至2026年12月31日，{counted}" in said
        assert "年末" not in said.replace("上年末", "").replace("年末的情况以年度结束后", "")
    on(s, 2027, 1, 1)
    for wanted, counted in zip(both, ("全市有职业学校", "学校在办专业点"), strict=True):
        said = words(s.as_("secretary"), made(s, "secretary", wanted))
        assert f"2026年末，{counted}" in said
        assert "截至2026" not in said.replace("数据截至", "")


def test_a_report_is_made_once_and_asked_for_once_while_it_waits(confirmed: Sitting) -> None:
    s, wanted = confirmed, Wanted(ANNUAL, Reader.OFFICE, 2026)
    first = reports.ask(s.as_("secretary"), wanted)
    assert reports.ask(s.as_("bureau-approver"), wanted).id == first.id
    assert refused(NotNow, lambda: reports.file(s.as_("secretary"), first.id, Format.DOCX)) == [
        ("report-not-made", "report")
    ]
    reports.make(s.as_("secretary").as_system(), first.id)
    told = sa.select(sa.func.count()).where(Event.kind == "report.make")
    seen = {who: s.session.scalar(told.where(feed.visible(s.as_(who)))) for who in ("secretary", "auditor", "head-one")}
    assert seen == {"secretary": 1, "auditor": 1, "head-one": 0}
    files = reports.view(first)["files"]
    s.city.wait(1)
    reports.make(s.as_("secretary").as_system(), first.id)
    assert reports.view(first)["files"] == files
    assert reports.ask(s.as_("secretary"), wanted).id != first.id


def test_a_restricted_figure_stands_in_no_report_but_the_offices(confirmed: Sitting) -> None:
    """`graduates` is restricted; the school supplied it and reads its own."""
    s = confirmed
    line = {"code": "size", "value": FIGURE, "points": "100.00"}
    s.session.execute(sa.text("ALTER TABLE score_sheet DISABLE TRIGGER USER"))
    s.session.execute(sa.update(ScoreSheet).values(indicators=[line]))
    code = school_code(s, "two")

    def told(reader: Reader, kind: ReportKind = OF_SCHOOL) -> bool:
        school = code if kind is OF_SCHOOL else None
        row = made(s, "secretary", Wanted(kind, reader, 2026, school=school))
        files = [reports.file(s.as_("secretary"), row.id, form)[1] for form in Format]
        return FIGURE in words(s.as_("secretary"), row) or FIGURE in files[1].decode()

    assert told(Reader.OFFICE)
    assert told(Reader.SCHOOL)
    assert not told(Reader.PUBLIC)
    assert not told(Reader.PUBLIC, ANNUAL)
    assert told(Reader.OFFICE, ANNUAL)


def test_who_may_ask_and_who_may_read(confirmed: Sitting) -> None:
    s = confirmed
    own = Wanted(OF_SCHOOL, Reader.SCHOOL, 2026, school=school_code(s, "two"))
    row = made(s, "head-two", own)
    assert "示例职业学校two" in words(s.as_("head-two"), row)
    for who in (s.as_("head-one"), s.city.nobody(), s.as_("planner")):
        with pytest.raises(NotFound):
            reports.read(who, row.id)
        assert reports.listing(who, Page(50))[0] == []
    office = Wanted(OF_SCHOOL, Reader.OFFICE, 2026, school=school_code(s, "two"))
    assert refused(NotYou, lambda: reports.ask(s.as_("head-two"), office)) == [("role-missing", "reader")]
    assert refused(NotYou, lambda: reports.ask(s.as_("head-two"), Wanted(ANNUAL, Reader.PUBLIC, 2026)))
    wrong = Wanted(ANNUAL, Reader.SCHOOL, 2126, Period.Q1, "x")
    assert refused(Invalid, lambda: reports.ask(s.as_("secretary"), wrong)) == [
        ("request-field-wrong", "year"), ("report-school", "school"), ("report-period", "period"),
        ("report-reader", "reader"),
    ]  # fmt: skip
    employ(s, "secretary", school="two")
    assert refused(NotYou, lambda: reports.read(s.as_("secretary"), row.id)) == [("recused", "report")]


def test_supervision_names_who_is_late_by_county_and_school_and_a_county_its_own(session: Session) -> None:
    s = make_scored(session, {"one-a": "green", "two-a": "red"})
    s.city.wait(120)
    year, period = s.as_("secretary").today.year, Period.YEAR

    row = made(s, "secretary", Wanted(SUPERVISION, Reader.OFFICE, year, period))

    said = words(s.as_("secretary"), row)
    assert "逾期未办的事项2件" in said
    assert "委员会审议｜委员会｜2" in said
    assert "示例职业学校one｜1" in said
    of_county = made(s, "county-two", Wanted(SUPERVISION, Reader.OFFICE, year, period))
    assert of_county.county_code is not None
    assert "制作时没有逾期未办的事项" in words(s.as_("county-two"), of_county)
    assert refused(NotFound, lambda: reports.read(s.as_("county-two"), row.id))


def test_supervision_counts_a_reminder_for_whom_it_was_addressed_to(session: Session) -> None:
    s = make_scored(session, {"one-a": "green", "two-a": "red"})
    row, secretary = s.review("one-a"), s.as_("secretary")
    for what, times in ((Awaited.EVIDENCE, 2), (Awaited.COUNTY_CHECK, 1), (Awaited.SITE_VISIT, 1)):
        told = {"what": what.value, "whose": DAYS[what].whose.value, "until": secretary.today.isoformat(),
                "days_left": 0, "text": DAYS[what].to_do}  # fmt: skip
        for _ in range(times):
            secretary.record("review.remind", row, Note(audience=DAYS[what].audience, told=told))
    year = secretary.today.year

    said = words(secretary, made(s, "secretary", Wanted(SUPERVISION, Reader.OFFICE, year, Period.YEAR)))

    assert "催办学校2件，催办部门、委员会、专家2件" in said
    assert "示例职业学校one｜0｜0｜0｜2｜2｜0" in said
    assert "催办部门、委员会、专家｜县级审核｜" in said
    assert "催办部门、委员会、专家｜实地考察报告｜" in said


def test_a_committees_paper_is_for_those_who_may_see_the_material(session: Session) -> None:
    s = make_convened(session, {"one-a": "green", "two-a": "red"}, together=())
    s.declare("research-1")
    item = s.items["one-a"]

    name, content = packs.pack(s.as_("research-1"), item)

    paper = Word(io.BytesIO(content))
    said = "\n".join(p.text for p in paper.paragraphs)
    assert name == f"审议材料-{s.city.codes['one-a']}.docx"
    assert "按办法计算为绿牌" in said
    assert f"领取人编号：{s.city.people['research-1']}" in said
    undeclared = refused(NotYou, lambda: packs.pack(s.as_("bureau-approver"), item))
    assert [code for code, _ in undeclared] == ["interest-not-declared"]
    employ(s, "research-1", school="one")
    assert [code for code, _ in refused(NotYou, lambda: packs.pack(s.as_("research-1"), item))] == ["recused"]
    assert refused(NotFound, lambda: packs.pack(s.as_("head-one"), item))
