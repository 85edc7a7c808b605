"""Visits of a school for a review: who is named for one, withdrawn from it, and what they report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa

from specialty_eval.engine import site_visits
from specialty_eval.engine.calendar import end_of, last_local_day
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.permissions import READ, Grant, Kind, Role, Scope, Thing, at_office, may, reach
from specialty_eval.engine.requirements import extension_problems
from specialty_eval.engine.site_visits import NAMES, OPEN_IN, REPORTS, Named, VisitFacts
from specialty_eval.store import cycles, in_office, scopes, site_visit_queries
from specialty_eval.store.registry import School
from specialty_eval.store.reviews import Review
from specialty_eval.store.site_visit_queries import Visiting
from specialty_eval.store.site_visits import SiteVisitor, SiteVisitReport

from . import visit_days
from .context import LOCAL, Context, Note, Possible
from .paging import Page


def name(ctx: Context, review_id: int, people: Sequence[int]) -> list[SiteVisitor]:
    """Name people to visit the school for a review (secretary): from then on they see its evidence and may report.

    They have the days that the policy gives experts. Invalid with everybody who is no site visitor in the city, is
    named already, has an interest, or scores the review without learning whose it is.
    """
    asked = _asked(ctx, review_id, people)
    _refuse(asked.closed, asked.unfit)
    return _named_for(ctx, asked)


def name_all(ctx: Context, round_id: int, wanted: Mapping[int, Sequence[int]]) -> list[SiteVisitor]:
    """The same for several reviews of a round (review → people), each with its own event: all of them, or none with
    every reason of each.
    """
    every = [_asked(ctx, review_id, wanted[review_id]) for review_id in sorted(wanted)]
    for asked in every:
        if asked.row.round_id != round_id:
            told = {"kind": "review", "id": asked.row.id}
            raise NotFound(Problem("not-found", f"reviews.{asked.row.id}", told))
    _refuse(
        [_of(asked, problem) for asked in every for problem in asked.closed],
        [_of(asked, problem) for asked in every for problem in asked.unfit],
    )
    return [visitor for asked in every for visitor in _named_for(ctx, asked)]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A review that is to be visited, by whom, under which right; why it cannot be now, and who cannot."""

    row: Review
    people: Sequence[int]
    grant: Grant | None
    closed: Sequence[Problem]
    unfit: Sequence[Problem]


def _asked(ctx: Context, review_id: int, people: Sequence[int]) -> _Asked:
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    grant = ctx.permit(NAMES, scope, where="visitors")
    is_closed = Problem("step-not-open", "review", {"event": "name_visitors", "state": row.state})
    closed = [] if row.state in OPEN_IN else [is_closed]
    return _Asked(row, people, grant, closed, _unfit(ctx, row, scope, people))


def _of(asked: _Asked, problem: Problem) -> Problem:
    return replace(problem, where=f"reviews.{asked.row.id}.{problem.where}")


def _refuse(closed: Sequence[Problem], unfit: Sequence[Problem]) -> None:
    if closed:
        raise NotNow(*closed, *unfit)
    if unfit:
        raise Invalid(*unfit)


def _named_for(ctx: Context, asked: _Asked) -> list[SiteVisitor]:
    row = asked.row
    policy = cycles.policy_of(ctx.session, cycles.round_of(ctx.session, row.round_id).policy_id)
    due = ctx.calendar().due(ctx.now, policy.workflow.days["panel"], LOCAL)
    named = [SiteVisitor(review_id=row.id, person_id=person, due=due, named_at=ctx.now, named_by=ctx.person_id)
             for person in dict.fromkeys(asked.people)]  # fmt: skip
    ctx.session.add_all(named)
    told = {"visitors": len(named), "until": last_local_day(due, LOCAL).isoformat()}
    ctx.record("review.name_visitors", row, Note(told=told), grant=asked.grant)
    return named


def _unfit(ctx: Context, row: Review, scope: Scope, people: Sequence[int]) -> list[Problem]:
    going = {v.person_id for v in site_visit_queries.visitors(ctx.session, row.id) if v.withdrawn_at is None}
    return site_visits.naming_problems(
        Named(
            set(people),
            in_office=in_office.at_bureau(ctx.session, Role.SITE_VISITOR, scope.city, ctx.today),
            named_before=going,
            recused=scopes.recused_people(ctx.session, people, row.id),
            blind_to_it=site_visit_queries.score_blind(ctx.session, row.id),
        )
    )


def withdraw(ctx: Context, visitor_id: int, reason: str) -> SiteVisitor:
    """Withdraw somebody named, with a reason (secretary): from then on they see nothing of it. Others may be named.

    What they reported stays on record; whoever is named in their place may correct it.
    """
    row, visitor, grant = _named(ctx, visitor_id)
    if not reason.strip():
        raise Invalid(Problem("reason-missing", "reason"))
    if visitor.withdrawn_at is not None:
        raise NotNow(Problem("visitor-withdrawn-already", "site_visitor"))
    visitor.withdrawn_at, visitor.withdrawn_by, visitor.withdrawn_reason = ctx.now, ctx.person_id, reason.strip()
    ctx.record("review.withdraw_visitor", row, Note(reason=reason.strip()), grant=grant)
    return ctx.saved(visitor)


def extend(ctx: Context, visitor_id: int, until: date, reason: str) -> SiteVisitor:
    """Give somebody named until the end of a later local day, with a reason (secretary); a day off moves to the next
    working day. A date that was told never moves earlier. Invalid with every reason.
    """
    row, visitor, grant = _named(ctx, visitor_id)
    due = end_of(ctx.calendar().next_working(until), LOCAL)
    if problems := extension_problems(ctx.now, due, visitor.due, reason, LOCAL):
        raise Invalid(*problems)
    if visitor.withdrawn_at is not None:
        raise NotNow(Problem("visitor-withdrawn-already", "site_visitor"))
    note = Note(reason=reason.strip(), round_id=row.round_id)
    if not visit_days.end_later(ctx, SiteVisitor.id == visitor_id, due, note, grant=grant, alone=visitor_id):
        raise NotNow(Problem("step-not-open", "review", {"event": "extend", "state": row.state}))
    return ctx.saved(visitor)


def _named(ctx: Context, visitor_id: int) -> tuple[Review, SiteVisitor, Grant | None]:
    """Somebody named, and the review, both locked, for the secretary alone; and under which right."""
    found = ctx.session.get(SiteVisitor, visitor_id)
    if found is None:
        raise NotFound(Problem("not-found", "site_visitor", {"kind": "site_visitor", "id": visitor_id}))
    row, scope = scopes.locked(ctx.session, found.review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.SITE_VISITS, scope, where="site_visitor")
    grant = ctx.permit(NAMES, scope, where="site_visitor")
    return row, ctx.locked(SiteVisitor, visitor_id), grant


# --- reporting -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """What is reported: what was found, on which day (None: today), and, to take the place of a version, which and why.

    The reason is also why the office reports in the visitors' place.
    """

    findings: str
    visited_on: date | None = None
    reason: str = ""
    corrects: int = 0


def report(ctx: Context, review_id: int, said: Said) -> SiteVisitReport:
    """What was found at the school: by somebody named for this review, or by the office once their days are over.

    After the first a report corrects the last one by its number, with a reason, before the review is decided and while
    nobody votes on it; every version is kept. Changed where another corrected it first.
    """
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    _permit(ctx, scope)
    facts = replace(
        _facts(ctx, row, scope), visited_on=said.visited_on or ctx.today, findings=said.findings,
        reason=said.reason, corrects=said.corrects,
    )  # fmt: skip
    if other := site_visits.corrects_another(facts):
        raise Changed(*other)
    wrong = site_visits.wrong_words(facts)
    if not_now := site_visits.not_now(facts):
        raise NotNow(*not_now, *wrong)
    if wrong:
        raise Invalid(*wrong)
    grant = ctx.permit(REPORTS, scope, where="site_visit")
    made = SiteVisitReport(review_id=review_id, number=facts.newest + 1, visited_on=facts.visited_on,
                           findings=said.findings, reason=said.reason.strip(), reported_at=ctx.now,
                           reported_by=ctx.person_id)  # fmt: skip
    told = {"version": made.number, "in_their_place": facts.in_their_place}
    ctx.session.add(made)
    ctx.record("review.visit", row, Note(audience="school", told=told), grant=grant)
    return made


def _permit(ctx: Context, scope: Scope) -> None:
    """A visitor's role alone is not enough: who is not named for this review is told so."""
    mine = replace(scope, visitors=frozenset({ctx.actor.person_id or ""}))
    ctx.permit(REPORTS, mine, where="site_visit")
    if not may(ctx.actor, REPORTS, scope, ctx.today):
        raise NotYou(Problem("not-named-to-visit", "site_visit"))


def _facts(ctx: Context, row: Review, scope: Scope) -> VisitFacts:
    """What reporting looks at, but for what is said with it."""
    is_named = may(ctx.actor, frozenset({Role.SITE_VISITOR}), scope, ctx.today)
    named = [v for v in site_visit_queries.visitors(ctx.session, row.id) if v.withdrawn_at is None]
    running = [v.due for v in named if v.due > ctx.settled]
    return VisitFacts(
        state=row.state,
        newest=site_visit_queries.newest(ctx.session, row.id),
        is_under_vote=site_visit_queries.is_under_vote(ctx.session, row.id),
        in_their_place=not is_named,
        are_named=bool(named),
        days_until=last_local_day(max(running), LOCAL) if running else None,
        earliest=date(cycles.round_of(ctx.session, row.round_id).evidence_year, 1, 1),
        today=ctx.today,
    )


def possible(ctx: Context, row: Review, scope: Scope) -> list[Possible]:
    """What the caller may do about the review's visit, while there is one to be made."""
    if row.state not in OPEN_IN:
        return []
    found = [Possible("name_visitors", sorted(NAMES), ())] if may(ctx.actor, NAMES, scope, ctx.today) else []
    if not may(ctx.actor, REPORTS, scope, ctx.today):
        return found
    facts = _facts(ctx, row, scope)
    if facts.are_named:
        against = site_visits.not_now(replace(facts, corrects=facts.newest))
        found.append(Possible("report_visit", sorted(REPORTS), tuple(against)))
    return found


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Visit:
    """Who was named for a review, and what was reported."""

    review_id: int
    visitors: Sequence[SiteVisitor]
    reports: Sequence[SiteVisitReport]
    is_for_the_office: bool
    """The caller may withdraw whoever is named."""


def of_review(ctx: Context, review_id: int) -> Visit:
    """A review's visit: all of it for the offices; for whoever is named, oneself and the reports. Else NotFound."""
    scope = scopes.of_review(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.SITE_VISITS, scope, where="site_visit")
    named = site_visit_queries.visitors(ctx.session, review_id)
    if not at_office(ctx.actor, READ[Thing.SITE_VISITS], replace(scope, visitors=frozenset()), ctx.today):
        named = [v for v in named if v.person_id == ctx.person_id]
    return Visit(review_id, named, site_visit_queries.reports(ctx.session, review_id),
                 may(ctx.actor, NAMES, scope, ctx.today))  # fmt: skip


def listing(
    ctx: Context, page: Page, *, round_id: int | None = None, review_id: int | None = None
) -> tuple[Sequence[Visiting], str | None]:
    """The newest first: what the caller is named to visit where they still are a site visitor; for the offices all of
    their city, withdrawn ones too. Without the reviews that the caller is recused from.
    """
    cities = [g.jurisdiction for g in ctx.actor.grants
              if g.role == Role.SITE_VISITOR and g.kind == Kind.BUREAU and g.holds(ctx.today)]  # fmt: skip
    mine = sa.and_(
        SiteVisitor.person_id == (ctx.person_id or 0), SiteVisitor.withdrawn_at.is_(None), School.city_code.in_(cities)
    )
    offices = reach(ctx.actor, READ[Thing.SITE_VISITS], ctx.today).cities
    asked_for = ((Review.round_id, round_id), (Review.id, review_id))
    query = site_visit_queries.named(ctx.person_id).where(
        sa.or_(mine, School.city_code.in_(offices)), sa.not_(scopes.recused(ctx.person_id)),
        *(column == value for column, value in asked_for if value is not None),
    )  # fmt: skip
    chosen = page.newest_first(query, SiteVisitor.id)
    return page.cut(site_visit_queries.visiting_of(ctx.session, chosen, ctx.person_id), lambda v: (-v.visitor.id,))


def may_withdraw(ctx: Context, visiting: Visiting) -> bool:
    """Whether the caller may withdraw whom this is about."""
    return visiting.visitor.withdrawn_at is None and may(ctx.actor, NAMES, visiting.scope, ctx.today)
