"""Experts, score runs, sheets and challenges."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from specialty_eval.actions import challenges, panel, scoring
from specialty_eval.engine.assignment import AssignmentEvent, AssignmentState
from specialty_eval.engine.cases import ChallengeEvent

from .arrival import BIGGEST
from .bodies import Body, Reason, Whole
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .scoring_shapes import (
    AssignmentAnswer,
    ChallengeAnswer,
    RunAnswer,
    RunWithFiles,
    SheetAnswer,
)
from .shapes import Listed, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["scoring"])


def assignment_view(ctx: Ctx, asked: Any) -> dict[str, Any]:
    """An expert's assignment, without any score, with what the caller may do with it."""
    row = asked.assignment
    return {"id": row.id, "review_id": row.review_id, "person_id": row.person_id, "state": row.state, "due": row.due,
            "version": row.version, "actions": actions_of(panel.possible(ctx, asked))}  # fmt: skip


def assignment_shown(ctx: Ctx, assignment_id: int, response: Response) -> dict[str, Any]:
    """An assignment after whatever was done."""
    asked = panel.shown(ctx, [assignment_id])[0]
    tag(response, asked.assignment.version)
    return assignment_view(ctx, asked)


class Experts(Body):
    """Who is asked, by person number."""

    people: list[int] = Field(min_length=1, max_length=50)


@router.post("/reviews/{review_id}/experts", status_code=201, response_model=Listed[AssignmentAnswer])
def invite(review_id: int, body: Experts, ctx: Ctx) -> dict[str, Any]:
    """Ask experts to score a review (secretary)."""
    made = [row.id for row in panel.invite(ctx, review_id, body.people)]
    return listed([assignment_view(ctx, asked) for asked in panel.shown(ctx, made)], None)


@router.get("/reviews/{review_id}/experts", response_model=Listed[AssignmentAnswer])
def list_experts(review_id: int, ctx: Ctx) -> dict[str, Any]:
    """A review's experts; an expert sees oneself alone."""
    return listed([assignment_view(ctx, asked) for asked in panel.assignments(ctx, review_id)], None)


@router.get("/assignments", response_model=Listed[AssignmentAnswer])
def list_assignments(
    ctx: Ctx,
    paging: Paging,
    round_id: Annotated[Whole | None, Query(alias="round", ge=1, le=BIGGEST)] = None,
    review: Annotated[Whole | None, Query(ge=1, le=BIGGEST)] = None,
    state: AssignmentState | None = None,
) -> dict[str, Any]:
    """What I was asked to score; for the offices what everybody was asked, by round or review. The newest first."""
    found, cursor = panel.listing(ctx, paging, round_id=round_id, review_id=review, state=state)
    return listed([assignment_view(ctx, asked) for asked in found], cursor)


class Scores(Body):
    """Panel measure → score, 0-100, as text."""

    scores: dict[str, str] = Field(max_length=100)


@router.put("/assignments/{assignment_id}/scores", response_model=AssignmentAnswer)
def score(assignment_id: int, body: Scores, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Hand in one's scores (expert)."""
    panel.score(ctx, assignment_id, body.scores, version=version)
    return assignment_shown(ctx, assignment_id, response)


@router.post("/assignments/{assignment_id}/{event}", response_model=AssignmentAnswer)
def answer_invitation(
    assignment_id: int, event: AssignmentEvent, body: Reason, ctx: Ctx, version: IfMatch, response: Response
) -> dict[str, Any]:
    """Accept or decline (expert), replace (secretary)."""
    panel.answer(ctx, assignment_id, event, reason=body.reason, version=version)
    return assignment_shown(ctx, assignment_id, response)


def run_view(ctx: Ctx, row: Any) -> dict[str, Any]:
    """A score run, without its inputs."""
    return {"id": row.id, "round_id": row.round_id, "number": row.number, "kind": row.kind, "within": row.within_id,
            "policy": row.policy_digest, "inputs": row.inputs_digest, **scoring.told(ctx, row),
            "made_at": row.made_at}  # fmt: skip


class Run(Body):
    """Reviews scored although their panel stayed below its minimum: review number → reason."""

    go_on: dict[int, str] = Field(default_factory=dict, max_length=10_000)


@router.post("/rounds/{round_id}/score-runs", status_code=201, response_model=RunAnswer)
def run(round_id: int, body: Run, ctx: Ctx) -> dict[str, Any]:
    """Score every verified review of the round that no run has scored yet, at this moment (secretary)."""
    return run_view(ctx, scoring.run(ctx, round_id, go_on=body.go_on))


class NewRun(Reason, Run):
    """Why, and the reviews that go on although their panel stayed below its minimum: review number → reason."""


@router.post("/rounds/{round_id}/score-runs/new", status_code=201, response_model=RunAnswer)
def order_new_run(round_id: int, body: NewRun, ctx: Ctx) -> dict[str, Any]:
    """A new run of all that is not yet publicised (secretary, with a reason)."""
    return run_view(ctx, scoring.order_new_run(ctx, round_id, body.reason, go_on=body.go_on))


@router.post("/reviews/{review_id}/rescore", status_code=201, response_model=RunAnswer)
def rescore(review_id: int, ctx: Ctx, body: Reason | None = None) -> dict[str, Any]:
    """Score one review again within its run (secretary): what was set right, or an earlier rating that is another now.

    A panel below its minimum goes on with a reason; so does a review whose earlier ratings changed.
    """
    return run_view(ctx, scoring.rescore(ctx, review_id, "" if body is None else body.reason))


@router.get("/score-runs/{run_id}", response_model=RunWithFiles)
def read_run(run_id: int, ctx: Ctx) -> dict[str, Any]:
    """A run with its frozen inputs: the very files of `specialty-eval policy score`."""
    made = scoring.read(ctx, run_id)
    return {**run_view(ctx, made), "files": scoring.files(made)}


@router.get(
    "/reviews/{review_id}/sheet", response_model=SheetAnswer, response_model_exclude_unset=True, responses={409: {}}
)
def read_sheet(review_id: int, ctx: Ctx) -> dict[str, Any]:
    """The sheet; for a school once it has opened it, without the rating until the preview."""
    return challenges.read_sheet(ctx, review_id)


@router.post("/reviews/{review_id}/sheet/open", response_model=SheetAnswer, response_model_exclude_unset=True)
def open_sheet(review_id: int, ctx: Ctx) -> dict[str, Any]:
    """The school opens its own sheet: its challenge days begin."""
    return challenges.open_sheet(ctx, review_id)


class NewChallenge(Body):
    """One figure, what it should be, and why."""

    measure: str = Field(max_length=100)
    claimed: str = Field(max_length=100)
    reason: str = Field(min_length=1, max_length=4000)


def challenge_view(row: Any) -> dict[str, Any]:
    """A challenge."""
    return {"id": row.id, "review_id": row.review_id, "measure": row.measure, "stated": row.stated,
            "claimed": row.claimed, "reason": row.reason, "state": row.state, "answer": row.answer,
            "answer_due": row.answer_due}  # fmt: skip


@router.post("/reviews/{review_id}/challenges", status_code=201, response_model=ChallengeAnswer)
def challenge(review_id: int, body: NewChallenge, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Challenge one figure of one's own sheet (school head)."""
    row = challenges.challenge(ctx, review_id, body.measure, body.claimed, body.reason)
    tag(response, row.version)
    return {**challenge_view(row), "actions": actions_of(challenges.possible(ctx, row))}


@router.get("/reviews/{review_id}/challenges", response_model=Listed[ChallengeAnswer])
def list_challenges(review_id: int, ctx: Ctx) -> dict[str, Any]:
    """A review's challenges."""
    found = challenges.of_review(ctx, review_id)
    return listed([{**challenge_view(row), "actions": actions_of(possible)} for row, possible in found], None)


class Answer(Body):
    """The bureau's answer."""

    answer: str = Field(max_length=20_000)


@router.post("/challenges/{challenge_id}/{event}", response_model=ChallengeAnswer)
def answer(
    challenge_id: int, event: ChallengeEvent, body: Answer, ctx: Ctx, version: IfMatch, response: Response
) -> dict[str, Any]:
    """Uphold or reject a challenge (bureau)."""
    row = challenges.answer(ctx, challenge_id, event, body.answer, version=version)
    tag(response, row.version)
    return {**challenge_view(row), "actions": actions_of(challenges.possible(ctx, row))}
