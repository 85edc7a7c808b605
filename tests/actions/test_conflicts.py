"""What undoes a decision: rescinding, items put off, conflicts that come to light, and who may decide on appeal."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_deliberation import (
    POLICY,
    REGULAR,
    convene,
    decide,
    make_scored,
    nothing_left,
    refused,
    serve,
)
from specialty_eval.actions import ballots, conflicts, decisions, interests, meeting_views
from specialty_eval.actions.paging import Page
from specialty_eval.engine.errors import Invalid, NotNow, NotYou
from specialty_eval.store.ledger import Event
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
    s = decide(make_scored(session, {"one-a": "yellow", "two-a": "green"}))

    with nothing_left(s.session):
        assert refused(NotNow, lambda: conflicts.rescind(s.as_("chair"), s.reviews["one-a"], "")) == [
            ("reason-missing", "reason")
        ]
        with pytest.raises(NotYou):
            conflicts.rescind(s.as_("industry-1"), s.reviews["one-a"], "示例")
    conflicts.rescind(s.as_("chair"), s.reviews["one-a"], "示例：材料有误")
    review = s.review("one-a")
    assert (review.state, review.decision_id, review.decided_rating) == ("scored", None, None)
    assert (s.item("one-a").state, s.item("two-a").state) == ("voided", "closed")

    serve(s)
    assert refused(NotNow, lambda: conflicts.rescind(s.as_("chair"), s.reviews["two-a"], "示例")) == [
        ("step-not-open", "review")
    ]
    with nothing_left(s.session):
        assert refused(NotNow, lambda: conflicts.void(s.as_("chair"), s.items["two-a"], "示例")) == [
            ("step-not-open", "review")
        ]
    decide(s)
    assert s.review("one-a").decided_rating == "yellow"


def test_a_conflict_found_later_voids_the_ballot_and_the_item_only_when_it_decided_it(session: Session) -> None:
    s = convene(make_scored(session, {"one-a": "yellow", "two-a": "yellow"}))
    s.attend("industry-2", "research-2")
    s.vote("one-a", FOUR_OF_SIX, reason="示例：理由")
    s.vote("two-a", dict.fromkeys(FOUR_OF_SIX, "green"), reason="示例：理由")
    for short in ("one-a", "two-a"):
        assert decisions.close(s.as_("secretary"), s.items[short]).rating == "green"
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
    s = convene(make_scored(session, {"one-a": "yellow"}))
    s.vote("one-a", all_for("yellow"))

    found = conflicts.conflict(s.as_("chair"), s.items["one-a"], s.members["industry-1"], "示例：亲属任教")

    assert found == conflicts.Found(1, False, False, "scored")
    tally = decisions.close(s.as_("secretary"), s.items["one-a"]).tally
    assert (tally["entitled"], tally["votes"]) == (7, {"yellow": 7})


def test_a_conflict_that_breaks_an_agreement_voids_the_item(session: Session) -> None:
    s = convene(make_scored(session, {"one-a": "yellow"}), together={"one-a"})
    five = {s.members[login]: "agree" for login in EVERYBODY[:5]}
    decisions.agree(s.as_("secretary"), s.meeting, five)

    def act(login: str) -> conflicts.Found:
        return conflicts.conflict(s.as_("secretary"), s.items["one-a"], s.members[login], "示例：亲属任教")

    assert act("industry-1") == conflicts.Found(1, False, False, "decided")  # 4 of 7 are more than half
    assert act("enterprise-1") == conflicts.Found(1, True, True, "scored")  # 3 of 6 are not


def test_once_served_a_conflict_voids_the_item_and_leaves_the_review_where_it_is(session: Session) -> None:
    s = convene(make_scored(session, {"one-a": "yellow"}))
    s.attend("industry-2", "research-2")
    s.vote("one-a", FOUR_OF_SIX, reason="示例：理由")
    decisions.close(s.as_("secretary"), s.items["one-a"])
    serve(s)

    found = conflicts.conflict(s.as_("secretary"), s.items["one-a"], s.members["enterprise-1"], "示例：持股合作企业")

    assert found == conflicts.Found(1, True, False, "previewed")
    assert s.item("one-a").state == "voided"


def test_on_appeal_those_who_decided_the_first_time_are_recused(session: Session) -> None:
    s = convene(make_scored(session, {"one-a": "yellow", "two-a": "yellow"}))
    first_time = [login for login in EVERYBODY if login not in {"industry-2", "research-2"}]
    s.attend("industry-2", "research-2")
    s.vote("one-a", dict.fromkeys(first_time, "yellow"))
    decisions.close(s.as_("secretary"), s.items["one-a"])
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


def test_somebody_who_declares_an_interest_in_the_middle_no_longer_counts(session: Session) -> None:
    s = convene(make_scored(session, {"one-a": "yellow"}))
    s.vote("one-a", all_for("green"), reason="示例：理由")
    interests.declare(s.as_("industry-1"), s.items["one-a"], True, "示例：亲属任教")

    made = decisions.close(s.as_("secretary"), s.items["one-a"])

    assert (made.rating, made.tally["entitled"], made.tally["votes"]) == ("green", 7, {"green": 7})
