"""Confirming publicised ratings: what enters the record of ratings in force, and what follows at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from specialty_eval.engine import review
from specialty_eval.engine.calendar import last_local_day, months_after
from specialty_eval.engine.enrolment import Rated, consequence
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.permissions import FILLS_IN, Role, Scope, Thing
from specialty_eval.engine.policy import COLOURS, Policy, RectificationRules
from specialty_eval.engine.rectification import RECTIFICATION, RectificationEvent, RectificationFacts
from specialty_eval.engine.roles import roles
from specialty_eval.store import (
    appeal_queries,
    cycles,
    follow_ups,
    outcome_queries,
    publications_queries,
    rating_records,
    registry,
    scopes,
    sheet_basis,
    status_queries,
)
from specialty_eval.store.outcome_queries import Ready
from specialty_eval.store.outcomes import Appeal, Publication, Rectification
from specialty_eval.store.rating_records import Confirmed, Span
from specialty_eval.store.registry import Specialty
from specialty_eval.store.reviews import Review
from specialty_eval.store.status_queries import RatingRow

from . import designation_reviews, mending_days
from .context import LOCAL, Context, Note, many_objections

CONFIRMS = roles(Role.BUREAU_APPROVER)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What one confirmation did: reviews confirmed now, those that were before, and those that wait and why."""

    confirmed: tuple[int, ...]
    before: tuple[int, ...]
    contested: Mapping[int, Problem]
    document_number: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What the reviews of one confirmation share."""

    publication_id: int
    policy: Policy
    scope: Scope
    document_number: str

    @property
    def holds(self) -> bool:
        """Whether an appeal held the consequences."""
        return self.policy.enrolment is not None and self.policy.enrolment.appeal_suspends != "none"

    def reasons(self, r: Ready) -> tuple[str, ...]:
        """The reasons on the list; a flag is left out where the committee's rating is none that the flag is for."""
        flags = {flag.code: flag.now for flag in self.policy.rating.flags}
        return tuple(code for code in r.reasons if code not in flags or r.rating in flags[code])

    def rules(self, r: Ready) -> tuple[str, RectificationRules | None]:
        """(The colour or flag whose consequence it is, what is to be mended.)"""
        if self.policy.enrolment is None or r.rating not in COLOURS:
            return r.rating.value, None
        cause, found = consequence(self.policy.enrolment, Rated(r.rating, date.min, self.reasons(r)))
        return cause, None if found is None else found.rectification

    def outcome(self, r: Ready) -> tuple[str, str, int]:
        """What the events of several reviews say alike."""
        return r.rating.value, self.rules(r)[0], r.replaces_id or 0


def confirm(
    ctx: Context, publication_id: int, document_number: str, reviews: Collection[int] | None = None
) -> Confirmation:
    """Put the ratings of a list whose publicity is over in force, all in one transaction, under one document.

    Without `reviews` all of the list that nobody contests and the caller is not recused from. An admitted objection, or
    one whose admissibility is still to be said, makes its own review wait and no other, also when it is named.
    The same again changes nothing. NotNow with every reason.
    """
    row = ctx.session.get(Publication, publication_id)
    if row is None:
        raise NotFound(Problem("not-found", "publication", {"kind": "publication", "id": publication_id}))
    made = cycles.round_of(ctx.session, row.round_id)
    scope = Scope(city=made.city)
    ctx.permit(CONFIRMS, scope, where="review")
    listed = outcome_queries.entries_of(ctx.session, row)
    recused = scopes.recused_from(ctx.session, ctx.person_id, listed if reviews is None else reviews)
    if reviews is not None and recused:
        raise NotYou(*(Problem("recused", f"reviews.{key}") for key in sorted(recused)))
    if unknown := sorted(set(reviews or ()) - set(listed)):
        raise NotFound(*(Problem("not-on-the-list", f"reviews.{key}", {"publication": row.id}) for key in unknown))
    _refuse_early(ctx, row, document_number)
    states = ctx.lock_all(Review, sorted(set(listed) - recused if reviews is None else set(reviews)))
    # What they rest on stays as it is until they are confirmed: whoever overturns an earlier rating waits.
    rating_records.hold(ctx.session, outcome_queries.specialties_of(ctx.session, states))
    ready = outcome_queries.ready(ctx.session, row, list(states))
    before = tuple(key for key, state in states.items() if state == review.State.CONFIRMED and ready[key].is_current)
    contested: dict[int, Problem] = {}
    if reviews is None:
        open_ = {k for k, state in states.items() if state == review.State.PUBLICISED and ready[k].is_current}
        contested = _contested(ctx, open_)
        chosen = [ready[key] for key in sorted(open_ - set(contested))]
    else:
        _same_document(ctx, before, document_number)
        chosen = [ready[key] for key in states if key not in before]
    if chosen:
        _advance(
            ctx, chosen, states, Batch(row.id, cycles.policy_of(ctx.session, made.policy_id), scope, document_number)
        )
    return Confirmation(tuple(r.review_id for r in chosen), before, contested, document_number)


def _refuse_early(ctx: Context, row: Publication, document_number: str) -> None:
    """What stands in the way of the whole list is said once, not once a review."""
    problems = []
    if row.closes_at is None:
        problems.append(Problem("not-in-publicity", "publication"))
    elif ctx.settled < row.closes_at:  # an objection that arrived in time may still be on its way in
        due = last_local_day(row.closes_at, LOCAL).isoformat()
        problems.append(Problem("publicity-running", "publication", {"due": due}))
    if not document_number.strip():
        problems.append(Problem("document-number-missing", "document_number"))
    if problems:
        raise NotNow(*problems)


def facts_of(ctx: Context, review_id: int, document_number: str) -> review.Facts:
    """What confirming one publicised review looks at, by the days of the list that it was last on."""
    closes_at = publications_queries.last_closing(ctx.session, review_id)
    held, new = outcome_queries.objections_open(ctx.session, [review_id], ctx.now).get(review_id, (0, 0))
    return review.Facts(
        due=None if closes_at is None else last_local_day(closes_at, LOCAL),
        publicity_over=closes_at is not None and ctx.settled >= closes_at,
        open_objections=held,
        objections_to_admit=new,
        document_number=document_number,
        basis=sheet_basis.of_reviews(ctx.session, [review_id])[review_id],
    )


def _contested(ctx: Context, waiting: Collection[int]) -> dict[int, Problem]:
    """An objection holds its own review up, and so does an earlier rating that is another now."""
    found = outcome_queries.objections_open(ctx.session, waiting, ctx.now)
    basis = sheet_basis.of_reviews(ctx.session, waiting)
    outdated = {key: basis[key].problem(f"reviews.{key}") for key in sorted(waiting) if not basis[key].are_the_same}
    return outdated | {
        key: Problem("objection-open" if held else "objection-not-admitted-yet", f"reviews.{key}.objections",
                     {"objections": held or new})
        for key, (held, new) in sorted(found.items())
    }  # fmt: skip


def _same_document(ctx: Context, before: Collection[int], document_number: str) -> None:
    """Confirmed again under another document is not the same again."""
    under = outcome_queries.document_numbers(ctx.session, before)
    other = {key: number for key, number in under.items() if number != document_number}
    if other:
        raise NotNow(
            *(Problem("confirmed-before", f"reviews.{k}", {"document_number": n}) for k, n in sorted(other.items()))
        )


def _advance(ctx: Context, chosen: Sequence[Ready], states: Mapping[int, str], batch: Batch) -> None:
    objections = outcome_queries.objections_open(ctx.session, [r.review_id for r in chosen], ctx.now)
    basis = sheet_basis.of_reviews(ctx.session, [r.review_id for r in chosen])
    facts = {}
    for r in chosen:
        held, new = objections.get(r.review_id, (0, 0))
        facts[r.review_id] = review.Facts(publicity_over=True, open_objections=held, objections_to_admit=new,
                                          document_number=batch.document_number,
                                          basis=basis[r.review_id])  # fmt: skip
    problems = many_objections(review.WORKFLOW, review.Event.CONFIRM, list(facts), states, facts)
    # Decided again since: what it is rated now has a publicity of its own.
    problems += [Problem("entry-stale", f"reviews.{r.review_id}") for r in chosen if not r.is_current]
    if problems:
        raise NotNow(*problems)
    changes = {"document_number": batch.document_number, "confirmed_at": ctx.now, "served_at": None,
               "appeal_due": appeal_due(ctx, batch.policy)}  # fmt: skip
    for _, group in groupby(sorted(chosen, key=batch.outcome), key=batch.outcome):
        alike = list(group)
        note = Note(audience="public", told=_told(ctx, batch, alike[0]))
        ctx.advance_many(review.WORKFLOW, Review, review.Event.CONFIRM, [r.review_id for r in alike], batch.scope,
                         facts=facts, note=note, changes=changes)  # fmt: skip
    _enter(ctx, chosen, batch)


def appeal_due(ctx: Context, policy: Policy) -> datetime:
    """Until when the school may appeal: its days run from service, at the latest when the decision counts as served.

    Told at once; a school that opens the decision earlier keeps the days it was told.
    """
    days = policy.workflow.days
    return ctx.calendar().due_unopened(ctx.now, days["deemed_served"], days["appeal"], LOCAL)


def _told(ctx: Context, batch: Batch, r: Ready) -> dict[str, Any]:
    """What the public learns: the rating, what its consequence is of, since when, under which document."""
    told: dict[str, Any] = {
        "rating": r.rating.value,
        "cause": batch.rules(r)[0],
        "publication": batch.publication_id,
        "document_number": batch.document_number,
        "valid_from": _valid_from(ctx, r).isoformat(),
    }
    return told if r.replaces_id is None else {**told, "replaces": r.replaces_id}


# --- what enters the record, and what follows ---


def _enter(ctx: Context, chosen: Sequence[Ready], batch: Batch) -> None:
    """Ratings in force with both times; then rectifications: the old ones lose their ground, new ones are due."""
    confirmed = [
        Confirmed(
            r.specialty_id,
            Span(r.rating, r.year, batch.reasons(r), r.review_id, batch.document_number, _valid_from(ctx, r)),
            r.replaces_id,
        )
        for r in chosen
    ]
    green = designation_reviews.green_now(ctx, [r.specialty_id for r in chosen])
    changed = rating_records.enter(ctx.session, confirmed, ctx.now)
    _tell_where_it_went(ctx, changed - {r.specialty_id for r in chosen}, batch)
    by_review = {r.review_id: r for r in chosen}
    resting = outcome_queries.resting_on(ctx.session, list(by_review))
    rated = {key: by_review[of] for key, of in resting.items() if key in changed}
    carried = _carry_rectifications(ctx, rated, batch)
    _supersede_rectifications(ctx, changed - carried, batch.scope)
    for key in sorted(rated.keys() - carried):
        rules = batch.rules(rated[key])[1]
        if rules is not None:
            asked = mending_days.Asked(key, rated[key].review_id, rated[key].rating)
            mending_days.begin(ctx, asked, rules)
    ctx.session.flush()
    mending_days.begin_where_back(ctx, changed - rated.keys())
    followed = (designation_reviews.Rated(r.specialty_id, r.review_id, r.replaces_id) for r in chosen)
    designation_reviews.follow(ctx, green, followed)
    whose = {r.replaces_id: r.specialty_id for r in chosen if r.replaces_id is not None}
    replacing = [r.review_id for r in chosen if r.replaces_id is not None]
    for case, found in follow_ups.refresh(ctx.session, replacing, LOCAL).items():
        note = Note(audience="office", told={"follow_ups": found}, specialty_id=whose[case.review_id])
        ctx.record("appeal.follow_ups" if isinstance(case, Appeal) else "correction.follow_ups", case, note)


def _tell_where_it_went(ctx: Context, changed: Iterable[int], batch: Batch) -> None:
    """An overturned rating that went over to another specialty is another there too, and everybody learns it."""
    for key in sorted(changed):
        told = {"act": "overturned", "document_number": batch.document_number}
        note = Note(audience="public", told=told, specialty_id=key)
        ctx.record("specialty.succeed", ctx.session.get_one(Specialty, key), note)


def _valid_from(ctx: Context, r: Ready) -> date:
    """Today; after an appeal the day from which the overturned one was to hold."""
    return ctx.today if r.replaced_at is None else r.replaced_at.astimezone(LOCAL).date()


def _carry_rectifications(ctx: Context, asked: Mapping[int, Ready], batch: Batch) -> set[int]:
    """An appeal that leaves the colour as it was leaves what is being mended going, with its days; whose that is.

    Where it held the consequences, the days begin anew.
    """
    carried = set()
    for key, r in sorted(asked.items()):
        going = None
        rules = batch.rules(r)[1]
        if r.replaces_id is not None and rules is not None:
            going = outcome_queries.going_rectification(ctx.session, key, r.replaces_id, r.rating.value)
        if going is not None and rules is not None:
            if batch.holds and appeal_queries.is_of_an_appeal(ctx.session, r.review_id):
                going.plan_due = max(going.plan_due, ctx.calendar().due(ctx.now, rules.plan_due, LOCAL))
                going.recheck_from = max(going.recheck_from, months_after(ctx.today, rules.recheck_after_months))
            going.review_id = r.review_id
            mending_days.changed(ctx, going)
            ctx.record("rectification.carry", going, Note(audience="school", told={"review": r.review_id}))
            carried.add(key)
    return carried


def _supersede_rectifications(ctx: Context, specialties: Iterable[int], scope: Scope) -> None:
    going = outcome_queries.going_rectifications(ctx.session, list(specialties), groundless=True)
    if not going:
        return
    ctx.lock_all(Rectification, going)
    reason = "新的评价结果已确认"
    ctx.as_system().advance_many(
        RECTIFICATION, Rectification, RectificationEvent.SUPERSEDE, going, scope,
        facts=dict.fromkeys(going, RectificationFacts(reason=reason)), note=Note(reason=reason, audience="school"),
    )  # fmt: skip


# --- service and reading ---


def receive(ctx: Context, review_id: int) -> Review:
    """The school opens its confirmed decision: it is served. A second time changes nothing."""
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.SHEET, scope, where="review")
    grant = ctx.permit(FILLS_IN, scope, where="review")
    if row.state != review.State.CONFIRMED:
        raise NotNow(Problem("rating-not-confirmed", "review", {"state": row.state}))
    if row.served_at is None:
        row.served_at = ctx.now
        ctx.record("review.receive", row, Note(audience="school"), grant=grant)
        ctx.saved(row)
    return row


def history(ctx: Context, specialty_id: int) -> list[RatingRow]:
    """Every rating of a specialty with both its times, also what was known once and is no longer (public)."""
    return outcome_queries.ratings_of(ctx.session, specialty_id)


def rating_at(ctx: Context, code: str, valid_at: date | None, known_at: datetime | None) -> RatingRow | None:
    """The rating in force on a day as known at an instant (public); both now where they are not named.

    Invalid for an instant that has not come: nobody knows yet.
    """
    if known_at is not None and known_at > ctx.now:
        raise Invalid(Problem("not-known-yet", "known_at", {"now": ctx.now.isoformat()}))
    found = registry.id_of(ctx.session, code)
    return status_queries.rating_at(ctx.session, found, valid_at or ctx.today, known_at or ctx.now)
