"""Policies (immutable), three-year cycles and their yearly rounds."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from specialty_eval.engine import cycle
from specialty_eval.engine.errors import NotFound, Problem

from . import needs
from .base import Base, Versioned, identity, one_of, reference
from .registry import Jurisdiction

if TYPE_CHECKING:
    from specialty_eval.engine.policy import Policy


class PolicyDocument(Base):
    """One version of a policy, as text and as canonical JSON with its digest. A trigger refuses every change."""

    __tablename__ = "policy"
    __table_args__ = (
        sa.UniqueConstraint("policy_id", "policy_version"),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest_sha256"),
    )

    id: Mapped[int] = identity()
    policy_id: Mapped[str]
    policy_version: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    title: Mapped[dict[str, Any]]
    jurisdiction_code: Mapped[str] = reference("jurisdiction.code")
    text: Mapped[str]
    canonical: Mapped[str]
    imported_at: Mapped[datetime]
    imported_by: Mapped[int | None] = reference("person.id", null=True)


class Cycle(Versioned, Base):
    """Three years in which every specialty in scope is reviewed once."""

    __tablename__ = "cycle"
    __table_args__ = (
        one_of("state", cycle.CycleState),
        sa.CheckConstraint("last_year BETWEEN first_year AND first_year + 2", name="years_one_to_three"),
    )

    id: Mapped[int] = identity()
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    jurisdiction_code: Mapped[str] = reference("jurisdiction.code")
    bureau_id: Mapped[int] = reference("organisation.id")
    first_year: Mapped[int] = mapped_column(sa.Integer)
    last_year: Mapped[int] = mapped_column(sa.Integer)
    levels: Mapped[list[str]]
    school_kinds: Mapped[list[str]]
    state: Mapped[str]


class Round(Versioned, Base):
    """One yearly batch of a cycle: the policy it pins, the year it scores, when it opens and each phase is due."""

    __tablename__ = "round"
    __table_args__ = (
        one_of("state", cycle.RoundState),
        sa.UniqueConstraint("cycle_id", "number"),
        sa.CheckConstraint("number BETWEEN 1 AND 3", name="number_one_to_three"),
        sa.CheckConstraint(
            "state IN ('planned', 'cancelled') OR collecting_due IS NOT NULL", name="collecting_has_due"
        ),
        sa.CheckConstraint("evidence_year <= year", name="evidence_not_ahead"),
        *needs.of_round(),
    )

    id: Mapped[int] = identity()
    cycle_id: Mapped[int] = reference("cycle.id", index=False)
    number: Mapped[int] = mapped_column(sa.Integer)
    year: Mapped[int] = mapped_column(sa.Integer)
    evidence_year: Mapped[int] = mapped_column(sa.Integer)
    reference_date: Mapped[date]
    policy_id: Mapped[int] = reference("policy.id")
    opens_on: Mapped[date | None]
    blind: Mapped[bool] = mapped_column(server_default=sa.false())
    """The experts are not to learn whose material they score."""
    state: Mapped[str]
    collecting_due: Mapped[datetime | None]
    verifying_due: Mapped[datetime | None]
    scoring_due: Mapped[datetime | None]
    deliberating_due: Mapped[datetime | None]


@lru_cache(maxsize=64)
def _parsed(digest: str, text: str) -> "Policy":
    """A policy's values; a digest never means another text, so the cache needs no forgetting."""
    from specialty_eval.engine.policy_load import load_policy  # noqa: PLC0415 -- slow import: YAML

    policy = load_policy(text)
    if policy.digest != digest:
        raise AssertionError(f"policy text does not have the digest {digest}")
    return policy


def policy_of(session: Session, policy_row_id: int) -> "Policy":
    """The policy of a row, parsed once a process."""
    known: dict[int, Policy] = session.info.setdefault("policies", {})
    if policy_row_id not in known:
        found = sa.select(PolicyDocument.digest, PolicyDocument.text).where(PolicyDocument.id == policy_row_id)
        known[policy_row_id] = _parsed(*session.execute(found).one())
    return known[policy_row_id]


@dataclass(frozen=True, slots=True)
class RoundRow:
    """What a round pins, with its cycle's city: none of it ever changes, but for its policy by an amendment."""

    id: int
    year: int
    evidence_year: int
    reference_date: date
    policy_id: int
    cycle_id: int
    city: str


def round_of(session: Session, round_id: int) -> RoundRow:
    """What a round pins, read once a session; NotFound."""
    known: dict[int, RoundRow] = session.info.setdefault("rounds", {})
    if round_id not in known:
        found = sa.select(
            Round.id, Round.year, Round.evidence_year, Round.reference_date, Round.policy_id, Round.cycle_id,
            Cycle.jurisdiction_code,
        ).join(Cycle, Cycle.id == Round.cycle_id)  # fmt: skip
        row = session.execute(found.where(Round.id == round_id)).one_or_none()
        if row is None:
            raise NotFound(Problem("not-found", "round", {"kind": "round", "id": round_id}))
        known[round_id] = RoundRow(*row)
    return known[round_id]


def pin(session: Session, row: Round, policy_row_id: int) -> None:
    """Another version of its policy for a locked round; what is read of it from here on says so."""
    row.policy_id = policy_row_id
    session.flush()
    session.info.get("rounds", {}).pop(row.id, None)


def rounds_ahead(session: Session, city: str, level: str, school_kind: str) -> list[tuple[Cycle, Round]]:
    """The rounds still planned of the city's running cycle with this level and kind of school in scope, in order;
    locked, the cycle first, as placing in them does.
    """
    running = sa.select(Cycle).where(Cycle.jurisdiction_code == city, Cycle.state == cycle.CycleState.RUNNING.value)
    fresh = {"populate_existing": True}
    made = session.scalars(running.order_by(Cycle.id).with_for_update(), execution_options=fresh).all()
    in_scope = {row.id: row for row in made if level in row.levels and school_kind in row.school_kinds}
    found = sa.select(Round).where(Round.cycle_id.in_(in_scope), Round.state == cycle.RoundState.PLANNED.value)
    ahead = session.scalars(found.order_by(Round.year, Round.id).with_for_update(), execution_options=fresh)
    return [(in_scope[row.cycle_id], row) for row in ahead]


def pinned_for(session: Session, city: str, evidence_year: int) -> dict[str, str]:
    """The policies (digest → id@version) that the city's rounds pin which score this year; empty where none does."""
    off = (cycle.CycleState.CANCELLED.value, cycle.RoundState.CANCELLED.value)
    found = (
        sa.select(PolicyDocument.digest, PolicyDocument.policy_id, PolicyDocument.policy_version)
        .join(Round, Round.policy_id == PolicyDocument.id)
        .join(Cycle, Cycle.id == Round.cycle_id)
        .where(Cycle.jurisdiction_code == city, Round.evidence_year == evidence_year)
        .where(Cycle.state.not_in(off), Round.state.not_in(off))
    )
    return {digest: f"{name}@{version}" for digest, name, version in session.execute(found)}


def policy_named(session: Session, policy_id: str, version: str) -> "Policy":
    """The policy of this id and version; NotFound."""
    found = sa.select(PolicyDocument.id).where(
        PolicyDocument.policy_id == policy_id, PolicyDocument.policy_version == version
    )
    row = session.scalar(found)
    if row is None:
        raise NotFound(Problem("not-found", "policy", {"kind": "policy", "id": f"{policy_id}@{version}"}))
    return policy_of(session, row)


def policy_in_use(session: Session, places: Collection[str]) -> tuple[str, str] | None:
    """The policy that figures are reported by in these places (their cities and counties): the one that the latest
    round under way there pins; where none is, the newest on record. None where there is no policy at all.
    """
    above = sa.select(Jurisdiction.parent_code).where(Jurisdiction.code.in_(places))
    named = sa.select(PolicyDocument.policy_id, PolicyDocument.policy_version)
    pinned = (
        named.join(Round, Round.policy_id == PolicyDocument.id)
        .join(Cycle, Cycle.id == Round.cycle_id)
        .where(Cycle.jurisdiction_code.in_(places) | Cycle.jurisdiction_code.in_(above),
               Round.state.in_([state.value for state in cycle.PHASES]))
        .order_by(Round.year.desc(), Round.id.desc())
    )  # fmt: skip
    newest = named.order_by(PolicyDocument.imported_at.desc(), PolicyDocument.id.desc())
    row = session.execute(pinned.limit(1)).one_or_none() or session.execute(newest.limit(1)).one_or_none()
    return None if row is None else (row.policy_id, row.policy_version)
