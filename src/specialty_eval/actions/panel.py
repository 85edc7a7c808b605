"""Experts: asked, accepting or declining, scoring; and the visitors' report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from specialty_eval.engine import assignment, review
from specialty_eval.engine.assignment import AssignmentEvent, AssignmentFacts
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, Problem
from specialty_eval.engine.evidence import parse_value
from specialty_eval.engine.permissions import Role, Scope
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.roles import roles
from specialty_eval.store import cycles, registry, review_queries
from specialty_eval.store.accounts import Person, RoleGrant
from specialty_eval.store.deliberation import ExpertAssignment, PanelScore
from specialty_eval.store.registry import Specialty
from specialty_eval.store.reviews import Review, SiteVisitReport

from .context import LOCAL, Context, Note

SCORES_FROM = frozenset({review.State.SUBMITTED, review.State.CHECKED, review.State.VERIFIED, review.State.DEFAULTED})
"""An expert is asked once there is something to look at, until the run freezes it."""


def panel_measures(policy: Policy) -> tuple[str, ...]:
    """The measures that experts score."""
    return tuple(m.code for m in policy.measures.values() if m.supplier == "panel")


def _policy(ctx: Context, row: Review) -> Policy:
    return cycles.policy_of(ctx.session, cycles.round_of(ctx.session, row.round_id).policy_id)


def invite(ctx: Context, review_id: int, person_ids: Sequence[int]) -> list[ExpertAssignment]:
    """Ask experts to score a review (secretary). Invalid with everybody who is no expert or works for the school."""
    row = ctx.locked(Review, review_id)
    scope = registry.scope_of(ctx.session, row.specialty_id)
    grant = ctx.permit(roles(Role.SECRETARY), scope, where="experts")
    problems = _unfit(ctx, row, person_ids)
    if row.state not in SCORES_FROM:
        raise NotNow(Problem("step-not-open", "review", {"event": "invite", "state": row.state}), *problems)
    if problems:
        raise Invalid(*problems)
    due = ctx.calendar().due(ctx.now, _policy(ctx, row).workflow.days["panel"], LOCAL)
    asked = [ExpertAssignment(review_id=review_id, person_id=p, state=assignment.ASSIGNMENT.start.value, version=1,
                              updated_at=ctx.now, due=due) for p in person_ids]  # fmt: skip
    ctx.session.add_all(asked)
    ctx.record("review.invite_experts", row, Note(told={"experts": len(asked)}), grant=grant)
    return asked


def _unfit(ctx: Context, row: Review, person_ids: Sequence[int]) -> list[Problem]:
    expert = sa.select(RoleGrant.person_id).where(
        RoleGrant.person_id.in_(person_ids), RoleGrant.role == Role.EXPERT.value, RoleGrant.valid_from <= ctx.today,
        sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= ctx.today),
    )  # fmt: skip
    experts = set(ctx.session.scalars(expert))
    asked = set(ctx.session.scalars(sa.select(ExpertAssignment.person_id).where(ExpertAssignment.review_id == row.id)))
    near = {p for p in person_ids if has_interest(ctx, p, row.specialty_id)}
    return [
        *(Problem("not-an-expert", f"experts.{p}", {"person": p}) for p in person_ids if p not in experts),
        *(Problem("expert-asked-already", f"experts.{p}", {"person": p}) for p in person_ids if p in asked),
        *(Problem("interest-declared", f"experts.{p}", {"person": p}) for p in sorted(near)),
    ]


def has_interest(ctx: Context, person_id: int, specialty_id: int) -> bool:
    """Whether the person works at the specialty's school or its partner enterprise."""
    found = (
        sa.select(Person.id)
        .join(Specialty, Specialty.id == specialty_id)
        .where(
            Person.id == person_id,
            sa.or_(
                Person.employer_id == Specialty.school_id,
                sa.and_(Specialty.partner != "", Person.employer_name == Specialty.partner),
            ),
        )
    )
    return ctx.session.scalar(found) is not None


def _mine(ctx: Context, assignment_id: int, version: int | None) -> tuple[ExpertAssignment, Review, Scope]:
    row = ctx.locked(ExpertAssignment, assignment_id, version=version)
    reviewed = ctx.session.get_one(Review, row.review_id)
    scope = replace(registry.scope_of(ctx.session, reviewed.specialty_id), experts=frozenset({str(row.person_id)}))
    if ctx.person_id != row.person_id:
        ctx.permit(roles(Role.SECRETARY), scope, where="assignment")
    return row, reviewed, scope


def answer(
    ctx: Context, assignment_id: int, event: AssignmentEvent, *, reason: str = "", version: int | None = None
) -> ExpertAssignment:
    """Accept or decline (the expert), replace (the secretary). A replaced score is kept, marked and left out."""
    row, reviewed, scope = _mine(ctx, assignment_id, version)
    facts = AssignmentFacts(has_interest=has_interest(ctx, row.person_id, reviewed.specialty_id), reason=reason)
    ctx.advance(assignment.ASSIGNMENT, row, event, facts, scope, changes={"reason": reason},
                note=Note(reason=reason, specialty_id=reviewed.specialty_id, round_id=reviewed.round_id))  # fmt: skip
    return row


def score(
    ctx: Context, assignment_id: int, scores: Mapping[str, str], *, version: int | None = None
) -> ExpertAssignment:
    """Hand in one's scores of every panel measure, 0-100; they count once all are there. Invalid with every reason."""
    row, reviewed, scope = _mine(ctx, assignment_id, version)
    policy = _policy(ctx, reviewed)
    wanted = panel_measures(policy)
    given, problems = _read(policy, scores, wanted)
    if problems:
        raise Invalid(*problems)
    facts = AssignmentFacts(
        has_interest=has_interest(ctx, row.person_id, reviewed.specialty_id),
        unscored=tuple(m for m in wanted if m not in given),
        scoring_begun=reviewed.state not in SCORES_FROM,
    )
    if given:
        new = insert(PanelScore).values([{"assignment_id": row.id, "measure": m, "score": s, "given_at": ctx.now}
                                         for m, s in given.items()])  # fmt: skip
        ctx.session.execute(new.on_conflict_do_update(
            index_elements=["assignment_id", "measure"],
            set_={"score": new.excluded.score, "given_at": new.excluded.given_at}))  # fmt: skip
    ctx.advance(assignment.ASSIGNMENT, row, AssignmentEvent.SCORE, facts, scope,
                note=Note(specialty_id=reviewed.specialty_id, round_id=reviewed.round_id))  # fmt: skip
    return row


def _read(policy: Policy, scores: Mapping[str, str], wanted: Sequence[str]) -> tuple[dict[str, Decimal], list[Problem]]:
    given: dict[str, Decimal] = {}
    problems = []
    for code, text in scores.items():
        if code not in wanted:
            problems.append(Problem("measure-not-yours", f"measures.{code}", {"supplier": "panel"}))
            continue
        try:
            value = parse_value(policy.measures[code], text)
        except Invalid as refused:
            problems.extend(refused.problems)
            continue
        if isinstance(value, Decimal):
            given[code] = value
    return given, problems


def assignments(ctx: Context, review_id: int) -> list[ExpertAssignment]:
    """A review's experts: all for the secretary and those who decide, one's own for an expert."""
    scope = review_queries.scope_known(ctx.session, review_id)
    found = sa.select(ExpertAssignment).where(ExpertAssignment.review_id == review_id).order_by(ExpertAssignment.id)
    if not any(g.role in {Role.SECRETARY, Role.BUREAU_APPROVER, Role.AUDITOR} for g in ctx.actor.grants):
        found = found.where(ExpertAssignment.person_id == (ctx.person_id or 0))
    rows = list(ctx.session.scalars(found))
    if not rows:
        ctx.permit(roles(Role.SECRETARY, Role.BUREAU_APPROVER, Role.AUDITOR), scope, where="experts")
    return rows


def my_assignments(ctx: Context) -> list[ExpertAssignment]:
    """Everything the caller was asked to score, newest first."""
    found = sa.select(ExpertAssignment).where(ExpertAssignment.person_id == (ctx.person_id or 0))
    return list(ctx.session.scalars(found.order_by(ExpertAssignment.id.desc())))


def report_visit(ctx: Context, review_id: int, findings: str) -> SiteVisitReport:
    """What the visitors found; one report a review."""
    row = ctx.locked(Review, review_id)
    visitors = frozenset({ctx.actor.person_id or ""})
    scope = replace(registry.scope_of(ctx.session, row.specialty_id), visitors=visitors)
    grant = ctx.permit(roles(Role.SITE_VISITOR, Role.SECRETARY), scope, where="site_visit")
    if not findings.strip():
        raise Invalid(Problem("findings-missing", "findings"))
    if row.state in review.ENDED:
        raise NotNow(Problem("step-not-open", "review", {"event": "report_visit", "state": row.state}))
    report = ctx.saved(SiteVisitReport(review_id=review_id, visited_on=ctx.now, findings=findings,
                                       reported_by=ctx.person_id))  # fmt: skip
    ctx.record("review.visit", row, Note(audience="school"), grant=grant)
    return report


def assignment_known(ctx: Context, assignment_id: int) -> ExpertAssignment:
    """An assignment by its number; NotFound."""
    row = ctx.session.get(ExpertAssignment, assignment_id)
    if row is None:
        raise NotFound(Problem("not-found", "assignment", {"kind": "assignment", "id": assignment_id}))
    return row
