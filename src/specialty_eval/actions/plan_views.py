"""Reads: enrolment plans, their totals and lines. A draft is for those who plan, an approved plan for everybody."""

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.permissions import READ, Scope, Thing, may_read, reach
from specialty_eval.store import plan_caps, plan_carried, plan_queries
from specialty_eval.store.outcomes import EnrolmentLine, EnrolmentPlan
from specialty_eval.store.plan_queries import LineRow
from specialty_eval.store.registry import School, Specialty, SpecialtyCode

from .context import Context
from .paging import Page

FILTERS = {"county": School.jurisdiction_code, "school": School.code, "level": Specialty.level,
           "standing": EnrolmentLine.standing}  # fmt: skip
"""What a plan's lines can be chosen by."""


def _plans(ctx: Context, plan: EnrolmentPlan) -> bool:
    return may_read(ctx.actor, Thing.DRAFT_PLANS, Scope(city=plan.jurisdiction_code), ctx.today)


def header(plan: EnrolmentPlan) -> dict[str, Any]:
    """A plan without its lines."""
    return {
        "id": plan.id, "jurisdiction": plan.jurisdiction_code, "academic_year": plan.academic_year,
        "number": plan.number, "state": plan.state, "city_total": plan.city_total,
        "document_number": plan.document_number or None, "drafted_at": plan.drafted_at,
        "approved_at": plan.approved_at,
    }  # fmt: skip


def totals(ctx: Context, plan: EnrolmentPlan) -> dict[str, Any]:
    """Lines, students before and planned: of all, and by county, level, class and school kind."""
    return plan_queries.totals(ctx.session, plan.id)


def caps(ctx: Context, plan: EnrolmentPlan) -> dict[str, dict[str, int]]:
    """What the plan is bounded by beside the city's total, by county and by school."""
    found = plan_caps.caps_of(ctx.session, plan.id)
    return {kind: {code: n for (of, code), n in sorted(found.items()) if of == kind} for kind in plan_caps.KINDS}


def not_carried(ctx: Context, plan: EnrolmentPlan) -> list[dict[str, Any]]:
    """What was adjusted in the plan before and is not in this one, for those who plan; nothing for others."""
    return [asdict(one) for one in plan_carried.not_carried(ctx.session, plan)] if _plans(ctx, plan) else []


def listing(ctx: Context, page: Page, *, academic_year: int | None = None) -> tuple[list[dict[str, Any]], str | None]:
    """Approved plans of every city, superseded ones among them, and the drafts within the caller's reach."""
    near = reach(ctx.actor, READ[Thing.DRAFT_PLANS], ctx.today)
    within = sa.or_(EnrolmentPlan.approved_at.is_not(None), EnrolmentPlan.jurisdiction_code.in_(near.cities))
    query = sa.select(EnrolmentPlan).where(within)
    if academic_year is not None:
        query = query.where(EnrolmentPlan.academic_year == academic_year)
    rows = ctx.session.scalars(page.within(query, EnrolmentPlan.id)).all()
    shown, cursor = page.cut(rows, lambda plan: (plan.id,))
    return [header(plan) for plan in shown], cursor


def lines(
    ctx: Context, plan: EnrolmentPlan, page: Page, **chosen: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of lines by code; why a planner adjusted one stays with those who plan."""
    query = plan_queries.lines(plan.id)
    for name, value in chosen.items():
        if value is not None:
            query = query.where(FILTERS[name] == value)
    rows = [LineRow(*row) for row in ctx.session.execute(page.within(query, SpecialtyCode.code))]
    shown, cursor = page.cut(rows, lambda row: (row.code,))
    told = [asdict(row) for row in shown]
    if not _plans(ctx, plan):
        for row in told:
            del row["adjustment_reason"]
    return told, cursor
