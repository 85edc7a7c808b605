"""What an upheld appeal's new review comes to when its round, or its cycle, has ended meanwhile."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_consequences import make_confirmed, overturn
from factories_deliberation import Sitting
from specialty_eval.actions import rounds
from specialty_eval.engine.cycle import RoundEvent
from specialty_eval.store.cycles import Round
from specialty_eval.store.outcomes import RatingInForce


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
