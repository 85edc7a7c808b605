"""Experts: asked, accepting or declining, scoring."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import sqlalchemy as sa

from specialty_eval.engine import assignment, panel, review
from specialty_eval.engine.assignment import AssignmentEvent, AssignmentFacts
from specialty_eval.engine.errors import Invalid, NotNow, Problem
from specialty_eval.engine.evidence import parse_value
from specialty_eval.engine.permissions import READ, Kind, Role, Thing, may_read, reach
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.roles import roles
from specialty_eval.store import cycles, panel_queries, scopes, scoring_queries, sheet_basis, site_visit_queries
from specialty_eval.store.accounts import Person, RoleGrant, held_on
from specialty_eval.store.deliberation import ExpertAssignment
from specialty_eval.store.panel_queries import Asked
from specialty_eval.store.registry import School
from specialty_eval.store.reviews import Review

from .context import LOCAL, Context, Note, Possible, entitled
from .paging import Page


def panel_measures(policy: Policy) -> tuple[str, ...]:
    """The measures that experts score."""
    return tuple(m.code for m in policy.measures.values() if m.supplier == "panel")


def _policy(ctx: Context, row: Review) -> Policy:
    return cycles.policy_of(ctx.session, cycles.round_of(ctx.session, row.round_id).policy_id)


def invite(ctx: Context, review_id: int, person_ids: Sequence[int]) -> list[ExpertAssignment]:
    """Ask experts to score a review (secretary). Invalid with everybody who is no expert or works for the school."""
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    grant = ctx.permit(roles(Role.SECRETARY), scope, where="experts")
    problems = _unfit(ctx, row, person_ids) + _too_many(ctx, row, len(person_ids))
    if _is_frozen(ctx, row):
        raise NotNow(Problem("step-not-open", "review", {"event": "invite", "state": row.state}), *problems)
    if problems:
        raise Invalid(*problems)
    due = ctx.calendar().due(ctx.now, _policy(ctx, row).workflow.days["panel"], LOCAL)
    asked = [ExpertAssignment(review_id=review_id, person_id=p, state=assignment.ASSIGNMENT.start.value, version=1,
                              updated_at=ctx.now, due=due) for p in person_ids]  # fmt: skip
    ctx.session.add_all(asked)
    ctx.record("review.invite_experts", row, Note(told={"experts": len(asked)}), grant=grant)
    return asked


def _too_many(ctx: Context, row: Review, asked: int) -> list[Problem]:
    """Nobody asks expert after expert until the mean suits: whoever declined, was replaced or is late makes room."""
    policy = _policy(ctx, row)
    scores = scoring_queries.panel_scores(ctx.session, [row.id]).get(row.id, {})
    at_most, going = panel.room(policy, scores), panel_queries.going(ctx.session, row.id, ctx.now, ctx.today)
    if going + asked <= at_most:
        return []
    return [Problem("panel-full", "experts", {"going": going, "asked": asked, "at_most": at_most})]


def _unfit(ctx: Context, row: Review, person_ids: Sequence[int]) -> list[Problem]:
    expert = (
        sa.select(RoleGrant.person_id)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(Person.id.in_(person_ids), Person.active, RoleGrant.role == Role.EXPERT.value, held_on(ctx.today))
    )
    experts = set(ctx.session.scalars(expert))
    asked = set(ctx.session.scalars(sa.select(ExpertAssignment.person_id).where(ExpertAssignment.review_id == row.id)))
    near = scopes.recused_people(ctx.session, person_ids, row.id)
    know = {person for _, person in site_visit_queries.know_what_is_blind(ctx.session, row.round_id, row.id)}
    return [
        *(Problem("not-an-expert", f"experts.{p}", {"person": p}) for p in person_ids if p not in experts),
        *(Problem("expert-asked-already", f"experts.{p}", {"person": p}) for p in person_ids if p in asked),
        *(Problem("interest-declared", f"experts.{p}", {"person": p}) for p in sorted(near)),
        *(
            Problem("visitor-scores-blind", f"experts.{p}", {"person": p})
            for p in sorted(know.intersection(person_ids))
        ),
    ]


def _mine(ctx: Context, assignment_id: int, version: int | None) -> Asked:
    """An assignment under a lock, for its expert and the offices; NotFound for everybody else."""
    asked = panel_queries.locked(ctx.session, assignment_id, acting=ctx.person_id)
    ctx.permit_read(Thing.EXPERTS, asked.scope, where="assignment")
    ctx.check_version(asked.assignment, version)
    return asked


def answer(
    ctx: Context, assignment_id: int, event: AssignmentEvent, *, reason: str = "", version: int | None = None
) -> ExpertAssignment:
    """Accept or decline (the expert), replace (the secretary). A replaced score is kept, marked and left out.

    A score that went into a run is replaced for an interest alone: then the review is scored again without it.
    """
    asked = _mine(ctx, assignment_id, version)
    frozen = _is_frozen(ctx, asked.review)
    facts = AssignmentFacts(has_interest=asked.has_interest, reason=reason, scoring_begun=frozen)
    ctx.advance(assignment.ASSIGNMENT, asked.assignment, event, facts, asked.scope, changes={"reason": reason},
                note=_note(asked, reason))  # fmt: skip
    return asked.assignment


def _note(asked: Asked, reason: str = "") -> Note:
    return Note(reason=reason, specialty_id=asked.review.specialty_id, round_id=asked.review.round_id)


def score(
    ctx: Context, assignment_id: int, scores: Mapping[str, str], *, version: int | None = None
) -> ExpertAssignment:
    """Hand in one's scores of every panel measure, 0-100; they count once all are there. Invalid with every reason."""
    asked = _mine(ctx, assignment_id, version)
    may_score = entitled(assignment.ASSIGNMENT, asked.assignment.state, AssignmentEvent.SCORE)
    ctx.permit(may_score, asked.scope, where="assignment")
    policy = _policy(ctx, asked.review)
    wanted = panel_measures(policy)
    given, problems = _read(policy, scores, wanted)
    if problems:
        raise Invalid(*problems)
    facts = AssignmentFacts(
        has_interest=asked.has_interest,
        unscored=tuple(m for m in wanted if m not in given),
        scoring_begun=_is_frozen(ctx, asked.review),
    )
    assignment.ASSIGNMENT.move(asked.assignment.state, AssignmentEvent.SCORE, facts)  # refused before anything is kept
    if not given:
        raise NotNow(Problem("no-panel-measures", "assignment"))
    panel_queries.give(ctx.session, assignment_id, given, ctx.now)
    ctx.advance(assignment.ASSIGNMENT, asked.assignment, AssignmentEvent.SCORE, facts, asked.scope, note=_note(asked))
    _flag_spread(ctx, asked, policy, given)
    return asked.assignment


def _flag_spread(ctx: Context, asked: Asked, policy: Policy, given: Mapping[str, Decimal]) -> None:
    """Tell the offices, when this expert's scores made the panel lie too far apart; not whose, and not how far."""
    after = scoring_queries.panel_scores(ctx.session, [asked.review.id]).get(asked.review.id, {})
    before = {code: [*scores] for code, scores in after.items()}
    for code, score in given.items():
        before[code].remove(score)
    known = {alert.measure for alert in panel.alerts(policy, before)}
    for alert in panel.alerts(policy, after):
        if alert.measure not in known:
            told = {"measure": alert.measure, "scores": alert.scores, "above": str(alert.above)}
            ctx.as_system().record("review.spread", asked.review, Note(told=told))


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


def assignments(ctx: Context, review_id: int) -> list[Asked]:
    """A review's experts: all for the offices, one's own for an expert; NotFound for everybody else."""
    scope = scopes.of_review(ctx.session, review_id, acting=ctx.person_id)
    found = panel_queries.asked(ctx.person_id).where(ExpertAssignment.review_id == review_id)
    found = found.order_by(ExpertAssignment.id)
    if may_read(ctx.actor, Thing.EXPERTS, replace(scope, experts=frozenset()), ctx.today):
        return panel_queries.asked_of(ctx.session, found, ctx.person_id)
    found = found.where(ExpertAssignment.person_id == (ctx.person_id or 0))
    mine = panel_queries.asked_of(ctx.session, found, ctx.person_id)
    people = frozenset(str(one.assignment.person_id) for one in mine)
    ctx.permit_read(Thing.EXPERTS, replace(scope, experts=people))
    return mine


def shown(ctx: Context, assignment_ids: Sequence[int]) -> list[Asked]:
    """Assignments after whatever the caller did with them, in order."""
    found = panel_queries.asked(ctx.person_id).where(ExpertAssignment.id.in_(assignment_ids))
    return panel_queries.asked_of(ctx.session, found.order_by(ExpertAssignment.id), ctx.person_id)


def listing(
    ctx: Context, page: Page, *, round_id: int | None = None, review_id: int | None = None, state: str | None = None
) -> tuple[Sequence[Asked], str | None]:
    """The newest first: what the caller was asked to score where they still are an expert; for the offices all of their
    city, without the reviews they are recused from.
    """
    cities = [g.jurisdiction for g in ctx.actor.grants
              if g.role == Role.EXPERT and g.kind == Kind.BUREAU and g.holds(ctx.today)]  # fmt: skip
    mine = sa.and_(ExpertAssignment.person_id == (ctx.person_id or 0), School.city_code.in_(cities))
    offices = reach(ctx.actor, READ[Thing.EXPERTS], ctx.today).cities
    theirs = sa.and_(School.city_code.in_(offices), sa.not_(scopes.recused(ctx.person_id)))
    asked_for = ((Review.round_id, round_id), (Review.id, review_id), (ExpertAssignment.state, state))
    query = panel_queries.asked(ctx.person_id).where(sa.or_(mine, theirs))
    query = query.where(*(column == value for column, value in asked_for if value is not None))
    found = panel_queries.asked_of(ctx.session, page.newest_first(query, ExpertAssignment.id), ctx.person_id)
    return page.cut(found, lambda one: (-one.assignment.id,))


def possible(ctx: Context, asked: Asked) -> list[Possible]:
    """What the caller may do with the assignment, each with why it is not possible now, but for what they write."""
    facts = AssignmentFacts(
        has_interest=asked.has_interest,
        reason="…",
        scoring_begun=_is_frozen(ctx, asked.review),
    )
    return ctx.possible(assignment.ASSIGNMENT, asked.assignment.state, facts, asked.scope)


def _is_frozen(ctx: Context, row: Review) -> bool:
    """Whether scores count no more: a run has taken the panel's, and they stay as they are when the review goes back.

    Unless it is scored anew: its evidence was accepted again, or a score in its sheet was left out since.
    """
    if row.state not in review.SCORES_FROM or row.sheet_id is None:
        return row.state not in review.SCORES_FROM
    left_out = sheet_basis.of_reviews(ctx.session, [row.id])[row.id].left_out
    return not left_out and not scoring_queries.accepted_since_scored(ctx.session, row.id)
