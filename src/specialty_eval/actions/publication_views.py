"""A publication as people read it: what it lists, with the policy's words for ratings and reasons, and its errata.

No figure stands in it, so none that is restricted can: a reason's code says which rule, not by how much.
"""

from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.policy import Policy, Rating
from specialty_eval.store import cycles, publications_queries
from specialty_eval.store.outcomes import Erratum, Publication, PublicationEntry
from specialty_eval.store.publications_queries import Line, reason_labels

from .context import Context
from .paging import Page


def header(row: Publication) -> dict[str, Any]:
    """A list without its entries."""
    return {
        "id": row.id, "round_id": row.round_id, "number": row.number, "edition": row.edition, "state": row.state,
        "digest": row.digest, "counts": row.counts, "drafted_at": row.drafted_at, "approved_at": row.approved_at,
        "opened_at": row.opened_at, "closes_at": row.closes_at, "seal_head": row.seal_head,
    }  # fmt: skip


def entries(ctx: Context, row: Publication, page: Page) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the list's entries, in the order in which they were frozen: by code."""
    policy = cycles.policy_of(ctx.session, cycles.round_of(ctx.session, row.round_id).policy_id)
    found = ctx.session.execute(page.within(publications_queries.lines(row), PublicationEntry.id))
    shown, cursor = page.cut([Line(*list(line)) for line in found], lambda line: (line.id,))
    return [_entry(policy, line) for line in shown], cursor


def _entry(policy: Policy, line: Line) -> dict[str, Any]:
    labels = reason_labels(policy)
    by_decision = line.rating != line.computed
    return {
        "review_id": line.review_id, "code": line.code, "specialty": line.specialty, "school": line.school,
        "county": line.county, "level": line.level, "class": line.class_code, "class_name": line.class_name,
        "rating": line.rating, "label": policy.rating.labels.get(Rating(line.rating), {}),
        "reasons": [{"code": code, "label": labels.get(code, {})} for code in line.reasons],
        "by_decision": by_decision, "computed": line.computed if by_decision else line.rating,
        "decision_reason": line.decision_reason if by_decision else "",
    }  # fmt: skip


def errata(ctx: Context, row: Publication) -> list[dict[str, Any]]:
    """What was set right, in order."""
    found = ctx.session.scalars(sa.select(Erratum).where(Erratum.publication_id == row.id).order_by(Erratum.id))
    return [{"id": e.id, "review_id": e.review_id, "text": e.text, "made_at": e.made_at} for e in found]
