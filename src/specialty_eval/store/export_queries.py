"""Which round a list is of, by the numbers it was asked by, and what rounds pin."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.cycle import RoundState

from .cycles import Cycle, PolicyDocument, Round
from .deliberation import Meeting, MeetingItem
from .outcomes import Publication
from .public_queries import plain
from .reviews import Review, ScoreRun
from .simulations import Simulation
from .specialty_lists import SpecialtyList

_OF_ROUND: Mapping[str, Any] = {
    "publication_id": Publication, "list_id": SpecialtyList, "meeting_id": Meeting, "run_id": ScoreRun,
    "simulation_id": Simulation, "review_id": Review, "review": Review,
}  # fmt: skip
"""Parameter → the row it names, which is of a round."""


def round_asked(session: Session, asked: Mapping[str, Any]) -> int | None:
    """The round that these parameters name; None where they name none."""
    for name in ("round_id", "round"):
        if (number := _number(asked.get(name))) is not None:
            return number
    for name, model in _OF_ROUND.items():
        if (number := _number(asked.get(name))) is not None:
            return session.scalar(sa.select(model.round_id).where(model.id == number))
    if (item := _number(asked.get("item_id"))) is not None:
        found = sa.select(Review.round_id).join(MeetingItem, MeetingItem.review_id == Review.id)
        return session.scalar(found.where(MeetingItem.id == item))
    return None


def _number(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


@dataclass(frozen=True, slots=True)
class Pinned:
    """A round with its cycle and the policy it pins."""

    round_id: int
    number: int
    year: int
    cycle: str
    cycle_code: str
    policy_id: str
    policy_version: str
    digest: str


def pinned(session: Session, round_id: int | None, at_most: int) -> list[Pinned]:
    """This round, or (without one) the newest that were not cancelled."""
    found = (
        sa.select(Round.id, Round.number, Round.year, Cycle.title, Cycle.code, PolicyDocument.policy_id,
                  PolicyDocument.policy_version, PolicyDocument.digest)
        .join(Cycle, Cycle.id == Round.cycle_id)
        .join(PolicyDocument, PolicyDocument.id == Round.policy_id)
    )  # fmt: skip
    if round_id is not None:
        found = found.where(Round.id == round_id)
    else:
        found = found.where(Round.state != RoundState.CANCELLED.value).order_by(Round.id.desc()).limit(at_most)
    return [Pinned(*plain(row)) for row in session.execute(found)]
