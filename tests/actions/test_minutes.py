"""A meeting's minutes: who was there, who stood aside, how each item was voted, and under which head of the seals."""

import io

import pytest
import sqlalchemy as sa
from docx import Document as Word
from sqlalchemy.orm import Session

from factories_applications import minutes as said
from factories_deliberation import REGULAR, Sitting, close_item, convene, employ, make_convened, make_scored, refused
from remembered import remembered_fixture
from small_policy import POLICY
from specialty_eval.actions import ballots, committee, conflicts, decisions, documents, minutes, paper_votes
from specialty_eval.actions.paging import Page
from specialty_eval.engine.documents import DocumentKind
from specialty_eval.engine.errors import NotFound, NotNow, NotYou
from specialty_eval.engine.policy import Rating
from specialty_eval.store.documents import Document

EVERYBODY = [login for login, _ in REGULAR]
REASON = "示例：新建实训基地已投用"
RATINGS = {"one-a": "yellow", "two-a": "green", "city-a": "red", "one-b": "yellow"}


@remembered_fixture
def s(session: Session) -> Sitting:
    """Overridden, agreed together, on paper with a recused member, and put off."""
    made = make_scored(session, RATINGS)
    employ(made, "industry-1", school="city")
    convene(made, together={"two-a"})
    made.vote("one-a", dict.fromkeys(EVERYBODY, "green"), reason=REASON)
    close_item(made.as_("secretary"), made.items["one-a"], reason=REASON)
    decisions.agree(made.as_("secretary"), made.meeting, {made.members[m]: "agree" for m in EVERYBODY})
    number = paper_votes.attach_minutes(made.as_("secretary"), made.meeting, "示例.pdf", b"%PDF-x").id
    votes = {made.members[m]: "abstain" if m == "chair" else "red" for m in EVERYBODY if m != "industry-1"}
    paper_votes.record(made.as_("secretary"), made.items["city-a"], paper_votes.OnPaper(number, votes))
    return made


def over(s: Sitting) -> Sitting:
    conflicts.void(s.as_("secretary"), s.items["one-b"], "示例：材料不齐")
    return s


def words(s: Sitting, row: Document) -> str:
    paper = Word(io.BytesIO(s.city.files.get(row.sha256)))
    tables = ["｜".join(cell.text for cell in line.cells) for table in paper.tables for line in table.rows]
    return "\n".join([paragraph.text for paragraph in paper.paragraphs] + tables)


def test_nothing_is_written_up_while_an_item_is_still_going(s: Sitting) -> None:
    assert refused(NotNow, lambda: minutes.issue(s.as_("secretary"), s.meeting)) == [
        ("item-still-going", f"items.{s.items['one-b']}")
    ]


def test_the_minutes_say_who_was_there_and_how_each_item_went(s: Sitting) -> None:
    row = minutes.issue(over(s).as_("secretary"), s.meeting)

    told = words(s, row)
    assert row.kind == DocumentKind.MINUTES
    for part in (
        "应到8人，实到8人：绿牌8票（会议表决）", f"改定的理由：{REASON}", "绿牌8票（一并通过；会议表决）",
        "应到7人，实到7人：红牌6票，弃权1票（纸质票表决，据签字纪要补录）", "作废", "另附签字纪要1份",
        "主任委员", "行业",
    ):  # fmt: skip
        assert part in told, part


def test_a_tie_is_told_with_who_settled_it(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"}, policy=POLICY.replace("override_needs: 2/3", "override_needs: 1/2"))
    s.vote("one-a", dict.fromkeys(EVERYBODY[:4], "green") | dict.fromkeys(EVERYBODY[4:], "yellow"))
    close_item(s.as_("chair"), s.items["one-a"], reason=REASON, casting=Rating.GREEN)

    told = words(s, minutes.issue(s.as_("secretary"), s.meeting))

    assert "绿牌4票，黄牌4票（会议表决；绿牌、黄牌票数相等，由主持人决定）" in told


def test_who_stood_aside_is_named_beside_the_item_and_nowhere_is_a_ballot(s: Sitting) -> None:
    told = words(s, minutes.issue(over(s).as_("secretary"), s.meeting))
    name = s.session.scalar(sa.text("SELECT name FROM person WHERE login = 'industry-1'"))

    assert told.count(str(name)) == 2  # among those who came, and beside the item


def test_the_same_again_is_the_same_paper_and_a_decision_that_falls_makes_another(s: Sitting) -> None:
    first = minutes.issue(over(s).as_("secretary"), s.meeting)
    assert minutes.issue(s.as_("chair"), s.meeting).id == first.id

    conflicts.vote_to_rescind(s.as_("secretary"), s.reviews["one-a"], said(s))
    conflicts.void(s.as_("chair"), s.items["one-a"], "示例：表决有误")
    second = minutes.issue(s.as_("secretary"), s.meeting)

    assert (second.replaces_id, first.number == second.number) == (first.id, False)


def test_whoever_is_recused_from_an_item_neither_makes_nor_reads_them(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow", "two-a": "green"})
    employ(s, "secretary", school="one")
    convene(s, reviews=[s.reviews["one-a"]])
    s.declare("secretary-2")
    ballots.open_items(s.as_("secretary-2"), s.meeting)
    s.city.people["secretary"], s.city.people["secretary-2"] = s.city.people["secretary-2"], s.city.people["secretary"]
    s.vote("one-a", dict.fromkeys(EVERYBODY, "yellow"))
    close_item(s.as_("secretary"), s.items["one-a"])
    recused = s.as_("secretary-2")

    assert refused(NotYou, lambda: minutes.issue(recused, s.meeting)) == [("recused", f"items.{s.items['one-a']}")]
    row = minutes.issue(s.as_("secretary"), s.meeting)

    assert refused(NotYou, lambda: documents.read(recused, row.id)) == [("recused", "document")]
    listed = [
        [paper["id"] for paper in documents.listing(ctx, Page(50), kind=None, round_id=None, review_id=None)[0]]
        for ctx in (s.as_("secretary"), recused)
    ]
    assert listed == [[row.id], []]


@pytest.mark.parametrize("who", ["industry-1", "bureau-approver", "auditor", "head-one", "nobody"])
def test_nobody_else_makes_them(s: Sitting, who: str) -> None:
    with pytest.raises((NotYou, NotFound)):
        minutes.issue(over(s).as_(who), s.meeting)


def test_a_meeting_without_a_quorum_says_so(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    s.attend(*EVERYBODY[:5])
    committee.adjourn(s.as_("secretary"), s.meeting)

    told = words(s, minutes.issue(s.as_("secretary"), s.meeting))

    assert "出席人数或界别不足，改期" in told
    assert told.count("缺席") == 5
