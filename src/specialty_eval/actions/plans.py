"""The enrolment plan of a year: drafted by the policy's consequences, adjusted line by line, submitted, approved."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import sqlalchemy as sa

from specialty_eval.engine.enrolment import Caps, PlanLine, cap_problems, plan_problems
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.permissions import Role, Scope, Thing, may_read
from specialty_eval.engine.plan import PLAN, PlanEvent, PlanFacts, PlanState
from specialty_eval.engine.roles import roles
from specialty_eval.engine.standing import STOPPED, academic_year_begins
from specialty_eval.store import bulk, enrolment_queries, plan_caps, plan_carried, plan_queries, registry, scopes
from specialty_eval.store.enrolment_queries import Effect
from specialty_eval.store.outcomes import EnrolmentLine, EnrolmentPlan

from . import drafts
from .context import LOCAL, Context, Note, Possible, entitled

PLANS = roles(Role.PLANNER)
AHEAD, BEHIND = 2, 1
"""How many years from now a plan may be for."""


def draft(ctx: Context, academic_year: int, city_total: int | None = None) -> EnrolmentPlan:
    """A new plan of the planner's city: a line for every specialty that is open when the year begins.

    A line is what the policy gives, cut to the capacity on record; where nothing on record gives one it is 0 until the
    planner sets it. What was adjusted in the plan before of that year is adjusted again, with its reason, where the
    line is computed from the same. Invalid for a year out of reach or a total below 0; NotNow where no policy was ever
    pinned.
    """
    scope = ctx.office(Role.PLANNER)
    grant = ctx.permit(PLANS, scope, where="plan")
    problems = []
    if not ctx.today.year - BEHIND <= academic_year <= ctx.today.year + AHEAD:
        reach = {"first": ctx.today.year - BEHIND, "last": ctx.today.year + AHEAD}
        problems.append(Problem("academic-year-out-of-reach", "academic_year", reach))
    if city_total is not None and city_total < 0:
        problems.append(Problem("quota-negative", "city_total", {"quota": city_total}))
    if problems:
        raise Invalid(*problems)
    plan_queries.one_at_a_time(ctx.session, scope.city, academic_year)
    begins = academic_year_begins(academic_year)
    effects = enrolment_queries.effects(ctx.session, scope.city, academic_year, begins, LOCAL)
    if effects is None:
        raise NotNow(Problem("no-policy-pinned", "policy", {"city": scope.city}))
    made = ctx.saved(
        EnrolmentPlan(jurisdiction_code=scope.city, academic_year=academic_year, state=PLAN.start.value,
                      number=plan_queries.newest_number(ctx.session, scope.city, academic_year) + 1,
                      city_total=city_total, document_number="", drafted_at=ctx.now, version=1, updated_at=ctx.now)
    )  # fmt: skip
    bulk.insert_rows(ctx.session, EnrolmentLine, COLUMNS, (_row(made.id, effect) for effect in effects))
    plan_caps.set_caps(ctx.session, made.id, plan_caps.caps_before(ctx.session, made))
    told = {"academic_year": academic_year, "number": made.number, "lines": len(effects),
            "carried": plan_carried.carry(ctx.session, made),
            "not_carried": len(plan_carried.not_carried(ctx.session, made))}  # fmt: skip
    ctx.record("plan.draft", made, Note(told=told), grant=grant)
    return made


COLUMNS = ("plan_id", "specialty_id", "before", "base", "computed", "quota", "capacity", "limited", "standing", "rule",
           "cause", "step")  # fmt: skip


def _given(effect: Effect) -> int | None:
    """The policy limits green alone to the capacity on record; a plan's line is never above it, whatever its rule."""
    quota, capacity = effect.line.quota, effect.capacity
    return quota if quota is None or capacity is None else min(quota, capacity)


def _row(plan_id: int, effect: Effect) -> tuple[object, ...]:
    line, computed = effect.line, _given(effect)
    return (plan_id, effect.specialty_id, line.before, line.base, computed, computed or 0, effect.capacity,
            line.limited or computed != line.quota, line.standing, line.rule.value, line.cause, line.step)  # fmt: skip


# --- adjusting -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What a planner sets a line to, and why; a reason is needed where it is not what the policy gives."""

    quota: int
    reason: str = ""


def _locked(ctx: Context, plan_id: int, *, version: int | None = None) -> tuple[EnrolmentPlan, Scope]:
    """The plan under a lock; a draft is NotFound for whoever may not know of it."""
    seen, scope = _found(ctx, plan_id)
    plan_queries.one_at_a_time(ctx.session, scope.city, seen.academic_year)
    return ctx.locked(EnrolmentPlan, plan_id, version=version, where="plan"), scope


def _found(ctx: Context, plan_id: int) -> tuple[EnrolmentPlan, Scope]:
    return drafts.found(ctx, EnrolmentPlan, plan_id, Thing.DRAFT_PLANS, is_public, where="plan")


def is_public(plan: EnrolmentPlan) -> bool:
    """Whether it was ever approved: a superseded draft stays a draft."""
    return plan.approved_at is not None


def adjust(
    ctx: Context, plan_id: int, code: str, new: Adjustment, *, version: int | None = None
) -> tuple[EnrolmentPlan, EnrolmentLine]:
    """Set one line of a draft: within 0 and the capacity, with a reason, and not beyond the city's total.

    A total that is exceeded already does not keep a line from being lowered. Invalid with every reason; NotYou for a
    specialty that the caller is recused from.
    """
    plan, scope = _locked(ctx, plan_id, version=version)
    grant = ctx.permit(PLANS, scope, where="plan")
    if plan.state != PlanState.DRAFT:
        raise NotNow(Problem("step-not-open", "plan", {"event": "adjust", "state": plan.state}))
    key = registry.id_of(ctx.session, code)
    if scopes.of_specialty(ctx.session, key, acting=ctx.person_id).recused:
        raise NotYou(Problem("recused", f"lines.{code}"))
    found = sa.select(EnrolmentLine).where(EnrolmentLine.plan_id == plan_id, EnrolmentLine.specialty_id == key)
    line = ctx.session.scalars(found.with_for_update(), execution_options={"populate_existing": True}).one_or_none()
    if line is None:
        raise NotFound(Problem("not-found", "line", {"kind": "enrolment_line", "id": code}))
    problems = plan_problems([PlanLine(code, new.quota, line.computed, line.capacity, new.reason,
                                       stopped=line.standing in STOPPED)])  # fmt: skip
    total = plan_queries.sum_of(ctx.session, plan_id) + new.quota - line.quota
    if plan.city_total is not None and total > plan.city_total and new.quota > line.quota:
        facts = {"total": total, "city_total": plan.city_total}
        problems.append(Problem("city-total-exceeded", f"lines.{code}", facts))
    problems += _beyond_caps(ctx, plan, line, new.quota)
    if problems:
        raise Invalid(*problems)
    told = {"code": code, "from": line.quota, "to": new.quota}
    line.quota, line.adjusted_by = new.quota, ctx.person_id
    line.adjustment_reason = "" if new.quota == line.computed else new.reason.strip()
    plan.version, plan.updated_at = plan.version + 1, ctx.now
    ctx.saved(plan)
    note = Note(reason=new.reason, told=told, specialty_id=key)
    ctx.record("plan.adjust", plan, note, grant=grant)
    return plan, line


def _beyond_caps(ctx: Context, plan: EnrolmentPlan, line: EnrolmentLine, quota: int) -> list[Problem]:
    """Lowering a line is let through where a cap is exceeded already, as with the city's total."""
    if quota <= line.quota:
        return []
    sums = plan_caps.planned_with(ctx.session, plan.id, line.specialty_id)
    with_it = {place: total + quota - line.quota for place, total in sums.items()}
    return cap_problems(with_it, plan_caps.caps_of(ctx.session, plan.id))


def cap(ctx: Context, plan_id: int, caps: Caps, *, version: int | None = None) -> EnrolmentPlan:
    """Bound a draft beside the city's total: what the specialties of a county, or of a school, may have together.

    These caps take the place of those before. Invalid for a place that the city has no school in, and below 0; NotYou
    where that of a school would be another now that the caller is tied to.
    """
    plan, scope = _locked(ctx, plan_id, version=version)
    grant = ctx.permit(PLANS, scope, where="plan")
    if plan.state != PlanState.DRAFT:
        raise NotNow(Problem("step-not-open", "plan", {"event": "cap", "state": plan.state}))
    _refuse_own_school(ctx, plan, scope, caps)
    problems = [Problem("quota-negative", f"caps.{code}", {"quota": n}) for (_, code), n in caps.items() if n < 0]
    problems += [Problem("not-found", f"caps.{code}", {"kind": kind, "id": code})
                 for kind, code in plan_caps.unknown_places(ctx.session, scope.city, caps)]  # fmt: skip
    if problems:
        raise Invalid(*problems)
    plan_caps.set_caps(ctx.session, plan_id, caps)
    plan.version, plan.updated_at = plan.version + 1, ctx.now
    told = {"caps": {f"{kind} {code}": students for (kind, code), students in sorted(caps.items())}}
    ctx.record("plan.cap", ctx.saved(plan), Note(told=told), grant=grant)
    return plan


def _refuse_own_school(ctx: Context, plan: EnrolmentPlan, scope: Scope, caps: Caps) -> None:
    before = plan_caps.caps_of(ctx.session, plan.id)
    others = {
        code
        for kind, code in {*before, *caps}
        if kind == "school" and before.get((kind, code)) != caps.get((kind, code))
    }
    if own := scopes.own_schools(ctx.session, ctx.person_id, scope.city) & others:
        raise NotYou(*(Problem("recused", f"caps.{code}") for code in sorted(own)))


# --- submitting and approving ----------------------------------------------------------------------------------------


def facts_of(ctx: Context, plan: EnrolmentPlan, *, reason: str = "", document_number: str = "") -> PlanFacts:
    """What the plan's steps look at, and what the caller says with them."""
    lines = plan_queries.lines_to_check(ctx.session, plan.id)
    return PlanFacts(
        lines=len(lines),
        line_problems=(
            *_outdated(ctx, plan),
            *plan_problems(lines, plan.city_total, plan_caps.caps_of(ctx.session, plan.id)),
        ),
        first_person="" if plan.submitted_by is None else str(plan.submitted_by),
        second_person=ctx.actor.person_id or "",
        reason=reason,
        document_number=document_number,
    )


SHOWN = 20
"""How many lines a problem names; it counts them all."""


def _outdated(ctx: Context, plan: EnrolmentPlan) -> Iterator[Problem]:
    """What the policy gives now is not what it gave when the plan was drafted: a rating, a recheck or an appeal since.

    Approved all the same, a rating that is no longer in force would take students from its school.
    """
    drafted = plan_queries.computed(ctx.session, plan.id)
    begins = academic_year_begins(plan.academic_year)
    effects = enrolment_queries.effects(ctx.session, plan.jurisdiction_code, plan.academic_year, begins, LOCAL) or []
    now = {effect.specialty_id: (_given(effect), effect.capacity) for effect in effects}
    other = sorted(key for key in drafted.keys() | now.keys() if drafted.get(key) != now.get(key))
    if other:
        codes = plan_queries.codes_of(ctx.session, other[:SHOWN])
        yield Problem("plan-outdated", "lines", {"lines": len(other), "codes": codes})


def submit(ctx: Context, plan_id: int, *, version: int | None = None) -> EnrolmentPlan:
    """The planner hands the plan in: the first of two people. NotNow with everything that is wrong with its lines."""
    plan, scope = _locked(ctx, plan_id, version=version)
    ctx.advance(PLAN, plan, PlanEvent.SUBMIT, facts_of(ctx, plan), scope, note=_note(plan),
                changes={"submitted_by": ctx.person_id})  # fmt: skip
    return plan


def return_(ctx: Context, plan_id: int, reason: str, *, version: int | None = None) -> EnrolmentPlan:
    """The approver gives it back, with a reason."""
    plan, scope = _locked(ctx, plan_id, version=version)
    ctx.advance(PLAN, plan, PlanEvent.RETURN, PlanFacts(reason=reason), scope, note=replace(_note(plan), reason=reason))
    return plan


def approve(ctx: Context, plan_id: int, document_number: str, *, version: int | None = None) -> EnrolmentPlan:
    """The second person approves it under a document: what other systems read from now on.

    Every older plan of the year is superseded with it; one that a newer approved plan has superseded cannot be
    approved any more. Its lines are checked again, under the year's lock.
    """
    plan, scope = _locked(ctx, plan_id, version=version)
    ctx.permit(entitled(PLAN, plan.state, PlanEvent.APPROVE), scope, where="plan")
    facts = facts_of(ctx, plan, document_number=document_number)
    if problems := PLAN.objections(plan.state, PlanEvent.APPROVE, facts):
        raise NotNow(*problems)
    older = plan_queries.others_going(ctx.session, plan, newer=False)
    ctx.lock_all(EnrolmentPlan, older)
    superseded = dict.fromkeys(older, PlanFacts(newer_version=True))
    if older:
        ctx.as_system().advance_many(PLAN, EnrolmentPlan, PlanEvent.SUPERSEDE, older, scope, facts=superseded,
                                     note=Note(audience="office", told={"by": plan.number}))  # fmt: skip
    told = {"academic_year": plan.academic_year, "number": plan.number, "document_number": document_number,
            "students": plan_queries.sum_of(ctx.session, plan.id)}  # fmt: skip
    changes = {"approved_by": ctx.person_id, "approved_at": ctx.now, "document_number": document_number.strip()}
    note = Note(audience="public", told=told)
    ctx.advance(PLAN, plan, PlanEvent.APPROVE, facts, scope, note=note, changes=changes)
    return plan


def _note(plan: EnrolmentPlan) -> Note:
    return Note(told={"academic_year": plan.academic_year, "number": plan.number})


# --- reading ---------------------------------------------------------------------------------------------------------


def read(ctx: Context, plan_id: int) -> EnrolmentPlan:
    """A plan; NotFound for a draft that is not the caller's to know of."""
    return _found(ctx, plan_id)[0]


def read_as_planner(ctx: Context, plan_id: int) -> EnrolmentPlan:
    """A plan for what those who plan alone are told of it; NotFound for everybody else, also once it is public."""
    plan = read(ctx, plan_id)
    ctx.permit_read(Thing.DRAFT_PLANS, Scope(city=plan.jurisdiction_code), where="plan")
    return plan


def possible(ctx: Context, plan: EnrolmentPlan) -> list[Possible]:
    """What the caller may do with the plan, each with why it is not possible now, but for what they are to write."""
    scope = Scope(city=plan.jurisdiction_code)
    if not may_read(ctx.actor, Thing.DRAFT_PLANS, scope, ctx.today):
        return []
    return ctx.possible(PLAN, plan.state, facts_of(ctx, plan, reason="…", document_number="…"), scope)
