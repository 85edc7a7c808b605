"""What a round's public ratings rest on: their runs, sheets, decisions and ratings in force; and the rounds by code."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, undefer

from specialty_eval.engine.review import State

from .cycles import Cycle, PolicyDocument, Round
from .deliberation import Decision
from .outcomes import Publication, PublicationEntry, RatingInForce
from .publications_queries import OUT
from .registry import SpecialtyCode
from .reviews import Review, ScoreRun, ScoreSheet

PUBLIC = (State.PUBLICISED.value, State.CONFIRMED.value)
"""The states of a review whose decided rating anybody may know."""
ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class RoundFacts:
    """A round as people and files name it; `code` is its cycle's with its number."""

    id: int
    code: str
    cycle: str
    number: int
    year: int
    evidence_year: int
    state: str
    city: str
    policy_row: int
    policy_id: str
    policy_version: str


def rounds(session: Session, code: str | None = None) -> list[RoundFacts]:
    """Every round, oldest first, or the one of this code."""
    own = Cycle.code.concat("-").concat(sa.cast(Round.number, sa.Text))
    found: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            Round.id, own, Cycle.code, Round.number, Round.year, Round.evidence_year, Round.state,
            Cycle.jurisdiction_code, Round.policy_id, PolicyDocument.policy_id, PolicyDocument.policy_version,
        )
        .join(Cycle, Cycle.id == Round.cycle_id)
        .join(PolicyDocument, PolicyDocument.id == Round.policy_id)
        .order_by(Round.year, Round.id)
    )  # fmt: skip
    if code is not None:
        found = found.where(own == code)
    return [RoundFacts(*row) for row in session.execute(found)]


def reviews_by_state(session: Session) -> dict[int, dict[str, int]]:
    """Round → state → how many reviews."""
    found = sa.select(Review.round_id, Review.state, sa.func.count()).group_by(Review.round_id, Review.state)
    counts: dict[int, dict[str, int]] = {}
    for key, state, number in session.execute(found.order_by(Review.round_id, Review.state)):
        counts.setdefault(key, {})[state] = number
    return counts


def policy_text(session: Session, policy_row: int) -> str:
    """A policy as it was imported."""
    return session.execute(sa.select(PolicyDocument.text).where(PolicyDocument.id == policy_row)).scalar_one()


def last_head(session: Session, round_id: int) -> str:
    """The head of the event log printed with the round's newest list; empty before one was."""
    found = sa.select(Publication.seal_head).where(Publication.round_id == round_id, Publication.seal_head != "")
    return session.scalar(found.order_by(Publication.number.desc()).limit(1)) or ""


@dataclass(frozen=True, slots=True)
class Rated:
    """A public rating with the sheet it was decided on; `in_force` None where no rating of its own was entered."""

    review: int
    specialty: int
    state: str
    document_number: str
    run: int
    total: Decimal | None
    dimensions: Mapping[str, str | None]
    indicators: list[dict[str, Any]]
    computed: str
    reasons: list[str]
    decided: str
    decision_reason: str
    in_force: str | None


def public_ratings(session: Session, round_id: int) -> list[Rated]:
    """The publicised and confirmed ratings of a round, overturned ones too, in the order in which they were placed."""
    entered = (
        sa.select(RatingInForce.review_id, RatingInForce.rating)
        .ext(distinct_on(RatingInForce.review_id))
        .order_by(RatingInForce.review_id, RatingInForce.id.desc())
        .subquery()
    )
    found: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            Review.id, Review.specialty_id, Review.state, Review.document_number, ScoreRun.id, ScoreSheet.total,
            ScoreSheet.dimensions, ScoreSheet.indicators, ScoreSheet.rating, ScoreSheet.reasons, Decision.rating,
            Decision.reason, entered.c.rating,
        )
        .join(Decision, Decision.id == Review.decision_id)
        .join(ScoreSheet, ScoreSheet.id == Decision.sheet_id)
        .join(ScoreRun, ScoreRun.id == ScoreSheet.run_id)
        .outerjoin(entered, entered.c.review_id == Review.id)
        .where(Review.round_id == round_id, Review.state.in_(PUBLIC))
        .order_by(Review.turn)
    )  # fmt: skip
    return [Rated(*row) for row in session.execute(found)]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run with its packed inputs; `within` is the number of the round's run that a single one belongs to."""

    id: int
    number: int
    kind: str
    within_id: int | None
    inputs_digest: str
    secret: bytes | None
    made_at: datetime
    inputs: bytes
    specialty: int | None


def runs(session: Session, ids: Collection[int]) -> list[RunFacts]:
    """These runs and those they belong to, by number; `specialty` is a single run's."""
    wanted = sa.select(ScoreRun.within_id).where(ScoreRun.id.in_(ids), ScoreRun.within_id.is_not(None))
    found = sa.select(ScoreRun).where(sa.or_(ScoreRun.id.in_(ids), ScoreRun.id.in_(wanted)))
    made = session.scalars(found.options(undefer(ScoreRun.inputs)).order_by(ScoreRun.number)).all()
    whose = (
        sa.select(ScoreSheet.run_id, Review.specialty_id)
        .join(Review, Review.id == ScoreSheet.review_id)
        .where(ScoreSheet.run_id.in_([run.id for run in made if run.kind == "single"]))
    )
    specialty = {run: key for run, key in session.execute(whose)}  # noqa: C416 -- a Row is no tuple to dict()
    return [
        RunFacts(
            r.id, r.number, r.kind, r.within_id, r.inputs_digest, r.secret, r.made_at, r.inputs, specialty.get(r.id)
        )
        for r in made
    ]


def not_public(session: Session, round_id: int) -> list[int]:
    """Specialties of a round none of whose reviews in it has a public rating."""
    found = (
        sa.select(Review.specialty_id)
        .where(Review.round_id == round_id)
        .group_by(Review.specialty_id)
        .having(~sa.func.bool_or(Review.state.in_(PUBLIC)))
    )
    return list(session.scalars(found))


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that is or was in publicity, with its lines as its digest has them."""

    number: int
    edition: int
    state: str
    digest: str
    opened_at: datetime
    closes_at: datetime
    seal_head: str
    lines: tuple[Sequence[Any], ...]


def lists(session: Session, round_id: int) -> list[Listed]:
    """The round's lists that are out, in their order; two statements."""
    kept = sa.select(Publication).where(Publication.round_id == round_id, Publication.state.in_(OUT))
    found = list(session.scalars(kept.order_by(Publication.number)))
    lines: dict[int, list[Sequence[Any]]] = {}
    for key, line, *older in session.execute(_lines([row.id for row in found])):
        lines.setdefault(key, []).append(line or older)
    return [
        Listed(row.number, row.edition, row.state, row.digest, row.opened_at, row.closes_at, row.seal_head,
               tuple(sorted(lines.get(row.id, []), key=itemgetter(1))))
        for row in found if row.opened_at is not None and row.closes_at is not None
    ]  # fmt: skip


def _lines(publications: Sequence[int]) -> sa.Select[*tuple[Any, ...]]:
    """Each line as it was frozen, and what an older one, of which that was not kept, was frozen from."""
    drafted_on = sa.cast(sa.func.timezone(ZONE, Publication.drafted_at), sa.Date)
    code_then = (
        sa.select(SpecialtyCode.code)
        .where(SpecialtyCode.specialty_id == Review.specialty_id)
        .order_by((SpecialtyCode.valid_from <= drafted_on).desc(), SpecialtyCode.valid_from.desc())
        .limit(1)
        .correlate(Review, Publication)
        .scalar_subquery()
    )
    return (
        sa.select(
            PublicationEntry.publication_id, PublicationEntry.line, PublicationEntry.review_id, code_then,
            PublicationEntry.rating, PublicationEntry.reasons, PublicationEntry.decision_id,
        )
        .join(Publication, Publication.id == PublicationEntry.publication_id)
        .join(Review, Review.id == PublicationEntry.review_id)
        .where(Publication.id.in_(publications), PublicationEntry.edition == Publication.edition)
    )  # fmt: skip
