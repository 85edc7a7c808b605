"""Publication: a list frozen by one person, approved by another as the same list, in publicity for its days."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine import cycle, publicity, review
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.cycle import RoundEvent, RoundFacts, RoundState
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.permissions import Scope, Thing, may, may_read
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.publicity import PUBLICATION, ListEvent, ListFacts
from specialty_eval.engine.review_checks import SheetBasis
from specialty_eval.engine.roles import PUBLISHERS, Role, roles
from specialty_eval.store import bulk, cycles, publications_queries, review_queries, scopes, sheet_basis
from specialty_eval.store.cycles import Round
from specialty_eval.store.outcomes import Erratum, Publication, PublicationEntry
from specialty_eval.store.publications_queries import OUT, Candidate
from specialty_eval.store.reviews import Review

from . import seals
from .context import LOCAL, Context, Note, Possible, entitled

DRAFTS = roles(*PUBLISHERS)


def _place(ctx: Context, round_id: int) -> tuple[Scope, Policy]:
    made = cycles.round_of(ctx.session, round_id)
    return Scope(city=made.city), cycles.policy_of(ctx.session, made.policy_id)


def draft(ctx: Context, round_id: int, reviews: Sequence[int] | None = None) -> Publication:
    """Freeze a list with its counts and digest: these reviews, or all previewed ones the caller is not recused from.

    Who drafts is the first of two people. Invalid with every review that cannot be on it.
    """
    row = ctx.locked(Round, round_id, where="round")
    scope, _ = _place(ctx, round_id)
    grant = ctx.permit(DRAFTS, scope, where="publication")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "publication"))
    chosen = _chosen(ctx, round_id, reviews)
    newest = sa.select(sa.func.max(Publication.number)).where(Publication.round_id == row.id)
    number = (ctx.session.scalar(newest) or 0) + 1
    lines = _frozen(ctx, round_id, chosen, None)
    made = ctx.saved(
        Publication(
            round_id=round_id,
            number=number,
            edition=1,
            state=PUBLICATION.start.value,
            digest=_digest(round_id, number, 1, lines),
            counts=_counts(lines),
            drafted_by=ctx.person_id,
            drafted_at=ctx.now,
            version=1,
            updated_at=ctx.now,
        )
    )
    _write(ctx, made, lines)
    told = {"entries": len(lines), "digest": made.digest}
    ctx.record("publication.draft", made, Note(told=told), grant=grant)
    return made


def _chosen(ctx: Context, round_id: int, reviews: Sequence[int] | None) -> list[int]:
    wanted = (
        review_queries.ids_in(ctx.session, round_id, [review.State.PREVIEWED.value]) if reviews is None else reviews
    )
    recused = scopes.recused_from(ctx.session, ctx.person_id, wanted)
    if reviews is None:
        known = publications_queries.candidates(ctx.session, wanted)
        return [key for key in wanted if key not in recused and known[key].on_list is None]
    if recused:
        raise NotYou(*(Problem("recused", f"reviews.{key}") for key in sorted(recused)))
    return list(dict.fromkeys(reviews))


def _frozen(ctx: Context, round_id: int, reviews: Sequence[int], own_list: int | None) -> list[Candidate]:
    """The lines to freeze, locked and in the order of the codes; Invalid with everything that is in the way."""
    ctx.lock_all(Review, reviews)
    found = publications_queries.candidates(ctx.session, reviews)
    problems = [] if reviews else [Problem("list-empty", "entries")]
    for key in reviews:
        where, line = f"reviews.{key}", found.get(key)
        if line is None or line.round_id != round_id:
            problems.append(Problem("not-found", where, {"kind": "review", "id": key}))
            continue
        if line.state != review.State.PREVIEWED:
            problems.append(Problem("review-not-previewed", where, {"state": line.state}))
        if line.item_void:
            problems.append(Problem("decision-void", where))
        if line.on_list not in {None, own_list}:
            problems.append(Problem("on-another-list", where, {"publication": line.on_list}))
    if problems:
        raise Invalid(*problems)
    return list(found.values())


def _counts(lines: Iterable[Candidate]) -> dict[str, int]:
    return publicity.counts(str(line.rating) for line in lines)


def _digest(round_id: int, number: int, edition: int, lines: Sequence[Candidate]) -> str:
    return publicity.digest(round_id, number, edition, [line.line for line in lines])


def _write(ctx: Context, made: Publication, lines: Sequence[Candidate]) -> None:
    rows = [
        {"publication_id": made.id, "edition": made.edition, "review_id": line.review_id, "rating": line.rating,
         "reasons": list(line.reasons), "decision_id": line.decision_id, "line": line.line}
        for line in lines
    ]  # fmt: skip
    bulk.insert_all(ctx.session, PublicationEntry, rows)


def _held(
    ctx: Context, publication_id: int, version: int | None = None
) -> tuple[Publication, Scope, Policy, list[int]]:
    """Round, reviews and publication, locked in that order; the reviews on its present edition."""
    seen = ctx.session.get(Publication, publication_id)
    if seen is None:
        raise NotFound(Problem("not-found", "publication", {"kind": "publication", "id": publication_id}))
    scope, policy = _place(ctx, seen.round_id)
    if seen.state not in OUT:
        ctx.permit_read(Thing.DRAFT_LISTS, scope, where="publication")
    ctx.locked(Round, seen.round_id)
    reviews = list(publications_queries.listed(ctx.session, seen))
    ctx.lock_all(Review, reviews)
    row = ctx.locked(Publication, publication_id, version=version)
    if row.edition != seen.edition:  # frozen anew between the two reads: its reviews are others now
        raise NotNow(Problem("changed-meanwhile", "publication", {"id": publication_id}))
    if recused := scopes.recused_from(ctx.session, ctx.person_id, reviews):
        raise NotYou(*(Problem("recused", f"reviews.{key}") for key in sorted(recused)))
    return row, scope, policy, reviews


def _stale(ctx: Context, row: Publication) -> tuple[str, ...]:
    """Reviews that are no longer as the list says: elsewhere, decided anew, or decided by an item that is void."""
    frozen = publications_queries.listed(ctx.session, row)
    now = publications_queries.candidates(ctx.session, list(frozen))
    return tuple(
        str(key) for key, decision in frozen.items()
        if now[key].state != review.State.PREVIEWED or now[key].decision_id != decision or now[key].item_void
    )  # fmt: skip


def _outdated(ctx: Context, reviews: Sequence[int]) -> tuple[tuple[str, SheetBasis], ...]:
    found = sheet_basis.of_reviews(ctx.session, reviews)
    return tuple((str(key), found[key]) for key in reviews if not found[key].are_the_same)


def redraft(
    ctx: Context,
    publication_id: int,
    reason: str,
    reviews: Sequence[int] | None = None,
    *,
    version: int | None = None,
) -> Publication:
    """Freeze the list anew as its next edition, with a reason: these reviews, or what is still previewed of the old."""
    row, scope, _, before = _held(ctx, publication_id)
    facts = ListFacts(reason=reason)
    ctx.permit(entitled(PUBLICATION, row.state, ListEvent.REDRAFT), scope, where="publication")
    ctx.check_version(row, version)
    if problems := PUBLICATION.objections(row.state, ListEvent.REDRAFT, facts):
        raise NotNow(*problems)
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "publication"))
    stale = set(_stale(ctx, row))
    kept = [key for key in before if str(key) not in stale] if reviews is None else list(dict.fromkeys(reviews))
    if recused := scopes.recused_from(ctx.session, ctx.person_id, kept):
        raise NotYou(*(Problem("recused", f"reviews.{key}") for key in sorted(recused)))
    lines = _frozen(ctx, row.round_id, kept, row.id)
    edition = row.edition + 1
    changes = {"edition": edition, "digest": _digest(row.round_id, row.number, edition, lines),
               "counts": _counts(lines), "drafted_by": ctx.person_id, "drafted_at": ctx.now, "approved_by": None,
               "approved_at": None}  # fmt: skip
    ctx.advance(PUBLICATION, row, ListEvent.REDRAFT, facts, scope, note=Note(reason=reason), changes=changes)
    _write(ctx, row, lines)
    return row


def approve(ctx: Context, publication_id: int, digest: str, *, version: int | None = None) -> Publication:
    """The second person approves the very list the first one froze: the digest says which."""
    row, scope, policy, reviews = _held(ctx, publication_id, version)
    facts = replace(
        _two(ctx, row, scope, policy),
        digest=row.digest,
        digest_seen=digest,
        entries=len(reviews),
        stale=_stale(ctx, row),
        outdated=_outdated(ctx, reviews),
    )
    changes = {"approved_by": ctx.person_id, "approved_at": ctx.now}
    note = Note(told={"digest": row.digest})
    ctx.advance(PUBLICATION, row, ListEvent.APPROVE, facts, scope, note=note, changes=changes)
    return row


def _two(ctx: Context, row: Publication, scope: Scope, policy: Policy) -> ListFacts:
    """Who drafted the list and who would approve it, and what they hold of the two roles that the policy names."""
    named = policy.workflow.two_people
    drafted_on = row.drafted_at.astimezone(LOCAL).date()
    return ListFacts(
        first_person=str(row.drafted_by),
        second_person=ctx.actor.person_id or "",
        two_roles=named,
        first_roles=publications_queries.roles_held(ctx.session, row.drafted_by, scope.city, drafted_on),
        second_roles=frozenset(r for r in named if may(ctx.actor, roles(Role(r)), scope, ctx.today)),
    )


def open_publicity(ctx: Context, publication_id: int, *, version: int | None = None) -> Publication:
    """Publicise: events are sealed, the list goes out with the seal's head, its reviews with it; the days begin.

    NotNow with every entry that is stale, every school that was not served first, and each whose days with the
    decision are not over.
    """
    row, scope, policy, reviews = _held(ctx, publication_id, version)
    facts = replace(_shown(ctx, policy, reviews), stale=_stale(ctx, row), outdated=_outdated(ctx, reviews))
    closes_at = ctx.calendar().due(ctx.now, policy.workflow.days["publicity"], LOCAL)
    seals.seal(ctx.as_system())
    head = publications_queries.seal_head(ctx.session)
    note = Note(audience="public", told={"digest": row.digest, "seal_head": head, "entries": len(reviews)})
    changes: dict[str, Any] = {"opened_at": ctx.now, "closes_at": closes_at, "seal_head": head}
    ctx.advance(PUBLICATION, row, ListEvent.OPEN, facts, scope, note=note, changes=changes)
    of_reviews = review.Facts(
        served=True, list_frozen=True, list_approved_by_another=row.approved_by != row.drafted_by,
        basis=SheetBasis((), ()),  # the list's own check looked at each
    )  # fmt: skip
    ctx.advance_many(
        review.WORKFLOW, Review, review.Event.PUBLICISE, reviews, scope, facts=dict.fromkeys(reviews, of_reviews),
        note=Note(audience="public", told={"publication": row.id}),
    )  # fmt: skip
    made = ctx.session.get_one(Round, row.round_id)
    if made.state not in {RoundState.PUBLICISED, *cycle.ROUND_ENDED}:  # an appeal's rating may come after its round
        first = RoundFacts(lists_published=1)
        ctx.advance(cycle.ROUND, made, RoundEvent.PUBLICISE, first, scope, note=Note(audience="public"))
    return row


def _shown(ctx: Context, policy: Policy, reviews: Sequence[int]) -> ListFacts:
    """Which schools were not served yet, and which were but still have the decision to themselves."""
    deemed, calendar = policy.workflow.days["deemed_served"], ctx.calendar()
    services = publications_queries.services(ctx.session, reviews)
    unserved = [key for key in reviews if services[key].served_at(calendar, deemed, LOCAL, ctx.now) is None]
    running = {key: due for key in sorted(set(reviews) - set(unserved))
               if (due := services[key].preview_due) is not None and due > ctx.now}  # fmt: skip
    return ListFacts(
        unserved=tuple(map(str, unserved)),
        previewing=tuple((str(key), last_local_day(due, LOCAL)) for key, due in running.items()),
    )


def close(ctx: Context, publication_id: int, *, version: int | None = None) -> Publication:
    """The days are over: the list is closed, by the clock or the secretary. Its ratings may be confirmed."""
    row = ctx.locked(Publication, publication_id, version=version, where="publication")
    scope, _ = _place(ctx, row.round_id)
    ctx.advance(PUBLICATION, row, ListEvent.CLOSE, _days(ctx, row), scope, note=Note(audience="public"))
    return row


def _days(ctx: Context, row: Publication) -> ListFacts:
    due: datetime | None = row.closes_at
    return ListFacts(
        publicity_over=due is not None and ctx.settled >= due,
        due=None if due is None else last_local_day(due, LOCAL),
    )


def erratum(ctx: Context, publication_id: int, text: str, review_id: int | None = None) -> Erratum:
    """Set right a slip of the pen in a list that is out; no state and no rating changes by it.

    NotYou for a review that the caller is recused from, and where none is named for a list with such a one.
    """
    row = ctx.locked(Publication, publication_id, where="publication")
    scope, _ = _place(ctx, row.round_id)
    grant = ctx.permit(roles(Role.SECRETARY), scope, where="publication")
    about = list(publications_queries.listed(ctx.session, row)) if review_id is None else [review_id]
    if recused := scopes.recused_from(ctx.session, ctx.person_id, about):
        raise NotYou(*(Problem("recused", f"reviews.{key}") for key in sorted(recused)))
    problems = [] if text.strip() else [Problem("erratum-empty", "text")]
    if review_id is not None and publications_queries.entry_of(ctx.session, row, review_id) is None:
        problems.append(Problem("not-on-the-list", f"reviews.{review_id}"))
    if problems:
        raise Invalid(*problems)
    if row.state not in OUT:
        raise NotNow(Problem("not-in-publicity", "publication"))
    made = ctx.saved(
        Erratum(publication_id=row.id, review_id=review_id, text=text.strip(), made_at=ctx.now, made_by=ctx.person_id)
    )
    ctx.record("publication.erratum", row, Note(audience="public", told={"erratum": made.id}), grant=grant)
    return made


# --- reading ---


def read(ctx: Context, publication_id: int) -> Publication:
    """A list: public once it is out, before that for those who may see drafts."""
    row = ctx.session.get(Publication, publication_id)
    if row is None:
        raise NotFound(Problem("not-found", "publication", {"kind": "publication", "id": publication_id}))
    if row.state not in OUT:
        ctx.permit_read(Thing.DRAFT_LISTS, _place(ctx, row.round_id)[0], where="publication")
        reviews = publications_queries.listed(ctx.session, row)
        if scopes.recused_from(ctx.session, ctx.person_id, list(reviews)):
            raise NotYou(Problem("recused", "publication"))
    return row


def of_round(ctx: Context, round_id: int) -> list[Publication]:
    """The round's lists that the caller may know of: of a draft with a review one is recused from, not its counts."""
    if ctx.session.get(Round, round_id) is None:
        raise NotFound(Problem("not-found", "round", {"kind": "round", "id": round_id}))
    query = sa.select(Publication).where(Publication.round_id == round_id).order_by(Publication.number)
    if not may_read(ctx.actor, Thing.DRAFT_LISTS, _place(ctx, round_id)[0], ctx.today):
        query = query.where(Publication.state.in_(OUT))
    found = list(ctx.session.scalars(query))
    drafts = publications_queries.reviews_on(ctx.session, [row.id for row in found if row.state not in OUT])
    recused = scopes.recused_from(ctx.session, ctx.person_id, set().union(*drafts.values()))
    return [row for row in found if not drafts.get(row.id, set()) & recused]


def possible(ctx: Context, row: Publication) -> list[Possible]:
    """What the caller may do with the list now, each with why it is not possible."""
    scope, policy = _place(ctx, row.round_id)
    if not may_read(ctx.actor, Thing.DRAFT_LISTS, scope, ctx.today):
        return []
    reviews, days = list(publications_queries.listed(ctx.session, row)), _days(ctx, row)
    shown = _shown(ctx, policy, reviews) if row.state not in OUT else ListFacts()
    facts = replace(
        _two(ctx, row, scope, policy),
        digest=row.digest,
        digest_seen=row.digest,
        entries=len(reviews),
        stale=_stale(ctx, row) if row.state not in OUT else (),
        unserved=shown.unserved,
        previewing=shown.previewing,
        outdated=_outdated(ctx, reviews) if row.state not in OUT else (),
        publicity_over=days.publicity_over,
        due=days.due,
        reason="-",  # it is asked for when the step is taken
    )
    return ctx.possible(PUBLICATION, row.state, facts, scope)
