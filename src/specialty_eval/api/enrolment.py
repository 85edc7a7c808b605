"""What a rating does to a specialty: the academic year's standings and the enrolment plan."""

from typing import Annotated, Any, get_args

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, WithJsonSchema

from specialty_eval.actions import closings, feed, plan_views, plans, standings
from specialty_eval.actions.plans import Adjustment
from specialty_eval.engine.standing import StandingState

from .bodies import Body, OneLine, Reason, Whole
from .codes import Code
from .consequence_shapes import LineSet, PlanAnswer, PlanLineAnswer, PlanWithTotals, StandingAnswer, YearBegun
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .shapes import GONE, Level, Listed, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["enrolment"])

MOST_STUDENTS = 10_000_000


def as_text(*known: str) -> WithJsonSchema:
    """What takes these values alone and was promised as any text: it is told with them, and promised as before."""
    return WithJsonSchema({"anyOf": [{"type": "string", "examples": list(known)}, {"type": "null"}]})


def plan_view(ctx: Ctx, row: Any, response: Response) -> dict[str, Any]:
    """A plan after whatever was done, with its totals and what the caller may do next."""
    tag(response, row.version)
    actions = actions_of(plans.possible(ctx, row))
    return {**plan_views.header(row), "totals": plan_views.totals(ctx, row),
            "caps": plan_views.caps(ctx, row), "not_carried": plan_views.not_carried(ctx, row),
            "actions": actions}  # fmt: skip


class NewPlan(Body):
    """The academic year, by the calendar year it begins in, and the city's total, where one is set."""

    academic_year: int = Field(ge=1, le=9998)
    city_total: int | None = Field(None, ge=-MOST_STUDENTS, le=MOST_STUDENTS)


@router.post("/enrolment-plans", status_code=201, response_model=PlanWithTotals)
def draft(body: NewPlan, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Draft the year's plan of one's own city: a line for each open specialty, as the policy gives it (planner)."""
    return plan_view(ctx, plans.draft(ctx, body.academic_year, body.city_total), response)


@router.get("/enrolment-plans", response_model=Listed[PlanAnswer])
def list_plans(
    ctx: Ctx, paging: Paging, academic_year: Annotated[Whole | None, Query(ge=1, le=9998)] = None
) -> dict[str, Any]:
    """Approved plans, superseded ones among them (public), and the drafts of one's own city (those who plan)."""
    return listed(*plan_views.listing(ctx, paging, academic_year=academic_year))


@router.get("/enrolment-plans/{plan_id}", response_model=PlanWithTotals)
def read_plan(plan_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """A plan with its totals by county, level, class and school kind (public once approved)."""
    return plan_view(ctx, plans.read(ctx, plan_id), response)


@router.get(
    "/enrolment-plans/{plan_id}/lines", response_model=Listed[PlanLineAnswer], response_model_exclude_unset=True
)
def read_lines(
    plan_id: int,
    ctx: Ctx,
    paging: Paging,
    county: str | None = None,
    school: str | None = None,
    level: Annotated[Level | None, as_text(*get_args(Level))] = None,
    standing: Annotated[StandingState | None, as_text(*StandingState)] = None,
) -> dict[str, Any]:
    """A plan's lines by code, a page at a time (public once approved, without why a line was adjusted)."""
    row = plans.read(ctx, plan_id)
    chosen = {"county": county, "school": school, "level": level, "standing": standing}
    return listed(*plan_views.lines(ctx, row, paging, **chosen))


class Setting(Body):
    """What a line is set to, and why; a reason is needed where it is not what the policy gives."""

    quota: int = Field(ge=-MOST_STUDENTS, le=MOST_STUDENTS)
    reason: str = Field("", max_length=4000)


@router.put("/enrolment-plans/{plan_id}/lines/{code}", responses=GONE, response_model=LineSet)
def adjust(plan_id: int, code: Code, body: Setting, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Set one line of a draft, within 0, the capacity and the city's total (planner). `If-Match` is the plan's."""
    row, line = plans.adjust(ctx, plan_id, code, Adjustment(body.quota, body.reason), version=version)
    tag(response, row.version)
    return {"code": code, "quota": line.quota, "computed": line.computed, "capacity": line.capacity,
            "adjustment_reason": line.adjustment_reason}  # fmt: skip


class CapsOfPlan(Body):
    """How many places the specialties of a county, or of a school, may have together; by code."""

    counties: dict[str, int] = Field(default_factory=dict, max_length=500)
    schools: dict[str, int] = Field(default_factory=dict, max_length=5000)


@router.put("/enrolment-plans/{plan_id}/caps", response_model=PlanWithTotals)
def cap(plan_id: int, body: CapsOfPlan, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Bound a draft by county and by school, beside the city's total (planner). They replace those before."""
    caps = {("county", code): n for code, n in body.counties.items()}
    caps |= {("school", code): n for code, n in body.schools.items()}
    return plan_view(ctx, plans.cap(ctx, plan_id, caps, version=version), response)


@router.post("/enrolment-plans/{plan_id}/submit", response_model=PlanWithTotals)
def submit(plan_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Hand the plan in: the first of two people (planner)."""
    return plan_view(ctx, plans.submit(ctx, plan_id, version=version), response)


@router.post("/enrolment-plans/{plan_id}/return", response_model=PlanWithTotals)
def return_(plan_id: int, body: Reason, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Give the plan back, with a reason (bureau approver)."""
    return plan_view(ctx, plans.return_(ctx, plan_id, body.reason, version=version), response)


class Document(Body):
    """The number of the document that decides."""

    document_number: OneLine = Field(max_length=100)


@router.post("/enrolment-plans/{plan_id}/approve", response_model=PlanWithTotals)
def approve(plan_id: int, body: Document, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Approve the plan: the second of two people (bureau approver). Older plans of the year are superseded."""
    return plan_view(ctx, plans.approve(ctx, plan_id, body.document_number, version=version), response)


# --- standings -------------------------------------------------------------------------------------------------------


@router.post("/academic-years/{academic_year}/begin", response_model=YearBegun)
def begin_year(academic_year: Annotated[int, Path(ge=1, le=9998)], ctx: Ctx) -> dict[str, Any]:
    """Move the city's standings to where the ratings in force have them (planner, bureau approver). Safe to repeat."""
    found = standings.begin_year(ctx, academic_year)
    return {"new": found.new, "moved": dict(found.moved), "held_by_appeal": list(found.held)}


@router.get(
    "/specialties/{code}/standing", responses=GONE, response_model=StandingAnswer, response_model_exclude_unset=True
)
def read_standing(code: Code, ctx: Ctx, response: Response) -> dict[str, Any]:
    """A specialty's standing, what it rests on, and every step that led to it (public)."""
    found = standings.read(ctx, code)
    history = [feed.event_view(event) for event in found.history]
    row = found.standing
    actions = actions_of(closings.possible(ctx, code))
    if row is None:
        return {"code": code, "state": "normal", "since": None, "history": history, "actions": actions}
    tag(response, row.version)
    return {
        "code": code, "state": row.state, "since": row.since, "academic_year": row.academic_year,
        "cause": row.cause or None, "review_id": row.cause_review_id, "steps_taken": row.steps_taken,
        "quota_before": row.quota_before, "supports": row.supports, "history": history, "actions": actions,
    }  # fmt: skip
