"""The public status of a specialty: what enrolment systems and families ask. No key needed."""

import hashlib
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel

from specialty_eval.actions import status

from .deps import Ctx, Transactional

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["status"])


class StatusAnswer(BaseModel):
    """The rating in force and everything around it, each in a field of its own."""

    code: str
    name: str
    school: str
    rating: str | None
    rating_year: int | None
    reasons: list[str]
    document_number: str | None
    valid_from: date | None
    provisional: str | None
    under: list[str]
    standing: str
    quota: dict[int, int]
    closed_on: date | None
    valid_at: date
    known_at: datetime
    sequence: int


@router.get("/specialties/{code}/status", response_model=StatusAnswer)
def read_status(
    code: str,
    ctx: Ctx,
    request: Request,
    valid_at: Annotated[date | None, Query(description="the rating in force on this day")] = None,
    known_at: Annotated[datetime | None, Query(description="as it was known at this instant")] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The status now, or the rating in force on a day as known at an instant. 308 to the new code, 410 once closed."""
    found = status.of(ctx, code, valid_at=valid_at, known_at=None if known_at is None else known_at.astimezone())
    if isinstance(found, status.Moved):
        return RedirectResponse(str(request.url.replace(path=f"/v1/specialties/{found.code}/status")), 308)
    answer = StatusAnswer.model_validate(found, from_attributes=True)
    # What was asked is part of the answer, the moment of asking is not: an unchanged status keeps its tag.
    told = answer.model_dump_json(exclude=None if valid_at or known_at else {"known_at", "valid_at"})
    tag = f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=0, must-revalidate"}
    if if_none_match is not None and tag in {t.strip() for t in if_none_match.split(",")}:
        return Response(status_code=304, headers=headers)
    gone = answer.closed_on is not None and answer.closed_on <= ctx.today
    return JSONResponse(answer.model_dump(mode="json"), 410 if gone else 200, headers)
