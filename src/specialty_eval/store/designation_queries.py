"""Questions about specialty groups and designations: who belongs to one, what rests on a green, how many there are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.designation import DesignationState
from specialty_eval.engine.vocabulary import Rating

from .designations import (
    Designation,
    DesignationLoss,
    DesignationTargets,
    SpecialtyGroup,
    SpecialtyGroupMember,
    SpecialtyGroupVersion,
)
from .outcome_queries import among, going_appeals
from .outcomes import RatingInForce
from .registry import School, Specialty, SpecialtyCode
from .status_queries import present_code

CODE = present_code(Specialty.id).label("code")
"""A specialty's present code; of a closed one its last."""


def newest_version(session: Session, group_id: int) -> SpecialtyGroupVersion:
    """The group as it is now."""
    found = sa.select(SpecialtyGroupVersion).where(SpecialtyGroupVersion.group_id == group_id)
    return session.scalars(found.order_by(SpecialtyGroupVersion.number.desc()).limit(1)).one()


@dataclass(frozen=True, slots=True)
class Built:
    """A specialty that may be built into a group, as the group's rules look at it."""

    id: int
    code: str
    name: str
    school_id: int
    level: str
    closed_on: date | None


def specialties(session: Session, codes: Collection[str]) -> dict[str, Built]:
    """Present code → the specialty, of those codes there are."""
    found = _built().join(SpecialtyCode, SpecialtyCode.specialty_id == Specialty.id)
    found = found.where(SpecialtyCode.code.in_(codes), SpecialtyCode.valid_to.is_(None))
    return {row[1]: Built(*row) for row in session.execute(found)}


def members(session: Session, version_ids: Collection[int]) -> dict[int, list[Built]]:
    """Version → its specialties, by code."""
    found = (
        _built()
        .add_columns(SpecialtyGroupMember.version_id)
        .join(SpecialtyGroupMember, SpecialtyGroupMember.specialty_id == Specialty.id)
        .where(among(SpecialtyGroupMember.version_id, version_ids))
        .order_by(CODE)
    )
    told: dict[int, list[Built]] = {key: [] for key in version_ids}
    for *row, version in session.execute(found):
        told[version].append(Built(*row))
    return told


def _built() -> sa.Select[*tuple[Any, ...]]:
    return sa.select(
        Specialty.id, CODE, Specialty.name, Specialty.school_id, Specialty.level, Specialty.closed_on
    ).select_from(Specialty)


def groups() -> sa.Select[*tuple[Any, ...]]:
    """(group, newest version, school code, school name): to be narrowed, ordered and cut by the caller."""
    newer = sa.orm.aliased(SpecialtyGroupVersion)
    is_newest = ~sa.exists().where(
        newer.group_id == SpecialtyGroupVersion.group_id, newer.number > SpecialtyGroupVersion.number
    )
    return (
        sa.select(SpecialtyGroup, SpecialtyGroupVersion, School.code, School.name)
        .join(SpecialtyGroupVersion, SpecialtyGroupVersion.group_id == SpecialtyGroup.id)
        .join(School, School.id == SpecialtyGroup.school_id)
        .where(is_newest)
    )


def versions(session: Session, group_id: int) -> Sequence[SpecialtyGroupVersion]:
    """Every version of a group, the first one first."""
    found = sa.select(SpecialtyGroupVersion).where(SpecialtyGroupVersion.group_id == group_id)
    return session.scalars(found.order_by(SpecialtyGroupVersion.number)).all()


# --- designations ----------------------------------------------------------------------------------------------------


def of_group(session: Session, group_id: int) -> Sequence[Designation]:
    """The group's designations that have not been withdrawn, under a lock."""
    found = sa.select(Designation).where(
        Designation.group_id == group_id, Designation.state != DesignationState.WITHDRAWN.value
    )
    return session.scalars(found.order_by(Designation.id).with_for_update()).all()


def members_of(session: Session, row: Designation) -> list[Built]:
    """The specialties that a designation is of: itself, or the group's as it is now."""
    if row.group_id is None:
        found = _built().where(Specialty.id == row.specialty_id)
        return [Built(*one) for one in session.execute(found)]
    version = newest_version(session, row.group_id).id
    return members(session, [version])[version]


def resting_on(
    session: Session, specialty_ids: Collection[int], states: Collection[DesignationState]
) -> list[tuple[int, int]]:
    """(designation, specialty) of each designation in these states that one of the specialties belongs to."""
    newer = sa.orm.aliased(SpecialtyGroupVersion)
    now = (
        sa.select(SpecialtyGroupVersion.group_id, SpecialtyGroupMember.specialty_id)
        .join(SpecialtyGroupMember, SpecialtyGroupMember.version_id == SpecialtyGroupVersion.id)
        .where(
            among(SpecialtyGroupMember.specialty_id, specialty_ids),
            ~sa.exists().where(
                newer.group_id == SpecialtyGroupVersion.group_id, newer.number > SpecialtyGroupVersion.number
            ),
        )
        .subquery("now")
    )
    in_state = Designation.state.in_([state.value for state in states])
    of_groups = sa.select(Designation.id, now.c.specialty_id).join(now, now.c.group_id == Designation.group_id)
    alone = sa.select(Designation.id, Designation.specialty_id).where(
        Designation.group_id.is_(None), among(Designation.specialty_id, specialty_ids)
    )
    either = sa.union_all(of_groups.where(in_state), alone.where(in_state)).subquery("either")
    rows = session.execute(sa.select(either.c.id, either.c.specialty_id).order_by(either.c.id, either.c.specialty_id))
    return [(key, specialty) for key, specialty in rows]


def losses(session: Session, row: Designation) -> Sequence[DesignationLoss]:
    """What put the designation under the review that is going, or was decided last: the losses since it began."""
    found = sa.select(DesignationLoss).where(
        DesignationLoss.designation_id == row.id, DesignationLoss.lost_at >= row.review_since
    )
    return session.scalars(found.order_by(DesignationLoss.id)).all()


def going_losses(session: Session, review_ids: Collection[int]) -> list[DesignationLoss]:
    """The losses by these reviews that have not ended, in order of designation."""
    found = sa.select(DesignationLoss).where(
        among(DesignationLoss.review_id, review_ids), DesignationLoss.ended_by.is_(None)
    )
    return list(session.scalars(found.order_by(DesignationLoss.designation_id, DesignationLoss.id)))


def withdrawn_for(session: Session, review_id: int) -> Sequence[Designation]:
    """The designations that were withdrawn in a review to which this one's rating had led, in order of id."""
    lost = sa.exists().where(
        DesignationLoss.designation_id == Designation.id,
        DesignationLoss.review_id == review_id,
        DesignationLoss.lost_at >= Designation.review_since,
    )
    found = sa.select(Designation).where(Designation.state == DesignationState.WITHDRAWN.value, lost)
    return session.scalars(found.order_by(Designation.id)).all()


def in_force(session: Session, specialty_ids: Collection[int], day: date) -> dict[int, Rating]:
    """Specialty → its rating on that day, as known now."""
    found = sa.select(RatingInForce.specialty_id, RatingInForce.rating).where(
        among(RatingInForce.specialty_id, specialty_ids),
        RatingInForce.known_to.is_(None),
        RatingInForce.valid_from <= day,
        sa.or_(RatingInForce.valid_to.is_(None), RatingInForce.valid_to > day),
    )
    return {key: Rating(rating) for key, rating in session.execute(found)}


def under_appeal(session: Session, review_ids: Collection[int]) -> bool:
    """Whether an appeal against one of the reviews, or the review that an upheld one opened, is still going."""
    return bool(going_appeals(session, review_ids))


def targets_of(session: Session, city: str) -> DesignationTargets | None:
    """The newest edition of the city's targets; None where it never set any."""
    found = sa.select(DesignationTargets).where(DesignationTargets.jurisdiction_code == city)
    return session.scalar(found.order_by(DesignationTargets.edition.desc()).limit(1))


def lock_targets(session: Session, city: str) -> None:
    """One sets a city's targets at a time: the second finds what the first has set."""
    text = sa.literal(f"specialty-eval targets {city}")
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(text, 0))))


def counts(session: Session, city: str) -> dict[tuple[str, str, str], int]:
    """(kind, tier, state) → how many designations of the city."""
    by = (Designation.kind, Designation.tier, Designation.state)
    found = sa.select(*by, sa.func.count()).where(Designation.jurisdiction_code == city).group_by(*by)
    return {(kind, tier, state): number for kind, tier, state, number in session.execute(found)}


def listed() -> sa.Select[*tuple[Any, ...]]:
    """(designation, code, specialty, group, school, county): to be narrowed, ordered and cut by the caller."""
    return (
        sa.select(Designation, CODE, Specialty.name, SpecialtyGroup.name, School.name, School.jurisdiction_code)
        .select_from(Designation)
        .join(Specialty, Specialty.id == Designation.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .outerjoin(SpecialtyGroup, SpecialtyGroup.id == Designation.group_id)
    )
