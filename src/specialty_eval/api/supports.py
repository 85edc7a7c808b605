"""Supports of green specialties, cohorts that are taught out, and whether new students may be enrolled."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from specialty_eval.actions import plans, supports, teach_outs
from specialty_eval.actions.supports import NewSupport
from specialty_eval.engine.standing import StandingState
from specialty_eval.engine.support import SupportState

from .bodies import Body, Day, OneLine, Reason, Whole, YearWritten
from .codes import Code
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .problems import ReasonAnswer, reason
from .shapes import GONE, ActionAnswer, Listed, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["enrolment"])

AMOUNT = re.compile(r"[0-9]{1,12}([.][0-9]{1,2})?")
Year = Annotated[int, Path(ge=1, le=9998)]


class SupportAnswer(BaseModel):
    """What a green specialty was granted."""

    id: int
    code: str
    name: str
    school: str
    county: str
    state: SupportState
    academic_year: int
    support: str = Field(description="办法中的支持措施代码 · which of the policy's supports")
    what: str
    amount: str | None = Field(description="金额（元），没有的为空 · in yuan, null where it is no money")
    document_number: str
    valid_from: date
    granted_at: datetime
    ended_on: date | None


class WholeSupport(SupportAnswer):
    """A support, and what the caller may do with it."""

    actions: list[ActionAnswer]


def shown(ctx: Ctx, row: Any, response: Response) -> dict[str, Any]:
    """A support after whatever was done, with what the caller may do next."""
    tag(response, row.version)
    return {**supports.view(ctx, row), "actions": actions_of(supports.possible(ctx, row))}


class NewSupportBody(Body):
    """Which of the policy's supports, in words, how much (yuan), from when and under which document."""

    support: OneLine = Field(max_length=100)
    what: str = Field(max_length=4000)
    amount: str | None = Field(None, pattern=AMOUNT.pattern, max_length=20)
    valid_from: Day
    document_number: OneLine = Field(max_length=100)


@router.post("/specialties/{code}/supports", status_code=201, responses=GONE, response_model=WholeSupport)
def grant(code: Code, body: NewSupportBody, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Grant a supported specialty one of the supports that its policy names (bureau approver)."""
    amount = None if body.amount is None else Decimal(body.amount)
    new = NewSupport(body.support, body.what, body.document_number, body.valid_from, amount)
    return shown(ctx, supports.grant(ctx, code, new), response)


@router.get("/supports", response_model=Listed[SupportAnswer])
def list_supports(
    ctx: Ctx,
    paging: Paging,
    academic_year: Annotated[Whole | None, Query(ge=1, le=9998)] = None,
    county: str | None = None,
    school: str | None = None,
    support: str | None = None,
    state: SupportState | None = None,
) -> dict[str, Any]:
    """What green specialties were granted, ended supports among them (public)."""
    chosen = {"county": county, "school": school, "support": support, "state": state}
    return listed(*supports.listing(ctx, paging, academic_year=academic_year, **chosen))


@router.post("/supports/{support_id}/end", response_model=WholeSupport)
def end(support_id: int, body: Reason, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """End a support before the standing does, with a reason (bureau approver)."""
    return shown(ctx, supports.end(ctx, support_id, body.reason, version=version), response)


# --- teaching out ----------------------------------------------------------------------------------------------------


class CountAnswer(BaseModel):
    """A count of the students who are there, by the academic year they entered in."""

    number: int
    counted_on: date
    reason: str = Field(description="人数增加的理由，没有的为空 · why a cohort grew, may be empty")
    cohorts: dict[int, int]
    students: int


class TeachOutAnswer(BaseModel):
    """Every count of a specialty, the first one first."""

    code: str
    students: int | None = Field(description="最近一次的总数，未报时为空 · by the newest count, null before any")
    counts: list[CountAnswer]


class ListedTeachOut(BaseModel):
    """A specialty that steps down or is suspended, with who is still in it."""

    code: str
    standing: StandingState
    since: date
    students: int | None


class Cohorts(Body):
    """Students by the academic year they entered in; why, where a cohort grew."""

    cohorts: dict[YearWritten, int] = Field(max_length=20)
    reason: str = Field("", max_length=4000)


@router.post("/specialties/{code}/teach-out", status_code=201, responses=GONE, response_model=TeachOutAnswer)
def count(code: Code, body: Cohorts, ctx: Ctx) -> dict[str, Any]:
    """Count the cohorts that are still there (school). None grows without a reason or enters a year without places."""
    teach_outs.count(ctx, code, {int(year): students for year, students in body.cohorts.items()}, body.reason)
    return teach_outs.read(ctx, code)


@router.get("/specialties/{code}/teach-out", responses=GONE, response_model=TeachOutAnswer)
def read_teach_out(code: Code, ctx: Ctx) -> dict[str, Any]:
    """Every count of a specialty's cohorts (its school, offices)."""
    return teach_outs.read(ctx, code)


@router.get("/teach-outs", response_model=Listed[ListedTeachOut])
def list_teach_outs(ctx: Ctx, paging: Paging) -> dict[str, Any]:
    """The specialties that step down or are suspended, with who is still in them (one's own school, county, city)."""
    return listed(*teach_outs.listing(ctx, paging))


# --- enrolling -------------------------------------------------------------------------------------------------------


class AdmissionAnswer(BaseModel):
    """Whether so many new students may be enrolled, and why not."""

    code: str
    academic_year: int
    standing: StandingState
    quota: int | None = Field(description="批准的计划数，没有的为空 · as approved, null where there is none")
    plan_id: int | None
    document_number: str | None
    allowed: bool
    reasons: list[ReasonAnswer]


@router.get("/specialties/{code}/enrolment/{academic_year}", responses=GONE, response_model=AdmissionAnswer)
def may_enrol(
    code: Code, academic_year: Year, ctx: Ctx, students: Annotated[Whole, Query(ge=1, le=100_000)] = 1
) -> dict[str, Any]:
    """Whether so many new students may be enrolled in a year, by the approved plan (public): what other systems ask."""
    told, problems = teach_outs.admission(ctx, code, academic_year, students)
    return {**told, "allowed": not problems, "reasons": [reason(problem) for problem in problems]}


class BreachAnswer(BaseModel):
    """A specialty that reported more new students than the plan gives it."""

    code: str
    school: str
    county: str
    quota: int
    intake: str
    stopped: bool = Field(description="停招仍招生 · enrolled though it was stopped")


@router.get("/enrolment-plans/{plan_id}/breaches", response_model=Listed[BreachAnswer])
def list_breaches(plan_id: int, ctx: Ctx, paging: Paging) -> dict[str, Any]:
    """Who reported more new students than the plan gives, those that were stopped among them (those who plan)."""
    return listed(*teach_outs.breaches(ctx, plans.read_as_planner(ctx, plan_id), paging))
