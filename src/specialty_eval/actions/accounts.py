"""Who is calling: sign in and out, people, keys and role grants."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotSignedIn, Problem
from specialty_eval.engine.permissions import HELD_AT, HELD_BY_PEOPLE, READ, Actor, Grant, Kind, Role, Scope, Thing
from specialty_eval.store import registry
from specialty_eval.store.accounts import ApiKey, Invitation, Person, RoleGrant, SignIn, held_on
from specialty_eval.store.base import Straight
from specialty_eval.store.registry import Organisation

from . import passwords
from .context import LOCAL, Context, Credentials, Note
from .paging import Page

SIGNED_IN_FOR = timedelta(hours=12)
INVITED_FOR = timedelta(days=7)
TOKEN, KEY, INVITATION = "tok_", "key_", "inv_"


def digest(secret: str) -> str:
    """Tokens and keys are random and long, so one SHA-256 is enough to keep them useless to a reader of the table."""
    return hashlib.sha256(secret.encode()).hexdigest()


def identify(session: Session, now: datetime, shown: Credentials) -> Actor:
    """The caller and the grants it holds at this moment, in one statement; nobody without credentials.

    NotSignedIn when credentials are shown that do not hold: an expired token is never silently the public.
    """
    if not shown.secret:
        return Actor()
    today = now.astimezone(LOCAL).date()
    is_key = shown.secret.startswith(KEY)
    rows = _caller(is_key).run(session, {"hash": digest(shown.secret), "now": now, "today": today}).fetchall()
    if not rows:
        raise NotSignedIn(Problem("sign-in-expired"))
    held = str(rows[0].holder)
    grants = tuple(
        grant_of(row) for row in rows if row.role is not None and not (is_key and row.role in HELD_BY_PEOPLE)
    )
    return Actor(person_id=None if is_key else held, key_id=held if is_key else None, grants=grants)


def actor_of(session: Session, now: datetime, *, person_id: int | None, key_id: int | None) -> Actor:
    """Somebody who asked for something earlier, with the grants held now: none once deactivated or ended."""
    today = now.astimezone(LOCAL).date()
    link, number = (RoleGrant.person_id, person_id) if key_id is None else (RoleGrant.api_key_id, key_id)
    alive: sa.ColumnElement[bool] = (
        sa.exists().where(Person.id == person_id, Person.active)
        if key_id is None
        else sa.exists().where(
            ApiKey.id == key_id, ApiKey.valid_from <= today,
            sa.or_(ApiKey.valid_to.is_(None), ApiKey.valid_to >= today),
        )
    )  # fmt: skip
    held = sa.select(
        RoleGrant.role, RoleGrant.organisation_id, Organisation.kind, Organisation.code,
        Organisation.jurisdiction_code, RoleGrant.valid_from, RoleGrant.valid_to, RoleGrant.deputy,
    ).join(Organisation, Organisation.id == RoleGrant.organisation_id)  # fmt: skip
    rows = session.execute(held.where(link == number, held_on(today), alive)).all()
    grants = tuple(grant_of(row) for row in rows if key_id is None or row.role not in HELD_BY_PEOPLE)
    return Actor(
        person_id=None if person_id is None else str(person_id), key_id=None if key_id is None else str(key_id),
        grants=grants,
    )  # fmt: skip


def actor_of_key(ctx: Context, key_id: int) -> Actor | None:
    """What a machine's key is entitled to at this moment; None when it holds no more."""
    key = ctx.session.scalar(sa.select(ApiKey).where(ApiKey.id == key_id).execution_options(populate_existing=True))
    if key is None or key.valid_from > ctx.today or (key.valid_to is not None and key.valid_to < ctx.today):
        return None
    return actor_of(ctx.session, ctx.now, person_id=None, key_id=key_id)


@lru_cache(maxsize=2)
def _caller(is_key: bool) -> Straight:
    """Holder and grants of a secret's hash, one row a grant, one row with nulls for a holder without any."""
    today = sa.bindparam("today", type_=sa.Date())
    holder, link, alive = (
        (ApiKey.id, RoleGrant.api_key_id, sa.and_(ApiKey.secret_hash == sa.bindparam("hash"),
                                                  ApiKey.valid_from <= today,
                                                  sa.or_(ApiKey.valid_to.is_(None), ApiKey.valid_to >= today)))
        if is_key else
        (Person.id, RoleGrant.person_id, sa.and_(SignIn.token_hash == sa.bindparam("hash"), Person.active,
                                                 SignIn.expires_at > sa.bindparam("now", type_=SignIn.expires_at.type)))
    )  # fmt: skip
    table = ApiKey.__table__ if is_key else sa.join(SignIn, Person, SignIn.person_id == Person.id)
    held = sa.and_(link == holder, held_on(today))
    source = sa.outerjoin(table, RoleGrant, held).outerjoin(Organisation, Organisation.id == RoleGrant.organisation_id)
    wanted = sa.select(
        holder.label("holder"), RoleGrant.role, RoleGrant.organisation_id, Organisation.kind, Organisation.code,
        Organisation.jurisdiction_code, RoleGrant.valid_from, RoleGrant.valid_to, RoleGrant.deputy,
    )  # fmt: skip
    return Straight(wanted.select_from(source).where(alive))


def grant_of(row: Any) -> Grant:
    """A grant as the engine's permissions read it."""
    return Grant(
        role=Role(row.role),
        organisation_id=str(row.organisation_id),
        kind=row.kind,
        code=row.code,
        jurisdiction=row.jurisdiction_code,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        deputy=row.deputy,
    )


def sign_in(ctx: Context, login: str, password: str) -> tuple[str, datetime]:
    """A token and when it ends. The answer is the same, and takes as long, for a wrong login and a wrong password."""
    person = ctx.session.scalar(sa.select(Person).where(Person.login == login, Person.active))
    if not passwords.matches(password, person.password_hash if person else None) or person is None:
        raise NotSignedIn(Problem("login-or-password-wrong"))
    token = TOKEN + secrets.token_urlsafe(32)
    ends = ctx.now + SIGNED_IN_FOR
    ctx.saved(SignIn(person_id=person.id, token_hash=digest(token), created_at=ctx.now, expires_at=ends))
    return token, ends


def sign_out(ctx: Context, shown: Credentials) -> None:
    """End this session; a token that has ended already is no error."""
    ctx.session.execute(sa.delete(SignIn).where(SignIn.token_hash == digest(shown.secret)))


def create_person(
    ctx: Context, login: str, name: str, password: str = "", *, contact: str = "", employer_id: int | None = None,
    employer_name: str = "",
) -> Person:  # fmt: skip
    """A person without any role yet, who without a password signs in once invited. Invalid for a short password, NotNow
    for a login in use.
    """
    ctx.office(Role.ADMINISTRATOR)
    if password and len(password) < passwords.PASSWORD_AT_LEAST:
        raise Invalid(Problem("password-too-short", "password", {"at_least": passwords.PASSWORD_AT_LEAST}))
    if ctx.session.scalar(sa.select(Person.id).where(Person.login == login)) is not None:
        raise NotNow(Problem("login-in-use", "login", {"value": login}))
    person = ctx.saved(
        Person(login=login, name=name, contact=contact, password_hash=passwords.kept(password),
               employer_id=employer_id, employer_name=employer_name, active=True)
    )  # fmt: skip
    ctx.record("person.create", person)
    return person


@dataclass(frozen=True, slots=True)
class HeldGrant:
    """A role that a person holds, held or will hold, and at which organisation."""

    id: int
    role: str
    organisation_id: int
    organisation: str
    kind: str
    valid_from: date
    valid_to: date | None
    ended_at: datetime | None
    deputy: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A person as who keeps the accounts needs them: no contact, nothing of the password."""

    id: int
    login: str
    name: str
    employer_id: int | None
    employer_name: str
    active: bool
    roles: tuple[HeldGrant, ...]


def people(ctx: Context, page: Page) -> tuple[list[Listed], str | None]:
    """Everybody with a role in the caller's city, and who has none anywhere yet, in order of their numbers; of roles
    those held, once held or to be held there.
    """
    here = Organisation.jurisdiction_code.in_(registry.areas_of(ctx.office(*READ[Thing.PEOPLE]).city))
    held_by = sa.select(RoleGrant.person_id).join(Organisation, Organisation.id == RoleGrant.organisation_id)
    # OFFSET 0: each person's own roles are looked up; without it PostgreSQL would read everybody's first.
    anywhere = held_by.where(RoleGrant.person_id == Person.id).correlate(Person).offset(0)
    columns = (Person.id, Person.login, Person.name, Person.employer_id, Person.employer_name, Person.active)
    known = sa.select(*columns).where(sa.or_(anywhere.where(here).exists(), ~anywhere.exists()))
    asked = page.within(known, Person.id)
    rows, cursor = page.cut(ctx.session.execute(asked).all(), lambda row: (row.id,))
    held: dict[int, list[HeldGrant]] = {}
    found: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            RoleGrant.person_id, RoleGrant.id, RoleGrant.role, RoleGrant.organisation_id, Organisation.code,
            Organisation.kind, RoleGrant.valid_from, RoleGrant.valid_to, RoleGrant.ended_at, RoleGrant.deputy,
        )
        .join(Organisation, Organisation.id == RoleGrant.organisation_id)
        .where(RoleGrant.person_id.in_([row.id for row in rows]), here)
        .order_by(RoleGrant.id)
    )  # fmt: skip
    for person, *grant in ctx.session.execute(found):
        held.setdefault(person, []).append(HeldGrant(*grant))
    return [
        Listed(row.id, row.login, row.name, row.employer_id, row.employer_name, row.active,
               tuple(held.get(row.id, ())))
        for row in rows
    ], cursor  # fmt: skip


def invite(ctx: Context, login: str) -> tuple[str, datetime]:
    """A code with which the person sets a first or a new password, and when it ends; shown this once.

    Nobody but the person then knows the password. Who holds a role in another city is its administrators' to invite.
    """
    ctx.office(Role.ADMINISTRATOR)
    person = ctx.session.scalar(sa.select(Person).where(Person.login == login, Person.active))
    if person is None:
        raise NotFound(Problem("not-found", "login", {"kind": "person", "id": login}))
    _refuse_elsewhere(ctx, RoleGrant.person_id == person.id, "login")
    code, ends = INVITATION + secrets.token_urlsafe(32), ctx.now + INVITED_FOR
    kept = {"code_hash": digest(code), "expires_at": ends}
    new = insert(Invitation).values(person_id=person.id, **kept)
    ctx.session.execute(new.on_conflict_do_update(index_elements=["person_id"], set_=kept))
    ctx.record("person.invite", person)
    return code, ends


def _refuse_elsewhere(ctx: Context, held: sa.ColumnElement[bool], where: str) -> int:
    """Who holds a role in another city, or held one, is its administrators' too; NotYou for the others.

    In how many areas, for whoever holds none.
    """
    found = sa.select(Organisation.jurisdiction_code).join(RoleGrant, RoleGrant.organisation_id == Organisation.id)
    areas = ctx.session.scalars(found.where(held).distinct()).all()
    for area in areas:
        ctx.permit(frozenset({Role.ADMINISTRATOR}), Scope(city=registry.city_of(ctx.session, area)), where=where)
    return len(areas)


def deactivate(ctx: Context, person_id: int, reason: str) -> None:
    """The person signs in no more: sessions and an open invitation end at once. Roles and what was done stay on record.

    Invalid without a reason, and for oneself. A second time changes nothing.
    """
    person = _reached(ctx, person_id, reason)
    if person.id == ctx.person_id:
        raise Invalid(Problem("own-account", "person_id"))
    ctx.session.execute(sa.delete(SignIn).where(SignIn.person_id == person.id))
    ctx.session.execute(sa.delete(Invitation).where(Invitation.person_id == person.id))
    if person.active:
        person.active = False
        ctx.record("person.deactivate", ctx.saved(person), Note(reason=reason))


def reactivate(ctx: Context, person_id: int, reason: str) -> None:
    """The person can sign in again, with the roles that still hold. Invalid without a reason."""
    person = _reached(ctx, person_id, reason)
    if not person.active:
        person.active = True
        ctx.record("person.reactivate", ctx.saved(person), Note(reason=reason))


def _reached(ctx: Context, person_id: int, reason: str) -> Person:
    ctx.office(Role.ADMINISTRATOR)
    person = ctx.locked(Person, person_id)
    _refuse_elsewhere(ctx, RoleGrant.person_id == person.id, "person_id")
    if not reason.strip():
        raise Invalid(Problem("reason-missing", "reason"))
    return person


def set_password(ctx: Context, code: str, password: str) -> None:
    """The invited person sets a password: the code is used up, and whoever was signed in under the old one is not.

    Invalid for a short password, and for a code that is wrong, used, replaced or over.
    """
    invited = sa.select(Invitation).where(Invitation.code_hash == digest(code)).with_for_update()
    kept = ctx.session.scalar(invited)
    problems = []
    if kept is None or kept.expires_at <= ctx.now:
        problems.append(Problem("invitation-wrong", "code"))
    if len(password) < passwords.PASSWORD_AT_LEAST:
        problems.append(Problem("password-too-short", "password", {"at_least": passwords.PASSWORD_AT_LEAST}))
    if kept is None or problems:
        raise Invalid(*problems)
    person = ctx.locked(Person, kept.person_id)
    if not person.active:
        raise Invalid(Problem("invitation-wrong", "code"))
    person.password_hash = passwords.hasher().hash(password)
    ctx.session.delete(kept)
    ctx.session.execute(sa.delete(SignIn).where(SignIn.person_id == person.id))
    ctx.record("person.set_password", person)


def grant_role(
    ctx: Context, role: Role, organisation_id: int, *, valid_from: date, valid_to: date | None = None,
    person_id: int | None = None, api_key_id: int | None = None, deputy: bool = False,
) -> RoleGrant:  # fmt: skip
    """Give a role at an organisation from a day to a day, to a person or to a machine.

    Invalid for an end before the beginning, and for a role that a machine cannot hold.
    """
    ctx.office(Role.ADMINISTRATOR)
    missing = [
        Problem("not-found", where, {"kind": kind.__tablename__, "id": key})
        for kind, where, key in ((Organisation, "organisation_id", organisation_id), (Person, "person_id", person_id),
                                 (ApiKey, "api_key_id", api_key_id))
        if key is not None and ctx.session.get(kind, key) is None
    ]  # fmt: skip
    if missing:
        raise NotFound(*missing)
    if (person_id is None) == (api_key_id is None):
        raise Invalid(Problem("one-holder", "person_id"))
    held_at = ctx.session.get_one(Organisation, organisation_id)
    ctx.permit(frozenset({Role.ADMINISTRATOR}), Scope(city=registry.city_of(ctx.session, held_at.jurisdiction_code)))
    wrong = []
    if Kind(held_at.kind) not in HELD_AT[role]:
        wrong.append(Problem("role-not-held-here", "role", {"value": role.value, "kind": held_at.kind}))
    if api_key_id is not None and role in HELD_BY_PEOPLE:
        wrong.append(Problem("role-of-people", "role", {"value": role.value}))
    if valid_to is not None and valid_to < valid_from:
        wrong.append(Problem("ends-before-it-begins", "valid_to", {"valid_from": valid_from.isoformat()}))
    if wrong:
        raise Invalid(*wrong)
    grant = ctx.saved(
        RoleGrant(person_id=person_id, api_key_id=api_key_id, role=role.value, organisation_id=organisation_id,
                  valid_from=valid_from, valid_to=valid_to, deputy=deputy)
    )  # fmt: skip
    ctx.record("role.grant", grant, Note(told={"role": role.value, "organisation_id": organisation_id}))
    return grant


def end_role(ctx: Context, grant_id: int, last_day: date | None = None) -> RoleGrant:
    """A role ends with the given day, or at once: from then on the holder has nothing from it anywhere.

    An ending only ever ends: NotNow for a role that is over, or that ends sooner than that.
    """
    grant = ctx.locked(RoleGrant, grant_id)
    held_at = ctx.session.get_one(Organisation, grant.organisation_id)
    ctx.permit(frozenset({Role.ADMINISTRATOR}), Scope(city=registry.city_of(ctx.session, held_at.jurisdiction_code)))
    if grant.is_over(ctx.today):
        raise NotNow(Problem("role-over", "role", {"since": (grant.valid_to or ctx.today).isoformat()}))
    if last_day is not None and last_day < grant.valid_from:
        raise Invalid(Problem("ends-before-it-begins", "last_day", {"valid_from": grant.valid_from.isoformat()}))
    if last_day is not None and grant.valid_to is not None and last_day > grant.valid_to:
        raise NotNow(Problem("role-ends-sooner", "last_day", {"valid_to": grant.valid_to.isoformat()}))
    if last_day is None:
        # The last day on which it held for a while; of one that had not begun, its first, of which nothing is left.
        grant.ended_at, grant.valid_to = ctx.now, max(ctx.today, grant.valid_from)
    else:
        grant.valid_to = last_day
    told = {"role": grant.role, "at_once": last_day is None, "last_day": grant.valid_to.isoformat()}
    ctx.record("role.end", grant, Note(told=told))
    return ctx.saved(grant)


def create_key(ctx: Context, label: str, *, valid_to: date | None = None) -> tuple[ApiKey, str]:
    """A machine's key, and its secret, shown this once."""
    made_in = ctx.office(Role.ADMINISTRATOR).city
    secret = KEY + secrets.token_urlsafe(32)
    key = ctx.saved(ApiKey(label=label, secret_hash=digest(secret), valid_from=ctx.today, valid_to=valid_to,
                           made_in=made_in))  # fmt: skip
    ctx.record("key.create", key, Note(told={"label": label}))
    return key, secret


def end_key(ctx: Context, key_id: int) -> None:
    """The key stops holding at once. A key that holds a role in another city is its administrators' to end.

    One that never held a role is those of the city that made it.
    """
    ctx.office(Role.ADMINISTRATOR)
    key = ctx.locked(ApiKey, key_id)
    if not _refuse_elsewhere(ctx, RoleGrant.api_key_id == key_id, "key"):
        ctx.permit(frozenset({Role.ADMINISTRATOR}), Scope(city=key.made_in or ""), where="key")
    key.valid_to = ctx.today - timedelta(days=1)
    ctx.record("key.end", key)
