"""An application's files, for whoever may see all of it; and the letter that decides it, with every reason."""

from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_applications import (
    DENSE,
    OPENS,
    TWO,
    concluded,
    deliberated,
    make_applying,
    minutes,
    received,
    registered,
    voted,
    wanted,
)
from factories_consequences import events
from factories_deliberation import Sitting, employ, nothing_left, refused
from specialty_eval.actions import application_decisions, application_papers, application_views, documents, feed
from specialty_eval.actions.paging import Page
from specialty_eval.engine.documents import DocumentKind
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.opening import ApplicationKind
from specialty_eval.store.applications import Application
from specialty_eval.store.documents import Document
from specialty_eval.text import message
from word_read import text

PDF = b"%PDF-1.7 example"
ALL = Page(50)


@pytest.fixture
def s(session: Session) -> Sitting:
    return make_applying(session)


def letter(s: Sitting, row: Application, who: str = "secretary") -> Document:
    return application_papers.letter(s.as_(who), row.id, lambda problem: message(problem, "zh"))


def listed(s: Sitting, who: str) -> list[int]:
    return [row["id"] for row in documents.listing(s.as_(who), ALL, kind=None, round_id=None, review_id=None)[0]]


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_kept_by_its_hash_listed_and_read_by_whoever_sees_all_of_the_application(s: Sitting) -> None:
    row = received(s)

    kept = application_papers.attach(s.as_("head-one"), row.id, "人才需求调研.pdf", PDF)
    application_papers.attach(s.as_("secretary"), row.id, "现场照片.png", b"\x89PNG\r\n\x1a\n")

    for who in ("editor-one", "county-one", "bureau-verifier"):
        details = application_views.whole(s.as_(who), application_views.read(s.as_(who), row.id))["details"]
        assert [(one["name"], one["media_type"]) for one in details["attachments"]] == [
            ("人才需求调研.pdf", "application/pdf"), ("现场照片.png", "image/png"),
        ]  # fmt: skip
        assert application_papers.read(s.as_(who), row.id, kept.id)[1] == PDF
    [first, _] = events(s, "application.attach")
    assert (first.audience, first.facts) == ("school", {"attachment": kept.id, "sha256": kept.sha256})
    other = received(s, wanted("660103", school=TWO), "head-two")
    for who, key in (("head-two", row.id), ("nobody", row.id), ("head-two", other.id)):
        with pytest.raises(NotFound):
            application_papers.read(s.as_(who), key, kept.id)


def test_what_proves_a_registered_one_is_not_for_everybody(s: Sitting) -> None:
    row = received(s)
    kept = application_papers.attach(s.as_("head-one"), row.id, "示例.pdf", PDF)
    done = registered(s, wanted("660103", school=TWO), "head-two")

    assert application_views.whole(s.city.nobody(), application_views.read(s.city.nobody(), done.id))["details"] is None
    employ(s, "secretary", school="one")
    with pytest.raises((NotFound, NotYou)):
        application_papers.read(s.as_("secretary"), row.id, kept.id)


def test_only_files_that_are_taken_elsewhere_and_only_before_the_committee_has_it(s: Sitting) -> None:
    row = deliberated(s)
    other = received(s, wanted("660103", school=TWO), "head-two")
    act = partial(application_papers.attach, s.as_("head-one"), row.id, "示例.pdf")
    with nothing_left(s.session):
        assert refused(NotNow, lambda: act(PDF)) == [("step-not-open", "application")]
        assert refused(Invalid, lambda: application_papers.attach(s.as_("head-two"), other.id, "示例.pdf", b"MZ")) == [
            ("attachment-type-not-taken", "attachment")
        ]
        for who in ("head-one", "chair"):
            with pytest.raises((NotFound, NotYou)):
                application_papers.attach(s.as_(who), other.id, "示例.pdf", PDF)


# --- the letter ------------------------------------------------------------------------------------------------------


def test_the_letter_on_a_registered_one_names_vote_document_and_day_and_is_made_once(s: Sitting) -> None:
    row = registered(s)

    made = letter(s, row)

    said = text(s.as_("head-one"), made)
    for expected in (
        made.number, "示例职业学校one：", "开设专业", "护理", f"{OPENS.year}年9月1日起", "示例纪要〔2026〕5号",
        "决定文号：示例批〔2026〕7号",
    ):  # fmt: skip
        assert expected in said, said
    assert (made.kind, made.number) == (DocumentKind.APPLICATION_APPROVAL, f"职教专准〔{made.year}〕1号")
    assert letter(s, row, "bureau-approver").id == made.id
    assert [listed(s, who) for who in ("head-one", "county-one", "secretary")] == [[made.id]] * 3
    assert [listed(s, who) for who in ("head-two", "nobody")] == [[], []]
    with pytest.raises(NotFound):
        documents.content(s.as_("head-two"), made.id)


def test_the_letter_of_a_refusal_says_every_reason_and_the_way_to_complain(s: Sitting) -> None:
    by_rule = concluded(s, wanted(DENSE, school=TWO, midlevel_teachers=1), "head-two")
    by_vote = voted(s, votes="-")
    assert refused(NotNow, lambda: letter(s, by_vote)) == [("application-undecided", "application")]
    application_decisions.refuse(s.as_("bureau-approver"), by_vote.id, "示例批〔2026〕8号", "示例：布局不合理")

    first, second = letter(s, by_rule), letter(s, by_vote)

    said = text(s.as_("head-two"), first)
    for problem in by_rule.findings:
        assert problem["code"].startswith("opening-")
    assert len(by_rule.findings) > 1
    assert all(f"{n}．" in said for n in range(1, len(by_rule.findings) + 1)), said
    assert "负面清单" in said
    assert "10个工作日内" in said
    told = text(s.as_("head-one"), second)
    assert "1．示例：布局不合理。" in told
    assert (first.sequence, second.sequence) == (1, 2)
    assert refused(NotYou, lambda: letter(s, by_rule, "bureau-verifier"))


def test_whoever_is_recused_neither_makes_nor_sees_the_letter_nor_hears_of_it(s: Sitting) -> None:
    row = registered(s, wanted(school=TWO), "head-two")
    application_papers.letter(s.as_("bureau-approver"), row.id, lambda problem: problem.code)
    [event] = events(s, "application.letter")
    employ(s, "secretary", school="two")

    assert listed(s, "secretary") == []
    with pytest.raises((NotFound, NotYou)):
        letter(s, row)
    for who, sees in (("secretary", False), ("head-two", True), ("head-one", False), ("bureau-approver", True)):
        assert (feed.seen(s.as_(who), event.seq) is not None) is sees


def test_a_change_says_what_becomes_what(s: Sitting) -> None:
    change = wanted("", kind=ApplicationKind.CHANGE, specialty=s.city.codes["one-a"], length="4", effective_on=None)
    row = deliberated(s, change)
    application_decisions.vote(s.as_("secretary"), row.id, minutes(s))
    application_decisions.register(s.as_("bureau-approver"), row.id, "示例批〔2026〕9号")

    assert "1．学制变更为：4。" in text(s.as_("head-one"), letter(s, row))
    assert s.session.scalars(sa.select(sa.func.count()).select_from(Document)).one() == 1
