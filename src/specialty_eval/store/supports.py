"""Supports that green specialties were granted, and those that their standing gives no longer."""

from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from specialty_eval.engine.support import SupportState

from .base import Base, Versioned, identity, one_of, reference
from .outcome_queries import among
from .outcomes import Standing


class SupportGrant(Versioned, Base):
    """What a green specialty was granted: which of the policy's supports, in words, how much, under which document."""

    __tablename__ = "support_grant"
    __table_args__ = (
        one_of("state", SupportState),
        sa.Index(
            "uq_support_grant_granted",
            "specialty_id",
            "support",
            "academic_year",
            unique=True,
            postgresql_where=sa.text("state = 'granted'"),
        ),
        sa.CheckConstraint("amount ~ '^[0-9]{1,12}([.][0-9]{1,2})?$' AND amount ~ '[1-9]'", name="amount_positive"),
        sa.CheckConstraint("what <> '' AND document_number <> ''", name="says_what_and_why"),
        sa.CheckConstraint("(state = 'ended') = (ended_on IS NOT NULL)", name="ended_has_its_day"),
    )

    id: Mapped[int] = identity()
    specialty_id: Mapped[int] = reference("specialty.id")
    academic_year: Mapped[int] = mapped_column(sa.Integer)
    support: Mapped[str]
    what: Mapped[str]
    amount: Mapped[str | None]
    """In yuan, as it was written; None where it is no money."""
    document_number: Mapped[str]
    valid_from: Mapped[date]
    state: Mapped[str]
    granted_by: Mapped[int] = reference("person.id", index=False)
    granted_at: Mapped[datetime]
    ended_on: Mapped[date | None]


def gone(session: Session, specialties: Collection[int]) -> list[int]:
    """The supports of these specialties that their standing gives no longer, in order of id."""
    still = sa.and_(
        Standing.state == "supported",
        Standing.supports.contains(sa.func.jsonb_build_array(SupportGrant.support)),
    )
    found = (
        sa.select(SupportGrant.id)
        .outerjoin(Standing, Standing.specialty_id == SupportGrant.specialty_id)
        .where(
            among(SupportGrant.specialty_id, specialties),
            SupportGrant.state == SupportState.GRANTED.value,
            sa.or_(Standing.id.is_(None), sa.not_(still)),
        )
    )
    return list(session.scalars(found.order_by(SupportGrant.id)))
