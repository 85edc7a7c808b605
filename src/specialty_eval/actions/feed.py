"""Reads: the change feed, complete also when transactions commit out of order, and a subject's timeline."""

from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.permissions import READ, Thing, reach
from specialty_eval.store import feed_queries, ledger, scopes
from specialty_eval.store.ledger import Event
from specialty_eval.store.registry import School, Specialty

from .context import Context
from .paging import Page


def read(ctx: Context, page: Page, kinds: list[str]) -> tuple[list[dict[str, Any]], str | None, str | None]:
    """Events the caller may see after the cursor, the next page's cursor, and where to go on once there is more.

    The order is (transaction, seq), and only what no running transaction can still precede is shown: who follows the
    cursor misses nothing. The last cursor stays good when the page is empty.
    """
    query = sa.select(Event).where(ledger.is_settled(), visible(ctx))
    if kinds:
        query = query.where(Event.kind.in_(kinds))
    rows = list(ctx.session.scalars(page.within(query, Event.transaction, Event.seq)))
    shown, cursor = page.cut(rows, lambda row: (row.transaction, row.seq))
    resume = page.resume(shown, lambda row: (row.transaction, row.seq))
    return [event_view(row) for row in shown], cursor, resume


def visible(ctx: Context) -> sa.ColumnElement[bool]:
    """Public events for everybody; the school's and the offices' within reach of the caller's roles now."""
    near = reach(ctx.actor, READ[Thing.EVENTS], ctx.today)
    own = sa.exists().where(Specialty.id == Event.specialty_id, School.id == Specialty.school_id)
    offices = own.where(
        sa.or_(
            School.city_code.in_(near.cities),
            sa.and_(School.jurisdiction_code.in_(near.counties), School.run_by != "city"),
        ),
        sa.not_(scopes.recused_from_specialty(ctx.person_id, Event.round_id)),
    )
    whole_city = sa.and_(Event.specialty_id.is_(None), feed_queries.city_of_event().in_(near.cities))
    return sa.or_(
        Event.audience == "public",
        sa.and_(Event.audience == "school", own.where(School.id.in_([int(s) for s in near.schools]))),
        sa.and_(Event.audience.in_(("school", "office")), sa.or_(offices, whole_city)),
    )


def of_review(ctx: Context, review_id: int) -> list[dict[str, Any]]:
    """A review's timeline for those who may read its evidence, as far as each event's audience reaches."""
    scope = scopes.of_review(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.EVENTS, scope, where="events")
    query = sa.select(Event).where(Event.subject_kind == "review", Event.subject_id == review_id, visible(ctx))
    return [event_view(row) for row in ctx.session.scalars(query.order_by(Event.seq))]


def event_view(row: Event) -> dict[str, Any]:
    """An event as its audience reads it: people stand as numbers."""
    return {
        "seq": row.seq, "at": row.at, "kind": row.kind, "subject": {"kind": row.subject_kind, "id": row.subject_id},
        "specialty_id": row.specialty_id, "round_id": row.round_id, "from": row.source, "to": row.target,
        "actor": {"person": row.actor_person_id, "key": row.actor_key_id}, "acting_for": row.acting_for_id,
        "reason": row.reason, "audience": row.audience, "facts": row.facts,
    }  # fmt: skip
