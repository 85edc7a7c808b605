"""Scores given, once one may see them: nobody sees another's before their own is in, the offices not before all are.

And what the scores of a round say of the experts who gave them, which changes no score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from specialty_eval.engine import panel, review
from specialty_eval.engine.assignment import AssignmentState
from specialty_eval.engine.decimals import shortest
from specialty_eval.engine.errors import NotNow, Problem
from specialty_eval.engine.permissions import Scope, Thing, may_read
from specialty_eval.engine.strictness import Strictness, strictness
from specialty_eval.store import cycles, panel_queries, scopes
from specialty_eval.store.panel_queries import ScoredBy

from .context import Context


@dataclass(frozen=True, slots=True)
class Shown:
    """An expert's scores of a review; who it is, an expert learns of oneself alone. `counts`: not replaced."""

    number: int
    person_id: int | None
    own: bool
    counts: bool
    scores: Mapping[str, Decimal]


def of_review(ctx: Context, review_id: int) -> list[Shown]:
    """The scores of a review's experts. NotNow while they are sealed for the caller; NotFound for everybody else."""
    scope = scopes.of_review(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.SCORES, scope, where="scores")
    found = panel_queries.panel_of(ctx.session, review_id)
    is_office = may_read(ctx.actor, Thing.SCORES, replace(scope, experts=frozenset()), ctx.today)
    own = next((one for one in found if one.person_id == ctx.person_id and one.state in _STILL), None)
    waiting = [one for one in found if one.state in _ASKED]  # past their day too: they can score until replaced
    if own is not None and own.state != AssignmentState.SCORED:
        raise NotNow(Problem("scores-sealed", "scores", {"waiting": 1}))
    if own is None and waiting and not panel_queries.is_scored(ctx.session, review_id):
        raise NotNow(Problem("scores-sealed", "scores", {"waiting": len(waiting)}))
    return _shown(ctx, [one for one in found if one.scores], is_office)


_ASKED = (AssignmentState.INVITED, AssignmentState.ACCEPTED)
_STILL = (*_ASKED, AssignmentState.SCORED)


def _shown(ctx: Context, found: Sequence[ScoredBy], is_office: bool) -> list[Shown]:
    """To an expert those that count, as numbers in an order that says nothing of who was asked first."""
    seen = found if is_office else sorted(
        (one for one in found if one.state == AssignmentState.SCORED), key=lambda one: sorted(one.scores.items())
    )  # fmt: skip
    return [
        Shown(n, one.person_id if is_office or one.person_id == ctx.person_id else None,
              one.person_id == ctx.person_id, one.state == AssignmentState.SCORED, one.scores)
        for n, one in enumerate(seen, 1)
    ]  # fmt: skip


def spread_alerts(ctx: Context, round_id: int) -> list[dict[str, Any]]:
    """The reviews of a round whose experts lie too far apart and where one more may still be asked (the offices).

    Without what the caller is recused from, or has been asked to score and has not.
    """
    bound = cycles.round_of(ctx.session, round_id)
    ctx.permit_read(Thing.POOL, Scope(city=bound.city), where="spread_alerts")
    policy = cycles.policy_of(ctx.session, bound.policy_id)
    states = [state.value for state in review.SCORES_FROM]
    found = panel_queries.scores_in(ctx.session, round_id, states, acting=ctx.person_id)
    listed = []
    for one in found:
        alerts = panel.alerts(policy, one.scores)
        if alerts and one.going < panel.room(policy, one.scores):
            listed.append({
                "review_id": one.review_id, "code": one.code, "going": one.going,
                "alerts": [{"measure": a.measure, "scores": a.scores, "spread": shortest(a.spread),
                            "above": shortest(a.above)} for a in alerts],
            })  # fmt: skip
    return listed


def of_experts(ctx: Context, round_id: int) -> list[Strictness]:
    """How strict each expert of a round is against the panels they sat on (secretary, auditor).

    Of panels that are whole alone, and without what the caller is recused from.
    """
    bound = cycles.round_of(ctx.session, round_id)
    ctx.permit_read(Thing.STRICTNESS, Scope(city=bound.city), where="strictness")
    return strictness(panel_queries.given_in(ctx.session, round_id, ctx.now, ctx.today, acting=ctx.person_id))
