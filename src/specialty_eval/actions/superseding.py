"""A confirmed rating corrected by the bureau itself: with a reason, by a decision that supersedes the first.

Nothing on record is changed. A new review opens, is decided, previewed and publicised like any other, and its rating
takes the place of the old one when it is confirmed. A slip of the pen is an erratum of its list instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine import review
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, Problem
from specialty_eval.engine.permissions import Role, Thing
from specialty_eval.engine.roles import roles
from specialty_eval.store import appeal_queries, follow_ups, scopes
from specialty_eval.store.corrections import Correction
from specialty_eval.store.reviews import Review

from . import anew, corrections
from .context import LOCAL, Context, Note

CORRECTS = roles(Role.BUREAU_APPROVER)


@dataclass(frozen=True, slots=True)
class Corrected:
    """Why, where the new review begins (`verified`: a figure, `scored`: the judgement), and figures set right."""

    reason: str
    new_review_from: str
    figures: Mapping[str, str] = field(default_factory=dict)


def correct(ctx: Context, review_id: int, found: Corrected, *, version: int | None = None) -> Correction:
    """Open the review that is to supersede a confirmed one (bureau approver).

    The same committee may decide it: unlike an appeal it is the bureau's own mistake that is mended. Invalid and NotNow
    with every reason: no reason given, not confirmed, an appeal or another review of it under way.
    """
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.SHEET, scope, where="review")
    grant = ctx.permit(CORRECTS, scope, where="correction")
    ctx.check_version(row, version)
    wrong = [] if found.reason.strip() else [Problem("reason-missing", "reason")]
    if found.new_review_from not in review.APPEAL_STARTS:
        one_of = sorted(review.APPEAL_STARTS)
        wrong.append(Problem("new-review-start-unknown", "new_review_from", {"one_of": one_of}))
    if wrong:
        raise Invalid(*wrong)
    if problems := _in_the_way(ctx, row):
        raise NotNow(*problems)
    begins_at = review.State(found.new_review_from)
    is_scored_anew = begins_at == review.State.VERIFIED
    set_right = corrections.record(ctx, row, found.figures, "correction", scored_anew=is_scored_anew)
    made = anew.open_again(ctx, row, begins_at)
    kept = ctx.saved(
        Correction(review_id=review_id, new_review_id=made.id, reason=found.reason.strip(), opened_at=ctx.now,
                   opened_by=ctx.person_id, follow_ups=follow_ups.found(ctx.session, row, LOCAL))
    )  # fmt: skip
    told = {"new_review": made.id, "state": begins_at.value, "measures": set_right}
    ctx.record("correction.open", kept, _note(row, found.reason.strip(), **told), grant=grant)
    return kept


def _in_the_way(ctx: Context, row: Review) -> list[Problem]:
    problems = []
    if row.state != review.State.CONFIRMED:
        problems.append(Problem("rating-not-confirmed", "review", {"state": row.state}))
    if appeal_queries.appeal_going(ctx.session, row.id):
        problems.append(Problem("appeal-open", "review"))
    if appeal_queries.replacement_going(ctx.session, row.id, [state.value for state in review.ENDED]):
        problems.append(Problem("review-open-again", "review", {"review": row.id}))
    return problems


def _note(row: Review, reason: str, **told: Any) -> Note:
    return Note(reason=reason, audience="school", told=told, specialty_id=row.specialty_id, round_id=row.round_id)


def decide_follow_up(ctx: Context, correction_id: int, key: str, decision: str, reason: str) -> Correction:
    """Decide about one thing that followed from the corrected rating, once the new one is confirmed, with a reason."""
    review_id = ctx.session.scalar(sa.select(Correction.review_id).where(Correction.id == correction_id))
    if review_id is None:
        raise NotFound(Problem("not-found", "correction", {"kind": "correction", "id": correction_id}))
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.APPEALS, scope, where="correction")
    kept = ctx.locked(Correction, correction_id, where="correction")
    grant = ctx.permit(CORRECTS, scope, where="correction")
    anew.decide_follow_up(ctx, kept, key, decision, reason)
    ctx.record("correction.decide_follow_up", kept, _note(row, reason, key=key, decision=decision), grant=grant)
    return ctx.saved(kept)


def of_review(ctx: Context, review_id: int) -> list[Correction]:
    """A review's corrections, for its school, the offices and the panel of an appeal against it."""
    scope = scopes.of_review(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.APPEALS, scope, where="corrections")
    found = sa.select(Correction).where(Correction.review_id == review_id).order_by(Correction.id)
    return list(ctx.session.scalars(found))
