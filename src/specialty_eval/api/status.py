"""The public status of a specialty: what enrolment systems and families ask. No key needed."""

import hashlib
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime

from specialty_eval.actions import status

from .codes import AnyCode
from .deps import Ctx, Transactional
from .shapes import GONE, StatusAnswer

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["status"])


@router.get(
    "/specialties/{code}/status", response_model=StatusAnswer, responses={304: {"description": "unchanged"}, **GONE}
)
def read_status(
    found: AnyCode,
    ctx: Ctx,
    valid_at: Annotated[date | None, Query(description="the rating in force on this day")] = None,
    known_at: Annotated[AwareDatetime | None, Query(description="as it was known at this instant")] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The status now, or the rating in force on a day as known at an instant. 308 to the new code, 410 once closed."""
    now = status.of(ctx, found.code, valid_at=valid_at, known_at=known_at)
    answer = StatusAnswer.model_validate(now, from_attributes=True)
    # What was asked is part of the answer, the moment of asking is not: an unchanged status keeps its tag.
    told = answer.model_dump_json(exclude=None if valid_at or known_at else {"known_at", "valid_at"})
    tag = f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=0, must-revalidate"}
    if if_none_match is not None and tag in {t.strip() for t in if_none_match.split(",")}:
        return Response(status_code=304, headers=headers)
    return JSONResponse(answer.model_dump(mode="json"), 410 if found.is_closed else 200, headers)
