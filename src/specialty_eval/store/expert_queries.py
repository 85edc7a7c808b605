"""The pool as the offices see it: who is in it, with how many reviews now, and how many ties on record."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.allotting import ANY_FIELD
from specialty_eval.engine.assignment import AssignmentState
from specialty_eval.engine.permissions import Role

from .accounts import Person, RoleGrant, held_on
from .deliberation import ExpertAssignment
from .experts import Expert, ExpertTie
from .registry import Organisation
from .registry_queries import numbered


@dataclass(frozen=True, slots=True)
class InPool:
    """Somebody of the pool; `going` and `scored` count reviews of all rounds, `ties` those that stand."""

    id: int
    person_id: int
    name: str
    employer: str
    fields: Sequence[str]
    at_most: int | None
    valid_from: date
    valid_to: date | None
    going: int = 0
    scored: int = 0
    ties: int = 0


def pool(city: str, on: date, field: str | None) -> sa.Select[*tuple[Any, ...]]:
    """A city's pool on a day; of one field alone, those who score everything too."""
    employer = sa.func.coalesce(sa.func.nullif(Person.employer_name, ""), _EMPLOYER.c.name, "")
    found = (
        sa.select(Expert.id, Expert.person_id, Person.name, employer, Expert.fields, Expert.at_most,
                  Expert.valid_from, Expert.valid_to)
        .join(Person, Person.id == Expert.person_id)
        .join(Organisation, Organisation.id == Expert.bureau_id)
        .outerjoin(_EMPLOYER, _EMPLOYER.c.id == Person.employer_id)
        .where(Organisation.jurisdiction_code == city, Organisation.kind == "bureau")
        .where(Expert.valid_from <= on, sa.or_(Expert.valid_to.is_(None), Expert.valid_to >= on))
    )  # fmt: skip
    if field is None:
        return found
    return found.where(sa.or_(Expert.fields.contains([field]), Expert.fields.contains([ANY_FIELD])))


_EMPLOYER = Organisation.__table__.alias("employer")


def with_load(session: Session, chosen: sa.Select[*tuple[Any, ...]]) -> list[InPool]:
    """What a choice of `pool` found, with loads and ties: three statements however many they are."""
    rows = session.execute(chosen).all()
    people = [row.person_id for row in rows]
    load = (
        sa.select(
            ExpertAssignment.person_id,
            sa.func.count().filter(ExpertAssignment.state.in_(_GOING)),
            sa.func.count().filter(ExpertAssignment.state == AssignmentState.SCORED.value),
        )
        .where(numbered(ExpertAssignment.person_id, people))
        .group_by(ExpertAssignment.person_id)
    )
    loads = {person: (going, scored) for person, going, scored in session.execute(load)}
    tied = sa.select(ExpertTie.person_id, sa.func.count()).where(
        numbered(ExpertTie.person_id, people), ExpertTie.lifted_at.is_(None)
    )
    ties = {person: number for person, number in session.execute(tied.group_by(ExpertTie.person_id))}  # noqa: C416 -- a Row is no tuple here
    return [
        replace(InPool(*row), going=going, scored=scored, ties=ties.get(row.person_id, 0))
        for row in rows
        for going, scored in [loads.get(row.person_id, (0, 0))]
    ]


_GOING = (AssignmentState.INVITED.value, AssignmentState.ACCEPTED.value)


def is_expert(session: Session, person_id: int, bureau_id: int, today: date) -> bool:
    """Whether somebody who can sign in holds the expert's role there on that day."""
    found = (
        sa.select(RoleGrant.id)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(RoleGrant.person_id == person_id, RoleGrant.organisation_id == bureau_id, Person.active)
        .where(RoleGrant.role == Role.EXPERT.value, held_on(today))
    )
    return session.scalars(found).first() is not None


def in_pool_since(session: Session, person_id: int, bureau_id: int, day: date) -> bool:
    """Whether somebody is in the pool on that day or later."""
    found = sa.select(Expert.id).where(
        Expert.person_id == person_id, Expert.bureau_id == bureau_id,
        sa.or_(Expert.valid_to.is_(None), Expert.valid_to >= day),
    )  # fmt: skip
    return session.scalars(found).first() is not None


def cities_of(session: Session, person_id: int) -> set[str]:
    """The cities whose expert somebody is, was or will be."""
    found = (
        sa.select(Organisation.jurisdiction_code)
        .join(RoleGrant, RoleGrant.organisation_id == Organisation.id)
        .where(RoleGrant.person_id == person_id, RoleGrant.role == Role.EXPERT.value, Organisation.kind == "bureau")
    )
    return set(session.scalars(found))
