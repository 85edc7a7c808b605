"""What undoes a decision: rescinding, items put off, conflicts that come to light, and who may decide on appeal."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_applications import minutes
from factories_deliberation import (
    POLICY,
    REGULAR,
    Sitting,
    close_item,
    convene,
    decide,
    employ,
    make_convened,
    make_decided,
    nothing_left,
    publicise,
    refused,
    serve,
)
from remembered import remembered
from specialty_eval.actions import ballots, conflicts, decisions, interests, meeting_views, objections, ratings
from specialty_eval.actions.objections import NewObjection
from specialty_eval.actions.paging import Page
from specialty_eval.engine.errors import Invalid, NotNow, NotYou
from specialty_eval.engine.policy import Rating
from specialty_eval.store import scopes
from specialty_eval.store.deliberation import MeetingItem
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import Objector
from specialty_eval.store.recorded_votes import RecordedVote
from specialty_eval.store.reviews import Review

EVERYBODY = [login for login, _ in REGULAR]
EASY = POLICY.replace("override_needs: 2/3", "override_needs: 3/8")
"""An override by three of eight, so that two ratings can have it at once."""
PAGE = Page(50)
FOUR_OF_SIX = {
    "industry-1": "yellow", "research-1": "yellow", "enterprise-1": "green", "enterprise-2": "green", "chair": "green",
    "deputy-chair": "green",
}  # fmt: skip
"""An override by exactly as many as it needs: without one of them it fails."""


def all_for(rating: str, *, but: dict[str, str] | None = None) -> dict[str, str]:
    """Everybody's ballot."""
    return {**dict.fromkeys(EVERYBODY, rating), **(but or {})}


def test_a_decision_is_rescinded_with_a_reason_until_the_school_sees_it(session: Session) -> None:
    s = make_decided(session, {"one-a": "yellow", "two-a": "green"})

    vote_to_rescind(s, "one-a")
    with nothing_left(s.session):
        assert refused(NotNow, lambda: conflicts.rescind(s.as_("chair"), s.reviews["one-a"], "")) == [
            ("reason-missing", "reason")
        ]
        for act in (conflicts.rescind, lambda ctx, key, _: conflicts.vote_to_rescind(ctx, key, minutes(s))):
            with pytest.raises(NotYou):
                act(s.as_("industry-1"), s.reviews["one-a"], "示例")
    conflicts.rescind(s.as_("chair"), s.reviews["one-a"], "示例：材料有误")
    review = s.review("one-a")
    assert (review.state, review.decision_id, review.decided_rating) == ("scored", None, None)
    assert (s.item("one-a").state, s.item("two-a").state) == ("voided", "closed")

    vote_to_rescind(s, "two-a")
    serve(s)
    for late in (
        lambda: conflicts.rescind(s.as_("chair"), s.reviews["two-a"], "示例"),
        lambda: vote_to_rescind(s, "two-a", reason="示例：重议"),
    ):
        assert refused(NotNow, late) == [("step-not-open", "review")]
    with nothing_left(s.session):
        assert refused(NotNow, lambda: conflicts.void(s.as_("chair"), s.items["two-a"], "示例")) == [
            ("step-not-open", "review")
        ]
    decide(s)
    assert s.review("one-a").decided_rating == "yellow"


def vote_to_rescind(s: Sitting, short: str, votes: str = "+", *absent: str, who: str = "secretary",
                    **said: Any) -> RecordedVote:  # fmt: skip
    return conflicts.vote_to_rescind(s.as_(who), s.reviews[short], minutes(s, votes, *absent, **said))


def test_one_office_alone_takes_no_decision_of_the_committee_back(session: Session) -> None:
    s = make_decided(session, {"one-a": "yellow"})

    def attempts(who: str) -> list[list[tuple[str, str]]]:
        with nothing_left(session):
            return [
                refused(NotNow, lambda: conflicts.rescind(s.as_(who), s.reviews["one-a"], "示例")),
                refused(NotNow, lambda: conflicts.void(s.as_(who), s.items["one-a"], "示例")),
            ]

    assert attempts("chair") == [[("vote-missing", "vote")]] * 2
    away = ("research-1", "research-2")
    assert refused(NotNow, lambda: vote_to_rescind(s, "one-a", "+", *away, minutes_number=" ")) == [
        ("sector-missing", "sectors.research"), ("document-number-missing", "minutes_number"),
    ]  # fmt: skip
    assert vote_to_rescind(s, "one-a", "++++----").approved is False  # half is no majority
    assert attempts("chair") == [[("rescinding-not-carried", "vote")]] * 2
    assert refused(NotNow, lambda: vote_to_rescind(s, "one-a")) == [("reason-missing", "reason")]
    vote_to_rescind(s, "one-a", "+++++---", reason="示例：纪要有误")
    assert attempts("secretary") == [[("rescinding-same-person", "review")]] * 2

    conflicts.rescind(s.as_("chair"), s.reviews["one-a"], "示例：材料有误")

    assert (s.review("one-a").state, s.item("one-a").state) == ("scored", "voided")
    told = session.execute(sa.select(Event.audience, Event.facts).where(Event.kind == "review.vote_to_rescind")).all()
    assert [(audience, facts["approved"]) for audience, facts in told] == [("office", False), ("office", True)]
    decide(s)  # the vote was about that decision: another one needs its own
    assert attempts("chair") == [[("vote-missing", "vote")]] * 2


def test_the_recused_have_no_part_in_taking_a_decision_back(session: Session) -> None:
    s = make_decided(session, {"one-a": "yellow"})
    employ(s, "research-1", school="one")
    employ(s, "secretary-2", school="one")
    aside = {s.members["research-1"]: False, s.members["industry-1"]: True}
    said = [replace(w, interest=aside.get(w.member, False), vote=None if w.member in aside else w.vote)
            for w in minutes(s).words]  # fmt: skip

    assert refused(NotYou, lambda: vote_to_rescind(s, "one-a", who="secretary-2")) == [("recused", "review")]
    assert refused(NotNow, lambda: vote_to_rescind(s, "one-a")) == [("recused", f"members.{s.members['research-1']}")]
    vote = vote_to_rescind(s, "one-a", words=said)

    assert (vote.tally["entitled"], vote.tally["recused"]) == (6, sorted(aside))
    people = [s.city.people[login] for login in ("research-1", "industry-1")]
    assert scopes.recused_people(session, people, s.reviews["one-a"]) == frozenset(people)


def test_a_conflict_found_later_voids_the_ballot_and_the_item_only_when_it_decided_it(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow", "two-a": "yellow"})
    s.attend("industry-2", "research-2")
    s.vote("one-a", FOUR_OF_SIX)
    s.vote("two-a", dict.fromkeys(FOUR_OF_SIX, "green"))
    for short in ("one-a", "two-a"):
        assert close_item(s.as_("secretary"), s.items[short], reason="示例：理由").rating == "green"
    member = s.members["enterprise-1"]

    assert refused(Invalid, lambda: conflicts.conflict(s.as_("secretary"), s.items["one-a"], 999_999, " ")) == [
        ("not-seated", "members.999999"),
        ("reason-missing", "reason"),
    ]
    harmless = conflicts.conflict(s.as_("secretary"), s.items["two-a"], member, "示例：持股合作企业")
    fatal = conflicts.conflict(s.as_("secretary"), s.items["one-a"], member, "示例：持股合作企业")

    assert harmless == conflicts.Found(1, False, False, "decided")
    assert fatal == conflicts.Found(1, True, True, "scored")
    assert (s.item("one-a").state, s.item("two-a").state) == ("voided", "closed")
    assert refused(NotYou, lambda: meeting_views.material(s.as_("enterprise-1"), s.items["two-a"])) == [
        ("recused", f"items.{s.items['two-a']}")
    ]
    told = session.scalars(sa.select(Event.audience).where(Event.kind == "item.conflict")).all()
    assert told == ["sealed", "sealed"]


def test_a_conflict_during_the_vote_voids_the_ballot_alone(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    s.vote("one-a", all_for("yellow"))

    found = conflicts.conflict(s.as_("chair"), s.items["one-a"], s.members["industry-1"], "示例：亲属任教")

    assert found == conflicts.Found(1, False, False, "scored")
    tally = close_item(s.as_("secretary"), s.items["one-a"]).tally
    assert (tally["entitled"], tally["votes"]) == (7, {"yellow": 7})


def test_a_conflict_that_breaks_an_agreement_voids_the_item(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"}, together={"one-a"})
    five = {s.members[login]: "agree" for login in EVERYBODY[:5]}
    decisions.agree(s.as_("secretary"), s.meeting, five)

    def act(login: str) -> conflicts.Found:
        return conflicts.conflict(s.as_("secretary"), s.items["one-a"], s.members[login], "示例：亲属任教")

    assert act("industry-1") == conflicts.Found(1, False, False, "decided")  # 4 of 7 are more than half
    assert act("enterprise-1") == conflicts.Found(1, True, True, "scored")  # 3 of 6 are not


def test_several_conflicts_in_an_agreement_each_leave_the_base(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"}, together={"one-a"})
    decisions.agree(s.as_("secretary"), s.meeting, {s.members[login]: "agree" for login in EVERYBODY[:6]})

    found = [
        conflicts.conflict(s.as_("secretary"), s.items["one-a"], s.members[login], "示例：亲属任教")
        for login in ("chair", "industry-1", "enterprise-1", "research-1")
    ]

    # Six of eight; without the chair, who gave no ballot, six of seven, then five of six, four of five, three of four.
    assert [(one.ballots, one.item_void) for one in found] == [(0, False), (1, False), (1, False), (1, False)]


def test_a_conflict_of_the_chair_whose_casting_vote_decided_voids_the_item(session: Session) -> None:
    s = make_convened(session, {"one-a": "red"}, policy=EASY)
    s.vote("one-a", dict(zip(EVERYBODY, [*["green"] * 3, *["yellow"] * 3, "abstain"], strict=False)))
    made = close_item(s.as_("chair"), s.items["one-a"], reason="示例：理由", casting=Rating.GREEN)
    assert made.rating == "green"

    found = conflicts.conflict(s.as_("secretary"), s.items["one-a"], s.members["chair"], "示例：亲属任教")

    assert found == conflicts.Found(1, True, True, "scored")


@remembered
def overridden(session: Session) -> Sitting:
    """Green over a computed yellow, by exactly as many as that needs."""
    s = make_convened(session, {"one-a": "yellow"})
    s.attend("industry-2", "research-2")
    s.vote("one-a", FOUR_OF_SIX)
    close_item(s.as_("secretary"), s.items["one-a"], reason="示例：理由")
    return s


def found_late(s: Sitting) -> conflicts.Found:
    return conflicts.conflict(s.as_("secretary"), s.items["one-a"], s.members["enterprise-1"], "示例：持股合作企业")


def test_a_decision_that_a_school_or_the_public_has_seen_falls_with_its_item_and_is_made_anew(session: Session) -> None:
    s = serve(overridden(session))
    assert found_late(s) == conflicts.Found(1, True, True, "scored")

    convene(s)
    s.attend("industry-2", "research-2")
    s.vote("one-a", {login: choice for login, choice in FOUR_OF_SIX.items() if login != "enterprise-1"})
    close_item(s.as_("secretary"), s.items["one-a"])
    number = publicise(serve(s))
    assert s.review("one-a").decided_rating == "yellow"
    s.city.wait(21)
    assert ratings.confirm(s.as_("bureau-approver"), number, "示例评〔2026〕1号").confirmed == (s.reviews["one-a"],)


def test_nothing_is_confirmed_that_a_later_conflict_voided_in_publicity(session: Session) -> None:
    s = serve(overridden(session))
    number = publicise(s)

    assert found_late(s) == conflicts.Found(1, True, True, "scored")

    s.city.wait(21)
    approver, document = s.as_("bureau-approver"), "示例评〔2026〕1号"
    assert ratings.confirm(approver, number, document).confirmed == ()
    assert refused(NotNow, lambda: ratings.confirm(approver, number, document, [s.reviews["one-a"]])) == [
        ("step-not-open", f"review {s.reviews['one-a']}"),
        ("entry-stale", f"reviews.{s.reviews['one-a']}"),
    ]
    told = session.execute(sa.select(Event.audience, Event.reason).where(Event.kind == "review.void_decision")).all()
    assert [tuple(row) for row in told] == [("public", "")]


def test_what_an_earlier_version_left_publicised_with_its_item_void_is_not_confirmed(session: Session) -> None:
    s = serve(overridden(session))
    number = publicise(s)
    s.city.wait(21)
    session.execute(sa.update(MeetingItem).where(MeetingItem.id == s.items["one-a"]).values(state="voided"))

    approver, document = s.as_("bureau-approver"), "示例评〔2026〕1号"
    assert ratings.confirm(approver, number, document).confirmed == ()
    assert refused(NotNow, lambda: ratings.confirm(approver, number, document, [s.reviews["one-a"]])) == [
        ("entry-stale", f"reviews.{s.reviews['one-a']}")
    ]


def test_a_conflict_found_after_the_confirmation_leaves_the_rating_in_force(session: Session) -> None:
    s = serve(overridden(session))
    number = publicise(s)
    s.city.wait(21)
    ratings.confirm(s.as_("bureau-approver"), number, "示例评〔2026〕1号")

    assert found_late(s) == conflicts.Found(1, True, False, "confirmed")

    again = ratings.confirm(s.as_("bureau-approver"), number, "示例评〔2026〕1号", [s.reviews["one-a"]])
    assert (again.confirmed, again.before) == ((), (s.reviews["one-a"],))


@pytest.mark.parametrize("how", ["void", "conflict"])
def test_an_item_whose_decision_was_reopened_takes_no_later_decision_with_it(session: Session, how: str) -> None:
    s = serve(overridden(session))
    made = objections.lodge(s.as_("nobody"), publicise(s), NewObjection(s.reviews["one-a"], "示例张三", "示例", "示例"))
    code = session.get_one(Objector, made.id).confirmation_code
    objections.confirm_contact(s.as_("nobody"), made.id, code)
    objections.admit(s.as_("secretary"), made.id)
    objections.uphold(s.as_("secretary"), made.id, "示例：属实", evidence_was_wrong=False)
    old = s.items["one-a"]
    decide(s)
    newer = s.review("one-a").decision_id

    if how == "void":
        conflicts.void(s.as_("secretary"), old, "示例：记录有误")
    else:
        found = conflicts.conflict(s.as_("secretary"), old, s.members["enterprise-1"], "示例：持股合作企业")
        assert found == conflicts.Found(1, True, False, "decided")

    review = s.review("one-a")
    assert (review.state, review.decision_id, review.decided_rating) == ("decided", newer, "yellow")
    assert session.get_one(MeetingItem, old, populate_existing=True).state == "voided"
    assert s.item("one-a").state == "closed"


def test_on_appeal_those_who_decided_the_first_time_are_recused(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow", "two-a": "yellow"})
    first_time = [login for login in EVERYBODY if login not in {"industry-2", "research-2"}]
    s.attend("industry-2", "research-2")
    s.vote("one-a", dict.fromkeys(first_time, "yellow"))
    close_item(s.as_("secretary"), s.items["one-a"])
    session.execute(sa.update(Review).where(Review.id == s.reviews["two-a"]).values(replaces_id=s.reviews["one-a"]))
    s.attend()

    shown = {row["id"]: row["recused"] for row in meeting_views.items_view(s.as_("chair"), s.meeting, PAGE)[0]}

    assert shown == {s.items["one-a"]: False, s.items["two-a"]: True}
    assert refused(NotNow, lambda: ballots.call_vote(s.as_("secretary"), s.items["two-a"])) == [
        ("sector-missing", "sectors.enterprise"),
        ("sector-missing", "sectors.administration"),
    ]
    for login in first_time:
        with pytest.raises(NotYou):
            ballots.cast(s.as_(login), s.items["two-a"], "green")


def test_those_who_decided_the_first_of_three_reviews_are_recused_from_the_third(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow", "two-a": "yellow", "city-a": "yellow"})
    first_time = [login for login in EVERYBODY if login not in {"industry-2", "research-2"}]
    s.attend("industry-2", "research-2")
    s.vote("one-a", dict.fromkeys(first_time, "yellow"))
    close_item(s.as_("secretary"), s.items["one-a"])
    for new, old in (("two-a", "one-a"), ("city-a", "two-a")):
        session.execute(sa.update(Review).where(Review.id == s.reviews[new]).values(replaces_id=s.reviews[old]))
    s.attend()

    shown = {row["id"]: row["recused"] for row in meeting_views.items_view(s.as_("chair"), s.meeting, PAGE)[0]}

    assert shown == {s.items["one-a"]: False, s.items["two-a"]: True, s.items["city-a"]: True}
    later = {s.reviews["two-a"], s.reviews["city-a"]}
    recused = {login: scopes.recused_from(session, s.city.people[login], s.reviews.values()) for login in EVERYBODY}
    assert recused == {login: later if login in first_time else set() for login in EVERYBODY}


def test_somebody_who_declares_an_interest_in_the_middle_no_longer_counts(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    s.vote("one-a", all_for("green"))
    interests.declare(s.as_("industry-1"), s.items["one-a"], True, "示例：亲属任教")

    made = close_item(s.as_("secretary"), s.items["one-a"], reason="示例：理由")

    assert (made.rating, made.tally["entitled"], made.tally["votes"]) == ("green", 7, {"green": 7})
