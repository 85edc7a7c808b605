"""The pool of experts: who is in it with which fields and for how many reviews, and whom they are too near to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from specialty_eval.engine.allotting import is_field
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, Problem
from specialty_eval.engine.permissions import READ, Role, Scope, Thing
from specialty_eval.engine.roles import roles
from specialty_eval.store import expert_queries, registry
from specialty_eval.store.accounts import Person
from specialty_eval.store.expert_queries import InPool
from specialty_eval.store.experts import INTEREST, Expert, ExpertTie
from specialty_eval.store.registry import Organisation

from . import too_near
from .context import Context, Note
from .paging import Page

MANAGES = roles(Role.SECRETARY)


@dataclass(frozen=True, slots=True)
class NewExpert:
    """Somebody to be in the pool: their fields, and at most how many reviews in a round (None: no own limit)."""

    person_id: int
    fields: Sequence[str]
    valid_from: date
    valid_to: date | None = None
    at_most: int | None = None


def field_problems(fields: Sequence[str], where: str = "fields") -> list[Problem]:
    """What is no field: neither the beginning of a catalogue code (2, 4 or 6 digits) nor `*` for all of them."""
    wrong = [Problem("expert-field-unknown", where, {"value": f}) for f in fields if not is_field(f)]
    return wrong if fields else [Problem("fields-missing", where)]


def add(ctx: Context, new: NewExpert) -> Expert:
    """Put an expert into the pool of one's bureau (secretary). Invalid with every reason."""
    scope = ctx.office(Role.SECRETARY)
    bureau = ctx.session.scalars(
        sa.select(Organisation.id).where(Organisation.kind == "bureau", Organisation.jurisdiction_code == scope.city)
    ).one()
    person = ctx.session.get(Person, new.person_id, with_for_update=True)
    problems = field_problems(new.fields)
    if person is None or not expert_queries.is_expert(ctx.session, new.person_id, bureau, ctx.today):
        problems.append(Problem("not-an-expert", "person_id", {"person": new.person_id}))
    if new.valid_to is not None and new.valid_to < new.valid_from:
        facts = {"valid_from": new.valid_from.isoformat()}
        problems.append(Problem("ends-before-it-begins", "valid_to", facts))
    if expert_queries.in_pool_since(ctx.session, new.person_id, bureau, new.valid_from):
        problems.append(Problem("in-the-pool-already", "person_id", {"person": new.person_id}))
    if problems:
        raise Invalid(*problems)
    row = ctx.saved(
        Expert(person_id=new.person_id, bureau_id=bureau, fields=_ordered(new.fields), at_most=new.at_most,
               valid_from=new.valid_from, valid_to=new.valid_to)
    )  # fmt: skip
    ctx.record("expert.add", row, Note(told=_said(row)))
    return row


def _ordered(fields: Collection[str]) -> list[str]:
    return sorted(set(fields))


def _said(row: Expert) -> dict[str, object]:
    return {"fields": row.fields, "at_most": row.at_most}


def change(ctx: Context, expert_id: int, fields: Sequence[str], at_most: int | None) -> Expert:
    """Other fields, another limit, from now on (secretary): who was asked stays asked."""
    row = _locked(ctx, expert_id)
    if problems := field_problems(fields):
        raise Invalid(*problems)
    row.fields, row.at_most = _ordered(fields), at_most
    ctx.record("expert.change", ctx.saved(row), Note(told=_said(row)))
    return row


def end(ctx: Context, expert_id: int, last_day: date) -> Expert:
    """The expert leaves the pool with the given day (secretary). An ending only ever ends."""
    row = _locked(ctx, expert_id)
    if row.valid_to is not None and (row.valid_to < ctx.today or last_day > row.valid_to):
        raise NotNow(Problem("pool-left-already", "last_day", {"valid_to": row.valid_to.isoformat()}))
    if last_day < row.valid_from:
        raise Invalid(Problem("ends-before-it-begins", "last_day", {"valid_from": row.valid_from.isoformat()}))
    row.valid_to = last_day
    ctx.record("expert.end", ctx.saved(row), Note(told={"last_day": last_day.isoformat()}))
    return row


def _locked(ctx: Context, expert_id: int) -> Expert:
    row = ctx.locked(Expert, expert_id)
    held_at = ctx.session.get_one(Organisation, row.bureau_id)
    scope = Scope(city=held_at.jurisdiction_code)
    ctx.permit_read(Thing.POOL, scope, where="expert")
    ctx.permit(MANAGES, scope, where="expert")
    return row


def listing(ctx: Context, page: Page, *, field: str | None = None, on: date | None = None) -> tuple[
    Sequence[InPool], str | None
]:  # fmt: skip
    """The pool of the caller's city as it is on a day (today), with each one's load and ties (the offices)."""
    city = ctx.office(*READ[Thing.POOL]).city
    query = expert_queries.pool(city, on or ctx.today, field)
    found = expert_queries.with_load(ctx.session, page.within(query, Expert.id))
    return page.cut(found, lambda one: (one.id,))


# --- ties -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewTie:
    """Where somebody worked or what they have an interest in: a school by its code, or an enterprise by its name."""

    kind: str
    school: str = ""
    enterprise: str = ""
    reason: str = ""


def declare(ctx: Context, person_id: int, new: NewTie) -> ExpertTie:
    """Put on record that somebody is too near to a school or an enterprise (oneself, or the secretary).

    From now on they are recused from all of its specialties. Who was asked about one of them is replaced at once;
    where a run has their score already, the secretary is told. Invalid with every reason.
    """
    _permit_of(ctx, person_id)
    school = None
    problems = []
    if bool(new.school) == bool(new.enterprise.strip()):
        problems.append(Problem("tie-to-one-party", "school"))
    elif new.school:
        school = ctx.session.scalar(sa.select(registry.School.id).where(registry.School.code == new.school))
        if school is None:
            problems.append(Problem("school-unknown", "school", {"value": new.school}))
    if new.kind == INTEREST and not new.reason.strip():
        problems.append(Problem("reason-missing", "reason"))
    if problems:
        raise Invalid(*problems)
    tie = ctx.saved(
        ExpertTie(person_id=person_id, kind=new.kind, school_id=school, enterprise=new.enterprise.strip(),
                  reason=new.reason, declared_at=ctx.now, declared_by=ctx.person_id)
    )  # fmt: skip
    ctx.record("expert.declare", tie, Note(audience="sealed", told={"kind": new.kind}))
    too_near.act_on(ctx, person_id, new.reason)
    return tie


def lift(ctx: Context, tie_id: int, reason: str) -> ExpertTie:
    """A tie holds no longer, or never did (secretary, with a reason); it stays on record. Nobody lifts their own."""
    tie = ctx.locked(ExpertTie, tie_id)
    _permit_secretary(ctx, tie.person_id)
    if tie.person_id == ctx.person_id:
        raise Invalid(Problem("own-tie", "tie"))
    if tie.lifted_at is not None:
        raise NotNow(Problem("tie-lifted-already", "tie"))
    if not reason.strip():
        raise Invalid(Problem("reason-missing", "reason"))
    tie.lifted_at, tie.lifted_by, tie.lifted_reason = ctx.now, ctx.person_id, reason
    ctx.record("expert.lift", ctx.saved(tie), Note(audience="sealed"))
    return tie


def ties(ctx: Context, person_id: int) -> list[ExpertTie]:
    """What is on record of somebody's ties, lifted ones too (oneself, the secretary, the auditor)."""
    _permit_of(ctx, person_id, Role.SECRETARY, Role.AUDITOR)
    found = sa.select(ExpertTie).where(ExpertTie.person_id == person_id).order_by(ExpertTie.id)
    return list(ctx.session.scalars(found))


def _permit_of(ctx: Context, person_id: int, *offices: Role) -> None:
    """Oneself, where one is or was an expert; else the offices of the cities whose expert it is."""
    if person_id == ctx.person_id and expert_queries.cities_of(ctx.session, person_id):
        return
    _permit_secretary(ctx, person_id, *offices)


def _permit_secretary(ctx: Context, person_id: int, *offices: Role) -> None:
    wanted = offices or (Role.SECRETARY,)
    city = ctx.office(*wanted).city
    if city not in expert_queries.cities_of(ctx.session, person_id):
        raise NotFound(Problem("not-found", "person_id", {"kind": "person", "id": person_id}))
