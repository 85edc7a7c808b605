"""Our side of the workflow figures: a database with many open reviews, one durable transition, one bulk opening."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from specialty_eval.actions import accounts, verification
from specialty_eval.actions.context import Credentials, commit, opened
from specialty_eval.engine import review
from specialty_eval.engine.permissions import Actor, Scope
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.files import Files
from specialty_eval.store.reviews import Review

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
KEY = "key_bench"

SEED = """
INSERT INTO jurisdiction (code, name, kind) VALUES ('370000', '示例省', 'province');
INSERT INTO jurisdiction (code, name, kind, parent_code) VALUES ('371400', '示例市', 'city', '370000');
INSERT INTO organisation (kind, code, name, jurisdiction_code)
  VALUES ('bureau', '371400', '示例市教育局', '371400'), ('school', '3637000001', '示例学校', '371400');
INSERT INTO school (id, code, scheme, name, kind, run_by, jurisdiction_code, city_code)
  SELECT id, code, 'education', name, 'secondary', 'city', '371400', '371400' FROM organisation WHERE kind = 'school';
INSERT INTO specialty (school_id, catalogue_code, direction, name, level, class_code, class_name, partner, opened_on)
  SELECT school.id, 'X00001', n::text, '示例专业', 'secondary', '71', '示例大类', '示例企业', '2015-09-01'
  FROM school, generate_series(1, :reviews) n;
INSERT INTO policy (policy_id, policy_version, digest, title, jurisdiction_code, text, canonical, imported_at)
  VALUES ('bench', '1', repeat('0', 64), '{}', '371400', '', '', now());
INSERT INTO cycle (code, title, jurisdiction_code, bureau_id, first_year, last_year, levels, school_kinds, state)
  SELECT 'bench', '示例', '371400', id, 2026, 2026, '[]', '[]', 'draft' FROM organisation WHERE kind = 'bureau';
INSERT INTO round (cycle_id, number, year, evidence_year, reference_date, policy_id, state, collecting_due)
  SELECT cycle.id, 1, 2026, 2025, '2026-01-01', policy.id, 'planned', now() FROM cycle, policy;
UPDATE cycle SET state = 'running';
UPDATE round SET state = 'collecting';
INSERT INTO review (round_id, specialty_id, state)
  SELECT round.id, specialty.id, 'planned' FROM round, specialty;
INSERT INTO api_key (label, secret_hash, valid_from) VALUES ('bench', :secret, '2020-01-01');
INSERT INTO role_grant (api_key_id, role, organisation_id, valid_from)
  SELECT api_key.id, 'secretary', organisation.id, '2020-01-01' FROM api_key, organisation WHERE kind = 'bureau'
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """A seeded database: its sessions and the reviews' ids."""

    engine: sa.Engine
    sessions: sessionmaker[Session]
    ids: list[int]

    @classmethod
    def at(cls, url: str, clients: int = 16) -> "Bench":
        """Over a database that `seed` has filled."""
        engine = make_engine(url, pool_size=clients)
        with engine.connect() as connection:
            ids = list(connection.execute(sa.text("SELECT id FROM review ORDER BY id")).scalars())
        return cls(engine, make_sessions(engine), ids)


def seed(url: str, reviews: int) -> None:
    """So many planned reviews, and a machine's key that holds the secretary's role."""
    engine = make_engine(url, pool_size=1)
    with engine.begin() as connection:
        for statement in SEED.split(";"):
            found = sa.text(statement)
            wanted = {"reviews": reviews, "secret": accounts.digest(KEY)}
            connection.execute(found, {k: v for k, v in wanted.items() if f":{k}" in statement})
    engine.dispose()


def one_transition(bench: Bench) -> Callable[[int], None]:
    """`verification.exempt` as a request does it: identify the caller, lock, check, state and event, commit."""
    files, shown = Files(Path(".")), Credentials(KEY)

    def identify(session: Session, now: datetime) -> Actor:
        return accounts.identify(session, now, shown)

    def move(number: int) -> None:
        with bench.sessions() as session:
            ctx = opened(session, NOW, identify, files)
            verification.exempt(ctx, bench.ids[number], "因故免于参评")
            commit(ctx)

    return move


def open_all(bench: Bench, number: int) -> Callable[[], None]:
    """Open so many planned reviews in one transaction through `advance_many`."""
    ids = bench.ids[:number]

    def move() -> None:
        with bench.sessions() as session:
            ctx = opened(session, NOW, lambda *_: Actor(is_system=True), Files(Path(".")))
            due = datetime.combine(date(2026, 4, 1), datetime.min.time(), UTC)
            scope = Scope(city="371400")
            ctx.advance_many(review.WORKFLOW, Review, review.Event.OPEN, ids, scope, changes={"due": due})
            commit(ctx)

    return move


LIMIT = """
WITH moved AS (
  UPDATE review SET state = 'open', version = version + 1, updated_at = :now, due = :now
  WHERE id <= :last AND state = 'planned' RETURNING id, specialty_id, round_id)
INSERT INTO event (at, kind, subject_kind, subject_id, specialty_id, round_id, source, target, audience, facts)
  SELECT CAST(:now AS timestamptz), 'review.open', 'review', id, specialty_id, round_id, 'planned', 'open',
    'office', '{}'
  FROM moved
"""
"""The bare SQL of the same work: targets computed in the server, nothing crosses the wire."""


def open_limit(bench: Bench, number: int) -> Callable[[], None]:
    """The limit: one statement in one transaction."""
    last = bench.ids[number - 1]

    def move() -> None:
        with bench.engine.begin() as connection:
            connection.execute(sa.text(LIMIT), {"now": NOW, "last": last})

    return move


def close_again(bench: Bench) -> None:
    """Back to planned, outside the figure: the triggers keep events, so the log only grows."""
    with bench.engine.begin() as connection:
        connection.execute(sa.text("UPDATE review SET state = 'planned' WHERE state = 'open'"))
    with bench.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM review"))
        connection.execute(sa.text("CHECKPOINT"))
