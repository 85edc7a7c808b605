"""What the caller may do with a review now, each with why not: by the facts that the acts themselves look at."""

from dataclasses import replace

from specialty_eval.engine import review
from specialty_eval.engine.permissions import Role, Scope, may
from specialty_eval.engine.review import Event, Facts, State
from specialty_eval.engine.roles import roles
from specialty_eval.store import deliberation_queries, scopes, sheet_basis
from specialty_eval.store.reviews import EvidenceDraft, Review

from . import conflicts, evidence, ratings, site_visits, tallies, verification
from .context import Context, Possible

TO_WRITE = "…"
"""Stands for what the caller is still to write: a reason, a document number, the fields that go back."""
FOLLOWS = frozenset({
    Event.OPEN, Event.SCORE, Event.UPHOLD_CHALLENGE, Event.VOID_DECISION, Event.PUBLICISE, Event.REOPEN,
    Event.WITHDRAW, Event.CANCEL,
})  # fmt: skip
"""Events that nobody fires on a review: they follow from an act on its round, a challenge, an item, a list, …"""


def possible(ctx: Context, row: Review) -> list[Possible]:
    """What the caller may do with the review from here, each with why it is not possible now."""
    scope = scopes.of_review(ctx.session, row.id, acting=ctx.person_id)
    facts = replace(_facts(ctx, row, scope), reason=TO_WRITE, returned_fields={TO_WRITE: TO_WRITE})
    found = [p for p in ctx.possible(review.WORKFLOW, row.state, facts, scope) if p.event not in FOLLOWS]
    return found + _taking_over(ctx, row, scope, facts) + site_visits.possible(ctx, row, scope)


def _taking_over(ctx: Context, row: Review, scope: Scope, facts: Facts) -> list[Possible]:
    """What the bureau may do about a county's silence: named while a county is waited for."""
    is_waiting = row.state in review.WITH_THE_COUNTY and facts.county_check and not facts.taken_over
    if not is_waiting or not may(ctx.actor, verification.TAKES_OVER, scope, ctx.today):
        return []
    return [Possible("take_over", sorted(verification.TAKES_OVER), tuple(review.take_over_problems(facts)))]


def _facts(ctx: Context, row: Review, scope: Scope) -> Facts:
    policy = evidence.policy_of(ctx, row)
    if row.state in review.WITH_THE_SCHOOL:
        draft = ctx.session.get(EvidenceDraft, row.id)
        return replace(evidence.submission_facts(ctx, row, policy, draft), reminders_served=row.reminders)
    if row.state in review.WITH_THE_VERIFIERS:
        return replace(
            verification.facts_of(ctx, row, scope, policy),
            missing_of_others=verification.missing_of_others(ctx, row, policy),
            due=evidence.due_of(row).due,
            deadline_passed=evidence.is_late(ctx, row),
            verification_claimed=row.claimed_by is not None,
        )
    if row.state in {State.SCORED, State.DECIDED, State.PREVIEWED}:
        return _scored(ctx, row, scope)
    if row.state == State.PUBLICISED:
        case = deliberation_queries.cases(ctx.session, [row.id])[row.id]
        return replace(ratings.facts_of(ctx, row.id, TO_WRITE), computed=case.computed)
    return Facts()


def _scored(ctx: Context, row: Review, scope: Scope) -> Facts:
    """Whether the votes decide is the item's to say, and so is whether the bureau may, once a quorum was wanting."""
    case = deliberation_queries.cases(ctx.session, [row.id])[row.id]
    in_committee = may(ctx.actor, roles(Role.CHAIR, Role.SECRETARY), scope, ctx.today)
    taking_back = conflicts.rescinding(ctx, row, TO_WRITE)
    return replace(
        tallies.facts_of(ctx, evidence.policy_of(ctx, row), case),
        acting=Role.SECRETARY if in_committee else Role.BUREAU_APPROVER,
        quorum_given_up=row.id in deliberation_queries.without_quorum_since(ctx.session, [row.id]),
        computed=case.computed,
        returned_as_incomplete=row.returned_incomplete,
        basis=sheet_basis.of_reviews(ctx.session, [row.id])[row.id],
        voted_to_rescind=taking_back.voted_to_rescind,
        vote_by_another=taking_back.vote_by_another,
    )
