"""Decisions shown to their schools before anyone else: the preview, how it is served (opened, or deemed so), and the
days that the school then has it to itself.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine import review
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.consequences import Duration
from specialty_eval.engine.errors import NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.permissions import READ, Scope, Thing, at_office
from specialty_eval.engine.policy import Policy, Rating
from specialty_eval.engine.roles import Role, roles
from specialty_eval.store import cycles, publications_queries, review_queries, scopes, sheet_basis
from specialty_eval.store.cycles import Round
from specialty_eval.store.deliberation import Decision
from specialty_eval.store.publications_queries import Service, reason_labels
from specialty_eval.store.reviews import Review, ScoreSheet

from .context import LOCAL, Context, Note

OPENS = roles(Role.SCHOOL_HEAD, Role.SCHOOL_EDITOR)


def preview(ctx: Context, round_id: int, reviews: Sequence[int] | None = None) -> list[int]:
    """Show decided reviews to their schools (secretary): these, or all the caller is not recused from; which.

    All or nothing; NotNow names every review that cannot.
    """
    made = ctx.session.get(Round, round_id)
    if made is None:
        raise NotFound(Problem("not-found", "round", {"kind": "round", "id": round_id}))
    scope = Scope(city=cycles.round_of(ctx.session, round_id).city)
    ctx.permit(roles(Role.SECRETARY), scope, where="preview")
    decided = review_queries.ids_in(ctx.session, round_id, [review.State.DECIDED.value])
    chosen = decided if reviews is None else list(dict.fromkeys(reviews))
    recused = scopes.recused_from(ctx.session, ctx.person_id, chosen)
    if reviews is None:
        chosen = [key for key in chosen if key not in recused]
    elif recused:
        raise NotYou(*(Problem("recused", f"reviews.{key}") for key in sorted(recused)))
    found = publications_queries.candidates(ctx.session, chosen)
    if foreign := [key for key in chosen if key not in found or found[key].round_id != round_id]:
        raise NotFound(*(Problem("not-found", f"reviews.{key}", {"kind": "review", "id": key}) for key in foreign))
    ctx.lock_all(Review, sorted(chosen))
    basis = sheet_basis.of_reviews(ctx.session, chosen)
    facts = {key: review.Facts(basis=basis[key]) for key in chosen}
    days = _days(ctx, round_id)
    latest = ctx.calendar().due_unopened(ctx.now, days["deemed_served"], days["preview"], LOCAL)
    ctx.advance_many(review.WORKFLOW, Review, review.Event.PREVIEW, chosen, scope, facts=facts,
                     note=Note(audience="school"), changes={"served_at": None, "preview_due": latest})  # fmt: skip
    return chosen


def _days(ctx: Context, round_id: int) -> Mapping[str, Duration]:
    return cycles.policy_of(ctx.session, cycles.round_of(ctx.session, round_id).policy_id).workflow.days


def acknowledge(ctx: Context, review_id: int) -> dict[str, Any]:
    """The school opens the decision on its specialty: served from this moment, if it was not before.

    "送达 service: a decision reached the school: opened, or deemed served after the policy's days" (workflow.md): the
    preview's days begin with it, per school. Who opens it late was deemed served before: they are not given twice.
    """
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.SHEET, scope, where="review")
    grant = ctx.permit(OPENS, scope, where="review")
    if row.state not in review.SCHOOL_SEES_RATING:
        raise NotNow(Problem("step-not-open", "review", {"event": "acknowledge", "state": row.state}))
    served_at = _served_at(ctx, row)
    if served_at is None:
        row.served_at = served_at = ctx.now
        ctx.record("review.acknowledge", row, Note(audience="school", told=_begin_days(ctx, row)), grant=grant)
        ctx.saved(row)
    return _shown(ctx, row, served_at)


def _begin_days(ctx: Context, row: Review) -> dict[str, str]:
    if row.state != review.State.PREVIEWED:
        return {}
    anew = ctx.calendar().due(ctx.now, _days(ctx, row.round_id)["preview"], LOCAL)
    row.preview_due = anew if row.preview_due is None else min(anew, row.preview_due)
    return {"preview_until": last_local_day(row.preview_due, LOCAL).isoformat()}


def deem_served(ctx: Context, round_id: int) -> int:
    """Put on record which decisions of a round, previewed or confirmed, count as served unopened; how many did.

    Served is the instant at which the policy's days were over, whenever this runs. Again changes nothing.
    """
    made = cycles.round_of(ctx.session, round_id)
    grant = ctx.permit(roles(Role.SYSTEM, Role.SECRETARY), Scope(city=made.city), where="round")
    ctx.lock_all(Review, publications_queries.unserved(ctx.session, round_id))
    # Read again under the locks: who opened it in between was served then.
    ids = publications_queries.unserved(ctx.session, round_id)
    days = cycles.policy_of(ctx.session, made.policy_id).workflow.days["deemed_served"]
    served: dict[datetime, list[int]] = {}
    for key, service in publications_queries.services(ctx.session, ids).items():
        at = service.served_at(ctx.calendar(), days, LOCAL, ctx.now)
        if at is not None:
            served.setdefault(at, []).append(key)
    for at, keys in sorted(served.items()):
        publications_queries.serve(ctx.session, keys, at)
        told = {"served_on": last_local_day(at, LOCAL).isoformat()}
        ctx.record_many("review.deem_served", Review, keys, Note(audience="school", told=told), grant=grant)
    return sum(map(len, served.values()))


def _policy(ctx: Context, row: Review) -> Policy:
    return cycles.policy_of(ctx.session, cycles.round_of(ctx.session, row.round_id).policy_id)


def _served_at(ctx: Context, row: Review) -> datetime | None:
    policy = _policy(ctx, row)
    service = Service(publications_queries.previewed(ctx.session, [row.id]).get(row.id), row.served_at)
    return service.served_at(ctx.calendar(), policy.workflow.days["deemed_served"], LOCAL, ctx.now)


def decision_view(ctx: Context, review_id: int) -> dict[str, Any]:
    """The decision on a review: for its school once it was previewed and acknowledged, for the offices once decided.

    NotNow before that; NotYou for a recused office. Who voted how is the meeting's to tell.
    """
    scope = scopes.of_review(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.SHEET, scope, where="review")
    row = ctx.session.get_one(Review, review_id, populate_existing=True)  # a set may have moved it meanwhile
    its_school = not at_office(ctx.actor, READ[Thing.SHEET], scope, ctx.today)
    if row.decision_id is None or (its_school and row.state not in review.SCHOOL_SEES_RATING):
        raise NotNow(Problem("not-decided", "review"))
    served_at = _served_at(ctx, row)
    if its_school and served_at is None:
        raise NotNow(Problem("not-acknowledged", "review"))
    return _shown(ctx, row, served_at)


def _shown(ctx: Context, row: Review, served_at: datetime | None) -> dict[str, Any]:
    decision, sheet = ctx.session.execute(
        sa.select(Decision, ScoreSheet).join(ScoreSheet, ScoreSheet.id == Decision.sheet_id)
        .where(Decision.id == row.decision_id)
    ).one()  # fmt: skip
    policy = _policy(ctx, row)
    labels = reason_labels(policy)
    return {
        "review_id": row.id, "state": row.state, "rating": decision.rating,
        "label": policy.rating.labels.get(Rating(decision.rating), {}), "computed": decision.computed,
        "reasons": [{"code": code, "label": labels.get(code, {})} for code in sheet.reasons],
        "decision_reason": decision.reason, "decided_at": decision.decided_at, "served_at": served_at,
        "preview_until": row.preview_due if row.state == review.State.PREVIEWED else None,
    }  # fmt: skip
