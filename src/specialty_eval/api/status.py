"""The public status of a specialty: what enrolment systems and families ask. No key needed."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import AwareDatetime

from specialty_eval.actions import status

from . import status_bytes
from .arrival import JSON
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
    before, after, tag, answer = status_bytes.encoded(now, 410 if found.is_closed else 200)
    body = before + status_bytes.moment(now.valid_at, now.known_at) + after
    if valid_at or known_at:  # what was asked is part of the answer
        tag = status_bytes.tag_of(body)
    headers = {"ETag": tag.decode(), "Cache-Control": status_bytes.CACHE_CONTROL}
    if status_bytes.is_known(tag.decode(), if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(body, answer, headers, JSON)


router.add_api_route("/specialties/{code}/status", read_status, methods=["HEAD"], include_in_schema=False)
