"""Files of evidence that wait for a yes: sent, checked whole, shown as a difference, confirmed as shown."""

from threading import Lock
from typing import Annotated, Any, Literal

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from specialty_eval.actions import jobs, staging, staging_files, staging_views
from specialty_eval.actions.context import Credentials, commit
from specialty_eval.actions.staging_files import CSV, XLSX

from .bodies import Body
from .deps import Ctx, Edge, Paging, Transactional, listed
from .problems import reason_of
from .shapes import Listed
from .staging_shapes import DifferenceAnswer, RemarkAnswer, StagedAnswer

router = APIRouter(prefix="/v1/staged-files", route_class=Transactional, tags=["imports"])

AT_ONCE = 256 << 10
"""A file of so many bytes is checked while its sender waits; a larger one by a job."""
ROWS_AT_ONCE = 2_000
"""So many rows are confirmed while somebody waits."""
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
_alone = Lock()


class Confirmed(Body):
    """Which difference is confirmed: the hash that was shown with it."""

    difference: str = Field(pattern="^[0-9a-f]{64}$")


async def file_of(request: Request, ctx: Ctx) -> tuple[bytes, str]:
    """The file and its media type with a charset, of somebody who may send one."""
    await run_in_threadpool(staging_files.permitted, ctx)
    kind, _, given = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() not in (CSV, XLSX):
        raise HTTPException(415, f"{CSV}, {XLSX}")
    charset = given.strip().lower()
    return await request.body(), kind.strip().lower() + (f"; {charset}" if charset.startswith("charset=") else "")


def _later(tasks: BackgroundTasks, request: Request, task: jobs.Task, file_id: int) -> None:
    """Do it as soon as the answer is out; a worker does it where this process ends before."""
    edge: Edge = request.app.state.edge

    def go() -> None:
        with _alone:  # one large file at a time is in memory
            ctx = edge.open(edge.clock(), Credentials()).as_system()
            try:
                jobs.act_now(ctx, task, str(file_id))
                commit(ctx)
            finally:
                ctx.session.close()

    tasks.add_task(go)


@router.post("", status_code=201, response_model=StagedAnswer, openapi_extra=BODY,
             responses={202: {"description": "taken in; a job checks it", "model": StagedAnswer}})  # fmt: skip
def stage_file(
    ctx: Ctx,
    request: Request,
    response: Response,
    tasks: BackgroundTasks,
    file: Annotated[tuple[bytes, str], Depends(file_of)],
    policy: Annotated[str, Query(max_length=200, description="whose measures the columns are, ID@VERSION")],
    whole: Annotated[bool, Query(description="an empty cell takes what is on record off it")] = False,
    name: Annotated[str, Query(max_length=200, description="what the file is called")] = "",
) -> dict[str, Any]:
    """Send a file of evidence, CSV or XLSX: checked whole and compared, nothing on record yet. Large ones by a job."""
    content, media_type = file
    row = staging.receive(ctx, staging.Received(content, media_type, name), policy, whole=whole)
    if len(content) <= AT_ONCE:
        row = staging.check(ctx, row.id)
    else:
        response.status_code = 202
        _later(tasks, request, jobs.Task.CHECK_FILE, row.id)
    return view(row)


@router.get("", response_model=Listed[StagedAnswer])
def list_files(ctx: Ctx, paging: Paging) -> dict[str, Any]:
    """The caller's own staged files (everybody sees their own)."""
    rows, cursor = staging_views.listing(ctx, paging)
    return listed([view(row) for row in rows], cursor)


@router.get("/{file_id}", response_model=StagedAnswer)
def read_file(file_id: int, ctx: Ctx) -> dict[str, Any]:
    """How far a file is, its counts, and the hash of the difference that it would make."""
    return view(staging_files.own(ctx, file_id))


@router.get("/{file_id}/remarks", response_model=Listed[RemarkAnswer])
def list_remarks(
    file_id: int, ctx: Ctx, paging: Paging, kind: Annotated[Literal["problem", "notice"], Query()] = "problem"
) -> dict[str, Any]:  # fmt: skip
    """What is wrong with a file, cell by cell and what to do; or (`notice`) how a cell was understood."""
    rows, cursor = staging_views.remarks(ctx, file_id, kind, paging)
    return listed([{"cell": row["cell"], "reason": reason_of(row["code"], row["facts"])} for row in rows], cursor)


@router.get("/{file_id}/difference", response_model=Listed[DifferenceAnswer])
def list_difference(
    file_id: int, ctx: Ctx, paging: Paging, kind: Annotated[staging_views.Difference, Query()] = "changed"
) -> dict[str, Any]:  # fmt: skip
    """The values that are new, change one on record, or would take one off it."""
    return listed(*staging_views.difference(ctx, file_id, kind, paging))


@router.post("/{file_id}/compare", response_model=StagedAnswer)
def compare_file(file_id: int, ctx: Ctx) -> dict[str, Any]:
    """Compare a checked file with what is on record by now; its difference gets another hash where that changed."""
    return view(staging.compare_again(ctx, file_id))


@router.post("/{file_id}/confirm", response_model=StagedAnswer,
             responses={202: {"description": "taken in; a job writes it", "model": StagedAnswer}})  # fmt: skip
def confirm_file(
    file_id: int, body: Confirmed, ctx: Ctx, request: Request, response: Response, tasks: BackgroundTasks
) -> dict[str, Any]:
    """Put on record exactly the difference that was shown: all of it, or nothing and every reason."""
    row = staging_files.own(ctx, file_id)
    if row.counts.get("rows", 0) <= ROWS_AT_ONCE:
        return view(staging.confirm(ctx, file_id, body.difference))
    response.status_code = 202
    _later(tasks, request, jobs.Task.TAKE_FILE, file_id)
    return view(staging.ask(ctx, file_id, body.difference))


@router.delete("/{file_id}", status_code=204)
def discard_file(file_id: int, ctx: Ctx) -> None:
    """Forget a file that is not confirmed."""
    staging.discard(ctx, file_id)


def view(row: Any) -> dict[str, Any]:
    """A staged file without its rows."""
    return {
        "id": row.id, "name": row.name, "policy": f"{row.policy_id}@{row.policy_version}", "digest": row.digest,
        "media_type": row.media_type, "size": row.size, "whole": row.whole, "received_at": row.received_at,
        "expires_at": row.expires_at, "progress": staging_views.progress(row), "checked_at": row.checked_at,
        "measures": row.measures, "counts": row.counts or None, "problems": row.problems, "notices": row.notices,
        "totals": {kind: row.totals.get(kind, {}) for kind in ("problem", "notice")},
        "difference": row.difference or None, "confirmed_at": row.confirmed_at,
        "refused": [reason_of(one["code"], one["facts"]) for one in row.refused],
    }  # fmt: skip
