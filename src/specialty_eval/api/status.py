"""The public status of a specialty: what enrolment systems and families ask. No key needed."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field

from specialty_eval.actions import status, statuses

from . import status_bytes, status_lists
from .arrival import JSON, LONGEST
from .bodies import Body, Day, Moment
from .codes import CodeThen, link
from .deps import Ctx, Published, PublishedWhole
from .shapes import GONE, StatusAnswer

router = APIRouter(prefix="/v1", route_class=Published, tags=["status"])
whole = APIRouter(route_class=PublishedWhole)
"""The lists of all."""


@router.get(
    "/specialties/{code}/status", response_model=StatusAnswer, responses={304: {"description": "unchanged"}, **GONE}
)
def read_status(
    found: CodeThen,
    ctx: Ctx,
    valid_at: Annotated[
        Day | None, Query(description="the rating in force on this day: rating, year, reasons, document")
    ] = None,
    known_at: Annotated[
        Moment | None, Query(description="that rating as known at this instant; all else is of now")
    ] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The status now, or the rating in force on a day as known at an instant. 308 to the new code, 410 once closed.

    Of a day before it was merged a specialty's own rating by its own code; `Link` names what it is part of now.
    """
    now = status.of(ctx, found.code, valid_at=valid_at, known_at=known_at)
    before, after, tag, answer = status_bytes.encoded(now, 410 if found.is_closed else 200)
    body = before + status_bytes.moment(now.valid_at, now.known_at) + after
    if valid_at or known_at:  # what was asked is part of the answer
        tag = status_bytes.tag_of(body)
    headers = {"ETag": tag.decode(), "Cache-Control": status_bytes.CACHE_CONTROL, **link(found)}
    if status_bytes.is_known(tag.decode(), if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(body, answer, headers, JSON)


class StatusQuery(Body):
    """The specialties by their codes, present or superseded."""

    codes: list[Annotated[str, Field(max_length=LONGEST)]] = Field(min_length=1, max_length=status_lists.MOST)


class StatusesAnswer(BaseModel):
    """The statuses in the order asked, those of closed specialties too, each under its present code."""

    statuses: list[StatusAnswer]
    moved: dict[str, str] = Field(description="换了代码的：所问的 → 现在的 · superseded codes: asked → present")
    unknown: list[str] = Field(description="从来没有的代码 · codes that nobody ever had")


@router.post("/status/query", response_model=StatusesAnswer)
def query(
    asked: StatusQuery,
    ctx: Ctx,
    accept_encoding: Annotated[str, Header(include_in_schema=False)] = "",
    idempotency_key: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """The statuses of up to a thousand codes: in their order, which of them are others now, which nobody ever had."""
    known: dict[str, status_bytes.Ready | str] = {}
    for code, told in statuses.named(ctx, asked.codes).items():
        known[told.status.code] = status_bytes.ready(told)
        known |= {} if code == told.status.code else {code: told.status.code}
    body = status_lists.asked(asked.codes, known, status_bytes.moment(ctx.today, ctx.now))
    headers = {"Vary": "accept-encoding"}
    # What is kept under a key may be asked for again by somebody who takes no gzip.
    if not idempotency_key and status_lists.is_worth_packing(body, accept_encoding):
        body, headers["Content-Encoding"] = status_lists.packed_quickly(body), "gzip"
    return Response(body, headers=headers, media_type=JSON)


def _every(media_type: str, ctx: Ctx, known: str | None, accept: str) -> Response:
    every = [status_bytes.ready(told) for told in statuses.of_all(ctx)]
    return status_lists.answer(media_type, every, status_bytes.moment(ctx.today, ctx.now), known, accept)


def _described(media_type: str) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "string"} | ({"format": "binary"} if media_type == status_lists.PARQUET else {})
    content = {media_type.partition(";")[0]: {"schema": schema}}
    return {200: {"description": "every specialty", "content": content}, 304: {"description": "unchanged"}}


@whole.get("/status.ndjson", response_class=Response, responses=_described(status_lists.NDJSON))
def read_lines(
    ctx: Ctx,
    if_none_match: Annotated[str | None, Header()] = None,
    accept_encoding: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Every specialty's status now, one a line, closed ones too, in the order in which they were put on record."""
    return _every(status_lists.NDJSON, ctx, if_none_match, accept_encoding)


@whole.get("/status.csv", response_class=Response, responses=_described(status_lists.CSV))
def read_table(
    ctx: Ctx,
    if_none_match: Annotated[str | None, Header()] = None,
    accept_encoding: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Every specialty's status now as a table. Lists have `;` between their parts, a quota stands as `2026=120`."""
    return _every(status_lists.CSV, ctx, if_none_match, accept_encoding)


@whole.get("/status.parquet", response_class=Response, responses=_described(status_lists.PARQUET))
def read_columns(ctx: Ctx, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """Every specialty's status now as Parquet: dates as dates, lists as lists, the quota as a map by academic year."""
    return _every(status_lists.PARQUET, ctx, if_none_match, "")


for path, same in (("/status.ndjson", read_lines), ("/status.csv", read_table), ("/status.parquet", read_columns)):
    whole.add_api_route(path, same, methods=["HEAD"], include_in_schema=False, response_class=Response)
router.include_router(whole)
router.add_api_route("/specialties/{code}/status", read_status, methods=["HEAD"], include_in_schema=False)
