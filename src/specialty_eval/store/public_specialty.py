"""What anybody may read of one specialty: who teaches it, its proposal, its ratings with their reasons, its quotas."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.plan import PlanState

from .contested import contested, in_order
from .cycles import Round
from .deliberation import Decision
from .outcomes import EnrolmentLine, EnrolmentPlan, OpeningQuota, RatingInForce, Rectification, Standing
from .public_queries import plain, proposals
from .registry import Jurisdiction, School, Specialty, SpecialtyCode
from .reviews import Review


@dataclass(frozen=True, slots=True)
class Known:
    """A specialty as people know it, what is contested about it, and its standing."""

    id: int
    code: str
    name: str
    direction: str
    level: str
    class_name: str
    school: str
    county: str
    opened_on: date
    closed_on: date | None
    under: Sequence[str] | None
    standing: str | None
    standing_since: date | None

    @property
    def cases(self) -> tuple[str, ...]:
        """What is under way against its rating."""
        return in_order(self.under)


def known(session: Session, specialty_id: int) -> Known:
    """The specialty of this number under its present code (of a closed one: its last)."""
    under = contested()
    query = (
        sa.select(
            Specialty.id, SpecialtyCode.code, Specialty.name, Specialty.direction, Specialty.level,
            Specialty.class_name, School.name, Jurisdiction.name, Specialty.opened_on, Specialty.closed_on,
            under.c.under, Standing.state, Standing.since,
        )
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Specialty.id)
        .join(School, School.id == Specialty.school_id)
        .join(Jurisdiction, Jurisdiction.code == School.jurisdiction_code)
        .outerjoin(under, under.c.specialty_id == Specialty.id)
        .outerjoin(Standing, Standing.specialty_id == Specialty.id)
        .where(Specialty.id == specialty_id)
        .order_by(SpecialtyCode.valid_to.desc().nulls_first())
        .limit(1)
    )  # fmt: skip
    return Known(*list(session.execute(query).one()))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A publicised rating that is not confirmed yet. `policy_row` is where its words stand."""

    policy_row: int
    year: int
    rating: str
    reasons: Sequence[str]
    closes_at: datetime
    computed: str
    decision_reason: str
    round_id: int
    list_number: int


def proposal(session: Session, specialty_id: int) -> Proposal | None:
    """The specialty's publicised proposal, if there is one."""
    out = proposals()
    query = (
        sa.select(Round.policy_id, Round.evidence_year, out.c.rating, out.c.reasons, out.c.closes_at,
                  Decision.computed, Decision.reason, out.c.round_id, out.c.number)
        .join(Round, Round.id == out.c.round_id)
        .join(Decision, Decision.id == out.c.decision_id)
        .where(out.c.specialty_id == specialty_id)
    )  # fmt: skip
    found = session.execute(query).one_or_none()
    return None if found is None else Proposal(*list(found))


@dataclass(frozen=True, slots=True)
class Past:
    """A rating with both its times and what led to it. `policy_row`, `computed`: None for the opening balance."""

    policy_row: int | None
    review_id: int | None
    rating: str
    year: int
    reasons: Sequence[str]
    document_number: str
    source: str
    valid_from: date
    valid_to: date | None
    known_from: datetime
    known_to: datetime | None
    computed: str | None
    decision_reason: str | None

    def holds(self, day: date) -> bool:
        """Whether it is the one in force on that day."""
        return self.valid_from <= day and (self.valid_to is None or self.valid_to > day)


def ratings(session: Session, specialty_id: int) -> list[Past]:
    """Every rating the specialty has or had, newest first, also what was known once and was overturned."""
    query = (
        sa.select(
            Round.policy_id, RatingInForce.review_id, RatingInForce.rating, RatingInForce.year, RatingInForce.reasons,
            RatingInForce.document_number, RatingInForce.source, RatingInForce.valid_from, RatingInForce.valid_to,
            RatingInForce.known_from, RatingInForce.known_to, Decision.computed, Decision.reason,
        )
        .outerjoin(Review, Review.id == RatingInForce.review_id)
        .outerjoin(Round, Round.id == Review.round_id)
        .outerjoin(Decision, Decision.id == Review.decision_id)
        .where(RatingInForce.specialty_id == specialty_id)
        .order_by(RatingInForce.valid_from.desc(), RatingInForce.id.desc())
    )  # fmt: skip
    return [Past(*list(found)) for found in session.execute(query)]


@dataclass(frozen=True, slots=True)
class Quota:
    """The students a specialty may take in an academic year; `before` in the year before, where it is on record."""

    academic_year: int
    students: int
    before: int | None
    document_number: str


def quotas(session: Session, specialty_id: int) -> list[Quota]:
    """The approved quotas by academic year, newest first, the opening balance among them."""
    approved: sa.Select[*tuple[Any, ...]] = (
        sa.select(EnrolmentPlan.academic_year, EnrolmentLine.quota, EnrolmentLine.before, EnrolmentPlan.document_number)
        .join(EnrolmentPlan, EnrolmentPlan.id == EnrolmentLine.plan_id)
        .where(EnrolmentLine.specialty_id == specialty_id, EnrolmentPlan.state == PlanState.APPROVED.value)
    )
    opening: sa.Select[*tuple[Any, ...]] = sa.select(
        OpeningQuota.academic_year, OpeningQuota.quota, sa.null().cast(sa.Integer), OpeningQuota.source
    ).where(OpeningQuota.specialty_id == specialty_id, OpeningQuota.quota.is_not(None))
    found = {row.academic_year: Quota(*plain(row)) for row in session.execute(opening)}
    found |= {row.academic_year: Quota(*plain(row)) for row in session.execute(approved)}
    return [found[year] for year in sorted(found, reverse=True)]


def rectification(session: Session, specialty_id: int) -> tuple[str, date] | None:
    """The state of the newest rectification, and from when it can be rechecked."""
    query = sa.select(Rectification.state, Rectification.recheck_from).where(Rectification.specialty_id == specialty_id)
    found = session.execute(query.order_by(Rectification.id.desc()).limit(1)).one_or_none()
    return None if found is None else (found.state, found.recheck_from)
