"""Reads: applications. What is registered everybody may read; the rest, and what was said of it, school and offices."""

from dataclasses import dataclass
from typing import Any

from specialty_eval.engine.application import ApplicationState
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.errors import Problem
from specialty_eval.engine.opening import NOTED, VISITS, ApplicationKind
from specialty_eval.engine.permissions import Kind, Role, Thing, may_read
from specialty_eval.store import application_queries, recorded_votes, registry_queries
from specialty_eval.store.applications import Application
from specialty_eval.store.registry import School

from . import application_checks, motions
from .context import LOCAL, Context
from .paging import Page


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list of applications is narrowed to."""

    school: str | None = None
    kind: ApplicationKind | None = None
    state: ApplicationState | None = None
    overdue: bool = False


def read(ctx: Context, key: int) -> Application:
    """An application: a registered one to everybody; NotFound for any other that is not the caller's to know of."""
    row = ctx.session.get(Application, key)
    if row is not None and row.state == ApplicationState.REGISTERED:
        return row
    return application_checks.found(ctx, key)[0]


def _reads_all(ctx: Context, row: Application) -> bool:
    scope = application_queries.scope_of(ctx.session, row, acting=ctx.person_id)
    return may_read(ctx.actor, Thing.APPLICATIONS, scope, ctx.today)


def listing(ctx: Context, page: Page, asked: Asked) -> tuple[list[dict[str, Any]], str | None]:
    """Registered ones, and those within the caller's reach, in the order in which they were received."""
    near = application_queries.near(ctx.session, ctx.actor, ctx.today)
    departments = [
        (grant.code, grant.jurisdiction) for grant in ctx.actor.grants
        if grant.kind == Kind.DEPARTMENT and grant.role == Role.DEPARTMENT_SUPPLIER and grant.holds(ctx.today)
    ]  # fmt: skip
    query = application_queries.visible(near, ctx.person_id, departments)
    if asked.school is not None:
        query = query.where(School.code == asked.school)
    if asked.kind is not None:
        query = query.where(Application.kind == asked.kind.value)
    if asked.state is not None:
        query = query.where(Application.state == asked.state.value)
    if asked.overdue:
        query = query.where(application_queries.overdue(ctx.now))
    rows = ctx.session.execute(page.within(query, Application.id)).all()
    shown, cursor = page.cut(rows, lambda found: (found[0].id,))
    codes = registry_queries.current_codes(ctx.session, [row.specialty_id for row, _, _ in shown if row.specialty_id])
    return [_short(row, code, name, codes.get(row.specialty_id or 0)) for row, code, name in shown], cursor


def _short(row: Application, school_code: str, school: str, specialty: str | None) -> dict[str, Any]:
    """What everybody may know once it is registered."""
    return {
        "id": row.id, "kind": row.kind, "state": row.state, "school_code": school_code, "school": school,
        "specialty": specialty, "catalogue_code": row.catalogue_code or None, "direction": row.direction or None,
        "name": row.name, "level": row.level, "class_code": row.class_code, "class_name": row.class_name,
        "length": row.length or None, "campus": row.campus or None, "partner": row.partner or None,
        "changes": dict(row.changes), "effective_on": row.effective_on, "received_at": row.received_at,
        "decided_at": row.decided_at, "document_number": row.document_number or None,
    }  # fmt: skip


def whole(ctx: Context, row: Application) -> dict[str, Any]:
    """One application: what is public of it, and, for its school and the offices, all that was said of it."""
    school = ctx.session.get_one(School, row.school_id)
    codes = registry_queries.current_codes(ctx.session, [row.specialty_id] if row.specialty_id else [])
    told = _short(row, school.code, school.name, codes.get(row.specialty_id or 0))
    return {**told, "details": _details(ctx, row) if _reads_all(ctx, row) else None}


def _details(ctx: Context, row: Application) -> dict[str, Any]:
    """What only the school and the offices read; of the votes, how many, not whose."""
    return {
        "grounds": row.grounds, "agreement": row.agreement or None, "department": row.department_code or None,
        "midlevel_teachers": row.midlevel_teachers, "students": row.students, "evidence_year": row.evidence_year,
        "policy": application_queries.policy_named(ctx.session, row.policy_id),
        "negative_list_id": row.negative_list_id, "due": row.due,
        "overdue": row.due is not None and row.due < ctx.now, "checked_at": row.checked_at,
        "opinions": [
            {"party": said.party, "agrees": said.agrees, "words": said.words, "document_number": said.document_number,
             "given_at": said.given_at}
            for said in application_queries.opinions(ctx.session, row.id)
        ],
        "visit": None if row.visited_on is None else {
            "visited_on": row.visited_on, "report": row.visit_report, "midlevel_teachers": row.visit_teachers,
        },
        "votes": [motions.view(vote) for vote in recorded_votes.on_application(ctx.session, row.id)],
        "attachments": [
            {"id": kept.id, "name": kept.name, "size": kept.size, "sha256": kept.sha256, "media_type": kept.media_type,
             "uploaded_at": kept.uploaded_at}
            for kept in application_queries.attachments(ctx.session, row.id)
        ],
        "findings": [(problem, _does(problem)) for problem in application_checks.on_record(row)],
        "reason": row.reason or None, "served_at": row.served_at, "deemed_served_at": row.deemed_served_at,
        "complain_until": row.complain_until, "remedy": _remedy(row),
    }  # fmt: skip


def _remedy(row: Application) -> Problem | None:
    """How a school that is refused may complain, and until when."""
    if row.state != ApplicationState.REFUSED or row.complain_until is None:
        return None
    until = last_local_day(row.complain_until, LOCAL)
    return Problem("application-refused", "application", {"until": until.isoformat()})


def _does(problem: Problem) -> str:
    """Whether a finding refuses, asks for a visit, or is only noted."""
    if problem.code in VISITS:
        return "visit"
    return "noted" if problem.code in NOTED else "refuses"
