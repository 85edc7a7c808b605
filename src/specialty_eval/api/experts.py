"""The pool of experts and their ties."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from specialty_eval.actions import experts

from .bodies import Body, Day, OneLine, Reason
from .deps import Ctx, Paging, Transactional, listed
from .shapes import Listed, Made

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["experts"])

Fields = Annotated[
    list[Annotated[str, Field(max_length=6)]],
    Field(
        max_length=200,
        description="专业大类、专业类或专业代码（2、4、6位），* 为全部 · the beginning of catalogue codes; * for all",
    ),
]
AtMost = Annotated[int | None, Field(ge=1, le=1000, description="每批次至多评审几个专业 · at most so many in a round")]


class ExpertAnswer(BaseModel):
    """Somebody in the pool."""

    id: int
    person_id: int
    name: str
    employer: str
    fields: list[str]
    at_most: int | None
    valid_from: date
    valid_to: date | None
    going: int = Field(description="已受邀或已接受的评审数 · asked or accepted, not scored yet")
    scored: int = Field(description="已评分的评审数 · reviews scored")
    ties: int = Field(description="现有的任职经历和利害关系数 · former employers and interests that stand")


class TieAnswer(BaseModel):
    """A former employer or an interest on record."""

    id: int
    kind: Literal["former_employer", "interest"]
    school_id: int | None
    enterprise: str
    reason: str
    declared_at: datetime
    lifted_at: datetime | None
    lifted_reason: str


@router.get("/experts", response_model=Listed[ExpertAnswer])
def list_experts(
    ctx: Ctx,
    paging: Paging,
    field: Annotated[str | None, Query(max_length=6)] = None,
    on: Annotated[Day | None, Query()] = None,
) -> dict[str, Any]:
    """The pool of one's own city on a day, with loads (the offices that may know the experts)."""
    rows, cursor = experts.listing(ctx, paging, field=field, on=on)
    return listed([ExpertAnswer.model_validate(row, from_attributes=True) for row in rows], cursor)


class NewExpert(Body):
    """An expert to be in the pool."""

    person_id: int
    fields: Fields
    at_most: AtMost = None
    valid_from: Day
    valid_to: Day | None = None


@router.post("/experts", status_code=201, response_model=Made)
def add_expert(body: NewExpert, ctx: Ctx) -> dict[str, int]:
    """Put somebody who holds the expert's role into the pool (secretary)."""
    return {"id": experts.add(ctx, experts.NewExpert(**body.model_dump())).id}


class ChangedExpert(Body):
    """Other fields, another limit."""

    fields: Fields
    at_most: AtMost = None


class PoolAnswer(BaseModel):
    """A place in the pool."""

    id: int
    person_id: int
    fields: list[str]
    at_most: int | None
    valid_from: date
    valid_to: date | None


@router.put("/experts/{expert_id}", response_model=PoolAnswer)
def change_expert(expert_id: int, body: ChangedExpert, ctx: Ctx) -> Any:
    """Change an expert's fields and limit (secretary); who was asked stays asked."""
    return PoolAnswer.model_validate(experts.change(ctx, expert_id, body.fields, body.at_most), from_attributes=True)


class PoolLeft(Body):
    """The last day in the pool."""

    last_day: Day


@router.post("/experts/{expert_id}/end", response_model=PoolAnswer)
def end_expert(expert_id: int, body: PoolLeft, ctx: Ctx) -> Any:
    """An expert leaves the pool (secretary)."""
    return PoolAnswer.model_validate(experts.end(ctx, expert_id, body.last_day), from_attributes=True)


class NewTie(Body):
    """A school by its code, or an enterprise by its name; an interest with its reason."""

    kind: Literal["former_employer", "interest"]
    school: str = Field("", max_length=18)
    enterprise: OneLine = Field("", max_length=200)
    reason: str = Field("", max_length=4000)


@router.get("/people/{person_id}/ties", response_model=Listed[TieAnswer])
def list_ties(person_id: int, ctx: Ctx) -> dict[str, Any]:
    """An expert's former employers and interests (oneself, secretary, auditor)."""
    rows = [TieAnswer.model_validate(tie, from_attributes=True) for tie in experts.ties(ctx, person_id)]
    return listed(rows, None)


@router.post("/people/{person_id}/ties", status_code=201, response_model=Made)
def declare_tie(person_id: int, body: NewTie, ctx: Ctx) -> dict[str, int]:
    """Declare a former employer or an interest (the expert, secretary): from now on the expert is recused."""
    return {"id": experts.declare(ctx, person_id, experts.NewTie(**body.model_dump())).id}


@router.post("/ties/{tie_id}/lift", status_code=204)
def lift_tie(tie_id: int, body: Reason, ctx: Ctx) -> None:
    """A tie holds no longer (secretary, with a reason); it stays on record."""
    experts.lift(ctx, tie_id, body.reason)
