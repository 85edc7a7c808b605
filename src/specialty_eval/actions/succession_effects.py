"""A recorded succession happens: codes give way, ratings, standings and places go over, what was merged is closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from specialty_eval.engine import review
from specialty_eval.engine.permissions import Scope
from specialty_eval.engine.rectification import RECTIFICATION, RectificationEvent, RectificationFacts
from specialty_eval.engine.standing import STANDING, StandingEvent, StandingFacts, StandingState, academic_year_begins
from specialty_eval.engine.succession import Act, is_heavier, is_worse
from specialty_eval.engine.vocabulary import COLOURS, Rating
from specialty_eval.store import (
    enrolment_queries,
    outcome_queries,
    rating_records,
    rectification_queries,
    registry,
    succession_queries,
)
from specialty_eval.store.outcomes import Rectification, Standing
from specialty_eval.store.rating_records import Confirmed, Span
from specialty_eval.store.registry import Organisation, School, Specialty
from specialty_eval.store.reviews import Review
from specialty_eval.store.succession_queries import Taught
from specialty_eval.store.successions import SchoolCode, Succession, SuccessionLine

from . import designation_reviews, mending_days, registering
from .context import Context, Note
from .succession_changes import Become, Changes, Merge, SchoolChange

MERGED = "专业已合并"


def apply(ctx: Context, row: Succession, made: Changes) -> None:
    """Everything that the succession does, each with its line and its event."""
    scope = Scope(city=row.jurisdiction_code)
    for become in made.renamed:
        _rename(ctx, row, become)
    for into in sorted({merge.into.id for merge in made.merged}):
        _merge(ctx, row, [merge for merge in made.merged if merge.into.id == into], scope)
    for become in made.split:
        _split(ctx, row, become, scope)
    for change in made.schools:
        _school(ctx, row, change)
    for taught in made.untouched:
        _tell(ctx, row, taught.id, taught.code, taught.code)


def _tell(ctx: Context, row: Succession, key: int, was: str, now: str) -> None:
    """Everybody learns it of each specialty concerned."""
    told = {"succession": row.id, "act": row.act, "from": was, "to": now, "document_number": row.document_number,
            "effective_on": row.effective_on.isoformat()}  # fmt: skip
    subject = ctx.session.get_one(Specialty, key)
    ctx.record("specialty.succeed", subject, Note(reason=row.reason, audience="public", told=told, specialty_id=key))


def _line(row: Succession, act: Act, was: tuple[int, str], now: tuple[int, str]) -> SuccessionLine:
    return SuccessionLine(succession_id=row.id, act=act.value, effective_on=row.effective_on, from_specialty_id=was[0],
                          to_specialty_id=now[0], from_code=was[1], to_code=now[1])  # fmt: skip


# --- renamed, moved, mapped ------------------------------------------------------------------------------------------


def _rename(ctx: Context, row: Succession, become: Become) -> None:
    """The same specialty under what it is from now on; its former code leads there."""
    key, was = become.taught.id, become.taught.code
    _set(ctx.session.get_one(Specialty, key, populate_existing=True), become)
    ctx.session.flush()
    if become.code != was:
        registry.supersede_code(ctx.session, key, become.code, row.effective_on)
    line = _line(row, Act.RENAMED, (key, was), (key, become.code))
    succession_queries.add_lines(ctx.session, [line])
    _tell(ctx, row, key, was, become.code)


def _set(specialty: Specialty, become: Become) -> None:
    specialty.school_id, specialty.direction, specialty.name = become.school_id, become.direction, become.name
    if become.entry is not None:
        specialty.catalogue_entry_id, specialty.catalogue_code = become.entry.id, become.entry.code
        specialty.class_code, specialty.class_name = become.entry.class_code, become.entry.class_name


# --- merged ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A specialty as it comes into a merger: the rating in force that day, and its standing under a lock."""

    taught: Taught
    rating: Span | None
    acts_since: date | None
    standing: Standing


def _parts(ctx: Context, taught: Sequence[Taught], day: date) -> list[Part]:
    ids = [t.id for t in taught]
    enrolment_queries.add_standings(ctx.session, ids, day, _academic_year(day), ctx.now)
    standings = {row.specialty_id: row for row in enrolment_queries.locked_standings(ctx.session, ids)}
    known = outcome_queries.known_ratings(ctx.session, ids)
    found = []
    for t in taught:
        spans = [rating_records.span_of(r) for r in known[t.id]]
        held = next((s for s in spans if s.since <= day and (s.until is None or day < s.until)), None)
        found.append(Part(t, held, None if held is None else _run_since(spans, held), standings[t.id]))
    return found


def _academic_year(day: date) -> int:
    return day.year if day >= academic_year_begins(day.year) else day.year - 1


def _run_since(spans: Sequence[Span], held: Span) -> date:
    """Since when its colour has been in force without another between: steps go on where they were."""
    first = held
    for span in sorted((s for s in spans if s.since <= held.since), key=lambda s: s.since, reverse=True):
        if span.rating in COLOURS and span.rating != held.rating:
            break
        first = span if span.rating == held.rating else first
    return first.acts_since or first.since


def _worst(parts: Sequence[Part], keeps: str) -> Part:
    """Whose rating stays: the one that the committee keeps, else the worse; of equal ones, by the heavier standing."""
    stays = parts[0]
    if keeps:
        return next(part for part in parts if part.rating is not None and part.rating.rating.value == keeps)
    for part in parts[1:]:
        mine, theirs = (None if p.rating is None else p.rating.rating for p in (stays, part))
        equal = not is_worse(mine, theirs) and not is_worse(theirs, mine)
        if is_worse(theirs, mine) or (equal and is_heavier(part.standing.state, stays.standing.state)):
            stays = part
    return stays


def _heaviest(parts: Sequence[Part]) -> Part:
    stays = parts[0]
    for part in parts[1:]:
        stays = part if is_heavier(part.standing.state, stays.standing.state) else stays
    return stays


def _merge(ctx: Context, row: Succession, merges: Sequence[Merge], scope: Scope) -> None:
    """Several become part of one: the worse rating stays, the heavier standing, the places and rooms of all.

    One that was closed before it ever opened brings nothing: its code leads on, and that is all.
    """
    into, day = merges[0].into, row.effective_on
    known = _parts(ctx, [into, *(merge.taught for merge in merges)], day)
    parts = [part for part in known if part.standing.state != StandingState.CLOSED]
    _open_with_what_comes(ctx, parts, day)
    stays = _worst(parts, row.keeps)
    carried = "" if stays is parts[0] or stays.rating is None else stays.rating.rating.value
    lines = [_line(row, Act.MERGED, (m.taught.id, m.taught.code), (into.id, into.code)) for m in merges]
    places = succession_queries.last_quotas(ctx.session, [p.taught.id for p in parts], _academic_year(day))
    living = {part.taught.id for part in parts}
    for line in (line for line in lines if line.from_specialty_id in living):
        line.carried = carried
        if places:
            line.quota, line.quota_year = sum(n for _, n in places.values()), max(year for year, _ in places.values())
    succession_queries.add_lines(ctx.session, lines)
    if carried:
        green = designation_reviews.green_now(ctx, [into.id])
        _carry_rating(ctx, into.id, stays, day)
        if stays.rating is not None and stays.rating.review_id is not None:
            lost = designation_reviews.Rated(into.id, stays.rating.review_id, None)
            designation_reviews.follow(ctx, green, [lost])
    _carry_standing(ctx, parts, stays if row.keeps else _heaviest(parts), day, scope)
    _carry_rooms(ctx, row, [p.taught.id for p in parts], day)
    _carry_mending(ctx, parts, stays, scope)
    for part in known[1:]:
        if part.taught.id in living:
            _close(ctx, row, part, into, scope)
        _end(ctx, row, part, into, scope)
    _tell(ctx, row, into.id, merges[0].taught.code, into.code)


def _open_with_what_comes(ctx: Context, parts: Sequence[Part], day: date) -> None:
    """One that was to open later opens with what becomes part of it: what is taught already is taught there now."""
    into, opens = parts[0].taught, max(day, min(part.taught.opened_on for part in parts))
    if opens >= into.opened_on:
        return
    made = succession_queries.open_from(ctx.session, into.id, opens)
    parts[0].standing.since, parts[0].standing.academic_year = opens, _academic_year(opens)
    ctx.session.flush()
    if not rectification_queries.unended_reviews(ctx.session, into.id):
        registering.join_round(ctx, made)


def _carry_rating(ctx: Context, key: int, stays: Part, day: date) -> None:
    held = stays.rating
    if held is None:
        return
    span = Span(held.rating, held.year, held.reasons, held.review_id, held.document_number, day, None, held.source,
                None, min(day, stays.acts_since or day))  # fmt: skip
    rating_records.enter(ctx.session, [Confirmed(key, span)], ctx.now)


def _carry_standing(ctx: Context, parts: Sequence[Part], stays: Part, day: date, scope: Scope) -> None:
    """The standing that stays, with the steps taken and what it rests on."""
    own, theirs = parts[0].standing, stays.standing
    if stays is parts[0]:
        return
    _take_over(ctx, own, theirs, day, scope)


def _take_over(ctx: Context, own: Standing, theirs: Standing, day: date, scope: Scope) -> None:
    facts = StandingFacts(target=theirs.state, succession_recorded=True)
    changes = {"since": day, "academic_year": theirs.academic_year, "cause": theirs.cause,
               "steps_taken": theirs.steps_taken, "supports": list(theirs.supports),
               "cause_review_id": theirs.cause_review_id, "quota_before": theirs.quota_before}  # fmt: skip
    ctx.as_system().advance(STANDING, own, StandingEvent.SUCCEED, facts, scope, note=Note(audience="public"),
                            changes=changes)  # fmt: skip


def _carry_rooms(ctx: Context, row: Succession, ids: Sequence[int], day: date) -> None:
    """The capacities together, where the one that goes on has one on record."""
    rooms = succession_queries.capacities(ctx.session, ids)
    if ids[0] in rooms and len(rooms) > 1:
        succession_queries.give_capacity(
            ctx.session, ids[0], _academic_year(day), sum(rooms.values()), f"succession {row.id}", ctx.now
        )


def _carry_mending(ctx: Context, parts: Sequence[Part], stays: Part, scope: Scope) -> None:
    """What is mended is what the rating that stays asks for, with its days; the others' loses its ground.

    Where its mending had ended, passed or failed, `mending_days.go_over` says what holds of the one that goes on.
    """
    into = parts[0].taught.id
    going = {part.taught.id: succession_queries.going_rectification(ctx.session, part.taught.id) for part in parts}
    kept = going[stays.taught.id]
    ended = [mended.id for mended in going.values() if mended is not None and mended is not kept]
    if ended:
        facts = dict.fromkeys(ended, RectificationFacts(reason=MERGED))
        ctx.as_system().advance_many(RECTIFICATION, Rectification, RectificationEvent.SUPERSEDE, ended, scope,
                                     facts=facts, note=Note(reason=MERGED, audience="school"))  # fmt: skip
    held = stays.rating
    if kept is None and held is not None and held.review_id is not None and stays is not parts[0]:
        mending_days.go_over(ctx, stays.taught.id, held.review_id, into)
    if kept is not None and kept.specialty_id != into:
        kept.specialty_id = into
        mending_days.changed(ctx, kept)
        ctx.saved(kept)
        ctx.record("rectification.carry", kept, Note(audience="school", told={"review": kept.review_id}))


def _close(ctx: Context, row: Succession, part: Part, into: Taught, scope: Scope) -> None:
    note = Note(reason=row.reason, audience="public", told={"into": into.code, "succession": row.id})
    changes = {"since": row.effective_on, "cause": "", "supports": [], "steps_taken": 0}
    facts = StandingFacts(succession_recorded=True)
    ctx.as_system().advance(STANDING, part.standing, StandingEvent.MERGE, facts, scope, note=note, changes=changes)
    ctx.session.get_one(Specialty, part.taught.id).closed_on = max(row.effective_on, part.taught.opened_on)
    ctx.session.flush()


def _end(ctx: Context, row: Succession, part: Part, into: Taught, scope: Scope) -> None:
    """It leads on to what it is part of; no review of it goes on."""
    key = part.taught.id
    succession_queries.lead_on(ctx.session, {key: into.id})
    going = rectification_queries.unended_reviews(ctx.session, key)
    if going:
        closed = dict.fromkeys(going, review.Facts(specialty_closed=True))
        ctx.as_system().advance_many(review.WORKFLOW, Review, review.Event.WITHDRAW, going, scope, facts=closed,
                                     note=Note(reason=MERGED, audience="school"))  # fmt: skip
    designation_reviews.after_closing(ctx, key)
    _tell(ctx, row, key, part.taught.code, into.code)


# --- split -----------------------------------------------------------------------------------------------------------


def _split(ctx: Context, row: Succession, become: Become, scope: Scope) -> None:
    """A new specialty beside the one it came out of: as old as that one, with its rating and its standing, and mending
    on its own: its own school, which may be another, has a plan, milestones and a recheck that restores it.
    """
    of = ctx.session.get_one(Specialty, become.taught.id)
    own = ("catalogue_entry_id", "catalogue_code", "level", "class_code", "class_name", "partner", "length", "campus",
           "opened_on")  # fmt: skip
    new = Specialty(**{column: getattr(of, column) for column in own})
    _set(new, become)
    ctx.saved(new)
    since = max(row.effective_on, become.taught.opened_on)
    registry.give_code(ctx.session, new.id, become.code, since)
    line = _line(row, Act.SPLIT, (of.id, become.taught.code), (new.id, become.code))
    [part] = _parts(ctx, [become.taught], row.effective_on)
    colour = None if part.rating is None or part.rating.rating not in COLOURS else Rating(part.rating.rating)
    line.carried = "" if colour is None else colour.value
    succession_queries.add_lines(ctx.session, [line])
    if colour is not None:
        _carry_rating(ctx, new.id, part, row.effective_on)
        if part.rating is not None and part.rating.review_id is not None:
            mending_days.go_over(ctx, of.id, part.rating.review_id, new.id)
    enrolment_queries.add_standings(ctx.session, [new.id], since, _academic_year(since), ctx.now)
    [standing] = enrolment_queries.locked_standings(ctx.session, [new.id])
    if part.standing.state != StandingState.NORMAL:
        _take_over(ctx, standing, part.standing, row.effective_on, scope)
    for key in (of.id, new.id):
        _tell(ctx, row, key, become.taught.code, become.code)


# --- schools ---------------------------------------------------------------------------------------------------------


def _school(ctx: Context, row: Succession, change: SchoolChange) -> None:
    """A school under another code or name, in another county, or as part of another."""
    school = ctx.locked(School, change.school.id)
    held_at = ctx.session.get_one(Organisation, school.id)
    if change.into is not None:
        ctx.session.add(SchoolCode(code=school.code, school_id=change.into.id, valid_to=row.effective_on))
        registry.lead_school_on(ctx.session, school.id, change.into.id)
        ctx.session.flush()
        return
    if change.code:
        ctx.session.add(SchoolCode(code=school.code, school_id=school.id, valid_to=row.effective_on))
        school.code = held_at.code = change.code
    if change.name:
        succession_queries.keep_names(ctx.session, {school.id: school.name}, row.effective_on)
        school.name = held_at.name = change.name
    if change.county:
        school.jurisdiction_code = held_at.jurisdiction_code = change.county
    ctx.session.flush()
