"""A log that was dumped from one server and restored into another goes on behind what is on record."""

import sqlalchemy as sa

from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.ledger import Event
from specialty_eval.store.schema import SKIPPED, begin_anew, migrate

AHEAD = 3000
NAME = sa.text("SELECT urn FROM event_source")
RECORD = (
    "INSERT INTO event (at, kind, subject_kind, subject_id, reason, audience, facts, transaction)"
    " SELECT now(), :kind, 'example', 1, '', 'public', '{}', (pg_current_xact_id()::text)::bigint + :ahead"
)


def test_what_happens_after_a_restore_comes_after_what_was_restored(fresh_database: str) -> None:
    engine = make_engine(fresh_database, pool_size=2)
    with engine.begin() as connection:
        connection.execute(sa.text(RECORD), {"kind": "restored", "ahead": AHEAD})
        before = connection.scalar(NAME)

    migrate(fresh_database)
    with engine.begin() as connection:
        named = connection.scalar(NAME)
    migrate(fresh_database)  # once

    with engine.begin() as connection:
        connection.execute(sa.text(RECORD), {"kind": "new", "ahead": 0})
    with make_sessions(engine)() as session:
        in_order = sa.select(Event.kind).order_by(Event.transaction)
        assert session.scalars(in_order).all() == ["restored", "new"]
        # Whoever was told of events that the backup lacks has their numbers, under the name the log had.
        old, new = session.scalars(sa.select(Event.seq).order_by(Event.seq)).all()
        assert (new - old > SKIPPED, before != named, session.scalar(NAME) == named) == (True, True, True)
        anew = begin_anew(fresh_database)
        assert (anew.name, anew.first, anew.last) == (session.scalar(NAME), new + 1, new + SKIPPED)
        assert anew.name != named
    engine.dispose()
