"""Amendments of pinned policies: which version gave way to which, why, with what tried before, and by which two."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session

from specialty_eval.engine import review
from specialty_eval.engine.amendment import AmendmentState

from . import needs
from .base import Base, Versioned, identity, one_of, reference
from .cycles import Cycle, PolicyDocument, Round
from .outcomes import Publication, PublicationEntry
from .reviews import Review, ScoreRun
from .simulations import Simulation


class Amendment(Versioned, Base):
    """One version of a policy in another's place: proposed by one person, recorded by a second."""

    __tablename__ = "amendment"
    __table_args__ = (
        one_of("state", AmendmentState),
        sa.Index("uq_amendment_proposed", "round_id", unique=True, postgresql_where=sa.text("state = 'proposed'")),
        *needs.of_amendment(),
    )

    id: Mapped[int] = identity()
    round_id: Mapped[int] = reference("round.id")
    from_policy_id: Mapped[int] = reference("policy.id", index=False)
    to_policy_id: Mapped[int] = reference("policy.id", index=False)
    simulation_id: Mapped[int | None] = reference("simulation.id", null=True, index=False)
    reason: Mapped[str]
    state: Mapped[str]
    proposed_by: Mapped[int] = reference("person.id", index=False)
    proposed_at: Mapped[datetime]
    recorded_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    recorded_at: Mapped[datetime | None]
    run_id: Mapped[int | None] = reference("score_run.id", null=True, index=False)


def public_results(session: Session, round_id: int) -> int:
    """How many results of a round the public has seen, or sees."""
    seen = sa.select(PublicationEntry.review_id).join(Publication, Publication.id == PublicationEntry.publication_id)
    seen = seen.where(Publication.round_id == round_id, Publication.opened_at.is_not(None))
    known = [state.value for state in (review.State.PUBLICISED, review.State.CONFIRMED)]
    found = sa.select(sa.func.count()).where(
        Review.round_id == round_id, sa.or_(Review.id.in_(seen), Review.state.in_(known))
    )
    return session.scalar(found) or 0


def newest_run_under(session: Session, round_id: int, city: str, policy_row: int) -> int | None:
    """The run to try a new version over: the round's newest, else of one of the city that pins the same."""
    own = sa.select(sa.func.max(ScoreRun.id)).where(ScoreRun.round_id == round_id)
    if (found := session.scalar(own)) is not None:
        return found
    others = (
        sa.select(sa.func.max(ScoreRun.id))
        .join(Round, Round.id == ScoreRun.round_id)
        .join(Cycle, Cycle.id == Round.cycle_id)
        .where(Cycle.jurisdiction_code == city, Round.policy_id == policy_row)
    )
    return session.scalar(others)


def tries(session: Session, simulation_id: int | None, run_id: int | None, new: str, against: str) -> bool:
    """Whether the simulation tries this policy (digest) against that one over this run."""
    found = None if simulation_id is None else session.get(Simulation, simulation_id)
    said = None if found is None else (found.run_id, found.policy_digest, found.against_digest)
    return said == (run_id, new, against)


def document_named(session: Session, policy_id: str, version: str) -> PolicyDocument | None:
    """A policy by its id and version."""
    return session.scalar(
        sa.select(PolicyDocument).where(PolicyDocument.policy_id == policy_id, PolicyDocument.policy_version == version)
    )


def of_round(round_id: int) -> sa.Select[Any]:
    """The amendments of a round; to be ordered and cut by the caller."""
    return sa.select(Amendment).where(Amendment.round_id == round_id)
