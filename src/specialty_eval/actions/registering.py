"""What a decision does to the registry: a specialty opens, changes or closes. Who decided is its callers' work."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from specialty_eval.engine import review
from specialty_eval.engine.opening import is_too_new
from specialty_eval.engine.permissions import Scope
from specialty_eval.engine.rectification import RECTIFICATION, RectificationEvent, RectificationFacts
from specialty_eval.engine.standing import STANDING, StandingEvent, StandingFacts
from specialty_eval.store import (
    attributes,
    enrolment_queries,
    outcome_queries,
    rectification_queries,
    registry,
    registry_queries,
    teach_outs,
)
from specialty_eval.store.applications import Application
from specialty_eval.store.cycles import policy_of, rounds_ahead
from specialty_eval.store.outcomes import Rectification, Standing
from specialty_eval.store.registry import School, Specialty
from specialty_eval.store.reviews import Review

from . import designation_reviews, support_endings
from .context import Context, Note


def open_specialty(ctx: Context, wanted: Application, opened_on: date) -> tuple[Specialty, str]:
    """The specialty on record with its code, from that day, in normal standing; off the catalogue with its X number.

    It opens at the school that applied, or at the one that school is part of by now.
    """
    code = wanted.catalogue_code or f"X{registry_queries.last_off_catalogue(ctx.session) + 1:05d}"
    row = ctx.saved(
        Specialty(
            school_id=registry.school_now(ctx.session, wanted.school_id).id,
            catalogue_entry_id=wanted.catalogue_entry_id, catalogue_code=code,
            direction=wanted.direction, name=wanted.name, level=wanted.level, class_code=wanted.class_code,
            class_name=wanted.class_name, partner=wanted.partner, length=wanted.length, campus=wanted.campus,
            opened_on=opened_on,
        )
    )  # fmt: skip
    enrolment_queries.add_standings(ctx.session, [row.id], opened_on, _academic_year(opened_on), ctx.now)
    code = _readable(ctx, row)
    registry.give_code(ctx.session, row.id, code, opened_on)
    return row, code


def join_round(ctx: Context, specialty: Specialty) -> int | None:
    """Put a specialty that opens in the middle of a cycle into the cycle's next round that takes it: planned still, in
    scope, open on its reference date, and with as many years as its policy asks. Else it waits for the next cycle.

    Returns the round's number.
    """
    site = attributes.site(ctx.session, specialty.id)
    city = ctx.session.get_one(School, specialty.school_id).city_code
    for made, row in rounds_ahead(ctx.session, city, site.level, site.school_kind):
        known = site.attributes(row.reference_date, defaulted=False)
        if site.is_open(row.reference_date) and not is_too_new(policy_of(ctx.session, row.policy_id), known):
            ctx.saved(Review(round_id=row.id, specialty_id=specialty.id, state=review.WORKFLOW.start.value,
                             updated_at=ctx.now))  # fmt: skip
            told = {"round": row.number, "specialties": 1}
            ctx.as_system().record("cycle.place", made, Note(told=told, round_id=row.id, specialty_id=specialty.id))
            return row.number
    return None


def _academic_year(day: date) -> int:
    """The academic year a day lies in."""
    return day.year if (day.month, day.day) >= (9, 1) else day.year - 1


def _readable(ctx: Context, row: Specialty) -> str:
    school = ctx.session.get_one(School, row.school_id)
    return "-".join(part for part in (school.code, row.catalogue_code, row.direction) if part)


def change_specialty(ctx: Context, key: int, changes: Mapping[str, str]) -> str | None:
    """Another direction, name, length or campus from today; with another direction another code, from today or from an
    opening that is to come, and the old one leads to it. The new code, None where it keeps its own.
    """
    row = ctx.session.get_one(Specialty, key, with_for_update=True, populate_existing=True)
    row.direction, row.name = changes.get("direction", row.direction), changes.get("name", row.name)
    row.length, row.campus = changes.get("length", row.length), changes.get("campus", row.campus)
    ctx.session.flush()
    if "direction" not in changes:
        return None
    code = _readable(ctx, row)
    registry.supersede_code(ctx.session, key, code, ctx.today)
    return code


def lock_to_close(ctx: Context, key: int) -> tuple[Standing, list[int]]:
    """A specialty's standing under a lock, begun where it has none, and its going rectifications, locked too."""
    mended = outcome_queries.going_rectifications(ctx.session, [key])
    ctx.lock_all(Rectification, mended)
    enrolment_queries.add_standings(ctx.session, [key], ctx.today, ctx.today.year, ctx.now)
    row = rectification_queries.standing_locked(ctx.session, key)
    if row is None:
        raise ValueError("a standing was just begun")
    return row, mended


def close_specialty(
    ctx: Context, row: Standing, mended: Sequence[int], facts: StandingFacts, scope: Scope, told: Mapping[str, Any]
) -> None:
    """Close it from today, or on the day on which it was to open: its standing, its going rectifications and its
    unended reviews end, and what it bears is looked at again. NotNow with every reason.
    """
    # Whoever acts says how many are left; no fewer than the school's own last count found.
    left = max(facts.students, teach_outs.left_of(ctx.session, row.specialty_id))
    facts, told = replace(facts, students=left), {**told, "students": left}
    ctx.advance(STANDING, row, StandingEvent.CLOSE, facts, scope,
                note=Note(reason=facts.reason, audience="public", told=told),
                changes={"since": ctx.today, "cause": "", "supports": [], "steps_taken": 0})  # fmt: skip
    closed = ctx.session.get_one(Specialty, row.specialty_id, with_for_update=True)
    closed.closed_on = max(ctx.today, closed.opened_on)
    _end_what_goes(ctx.as_system(), row.specialty_id, mended, scope)
    designation_reviews.after_closing(ctx, row.specialty_id)
    support_endings.expire(ctx, [row.specialty_id], scope)


def _end_what_goes(clock: Context, key: int, mended: Sequence[int], scope: Scope) -> None:
    reason = "专业已撤销"
    note = Note(reason=reason, audience="school")
    if mended:
        facts = dict.fromkeys(mended, RectificationFacts(reason=reason))
        clock.advance_many(RECTIFICATION, Rectification, RectificationEvent.SUPERSEDE, mended, scope, facts=facts,
                           note=note)  # fmt: skip
    going = rectification_queries.unended_reviews(clock.session, key)
    if going:
        closed: dict[int, Any] = dict.fromkeys(going, review.Facts(specialty_closed=True))
        clock.advance_many(review.WORKFLOW, Review, review.Event.WITHDRAW, going, scope, facts=closed, note=note)
