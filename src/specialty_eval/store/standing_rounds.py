"""Which rounds still say something: those nobody cancelled, and those with a rating confirmed before they were."""

import sqlalchemy as sa

from specialty_eval.engine.cycle import CycleState, RoundState
from specialty_eval.engine.review import State

from .cycles import Cycle, Round
from .reviews import Review

_OFF = (CycleState.CANCELLED.value, RoundState.CANCELLED.value)


def going() -> sa.ColumnElement[bool]:
    """A round of a cycle that was started, neither of them cancelled. To be asked of Round and Cycle."""
    return sa.and_(Cycle.state.not_in((CycleState.DRAFT.value, *_OFF)), Round.state != RoundState.CANCELLED.value)


def stands() -> sa.ColumnElement[bool]:
    """`going`, or what is left of a cancelled one: its confirmed ratings stand, and what follows from them goes on."""
    confirmed = sa.exists().where(Review.round_id == Round.id, Review.state == State.CONFIRMED.value)
    return sa.or_(going(), confirmed.correlate(Round))
