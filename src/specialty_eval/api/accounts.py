"""Sign-in, people, roles and keys."""

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from specialty_eval.actions import accounts
from specialty_eval.engine.permissions import Kind
from specialty_eval.engine.roles import Role

from .bodies import Body, Day, OneLine, Reason
from .deps import SECRET, Ctx, Paging, Transactional, credentials, refuse_key
from .shapes import Listed, Made

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["accounts"])


class SignIn(Body):
    """Login and password."""

    login: OneLine = Field(max_length=200)
    password: str = Field(max_length=1000)


class Token(BaseModel):
    """A token for `Authorization: Bearer …`."""

    token: str
    expires_at: datetime


@router.post("/sign-in", status_code=201, openapi_extra=SECRET)
def sign_in(body: SignIn, ctx: Ctx) -> Token:
    """Sign in with login and password."""
    token, ends = accounts.sign_in(ctx, body.login, body.password)
    return Token(token=token, expires_at=ends)


@router.post("/sign-out", status_code=204)
def sign_out(request: Request, ctx: Ctx) -> None:
    """End this session."""
    accounts.sign_out(ctx, credentials(request))


class HeldRole(BaseModel):
    """A role held today, and where."""

    role: Role
    organisation_id: int
    organisation: str
    kind: Kind
    valid_to: date | None
    deputy: bool


class Me(BaseModel):
    """The caller: a person, a machine, or nobody."""

    person_id: str | None
    key_id: str | None
    roles: list[HeldRole]


@router.get("/me", response_model=Me)
def me(ctx: Ctx) -> dict[str, Any]:
    """Who I am here, and the roles I hold today."""
    return {
        "person_id": ctx.actor.person_id,
        "key_id": ctx.actor.key_id,
        "roles": [
            {"role": g.role.value, "organisation_id": int(g.organisation_id), "organisation": g.code, "kind": g.kind,
             "valid_to": g.valid_to, "deputy": g.deputy}
            for g in ctx.actor.grants
        ],
    }  # fmt: skip


class NewPerson(Body):
    """A person to be."""

    login: OneLine = Field(min_length=3, max_length=200)
    name: OneLine = Field(min_length=1, max_length=200)
    password: str = Field("", max_length=1000, description="可不填，改发邀请码 · may be left out: invite instead")
    contact: OneLine = Field("", max_length=200)
    employer_id: int | None = None
    employer_name: OneLine = Field("", max_length=200)


class GrantAnswer(BaseModel):
    """A role that a person holds, held or will hold."""

    id: int
    role: Role
    organisation_id: int
    organisation: str = Field(description="单位代码 · the organisation's code")
    kind: Kind
    valid_from: date
    valid_to: date | None
    ended_at: datetime | None = Field(description="立即终止的时刻 · when it was ended at once")
    deputy: bool


class PersonAnswer(BaseModel):
    """A person with every role of theirs. Contacts and anything of the password are not told."""

    id: int
    login: str
    name: str
    employer_id: int | None
    employer_name: str = Field(description="没有编号的单位，可为空 · an employer without a number here, may be empty")
    active: bool
    roles: list[GrantAnswer]


@router.get("/people")
def list_people(ctx: Ctx, paging: Paging) -> Listed[PersonAnswer]:
    """Everybody of one's own city with an account, and their roles there (administrator, auditor)."""
    return Listed[PersonAnswer].of(*accounts.people(ctx, paging))


@router.post("/people", status_code=201, response_model=Made)
def create_person(body: NewPerson, ctx: Ctx, request: Request) -> dict[str, int]:
    """Create a person (administrator). With a password in the body nothing is kept for a repeated request."""
    if body.password:
        refuse_key(request)
    return {"id": accounts.create_person(ctx, **body.model_dump()).id}


class Invited(Body):
    """Who is invited."""

    login: OneLine = Field(min_length=1, max_length=200)


class InvitationAnswer(BaseModel):
    """The code to hand to the person, and until when it can be used."""

    code: str
    expires_at: datetime


@router.post("/invitations", status_code=201, openapi_extra=SECRET)
def invite(body: Invited, ctx: Ctx) -> InvitationAnswer:
    """Invite a person to set a first or a new password (administrator). The code is shown this once."""
    code, ends = accounts.invite(ctx, body.login)
    return InvitationAnswer(code=code, expires_at=ends)


class NewPassword(Body):
    """The invitation's code, and the password one chooses."""

    code: str = Field(min_length=1, max_length=200)
    password: str = Field(max_length=1000)


@router.post("/password", status_code=204, openapi_extra=SECRET)
def set_password(body: NewPassword, ctx: Ctx) -> None:
    """Set one's password with the code of an invitation (anyone who has it). Earlier sessions end."""
    accounts.set_password(ctx, body.code, body.password)


@router.post("/people/{person_id}/deactivate", status_code=204)
def deactivate(person_id: int, body: Reason, ctx: Ctx) -> None:
    """A person signs in no more: sessions and invitation end at once, what was done stays (administrator)."""
    accounts.deactivate(ctx, person_id, body.reason)


@router.post("/people/{person_id}/reactivate", status_code=204)
def reactivate(person_id: int, body: Reason, ctx: Ctx) -> None:
    """A person can sign in again, with the roles that still hold (administrator)."""
    accounts.reactivate(ctx, person_id, body.reason)


class NewGrant(Body):
    """A role to hold."""

    role: Role = Field(strict=False)
    organisation_id: int
    valid_from: Day
    valid_to: Day | None = None
    deputy: bool = False


@router.post("/people/{person_id}/roles", status_code=201, response_model=Made)
def grant_role(person_id: int, body: NewGrant, ctx: Ctx) -> dict[str, int]:
    """Give a person a role at an organisation (administrator)."""
    return {"id": accounts.grant_role(ctx, person_id=person_id, **body.model_dump()).id}


class LastDay(Body):
    """The last day a role holds."""

    last_day: Day | None = Field(None, description="不填则立即终止 · left out, it ends at once")


class RoleEnded(BaseModel):
    """A role, its last day, and when it was ended if that was at once."""

    id: int
    valid_to: date
    ended_at: datetime | None


@router.post("/roles/{grant_id}/end", response_model=RoleEnded)
def end_role(grant_id: int, body: LastDay, ctx: Ctx) -> dict[str, Any]:
    """End a role with a day, or at once (administrator). A role that is over stays over."""
    grant = accounts.end_role(ctx, grant_id, body.last_day)
    return {"id": grant.id, "valid_to": grant.valid_to, "ended_at": grant.ended_at}


class NewKey(Body):
    """A machine's key to be."""

    label: OneLine = Field(min_length=1, max_length=200)
    valid_to: Day | None = None


class KeyMade(BaseModel):
    """A machine's key; `secret` is told this once."""

    id: int
    label: str
    secret: str


@router.post("/keys", status_code=201, openapi_extra=SECRET, response_model=KeyMade)
def create_key(body: NewKey, ctx: Ctx) -> dict[str, Any]:
    """Create a machine's key (administrator). The secret is shown this once."""
    key, secret = accounts.create_key(ctx, body.label, valid_to=body.valid_to)
    return {"id": key.id, "label": key.label, "secret": secret}


@router.post("/keys/{key_id}/roles", status_code=201, response_model=Made)
def grant_key_role(key_id: int, body: NewGrant, ctx: Ctx) -> dict[str, int]:
    """Give a machine a role at an organisation (administrator)."""
    return {"id": accounts.grant_role(ctx, api_key_id=key_id, **body.model_dump()).id}


@router.delete("/keys/{key_id}", status_code=204)
def end_key(key_id: int, ctx: Ctx) -> None:
    """A key stops holding at once (administrator)."""
    accounts.end_key(ctx, key_id)
