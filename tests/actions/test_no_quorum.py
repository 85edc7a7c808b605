"""A committee that cannot meet: put off on record, then in writing, then the bureau; none of it before its time."""

from collections.abc import Collection
from datetime import timedelta
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_applications import minutes
from factories_deliberation import (
    REGULAR,
    Sitting,
    close_item,
    employ,
    make_convened,
    make_scored,
    new_meeting,
    nothing_left,
    refused,
)
from racing import at_once
from remembered import remembered_fixture
from specialty_eval.actions import ballots, committee, conflicts, decisions, interests
from specialty_eval.actions.context import SETTLES
from specialty_eval.engine.errors import Invalid, NotNow, NotYou
from specialty_eval.engine.policy import Rating
from specialty_eval.store.deliberation import Decision, MeetingItem
from specialty_eval.store.ledger import Event

FEW = ("industry-1", "enterprise-1", "research-1", "chair")  # a member of each sector, and no quorum of eight
EVERYBODY = tuple(login for login, _ in REGULAR)
WHY = "示例：两次会议和书面表决均不足法定人数"


@remembered_fixture
def s(session: Session) -> Sitting:
    """A yellow and a red one on the list of a meeting to which four of eight came."""
    s = make_convened(session, {"one-a": "yellow", "two-a": "red"})
    s.attend(*(set(EVERYBODY) - set(FEW)))
    return s


def in_writing(s: Sitting, *shorts: str) -> Sitting:
    """Put off for want of a quorum, called in writing once the days are over, declared and put to the vote."""
    committee.adjourn(s.as_("secretary"), s.meeting)
    s.city.wait(20)
    return call(s, *(shorts or ("one-a", "two-a")))


def call(s: Sitting, *shorts: str) -> Sitting:
    asked = new_meeting(s, written=True, reviews=[s.reviews[short] for short in shorts])
    s.meeting = committee.create(s.as_("secretary"), asked).id
    found = sa.select(MeetingItem.review_id, MeetingItem.id).where(MeetingItem.meeting_id == s.meeting)
    by_review = {key: item for key, item in s.session.execute(found)}  # noqa: C416 -- a Row is no tuple to dict()
    s.items = {short: by_review[s.reviews[short]] for short in shorts}
    s.declare(*EVERYBODY, "secretary", "bureau-approver")
    ballots.open_items(s.as_("secretary"), s.meeting)
    for item in s.items.values():
        ballots.call_vote(s.as_("secretary"), item)
    return s


def vote(s: Sitting, who: Collection[str], short: str = "one-a", choice: str = "yellow") -> None:
    for login in who:
        ballots.cast(s.as_(login), s.items[short], choice, "示例")


def take_over(
    s: Sitting, short: str = "one-a", rating: Rating = Rating.YELLOW, who: str = "bureau-approver"
) -> Decision:
    return decisions.take_over(s.as_(who), s.items[short], rating, WHY)


# --- put off ---------------------------------------------------------------------------------------------------------


def test_a_meeting_without_a_quorum_puts_its_items_off_on_record(s: Sitting) -> None:
    assert committee.adjourn(s.as_("secretary"), s.meeting) == sorted(s.items.values())

    assert (s.item("one-a").state, s.item("one-a").no_quorum_at) == ("voided", s.city.now)
    assert s.review("one-a").state == "scored"
    reasons = s.session.scalars(sa.select(Event.reason).where(Event.kind == "item.void")).all()
    assert reasons == [committee.NO_QUORUM] * 2


def test_nothing_is_put_off_for_want_of_a_quorum_that_is_there(s: Sitting) -> None:
    s.attend()

    with nothing_left(s.session):
        assert refused(NotNow, lambda: committee.adjourn(s.as_("secretary"), s.meeting)) == [
            ("quorum-is-there", "seats")
        ]


def test_members_who_are_there_and_have_not_declared_are_no_want_of_a_quorum(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow"})
    s.meeting = committee.create(s.as_("secretary"), new_meeting(s)).id
    s.attend()

    assert refused(NotNow, lambda: committee.adjourn(s.as_("secretary"), s.meeting)) == [("quorum-is-there", "seats")]


def test_only_what_cannot_be_voted_on_is_put_off(s: Sitting) -> None:
    s.attend("industry-1", "industry-2")  # six of eight, and nobody of the industry
    employ(s, "industry-1", school="two")
    employ(s, "industry-2", school="two")
    committee.waive(s.as_("bureau-approver"), s.meeting, "industry", "示例：均须回避")

    assert committee.adjourn(s.as_("secretary"), s.meeting) == [s.items["one-a"]]
    assert s.item("two-a").state == "open"


def test_a_meeting_is_put_off_neither_before_its_hour_nor_by_anybody_else(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow"})
    held_at = s.city.now.replace(hour=9)
    s.meeting = committee.create(s.as_("secretary"), new_meeting(s, held_at=held_at)).id

    assert refused(NotNow, lambda: committee.adjourn(s.as_("secretary"), s.meeting)) == [
        ("meeting-not-held", "meeting")
    ]
    s.city.now = held_at
    for who in ("industry-1", "bureau-approver", "head-one", "nobody"):
        refused(NotYou, partial(committee.adjourn, s.as_(who), s.meeting))
    assert committee.adjourn(s.as_("chair"), s.meeting)


# --- in writing ------------------------------------------------------------------------------------------------------


def test_no_vote_in_writing_before_the_days_without_a_quorum_are_over(s: Sitting) -> None:
    asked = new_meeting(s, written=True, reviews=[s.reviews["one-a"]])
    conflicts.void(s.as_("secretary"), s.items["one-a"], "示例：材料不齐")  # put off, but for another reason
    create = partial(committee.create, new=asked)
    assert refused(NotNow, lambda: create(s.as_("secretary"))) == [
        ("no-meeting-without-quorum", f"reviews.{s.reviews['one-a']}")
    ]
    s.meeting = committee.create(s.as_("secretary"), new_meeting(s, reviews=[s.reviews["one-a"]])).id
    committee.adjourn(s.as_("secretary"), s.meeting)
    s.city.wait(9)
    assert refused(NotNow, lambda: create(s.as_("secretary"))) == [
        ("written-too-early", f"reviews.{s.reviews['one-a']}")
    ]
    refused(NotYou, lambda: create(s.as_("chair")))

    s.city.wait(11)
    assert create(s.as_("secretary")).written


def test_in_writing_whoever_votes_takes_part_and_the_decision_says_so(s: Sitting) -> None:
    in_writing(s)
    vote(s, EVERYBODY[:6])
    assert refused(NotNow, lambda: close_item(s.as_("secretary"), s.items["one-a"])) == [
        ("written-days-running", "item"), ("sector-missing", "sectors.administration"),
    ]  # fmt: skip
    vote(s, ["chair"])
    s.city.wait(20)

    made = close_item(s.as_("secretary"), s.items["one-a"])

    assert (made.rating, made.tally["by"], made.tally["present"], made.tally["entitled"]) == ("yellow", "writing", 7, 8)
    assert s.review("one-a").state == "decided"
    people = {s.city.people[login] for login in (*EVERYBODY[:6], "chair")}
    assert set(made.tally["took_part"]) == people


def test_in_writing_an_override_needs_its_majority_as_ever(s: Sitting) -> None:
    in_writing(s)
    vote(s, EVERYBODY[:6], choice="red")
    vote(s, EVERYBODY[6:], choice="yellow")

    assert close_item(s.as_("secretary"), s.items["one-a"], reason="示例").rating == "red"


def test_the_days_end_early_once_everybody_entitled_has_voted(s: Sitting) -> None:
    employ(s, "industry-2", school="one")
    in_writing(s)
    vote(s, [login for login in EVERYBODY if login != "industry-2"])

    assert close_item(s.as_("secretary"), s.items["one-a"]).tally["entitled"] == 7


def test_who_is_recused_votes_in_writing_neither(s: Sitting) -> None:
    employ(s, "industry-2", school="one")
    in_writing(s)
    interests.declare(s.as_("research-2"), s.items["one-a"], True, "示例：亲属任教")

    for who in ("industry-2", "research-2"):
        assert refused(NotYou, partial(vote, s, [who])) == [("recused", f"items.{s.items['one-a']}")]


def test_a_vote_in_writing_has_no_room_no_further_items_and_nothing_agreed_together(s: Sitting) -> None:
    committee.adjourn(s.as_("secretary"), s.meeting)
    s.city.wait(20)
    mine = [s.reviews["one-a"]]
    together = new_meeting(s, written=True, reviews=mine, together=frozenset(mine))
    assert refused(NotNow, lambda: committee.create(s.as_("secretary"), together)) == [
        ("voted-one-by-one", f"together.{mine[0]}")
    ]
    call(s, "one-a")

    for act in (
        lambda: committee.attend(s.as_("secretary"), s.meeting, []),
        lambda: committee.list_items(s.as_("secretary"), s.meeting, [s.reviews["two-a"]], []),
        lambda: committee.adjourn(s.as_("secretary"), s.meeting),
    ):
        assert refused(NotNow, act) == [("vote-in-writing", "meeting")]


def test_a_ballot_in_writing_counts_to_the_last_byte_and_the_vote_ends_no_sooner(s: Sitting) -> None:
    in_writing(s, "one-a")
    vote(s, EVERYBODY[:6])
    until = s.item("one-a").written_until
    assert until is not None

    s.city.now = until - timedelta(seconds=1)
    vote(s, ["chair"])
    s.city.now = until
    assert refused(NotNow, lambda: vote(s, ["deputy-chair"])) == [("written-days-over", "item")]
    s.city.now = until + SETTLES - timedelta(seconds=1)  # what arrived in time may still be on its way in
    for act in (lambda: ballots.end_vote(s.as_("secretary"), s.items["one-a"]), lambda: take_over(s)):
        assert ("written-days-running", "item") in refused(NotNow, act)
    s.city.now = until + SETTLES
    assert close_item(s.as_("secretary"), s.items["one-a"]).tally["present"] == 7


# --- the bureau ------------------------------------------------------------------------------------------------------


def test_without_a_quorum_in_writing_the_bureau_decides_with_its_reason(s: Sitting) -> None:
    in_writing(s)
    vote(s, FEW)
    s.city.wait(20)

    made = take_over(s)

    assert (made.rating, made.computed, made.reason, made.tally["by"]) == ("yellow", "yellow", WHY, "bureau")
    assert made.tally["took_part"] == [s.city.people["bureau-approver"]]
    assert (s.item("one-a").state, s.review("one-a").state) == ("closed", "decided")
    decided = s.session.scalars(sa.select(Event).where(Event.kind == "review.decide")).one()
    assert decided.actor_person_id == s.city.people["bureau-approver"]
    assert s.review("two-a").state == "scored"  # the other one waits for its own


def test_another_rating_than_the_computed_one_stands_on_record_as_an_override(s: Sitting) -> None:
    in_writing(s)
    s.city.wait(20)

    made = take_over(s, rating=Rating.RED)

    assert (made.rating, made.computed, made.tally["overrides"]) == ("red", "yellow", True)


def test_the_bureau_decides_nothing_before_its_time(s: Sitting) -> None:
    s.declare("bureau-approver")
    with nothing_left(s.session):
        assert [code for code, _ in refused(NotNow, lambda: take_over(s))] == ["step-not-open"]
    s.attend()
    ballots.call_vote(s.as_("secretary"), s.items["one-a"])
    s.attend(*(set(EVERYBODY) - set(FEW)))
    with nothing_left(s.session):
        assert refused(NotNow, lambda: take_over(s)) == [("committee-votes-first", "")]
    in_writing(s, "one-a")
    with nothing_left(s.session):
        assert refused(NotNow, lambda: take_over(s)) == [("written-days-running", "item")]
    vote(s, EVERYBODY)
    s.city.wait(20)
    with nothing_left(s.session):
        assert refused(NotNow, lambda: take_over(s)) == [("quorum-is-there", "seats")]


def test_the_bureau_says_why_and_names_a_rating_that_is_open(session: Session) -> None:
    s = make_convened(session, {"one-a": "red"}, reasons={"one-a": ["low", "accident"]})
    s.attend(*(set(EVERYBODY) - set(FEW)))
    in_writing(s, "one-a")
    s.city.wait(20)
    item = s.items["one-a"]

    assert refused(Invalid, lambda: take_over(s, rating=Rating.GREEN)) == [("choice-not-open", "rating")]
    act = partial(decisions.take_over, s.as_("bureau-approver"), item, Rating.RED)
    assert refused(NotNow, lambda: act(" ")) == [("reason-missing", "reason")]


def test_nobody_else_decides_in_the_committees_place_and_a_recused_approver_neither(s: Sitting) -> None:
    in_writing(s)
    s.city.wait(20)

    for who in ("chair", "secretary", "industry-1", "planner", "head-one", "nobody"):
        refused(NotYou, partial(take_over, s, who=who))
    refused(NotYou, partial(take_over, s, who="approver-2"))  # has declared nothing
    employ(s, "bureau-approver", school="one")
    assert refused(NotYou, lambda: take_over(s)) == [("recused", f"items.{s.items['one-a']}")]
    s.declare("approver-2")
    assert take_over(s, who="approver-2").rating == "yellow"


def test_what_the_bureau_decided_can_be_rescinded_like_any_decision(s: Sitting) -> None:
    in_writing(s)
    s.city.wait(20)
    take_over(s)

    conflicts.vote_to_rescind(s.as_("chair"), s.reviews["one-a"], minutes(s))
    conflicts.rescind(s.as_("secretary"), s.reviews["one-a"], "示例：有新的佐证")

    assert (s.review("one-a").state, s.item("one-a").state) == ("scored", "voided")
    again = new_meeting(s, written=True, reviews=[s.reviews["one-a"]])
    assert refused(NotNow, lambda: committee.create(s.as_("secretary"), again)) == [
        ("no-meeting-without-quorum", f"reviews.{s.reviews['one-a']}")
    ]


# --- at once ---------------------------------------------------------------------------------------------------------


def test_the_ballot_that_makes_a_quorum_and_the_bureau_at_once_leave_one_of_them(own_engine: sa.Engine) -> None:
    with Session(own_engine, expire_on_commit=False) as session:
        s = make_convened(session, {"one-a": "yellow"})
        s.attend(*(set(EVERYBODY) - set(FEW)))
        in_writing(s, "one-a")
        vote(s, (*FEW, "industry-2"))  # five of the six that are needed
        item, member = s.items["one-a"], s.as_("enterprise-2")  # whose ballot arrived in time, and waits for a lock
        s.city.wait(20)
        approver = s.as_("bureau-approver")
        session.commit()

        said = at_once(
            own_engine,
            (member, lambda c: ballots.cast(c, item, "yellow")),
            (approver, lambda c: decisions.take_over(c, item, Rating.YELLOW, WHY)),
        )

        assert (said, s.review("one-a").state) in [
            (["done", "quorum-is-there"], "scored"),
            (["step-not-open", "done"], "decided"),
        ]
