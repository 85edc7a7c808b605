"""The change feed and timelines."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from specialty_eval.actions import feed

from .deps import Ctx, Paging, Transactional, listed
from .event_shapes import EventAnswer, EventsAnswer
from .shapes import Listed

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["events"])


@router.get("/events", response_model=EventsAnswer)
def read_events(
    ctx: Ctx,
    paging: Paging,
    types: Annotated[list[str] | None, Query(description="only these kinds, for example review.confirm")] = None,
) -> dict[str, Any]:
    """Events the caller may see, in an order that never misses one. `resume` is where to go on once there is more."""
    rows, cursor, resume = feed.read(ctx, paging, types or [])
    return {**listed(rows, cursor), "resume": resume}


@router.get("/reviews/{review_id}/events", response_model=Listed[EventAnswer])
def read_timeline(review_id: int, ctx: Ctx) -> dict[str, Any]:
    """What happened to a review, as far as the caller may know."""
    return listed(feed.of_review(ctx, review_id), None)
