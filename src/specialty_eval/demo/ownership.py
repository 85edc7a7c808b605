"""Whose a database is: the demo plays into an empty one or its own, alone, and never a city over another's."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.errors import Invalid, NotNow, Problem
from specialty_eval.store.ledger import Event

from .city import City
from .world import BEGUN, Step, done

FIRST_SEED = 1
LOCK = "specialty-eval demo"


def refuse_strangers(url: str) -> None:
    """Invalid, and nothing touched, for a database that somebody else uses: it is empty, or the demo's own."""
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            tables = set(sa.inspect(connection).get_table_names())
            ours = {"alembic_version", "person", "event"} <= tables
            is_used = bool(tables) and (not ours or connection.scalar(sa.text("SELECT EXISTS (SELECT FROM person)")))
            if is_used and not (ours and connection.scalar(_BEGUN, {"kind": BEGUN})):
                raise Invalid(Problem("demo-not-alone", "database"))
    finally:
        engine.dispose()


_BEGUN = sa.text("SELECT EXISTS (SELECT FROM event WHERE kind = :kind)")


@contextmanager
def alone(engine: sa.Engine) -> Iterator[None]:
    """One plays at a time; NotNow for whoever comes second. The database lets go for whoever is killed."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(sa.func.hashtext(LOCK)))):
            raise NotNow(Problem("demo-running", "database"))
        try:
            yield
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(sa.func.hashtext(LOCK))))


def seed_of(session: Session, asked: int | None) -> int:
    """The seed of the city on record, else the one asked for, else the first; Invalid when the two differ."""
    begun = _begun(session)
    if begun is None:
        return FIRST_SEED if asked is None else asked
    kept = int(begun["seed"])
    if asked not in {None, kept}:
        raise Invalid(Problem("demo-other-seed", "seed", {"seed": kept, "asked": asked}))
    return kept


def _begun(session: Session) -> Mapping[str, Any] | None:
    """What the demo's first mark says."""
    return session.scalar(sa.select(Event.facts).where(Event.kind == BEGUN).order_by(Event.seq).limit(1))


def refuse_another_story(session: Session, city: City, steps: Sequence[Step]) -> None:
    """Invalid when what was played is not this very city, or not the beginning of the story as it is told now."""
    begun, played = _begun(session), list(done(session))
    is_ours = begun is None or begun.get("city") == city.digest
    if not is_ours or played != [step.name for step in steps[: len(played)]]:
        raise Invalid(Problem("demo-other-version", "database", {"steps": len(played)}))
