"""Notices and letters as they are printed, read back from Word; templates by version; numbers without a gap."""

import io
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from docx import Document as Word
from sqlalchemy.orm import Session

from factories_consequences import make_confirmed, overturn
from factories_deliberation import (
    Sitting,
    decide,
    make_publicised,
    make_scored,
    nothing_left,
    publicise,
    refused,
    serve,
)
from specialty_eval.actions import documents, notices
from specialty_eval.actions.context import Context
from specialty_eval.actions.paging import Page
from specialty_eval.engine.documents import DocumentKind, form_problems
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou
from specialty_eval.paper import shipped
from specialty_eval.store.documents import DocumentSequence
from specialty_eval.store.ledger import Event, EventSeal
from specialty_eval.store.outcomes import Publication
from word_read import text

LETTER, NOTICE = DocumentKind.DECISION_LETTER, DocumentKind.PUBLICATION_NOTICE


def edited(change: Callable[[str], str]) -> bytes:
    """The shipped letter as a bureau edits it."""
    paper = Word(io.BytesIO(shipped.template(LETTER)))
    for paragraph in paper.paragraphs:
        if (new := change(paragraph.text)) != paragraph.text:
            paragraph.text = new
    made = io.BytesIO()
    paper.save(made)
    return made.getvalue()


@pytest.fixture
def confirmed(session: Session) -> Sitting:
    return make_confirmed(session, {"one-a": "yellow", "two-a": "red"})


def test_the_notice_of_a_list_prints_its_days_its_lines_its_hash_and_the_head_of_the_seals(session: Session) -> None:
    s = make_scored(session, {"one-a": "green", "two-a": "red"})
    session.add(EventSeal(through=1, count=0, previous="", head="5e" * 32, sealed_at=s.city.now))
    number = publicise(serve(decide(s)))
    row = session.get_one(Publication, number)

    made = notices.of_publication(s.as_("secretary"), number)

    said = text(s.city.nobody(), made)
    assert made.number == f"职教评公〔{made.year}〕1号"
    for expected in (
        "示例市教育局", made.number, f"名单校验码：{row.digest}", f"封存链末端：{'5e' * 32}", "共2个专业点",
        "绿牌：1个专业点。", "红牌：1个专业点。", "共5个工作日", "序号｜学校｜专业｜专业点代码｜拟定等级｜理由",
    ):  # fmt: skip
        assert expected in said
    told = session.scalars(sa.select(Event).where(Event.kind == "document.issue")).one()
    assert (told.audience, told.facts["sha256"], told.facts["number"]) == ("public", made.sha256, made.number)


def test_a_letter_says_facts_reasons_rating_consequences_and_the_ways_against_it(confirmed: Sitting) -> None:
    s = confirmed
    made = notices.of_rating(s.as_("secretary"), s.reviews["one-a"])

    said = text(s.as_("head-one"), made)
    for expected in (
        "黄牌", "维度｜指标｜指标值", "1．总分60至80。", "下一招生年度起招生计划压缩30%",
        "自本决定送达之日起10个工作日内",
        "申诉期间不停止决定的执行", "行政复议或者提起行政诉讼",
    ):  # fmt: skip
        assert expected in said, said
    with pytest.raises(NotFound):
        documents.content(s.as_("head-two"), made.id)
    with pytest.raises(NotFound):
        documents.content(s.city.nobody(), made.id)


def test_the_same_again_is_the_same_paper_and_other_contents_are_a_new_one_that_replaces_it(confirmed: Sitting) -> None:
    s = confirmed
    first = notices.of_rating(s.as_("secretary"), s.reviews["one-a"])
    s.city.wait(400)
    assert notices.of_rating(s.as_("bureau-approver"), s.reviews["one-a"]).id == first.id

    documents.upload(s.as_("secretary"), LETTER, edited(lambda line: line.replace("四、后果", "四、对招生的影响")), "")

    again = notices.of_rating(s.as_("secretary"), s.reviews["one-a"])
    assert (again.replaces_id, again.year - first.year, again.sequence) == (first.id, 1, 1)
    assert "四、对招生的影响" in text(s.as_("secretary"), again)
    assert documents.view(s.as_("secretary"), again)["template"]["version"] == 1
    assert "四、后果" in text(s.as_("secretary"), first)


def test_a_letter_after_an_upheld_appeal_names_the_decision_it_replaces(confirmed: Sitting) -> None:
    secretary = confirmed.as_("secretary")
    said = text(secretary, notices.of_rating(secretary, overturn(confirmed, "two-a", "yellow")))

    assert "本决定替代原认定" in said


def test_templates_are_kept_by_version_and_the_shipped_one_comes_back(confirmed: Sitting) -> None:
    ctx = confirmed.as_("secretary")
    own = edited(lambda line: line.replace("三、认定结果", "三、结果"))
    documents.upload(ctx, LETTER, own, "改了小标题")
    assert documents.template(ctx, LETTER) == own
    documents.withdraw(ctx, LETTER, "示例理由")
    assert documents.template(ctx, LETTER) == shipped.template(LETTER)
    assert documents.template(ctx, LETTER, 1) == own
    assert [(v["version"], v["note"], v["sha256"] is None) for v in documents.versions(ctx, LETTER)] == [
        (1, "改了小标题", False), (2, "示例理由", True)
    ]  # fmt: skip
    assert refused(NotNow, lambda: documents.withdraw(ctx, LETTER, "示例理由")) == [("template-is-shipped", "template")]
    with nothing_left(ctx.session):
        bad = edited(lambda line: line.replace("{{ rating }}", "{{ ratings.__class__ }}"))
        assert {code for code, _ in refused(Invalid, lambda: documents.upload(ctx, LETTER, bad, ""))} == {
            "template-field-unknown"
        }
        assert refused(NotYou, lambda: documents.upload(confirmed.as_("bureau-approver"), LETTER, own, ""))


def test_numbers_follow_the_bureaus_own_form_without_a_gap_and_begin_behind_those_on_paper(confirmed: Sitting) -> None:
    s, ctx = confirmed, confirmed.as_("secretary")
    form = "德教评〔{year}〕{number}号"
    documents.number_as(ctx, LETTER, form, 11)
    year = ctx.today.year

    letters = [notices.of_rating(ctx, s.reviews[short]) for short in ("one-a", "two-a")]

    assert [row.number for row in letters] == [f"德教评〔{year}〕12号", f"德教评〔{year}〕13号"]
    assert refused(NotNow, lambda: documents.number_as(ctx, NOTICE, form, 40)) == [("document-numbers-begun", "last")]
    documents.number_as(ctx, NOTICE, form, None)
    shared = notices.of_publication(ctx, s.session.scalars(sa.select(Publication.id)).first() or 0)
    assert shared.number == f"德教评〔{year}〕14号"
    for wrong in ("德教评1号", "德{year}{year}{number}", "德{year}{number}{kind}"):
        assert [problem.code for problem in form_problems(wrong)] == ["document-form-wrong"]
    assert refused(Invalid, lambda: documents.number_as(ctx, LETTER, "1号", None)) == [("document-form-wrong", "form")]


def test_a_number_whose_paper_was_not_kept_is_given_again(confirmed: Sitting) -> None:
    s, ctx = confirmed, confirmed.as_("secretary")
    savepoint = s.session.begin_nested()
    lost = notices.of_rating(ctx, s.reviews["one-a"]).number
    savepoint.rollback()

    assert notices.of_rating(ctx, s.reviews["two-a"]).number == lost
    assert s.session.scalars(sa.select(DocumentSequence.last)).all() == [1]


def test_papers_are_made_of_what_is_out_or_confirmed_alone(session: Session) -> None:
    s, number = make_publicised(session, {"one-a": "green"})
    secretary = s.as_("secretary")
    assert refused(NotNow, lambda: notices.of_rating(secretary, s.reviews["one-a"])) == [
        ("rating-not-confirmed", "review")
    ]
    assert refused(NotFound, lambda: notices.of_publication(secretary, number + 99)) == [("not-found", "publication")]
    assert refused(NotYou, lambda: notices.of_publication(s.as_("head-one"), number)) == [("role-missing", "document")]


def test_a_list_of_papers_holds_what_its_reader_may_read(confirmed: Sitting) -> None:
    s = confirmed
    for short in ("one-a", "two-a"):
        notices.of_rating(s.as_("secretary"), s.reviews[short])
    notices.of_publication(s.as_("secretary"), s.session.scalars(sa.select(Publication.id)).first() or 0)

    def seen(who: Context) -> list[str]:
        page = Page(50)
        return [row["kind"] for row in documents.listing(who, page, kind=None, round_id=None, review_id=None)[0]]

    assert seen(s.city.nobody()) == ["publication_notice"]
    assert seen(s.as_("head-one")) == ["decision_letter", "publication_notice"]
    assert seen(s.as_("secretary")) == ["decision_letter", "decision_letter", "publication_notice"]
