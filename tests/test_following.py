"""Statuses in memory follow what is committed: in two processes' ways, out of order, over lost connections, and end."""

import asyncio
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Signal

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors
from starlette.testclient import TestClient

from factories_consequences import make_confirmed
from factories_deliberation import Sitting
from keeping import Kept, as_told, ask, keeping, same, until
from specialty_eval import serving
from specialty_eval.actions import closings, intake, successions
from specialty_eval.actions.context import Context
from specialty_eval.actions.successions import NewSuccession
from specialty_eval.api import operations, status_fast
from specialty_eval.app import create_app
from specialty_eval.engine.event_kinds import KINDS
from specialty_eval.engine.permissions import Actor
from specialty_eval.engine.succession import Act, Subject, Wanted
from specialty_eval.following import Follower
from specialty_eval.rooms import Room
from specialty_eval.store import embedded, place, schema, status_sets
from specialty_eval.store.base import make_engine
from specialty_eval.store.files import Files
from specialty_eval.store.metadata import METADATA
from specialty_eval.store.registry import Specialty
from specialty_eval.store.status_events import SILENT

SEED = Path(__file__).parents[1] / "bench" / "startup" / "seed.sql"
STATUS = "/v1/specialties/3637000001-X00001/status"


@dataclass
class City:
    """A city with confirmed ratings, committed; whoever acts does so in a session of their own."""

    sitting: Sitting
    url: str
    engine: sa.Engine
    files: Path

    def clock(self) -> datetime:
        return self.sitting.city.now

    def session(self) -> Session:
        return Session(self.engine, expire_on_commit=False)

    def closes(self, session: Session, short: str, who: str) -> None:
        """A school closes its own specialty; not committed."""
        ctx = replace(self.sitting.as_(who), session=session)
        closings.close(ctx, self.sitting.city.codes[short], "示例：专业调整", 0)

    def same(self, kept: Kept) -> None:
        same(kept.app.front, self.url, self.clock(), self.files)


@pytest.fixture
def city(fresh_database: str, tmp_path: Path) -> Iterator[City]:
    with committed(fresh_database, tmp_path) as made:
        yield made


@pytest.fixture
def quiet_city(quiet_database: str, tmp_path: Path) -> Iterator[City]:
    """On a server where nobody else writes."""
    with committed(quiet_database, tmp_path) as made:
        yield made


@contextmanager
def committed(url: str, files: Path) -> Iterator[City]:
    engine = make_engine(url, pool_size=4)
    with Session(engine, expire_on_commit=False) as session:
        sitting = make_confirmed(session)
        session.commit()
        yield City(sitting, url, engine, files)
    engine.dispose()


def test_each_process_shows_a_change_within_a_second_of_its_commit(city: City) -> None:
    with keeping(city.url, city.files, city.clock) as one, keeping(city.url, city.files, city.clock) as two:
        assert one.app.front.codes == as_told(city.url, city.clock(), city.files)
        for short, who in (("one-a", "head-one"), ("two-a", "head-two")):
            with city.session() as session:
                city.closes(session, short, who)
                session.commit()
            committed, code = time.monotonic(), city.sitting.city.codes[short]
            for kept in (one, two):
                codes = kept.app.front.codes
                until(lambda codes=codes, code=code: codes[code][3] == 410, "the closing shows")  # type: ignore[misc]  # bound now
            assert time.monotonic() - committed < 1
            for kept in (one, two):
                city.same(kept)


def test_transactions_that_end_out_of_order_are_all_seen(city: City) -> None:
    with keeping(city.url, city.files, city.clock) as kept, city.session() as slow:
        city.closes(slow, "one-a", "head-one")
        with city.session() as quick:
            city.closes(quick, "two-a", "head-two")
            quick.commit()
        city.same(kept)
        before = dict(kept.app.front.codes)
        slow.commit()
        city.same(kept)
        assert kept.app.front.codes != before


def test_what_happened_while_the_connection_was_lost_is_caught_up(city: City) -> None:
    with keeping(city.url, city.files, city.clock) as kept, city.session() as waiting:
        city.closes(waiting, "one-a", "head-one")
        with psycopg.connect(embedded.conninfo(city.url), autocommit=True) as admin:
            mine = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            assert admin.execute(f"{mine} AND state LIKE 'idle' AND pid <> pg_backend_pid()").fetchall()
        waiting.commit()
        city.same(kept)
        with city.session() as session:
            city.closes(session, "two-a", "head-two")
            session.commit()
        city.same(kept)


def test_a_school_with_a_new_name_has_it_in_every_status(city: City) -> None:
    with keeping(city.url, city.files, city.clock) as kept, city.session() as session:
        row = session.execute(sa.text("SELECT code, scheme, kind, run_by, jurisdiction_code FROM school")).first()
        assert row is not None
        file = "code,scheme,name,kind,run_by,jurisdiction_code\n" + ",".join(
            (row.code, row.scheme, "示例改名学校", row.kind, row.run_by, row.jurisdiction_code)
        )
        ctx = Context(session, Actor(is_system=True), city.clock(), Files(city.files))
        done = intake.load(ctx, "schools", f"{file}\n".encode(), intake.CSV)
        assert done.changed == 1
        session.commit()
        city.same(kept)
        bodies = [ready[0].decode() for ready in kept.app.front.codes.values() if isinstance(ready, tuple)]
        assert [body for body in bodies if "示例改名学校" in body]


def test_a_merged_ones_code_leads_on_in_every_process_as_in_the_routes(city: City) -> None:
    merged, into = city.sitting.city.codes["two-a"], city.sitting.city.codes["one-a"]
    with keeping(city.url, city.files, city.clock) as kept, city.session() as session:
        new = NewSuccession(Subject.SPECIALTY, Act.MERGED, city.clock().date(), "示例：合并", "示例教〔2026〕30号",
                            (Wanted(merged, into=into),))  # fmt: skip
        made = successions.propose(replace(city.sitting.as_("secretary"), session=session), new)
        successions.record(replace(city.sitting.as_("bureau-approver"), session=session), made.id)
        session.commit()
        city.same(kept)
        assert kept.app.front.codes[merged] == into
        path = f"/v1/specialties/{merged}/status"
        answers = [ask("GET", path) for ask in (kept.fast, kept.slow)]
        assert {(a.status, a.headers["location"]) for a in answers} == {(308, f"/v1/specialties/{into}/status")}
        asked = b'{"codes": ["%s", "%s"]}' % (merged.encode(), into.encode())
        told = [ask("POST", "/v1/status/query", asked, content_type="application/json").body for ask in
                (kept.fast, kept.slow)]  # fmt: skip
        assert all(b'"moved":{"%s":"%s"}' % (merged.encode(), into.encode()) in body for body in told)


def test_a_day_that_comes_changes_what_it_is_to_change(city: City) -> None:
    with city.session() as session:
        tomorrow = city.clock().date() + timedelta(days=2)
        session.execute(sa.update(Specialty).values(closed_on=tomorrow))
        session.commit()
    with keeping(city.url, city.files, city.clock) as kept:
        assert {ready[3] for ready in kept.app.front.by_id.values()} == {200}
        city.sitting.city.wait(3)
        city.same(kept)
        assert {ready[3] for ready in kept.app.front.by_id.values()} == {410}
        until(lambda: city.clock().date().isoformat().encode() in kept.app.front.moment, "the day is told")


def test_while_nothing_is_written_a_look_is_one_question(quiet_city: City) -> None:
    asked: list[str] = []
    app = create_app(quiet_city.url, quiet_city.files, clock=quiet_city.clock)
    follower = Follower(quiet_city.url, quiet_city.clock, app.front, quiet_city.files, app.bell)
    sa.event.listen(follower._engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    follower.start()
    try:
        until(lambda: app.front.is_full, "read")
        until(lambda: len(set(asked[-3:])) == 1, "nothing is written")
        before, contact = app.front.codes.copy(), app.front.contact
        until(lambda: app.front.contact > contact, "looked again")
        assert "pg_current_snapshot()::text" in asked[-1]
        with quiet_city.session() as session:
            quiet_city.closes(session, "one-a", "head-one")
            session.commit()
        until(lambda: app.front.codes != before, "seen all the same")
    finally:
        follower.stop()


def test_whatever_goes_wrong_the_routes_answer_until_everything_was_read_again(
    city: City, caplog: pytest.LogCaptureFixture
) -> None:
    class ClockError(Exception):
        """It has stopped."""

    stopped = Signal()

    def clock() -> datetime:
        if stopped.is_set():
            raise ClockError
        return city.clock()

    with keeping(city.url, city.files, clock) as kept:
        stopped.set()
        until(lambda: not kept.app.front.is_full, "handed over to the routes")
        with city.session() as session:
            city.closes(session, "one-a", "head-one")
            session.commit()
        assert not kept.app.front.answers
        assert "ClockError" in caplog.text
        stopped.clear()
        until(lambda: kept.app.front.is_full, "read again")
        city.same(kept)


ABOUT = {
    "assignment": "expert_assignment", "calendar": "calendar_year", "closing": "closing_proposal",
    "correction": "review", "demo": "jurisdiction", "evidence": "review", "figures": "specialty",
    "group": "specialty_group", "installation": "jurisdiction", "item": "meeting_item", "key": "api_key",
    "list": "specialty_list", "material": "review", "member": "committee_member", "plan": "enrolment_plan",
    "role": "role_grant", "sheet": "review", "support": "support_grant", "teach_out": "teach_out_count",
    "webhook": "webhook_endpoint",
}  # fmt: skip
"""What a kind of event is about, where its name is not the table's."""
BY_THEIR_LINES = {"enrolment_plan", "publication", "succession"}
"""Read for a status, and silent all the same: of plans and lists the events that change one are named, and looked at by
their lines; a succession tells each specialty (`specialty.succeed`).
"""
TOLD = {"specialty.change", "specialty.escalate", "specialty.succeed", "figures.record"}
"""Of a specialty as such: each says its own."""


def test_every_kind_of_event_is_silent_or_bears_its_specialty_and_no_status_is_read_from_the_silent() -> None:
    named = {"specialty", "standing", "review", "objection", "appeal", "rectification", "closing_proposal"}
    assert not SILENT & named
    tables = METADATA.tables
    assert tables.keys() >= SILENT
    read = {part.name for part in visitors.iterate(status_sets.query()) if isinstance(part, sa.TableClause)}
    assert read > {"specialty", "standing", "review", "event", "enrolment_plan"}
    assert SILENT & read <= BY_THEIR_LINES

    def bears(kind: str) -> bool:
        table = tables[about(kind)]
        own = [table.c[name] for name in ("specialty_id", "review_id") if name in table.c]
        return kind in TOLD or any(not column.nullable for column in own) or table.name == "review"

    def about(kind: str) -> str:
        subject = kind.partition(".")[0]
        return ABOUT.get(subject, subject)

    assert {kind for kind in KINDS if about(kind) not in SILENT and not bears(kind)} == set()


def test_without_a_database_answers_tell_their_age_and_then_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir=place.RUNTIME) as folder:
        Path(folder).chmod(0o755)
        with embedded.start(Path(folder) / "db", durable=False) as server:
            url = server.url
            schema.migrate(url)
            with psycopg.connect(embedded.conninfo(url)) as connection:
                connection.execute(SEED.read_text(encoding="utf-8"))
            with keeping(url, Path(folder), lambda: datetime.now(UTC)) as kept:
                whole = kept.fast("GET", STATUS)
                assert (whole.status, "age" in whole.headers) == (200, False)
                assert b'"statuses":{"sequence":0,"age":0}' in kept.fast("GET", "/readyz").body
                server.stop()
                monkeypatch.setattr(status_fast, "FRESH", 0.5)
                until(lambda: kept.app.front.age > 0.5, "nothing is heard")
                aged = kept.fast("GET", STATUS)
                assert (aged.status, aged.headers["age"], aged.headers["status-sequence"]) == (200, "0", "0")
                assert aged.headers["etag"] == whole.headers["etag"]
                assert "age" in kept.fast("GET", "/v1/specialties/nobody-has-this/status").headers
                ready = kept.fast("GET", "/readyz")
                assert (ready.status, ready.headers["retry-after"]) == (503, "1")
                assert b"database-away" in ready.body
                assert b"statuses-from-memory" in ready.body
                kept.app.front.patience = 0
                ended = kept.fast("GET", STATUS)
                assert (ended.status, b"database-away" in ended.body) == (503, True)
                assert b"statuses-from-memory" not in kept.fast("GET", "/readyz").body


def test_what_is_no_lost_connection_is_not_answered_from_memory_and_is_told(
    city: City, caplog: pytest.LogCaptureFixture
) -> None:
    with keeping(city.url, city.files, city.clock) as kept:
        _rename(city, "event_seal", "away")
        until(lambda: not kept.app.front.is_full, "the database is there and says no: the routes answer")
        ready = asyncio.run(ask(kept.app, "GET", "/readyz", {})).body
        assert b'"statuses":null,"statuses_fault":"ProgrammingError"' in ready
        time.sleep(0.8)
        assert caplog.text.count("read anew") < 5  # although a connection is had each time
        _rename(city, "away", "event_seal")
        until(lambda: kept.app.front.is_full, "read again")
        city.same(kept)
        assert kept.app.front.fault == ""


def _rename(city: City, before: str, after: str) -> None:
    with city.engine.begin() as connection:
        connection.execute(sa.text(f"ALTER TABLE {before} RENAME TO {after}"))


def test_a_room_that_does_not_open_keeps_the_statuses_from_nobody(city: City) -> None:
    app = create_app(city.url, city.files)
    app.state.rooms.closed = (Room("specialty_eval.nowhere", ("/nowhere",)),)
    with ExitStack() as ends:
        with pytest.raises(ModuleNotFoundError):
            serving.settle(app, city.url, city.files, ends)
        until(lambda: app.front.is_full, "read")


def test_whether_a_server_is_ready_waits_for_nobody(database: str, tmp_path: Path) -> None:
    app = create_app(database, tmp_path)
    with TestClient(app) as client:
        app.state.edge.gate.total_tokens = 0  # every place is somebody's
        assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


def test_a_database_that_says_nothing_is_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(operations, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"postgresql+psycopg://nobody@127.0.0.1:{mute.getsockname()[1]}/nothing"
        with TestClient(create_app(url, tmp_path)) as client:
            answers = [client.get("/readyz") for _ in range(3)]
            mute.close()
    assert [(a.status_code, a.json()["problems"][0]["code"]) for a in answers] == [(503, "database-away")] * 3
