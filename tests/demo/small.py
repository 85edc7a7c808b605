"""A small city's three years, played into a database of its own: what the tests of the demo look at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from specialty_eval.demo import city as cities
from specialty_eval.demo import play, record, world
from specialty_eval.demo.story import Tale
from specialty_eval.demo.world import Step, World
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.files import Files
from specialty_eval.store.ledger import Event
from specialty_eval.store.metadata import METADATA
from specialty_eval.store.registry import SpecialtyCode

CITY = cities.make(1, schools=8, specialties=40)
STEPS = list(play.steps(CITY))
END = datetime(2026, 9, 20, tzinfo=UTC)
"""The week after."""


@dataclass(frozen=True)
class Kept:
    """What a play left: what is on record of each specialty by code, every event, and every row."""

    on_record: dict[str, record.Told]
    happened: list[tuple[object, ...]]
    on_file: dict[str, list[str]]


@dataclass(frozen=True)
class Played:
    """A played city: where it is, and what there was when it had been played.

    Whoever looks at it later may sign in, and leaves that on record.
    """

    url: str
    files: Path
    sessions: sessionmaker[Session]
    kept: Kept

    @property
    def on_record(self) -> dict[str, record.Told]:
        """What is on record of each specialty."""
        return self.kept.on_record

    @property
    def happened(self) -> list[tuple[object, ...]]:
        """Every event."""
        return self.kept.happened

    def of(self, tale: Tale, number: int) -> record.Told:
        """What became of the one that this happened to."""
        (specialty, *_) = CITY.told(tale, number)
        return self.on_record[specialty.code]

    def rows(self, query: str, **given: object) -> list[tuple[object, ...]]:
        """What the database answers."""
        with self.sessions() as session:
            return [tuple(row) for row in session.execute(sa.text(query), given)]


def played(url: str, through: Callable[[sessionmaker[Session]], None]) -> Kept:
    """What there is after the three years, in whatever pieces `through` plays them."""
    engine = make_engine(url, pool_size=2)
    sessions = make_sessions(engine)
    through(sessions)
    with sessions() as session:
        kept = Kept(record.specialties(session), _happened(session), rows_of(session))
    engine.dispose()
    return kept


def play_some(sessions: sessionmaker[Session], files: Path, steps: Sequence[Step] = STEPS) -> None:
    """Play so far, with a hand that remembers nothing, as at the start of a process."""
    world.play(World(CITY, sessions, Files(files), world.policy()), list(steps), lambda _: None)


_PAPERS = "kind IN ('document.issue', 'application.letter', 'letter_batch.make')"
_OF_A_PAPER = f"CASE WHEN {_PAPERS} THEN ARRAY['facts', 'sha256'] ELSE ARRAY['facts', 'sealed'] END"
_SALTED = "CASE WHEN kind LIKE 'publication.%' THEN ARRAY['facts', 'digest'] ELSE ARRAY['facts', 'inputs'] END"
OF_ITS_OWN = {
    "api_key": "to_jsonb(t) - 'secret_hash'",
    "ballot": "to_jsonb(t) - 'sealed'",
    "document": "to_jsonb(t) - '{filling,sha256,size}'::text[]",
    "event": f"to_jsonb(t) - 'transaction' #- '{{facts,seal_head}}' #- {_OF_A_PAPER} #- {_SALTED}",
    "letter_batch": "to_jsonb(t) - '{sha256,size}'::text[]",
    "meeting_item": "to_jsonb(t) - 'ballot_key'",
    "objector": "to_jsonb(t) - '{confirmation_hash,confirmation_code}'::text[]",
    "person": "to_jsonb(t) - 'password_hash'",
    "publication": "to_jsonb(t) - '{seal_head,digest}'::text[]",
    "publication_entry": "to_jsonb(t) #- '{line,7}'",
    "score_run": "to_jsonb(t) - '{secret,inputs_digest}'::text[]",
    "simulation": "to_jsonb(t) - 'inputs_digest'",
    "webhook_endpoint": "to_jsonb(t) - '{secret,seq,transaction}'::text[]",
}
"""Of these tables, what two plays have in common: salts, codes, secrets and whatever seals a ballot are random, and
transactions a server's own; so are the seals over them, which wait for whatever else the server is at, and papers that
print one.
"""


def rows_of(session: Session) -> dict[str, list[str]]:
    """Every row of every table, numbers and all, as far as it is the city's and not the database's: which log it is and
    what seals it are not.
    """
    return {
        table: sorted(session.scalars(sa.text(f"SELECT ({OF_ITS_OWN.get(table, 'to_jsonb(t)')})::text FROM {table} t")))
        for table in sorted(METADATA.tables.keys() - {"event_seal", "event_source"})
    }


def _happened(session: Session) -> list[tuple[object, ...]]:
    """Every event by what two databases have in common: numbers of rows are not."""
    found = (
        sa.select(Event.kind, Event.at, SpecialtyCode.code, Event.source, Event.target, Event.reason, Event.audience)
        .outerjoin(SpecialtyCode, SpecialtyCode.specialty_id == Event.specialty_id)
        .order_by(Event.seq)
    )
    return [tuple(row) for row in session.execute(found)]
