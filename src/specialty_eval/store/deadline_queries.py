"""The deadlines that people of a round were told, phase by phase: whose end before a day, and moving those to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.assignment import AssignmentState
from specialty_eval.engine.cycle import RoundState
from specialty_eval.engine.overdue import Awaited
from specialty_eval.engine.review import WITH_THE_COUNTY, State

from .base import table_of
from .cycles import Round
from .deliberation import ExpertAssignment
from .registry_queries import numbered
from .reviews import Review


@dataclass(frozen=True, slots=True)
class Deadline:
    """A due time that somebody was told, while the row is in one of these states."""

    what: str
    model: type[Review] | type[ExpertAssignment]
    column: str
    states: tuple[str, ...]


_SCHOOLS = (
    Deadline(Awaited.EVIDENCE, Review, "due", (State.OPEN,)),
    Deadline(Awaited.CORRECTION, Review, "correction_due", (State.RETURNED,)),
)
_COUNTIES = Deadline(Awaited.COUNTY_CHECK, Review, "county_due", tuple(sorted(WITH_THE_COUNTY)))
_EXPERTS = Deadline(
    Awaited.PANEL_SCORE, ExpertAssignment, "due", (AssignmentState.INVITED, AssignmentState.ACCEPTED)
)  # fmt: skip
_CHALLENGES = Deadline("challenge", Review, "challenge_due", (State.SCORED,))

OF_PHASE: Mapping[str, tuple[Deadline, ...]] = {
    RoundState.COLLECTING: (*_SCHOOLS, _COUNTIES),
    RoundState.VERIFYING: (*_SCHOOLS, _COUNTIES),
    RoundState.SCORING: (*_SCHOOLS, _COUNTIES, _EXPERTS, _CHALLENGES),
    RoundState.DELIBERATING: (*_SCHOOLS, _COUNTIES, _CHALLENGES),
}
"""What is extended with a phase; the days of publicity, objections and appeals are the law's, not the round's."""
OF_SERVICE = (
    Deadline("preview", Review, "preview_due", (State.PREVIEWED,)),
    Deadline("appeal", Review, "appeal_due", (State.CONFIRMED,)),
)
"""What a school was told with a decision: no phase extends it, and yet it ends on no day off."""


def end_phase(session: Session, round_id: int, column: str, due: datetime, now: datetime) -> None:
    """The round's phase of this column ends then."""
    later = sa.update(Round).where(Round.id == round_id)
    later = later.values({column: due, "version": Round.version + 1, "updated_at": now})
    session.execute(later, execution_options={"synchronize_session": "fetch"})


def _earlier(deadline: Deadline, round_id: int, until: datetime) -> sa.ColumnElement[bool]:
    table = table_of(deadline.model)
    own = _of_round(deadline, round_id)
    return sa.and_(own, table.c.state.in_(list(deadline.states)), table.c[deadline.column] < until)


def _of_round(deadline: Deadline, round_id: int) -> sa.ColumnElement[bool]:
    """The row that has the deadline is one of the round's."""
    table = table_of(deadline.model)
    if deadline.model is Review:
        own: sa.ColumnElement[bool] = table.c.round_id == round_id
        return own
    return table.c.review_id.in_(sa.select(Review.id).where(Review.round_id == round_id))


def earlier(session: Session, deadline: Deadline, round_id: int, until: datetime) -> list[int]:
    """The rows of a round whose deadline ends before then, in order of id."""
    table = table_of(deadline.model)
    return list(session.scalars(sa.select(table.c.id).where(_earlier(deadline, round_id, until)).order_by(table.c.id)))


def move(session: Session, deadline: Deadline, round_id: int, ids: Sequence[int], until: datetime) -> list[int]:
    """Let these, as far as they still wait, end then; which did. The rows are locked by the caller."""
    model, table = deadline.model, table_of(deadline.model)
    later = (
        sa.update(model)
        .where(numbered(model.id, ids), _earlier(deadline, round_id, until))
        .values({deadline.column: until, "version": table.c.version + 1})
        .returning(model.id)
    )
    return sorted(session.scalars(later, execution_options={"synchronize_session": "fetch"}))
