"""What a score run reads and writes, set-based: panel scores, ratings on record, sheets."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.orm import Session

from specialty_eval.engine import assignment
from specialty_eval.engine.results_text import sheet_columns
from specialty_eval.engine.review import Event as ReviewEvent
from specialty_eval.engine.review import State

from . import bulk
from .base import Straight
from .cycles import PolicyDocument, Round
from .deliberation import ExpertAssignment, PanelScore
from .ledger import Event
from .outcomes import RatingInForce
from .registry import SpecialtyCode
from .registry_queries import numbered
from .reviews import Figure, Review, ScoreRun, ScoreSheet

if TYPE_CHECKING:
    from specialty_eval.engine.results import Sheet


def panel_scores(session: Session, review_ids: Collection[int]) -> dict[int, dict[str, list[Decimal]]]:
    """Review → panel measure → the scores that count (given by experts who have finished).

    A review that an appeal opened stands on the scores of the one it replaces until experts are asked anew.
    """
    session.flush()
    scores: dict[int, dict[str, list[Decimal]]] = {}
    for review_id, measure, score in _panel_scores().run(session, {"ids": list(review_ids)}):
        scores.setdefault(review_id, {}).setdefault(measure, []).append(score)
    return scores


@cache
def _panel_scores() -> Straight:
    asked = sa.exists().where(ExpertAssignment.review_id == Review.id).correlate(Review)
    scored = sa.select(Review.id, sa.case((asked, Review.id), else_=Review.replaces_id).label("asked_for"))
    wanted = sa.bindparam("ids", required=False, type_=ARRAY(sa.BigInteger()))
    of = scored.where(Review.id == sa.any_(wanted)).subquery()
    return Straight(
        sa.select(of.c.id, PanelScore.measure, PanelScore.score)
        .join(ExpertAssignment, ExpertAssignment.review_id == of.c.asked_for)
        .join(PanelScore, PanelScore.assignment_id == ExpertAssignment.id)
        .where(ExpertAssignment.state.in_([state.value for state in assignment.COUNTS]))
        .order_by(of.c.id, PanelScore.measure, PanelScore.score)
    )


def earlier_ratings(session: Session, specialty_ids: Collection[int], before: int) -> list[tuple[int, int, str]]:
    """(specialty, year, rating) on record now and for years before the scored one, one a year, oldest first."""
    found = (
        sa.select(RatingInForce.specialty_id, RatingInForce.year, RatingInForce.rating)
        .where(
            numbered(RatingInForce.specialty_id, specialty_ids),
            RatingInForce.year < before,
            RatingInForce.known_to.is_(None),
        )
        .ext(distinct_on(RatingInForce.specialty_id, RatingInForce.year))
        .order_by(RatingInForce.specialty_id, RatingInForce.year, RatingInForce.valid_from.desc())
    )
    return [(row[0], row[1], row[2]) for row in session.execute(found)]


def codes_of(session: Session, specialty_ids: Collection[int]) -> dict[int, str]:
    """Specialty → its current readable code."""
    found = sa.select(SpecialtyCode.specialty_id, SpecialtyCode.code).where(
        numbered(SpecialtyCode.specialty_id, specialty_ids), SpecialtyCode.valid_to.is_(None)
    )
    return {key: code for key, code in session.execute(found)}  # noqa: C416 -- a Row is no tuple to dict()


def every_code(session: Session, specialty_ids: Collection[int]) -> dict[int, set[str]]:
    """Specialty → every code it ever had: inputs name it by the code of their day."""
    found = sa.select(SpecialtyCode.specialty_id, SpecialtyCode.code).where(
        SpecialtyCode.specialty_id.in_(specialty_ids)
    )
    codes: dict[int, set[str]] = {}
    for key, code in session.execute(found):
        codes.setdefault(key, set()).add(code)
    return codes


def corrections(session: Session, specialty_id: int, year: int, reviews: Collection[int]) -> dict[str, str]:
    """Measure → value, of the figures on record that these reviews put there: by verification, or set right since."""
    found = sa.select(Figure.measure, Figure.value).where(
        Figure.specialty_id == specialty_id, Figure.year == year, Figure.review_id.in_(reviews),
        Figure.superseded_at.is_(None),
    )  # fmt: skip
    return {measure: value for measure, value in session.execute(found)}  # noqa: C416 -- a Row is no tuple to dict()


def accepted_since_scored(session: Session, review_id: int) -> bool:
    """Whether the offices accepted a review's evidence again after a run had scored it."""

    def newest(*steps: ReviewEvent) -> sa.ScalarSelect[int | None]:
        kinds = [f"review.{step.value}" for step in steps]
        found = sa.select(sa.func.max(Event.seq)).where(
            Event.subject_kind == Review.__tablename__, Event.subject_id == review_id, Event.kind.in_(kinds)
        )
        return found.scalar_subquery()

    scored = newest(ReviewEvent.SCORE, ReviewEvent.RESCORE)
    return bool(session.scalar(sa.select(newest(ReviewEvent.ACCEPT) > scored)))


@dataclass(frozen=True, slots=True)
class InRound:
    """A review of a round about to be scored. `was_scored`: a run scored it, or the one its appeal is about;
    `has_run`: one by the version of the policy that the round pins now.
    """

    review: int
    specialty: int
    state: str
    was_defaulted: bool
    was_scored: bool
    has_run: bool


def by_state(session: Session, round_id: int) -> list[InRound]:
    """The reviews of a round, appeals' new reviews too, in the order in which they were made."""
    was_scored = sa.or_(Review.sheet_id.is_not(None), Review.replaces_id.is_not(None))
    found = (
        sa.select(
            Review.id, Review.specialty_id, Review.state, Review.was_defaulted, was_scored,
            sa.and_(was_scored, sa.func.coalesce(ScoreRun.policy_digest == PolicyDocument.digest, True)),
        )
        .join(Round, Round.id == Review.round_id)
        .join(PolicyDocument, PolicyDocument.id == Round.policy_id)
        .outerjoin(ScoreSheet, ScoreSheet.id == Review.sheet_id)
        .outerjoin(ScoreRun, ScoreRun.id == ScoreSheet.run_id)
    )  # fmt: skip
    return [InRound(*row) for row in session.execute(found.where(Review.round_id == round_id).order_by(Review.turn))]


def gone_on(session: Session, round_id: int) -> dict[int, str]:
    """Review → the reason with which it went on below its panel's minimum, in the newest run that says so."""
    runs = sa.select(ScoreRun.went_on).where(ScoreRun.round_id == round_id).order_by(ScoreRun.number)
    return {said["review"]: str(said["reason"]) for went_on in session.scalars(runs) for said in went_on}


def unscored(session: Session, round_id: int, measures: Collection[str], at_least: int) -> list[int]:
    """The verified reviews of a round that no run has scored although their panels have the minimum: a run would."""
    verified = [r.review for r in by_state(session, round_id) if r.state == State.VERIFIED and not r.has_run]
    scores = panel_scores(session, verified) if measures else {}
    return [
        key for key in verified if all(len(scores.get(key, {}).get(measure, ())) >= at_least for measure in measures)
    ]


def computed_ratings(session: Session, review_ids: Collection[int]) -> dict[int, str]:
    """Review → the rating computed on the sheet it stands on."""
    found = sa.select(Review.id, ScoreSheet.rating).join(ScoreSheet, ScoreSheet.id == Review.sheet_id)
    rows = session.execute(found.where(numbered(Review.id, review_ids)))
    return {key: rating for key, rating in rows}  # noqa: C416 -- see above


def next_number(session: Session, round_id: int) -> int:
    """The number of the round's next run; the round is locked by the caller."""
    newest = sa.select(sa.func.max(ScoreRun.number)).where(ScoreRun.round_id == round_id)
    return (session.scalar(newest) or 0) + 1


def write_sheets(
    session: Session,
    run_id: int,
    sheets: Iterable[tuple[int, "Sheet"]],
    versions: Mapping[int, int | None],
    challenge_due: datetime,
) -> None:
    """Keep the sheets of a run, each with its review, as they come; and point the reviews at them.

    Until `challenge_due` the schools may challenge a figure if they never open their sheet; a later day that one was
    told before stays.
    """
    bulk.insert_all(session, ScoreSheet, (
        {"run_id": run_id, "review_id": key, "evidence_version_id": versions[key], **sheet_columns(found)}
        for key, found in sheets
    ))  # fmt: skip
    session.execute(
        sa.update(Review)
        .where(Review.id == ScoreSheet.review_id, ScoreSheet.run_id == run_id)
        .values(
            sheet_id=ScoreSheet.id,
            sheet_opened_at=None,
            challenge_due=sa.func.greatest(Review.challenge_due, challenge_due),
        )
    )


def evidence_versions(session: Session, review_ids: Sequence[int]) -> dict[int, int | None]:
    """Review → the evidence version it stands on."""
    found = sa.select(Review.id, Review.evidence_version_id).where(numbered(Review.id, review_ids))
    return {key: version for key, version in session.execute(found)}  # noqa: C416 -- see above
