"""Teaching out: a school counts the cohorts of a specialty, until the last one has left; who may enrol new students."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.admission import Admission, admission_problems
from specialty_eval.engine.errors import Invalid, Problem
from specialty_eval.engine.permissions import FILLS_IN, READ, Thing, reach
from specialty_eval.engine.standing import STOPPED, StandingState, academic_year_begins
from specialty_eval.engine.teach_out import Counted, counting_problems
from specialty_eval.store import plan_queries, registry, scopes, status_sets, teach_outs
from specialty_eval.store.outcomes import EnrolmentPlan, Standing
from specialty_eval.store.registry import School, Specialty
from specialty_eval.store.status_queries import present_code
from specialty_eval.store.teach_outs import TeachOutCohort, TeachOutCount

from .context import Context, Note
from .paging import Page


def count(ctx: Context, code: str, cohorts: Mapping[int, int], reason: str) -> TeachOutCount:
    """The school's count of today, by the year of entry; earlier counts stay. Invalid with every reason."""
    key = registry.id_of(ctx.session, code)
    scope = scopes.of_specialty(ctx.session, key, acting=ctx.person_id)
    grant = ctx.permit(FILLS_IN, scope, where="teach_out")
    ctx.session.get_one(Specialty, key, with_for_update=True)  # counts follow each other
    earlier = teach_outs.counts_of(ctx.session, key)
    before = teach_outs.cohorts_of(ctx.session, [earlier[-1].id])[earlier[-1].id] if earlier else {}
    year = ctx.today.year if ctx.today >= academic_year_begins(ctx.today.year) else ctx.today.year - 1
    entered = teach_outs.entered(ctx.session, key, list(cohorts))
    facts = Counted(cohorts, before, year, teach_outs.stopped_years(ctx.session, key), reason, entered)
    problems = [] if cohorts else [Problem("cohorts-missing", "cohorts")]
    if problems := [*problems, *counting_problems(facts)]:
        raise Invalid(*problems)
    made = ctx.saved(
        TeachOutCount(specialty_id=key, number=len(earlier) + 1, counted_on=ctx.today, reason=reason.strip(),
                      reported_at=ctx.now, reported_by=ctx.person_id)
    )  # fmt: skip
    ctx.session.add_all(
        TeachOutCohort(count_id=made.id, entry_year=entry, students=students) for entry, students in cohorts.items()
    )
    told = {"number": made.number, "students": sum(cohorts.values())}
    ctx.record("teach_out.count", ctx.saved(made), Note(reason=reason, audience="school", told=told), grant=grant)
    return made


def read(ctx: Context, code: str) -> dict[str, Any]:
    """Every count of a specialty, for its school and the offices; NotFound for everybody else."""
    key = registry.id_of(ctx.session, code)
    scope = scopes.of_specialty(ctx.session, key, acting=ctx.person_id)
    ctx.permit_read(Thing.TEACH_OUTS, scope, where="teach_out")
    counts = teach_outs.counts_of(ctx.session, key)
    cohorts = teach_outs.cohorts_of(ctx.session, [row.id for row in counts])
    return {
        "code": code,
        "students": sum(cohorts[counts[-1].id].values()) if counts else None,
        "counts": [
            {"number": row.number, "counted_on": row.counted_on, "reason": row.reason, "cohorts": cohorts[row.id],
             "students": sum(cohorts[row.id].values())}
            for row in counts
        ],
    }  # fmt: skip


def listing(ctx: Context, page: Page) -> tuple[list[dict[str, Any]], str | None]:
    """The specialties within the caller's reach that step down or are suspended, with who is still in them."""
    near = reach(ctx.actor, READ[Thing.TEACH_OUTS], ctx.today)
    left = teach_outs.left_in_each()
    query = (
        sa.select(Specialty.id, present_code(Specialty.id), Standing.state, Standing.since, left.c[1])
        .select_from(Standing)
        .join(Specialty, Specialty.id == Standing.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .outerjoin(left, sa.true())
        .where(
            Standing.state.in_(("phasing_out", "suspended")),
            registry.within(near),
            sa.not_(scopes.recused_from_specialty(ctx.person_id)),
        )
    )
    rows, cursor = page.cut(ctx.session.execute(page.within(query, Specialty.id)).all(), lambda row: (row[0],))
    return [
        {"code": code, "standing": state, "since": since, "students": None if students is None else int(students)}
        for _, code, state, since, students in rows
    ], cursor


# --- enrolling -------------------------------------------------------------------------------------------------------


def admission(ctx: Context, code: str, academic_year: int, students: int) -> tuple[dict[str, Any], list[Problem]]:
    """What the approved plan of a year lets a specialty enrol (public), and why not so many."""
    key = registry.id_of(ctx.session, code)
    city = scopes.of_specialty(ctx.session, key, acting=None).city
    places = status_sets.approved_places(lambda column: column == key)
    found = (
        sa.select(EnrolmentPlan, places.c.quota)
        .outerjoin(places, places.c.year == EnrolmentPlan.academic_year)
        .where(
            EnrolmentPlan.jurisdiction_code == city,
            EnrolmentPlan.academic_year == academic_year,
            EnrolmentPlan.state == "approved",
        )
    )
    row = ctx.session.execute(found).one_or_none()
    plan, quota = (None, None) if row is None else row
    held = ctx.session.scalars(sa.select(Standing).where(Standing.specialty_id == key)).one_or_none()
    standing = StandingState.NORMAL if held is None else StandingState(held.state)
    stopped = held is not None and standing in STOPPED and held.since.year <= academic_year
    told = {"code": code, "academic_year": academic_year, "standing": standing, "quota": quota,
            "plan_id": None if plan is None else plan.id,
            "document_number": None if plan is None else plan.document_number}  # fmt: skip
    return told, admission_problems(Admission(plan is not None, quota, students, stopped))


def breaches(ctx: Context, plan: EnrolmentPlan, page: Page) -> tuple[list[dict[str, Any]], str | None]:
    """The specialties that reported more new students for the plan's year than it gives them, by code."""
    rows = ctx.session.execute(page.within(plan_queries.breaches(plan), plan_queries.BREACH_CODE)).all()
    shown, cursor = page.cut(rows, lambda row: (row[0],))
    return [
        {"code": code, "school": school, "county": county, "quota": quota, "intake": f"{intake:f}",
         "stopped": quota == 0}
        for code, school, county, quota, intake in shown
    ], cursor  # fmt: skip
