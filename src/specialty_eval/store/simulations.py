"""What simulations found, kept apart from everything they looked at; and what they look at: runs and last quotas."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, distinct_on
from sqlalchemy.orm import Mapped, Session, mapped_column, undefer

from .base import Base, identity, reference
from .outcomes import EnrolmentLine, EnrolmentPlan, OpeningQuota
from .registry import School, Specialty, SpecialtyCode
from .registry_queries import among
from .reviews import Review, ScoreRun, ScoreSheet
from .successions import Succession, SuccessionLine


class Simulation(Base):
    """One policy tried over a round's run: under which seed and draws, by whom, and the sums of what it found."""

    __tablename__ = "simulation"
    __table_args__ = (
        sa.CheckConstraint("draws >= 0 AND seed >= 0", name="not_negative"),
        sa.CheckConstraint(
            "policy_digest ~ '^[0-9a-f]{64}$' AND against_digest ~ '^[0-9a-f]{64}$'"
            " AND inputs_digest ~ '^[0-9a-f]{64}$'",
            name="digests_sha256",
        ),
    )

    id: Mapped[int] = identity()
    round_id: Mapped[int] = reference("round.id")
    run_id: Mapped[int] = reference("score_run.id")
    policy_id: Mapped[str]
    policy_version: Mapped[str]
    policy_digest: Mapped[str]
    against_digest: Mapped[str]
    inputs_digest: Mapped[str]
    seed: Mapped[int] = mapped_column(sa.BigInteger)
    draws: Mapped[int] = mapped_column(sa.Integer)
    labels: Mapped[dict[str, Any]] = mapped_column(JSONB)
    summary: Mapped[dict[str, Any]] = mapped_column(JSONB)
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = reference("person.id", null=True, index=False)


class SimulationRow(Base):
    """What a simulation says of one specialty, by the code it had in the run."""

    __tablename__ = "simulation_row"

    simulation_id: Mapped[int] = mapped_column(sa.ForeignKey("simulation.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    changed: Mapped[bool]
    told: Mapped[dict[str, Any]] = mapped_column(JSONB)


def runs(session: Session, round_id: int) -> list[ScoreRun]:
    """The newest run of the whole round and then the single ones within it, in their order; empty before any."""
    whole = sa.select(sa.func.max(ScoreRun.id)).where(ScoreRun.round_id == round_id, ScoreRun.kind == "round")
    newest = whole.scalar_subquery()
    found = sa.select(ScoreRun).where(
        ScoreRun.round_id == round_id, sa.or_(ScoreRun.id == newest, ScoreRun.within_id == newest)
    )
    return list(session.scalars(found.order_by(ScoreRun.number).options(undefer(ScoreRun.inputs))))


def single_codes(session: Session, run_ids: Collection[int]) -> dict[int, list[str]]:
    """Single run → every code that its specialty ever had."""
    found = (
        sa.select(ScoreSheet.run_id, SpecialtyCode.code)
        .join(Review, Review.id == ScoreSheet.review_id)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Review.specialty_id)
        .where(ScoreSheet.run_id.in_(run_ids))
    )
    codes: dict[int, list[str]] = {}
    for run_id, code in session.execute(found):
        codes.setdefault(run_id, []).append(code)
    return codes


@dataclass(frozen=True, slots=True)
class LastQuota:
    """Where a specialty belongs, its last approved quota before a year, and the latest capacity on record."""

    code: str
    county: str
    class_code: str
    quota: int | None
    capacity: int | None


def last_quotas(session: Session, codes: Collection[str], year: int) -> list[LastQuota]:
    """The last approved plan's, or the opening balance's where that is of a later year; None without either.

    What a specialty was merged with counts from the merger on: the places of all together, as in the plans. Lines set
    aside after an appeal are not looked at, as elsewhere.
    """
    of = sa.select(SpecialtyCode.specialty_id).where(among(SpecialtyCode.code, codes))
    approved = (
        sa.select(EnrolmentLine.specialty_id, EnrolmentPlan.academic_year.label("year"), EnrolmentLine.quota,
                  EnrolmentPlan.approved_at)
        .join(EnrolmentPlan, EnrolmentPlan.id == EnrolmentLine.plan_id)
        .where(EnrolmentPlan.approved_at.is_not(None), ~EnrolmentLine.set_aside, EnrolmentLine.specialty_id.in_(of))
    )  # fmt: skip
    opening = sa.select(OpeningQuota.specialty_id, OpeningQuota.academic_year, OpeningQuota.quota, sa.null())
    opening = opening.where(OpeningQuota.quota.is_not(None), OpeningQuota.specialty_id.in_(of))
    merged = sa.select(
        SuccessionLine.to_specialty_id, SuccessionLine.quota_year, SuccessionLine.quota, Succession.recorded_at
    ).join(Succession, Succession.id == SuccessionLine.succession_id)
    merged = merged.where(SuccessionLine.quota.is_not(None), SuccessionLine.to_specialty_id.in_(of))
    every = sa.union_all(approved, opening, merged).subquery()
    last = (
        sa.select(every.c.specialty_id, every.c.quota)
        .where(every.c.year < year)
        .ext(distinct_on(every.c.specialty_id))
        .order_by(every.c.specialty_id, every.c.year.desc(), every.c.approved_at.desc().nulls_last())
        .subquery()
    )
    room = (
        sa.select(OpeningQuota.specialty_id, OpeningQuota.capacity)
        .where(OpeningQuota.capacity.is_not(None), OpeningQuota.specialty_id.in_(of))
        .ext(distinct_on(OpeningQuota.specialty_id))
        .order_by(OpeningQuota.specialty_id, OpeningQuota.academic_year.desc())
        .subquery()
    )
    found = (
        sa.select(SpecialtyCode.code, School.jurisdiction_code, Specialty.class_code, last.c.quota, room.c.capacity)
        .join(Specialty, Specialty.id == SpecialtyCode.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .outerjoin(last, last.c.specialty_id == Specialty.id)
        .outerjoin(room, room.c.specialty_id == Specialty.id)
        .where(among(SpecialtyCode.code, codes))
    )
    return [LastQuota(*row) for row in session.execute(found)]


def rows_of(simulation_id: int, hidden: Collection[str]) -> sa.Select[*tuple[Any, ...]]:
    """The rows of a simulation but for those of hidden codes; to be ordered by code and cut by the caller."""
    return sa.select(SimulationRow.code, SimulationRow.told).where(
        SimulationRow.simulation_id == simulation_id,
        SimulationRow.code != sa.all_(sa.bindparam("hidden", list(hidden), type_=ARRAY(sa.Text()))),
    )


def all_rows(session: Session, simulation_id: int, hidden: Collection[str]) -> Iterator[dict[str, Any]]:
    """The same, every one, in order of code."""
    for _, told in session.execute(rows_of(simulation_id, hidden).order_by(SimulationRow.code)):
        yield told
