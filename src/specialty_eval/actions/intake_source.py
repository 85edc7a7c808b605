"""Where a loaded file comes from and how far it may reach: its hash, what it is about, the cities of the caller."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from specialty_eval.engine.permissions import Actor, Kind, Role
from specialty_eval.engine.policy import Policy
from specialty_eval.store.registry import Organisation

from .context import Context
from .intake_batch import Batch, Line


@dataclass(frozen=True, slots=True)
class Source:
    """One load: `of` is the catalogue's edition, `policy` the one whose measures the columns are.

    `cities` are those the caller's office reaches; None is everywhere (the operator at the machine).
    """

    digest: str
    of: str = ""
    policy: Policy | None = None
    cities: frozenset[str] | None = frozenset()
    bureau_id: int | None = None


def reached(actor: Actor, roles: frozenset[Role], today: date) -> frozenset[str] | None:
    """The cities in whose bureau the caller holds one of these roles today; None for the operator."""
    if actor.is_system:
        return None
    return frozenset(
        grant.jurisdiction
        for grant in actor.grants
        if grant.role in roles and grant.kind == Kind.BUREAU and grant.holds(today)
    )


def is_shared(ctx: Context, source: Source) -> bool:
    """Whether the installation serves another city's bureau than the caller's: what is common is then not theirs."""
    if source.cities is None:
        return False
    bureaus = sa.select(Organisation.jurisdiction_code).where(Organisation.kind == Kind.BUREAU.value)
    return not source.cities.issuperset(ctx.session.scalars(bureaus))


def outside(batch: Batch, source: Source, column: str, city: Callable[[Line], str]) -> None:
    """Note every row of another city, and go on without those rows."""
    if source.cities is None:
        return
    cities = source.cities
    strange = {line.row for line in batch.lines if city(line) not in cities}
    for line in batch.lines:
        if line.row in strange:
            batch.wrong(line, column, "outside-your-city")
    batch.keep(lambda line: line.row not in strange)
