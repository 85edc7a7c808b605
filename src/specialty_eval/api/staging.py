"""Files of evidence that wait for a yes: sent, checked whole, shown as a difference, confirmed as shown."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from specialty_eval.actions import charsets, staging, staging_files, staging_views
from specialty_eval.actions.context import Context, Credentials
from specialty_eval.actions.staging_files import CSV, XLSX
from specialty_eval.staged_later import AT_ONCE, ROWS_AT_ONCE, Work, annotating, carry_out, checking, said, writing

from .arrival import with_charset
from .bodies import Body, Whole
from .deps import Ctx, Edge, Paging, Transactional, listed
from .problems import reason_of
from .shapes import Listed
from .staging_shapes import DifferenceAnswer, RemarkAnswer, StagedAnswer

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["imports"])

BODY = {
    "requestBody": {
        "required": True,
        "description": "the file; its first row names the columns (`GET /v1/evidence-templates/…` makes one)",
        "content": {
            CSV: {"schema": {"type": "string"}},
            XLSX: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class Confirmed(Body):
    """Which difference is confirmed: the hash that was shown with it."""

    difference: str = Field(pattern="^[0-9a-f]{64}$")


async def file_of(request: Request, ctx: Ctx) -> tuple[bytes, str]:
    """The file and its media type with a charset, of somebody who may send one."""
    await run_in_threadpool(staging_files.permitted, ctx)
    return await request.body(), with_charset(request, CSV, XLSX)


def _later(tasks: BackgroundTasks, request: Request, *work: Work) -> None:
    """Do it as soon as the answer is out."""
    edge: Edge = request.app.state.edge
    tasks.add_task(carry_out, edge.alone, lambda: edge.open(edge.clock(), Credentials()).as_system(), *work)


@dataclass(frozen=True, slots=True)
class Meant:
    """What a file is meant for, as its sender says beside it."""

    policy: str
    whole: bool
    name: str
    round_id: int | None


def meant(
    policy: Annotated[str, Query(max_length=200, description="whose measures the columns are, ID@VERSION")],
    whole: Annotated[bool, Query(description="an empty cell takes what is on record off it")] = False,
    name: Annotated[str, Query(max_length=200, description="what the file is called")] = "",
    round_: Annotated[
        Whole | None, Query(alias="round", ge=1, description="fill the drafts of this round's reviews")
    ] = None,
) -> Meant:
    """As the query says."""
    return Meant(policy, whole, name, round_)


@router.post("/staged-files", status_code=201, response_model=StagedAnswer, openapi_extra=BODY,
             responses={202: {"description": "taken in; a job checks it", "model": StagedAnswer}})  # fmt: skip
def stage_file(
    ctx: Ctx,
    request: Request,
    response: Response,
    tasks: BackgroundTasks,
    file: Annotated[tuple[bytes, str], Depends(file_of)],
    to: Annotated[Meant, Depends(meant)],
) -> dict[str, Any]:
    """Send a file of evidence, CSV or XLSX: checked whole and compared, nothing on record yet. Large ones by a job.

    With `round` it is for the drafts of that round's reviews: as the school saves them, and nothing is handed in.
    """
    content, media_type = file
    sent_ = staging.Received(content, media_type, to.name, to.round_id)
    row = staging.receive(ctx, sent_, to.policy, whole=to.whole)
    if len(content) <= AT_ONCE:
        row = staging.check(ctx, row.id)
    else:
        response.status_code = 202
        _later(tasks, request, *checking(row.id))
    return view(ctx, row)


@router.get("/staged-files", response_model=Listed[StagedAnswer])
def list_files(ctx: Ctx, paging: Paging) -> dict[str, Any]:
    """The caller's own staged files (everybody sees their own)."""
    rows, cursor = staging_views.listing(ctx, paging)
    return listed([view(ctx, row) for row in rows], cursor)


@router.get("/staged-files/{file_id}", response_model=StagedAnswer)
def read_file(file_id: int, ctx: Ctx) -> dict[str, Any]:
    """How far a file is, its counts, and the hash of the difference that it would make."""
    return view(ctx, staging_files.own(ctx, file_id))


@router.get("/staged-files/{file_id}/workbook", response_class=Response, responses={409: {}})
def read_workbook(file_id: int, ctx: Ctx) -> Response:
    """The file as a workbook with every remark at its cell, and a first sheet that lists and links them."""
    from specialty_eval.actions import staging_annotated  # noqa: PLC0415 -- slow import: NumPy

    return sent(staging_annotated.annotated(ctx, file_id, said), f"evidence-{file_id}.xlsx")


@router.post("/staged-files/{file_id}/workbook", status_code=202, response_model=StagedAnswer)
def make_workbook(file_id: int, ctx: Ctx, request: Request, tasks: BackgroundTasks) -> dict[str, Any]:
    """Have the workbook of a large file made; `annotated` tells when it is there to be fetched."""
    row = staging_files.own(ctx, file_id)
    _later(tasks, request, annotating(file_id))
    return view(ctx, row)


def sent(content: bytes, name: str) -> Response:
    """A workbook as a download."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(content, 200, headers, XLSX)


@router.get("/staged-files/{file_id}/remarks", response_model=Listed[RemarkAnswer])
def list_remarks(
    file_id: int, ctx: Ctx, paging: Paging, kind: Annotated[Literal["problem", "notice"], Query()] = "problem"
) -> dict[str, Any]:  # fmt: skip
    """What is wrong with a file, cell by cell and what to do; or (`notice`) how a cell was understood."""
    rows, cursor = staging_views.remarks(ctx, file_id, kind, paging)
    return listed([{"cell": row["cell"], "reason": reason_of(row["code"], row["facts"])} for row in rows], cursor)


@router.get("/staged-files/{file_id}/difference", response_model=Listed[DifferenceAnswer])
def list_difference(
    file_id: int, ctx: Ctx, paging: Paging, kind: Annotated[staging_views.Difference, Query()] = "changed"
) -> dict[str, Any]:  # fmt: skip
    """The values that are new, change one on record, or would take one off it; `conflict`: left out of the yes."""
    return listed(*staging_views.difference(ctx, file_id, kind, paging))


@router.post("/staged-files/{file_id}/compare", response_model=StagedAnswer)
def compare_file(file_id: int, ctx: Ctx) -> dict[str, Any]:
    """Compare a checked file with what is on record by now; its difference gets another hash where that changed."""
    return view(ctx, staging.compare_again(ctx, file_id))


@router.post("/staged-files/{file_id}/confirm", response_model=StagedAnswer,
             responses={202: {"description": "taken in; a job writes it", "model": StagedAnswer}, 412: {}})  # fmt: skip
def confirm_file(
    file_id: int, body: Confirmed, ctx: Ctx, request: Request, response: Response, tasks: BackgroundTasks
) -> dict[str, Any]:
    """Put on record exactly the difference that was shown: all of it, or nothing and every reason.

    Of drafts, those saved or moved since are left out and told (`counts.conflicts`); the others are all written.
    """
    row = staging_files.own(ctx, file_id)
    if row.counts.get("rows", 0) <= ROWS_AT_ONCE:
        return view(ctx, staging.confirm(ctx, file_id, body.difference))
    response.status_code = 202
    _later(tasks, request, writing(file_id))
    return view(ctx, staging.ask(ctx, file_id, body.difference))


@router.delete("/staged-files/{file_id}", status_code=204)
def discard_file(file_id: int, ctx: Ctx) -> None:
    """Forget a file that is not confirmed."""
    staging.discard(ctx, file_id)


@router.get("/evidence-templates/{policy_id}/{version}", response_class=Response)
def read_template(
    policy_id: str,
    version: str,
    ctx: Ctx,
    year: Annotated[Whole | None, Query(ge=1900, le=2100, description="with a row for each specialty in reach")] = None,
    supplier: Annotated[str, Query(max_length=100, description="the measures of one supplier alone")] = "",
) -> Response:
    """A workbook to fill in, made from a policy: what each cell takes, notes on the headings, locked names."""
    from specialty_eval.actions import staging_templates  # noqa: PLC0415 -- slow import: NumPy

    made = staging_templates.make(ctx, (policy_id, version), year=year, supplier=supplier)
    return sent(made, f"{quote(policy_id)}-{quote(version)}.xlsx")


def view(ctx: Context, row: Any) -> dict[str, Any]:
    """A staged file without its rows."""
    return {
        "id": row.id, "name": row.name, "policy": f"{row.policy_id}@{row.policy_version}", "digest": row.digest,
        "round": row.round_id,
        "media_type": row.media_type, "charset": charsets.read_as(row.media_type) or None, "size": row.size,
        "whole": row.whole, "received_at": row.received_at,
        "expires_at": row.expires_at, "progress": staging_views.progress(ctx, row), "checked_at": row.checked_at,
        "measures": row.measures, "counts": row.counts or None, "problems": row.problems, "notices": row.notices,
        "annotated": bool(row.annotated), "totals": {kind: row.totals.get(kind, {}) for kind in ("problem", "notice")},
        "difference": row.difference or None, "confirmed_at": row.confirmed_at,
        "refused": [reason_of(one["code"], one["facts"]) for one in row.refused],
    }  # fmt: skip
