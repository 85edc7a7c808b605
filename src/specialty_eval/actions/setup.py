"""The first step of an installation: a city, its bureau and the first administrator. Everything else they do."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from specialty_eval.engine.errors import Invalid, NotNow, Problem
from specialty_eval.engine.permissions import Role
from specialty_eval.store.accounts import Person, RoleGrant
from specialty_eval.store.registry import Jurisdiction, Organisation

from . import passwords
from .context import Context, Note


@dataclass(frozen=True, slots=True)
class Area:
    """An area of GB/T 2260."""

    code: str
    name: str
    kind: str
    parent: str | None


def begin(ctx: Context, areas: list[Area], city: str, bureau: str, login: str, password: str) -> int:
    """Put the areas, the city's bureau and its administrator on record; the administrator's number.

    Only in an empty installation: NotNow once anybody is on record. Invalid for a city that is not among the areas
    or a short password.
    """
    ctx.session.execute(sa.text("LOCK TABLE person IN SHARE ROW EXCLUSIVE MODE"))
    if ctx.session.scalar(sa.select(Person.id).limit(1)) is not None:
        raise NotNow(Problem("installed-already", "person"))
    problems = []
    if city not in {area.code for area in areas if area.kind == "city"}:
        problems.append(Problem("jurisdiction-unknown", "city", {"value": city}))
    if len(password) < passwords.PASSWORD_AT_LEAST:
        problems.append(Problem("password-too-short", "password", {"at_least": passwords.PASSWORD_AT_LEAST}))
    if problems:
        raise Invalid(*problems)
    for area in sorted(areas, key=lambda a: ("province", "city", "county", "zone").index(a.kind)):
        if ctx.session.get(Jurisdiction, area.code) is None:
            ctx.saved(Jurisdiction(code=area.code, name=area.name, kind=area.kind, parent_code=area.parent))
    at = ctx.saved(Organisation(kind="bureau", code=city, name=bureau, jurisdiction_code=city))
    person = ctx.saved(Person(login=login, name=login, contact="", password_hash=passwords.hasher().hash(password),
                              employer_name="", active=True))  # fmt: skip
    ctx.saved(RoleGrant(person_id=person.id, role=Role.ADMINISTRATOR.value, organisation_id=at.id,
                        valid_from=min(ctx.today, date(2000, 1, 1)), deputy=False))  # fmt: skip
    ctx.record("installation.begin", at, Note(told={"city": city}))
    return person.id
