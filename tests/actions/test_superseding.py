"""A confirmed rating that the bureau itself corrects: superseded by a decision with a reason, nothing overwritten."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_consequences import approved, events, make_confirmed, on
from factories_deliberation import REGULAR, Sitting, close_item, convene, publicise, refused, serve
from specialty_eval.actions import (
    appeals,
    publications,
    ratings,
    status,
    superseding,
)
from specialty_eval.actions.context import SETTLES
from specialty_eval.actions.superseding import Corrected
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou
from specialty_eval.store.corrections import Correction
from specialty_eval.store.outcomes import EnrolmentLine, RatingInForce
from specialty_eval.store.reviews import Review

REASON = "示例：会议纪要中的等次录入有误"


@pytest.fixture
def s(session: Session) -> Sitting:
    return make_confirmed(session)


def known(s: Sitting, short: str) -> list[tuple[str, bool, bool]]:
    """(rating, known still, on the same first day) of every row on record."""
    found = sa.select(RatingInForce).where(RatingInForce.specialty_id == s.city.specialties[short])
    rows = s.session.scalars(found.order_by(RatingInForce.id), execution_options={"populate_existing": True}).all()
    return [(row.rating, row.known_to is None, row.valid_from == rows[0].valid_from) for row in rows]


def corrected(s: Sitting, short: str, start: str = "scored") -> int:
    """The new review, in the place of the old among the sitting's reviews."""
    made = superseding.correct(s.as_("bureau-approver"), s.reviews[short], Corrected(REASON, start))
    s.reviews[short] = made.new_review_id
    return made.id


def confirmed_as(s: Sitting, short: str, rating: str, document: str = "示例评〔2026〕5号") -> None:
    """Decided by the same committee, previewed, publicised, confirmed."""
    s.city.now += SETTLES
    convene(s, reviews=[s.reviews[short]])
    s.vote(short, dict.fromkeys((login for login, _ in REGULAR), rating), reason=REASON)
    close_item(s.as_("secretary"), s.items[short], reason=REASON)
    number = publicise(serve(s))
    s.city.wait(30)
    publications.close(s.as_("secretary"), number)
    ratings.confirm(s.as_("bureau-approver"), number, document)


def test_until_the_new_one_is_confirmed_the_old_rating_stands_and_everybody_is_told(s: Sitting) -> None:
    old = s.reviews["two-a"]

    corrected(s, "two-a")

    told = status.of(s.city.nobody(), s.city.codes["two-a"])
    assert (told.rating, told.under) == ("yellow", ("correction",))
    new = s.review("two-a")
    assert (new.state, new.replaces_id) == ("scored", old)
    (opened,) = events(s, "correction.open")
    assert (opened.audience, opened.reason) == ("school", REASON)
    assert opened.facts == {"new_review": new.id, "state": "scored", "measures": []}


def test_the_same_committee_decides_and_both_ratings_stay_readable(s: Sitting) -> None:
    corrected(s, "two-a")

    confirmed_as(s, "two-a", "red")

    assert known(s, "two-a") == [("yellow", False, True), ("red", True, True)]
    found = ratings.history(s.city.nobody(), s.city.specialties["two-a"])
    assert [(row.rating, row.document_number) for row in found] == [
        ("yellow", "示例评〔2026〕1号"), ("red", "示例评〔2026〕5号"),
    ]  # fmt: skip
    assert status.of(s.city.nobody(), s.city.codes["two-a"]).under == ()


def test_what_followed_is_listed_and_decided_one_by_one(s: Sitting) -> None:
    on(s, 2026, 9, 1)
    plan = approved(s, 2026)
    key = corrected(s, "two-a")
    listed = superseding.of_review(s.as_("secretary"), s.review("two-a").replaces_id or 0)
    assert [f["kind"] for f in listed[0].follow_ups] == ["quota"]
    line = listed[0].follow_ups[0]["key"]

    def act(decision: str, reason: str = "示例") -> Correction:
        return superseding.decide_follow_up(s.as_("bureau-approver"), key, line, decision, reason)

    assert refused(NotNow, lambda: act("stands")) == [("rating-not-confirmed", "new_review")]

    confirmed_as(s, "two-a", "red")

    assert refused(Invalid, lambda: act("reconsider", " ")) == [
        ("decision-unknown", "decision"), ("reason-missing", "reason"),
    ]  # fmt: skip
    assert act("set_aside").follow_ups[0]["decision"] == "set_aside"
    assert refused(NotNow, lambda: act("stands")) == [("follow-up-decided", "follow_up")]
    row = sa.select(EnrolmentLine.set_aside).where(
        EnrolmentLine.plan_id == plan.id, EnrolmentLine.specialty_id == s.city.specialties["two-a"]
    )
    assert s.session.scalar(row) is True
    assert [e.facts for e in events(s, "correction.follow_ups")] == [{"follow_ups": 1}]


def test_a_correction_says_why_and_where_it_begins(s: Sitting) -> None:
    empty = Corrected(" ", "decided")

    assert refused(Invalid, lambda: superseding.correct(s.as_("bureau-approver"), s.reviews["two-a"], empty)) == [
        ("reason-missing", "reason"), ("new-review-start-unknown", "new_review_from"),
    ]  # fmt: skip


def test_one_at_a_time_and_never_beside_an_appeal(s: Sitting) -> None:
    ratings.receive(s.as_("head-two"), s.reviews["two-a"])
    key = appeals.lodge(s.as_("head-two"), s.reviews["two-a"], "示例：未考虑特殊情况").id

    def asked(short: str) -> Correction:
        return superseding.correct(s.as_("bureau-approver"), s.reviews[short], Corrected(REASON, "scored"))

    assert refused(NotNow, lambda: asked("two-a")) == [("appeal-open", "review")]
    asked("city-a")
    assert refused(NotNow, lambda: asked("city-a")) == [("review-open-again", "review")]
    appeals.rule_out(s.as_("bureau-approver"), key, "示例：不属申诉范围")
    assert asked("two-a").review_id == s.reviews["two-a"]


def test_an_appeal_lodged_meanwhile_is_not_upheld_beside_the_correction(s: Sitting) -> None:
    old = s.reviews["two-a"]
    corrected(s, "two-a")
    ratings.receive(s.as_("head-two"), old)
    key = appeals.lodge(s.as_("head-two"), old, "示例：未考虑特殊情况").id
    appeals.admit(s.as_("bureau-approver"), key, [s.city.people["appeal-1"]])
    appeals.hear(s.as_("appeal-1"), key)

    upheld = appeals.Upheld("scored", "示例：成立")
    assert refused(NotNow, lambda: appeals.uphold(s.as_("appeal-1"), key, upheld)) == [("review-open-again", "review")]


@pytest.mark.parametrize("who", ["secretary", "bureau-verifier", "head-two", "auditor", "nobody"])
def test_nobody_but_the_approver_corrects(s: Sitting, who: str) -> None:
    with pytest.raises((NotYou, NotFound)):
        superseding.correct(s.as_(who), s.reviews["two-a"], Corrected(REASON, "scored"))
    assert s.session.scalar(sa.select(sa.func.count()).where(Review.replaces_id.is_not(None))) == 0
