"""Votes on paper, and the signed minutes that they are recorded from."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from fastapi import Body as RawBody
from pydantic import Field

from specialty_eval.actions import meeting_views, paper_votes
from specialty_eval.engine.policy import Rating

from .bodies import Body
from .deps import Ctx, IfMatch, Transactional
from .meeting_shapes import Choice, DecisionAnswer, MinutesAnswer

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["committee"])


@router.post("/meetings/{meeting_id}/minutes", status_code=201, response_model=MinutesAnswer)
def attach_minutes(
    meeting_id: int,
    content: Annotated[bytes, RawBody(media_type="application/octet-stream")],
    ctx: Ctx,
    name: Annotated[str, Query(max_length=200)],
) -> Any:
    """Keep a meeting's signed minutes (PDF, PNG, JPEG, Office): the body is the file's bytes (chair, secretary)."""
    return paper_votes.attach_minutes(ctx, meeting_id, name, content)


@router.get("/meetings/{meeting_id}/minutes/{minutes_id}", response_class=Response)
def read_minutes(meeting_id: int, minutes_id: int, ctx: Ctx) -> Response:
    """A meeting's signed minutes, for nobody who is recused from an item of it; always as a download."""
    kept, content = paper_votes.read_minutes(ctx, meeting_id, minutes_id)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(kept.name)}",
               "X-Content-Type-Options": "nosniff"}  # fmt: skip
    return Response(content, 200, headers, kept.media_type)


class PaperVote(Body):
    """What the minutes say of one member's ballot."""

    member: int
    choice: Choice


class PaperVotes(Body):
    """A vote on paper, as the attached minutes have it."""

    minutes: int
    votes: list[PaperVote] = Field(max_length=500)
    reason: str = Field("", max_length=4000)
    casting_choice: Rating | None = Field(None, strict=False)


@router.post("/items/{item_id}/paper-votes", response_model=DecisionAnswer)
def record_paper_votes(item_id: int, body: PaperVotes, ctx: Ctx, version: IfMatch) -> dict[str, Any]:
    """Record a vote on paper from the minutes attached to the meeting, and decide by it (chair, secretary)."""
    votes = {vote.member: vote.choice for vote in body.votes}
    paper = paper_votes.OnPaper(body.minutes, votes, body.reason, body.casting_choice)
    return meeting_views.decision_shape(paper_votes.record(ctx, item_id, paper, version=version))
