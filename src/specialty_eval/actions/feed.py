"""Reads: the change feed, complete also when transactions commit out of order, a snapshot to begin it with, timelines.

What is offered to a follower is the retained log: what was sealed more than so long ago is on record, and not offered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.errors import Gone, Invalid, NotFound, Problem
from specialty_eval.engine.event_kinds import KINDS, NEEDING, TO_A_COUNTY, kinds_of, unknown_kinds
from specialty_eval.engine.permissions import READ, TOLD_AS_SCHOOL, Kind, Reach, Role, Thing, reach
from specialty_eval.store import feed_queries, scopes
from specialty_eval.store.feed_queries import BEGINNING, EVER, Log, Place
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import Publication
from specialty_eval.store.registry import School, Specialty

from .context import Context
from .paging import cursor_of, key_of, question


@dataclass(frozen=True, slots=True)
class Asked:
    """Which kinds (`review.confirm`, `review.*`; none: all), from where on; what was sealed before is left out.

    A cursor is good for the kinds it was given for: with others, what lies before it would be missing unseen.
    """

    types: tuple[str, ...] = ()
    after: str | None = None
    offered_since: datetime = EVER

    def __post_init__(self) -> None:
        """Invalid for a kind there is none of."""
        if unknown := unknown_kinds(self.types):
            raise Invalid(
                *(Problem("event-kind-unknown", "types", {"value": v, "known": sorted(KINDS)}) for v in unknown)
            )

    @property
    def mark(self) -> str:
        """What tells this question from others."""
        return question("events", *sorted(set(self.types)))

    def place(self) -> Place | None:
        """Where to begin; None at the beginning of what is offered. Invalid for a cursor of another question."""
        if self.after is None:
            return None
        key = key_of(self.after, self.mark)
        if len(key) != 2 or not all(type(part) is int and 0 <= part < 2**63 for part in key):
            raise Invalid(Problem("cursor-unknown", "after", {"value": self.after[:100]}))
        return Place(*key)

    def cursor(self, place: Place) -> str:
        """The cursor behind an event."""
        return cursor_of((place.transaction, place.seq), self.mark)

    def behind_each(self, rows: Sequence[sa.Row[Any]]) -> list[str]:
        """The cursors behind these events."""
        mark = self.mark
        return [cursor_of((row.transaction, row.seq), mark) for row in rows]


@dataclass(frozen=True, slots=True)
class Found:
    """Events as rows of `feed_queries.TOLD`, whether there are more now, and how far this is."""

    rows: Sequence[sa.Row[Any]]
    is_more: bool
    place: Place


def read(ctx: Context, asked: Asked, limit: int) -> Found:
    """Events the caller may see after the cursor, in the order (transaction, seq).

    Only what no running transaction can still precede is shown: who follows the cursor misses nothing. At the end the
    place is the end of the log, whoever may see its last events. Gone when the cursor is behind what is offered.
    """
    begin, log = _stand(ctx, asked)
    return _between(ctx, asked.types, begin, log.end, limit)


def read_on(ctx: Context, types: tuple[str, ...], place: Place, limit: int) -> Found:
    """The same behind a place that is not a caller's word but on record."""
    return _between(ctx, types, place, end(ctx), limit)


def _between(ctx: Context, types: tuple[str, ...], begin: Place, log_end: Place, limit: int) -> Found:
    rows = feed_queries.behind(ctx.session, visible(ctx), _kinds(types), (begin, log_end), limit + 1)
    if len(rows) > limit:
        last = rows[limit - 1]
        return Found(rows[:limit], True, Place(last.transaction, last.seq))
    return Found(rows, False, max(begin, log_end))


def _stand(ctx: Context, asked: Asked) -> tuple[Place, Log]:
    """Where reading begins, and the log; its end is known before anything is read, so nothing slips in between."""
    place = asked.place()
    log = feed_queries.log(ctx.session, place or BEGINNING, asked.offered_since)
    if place is None:
        return Place(log.dropped, 2**63 - 1), log
    if not log.has_it:
        raise Gone(Problem("cursor-of-another-log", "after"))
    if log.is_cut:
        raise Gone(Problem("cursor-too-old", "after", {"since": asked.offered_since.date().isoformat()}))
    return place, log


def _kinds(types: tuple[str, ...]) -> list[str]:
    """The kinds that are asked for; none where any is."""
    return sorted(kinds_of(types)) if types else []


def end(ctx: Context) -> Place:
    """Behind the last event that no running transaction can still precede."""
    return feed_queries.end(ctx.session)


def source(ctx: Context) -> str:
    """What this log is called outside."""
    return feed_queries.source(ctx.session)


def seen(ctx: Context, seq: int, *, beside: sa.ColumnElement[bool] | None = None) -> sa.Row[Any] | None:
    """An event, if the caller may see it now, or it is let through `beside`."""
    rule = visible(ctx) if beside is None else sa.or_(visible(ctx), beside)
    found: sa.Row[Any] | None = ctx.session.execute(
        sa.select(*feed_queries.TOLD).where(Event.seq == seq, rule)
    ).one_or_none()
    return found


def one(ctx: Context, seq: int) -> sa.Row[Any]:
    """One event that the caller may see."""
    row = seen(ctx, seq)
    if row is None:
        raise NotFound(Problem("not-found", "seq", {"kind": "event", "id": seq}))
    return row


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The states of a page of subjects as of a place of the log, the page after it, and from where to follow."""

    rows: Sequence[sa.Row[Any]]
    next: str | None
    follow: str


def snapshot(ctx: Context, asked: Asked, limit: int) -> Snapshot:
    """The last change of state of each subject among the events the caller may see, page by page as of one place.

    Whoever reads all pages and follows from `follow` knows what whoever read the whole log knows.
    """
    of_pages = question("snapshot", asked.mark)
    key = None if asked.after is None else key_of(asked.after, of_pages)
    if key is not None and [type(part) for part in key] != [int, int, str, int]:
        raise Invalid(Problem("cursor-unknown", "after"))
    place = end(ctx) if key is None else Place(*key[:2])
    after = ("", 0) if key is None else (key[2], key[3])
    rows = feed_queries.states(ctx.session, visible(ctx), _kinds(asked.types), place, after, limit + 1)
    shown, cursor = rows[:limit], None
    if len(rows) > limit:
        last = shown[-1]
        cursor = cursor_of((place.transaction, place.seq, last.subject_kind, last.subject_id), of_pages)
    return Snapshot(shown, cursor, asked.cursor(place))


def visible(ctx: Context) -> sa.ColumnElement[bool]:
    """Public events for everybody; the school's and the offices' within reach of the caller's roles now.

    A city's office is told what the offices are told of what it may read; a county what the school is told, and of the
    days that are its own.
    """
    near = reach(ctx.actor, READ[Thing.EVENTS], ctx.today)
    schools = [int(s) for s in reach(ctx.actor, TOLD_AS_SCHOOL, ctx.today).schools]
    own = sa.exists().where(Specialty.id == Event.specialty_id, School.id == Specialty.school_id)
    # Said twice that there is one: PostgreSQL looks at each event's own and does not read every specialty first.
    own = own.where(Event.specialty_id.is_not(None))
    known = own.where(sa.not_(scopes.recused_from_specialty(ctx.person_id, Event.round_id)))
    is_office = Event.audience.in_(("school", "office"))
    rules = [Event.audience == "public", *_of_applications(ctx, near, schools), *_of_own_days(ctx, known)]
    # Where somebody reaches nothing there is no rule: each costs something for every event.
    if schools:
        rules.append(sa.and_(Event.audience == "school", own.where(School.id.in_(schools))))
    if near.cities:
        city = known.where(School.city_code.in_(near.cities))
        no_specialty = sa.and_(Event.specialty_id.is_(None), ~feed_queries.is_application())
        whole_city = sa.and_(no_specialty, feed_queries.city_of_event().in_(near.cities))
        rules.append(sa.and_(is_office, sa.or_(city, whole_city), *_kept_back(ctx, near)))
    if near.counties:
        county = known.where(School.jurisdiction_code.in_(near.counties), School.run_by != "city")
        told = sa.or_(Event.audience == "school", feed_queries.tells(TO_A_COUNTY))
        rules.append(sa.and_(is_office, county, told))
    return sa.or_(*rules)


def _of_applications(ctx: Context, near: Reach, schools: Sequence[int]) -> list[sa.ColumnElement[bool]]:
    """Of an application to open: what its school is told, and its county; the offices all, but for the recused."""
    told, of = Event.audience == "school", feed_queries.of_application
    recused = scopes.recused_from_application(ctx.person_id)
    rules = []
    if schools:
        rules.append(sa.and_(told, of(School.id.in_(schools))))
    if near.counties:
        county = of(School.jurisdiction_code.in_(near.counties), School.run_by != "city", ~recused)
        rules.append(sa.and_(told, county))
    if near.cities:
        rules.append(sa.and_(Event.audience.in_(("school", "office")), of(School.city_code.in_(near.cities), ~recused)))
    return rules


def _of_own_days(ctx: Context, known: sa.Exists) -> list[sa.ColumnElement[bool]]:
    """Of the days that they have to keep: an expert of each that is theirs to score, whoever is named for a visit of
    that, who sits on an appeal's panel of its answer, a chair of the committee's; in office there, not recused.
    """
    if ctx.person_id is None:
        return []
    cities: dict[Role, list[str]] = {}
    for grant in ctx.actor.grants:
        if grant.kind == Kind.BUREAU and grant.holds(ctx.today):
            cities.setdefault(grant.role, []).append(grant.jurisdiction)
    rules = [
        sa.and_(Event.kind == kind, sa.exists().where(own), known.where(School.city_code.in_(cities[role])))
        for role, kind, own in feed_queries.own_days(ctx.person_id)
        if role in cities
    ]
    return [*rules, _of_the_chair(ctx, known, cities[Role.CHAIR])] if Role.CHAIR in cities else rules


def _of_the_chair(ctx: Context, known: sa.Exists, cities: Sequence[str]) -> sa.ColumnElement[bool]:
    """Of the days that are the chair's: to deliberate on a round, to decide on a closing or an application."""
    here = School.city_code.in_(cities)
    new = feed_queries.of_application(here, ~scopes.recused_from_application(ctx.person_id))
    about = {
        "round.remind": feed_queries.city_of_event().in_(cities),
        "closing.remind": known.where(here),
        "application.remind": sa.or_(known.where(here), new),
    }
    its = sa.or_(*(sa.and_(Event.kind == kind, rule) for kind, rule in about.items()))
    return sa.and_(Event.facts["whose"].astext == Role.CHAIR.value, its)


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
