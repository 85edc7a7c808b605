"""Confirmed ratings corrected by the bureau itself, by a decision that supersedes the first."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from specialty_eval.actions import superseding

from .bodies import Body
from .consequence_shapes import CorrectionAnswer
from .deps import Ctx, IfMatch, Transactional, listed
from .shapes import Listed

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["ratings"])


def _shown(row: Any) -> dict[str, Any]:
    shown = ("id", "review_id", "new_review_id", "reason", "opened_at", "opened_by", "follow_ups")
    return {name: getattr(row, name) for name in shown}


class NewCorrection(Body):
    """Why, where the new review begins, and figures set right (measure → value)."""

    reason: str = Field(max_length=8000)
    new_review_from: str
    corrections: dict[str, str] = Field(default_factory=dict, max_length=1000)


@router.post(
    "/reviews/{review_id}/corrections",
    status_code=201,
    response_model=CorrectionAnswer,
    response_model_exclude_unset=True,
)
def correct(review_id: int, body: NewCorrection, ctx: Ctx, version: IfMatch) -> dict[str, Any]:
    """Correct a confirmed rating: a new review opens, and supersedes it once it is confirmed (bureau approver)."""
    found = superseding.Corrected(body.reason, body.new_review_from, body.corrections)
    return _shown(superseding.correct(ctx, review_id, found, version=version))


@router.get(
    "/reviews/{review_id}/corrections", response_model=Listed[CorrectionAnswer], response_model_exclude_unset=True
)
def list_corrections(review_id: int, ctx: Ctx) -> dict[str, Any]:
    """A review's corrections, each with what followed from the corrected rating."""
    return listed([_shown(row) for row in superseding.of_review(ctx, review_id)], None)


class FollowUp(Body):
    """One thing that followed from the corrected rating, what is decided about it, and why."""

    key: str = Field(max_length=100)
    decision: Literal["stands", "reconsider", "set_aside", "reopen"]
    reason: str = Field(max_length=8000)


@router.post(
    "/corrections/{correction_id}/follow-ups", response_model=CorrectionAnswer, response_model_exclude_unset=True
)
def decide_what_followed(correction_id: int, body: FollowUp, ctx: Ctx) -> dict[str, Any]:
    """Decide about one thing that followed from the corrected rating, once the new one is confirmed (bureau
    approver).
    """
    return _shown(superseding.decide_follow_up(ctx, correction_id, body.key, body.decision, body.reason))
