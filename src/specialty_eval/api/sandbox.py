"""`/sandbox`: the fixed codes of `specialty_eval.sandbox`, by the very paths of real specialties: a client whose server
is `http://…/sandbox` asks them. Nothing is read: no database, no school.
"""

from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from specialty_eval import sandbox
from specialty_eval.engine.errors import NotFound, Problem, Refusal, TooMany

from . import problems, status_bytes
from .arrival import JSON
from .deps import Edge
from .shapes import GONE, StatusAnswer

router = APIRouter(prefix="/sandbox/v1", tags=["sandbox"])


class SandboxCode(BaseModel):
    """A fixed code, what it stands for, and the HTTP status it is answered with."""

    code: str
    about: str
    status: int


class SandboxCodes(BaseModel):
    """All fixed codes."""

    items: list[SandboxCode]


@router.get("/codes", response_model=SandboxCodes)
def list_codes() -> dict[str, Any]:
    """The sandbox's fixed codes, with what each is answered (public)."""
    return {"items": [
        {"code": code, "about": about, "status": said if isinstance(said, int) else problems.STATUS[type(said)]}
        for code, about, said in sandbox.codes()
    ]}  # fmt: skip


@router.get(
    "/specialties/{fixed}/status", response_model=StatusAnswer,
    responses={304: {"description": "unchanged"}, **GONE},
)  # fmt: skip
async def read_status(fixed: str, request: Request, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """The answer that this fixed code always gets, in the shape of a real specialty's status; invented (public)."""
    if fixed == "sandbox-moved":
        return Response(status_code=308, headers={"Location": f"/sandbox/v1/specialties/{sandbox.MOVED[1]}/status"})
    if fixed in sandbox.REFUSALS:
        return _refused(sandbox.REFUSALS[fixed][1])
    if fixed in sandbox.BEFORE:
        _, status, problem = sandbox.BEFORE[fixed]
        return JSONResponse(problems.body(problem.code, status, [problem]), status, media_type=problems.MEDIA_TYPE)
    known = sandbox.STATUSES.get(fixed) or (sandbox.CLOSED if fixed == "sandbox-closed" else None)
    if known is None:
        return _refused(NotFound(Problem("not-found", "specialty", {"id": fixed})))
    if fixed == "sandbox-slow":
        await anyio.sleep(sandbox.SLOW)  # holding no thread: anybody may ask this
    edge: Edge = request.app.state.edge
    now = edge.clock()
    tag = f'"{fixed}"'
    if status_bytes.is_known(tag, if_none_match):
        return Response(status_code=304, headers={"ETag": tag})
    told = StatusAnswer(code=fixed, **known[1], valid_at=now.date(), known_at=now, sequence=1)
    headers = {"ETag": tag, "Cache-Control": status_bytes.CACHE_CONTROL}
    return Response(told.model_dump_json(), 410 if told.closed_on else 200, headers, JSON)


def _refused(refusal: Refusal) -> Response:
    answer = problems.answer(refusal)
    if isinstance(refusal, TooMany):
        answer.headers["Retry-After"] = "1"
    return answer
