"""Visits of a school for a review: who is named, who is withdrawn, what is reported."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from specialty_eval.actions import site_visits
from specialty_eval.engine.review import State

from .arrival import BIGGEST
from .bodies import Body, Day, Reason, Whole
from .deps import Ctx, Paging, Transactional, listed
from .meeting_shapes import ReportedVisit
from .shapes import Listed, Made

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["scoring"])


class VisitorAnswer(BaseModel):
    """Somebody named to visit for a review, and whether they were withdrawn."""

    id: int
    review_id: int
    person_id: int
    due: datetime = Field(description="报告截止 · until when to report")
    named_at: datetime
    withdrawn_at: datetime | None = Field(description="撤换时间，未撤换为空 · when they were withdrawn, if they were")
    withdrawn_reason: str
    may_withdraw: bool = Field(description="您可以撤换 · whether you may withdraw them")


class VisitAnswer(BaseModel):
    """Who was named for a review, and every version of what was reported; the last one holds."""

    review_id: int
    visitors: list[VisitorAnswer]
    reports: list[ReportedVisit]


class VisitingAnswer(VisitorAnswer):
    """Somebody named to visit, and the review by the names people know it by."""

    round_id: int
    code: str
    specialty: str
    school: str
    county: str = Field(description="学校所在县（市、区）代码 · the code of the school's county")
    state: State
    reports: int = Field(description="已报告的版本数 · how many versions were reported")


def visitor_view(row: Any, *, may_withdraw: bool) -> dict[str, Any]:
    """Somebody named, by number."""
    return {"id": row.id, "review_id": row.review_id, "person_id": row.person_id, "due": row.due,
            "named_at": row.named_at, "withdrawn_at": row.withdrawn_at, "withdrawn_reason": row.withdrawn_reason,
            "may_withdraw": may_withdraw and row.withdrawn_at is None}  # fmt: skip


class Visitors(Body):
    """Who is named, by person number."""

    people: list[int] = Field(min_length=1, max_length=20)


@router.post("/reviews/{review_id}/site-visitors", status_code=201, response_model=Listed[VisitorAnswer])
def name_visitors(review_id: int, body: Visitors, ctx: Ctx) -> dict[str, Any]:
    """Name people to visit the school for a review (secretary); from then on they see its evidence."""
    named = site_visits.name(ctx, review_id, body.people)
    return listed([visitor_view(row, may_withdraw=True) for row in named], None)


@router.post("/site-visitors/{visitor_id}/withdraw", response_model=VisitorAnswer)
def withdraw(visitor_id: int, body: Reason, ctx: Ctx) -> dict[str, Any]:
    """Withdraw somebody named, with a reason (secretary); what they reported stays on record."""
    return visitor_view(site_visits.withdraw(ctx, visitor_id, body.reason), may_withdraw=True)


class ToVisit(Visitors):
    """Who is named for which review."""

    review_id: int = Field(ge=1, le=BIGGEST)


class RoundVisitors(Body):
    """Who is named for which reviews of the round."""

    visits: list[ToVisit] = Field(min_length=1, max_length=200)


@router.post("/rounds/{round_id}/site-visitors", status_code=201, response_model=Listed[VisitorAnswer])
def name_round_visitors(round_id: int, body: RoundVisitors, ctx: Ctx) -> dict[str, Any]:
    """Name people for several reviews of a round at once (secretary): for all, or for none with every reason."""
    wanted: dict[int, list[int]] = {}
    for visit in body.visits:
        wanted.setdefault(visit.review_id, []).extend(visit.people)
    named = site_visits.name_all(ctx, round_id, wanted)
    return listed([visitor_view(row, may_withdraw=True) for row in named], None)


class Longer(Body):
    """Until the end of which local day they may report, and why."""

    until: Day
    reason: str = Field(max_length=4000)


@router.post("/site-visitors/{visitor_id}/extend", response_model=VisitorAnswer)
def extend(visitor_id: int, body: Longer, ctx: Ctx) -> dict[str, Any]:
    """Give somebody named longer to report, with a reason (secretary); never shorter."""
    return visitor_view(site_visits.extend(ctx, visitor_id, body.until, body.reason), may_withdraw=True)


@router.get("/site-visitors", response_model=Listed[VisitingAnswer])
def list_visitors(
    ctx: Ctx,
    paging: Paging,
    round_id: Annotated[Whole | None, Query(alias="round", ge=1, le=BIGGEST)] = None,
    review: Annotated[Whole | None, Query(ge=1, le=BIGGEST)] = None,
) -> dict[str, Any]:
    """What I am named to visit; for the offices everybody named, withdrawn ones too. The newest first."""
    found, cursor = site_visits.listing(ctx, paging, round_id=round_id, review_id=review)
    return listed([_visiting(ctx, one) for one in found], cursor)


def _visiting(ctx: Ctx, one: Any) -> dict[str, Any]:
    visitor = visitor_view(one.visitor, may_withdraw=site_visits.may_withdraw(ctx, one))
    return {**visitor, "round_id": one.round_id, "code": one.code, "specialty": one.specialty, "school": one.school,
            "county": one.county, "state": one.state, "reports": one.reports}  # fmt: skip


@router.get("/reviews/{review_id}/site-visit", response_model=VisitAnswer)
def read_visit(review_id: int, ctx: Ctx) -> dict[str, Any]:
    """Who was named for a review and what was reported (offices; somebody named: oneself and the reports)."""
    visit = site_visits.of_review(ctx, review_id)
    visitors = [visitor_view(row, may_withdraw=visit.is_for_the_office) for row in visit.visitors]
    return {"review_id": visit.review_id, "visitors": visitors, "reports": visit.reports}


class Visit(Body):
    """What was found and on which day (else today). To correct a report: its number, and why.

    The office that reports in the visitors' place says why, too.
    """

    findings: str = Field(max_length=20_000)
    visited_on: Day | None = None
    reason: str = Field(default="", max_length=4000)
    corrects: int = Field(default=0, ge=0, le=BIGGEST, description="所更正的版本 · the version it corrects; 0: none")


@router.post("/reviews/{review_id}/site-visit", status_code=201, response_model=Made)
def report_visit(review_id: int, body: Visit, ctx: Ctx) -> dict[str, Any]:
    """Report a visit or correct its report (whoever is named; the secretary once their days are over)."""
    said = site_visits.Said(body.findings, body.visited_on, body.reason, body.corrects)
    return {"id": site_visits.report(ctx, review_id, said).id}
