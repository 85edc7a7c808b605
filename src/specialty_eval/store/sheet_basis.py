"""What a review's sheet rests on beside its evidence: earlier ratings, then and now, and scores left out since."""

from collections.abc import Collection, Iterable
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer

from specialty_eval.engine.assignment import AssignmentState
from specialty_eval.engine.conditions import All, AnyOf, AtLeastOf, Condition, Not, Previous
from specialty_eval.engine.frozen import Inputs
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.review_checks import SheetBasis

from .cycles import Round, policy_of
from .deliberation import ExpertAssignment, PanelScore
from .registry_queries import numbered
from .reviews import Review, ScoreRun, ScoreSheet
from .scoring_queries import earlier_ratings, every_code

K = TypeVar("K", int, str)


def looks_back(condition: Condition | None) -> bool:
    """Whether a condition asks for earlier ratings."""
    match condition:
        case Previous():
            return True
        case Not():
            return looks_back(condition.condition)
        case All() | AnyOf() | AtLeastOf():
            return any(looks_back(inner) for inner in condition.conditions)
        case _:
            return False


def codes_looking_back(policy: Policy) -> frozenset[str]:
    """The reason codes of a policy whose condition asks for earlier ratings: a second yellow, no leap from red."""
    steps = policy.rating
    named: list[tuple[str, Condition | None]] = [
        *((step.code, step.when) for step in steps.unrated),
        *((step.code, step.when) for step in steps.rules),
        *((step.code, step.when) for step in steps.caps),
        *((step.code, step.when) for step in steps.history),
        *((step.code, step.when) for step in steps.flags),
    ]
    return frozenset(code for code, when in named if looks_back(when))


def asks_for_earlier(policy: Policy) -> bool:
    """Whether anything of a policy that a rating comes from asks for earlier ratings."""
    others = [*(step.when for step in policy.adjustments), *(i.needs for i in policy.indicators)]
    return bool(codes_looking_back(policy)) or any(map(looks_back, others))


def of_reviews(session: Session, review_ids: Collection[int]) -> dict[int, SheetBasis]:
    """Each review's earlier ratings, as its sheet was computed with and as on record now; scores left out since.

    The same, where it has no sheet or its policy asks for none: nothing rests on them. A few statements, however many.
    """
    left_out = _left_out(session, review_ids)
    found = {key: SheetBasis((), (), left_out.get(key, 0)) for key in review_ids}
    scored = (
        sa.select(Review.id, Review.specialty_id, Round.evidence_year, Round.policy_id, ScoreSheet.run_id)
        .join(Round, Round.id == Review.round_id)
        .join(ScoreSheet, ScoreSheet.id == Review.sheet_id)
        .where(numbered(Review.id, review_ids))
    )
    rows = [row for row in session.execute(scored) if asks_for_earlier(policy_of(session, row.policy_id))]
    if not rows:
        return found
    codes = every_code(session, {row.specialty_id for row in rows})
    then = _of_runs(session, {row.run_id for row in rows})
    now = {year: _now(session, [r.specialty_id for r in rows if r.evidence_year == year], year)
           for year in {row.evidence_year for row in rows}}  # fmt: skip
    for key, specialty, year, _, run in rows:
        old = (then[run][code] for code in codes[specialty] if code in then[run])
        found[key] = SheetBasis(next(old, ()), now[year].get(specialty, ()), left_out.get(key, 0))
    return found


def _left_out(session: Session, review_ids: Collection[int]) -> dict[int, int]:
    """Review → experts replaced after the run of its sheet had counted their scores."""
    scored = sa.select(PanelScore.assignment_id).where(PanelScore.assignment_id == ExpertAssignment.id).exists()
    replaced = (
        sa.select(Review.id, sa.func.count())
        .join(ScoreSheet, ScoreSheet.id == Review.sheet_id)
        .join(ScoreRun, ScoreRun.id == ScoreSheet.run_id)
        .join(ExpertAssignment, ExpertAssignment.review_id == Review.id)
        .where(numbered(Review.id, review_ids), ExpertAssignment.state == AssignmentState.REPLACED.value)
        .where(ExpertAssignment.updated_at > ScoreRun.made_at, scored)
        .group_by(Review.id)
    )
    return {row[0]: row[1] for row in session.execute(replaced)}


def _of_runs(session: Session, runs: Collection[int]) -> dict[int, dict[str, tuple[str, ...]]]:
    kept = sa.select(ScoreRun).where(numbered(ScoreRun.id, runs)).options(undefer(ScoreRun.inputs))
    return {made.id: _by_specialty(Inputs.unpacked(made.inputs).earlier()) for made in session.scalars(kept)}


def _now(session: Session, specialties: Collection[int], year: int) -> dict[int, tuple[str, ...]]:
    return _by_specialty((key, str(of), rating) for key, of, rating in earlier_ratings(session, specialties, year))


def _by_specialty(lines: Iterable[tuple[K, str, str]]) -> dict[K, tuple[str, ...]]:
    """Whose → year and rating, oldest first."""
    told: dict[K, list[str]] = {}
    for key, year, rating in lines:
        told.setdefault(key, []).append(f"{year} {rating}")
    return {key: tuple(sorted(said)) for key, said in told.items()}
