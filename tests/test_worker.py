"""The worker acts on what is due: in order, once, all or nothing; what fails is kept and stands in nobody's way."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from factories_consequences import make_confirmed, on, standings
from factories_deliberation import make_decided, make_publicised
from small_policy import POLICY
from specialty_eval import serving
from specialty_eval.actions import jobs, overdue, previews
from specialty_eval.actions.context import LOCAL
from specialty_eval.actions.jobs import Task
from specialty_eval.actions.paging import Page
from specialty_eval.cli import run
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.consequences import Duration
from specialty_eval.store import job_queries
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.cycles import Round
from specialty_eval.store.embedded import conninfo
from specialty_eval.store.jobs import Job
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import Publication, Rectification
from specialty_eval.store.reviews import Review
from specialty_eval.worker import Passed, Worker, work


@pytest.fixture
def engine(fresh_database: str) -> Iterator[sa.Engine]:
    made = make_engine(fresh_database, pool_size=8)
    yield made
    made.dispose()


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as made:
        yield made


@dataclass
class Clock:
    """A city's own time, for a worker."""

    city: City

    def __call__(self) -> datetime:
        return self.city.now


def worker(engine: sa.Engine, city: City) -> Worker:
    """A worker by the city's own clock."""
    city.session.commit()
    return Worker(make_sessions(engine), city.files, Clock(city))


def once(engine: sa.Engine, city: City) -> Passed:
    return worker(engine, city).once()


def kinds(session: Session, *wanted: str) -> list[str]:
    """The events of these kinds, oldest first."""
    session.rollback()
    return list(session.scalars(sa.select(Event.kind).where(Event.kind.in_(wanted)).order_by(Event.seq)))


def after(city: City, due: datetime | None, **later: int) -> None:
    """So long after a deadline ended; long enough for the clock to act, unless said otherwise."""
    assert due is not None
    city.now = due + timedelta(**(later or {"minutes": 10}))


def in_round(session: Session) -> tuple[City, dict[str, int], Round]:
    city = make_city(session)
    round_id = make_cycle(city, policy=POLICY)
    reviews = open_round(city, round_id)
    return city, reviews, session.get_one(Round, round_id)


def reminded(engine: sa.Engine, city: City, made: Round) -> None:
    """The worker goes through every day of collecting."""
    due = made.collecting_due
    assert due is not None
    while city.now < due:
        once(engine, city)
        city.wait(1)


def reminded_twice(engine: sa.Engine, city: City, made: Round) -> None:
    """The worker went through two of those days, on which it reminds, and collecting ends: enough to be defaulted."""
    due = made.collecting_due
    assert due is not None
    for days in (7, 2):
        city.now = due - timedelta(days=days, hours=15)  # at nine in the morning
        once(engine, city)
    city.now = due


def test_a_round_left_to_itself_reminds_defaults_and_moves_on(engine: sa.Engine, session: Session) -> None:
    city, reviews, made = in_round(session)
    reminded(engine, city, made)
    after(city, made.collecting_due)

    assert once(engine, city).failed == ()

    assert kinds(session, "review.default", "round.verify") == ["review.default"] * len(reviews) + ["round.verify"]
    assert session.get_one(Round, made.id, populate_existing=True).state == "verifying"
    assert once(engine, city).done == 0


def test_a_round_opens_on_its_day(engine: sa.Engine, session: Session) -> None:
    city = make_city(session)
    round_id = make_cycle(city, policy=POLICY)
    session.get_one(Round, round_id).opens_on = date(2026, 3, 9)
    city.now = datetime(2026, 3, 8, 15, 59, tzinfo=UTC)  # its last minute in Dezhou
    once(engine, city)
    assert session.get_one(Round, round_id, populate_existing=True).state == "planned"

    city.now += timedelta(minutes=10)
    once(engine, city)

    opened = session.get_one(Round, round_id, populate_existing=True)
    assert (opened.state, kinds(session, "round.collect")) == ("collecting", ["round.collect"])
    assert set(kinds(session, "review.open")) == {"review.open"}


def test_what_may_still_be_on_its_way_in_is_left_alone_after_midnight(engine: sa.Engine, session: Session) -> None:
    city, _, made = in_round(session)
    reminded_twice(engine, city, made)

    after(city, made.collecting_due, minutes=4)
    assert once(engine, city).done == 0
    assert kinds(session, "review.default", "round.verify") == []

    after(city, made.collecting_due, minutes=5)
    once(engine, city)
    assert "round.verify" in kinds(session, "round.verify")


def test_whoever_was_not_reminded_twice_holds_nobody_up_and_stays_listed(engine: sa.Engine, session: Session) -> None:
    city, reviews, made = in_round(session)
    after(city, made.collecting_due)

    once(engine, city)

    assert kinds(session, "review.default", "round.verify") == []
    seen = overdue.listing(city.as_("secretary"), made.id, Page(100))[0]
    assert len(seen) == len(reviews)


def test_three_due_dates_at_once_are_acted_on_in_their_order(engine: sa.Engine, session: Session) -> None:
    sitting = make_confirmed(session, {"one-a": "green", "two-a": "yellow", "city-a": "red"})
    plan_due = session.scalars(sa.select(sa.func.min(Rectification.plan_due))).one()
    on(sitting, 2026, 10, 20)
    assert plan_due < sitting.city.now
    session.commit()

    with Session(engine) as other:
        ctx = sitting.city.clock()
        ctx.session = other
        found = jobs.due(ctx)
    assert [(one.task, one.since) for one in found] == sorted(
        ((one.task, one.since) for one in found), key=lambda one: (one[1], list(Task).index(one[0]))
    )
    assert found[0].task in {Task.RECTIFICATIONS, Task.CLOSE_PUBLICITY}

    assert once(engine, sitting.city).failed == ()

    wanted = ("publication.close", "rectification.lapse", "standing.rate")
    happened = list(dict.fromkeys(kinds(session, *wanted)))
    assert happened == [kind for kind in wanted if kind in happened]
    assert {"rectification.lapse", "standing.rate"} <= set(happened)
    assert standings(sitting)["one-a"] == "supported"


def test_publicity_closes_when_its_days_are_over(engine: sa.Engine, session: Session) -> None:
    sitting, publication_id = make_publicised(session, {"one-a": "green", "two-a": "yellow"})
    closes = session.get_one(Publication, publication_id).closes_at
    city = sitting.city
    once(engine, city)
    assert session.get_one(Publication, publication_id, populate_existing=True).state == "in_publicity"

    after(city, closes)
    once(engine, city)

    assert session.get_one(Publication, publication_id, populate_existing=True).state == "closed"


def test_a_decision_that_nobody_opened_is_served_when_the_days_are_over(engine: sa.Engine, session: Session) -> None:
    sitting = make_decided(session, {"one-a": "green", "two-a": "yellow"})
    city, (opened, unopened) = sitting.city, (sitting.reviews["one-a"], sitting.reviews["two-a"])
    previews.preview(sitting.as_("secretary"), sitting.round_id)
    previews.acknowledge(sitting.as_("head-one"), opened)
    days = Duration(5, working=True)
    deemed = city.clock().calendar().due(city.now, days, LOCAL)
    at = city.now
    after(city, deemed, minutes=-1)
    once(engine, city)
    assert session.get_one(Review, unopened, populate_existing=True).served_at is None

    after(city, deemed, days=3, hours=9)
    once(engine, city)

    assert session.get_one(Review, unopened, populate_existing=True).served_at == deemed
    assert session.get_one(Review, opened, populate_existing=True).served_at == at
    assert kinds(session, "review.deem_served") == ["review.deem_served"]
    assert once(engine, city).done == 0


def test_a_confirmed_decision_that_nobody_opened_is_served_too(engine: sa.Engine, session: Session) -> None:
    sitting = make_confirmed(session, {"one-a": "green", "two-a": "yellow"})
    city = sitting.city
    deemed = city.clock().calendar().due(city.now, Duration(5, working=True), LOCAL)
    after(city, deemed, hours=9)
    once(engine, city)

    rows = [session.get_one(Review, sitting.reviews[one], populate_existing=True) for one in ("one-a", "two-a")]
    assert {row.served_at for row in rows} == {deemed}


def test_the_command_and_the_server_work_on_the_database(
    fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", fresh_database)
    monkeypatch.setattr(jobs, "SETTLES", timedelta(0))  # whatever hour the tests run at

    assert run(["work", "--once"]) == 0
    assert "2 jobs done, 0 failed" in capsys.readouterr().out  # the seal and the answers to forget
    monkeypatch.setattr(serving, "QUIET", 0)
    with serving.working(fresh_database, tmp_path, lambda: datetime(2100, 1, 1, 4, tzinfo=UTC)):
        seen = _seen(fresh_database)

    assert seen == datetime(2100, 1, 1, 4, tzinfo=UTC)


def test_what_breaks_off_beside_the_jobs_is_on_record_until_it_goes_on(
    engine: sa.Engine, session: Session, tmp_path: Path
) -> None:
    city, _, _ = in_round(session)
    no_folder = tmp_path / "files"
    no_folder.touch()
    url, stopped = engine.url.render_as_string(hide_password=False), threading.Event()
    session.commit()
    thread = threading.Thread(target=work, args=(url, no_folder, Clock(city), stopped))
    thread.start()
    until = time.monotonic() + 30
    while time.monotonic() < until and job_queries.run_of(session, "write_lists", "") is None:
        time.sleep(0.1)
        session.rollback()
    stopped.set()
    thread.join()
    failing = {one["job"]: one["reasons"] for one in jobs.listing(city.as_("administrator"))}
    assert failing["write_lists"] == ["NotADirectoryError"]
    city.now += timedelta(minutes=3)
    once(engine, city)
    assert "write_lists" not in {one["job"] for one in jobs.listing(city.as_("administrator"))}


def _seen(url: str) -> datetime | None:
    """When a worker was last seen, once it is the far one; or at the end of half a minute."""
    made = make_engine(url, pool_size=1)
    until = time.monotonic() + 30
    seen: datetime | None = None
    while time.monotonic() < until and (seen is None or seen.year < 2100):
        time.sleep(1)
        with Session(made) as looking:
            seen, _ = job_queries.health(looking)
    made.dispose()
    return seen


def test_events_are_sealed_every_hour(engine: sa.Engine, session: Session) -> None:
    city, _, _ = in_round(session)
    began, sealed = city.now, sa.select(Job.done_at).where(Job.name == Task.SEAL)
    once(engine, city)
    city.now = began + timedelta(minutes=59)
    once(engine, city)
    assert session.scalar(sealed) == began

    city.now = began + timedelta(minutes=60)
    once(engine, city)

    assert session.scalar(sealed) == city.now


# --- two at once, and one that dies ----------------------------------------------------------------------------------


def test_two_workers_at_once_do_everything_once(engine: sa.Engine, session: Session) -> None:
    city, reviews, made = in_round(session)
    reminded_twice(engine, city, made)
    after(city, made.collecting_due)
    workers, barrier, passed = [worker(engine, city) for _ in range(2)], threading.Barrier(2), list[Passed]()

    def run(one: Worker) -> None:
        barrier.wait(10)
        passed.append(one.once())

    threads = [threading.Thread(target=run, args=(one,)) for one in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert [one.failed for one in passed] == [(), ()]
    assert kinds(session, "review.default", "round.verify") == ["review.default"] * len(reviews) + ["round.verify"]
    assert once(engine, city).done == 0


def test_a_worker_killed_in_the_middle_leaves_all_or_nothing(
    engine: sa.Engine, session: Session, fresh_database: str
) -> None:
    city, reviews, made = in_round(session)
    reminded_twice(engine, city, made)
    after(city, made.collecting_due)
    ctx = city.clock()
    session.commit()
    with Session(engine) as dying:
        ctx.session = dying
        due = next(one for one in jobs.due(ctx) if one.task == Task.ACT_ON_DUE)
        assert jobs.act(ctx, due)
        assert dying.scalar(sa.select(sa.func.count()).where(Event.kind == "review.default")) == len(reviews)
        backend = dying.scalar(sa.select(sa.func.pg_backend_pid()))
        with psycopg.connect(conninfo(fresh_database), autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
        dying.invalidate()
    assert kinds(session, "review.default", "round.verify") == []

    assert once(engine, city).failed == ()

    assert kinds(session, "review.default", "round.verify") == ["review.default"] * len(reviews) + ["round.verify"]


def test_a_job_that_fails_is_kept_tried_again_later_each_time_and_holds_nobody_up(
    engine: sa.Engine, session: Session
) -> None:
    city, _, made = in_round(session)
    after(city, made.collecting_due)
    spoil, mend = "RENAME TO attachment_away", "RENAME TO escalation"
    session.commit()
    _alter(engine, "escalation", spoil)

    failed = once(engine, city).failed

    assert [(one.task, one.subject) for one in failed] == [(Task.ACT_ON_DUE, str(made.id))]
    assert kinds(session, "round.verify") == []
    row = _job(session, failed[0])
    assert (row.failures, row.reasons, row.retry_at) == (1, ["ProgrammingError"], city.now + timedelta(minutes=1))
    assert session.scalar(sa.select(Job.done_at).where(Job.name == Task.SEAL)) == city.now
    assert once(engine, city).failed == ()  # its minute is not over
    city.now += timedelta(minutes=1)
    once(engine, city)
    assert _job(session, failed[0]).retry_at == city.now + timedelta(minutes=2)
    assert [one["failures"] for one in jobs.listing(city.as_("secretary"))] == [2]

    _alter(engine, "attachment_away", mend)
    city.now += timedelta(minutes=2)
    once(engine, city)

    assert jobs.listing(city.as_("administrator")) == []
    assert (job_queries.health(session)) == (city.now, 0)


def _alter(engine: sa.Engine, table: str, change: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text(f"ALTER TABLE {table} {change}"))


def _job(session: Session, due: jobs.Due) -> Job:
    session.rollback()
    found = job_queries.run_of(session, due.task, due.subject)
    assert found is not None
    return found


def test_a_worker_stops_when_told_and_goes_on_without_a_database(engine: sa.Engine, session: Session) -> None:
    city, _, _ = in_round(session)
    stopped = threading.Event()
    thread = threading.Thread(target=worker(engine, city).until, args=(stopped, 60))
    thread.start()
    stopped.set()
    thread.join(30)

    assert not thread.is_alive()


def test_the_days_of_the_next_phase_begin_when_it_begins(engine: sa.Engine, session: Session) -> None:
    """A worker that slept takes nobody's days away."""
    city, _, made = in_round(session)
    reminded_twice(engine, city, made)
    after(city, made.collecting_due, days=40, hours=9)
    once(engine, city)

    now = session.get_one(Round, made.id, populate_existing=True)
    calendar = city.clock().calendar()
    assert now.verifying_due is not None
    left = calendar.days_left(city.now.astimezone(LOCAL).date(), last_local_day(now.verifying_due, LOCAL), working=True)
    assert left >= 10
