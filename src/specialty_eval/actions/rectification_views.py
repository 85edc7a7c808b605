"""Reads: rectifications as their school, the offices and the committee see them."""

from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.permissions import READ, Thing, reach
from specialty_eval.store import rectification_queries, registry, scopes
from specialty_eval.store.closings import ClosingProposal
from specialty_eval.store.outcomes import Rectification

from .context import LOCAL, Context
from .paging import Page


def view(ctx: Context, row: Rectification) -> dict[str, Any]:
    """A rectification with every plan and report handed in and, where it came to that, the proposal to close."""
    reports = rectification_queries.proofs_of(ctx.session, row.id)
    proposal = ctx.session.scalar(sa.select(ClosingProposal.id).where(ClosingProposal.rectification_id == row.id))
    return {
        **header(row),
        "plan": row.plan,
        "findings": row.findings,
        "passed_on": row.passed_on,
        "closing_proposal_id": proposal,
        "milestones": [
            {"code": m.code, "text": m.text, "due": m.due, "proof": m.proof, "attachment_id": m.attachment_id,
             "proved_at": m.proved_at, "late": m.proved_at is None and m.due < ctx.today,
             "reports": [{"number": r.number, "words": r.words, "attachment_id": r.attachment_id,
                          "given_at": r.given_at} for r in reports if r.code == m.code]}
            for m in rectification_queries.milestones_of(ctx.session, row.id)
        ],
        "plans": [
            {"number": p.number, "plan": p.plan, "milestones": p.milestones, "handed_in_at": p.handed_in_at}
            for p in rectification_queries.plans_of(ctx.session, row.id)
        ],
    }  # fmt: skip


def header(row: Rectification) -> dict[str, Any]:
    """A rectification in a list."""
    return {
        "id": row.id, "review_id": row.review_id, "rating": row.rating, "state": row.state,
        "plan_due": last_local_day(row.plan_due, LOCAL), "recheck_from": row.recheck_from, "failures": row.failures,
    }  # fmt: skip


def listing(
    ctx: Context, page: Page, *, state: str | None = None, code: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """The rectifications within the caller's reach, in order of id; none that the caller is recused from."""
    near = reach(ctx.actor, READ[Thing.RECTIFICATIONS], ctx.today)
    mine = scopes.told_of(ctx.person_id, near.schools)
    query = rectification_queries.listed().where(registry.within(near), mine)
    if state is not None:
        query = query.where(Rectification.state == state)
    if code is not None:
        query = query.where(Rectification.specialty_id == registry.id_of(ctx.session, code))
    rows = ctx.session.execute(page.within(query, Rectification.id)).all()
    shown, cursor = page.cut(rows, lambda row: (row[0].id,))
    return [{**header(row), "code": c, "county": county, "school": school} for row, c, county, school in shown], cursor
