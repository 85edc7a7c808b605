"""Reads: cycles, rounds and reviews as the caller may see them. Frozen shapes, a fixed number of statements each."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine import panel
from specialty_eval.engine.decimals import shortest
from specialty_eval.engine.errors import NotFound, Problem
from specialty_eval.engine.permissions import FILLS_IN, READ, Scope, Thing, may, may_read, reach, visible_measures
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.review import WITH_THE_SCHOOL
from specialty_eval.store import (
    cycles,
    material_queries,
    panel_queries,
    registry,
    review_queries,
    scopes,
    scoring_queries,
)
from specialty_eval.store.cycles import Cycle, PolicyDocument, Round
from specialty_eval.store.registry import School
from specialty_eval.store.reviews import EvidenceDraft, EvidenceVersion, Review

from . import blind
from .context import Context
from .paging import Page


def policy_view(row: PolicyDocument) -> dict[str, Any]:
    """A policy's identity."""
    return {"id": row.policy_id, "version": row.policy_version, "digest": row.digest, "title": row.title,
            "jurisdiction": row.jurisdiction_code, "imported_at": row.imported_at}  # fmt: skip


def cycle_view(ctx: Context, made: Cycle) -> dict[str, Any]:
    """A cycle and its rounds."""
    rounds = ctx.session.scalars(sa.select(Round).where(Round.cycle_id == made.id).order_by(Round.number))
    return _cycle(made, list(rounds))


def _cycle(made: Cycle, rounds: Sequence[Round]) -> dict[str, Any]:
    return {
        "id": made.id, "code": made.code, "title": made.title, "jurisdiction": made.jurisdiction_code,
        "levels": made.levels, "school_kinds": made.school_kinds, "state": made.state,
        "first_year": made.first_year, "last_year": made.last_year,
        "rounds": [_round(row) for row in rounds],
    }  # fmt: skip


def cycles_page(
    ctx: Context, page: Page, *, jurisdiction: str | None, state: str | None
) -> tuple[list[dict[str, Any]], str | None]:  # fmt: skip
    """The cycles that the caller may know of, in the order in which they were made. A draft is its own city's."""
    own = {g.jurisdiction for g in ctx.actor.grants if g.holds(ctx.today)}
    query = sa.select(Cycle).where(sa.or_(Cycle.state != "draft", Cycle.jurisdiction_code.in_(own)))
    asked = ((Cycle.jurisdiction_code, jurisdiction), (Cycle.state, state))
    query = query.where(*(column == value for column, value in asked if value is not None))
    shown, cursor = page.cut(list(ctx.session.scalars(page.within(query, Cycle.id))), lambda row: (row.id,))
    found = sa.select(Round).where(Round.cycle_id.in_([row.id for row in shown])).order_by(Round.number)
    rounds: dict[int, list[Round]] = {}
    for row in ctx.session.scalars(found):
        rounds.setdefault(row.cycle_id, []).append(row)
    return [_cycle(row, rounds.get(row.id, ())) for row in shown], cursor


def rounds_page(
    ctx: Context, page: Page, *, cycle: int | None, state: str | None
) -> tuple[list[dict[str, Any]], str | None]:  # fmt: skip
    """The rounds of the cycles that the caller may know of."""
    own = {g.jurisdiction for g in ctx.actor.grants if g.holds(ctx.today)}
    known = sa.select(Cycle.id).where(sa.or_(Cycle.state != "draft", Cycle.jurisdiction_code.in_(own)))
    asked = ((Round.cycle_id, cycle), (Round.state, state))
    query = sa.select(Round).where(Round.cycle_id.in_(known), *(c == value for c, value in asked if value is not None))
    shown, cursor = page.cut(list(ctx.session.scalars(page.within(query, Round.id))), lambda row: (row.id,))
    return [{"cycle_id": row.cycle_id, **_round(row)} for row in shown], cursor


def _round(row: Round) -> dict[str, Any]:
    return {"id": row.id, "number": row.number, "year": row.year, "state": row.state}


def round_view(ctx: Context, row: Round) -> dict[str, Any]:
    """A round, when its phases are due, and its reviews by state."""
    policy = ctx.session.get_one(PolicyDocument, row.policy_id)
    return {
        "id": row.id, "cycle_id": row.cycle_id, "number": row.number, "year": row.year,
        "evidence_year": row.evidence_year, "reference_date": row.reference_date, "opens_on": row.opens_on,
        "state": row.state, "blind": row.blind,
        "policy": policy_view(policy),
        "due": {"collecting": row.collecting_due, "verifying": row.verifying_due, "scoring": row.scoring_due,
                "deliberating": row.deliberating_due},
        "reviews": _counted(ctx, row.id),
    }  # fmt: skip


def _counted(ctx: Context, round_id: int) -> dict[str, int]:
    """State → how many of the reviews in whose evidence the caller may look: none for the public.

    Without those one is recused from: the last one that is not decided would tell what became of it.
    """
    within = sa.and_(_within_reach(ctx), sa.not_(_no_part(ctx)))
    found = review_queries.titled().with_only_columns(Review.state, sa.func.count())
    counted = ctx.session.execute(found.where(Review.round_id == round_id, within).group_by(Review.state))
    return {state: number for state, number in counted}  # noqa: C416 -- a Row is no tuple to dict()


def _within_reach(ctx: Context) -> sa.ColumnElement[bool]:
    return registry.within(reach(ctx.actor, READ[Thing.EVIDENCE], ctx.today))


def round_reviews(
    ctx: Context, round_id: int, page: Page, state: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """The reviews of a round within the caller's reach, in the order in which they were placed.

    Of those one is recused from, the title.
    """
    query = review_queries.titled().where(Review.round_id == round_id, _within_reach(ctx))
    if state is not None:
        query = query.where(Review.state == state, sa.not_(_no_part(ctx)))
    query = query.add_columns(_no_part(ctx), Review.turn)
    found = ctx.session.execute(page.within(query, Review.turn))
    rows = [(review_queries.Titled(*row[:-2]), *row[-2:]) for row in map(tuple, found)]
    shown, cursor = page.cut(rows, lambda row: (row[2],))
    return [_listed(row, is_recused) for row, is_recused, _ in shown], cursor


def _no_part(ctx: Context) -> sa.ColumnElement[bool]:
    """Whether the caller is recused from the review; at one's own school one never is."""
    own = reach(ctx.actor, READ[Thing.EVIDENCE], ctx.today).schools
    return sa.and_(scopes.recused(ctx.person_id), School.id.not_in([int(school) for school in own]))


def _listed(row: review_queries.Titled, is_recused: bool) -> dict[str, Any]:
    told = titled_view(row)
    return told if not is_recused else {**told, "state": None, "due": None}


def titled_view(row: review_queries.Titled) -> dict[str, Any]:
    """A review by the names people know it by."""
    return {"id": row.id, "round_id": row.round_id, "code": row.code, "specialty": row.specialty,
            "school": row.school, "county": row.county, "level": row.level, "class": row.class_name,
            "state": row.state, "due": row.due}  # fmt: skip


def review_view(ctx: Context, row: Review) -> dict[str, Any]:
    """A review with the evidence the caller may see: the school its draft, the others what was submitted.

    An expert sees the title alone before accepting; in a blind round, not whose it is and what is not held back.
    """
    scope = scopes.of_review(ctx.session, row.id, acting=ctx.person_id)
    ctx.permit_read(Thing.EVIDENCE, scope, where="review")
    titled = ctx.session.execute(review_queries.titled().where(Review.id == row.id)).one()
    is_blind = blind.reads_blind(ctx, row, scope)
    told = titled_view(review_queries.Titled(*list(titled)))
    nothing: dict[str, Any] = {
        **(told | UNNAMED if is_blind else told), "version": row.version, "correction_due": None, "county_due": None,
        "spread_alerts": [], "returned_fields": {}, "evidence": None, "attachments": [], "blind": is_blind,
        "held_back": 0,
    }  # fmt: skip
    if blind.before_accepting(ctx, row, scope):
        return nothing
    policy = cycles.policy_of(ctx.session, cycles.round_of(ctx.session, row.round_id).policy_id)
    seen = visible_measures(policy, ctx.actor, scope, ctx.today)
    opened = blind.open_to_the_blind(ctx, row) if is_blind else None
    attachments = material_queries.files(ctx.session, row.id)
    shown = [a for a in attachments if opened is None or a.id in opened]
    with_school = row.state in WITH_THE_SCHOOL
    whose = {} if is_blind else {"correction_due": row.correction_due, "county_due": row.county_due,
                                 "spread_alerts": _spread_alerts(ctx, row, scope, policy),
                                 "returned_fields": row.returned_fields if with_school else {}}  # fmt: skip
    return {
        **nothing, **whose,
        "evidence": _evidence(ctx, row, seen, with_words=opened is None or None in opened, is_blind=is_blind),
        "attachments": [{"id": a.id, "measure": a.measure, "name": a.name, "size": a.size, "sha256": a.sha256,
                         "media_type": a.media_type} for a in shown],
        "held_back": len(attachments) - len(shown),
    }  # fmt: skip


UNNAMED = {"code": "", "school": "", "county": "", "due": None}
"""What a blind reader is not told of a review's title: a day that one school was given longer is known to others."""


def _evidence(
    ctx: Context, row: Review, seen: frozenset[str], *, with_words: bool, is_blind: bool
) -> dict[str, Any] | None:
    """The version that stands: the figures that the caller may see, and the words unless they are held back.

    For a blind reader at the round's deadline, like every other: a school signs all of its own in one moment.
    """
    version = ctx.session.get(EvidenceVersion, row.evidence_version_id) if row.evidence_version_id else None
    if version is None:
        return None
    figures = {m: f if with_words else {**f, "source": ""} for m, f in version.figures.items() if m in seen}
    at = ctx.session.get_one(Round, row.round_id).collecting_due if is_blind else version.submitted_at
    return {"number": version.number, "digest": version.digest, "submitted_at": at,
            "figures": figures, "self_evaluation": version.self_evaluation if with_words else ""}  # fmt: skip


def _spread_alerts(ctx: Context, row: Review, scope: Scope, policy: Policy) -> list[dict[str, Any]]:
    """Where the experts lie too far apart, for those who may read their scores."""
    watched = any(m.supplier == "panel" and policy.panel_of(m).spread_alert is not None
                  for m in policy.measures.values())  # fmt: skip
    if not watched or not may_read(ctx.actor, Thing.PANEL_SCORES, scope, ctx.today):
        return []
    if panel_queries.has_to_score(ctx.session, row.id, ctx.person_id):
        return []  # how far apart the others lie is sealed like their scores
    scores = scoring_queries.panel_scores(ctx.session, [row.id]).get(row.id, {})
    return [{"measure": a.measure, "scores": a.scores, "spread": shortest(a.spread), "above": shortest(a.above)}
            for a in panel.alerts(policy, scores)]  # fmt: skip


def draft_view(ctx: Context, review_id: int) -> EvidenceDraft | None:
    """The school's own draft; NotFound for everybody else, also for the offices: it is not handed in."""
    scope = scopes.of_review(ctx.session, review_id, acting=ctx.person_id)
    if not may(ctx.actor, FILLS_IN, scope, ctx.today):
        raise NotFound(Problem("not-found", "evidence", {"kind": "evidence_draft", "id": review_id}))
    return ctx.session.get(EvidenceDraft, review_id)


def review_row(ctx: Context, review_id: int) -> Review:
    """A review by its number, as it is now; NotFound."""
    row = ctx.session.get(Review, review_id)
    if row is None:
        raise NotFound(Problem("not-found", "review", {"kind": "review", "id": review_id}))
    return row
