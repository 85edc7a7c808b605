"""Supports of green specialties: what the policy names is granted under a document, listed in public, and ended."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.errors import NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.permissions import Role, may
from specialty_eval.engine.roles import roles
from specialty_eval.engine.standing import academic_year_begins
from specialty_eval.engine.support import (
    SUPPORT,
    Granting,
    SupportEvent,
    SupportFacts,
    SupportState,
    granting_problems,
)
from specialty_eval.store import rectification_queries, registry, scopes
from specialty_eval.store.registry import School, Specialty
from specialty_eval.store.status_queries import present_code
from specialty_eval.store.supports import SupportGrant

from .context import Context, Note, Possible
from .paging import Page

GRANTS = roles(Role.BUREAU_APPROVER)


@dataclass(frozen=True, slots=True)
class NewSupport:
    """What is granted: one of the policy's supports, in words, how much (None: no money), from when, by what."""

    support: str
    what: str
    document_number: str
    valid_from: date
    amount: Decimal | None = None


def grant(ctx: Context, code: str, new: NewSupport) -> SupportGrant:
    """Grant a green specialty one of the supports that its policy names, for this academic year; NotNow with every
    reason.
    """
    key = registry.id_of(ctx.session, code)
    scope = scopes.of_specialty(ctx.session, key, acting=ctx.person_id)
    granted = ctx.permit(GRANTS, scope, where="support")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "support"))
    # Its standing under a lock: a year that begins meanwhile ends what is granted now, or comes first.
    standing = rectification_queries.standing_locked(ctx.session, key)
    year = ctx.today.year if ctx.today >= academic_year_begins(ctx.today.year) else ctx.today.year - 1
    had = sa.select(SupportGrant.support).where(
        SupportGrant.specialty_id == key, SupportGrant.academic_year == year,
        SupportGrant.state == SupportState.GRANTED.value,
    )  # fmt: skip
    facts = Granting(
        new.support, new.what, new.amount, new.document_number, "normal" if standing is None else standing.state,
        () if standing is None else tuple(standing.supports), frozenset(ctx.session.scalars(had)),
    )  # fmt: skip
    if problems := granting_problems(facts):
        raise NotNow(*problems)
    amount = None if new.amount is None else f"{new.amount:f}"
    made = ctx.saved(
        SupportGrant(specialty_id=key, academic_year=year, support=new.support, what=new.what.strip(),
                     amount=amount, document_number=new.document_number.strip(), valid_from=new.valid_from,
                     state=SUPPORT.start.value, granted_by=ctx.person_id, granted_at=ctx.now, version=1,
                     updated_at=ctx.now)
    )  # fmt: skip
    told = {"support": made.support, "academic_year": year, "document_number": made.document_number,
            "amount": amount}  # fmt: skip
    ctx.record("support.grant", made, Note(audience="public", told=told), grant=granted)
    return made


def end(ctx: Context, key: int, reason: str, *, version: int | None = None) -> SupportGrant:
    """End a support before the standing does, with a reason."""
    seen = ctx.session.get(SupportGrant, key)
    if seen is None:
        raise NotFound(Problem("not-found", "support", {"kind": "support", "id": key}))
    scope = scopes.of_specialty(ctx.session, seen.specialty_id, acting=ctx.person_id)
    ctx.permit(GRANTS, scope, where="support")
    row = ctx.locked(SupportGrant, key, version=version, where="support")
    ctx.advance(SUPPORT, row, SupportEvent.END, SupportFacts(reason=reason), scope,
                note=Note(reason=reason, audience="public"), changes={"ended_on": ctx.today})  # fmt: skip
    return row


# --- reading ---------------------------------------------------------------------------------------------------------


def _listed() -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            SupportGrant, present_code(Specialty.id).label("code"), Specialty.name, School.name,
            School.jurisdiction_code,
        )
        .select_from(SupportGrant)
        .join(Specialty, Specialty.id == SupportGrant.specialty_id)
        .join(School, School.id == Specialty.school_id)
    )  # fmt: skip


def view(ctx: Context, row: SupportGrant) -> dict[str, Any]:
    """One support, as everybody reads it."""
    return _told(ctx.session.execute(_listed().where(SupportGrant.id == row.id)).one())


def _told(one: Any) -> dict[str, Any]:
    row, code, name, school, county = one
    return {
        "id": row.id, "code": code, "name": name, "school": school, "county": county, "state": row.state,
        "academic_year": row.academic_year, "support": row.support, "what": row.what,
        "amount": row.amount, "document_number": row.document_number,
        "valid_from": row.valid_from, "granted_at": row.granted_at, "ended_on": row.ended_on,
    }  # fmt: skip


def possible(ctx: Context, row: SupportGrant) -> list[Possible]:
    """What the caller may do with it, but for what they are to write."""
    scope = scopes.of_specialty(ctx.session, row.specialty_id, acting=ctx.person_id)
    if not may(ctx.actor, GRANTS, scope, ctx.today):
        return []
    return ctx.possible(SUPPORT, row.state, SupportFacts(reason="…"), scope)


def listing(
    ctx: Context, page: Page, *, academic_year: int | None = None, **chosen: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Every support that was granted, ended ones among them, in order of id (public)."""
    query = _listed()
    if academic_year is not None:
        query = query.where(SupportGrant.academic_year == academic_year)
    columns = {"county": School.jurisdiction_code, "school": School.code, "support": SupportGrant.support,
               "state": SupportGrant.state}  # fmt: skip
    for name, value in chosen.items():
        if value is not None:
            query = query.where(columns[name] == value)
    found = ctx.session.execute(page.within(query, SupportGrant.id)).all()
    rows, cursor = page.cut(found, lambda row: (row[0].id,))
    return [_told(row) for row in rows], cursor
