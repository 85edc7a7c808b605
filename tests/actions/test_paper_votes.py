"""Votes on paper: recorded from attached minutes, counted as any vote, and shown as what they are."""

from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_deliberation import (
    POLICY,
    REGULAR,
    Sitting,
    convene,
    employ,
    make_convened,
    make_scored,
    nothing_left,
    refused,
)
from specialty_eval.actions import conflicts, meeting_views, paper_votes
from specialty_eval.actions.paper_votes import OnPaper
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.policy import Rating
from specialty_eval.store.accounts import CommitteeMember
from specialty_eval.store.ledger import Event

SCAN = b"%PDF-1.7 signed minutes"


@pytest.fixture
def s(session: Session) -> Sitting:
    return make_convened(session, {"one-a": "yellow", "two-a": "green"})


def minutes(s: Sitting) -> int:
    return paper_votes.attach_minutes(s.as_("secretary"), s.meeting, "示例纪要.pdf", SCAN).id


def votes(s: Sitting, **by: str) -> dict[int, str]:
    """Everybody's vote: `yellow`, or as named (a dash in a login is written as an underscore)."""
    return {s.members[login]: by.get(login.replace("-", "_"), "yellow") for login, _ in REGULAR}


def test_a_vote_on_paper_decides_and_says_who_recorded_it_from_which_minutes(s: Sitting) -> None:
    number = minutes(s)

    made = paper_votes.record(s.as_("secretary"), s.items["one-a"], OnPaper(number, votes(s, chair="abstain")))

    shown = meeting_views.decision_shape(made)
    told = {key: shown[key] for key in ("rating", "by", "minutes", "recorded_by", "votes", "abstentions", "present")}
    assert told == {
        "rating": "yellow", "by": "paper", "minutes": number, "recorded_by": s.city.people["secretary"],
        "votes": {"yellow": 7}, "abstentions": 1, "present": 8,
    }  # fmt: skip
    assert (s.review("one-a").state, s.item("one-a").state) == ("decided", "closed")
    on_record = meeting_views.ballots(s.as_("auditor"), s.items["one-a"])
    assert [(b["member"], b["choice"]) for b in on_record] == sorted(votes(s, chair="abstain").items())
    kept, content = paper_votes.read_minutes(s.as_("chair"), s.meeting, number)
    assert (kept.name, content) == ("示例纪要.pdf", SCAN)
    facts = s.session.scalars(sa.select(Event.facts).where(Event.kind == "item.close")).one()
    assert facts == {"by": "paper", "minutes": kept.sha256}


def test_without_this_meetings_minutes_nothing_is_recorded(s: Sitting) -> None:
    with nothing_left(s.session), pytest.raises(NotFound):
        paper_votes.record(s.as_("secretary"), s.items["one-a"], OnPaper(999_999, votes(s)))


def test_everything_wrong_with_the_ballots_is_said_at_once(s: Sitting) -> None:
    number, said = minutes(s), votes(s, industry_1="blue", industry_2="incomplete")
    s.attend("research-2")
    s.declare("secretary")

    with nothing_left(s.session):
        found = refused(
            Invalid,
            lambda: paper_votes.record(s.as_("secretary"), s.items["one-a"], OnPaper(number, said | {999_999: "red"})),
        )
    assert sorted(found) == sorted([
        ("choice-not-open", f"votes.{s.members['industry-1']}"),
        ("choice-not-open", f"votes.{s.members['industry-2']}"),
        ("not-present", f"votes.{s.members['research-2']}"),
        ("not-seated", "votes.999999"),
    ])  # fmt: skip


def test_paper_changes_nothing_about_majorities_reasons_and_ties(s: Sitting) -> None:
    number = minutes(s)
    others = dict.fromkeys((login.replace("-", "_") for login, _ in REGULAR[:6]), "green")
    override = OnPaper(number, votes(s, **others))

    with nothing_left(s.session):
        assert refused(NotNow, lambda: paper_votes.record(s.as_("secretary"), s.items["one-a"], override)) == [
            ("override-reason-missing", "reason")
        ]
    made = paper_votes.record(s.as_("secretary"), s.items["one-a"], OnPaper(number, override.votes, "示例：已投用"))
    assert (made.rating, made.tally["overrides"]) == ("green", True)
    s.vote("two-a", {})
    with nothing_left(s.session):
        assert refused(
            NotNow, lambda: paper_votes.record(s.as_("secretary"), s.items["two-a"], OnPaper(number, votes(s)))
        ) == [("step-not-open", "item")]


def test_on_paper_too_nobody_settles_a_tie_in_which_no_chair_takes_part(session: Session) -> None:
    easy = POLICY.replace("override_needs: 2/3", "override_needs: 3/8")
    s = make_scored(session, {"one-a": "red"}, policy=easy)
    s.session.execute(sa.update(CommitteeMember).values(sector="administration").where(
        CommitteeMember.id == s.members["industry-2"]))  # fmt: skip
    convene(s)
    s.attend("chair", "deputy-chair")
    green = ("industry-1", "industry-2", "enterprise-1")
    said = {s.members[login]: "green" if login in green else "yellow" for login, _ in REGULAR[:6]}
    item, number = s.items["one-a"], minutes(s)

    for casting, problems in (
        (None, [("tie-for-the-chair", "casting")]),
        (Rating.GREEN, [("tie-for-the-chair", "casting"), ("casting-by-the-chair", "casting")]),
    ):
        paper = OnPaper(number, said, "示例：理由", casting)
        assert refused(NotNow, partial(paper_votes.record, s.as_("secretary"), item, paper)) == problems


def test_nobody_else_records_and_a_recused_secretary_leaves_it_to_the_deputy(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow", "two-a": "green"})
    employ(s, "secretary", school="one")
    convene(s)
    number = paper_votes.attach_minutes(s.as_("secretary-2"), s.meeting, "示例.pdf", SCAN).id
    for who in ("industry-1", "bureau-approver", "auditor", "head-one"):
        with pytest.raises((NotYou, NotFound)):
            paper_votes.record(s.as_(who), s.items["two-a"], OnPaper(number, votes(s)))
        with pytest.raises((NotYou, NotFound)):
            paper_votes.attach_minutes(s.as_(who), s.meeting, "示例.pdf", SCAN)

    item = s.items["one-a"]
    assert refused(NotYou, lambda: paper_votes.record(s.as_("secretary"), item, OnPaper(number, votes(s)))) == [
        ("recused", f"items.{item}")
    ]
    assert refused(NotYou, lambda: paper_votes.read_minutes(s.as_("secretary"), s.meeting, number)) == [
        ("recused", f"items.{item}")
    ]


def test_a_conflict_found_later_is_weighed_on_paper_too(s: Sitting) -> None:
    said = votes(s, **dict.fromkeys(("industry_2", "enterprise_2", "research_2", "chair", "deputy_chair"), "green"))
    made = paper_votes.record(s.as_("secretary"), s.items["one-a"], OnPaper(minutes(s), said, "示例", Rating.YELLOW))
    assert made.rating == "yellow"  # five of eight are no two thirds

    found = conflicts.conflict(s.as_("secretary"), s.items["one-a"], s.members["industry-1"], "示例：亲属任教")

    assert (found.ballots, found.item_void) == (1, True)  # without it five of seven are two thirds


@pytest.mark.parametrize("content", [b"", b"plain text"])
def test_minutes_are_a_file_of_a_kind_that_is_taken(s: Sitting, content: bytes) -> None:
    with nothing_left(s.session), pytest.raises(Invalid):
        paper_votes.attach_minutes(s.as_("secretary"), s.meeting, "示例.txt", content)
