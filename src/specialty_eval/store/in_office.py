"""Who holds a role at a city's bureau: experts, visitors and members of appeal panels alike."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.roles import Role

from .accounts import Person, RoleGrant, held_on
from .registry import Organisation


def at_bureau(session: Session, role: Role, city: str, today: date) -> frozenset[int]:
    """The people of open accounts who hold the role at the city's bureau that day, by number."""
    found = (
        sa.select(RoleGrant.person_id)
        .join(Organisation, Organisation.id == RoleGrant.organisation_id)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(
            RoleGrant.role == role.value,
            Organisation.kind == "bureau",
            Organisation.jurisdiction_code == city,
            held_on(today),
            Person.active,
        )
    )
    return frozenset(person for person in session.scalars(found) if person is not None)
