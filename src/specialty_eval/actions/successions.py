"""Successions: schools, specialties and catalogue entries merged, split, renamed, moved; by two people, with a date."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.permissions import READ, Scope, Thing, may_read, reach
from specialty_eval.engine.succession import (
    PROPOSES,
    SUCCESSION,
    Act,
    Subject,
    SuccessionEvent,
    SuccessionFacts,
    SuccessionState,
    Wanted,
    colour_problems,
    objections_to_proposing,
    shape_problems,
)
from specialty_eval.store import outcome_queries, registry, succession_queries
from specialty_eval.store.status_queries import RatingRow
from specialty_eval.store.successions import Succession, SuccessionLine

from . import succession_changes, succession_effects
from .context import Context, Note, Possible
from .paging import Page
from .succession_changes import Asked, Changes

READERS = Thing.SUCCESSIONS
"""Who may know of one before it is recorded: the bureau's office."""


@dataclass(frozen=True, slots=True)
class NewSuccession:
    """What became what, on which day, why, under which document; `keeps`: the rating the committee keeps."""

    subject: Subject
    act: Act
    effective_on: date
    reason: str
    document_number: str
    wanted: tuple[Wanted, ...]
    keeps: str = ""


def propose(ctx: Context, new: NewSuccession) -> Succession:
    """Put a succession before the second person. Invalid for what can be none; NotNow with every reason on record."""
    city = ctx.office(*sorted(PROPOSES)).city
    grant = ctx.permit(PROPOSES, Scope(city=city), where="succession")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "succession"))
    if problems := shape_problems(new.subject, new.act, new.wanted):
        raise Invalid(*problems)
    row = Succession(jurisdiction_code=city, subject=new.subject.value, act=new.act.value,
                     effective_on=new.effective_on, reason=new.reason.strip(),
                     document_number=new.document_number.strip(), keeps=new.keeps,
                     wanted=[_written(line) for line in new.wanted], state=SUCCESSION.start.value,
                     proposed_by=ctx.person_id, proposed_at=ctx.now, version=1, updated_at=ctx.now)  # fmt: skip
    facts, _ = _facts(ctx, row)
    if objections := objections_to_proposing(facts):
        raise NotNow(*objections)
    ctx.saved(row)
    ctx.record("succession.propose", row, Note(reason=row.reason, told=_told(row)), grant=grant)
    return row


def _written(line: Wanted) -> dict[str, Any]:
    said = {"of", *line.said()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(line).items()
            if name in said}  # fmt: skip


def _read_line(said: Mapping[str, Any]) -> Wanted:
    given: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in said.items()}
    return Wanted(**given)


def _told(row: Succession) -> dict[str, Any]:
    return {"subject": row.subject, "act": row.act, "effective_on": row.effective_on.isoformat(),
            "document_number": row.document_number, "keeps": row.keeps}  # fmt: skip


def _facts(ctx: Context, row: Succession) -> tuple[SuccessionFacts, Changes]:
    """What proposing and recording look at, and what it would do."""
    wanted = tuple(_read_line(said) for said in row.wanted)
    asked = Asked(row.jurisdiction_code, Subject(row.subject), Act(row.act), row.effective_on, wanted)
    made = succession_changes.changes(ctx, asked)
    return SuccessionFacts(
        first_person=str(row.proposed_by),
        second_person=ctx.actor.person_id or "",
        effective_on=row.effective_on,
        today=ctx.today,
        document_number=row.document_number,
        reason=row.reason,
        unfit=(*made.problems, *_kept(ctx, row, made)),
    ), made


def _kept(ctx: Context, row: Succession, made: Changes) -> list[Problem]:
    """Why the committee cannot have kept that rating."""
    if not row.keeps:
        return []
    if not made.merged:
        return [Problem("rating-kept-without-a-merger", "keeps", {"value": row.keeps})]
    ids = {t.id for merge in made.merged for t in (merge.taught, merge.into)}
    known = outcome_queries.known_ratings(ctx.session, ids)
    problems = []
    for into in {merge.into.id for merge in made.merged}:
        parts = {into, *(merge.taught.id for merge in made.merged if merge.into.id == into)}
        held = [r.rating for key in parts for r in known[key] if _holds(r, row.effective_on)]
        problems += colour_problems(row.keeps, held)
    return problems


def _holds(r: RatingRow, day: date) -> bool:
    return r.valid_from <= day and (r.valid_to is None or day < r.valid_to)


def record(ctx: Context, succession_id: int, *, version: int | None = None) -> Succession:
    """The second person records it, on its day or later: it happens at once, with everything that follows."""
    row = _locked(ctx, succession_id, version)
    facts, made = _facts(ctx, row)
    note = Note(reason=row.reason, audience="public", told=_told(row))
    ctx.advance(SUCCESSION, row, SuccessionEvent.RECORD, facts, Scope(city=row.jurisdiction_code), note=note,
                changes={"recorded_by": ctx.person_id, "recorded_at": ctx.now})  # fmt: skip
    succession_effects.apply(ctx, row, made)
    return row


def withdraw(ctx: Context, succession_id: int, reason: str, *, version: int | None = None) -> Succession:
    """Take a proposed succession back, with a reason."""
    row = _locked(ctx, succession_id, version)
    ctx.advance(SUCCESSION, row, SuccessionEvent.WITHDRAW, SuccessionFacts(reason=reason),
                Scope(city=row.jurisdiction_code), note=Note(reason=reason, told=_told(row)))  # fmt: skip
    return row


def _locked(ctx: Context, succession_id: int, version: int | None) -> Succession:
    read(ctx, succession_id)
    return ctx.locked(Succession, succession_id, version=version)


# --- reading ---------------------------------------------------------------------------------------------------------


def read(ctx: Context, succession_id: int) -> Succession:
    """A succession: everybody's once recorded; before, NotFound for whoever may not know of it."""
    row = ctx.session.get(Succession, succession_id)
    if row is None:
        raise NotFound(Problem("not-found", "succession", {"kind": "succession", "id": succession_id}))
    if row.state != SuccessionState.RECORDED:
        ctx.permit_read(READERS, Scope(city=row.jurisdiction_code), where="succession")
    return row


def lines(ctx: Context, rows: Sequence[Succession]) -> dict[int, list[SuccessionLine]]:
    """Succession → what it did to which specialty."""
    return succession_queries.lines_of(ctx.session, [row.id for row in rows])


def listing(ctx: Context, page: Page, city: str | None) -> tuple[list[Succession], str | None]:
    """The recorded ones (public), and for the office those of its own city that are proposed or withdrawn."""
    near = reach(ctx.actor, READ[READERS], ctx.today).cities
    query = succession_queries.listing(city, recorded=False)
    query = query.where(sa.or_(Succession.recorded_at.is_not(None), Succession.jurisdiction_code.in_(near)))
    found = list(ctx.session.scalars(page.within(query, Succession.id)))
    shown, cursor = page.cut(found, lambda row: (row.id,))
    return list(shown), cursor


def possible(ctx: Context, row: Succession) -> list[Possible]:
    """What the caller may do with it, each with why it is not possible now, but for the reason to be written."""
    scope = Scope(city=row.jurisdiction_code)
    if row.state != SuccessionState.PROPOSED or not may_read(ctx.actor, READERS, scope, ctx.today):
        return []
    facts, _ = _facts(ctx, row)
    return ctx.possible(SUCCESSION, row.state, facts, scope)


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a specialty's history, the act it is of, and the ratings of what became part of it."""

    line: SuccessionLine
    succession: Succession
    ratings: Sequence[RatingRow]


def history(ctx: Context, code: str) -> tuple[str, list[Told]]:
    """Every succession of the specialty that this code names, and of whatever is part of it now, from both sides."""
    key = registry.id_of(ctx.session, code)
    family = succession_queries.family(ctx.session, key)
    found = succession_queries.lines_about(ctx.session, family)
    return code, [
        Told(line, row, outcome_queries.ratings_of(ctx.session, line.from_specialty_id)
             if line.from_specialty_id != key else ())
        for line, row in found
    ]  # fmt: skip
