"""What an upheld appeal's new review comes to when its round, or its cycle, has ended meanwhile."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_consequences import BITES, make_confirmed, overturn
from factories_deliberation import Sitting, make_publicised
from specialty_eval.actions import appeals, cycles, ratings, rounds
from specialty_eval.engine.cycle import CycleEvent, RoundEvent
from specialty_eval.store.cycles import Round
from specialty_eval.store.outcomes import RatingInForce
from specialty_eval.store.reviews import Review


def in_force(s: Sitting, short: str) -> str | None:
    """The rating that holds and is known now."""
    return s.session.scalar(
        sa.select(RatingInForce.rating).where(
            RatingInForce.specialty_id == s.city.specialties[short],
            RatingInForce.known_to.is_(None),
            RatingInForce.valid_to.is_(None),
        )
    )


def test_an_appeal_upheld_after_its_round_is_concluded_takes_effect(session: Session) -> None:
    s = make_confirmed(session)
    rounds.move(s.as_("secretary"), s.round_id, RoundEvent.CONCLUDE)

    overturn(s, "two-a", "green")

    assert (s.review("two-a").state, in_force(s, "two-a")) == ("confirmed", "green")
    assert session.get_one(Round, s.round_id, populate_existing=True).state == "concluded"


def upheld(s: Sitting, short: str) -> int:
    """The school appeals and its panel upholds: the new review."""
    old = s.reviews[short]
    ratings.receive(s.as_("head-two"), old)
    key = appeals.lodge(s.as_("head-two"), old, "示例：未考虑特殊情况").id
    appeals.admit(s.as_("bureau-approver"), key, [s.city.people["appeal-1"]])
    appeals.hear(s.as_("appeal-1"), key)
    made = appeals.uphold(s.as_("appeal-1"), key, appeals.Upheld("scored", "示例：申诉成立")).new_review_id
    assert made is not None
    return made


@pytest.mark.parametrize("what", ["round", "cycle"])
def test_cancelling_leaves_a_review_that_an_upheld_appeal_opened(session: Session, what: str) -> None:
    s, number = make_publicised(session, {"two-a": "yellow", "one-a": "red"}, policy=BITES)
    s.city.wait(21)
    ratings.confirm(s.as_("bureau-approver"), number, "示例评〔2026〕1号", [s.reviews["two-a"]])
    made = upheld(s, "two-a")

    if what == "round":
        rounds.move(s.as_("secretary"), s.round_id, RoundEvent.CANCEL, reason="示例：政策调整")
    else:
        cycle_id = session.get_one(Round, s.round_id).cycle_id
        cycles.move(s.as_("secretary"), cycle_id, CycleEvent.CANCEL, reason="示例：政策调整")

    assert session.get_one(Round, s.round_id, populate_existing=True).state == "cancelled"
    assert session.get_one(Review, made, populate_existing=True).state == "scored"
    assert (s.review("one-a").state, s.review("two-a").state) == ("cancelled", "confirmed")
