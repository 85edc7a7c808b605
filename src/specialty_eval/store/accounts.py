"""People, machines and what they may do where: persons, keys, role grants, sign-ins, committee seats."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from specialty_eval.engine.roles import Role

from .base import Base, identity, one_of, reference

SECTORS = ("industry", "enterprise", "research", "administration")


class Person(Base):
    """Somebody who can sign in. Names and contacts stand here alone, never in events, and can be erased."""

    __tablename__ = "person"

    id: Mapped[int] = identity()
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    contact: Mapped[str] = mapped_column(server_default="")
    password_hash: Mapped[str]
    employer_id: Mapped[int | None] = reference("organisation.id", null=True)
    employer_name: Mapped[str] = mapped_column(server_default="")
    active: Mapped[bool] = mapped_column(server_default=sa.true())


class ApiKey(Base):
    """A machine's key; only the hash of its secret is kept. `made_in` is the city whose administrator made it."""

    __tablename__ = "api_key"

    id: Mapped[int] = identity()
    label: Mapped[str]
    secret_hash: Mapped[str] = mapped_column(unique=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    made_in: Mapped[str | None] = reference("jurisdiction.code", null=True, index=False)


class RoleGrant(Base):
    """A role held at an organisation from a day to a day (both inclusive), by a person or a machine.

    One that was ended at once gives nothing from that instant (`ended_at`); `valid_to` is then the last day on record.
    """

    __tablename__ = "role_grant"
    __table_args__ = (
        one_of("role", Role),
        sa.CheckConstraint("num_nonnulls(person_id, api_key_id) = 1", name="one_holder"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="valid_forwards"),
        sa.CheckConstraint("ended_at IS NULL OR valid_to IS NOT NULL", name="ended_has_day"),
    )

    id: Mapped[int] = identity()
    person_id: Mapped[int | None] = reference("person.id", null=True)
    api_key_id: Mapped[int | None] = reference("api_key.id", null=True)
    role: Mapped[str]
    organisation_id: Mapped[int] = reference("organisation.id")
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    ended_at: Mapped[datetime | None]
    deputy: Mapped[bool] = mapped_column(server_default=sa.false())

    def is_over(self, today: date) -> bool:
        """Whether it gives nothing any more."""
        return self.ended_at is not None or (self.valid_to is not None and self.valid_to < today)


def held_on(day: Any) -> sa.ColumnElement[bool]:
    """Whether a role gives its rights on that day: begun, not over, not ended at once."""
    return sa.and_(
        RoleGrant.valid_from <= day,
        sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= day),
        RoleGrant.ended_at.is_(None),
    )


class SignIn(Base):
    """A person's session; only the hash of its token is kept."""

    __tablename__ = "sign_in"

    id: Mapped[int] = identity()
    person_id: Mapped[int] = reference("person.id")
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Invitation(Base):
    """A code by which a person sets a password, once; only its hash is kept. A newer one takes its place."""

    __tablename__ = "invitation"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]


class CommitteeMember(Base):
    """A seat in the guidance committee for a term; substitutes stand in for their sector."""

    __tablename__ = "committee_member"
    __table_args__ = (
        one_of("sector", SECTORS),
        sa.CheckConstraint("term_to >= term_from", name="term_forwards"),
    )

    id: Mapped[int] = identity()
    person_id: Mapped[int] = reference("person.id")
    bureau_id: Mapped[int] = reference("organisation.id")
    sector: Mapped[str]
    substitute: Mapped[bool] = mapped_column(server_default=sa.false())
    term_from: Mapped[date]
    term_to: Mapped[date]


class IdempotentReply(Base):
    """The first answer to a request that carried an Idempotency-Key; kept at least a day."""

    __tablename__ = "idempotent_reply"

    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_digest: Mapped[str]
    status: Mapped[int | None] = mapped_column(sa.Integer)
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None]
    at: Mapped[datetime] = mapped_column(index=True)
