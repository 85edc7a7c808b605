"""A conflict of interest that becomes known after an expert was asked: they are replaced, or the offices are told."""

from specialty_eval.engine import review
from specialty_eval.engine.assignment import ASSIGNMENT, AssignmentEvent, AssignmentFacts, AssignmentState
from specialty_eval.store import panel_queries

from .context import Context, Note

REASON = "存在利害关系，依规回避"


def act_on(ctx: Context, person_id: int, reason: str = "") -> None:
    """Replace the person wherever they were asked and are too near; a score given is kept, marked and left out.

    Where a run has taken their score it stands until the secretary replaces it and orders the review scored again: the
    offices are told of it, and nobody else.
    """
    for asked in panel_queries.asked_too_near(ctx.session, person_id):
        row, of = asked.assignment, asked.review
        note = Note(reason=reason or REASON, audience="office", specialty_id=of.specialty_id, round_id=of.round_id)
        if row.state == AssignmentState.SCORED and (of.state not in review.SCORES_FROM or of.sheet_id is not None):
            ctx.as_system().record("assignment.conflict", row, note)
            continue
        locked = panel_queries.locked(ctx.session, row.id, acting=None).assignment
        facts = AssignmentFacts(has_interest=True, reason=REASON)
        ctx.as_system().advance(ASSIGNMENT, locked, AssignmentEvent.REPLACE, facts, asked.scope, note=note,
                                changes={"reason": REASON})  # fmt: skip
