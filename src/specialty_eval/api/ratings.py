"""Confirmation of publicised ratings, the record of ratings, and appeals."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from specialty_eval.actions import appeals, ratings, status
from specialty_eval.actions.appeals import Upheld
from specialty_eval.engine.cases import AppealState
from specialty_eval.engine.vocabulary import Rating

from .bodies import Body, Day, OneLine
from .codes import CodeThen, link
from .consequence_shapes import AppealAnswer, ListedAppeal
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .problems import reason
from .publication_shapes import ConfirmedAnswer
from .shapes import GONE, Listed, StatusAnswer, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["ratings"])


class Confirming(Body):
    """The document's number; without reviews, all of the list that nobody contests."""

    document_number: OneLine = Field(max_length=100)
    reviews: list[int] | None = Field(None, min_length=1, max_length=20_000)


@router.post("/publications/{publication_id}/confirm", response_model=ConfirmedAnswer)
def confirm(publication_id: int, body: Confirming, ctx: Ctx) -> dict[str, Any]:
    """Put the ratings of a list in force under a document number (bureau approver). The contested wait, named."""
    found = ratings.confirm(ctx, publication_id, body.document_number, body.reviews)
    return {
        "confirmed": list(found.confirmed), "before": list(found.before), "document_number": found.document_number,
        "contested": {key: reason(problem) for key, problem in found.contested.items()},
    }  # fmt: skip


@router.post("/reviews/{review_id}/receive", status_code=204)
def receive(review_id: int, ctx: Ctx) -> None:
    """The school opens its confirmed decision: it is served, and its days to appeal run."""
    ratings.receive(ctx, review_id)


class RatingAnswer(BaseModel):
    """A rating with both its times: when it holds, and when it was known."""

    year: int = Field(description="依据哪一年的数据 · the year of its evidence")
    rating: Rating
    reasons: list[str] = Field(description="理由代码 · the policy's reason codes")
    document_number: str = Field(description="文号，期初导入的可为空 · empty for some of the opening balance")
    source: str = Field(description="期初导入的出处，否则为空 · of the opening balance where it is from, else empty")
    review_id: int | None = Field(description="评定所依据的评估，期初导入的没有 · null for the opening balance")
    valid_from: date
    valid_to: date | None = Field(description="自这一天起不再有效 · the first day it no longer holds")
    known_from: datetime
    known_to: datetime | None = Field(description="自这一刻起另有所知 · when it became known to be otherwise")


class RatingsAnswer(Listed[RatingAnswer]):
    """Every rating; `status` is the last one of a closed specialty, null before."""

    status: StatusAnswer | None


@router.get("/specialties/{code}/ratings", responses={**GONE, 410: {"model": RatingsAnswer}})
def read_history(
    code: CodeThen,
    ctx: Ctx,
    response: Response,
    valid_at: Annotated[  # noqa: ARG001 -- read with the code
        Day | None, Query(description="what the code named on this day: before a merger, its own specialty")
    ] = None,
) -> RatingsAnswer:
    """Every rating of a specialty with both its times, also what was known once and is no longer (public)."""
    response.headers.update(link(code))
    response.status_code = 410 if code.is_closed else 200
    last = status.of(ctx, code.code) if code.is_closed else None
    found = {"items": ratings.history(ctx, code.id), "next": None, "status": last}
    return RatingsAnswer.model_validate(found, from_attributes=True)


class Grounds(Body):
    """Why the rating should not stand."""

    grounds: str = Field(max_length=20_000)


def shown(ctx: Ctx, row: Any, response: Response) -> dict[str, Any]:
    """An appeal after whatever was done, with what the caller may do next."""
    tag(response, row.version)
    return {**appeals.view(ctx, row), "actions": actions_of(appeals.possible(ctx, row))}


@router.post(
    "/reviews/{review_id}/appeals", status_code=201, response_model=AppealAnswer, response_model_exclude_unset=True
)
def lodge(review_id: int, body: Grounds, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Appeal against a confirmed rating (school head)."""
    return shown(ctx, appeals.lodge(ctx, review_id, body.grounds), response)


@router.get("/appeals", response_model=Listed[ListedAppeal])
def list_appeals(ctx: Ctx, paging: Paging, state: AppealState | None = None) -> dict[str, Any]:
    """The appeals within one's reach."""
    return listed(*appeals.listing(ctx, paging, state=state))


@router.get("/appeals/{appeal_id}", response_model=AppealAnswer, response_model_exclude_unset=True)
def read_appeal(appeal_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """An appeal, its panel, its answer and what followed from the overturned rating."""
    return shown(ctx, appeals.read(ctx, appeal_id), response)


class Panel(Body):
    """Who hears it, by person number: nobody who decided the first time."""

    panel: list[int] = Field(min_length=1, max_length=50)


@router.post("/appeals/{appeal_id}/admit", response_model=AppealAnswer, response_model_exclude_unset=True)
def admit(appeal_id: int, body: Panel, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Admit an appeal and name its panel."""
    return shown(ctx, appeals.admit(ctx, appeal_id, body.panel, version=version), response)


class FurtherPanel(Panel):
    """Who hears it beside those named before, by person number, and why others are needed."""

    reason: str = Field(max_length=2_000)


@router.post("/appeals/{appeal_id}/panelists", response_model=AppealAnswer, response_model_exclude_unset=True)
def add_panelists(appeal_id: int, body: FurtherPanel, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Name further members of its panel, with a reason; a school that was heard is heard anew."""
    row = appeals.add_panelists(ctx, appeal_id, body.panel, body.reason, version=version)
    return shown(ctx, row, response)


class Answer(Body):
    """The answer as it will be served."""

    answer: str = Field(max_length=20_000)


@router.post("/appeals/{appeal_id}/rule-out", response_model=AppealAnswer, response_model_exclude_unset=True)
def rule_out(appeal_id: int, body: Answer, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Not admissible, with an answer."""
    return shown(ctx, appeals.rule_out(ctx, appeal_id, body.answer, version=version), response)


@router.post("/appeals/{appeal_id}/hear", response_model=AppealAnswer, response_model_exclude_unset=True)
def hear(appeal_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """The panel has heard the school."""
    return shown(ctx, appeals.hear(ctx, appeal_id, version=version), response)


@router.post("/appeals/{appeal_id}/reject", response_model=AppealAnswer, response_model_exclude_unset=True)
def reject(appeal_id: int, body: Answer, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Heard and not upheld, with an answer (panel)."""
    return shown(ctx, appeals.reject(ctx, appeal_id, body.answer, version=version), response)


class Upholding(Answer):
    """Where the new review begins, and figures set right (measure → value)."""

    new_review_from: str
    corrections: dict[str, str] = Field(default_factory=dict, max_length=1000)


@router.post("/appeals/{appeal_id}/uphold", response_model=AppealAnswer, response_model_exclude_unset=True)
def uphold(appeal_id: int, body: Upholding, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Upheld: a new review opens, decided by other people; the old rating stands until it is confirmed (panel)."""
    found = Upheld(body.new_review_from, body.answer, body.corrections)
    return shown(ctx, appeals.uphold(ctx, appeal_id, found, version=version), response)


class FollowUp(Body):
    """One thing that followed from the overturned rating, what is decided about it, and why."""

    key: str = Field(max_length=100)
    decision: Literal["stands", "reconsider", "set_aside", "reopen"]
    reason: str = Field(max_length=8000)


@router.post("/appeals/{appeal_id}/follow-ups", response_model=AppealAnswer, response_model_exclude_unset=True)
def decide_follow_up(appeal_id: int, body: FollowUp, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Decide about one thing that followed from the overturned rating, once the new one is confirmed (bureau
    approver).
    """
    return shown(ctx, appeals.decide_follow_up(ctx, appeal_id, body.key, body.decision, body.reason), response)
