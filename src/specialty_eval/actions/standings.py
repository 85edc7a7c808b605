"""A year begins: each specialty's standing moves as the ratings in force say. Set-based, and may be run again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.errors import NotNow, Problem
from specialty_eval.engine.machine import Step, Workflow
from specialty_eval.engine.permissions import Role, Scope
from specialty_eval.engine.roles import roles
from specialty_eval.engine.standing import (
    RESTORABLE,
    STANDING,
    StandingEvent,
    StandingFacts,
    StandingState,
    academic_year_begins,
)
from specialty_eval.store import enrolment_queries, feed_queries, plan_queries, registry
from specialty_eval.store.enrolment_queries import Effect
from specialty_eval.store.outcomes import Standing

from . import support_endings
from .context import LOCAL, Context, Note

BEGINS = roles(Role.PLANNER, Role.BUREAU_APPROVER, Role.SYSTEM)


@dataclass(frozen=True, slots=True)
class Begun:
    """What beginning a year did: specialties new to the record, how many moved to which standing, the codes held."""

    new: int
    moved: Mapping[str, int]
    held: tuple[str, ...]


def begin_year(ctx: Context, academic_year: int, *, city: str = "") -> Begun:
    """Move the city's standings to where the academic year has them; a specialty without one begins `normal`.

    The planner's own city, or the one named (for the clock). What an open appeal holds stays where it is. Again in the
    same year it only moves what has changed since. NotNow before the year begins, and once the next has begun.
    """
    scope = Scope(city=city) if city else ctx.office(Role.PLANNER, Role.BUREAU_APPROVER)
    ctx.permit(BEGINS, scope, where="standing")
    _refuse_another_year(ctx, academic_year)
    day = academic_year_begins(academic_year)
    open_ = enrolment_queries.open_specialties(ctx.session, scope.city, day)
    new = enrolment_queries.add_standings(ctx.session, open_, day, academic_year, ctx.now)
    # Locked before the record is read: a recheck that passes at the same moment is either seen or waits.
    rows = enrolment_queries.locked_standings(ctx.session, open_)
    found = enrolment_queries.effects(ctx.session, scope.city, academic_year, day, LOCAL)
    if found is None:
        raise NotNow(Problem("no-policy-pinned", "policy", {"city": scope.city}))
    effects = {e.specialty_id: e for e in found}
    moves = [move for row in rows if (e := effects.get(row.specialty_id)) and (move := _move(row, e)) is not None]
    for key, group in groupby(sorted(moves, key=Move.alike), key=Move.alike):
        _advance(ctx, list(group), scope, academic_year, restored=key[0] == StandingEvent.RESTORE)
    enrolment_queries.rest_on(ctx.session, [(m.row.id, m.review_id, m.effect.line.base) for m in moves])
    support_endings.expire(ctx, [m.row.specialty_id for m in moves], scope)
    targets = sorted(m.target.value for m in moves)
    counted = {target: targets.count(target) for target in dict.fromkeys(targets)}
    held = plan_queries.codes_of(ctx.session, [e.specialty_id for e in found if e.held])
    return Begun(new, counted, tuple(held))


def _refuse_another_year(ctx: Context, academic_year: int) -> None:
    if ctx.today < academic_year_begins(academic_year):
        begins = academic_year_begins(academic_year).isoformat()
        raise NotNow(Problem("academic-year-not-begun", "academic_year", {"begins": begins}))
    if ctx.today >= academic_year_begins(academic_year + 1):
        raise NotNow(Problem("academic-year-over", "academic_year", {"year": academic_year}))


@dataclass(frozen=True, slots=True)
class Move:
    """A standing that is not yet as the year has it, and by which event it gets there."""

    row: Standing
    effect: Effect
    event: StandingEvent

    @property
    def target(self) -> StandingState:
        """Where it goes."""
        return self.effect.standing

    @property
    def review_id(self) -> int | None:
        """The review of the rating it rests on; None where none acts any more, or it came with the opening balance."""
        return None if self.effect.cause is None else self.effect.cause.review_id

    @property
    def step(self) -> int:
        """Which of the yearly steps is taken; 0 once nothing is stepped down."""
        return 0 if self.target == StandingState.NORMAL else self.effect.line.step

    @property
    def supports(self) -> tuple[str, ...]:
        """What a green one is given."""
        return () if self.target == StandingState.NORMAL else self.effect.line.supports

    def alike(self) -> tuple[str, str, bool, str, int, tuple[str, ...]]:
        """What the standings of one statement have in common."""
        stays = self.row.state == self.target
        return self.event.value, self.target.value, stays, self.effect.cause_code, self.step, self.supports


def _move(row: Standing, effect: Effect) -> Move | None:
    """None where nothing moves: held by an appeal, resting on no rating, closed, or there already.

    One that rests on a rating which no longer acts (an appeal ended in no colour) goes where it would be without.
    """
    if effect.held or row.state == StandingState.CLOSED:
        return None
    if effect.cause is None:
        is_left = row.cause_review_id is not None and row.state != effect.standing
        return _rate(row, effect) if is_left else None
    target, same_cause = effect.standing, row.cause_review_id == effect.cause.review_id
    step_taken = target == StandingState.PHASING_OUT and row.steps_taken != effect.line.step
    if row.state == target and (same_cause or target == StandingState.NORMAL) and not step_taken:
        return None
    if effect.cause.rated.restored_on is not None and target == StandingState.NORMAL:
        return Move(row, effect, StandingEvent.RESTORE) if row.state in RESTORABLE else _rate(row, effect)
    if row.state == StandingState.PHASING_OUT and target == StandingState.SUSPENDED and same_cause:
        return Move(row, effect, StandingEvent.STEP)
    return _rate(row, effect)


def _rate(row: Standing, effect: Effect) -> Move:
    return Move(row, effect, StandingEvent.RATE)


@cache
def _towards(target: StandingState) -> Workflow[StandingFacts]:
    """The machine's own table with the branch of RATE resolved for one target: what a set may share."""
    steps = [
        step if step.when is None else Step(step.event, step.source, step.target, step.roles, step.checks)
        for step in STANDING.steps
        if step.event != StandingEvent.RATE or step.target == target
    ]
    return Workflow(STANDING.name, StandingState, STANDING.start, STANDING.ended, steps)


def _advance(ctx: Context, moves: Sequence[Move], scope: Scope, academic_year: int, *, restored: bool) -> None:
    first = moves[0]
    facts = StandingFacts(target=first.target.value, rating_confirmed=True, academic_year_begun=True,
                          last_step_taken=first.event == StandingEvent.STEP, recheck_passed=restored)  # fmt: skip
    cause = first.effect.cause_code
    told = {"academic_year": academic_year, "cause": cause, "step": first.step}
    changes: dict[str, Any] = {"academic_year": academic_year, "cause": cause, "steps_taken": first.step,
                               "supports": list(first.supports)}  # fmt: skip
    if first.row.state != first.target:
        changes["since"] = ctx.today if restored else academic_year_begins(academic_year)
    ids = [move.row.id for move in moves]
    ctx.advance_many(_towards(first.target), Standing, first.event, ids, scope, facts=dict.fromkeys(ids, facts),
                     note=Note(audience="public", told=told), changes=changes)  # fmt: skip


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """A specialty's standing and how it came about, as everybody may know it."""

    code: str
    standing: Standing | None
    history: Sequence[Any]


def read(ctx: Context, code: str) -> Told:
    """The standing now (None before its first year began) and every public event about it, oldest first."""
    key = registry.id_of(ctx.session, code)
    row = ctx.session.scalar(sa.select(Standing).where(Standing.specialty_id == key))
    return Told(code, row, feed_queries.told_of_standing(ctx.session, key))
