"""The change feed, a snapshot to begin it with, and timelines."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from specialty_eval.actions import feed

from . import event_bytes, event_streams
from .bodies import Whole
from .deps import Ctx, Transactional, credentials, listed
from .event_bytes import BATCH, JSON, ONE, STREAM
from .event_shapes import EventAnswer, EventsAnswer, SnapshotAnswer
from .problems import MEDIA_TYPE
from .shapes import Listed

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["events"])

MOST = 5000
"""Events of one page."""
SOME = 50

Types = Annotated[
    list[str] | None, Query(description="only these kinds: review.confirm, or review.* for all of a subject")
]
After = Annotated[str | None, Query(description="`next` or `resume` of the answer before", max_length=400)]
GONE: dict[int | str, dict[str, Any]] = {
    410: {
        "description": "the cursor is older than what is offered, or of another log: begin with a snapshot",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}}},
    }
}
TEXT = {"schema": {"type": "string"}}
CLOUD = {"schema": {"type": "object", "description": "CloudEvents 1.0, api_schemas/events-1.schema.json"}}


def _asked(request: Request, types: list[str] | None, after: str | None) -> feed.Asked:
    since = request.state.arrived - timedelta(days=request.app.feed_days)
    return feed.Asked(tuple(types or ()), after, since)


@router.get(
    "/events",
    response_model=EventsAnswer,
    responses={
        200: {"content": {BATCH: {"schema": {"type": "array", "items": CLOUD["schema"]}}, STREAM: TEXT}},
        **GONE,
    },
)
def read_events(
    request: Request,
    ctx: Ctx,
    limit: Annotated[Whole, Query(ge=1, le=MOST, description="events per page")] = SOME,
    after: After = None,
    types: Types = None,
    accept: Annotated[str, Header()] = JSON,
    last_event_id: Annotated[str | None, Header(description="of a stream: where it goes on")] = None,
) -> Response:
    """Events the caller may see, in an order that never misses one; `resume` is where to go on once there is more.

    As a page, as a batch of CloudEvents (`Feed-Next`, `Feed-Resume`), or as a stream (`text/event-stream`).
    """
    asked = _asked(request, types, after)
    if STREAM in accept:
        return event_streams.begun(request, ctx, _asked(request, types, last_event_id or after), credentials(request))
    found = feed.read(ctx, asked, limit)
    resume = asked.cursor(found.place)
    following = resume if found.is_more else None
    if BATCH in accept:
        headers = {"Feed-Resume": resume, "Vary": "Accept"} | ({"Feed-Next": following} if following else {})
        return Response(event_bytes.batch(found.rows, feed.source(ctx)), headers=headers, media_type=BATCH)
    body = event_bytes.page(found.rows, following, resume)
    return Response(body, headers={"Vary": "Accept"}, media_type=JSON)


@router.get("/events/{seq}", response_model=EventAnswer, responses={200: {"content": {ONE: CLOUD}}})
def read_event(seq: int, ctx: Ctx, accept: Annotated[str, Header()] = JSON) -> Response:
    """One event that the caller may see, as it is or as a CloudEvent."""
    row = feed.one(ctx, seq)
    if ONE in accept:
        return Response(event_bytes.cloud(row, feed.source(ctx)), headers={"Vary": "Accept"}, media_type=ONE)
    return Response(event_bytes.told(row), headers={"Vary": "Accept"}, media_type=JSON)


@router.get("/snapshot", response_model=SnapshotAnswer)
def read_snapshot(
    request: Request,
    ctx: Ctx,
    limit: Annotated[Whole, Query(ge=1, le=MOST, description="subjects per page")] = SOME,
    after: Annotated[str | None, Query(description="`next` of the page before", max_length=400)] = None,
    types: Types = None,
) -> Response:
    """The last change of state of everything that the caller is told of, and the cursor from which to follow.

    All pages are as of one place of the log: follow from `follow` after the last.
    """
    found = feed.snapshot(ctx, _asked(request, types, after), limit)
    return Response(event_bytes.page(found.rows, found.next, found.follow, name="follow"), media_type=JSON)


@router.get("/reviews/{review_id}/events", response_model=Listed[EventAnswer])
def read_timeline(review_id: int, ctx: Ctx) -> dict[str, Any]:
    """What happened to a review, as far as the caller may know."""
    return listed(feed.of_review(ctx, review_id), None)
