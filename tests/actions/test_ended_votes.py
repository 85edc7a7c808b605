"""Once a vote has ended nobody changes what it comes to: not by attendance, not by an office that ends."""

from datetime import timedelta

from sqlalchemy.orm import Session

from factories_deliberation import Sitting, close_item, employ, make_convened, nothing_left, refused
from remembered import remembered_fixture
from specialty_eval.actions import ballots, committee, decisions, members
from specialty_eval.actions.committee import Substitute
from specialty_eval.engine.errors import Invalid, NotNow

VOTES = {
    "industry-1": "green", "enterprise-1": "green", "research-1": "green", "chair": "green", "enterprise-2": "yellow",
    "deputy-chair": "yellow",
}  # fmt: skip
"""Two thirds of six, and not of seven; the computed rating is yellow."""


@remembered_fixture
def s(session: Session) -> Sitting:
    s = make_convened(session, {"one-a": "yellow"})
    s.attend("industry-2", "research-2")
    s.vote("one-a", VOTES)
    ballots.end_vote(s.as_("secretary"), s.items["one-a"])
    assert refused(NotNow, lambda: decisions.close(s.as_("secretary"), s.items["one-a"])) == [
        ("override-reason-missing", "reason")
    ]
    return s


def test_who_comes_after_the_end_of_the_vote_joins_no_base(s: Sitting) -> None:
    s.attend("industry-2")

    made = close_item(s.as_("secretary"), s.items["one-a"], reason="示例：理由")

    assert (made.rating, made.tally["present"], made.tally["votes"]) == ("green", 6, {"green": 4, "yellow": 2})


def test_who_goes_or_leaves_office_after_the_end_of_the_vote_stays_in_its_base(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    s.attend("industry-2")
    s.vote("one-a", VOTES)  # research-2 is there and silent: four of seven are no two thirds
    ballots.end_vote(s.as_("secretary"), s.items["one-a"])
    s.attend("industry-2", "research-2")
    members.end_term(s.as_("secretary"), s.members["research-2"], s.city.now.date() - timedelta(days=1))

    made = close_item(s.as_("secretary"), s.items["one-a"])

    assert (made.rating, made.tally["present"], made.tally["abstentions"]) == ("yellow", 7, 1)


def test_no_seat_of_an_ended_vote_changes_hands_until_the_item_closes(s: Sitting) -> None:
    stand_in = Substitute(s.members["substitute-industry"], s.members["industry-2"])
    employ(s, "secretary-2", school="one")
    present = {s.members[login] for login in VOTES}

    with nothing_left(s.session):
        assert refused(Invalid, lambda: s.attend("industry-2", substitutes=[stand_in])) == [
            ("seat-in-an-ended-vote", f"members.{stand_in.member}")
        ]
        recused = s.as_("secretary-2")
        assert refused(Invalid, lambda: committee.attend(recused, s.meeting, present, [stand_in])) == [
            ("vote-under-way", "present")
        ]
    close_item(s.as_("secretary"), s.items["one-a"], reason="示例：理由")
    s.attend("industry-2", substitutes=[stand_in])
