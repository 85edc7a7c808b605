"""Reads: the change feed, complete also when transactions commit out of order, and a subject's timeline."""

from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.errors import Invalid, Problem
from specialty_eval.engine.event_kinds import KINDS, NEEDING, TO_A_COUNTY
from specialty_eval.engine.permissions import READ, Reach, Thing, reach
from specialty_eval.store import feed_queries, ledger, scopes
from specialty_eval.store.applications import Application
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import Publication
from specialty_eval.store.registry import School, Specialty

from .context import Context
from .paging import Page


def read(ctx: Context, page: Page, kinds: list[str]) -> tuple[list[dict[str, Any]], str | None, str | None]:
    """Events the caller may see after the cursor, the next page's cursor, and where to go on once there is more.

    The order is (transaction, seq), and only what no running transaction can still precede is shown: who follows the
    cursor misses nothing. The last cursor stays good when the page is empty. Invalid for a kind there is none of.
    """
    if unknown := sorted(set(kinds) - KINDS):
        raise Invalid(*(Problem("event-kind-unknown", "types", {"value": v, "known": sorted(KINDS)}) for v in unknown))
    query = sa.select(Event).where(ledger.is_settled(), visible(ctx))
    if kinds:
        query = query.where(Event.kind.in_(kinds))
    rows = list(ctx.session.scalars(page.within(query, Event.transaction, Event.seq)))
    shown, cursor = page.cut(rows, lambda row: (row.transaction, row.seq))
    resume = page.resume(shown, lambda row: (row.transaction, row.seq))
    return [event_view(row) for row in shown], cursor, resume


def visible(ctx: Context) -> sa.ColumnElement[bool]:
    """Public events for everybody; the school's and the offices' within reach of the caller's roles now.

    A city's office is told what the offices are told of what it may read; a county what the school is told, and of the
    days that are its own.
    """
    near = reach(ctx.actor, READ[Thing.EVENTS], ctx.today)
    own = sa.exists().where(Specialty.id == Event.specialty_id, School.id == Specialty.school_id)
    known = own.where(sa.not_(scopes.recused_from_specialty(ctx.person_id, Event.round_id)))
    city = known.where(School.city_code.in_(near.cities))
    county = known.where(School.jurisdiction_code.in_(near.counties), School.run_by != "city")
    no_specialty = sa.and_(Event.specialty_id.is_(None), ~feed_queries.is_application())
    whole_city = sa.and_(no_specialty, feed_queries.city_of_event().in_(near.cities))
    is_office = Event.audience.in_(("school", "office"))
    return sa.or_(
        Event.audience == "public",
        sa.and_(Event.audience == "school", own.where(School.id.in_([int(s) for s in near.schools]))),
        *_of_applications(ctx, near),
        sa.and_(is_office, sa.or_(city, whole_city), *_kept_back(ctx, near)),
        sa.and_(is_office, county, sa.or_(Event.audience == "school", feed_queries.tells(TO_A_COUNTY))),
    )


def _of_applications(ctx: Context, near: Reach) -> list[sa.ColumnElement[bool]]:
    """Of an application to open: what its school is told, and its county; the offices all, but for the recused."""
    told, of = Event.audience == "school", feed_queries.of_application
    recused = sa.false() if ctx.person_id is None else scopes.employed(ctx.person_id, Application.partner)
    return [
        sa.and_(told, of(School.id.in_([int(s) for s in near.schools]))),
        sa.and_(told, of(School.jurisdiction_code.in_(near.counties), School.run_by != "city", ~recused)),
        sa.and_(Event.audience.in_(("school", "office")), of(School.city_code.in_(near.cities), ~recused)),
    ]


def _kept_back(ctx: Context, near: Reach) -> list[sa.ColumnElement[bool]]:
    """What an event that offices alone are told must be besides, for this caller: not of what they may not read, and
    of no list with a review that they are recused from.
    """
    further: list[sa.ColumnElement[bool]] = []
    for thing, kinds in NEEDING.items():
        cities = reach(ctx.actor, READ[Thing.EVENTS] & READ[thing], ctx.today).cities
        if cities != near.cities:
            further.append(sa.or_(Event.kind.not_in(kinds), feed_queries.city_told().in_(cities)))
    if ctx.person_id is not None and near.cities:
        further.append(
            sa.or_(Event.subject_kind != Publication.__tablename__, ~scopes.recused_from_list(ctx.person_id))
        )
    return [sa.or_(Event.audience != "office", rule) for rule in further]


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
