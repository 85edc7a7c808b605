"""The event log: never changed, never missed, and sealed so that tampering shows."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from factories import make_city, make_cycle, open_round
from small_policy import POLICY
from specialty_eval.actions import feed, seals
from specialty_eval.actions.context import Context
from specialty_eval.engine.permissions import Actor
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.files import Files

NOW = datetime(2026, 3, 2, tzinfo=UTC)
INSERT = """INSERT INTO event (at, kind, subject_kind, subject_id, audience, facts)
  VALUES (now(), :kind, 'test', 1, 'public', '{}')"""


@pytest.fixture
def engine(quiet_database: str) -> Iterator[sa.Engine]:
    """Over a database in which a round has been opened; its connections end with the test, however it ends."""
    made = make_engine(quiet_database, pool_size=3)
    with make_sessions(made)() as session:
        city = make_city(session)
        open_round(city, make_cycle(city, policy=POLICY))
        session.commit()
    yield made
    made.dispose()


def settle(session: Session) -> None:
    """Wait until nothing that runs on this server began before the last event: statistics are kept there too."""
    settled = "SELECT max(transaction) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM event"
    for _ in range(1200):
        if session.scalar(sa.text(settled)):
            return
        session.rollback()
        time.sleep(0.1)
    pytest.fail("a transaction on this server has been running for two minutes")


def test_an_event_is_never_changed_removed_or_truncated(engine: sa.Engine) -> None:
    for statement in ("UPDATE event SET reason = 'x'", "DELETE FROM event", "TRUNCATE event"):
        with pytest.raises(DBAPIError, match="never changed or removed"), engine.begin() as connection:
            connection.execute(sa.text(statement))


def test_whatever_is_done_behind_the_triggers_shows_against_the_seal(engine: sa.Engine) -> None:
    with make_sessions(engine)() as session:
        settle(session)
        made = seals.seal(Context(session, Actor(is_system=True), NOW, Files(Path("."))))
        session.commit()
        assert made is not None
        sealed, problems = seals.verify(session, made.head)
        assert (sealed, problems) == (made.count, [])
        session.execute(sa.text("ALTER TABLE event DISABLE TRIGGER event_immutable"))
        session.execute(sa.text("UPDATE event SET reason = 'x' WHERE seq = (SELECT min(seq) FROM event)"))
        session.expire_all()

        _, problems = seals.verify(session, "f" * 64)

        assert [p.code for p in problems] == ["seal-does-not-hold", "seal-head-unknown"]
        session.rollback()


def test_a_reader_misses_nothing_when_transactions_commit_in_reverse_order(engine: sa.Engine) -> None:
    with engine.connect() as early, engine.connect() as late, make_sessions(engine)() as session:
        reader = Context(session, Actor(), NOW, Files(Path(".")))
        settle(session)
        start = feed.Asked().cursor(feed.read(reader, feed.Asked(), 500).place)
        session.rollback()
        early.execute(sa.text(INSERT), {"kind": "first"})
        late.execute(sa.text(INSERT), {"kind": "second"})
        late.commit()

        before = feed.read(reader, feed.Asked(after=start), 500)
        session.rollback()
        early.commit()
        settle(session)
        after = feed.read(reader, feed.Asked(after=feed.Asked().cursor(before.place)), 500)

        assert [row.kind for row in (*before.rows, *after.rows)] == ["first", "second"]
