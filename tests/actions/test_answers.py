"""Answers to objections and appeals, and the notice to mend, read back from Word; an objector is a number in them."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_consequences import BITES, MENDS, make_confirmed, overturn
from factories_deliberation import Sitting, make_publicised, refused
from specialty_eval.actions import answers, notices, objections
from specialty_eval.engine.documents import DocumentKind
from specialty_eval.engine.errors import NotFound, NotNow, NotYou
from specialty_eval.store.documents import Document
from specialty_eval.store.outcomes import Appeal, Objector, Publication, Rectification
from word_read import text

SECRET = "示例异议人丙"


@pytest.fixture
def confirmed(session: Session) -> Sitting:
    return make_confirmed(session, {"one-a": "yellow", "two-a": "red"})


def test_an_answer_to_an_objection_says_result_and_reason_and_no_name(session: Session) -> None:
    s, number = make_publicised(session, {"one-a": "red"})
    new = objections.NewObjection(s.reviews["one-a"], SECRET, "示例@example.com", "示例理由")
    row = objections.lodge(s.city.nobody(), number, new)
    secretary = s.as_("secretary")
    assert refused(NotNow, lambda: answers.of_objection(secretary, row.id)) == [("case-not-answered", "objection")]
    code = session.get_one(Objector, row.id).confirmation_code
    objections.confirm_contact(s.city.nobody(), row.id, code)
    objections.admit(secretary, row.id)
    objections.reject(secretary, row.id, "示例：数据与原始材料一致")

    made = answers.of_objection(secretary, row.id)

    said = text(secretary, made)
    for expected in (
        f"第{row.id}号异议的异议人",
        "异议不成立。",
        "示例：数据与原始材料一致",
        "拟定结果不变",
        made.number,
    ):
        assert expected in said
    assert SECRET not in said
    assert refused(NotFound, lambda: answers.of_objection(s.as_("head-one"), row.id))
    assert refused(NotYou, lambda: answers.of_objection(s.as_("auditor"), row.id)) == [("role-missing", "document")]


def test_an_answer_to_an_appeal_names_the_decision_and_what_follows(confirmed: Sitting) -> None:
    overturn(confirmed, "two-a", "yellow")
    key = confirmed.session.scalars(sa.select(Appeal.id)).one()
    secretary = confirmed.as_("secretary")

    said = text(secretary, answers.of_appeal(secretary, key))

    for expected in (
        "认定为红牌的决定（认定文号：示例评〔2026〕1号）",
        "申诉成立。",
        "重新评价",
        "行政复议或者提起行政诉讼",
    ):
        assert expected in said, said


def test_a_notice_to_mend_says_what_until_when_and_what_comes_of_silence(confirmed: Sitting) -> None:
    found = sa.select(Rectification).where(Rectification.review_id == confirmed.reviews["one-a"])
    row = confirmed.session.scalars(found).one()
    secretary = confirmed.as_("secretary")

    said = text(secretary, answers.of_rectification(secretary, row.id))

    for expected in ("为黄牌", "1．总分60至80。", "通过专业评价系统报送整改方案",
                     "复查验收。自本通知之日起复查不合格未满2次的，可以继续整改。",
                     "逾期不报整改方案，或者复查不合格满2次的，提请"):  # fmt: skip
        assert expected in said, said
    assert text(confirmed.as_("head-one"), answers.of_rectification(secretary, row.id)) == said
    row.failures, row.findings = 1, "示例：未达标"  # and now the next is the last
    assert_the_next_failure_is_the_last(text(secretary, answers.of_rectification(secretary, row.id)))


def assert_the_next_failure_is_the_last(said: str) -> None:
    assert "逾期不报整改方案，或者复查不合格的，提请" in said, said
    assert "继续整改" not in said, said


def test_where_no_failure_is_allowed_the_notice_promises_no_further_recheck(session: Session) -> None:
    strict = BITES.replace(MENDS, MENDS.replace("failures_allowed: 2", "failures_allowed: 0"))
    s = make_confirmed(session, policy=strict)
    [mends, *_] = s.session.scalars(sa.select(Rectification.id).order_by(Rectification.id))
    assert_the_next_failure_is_the_last(text(s.as_("secretary"), answers.of_rectification(s.as_("secretary"), mends)))


def test_the_letters_of_a_list_are_made_so_many_at_a_time_until_none_is_left(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = make_confirmed(session, {"one-a": "green", "two-a": "red"})
    number, ctx = session.scalars(sa.select(Publication.id)).one(), s.as_("secretary")
    monkeypatch.setattr(notices, "AT_ONCE", 1)

    assert [notices.of_list(ctx, number) for _ in range(3)] == [(1, 1), (1, 0), (0, 0)]
    kinds = session.scalars(sa.select(Document.kind)).all()
    assert kinds == [DocumentKind.DECISION_LETTER.value] * 2
