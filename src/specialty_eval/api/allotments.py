"""Proposals who scores what in a round."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from specialty_eval.actions import allotments
from specialty_eval.engine.allotment import AllotmentState

from .arrival import BIGGEST
from .bodies import Body, Reason, Whole
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .problems import ReasonAnswer, reason
from .shapes import ActionAnswer, Listed, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["experts"])


class PairAnswer(BaseModel):
    """An expert and a review."""

    review_id: int
    person_id: int


class AllotmentBrief(BaseModel):
    """A proposal, without the pairs."""

    id: int
    round_id: int
    number: int
    state: AllotmentState
    version: int
    per_review: int = Field(description="每个专业几位专家 · experts a review")
    at_most: int = Field(description="每位专家至多几个专业 · reviews an expert at most")
    without: list[int] = Field(description="不参加的专家 · people who are not asked")
    asked_at: datetime
    carried_out_at: datetime | None
    reason: str


class AllotmentAnswer(AllotmentBrief):
    """A proposal: whom it asks, whom it replaces, why places stay empty, and what the caller may do with it."""

    added: list[PairAnswer]
    dropped: list[PairAnswer]
    lacking: list[ReasonAnswer] = Field(
        description="空缺的最小解释，无空缺时为空 · the smallest explanation of empty places; empty where there is none"
    )
    actions: list[ActionAnswer]


def allotment_view(ctx: Ctx, row: Any, response: Response) -> dict[str, Any]:
    """A proposal as the caller may see it."""
    tag(response, row.version)
    told = allotments.told(ctx, row)
    lacking = [reason(problem) for problem in told["lacking"]]
    return {**told, "lacking": lacking, "actions": actions_of(allotments.possible(ctx, row))}


class NewAllotment(Body):
    """What to share out by."""

    at_most: int = Field(ge=1, le=1000, description="每位专家至多几个专业 · reviews an expert at most")
    per_review: int | None = Field(
        None, ge=1, le=50, description="每个专业几位专家，不填按办法 · experts a review; left out, the policy's number"
    )
    without: list[int] = Field(
        default_factory=list, max_length=1000, description="不参加的专家 · people who are not asked"
    )


@router.post("/rounds/{round_id}/allotments", status_code=201, response_model=AllotmentAnswer)
def ask(round_id: int, body: NewAllotment, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Propose by program who scores what, from the pool, without asking anybody yet (secretary)."""
    made = allotments.ask(ctx, round_id, allotments.Asked(**body.model_dump()))
    return allotment_view(ctx, made, response)


class FurtherAnswer(BaseModel):
    """Who was asked."""

    person_id: int


@router.post("/reviews/{review_id}/experts/further", status_code=201, response_model=FurtherAnswer)
def further(review_id: int, ctx: Ctx) -> dict[str, int]:
    """Ask one expert more of the pool, chosen as in a proposal, where the experts lie too far apart (secretary)."""
    return {"person_id": allotments.further(ctx, review_id)}


@router.get("/allotments", response_model=Listed[AllotmentBrief])
def list_allotments(
    ctx: Ctx, paging: Paging, round_id: Annotated[Whole | None, Query(alias="round", ge=1, le=BIGGEST)] = None
) -> dict[str, Any]:
    """The proposals of one's own city, the newest first (the offices that may know the experts)."""
    rows, cursor = allotments.listing(ctx, paging, round_id=round_id)
    return listed([AllotmentBrief.model_validate(row, from_attributes=True) for row in rows], cursor)


@router.get("/allotments/{allotment_id}", response_model=AllotmentAnswer)
def read(allotment_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """A proposal (the offices that may know the experts)."""
    return allotment_view(ctx, allotments.read(ctx, allotment_id), response)


@router.post("/allotments/{allotment_id}/carry-out", response_model=AllotmentAnswer)
def carry_out(allotment_id: int, body: Reason, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Ask and replace as proposed, all at once (secretary); with a reason where places stay empty."""
    return allotment_view(ctx, allotments.carry_out(ctx, allotment_id, reason=body.reason, version=version), response)


@router.post("/allotments/{allotment_id}/withdraw", response_model=AllotmentAnswer)
def withdraw(allotment_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Take a proposal back (secretary)."""
    return allotment_view(ctx, allotments.withdraw(ctx, allotment_id, version=version), response)
