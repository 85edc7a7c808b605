"""The committee's members: who has a seat, for which sector, from a day to a day."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from specialty_eval.engine.errors import Invalid, Problem
from specialty_eval.engine.permissions import Role, Scope
from specialty_eval.engine.roles import roles
from specialty_eval.store.accounts import CommitteeMember, Person
from specialty_eval.store.registry import Organisation

from .context import Context, Note


@dataclass(frozen=True, slots=True)
class NewMember:
    """A seat in the committee to be: who, for which sector, from a day to a day (both inclusive)."""

    person_id: int
    sector: str
    term_from: date
    term_to: date
    substitute: bool = False


def appoint(ctx: Context, new: NewMember) -> CommitteeMember:
    """Give a person a seat for a term (secretary). Invalid with every reason."""
    city = ctx.office(Role.SECRETARY).city
    bureau = ctx.session.scalar(
        sa.select(Organisation.id).where(Organisation.kind == "bureau", Organisation.jurisdiction_code == city)
    )
    problems = []
    if bureau is None or ctx.session.get(Person, new.person_id) is None:
        problems.append(Problem("not-found", "person_id", {"kind": "person", "id": new.person_id}))
    if new.term_to < new.term_from:
        problems.append(Problem("ends-before-it-begins", "term_to", {"valid_from": new.term_from.isoformat()}))
    if problems:
        raise Invalid(*problems)
    row = ctx.saved(
        CommitteeMember(
            person_id=new.person_id,
            bureau_id=bureau,
            sector=new.sector,
            substitute=new.substitute,
            term_from=new.term_from,
            term_to=new.term_to,
        )
    )
    ctx.record("member.appoint", row, Note(told={"sector": new.sector, "substitute": new.substitute}))
    return row


def end_term(ctx: Context, member_id: int, last_day: date) -> CommitteeMember:
    """A member's term ends with the given day (secretary)."""
    row = ctx.locked(CommitteeMember, member_id, where="member")
    held_at = ctx.session.get_one(Organisation, row.bureau_id)
    ctx.permit(roles(Role.SECRETARY), Scope(city=held_at.jurisdiction_code), where="member")
    if last_day < row.term_from:
        raise Invalid(Problem("ends-before-it-begins", "term_to", {"valid_from": row.term_from.isoformat()}))
    row.term_to = last_day
    ctx.record("member.end", row, Note(told={"last_day": last_day.isoformat()}))
    return ctx.saved(row)
