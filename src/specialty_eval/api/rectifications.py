"""Rectification: what a yellow or red specialty mends; and closing, where it does not or its school wants to."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi import Body as RawBody
from pydantic import Field

from specialty_eval.actions import closings, mending_days, rectification_views, rectifications
from specialty_eval.actions.rectifications import Milestone, Proof
from specialty_eval.engine.rectification import RectificationState

from .bodies import Body, Day, OneLine, Reason
from .codes import Code
from .consequence_shapes import (
    ClosingAnswer,
    DueActedOn,
    IdleProposed,
    ListedClosing,
    ListedRectification,
    RectificationAnswer,
    StandingMoved,
)
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .motion_shapes import Sitting
from .shapes import GONE, Listed, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["rectifications"])


def shown(ctx: Ctx, row: Any, response: Response) -> dict[str, Any]:
    """A rectification after whatever was done, with what the caller may do next."""
    tag(response, row.version)
    plan_due, recheck_from = mending_days.due_days(ctx, row)
    days = {"plan_due": plan_due, "recheck_from": recheck_from}
    return {**rectification_views.view(ctx, row), **days, "actions": actions_of(rectifications.possible(ctx, row))}


@router.get("/rectifications", response_model=Listed[ListedRectification], responses={404: {}})
def list_rectifications(
    ctx: Ctx, paging: Paging, state: RectificationState | None = None, specialty: str | None = None
) -> dict[str, Any]:
    """The rectifications of one's own school, county or city."""
    return listed(*rectification_views.listing(ctx, paging, state=state, code=specialty))


@router.get("/rectifications/{rectification_id}", response_model=RectificationAnswer)
def read_rectification(rectification_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """A rectification with its plan, milestones and findings (its school, offices)."""
    return shown(ctx, rectifications.read(ctx, rectification_id), response)


class Promise(Body):
    """One thing that will be done by a day."""

    text: str = Field(max_length=2000)
    due: Day


@router.post("/specialties/{code}/mend", status_code=201, responses=GONE, response_model=RectificationAnswer)
def begin(code: Code, body: Reason, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Ask a school to mend what its rating in force asks for and nobody asked (bureau); it has days from now."""
    return shown(ctx, rectifications.begin(ctx, code, body.reason), response)


class Plan(Body):
    """How the specialty will mend, and its milestones in order."""

    plan: str = Field(max_length=40_000)
    milestones: list[Promise] = Field(max_length=50)


@router.post("/rectifications/{rectification_id}/plan", response_model=RectificationAnswer)
def hand_in(rectification_id: int, body: Plan, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Hand in the plan (school head)."""
    milestones = [Milestone(promise.text, promise.due) for promise in body.milestones]
    return shown(ctx, rectifications.hand_in(ctx, rectification_id, body.plan, milestones, version=version), response)


@router.post("/rectifications/{rectification_id}/start", response_model=RectificationAnswer)
def start(rectification_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Agree to the plan (bureau)."""
    return shown(ctx, rectifications.start(ctx, rectification_id, version=version), response)


@router.post("/rectifications/{rectification_id}/return", response_model=RectificationAnswer)
def return_(rectification_id: int, body: Reason, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Give the plan back, with a reason (bureau). The school keeps its days, or gets those to correct."""
    return shown(ctx, rectifications.return_(ctx, rectification_id, body.reason, version=version), response)


class Words(Body):
    """What was done."""

    words: str = Field(max_length=8000)


@router.post("/rectifications/{rectification_id}/milestones/{code}/proof", response_model=RectificationAnswer)
def prove(
    rectification_id: int, code: str, body: Words, ctx: Ctx, version: IfMatch, response: Response
) -> dict[str, Any]:
    """Report in words what was done for a milestone (school)."""
    return shown(ctx, rectifications.prove(ctx, rectification_id, code, Proof(body.words), version=version), response)


@router.post(
    "/rectifications/{rectification_id}/milestones/{code}/attachments",
    status_code=201,
    response_model=RectificationAnswer,
)
def attach(
    rectification_id: int,
    code: str,
    content: Annotated[bytes, RawBody(media_type="application/octet-stream")],
    ctx: Ctx,
    name: Annotated[str, Query(max_length=200)],
    version: IfMatch,
    response: Response,
) -> dict[str, Any]:
    """Prove a milestone by a file (PDF, PNG, JPEG, Office): the body is the file's bytes (school)."""
    proof = Proof(name=name, content=content)
    return shown(ctx, rectifications.prove(ctx, rectification_id, code, proof, version=version), response)


@router.post("/rectifications/act-on-due", response_model=DueActedOn)
def act_on_due(ctx: Ctx) -> dict[str, Any]:
    """Lapse the plans that are overdue, agree to those left unanswered, begin the rechecks whose day has come
    (secretary). Safe to repeat.
    """
    done = rectifications.act_on_due(ctx)
    return {"lapsed": list(done.lapsed), "started": list(done.started), "rechecks": list(done.rechecks)}


@router.post("/rectifications/{rectification_id}/lapse", response_model=RectificationAnswer)
def lapse(rectification_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """No plan came in time: closing is proposed (secretary)."""
    return shown(ctx, rectifications.lapse(ctx, rectification_id, version=version), response)


@router.post("/rectifications/{rectification_id}/recheck", response_model=RectificationAnswer)
def recheck(rectification_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Begin the recheck whose day has come (secretary)."""
    return shown(ctx, rectifications.recheck(ctx, rectification_id, version=version), response)


class Findings(Body):
    """What the recheck found."""

    findings: str = Field(max_length=8000)


@router.post("/rectifications/{rectification_id}/pass", response_model=RectificationAnswer)
def pass_(rectification_id: int, body: Findings, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Passed: the standing is restored at once, the quota in the next plan (bureau)."""
    return shown(ctx, rectifications.pass_(ctx, rectification_id, body.findings, version=version), response)


@router.post("/rectifications/{rectification_id}/fail", response_model=RectificationAnswer)
def fail(rectification_id: int, body: Findings, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Not passed: once more, or, at the last one allowed, closing is proposed (bureau)."""
    return shown(ctx, rectifications.fail(ctx, rectification_id, body.findings, version=version), response)


# --- closing ---------------------------------------------------------------------------------------------------------


def closing_shown(ctx: Ctx, row: Any) -> dict[str, Any]:
    """A proposal to close after whatever was done, with what the caller may do next."""
    told = closings.view(row, closings.votes_on(ctx, row))
    return {**told, "actions": actions_of(closings.possible_with(ctx, row))}


@router.get("/closing-proposals", response_model=Listed[ListedClosing])
def list_proposals(ctx: Ctx, paging: Paging) -> dict[str, Any]:
    """The proposals to close of one's own school, county or city."""
    found, cursor = closings.listing(ctx, paging)
    return listed([{**closings.view(one.proposal, one.votes), "code": one.code, "actions": actions_of(one.possible)}
                   for one in found], cursor)  # fmt: skip


@router.post("/closing-proposals/propose-idle", response_model=IdleProposed)
def propose_idle(ctx: Ctx) -> dict[str, Any]:
    """Propose to close what has enrolled nobody for the policy's years in a row (secretary). Safe to repeat."""
    return {"codes": closings.propose_idle(ctx)}


@router.post("/closing-proposals/{proposal_id}/receive", response_model=ClosingAnswer)
def receive(proposal_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """The school opens the notice: it is served."""
    row = closings.receive(ctx, proposal_id)
    tag(response, row.version)
    return closing_shown(ctx, row)


@router.post("/closing-proposals/{proposal_id}/votes", status_code=201, response_model=ClosingAnswer)
def vote(proposal_id: int, body: Sitting, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Put the committee's vote on closing on record, as its minutes have it; anew only with a reason (secretary)."""
    row = closings.vote(ctx, proposal_id, body.minutes(), version=version)
    tag(response, row.version)
    return closing_shown(ctx, row)


class Decision(Body):
    """What is decided, as the committee voted, under which document, and why."""

    decision: Literal["close", "keep"]
    document_number: OneLine = Field(max_length=100)
    reason: str = Field(max_length=8000)


@router.post("/closing-proposals/{proposal_id}/decide", response_model=ClosingAnswer)
def decide(proposal_id: int, body: Decision, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Put on record what follows from the committee's vote, to close or to keep, under a document (secretary)."""
    row = closings.decide(ctx, proposal_id, body.decision, body.document_number, body.reason, version=version)
    tag(response, row.version)
    return closing_shown(ctx, row)


class Closing(Body):
    """Why, and how many students are still enrolled (none may be)."""

    reason: str = Field(max_length=4000)
    students: int = Field(ge=0, le=1_000_000)


@router.post("/specialties/{code}/close", responses=GONE, response_model=StandingMoved)
def close(code: Code, body: Closing, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Close a specialty: its school head, or the bureau approver after a decision. `If-Match` is its standing's."""
    row = closings.close(ctx, code, body.reason, body.students, version=version)
    tag(response, row.version)
    return {"code": code, "state": row.state, "since": row.since}
