"""Successions and what is decided about opening and closing: which goes where, and what goes nowhere."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_applications import FREE, ONE, OPENS, TWO, make_applying, registered, voted, wanted
from factories_consequences import events
from factories_deliberation import Sitting
from specialty_eval.actions import application_decisions, status, successions
from specialty_eval.actions.applications import NewApplication
from specialty_eval.actions.successions import NewSuccession
from specialty_eval.engine.errors import NotNow
from specialty_eval.engine.opening import ApplicationKind
from specialty_eval.engine.succession import Act, Subject, Wanted
from specialty_eval.store.applications import Application
from specialty_eval.store.base import make_engine
from specialty_eval.store.outcomes import Standing
from specialty_eval.store.registry import School, Specialty
from specialty_eval.store.successions import SuccessionLine


@pytest.fixture
def s(session: Session) -> Sitting:
    return make_applying(session)


def specialty(s: Sitting, row: Application) -> Specialty:
    return s.session.get_one(Specialty, row.specialty_id, populate_existing=True)


def succeeded(s: Sitting, subject: Subject, act: Act, line: Wanted, day: date | None = None) -> None:
    """Proposed by one and recorded by another; from today."""
    new = NewSuccession(subject, act, day or s.as_("auditor").today, "示例：学校合并", "示例教〔2026〕30号", (line,))
    successions.record(s.as_("bureau-approver"), successions.propose(s.as_("secretary"), new).id)


def closing(code: str) -> NewApplication:
    return wanted("", kind=ApplicationKind.CLOSE, specialty=code, effective_on=None, students=0)


def test_one_closed_before_it_opened_goes_with_its_school_and_brings_nothing_where_it_leads(s: Sitting) -> None:
    there, gone = registered(s, wanted(school=TWO), "head-two"), registered(s)
    registered(s, closing(f"{ONE}-{FREE}"))
    succeeded(s, Subject.SCHOOL, Act.RENAMED, Wanted(ONE, code="3637000009"))
    of, into = f"3637000009-{FREE}", f"{TWO}-{FREE}"
    assert status.of(s.city.nobody(), f"{ONE}-{FREE}").code == of
    with pytest.raises(NotNow, match="succession-of-a-closed-one"):
        succeeded(s, Subject.SPECIALTY, Act.SPLIT, Wanted(of, direction="口腔"))
    s.city.wait(1)
    succeeded(s, Subject.SCHOOL, Act.MERGED, Wanted("3637000009", into=TWO))

    part, now = specialty(s, gone), specialty(s, there)
    assert (part.successor_id, part.closed_on, now.closed_on, now.opened_on) == (now.id, OPENS, None, OPENS)
    assert [status.present(s.city.nobody(), code).code for code in (of, f"{ONE}-{FREE}")] == [into, into]
    known = {row.specialty_id: row.state for row in s.session.scalars(sa.select(Standing))}
    assert (known[part.id], known[now.id]) == ("closed", "normal")
    [line] = s.session.scalars(sa.select(SuccessionLine).where(
        SuccessionLine.from_specialty_id == part.id, SuccessionLine.act == "merged"))  # fmt: skip
    assert (line.to_specialty_id, line.carried, line.quota) == (now.id, "", None)
    assert [e.facts["to"] for e in events(s, "specialty.succeed") if e.specialty_id == now.id] == [into]
    with pytest.raises(NotNow, match="succession-of-a-closed-one"):  # part of one goes nowhere else
        succeeded(s, Subject.SPECIALTY, Act.MERGED, Wanted(of, into=f"{TWO}-710201"))


def test_what_was_closed_since_the_day_of_a_merger_is_closed_and_no_part_of_it(s: Sitting) -> None:
    day = s.as_("auditor").today
    s.city.wait(9)
    registered(s, closing(f"{ONE}-660103"))
    with pytest.raises(NotNow, match="succession-of-a-closed-one"):
        succeeded(s, Subject.SPECIALTY, Act.MERGED, Wanted(f"{ONE}-660103", into=f"{TWO}-710201"), day)
    succeeded(s, Subject.SCHOOL, Act.MERGED, Wanted(ONE, into=TWO), day)

    assert status.present(s.city.nobody(), f"{ONE}-660103").is_closed


# --- at once ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def shared(fresh_database: str) -> Iterator[Sitting]:
    engine = make_engine(fresh_database, pool_size=4)
    with Session(engine, expire_on_commit=False) as session:
        yield make_applying(session)
    engine.dispose()


def waits(engine: sa.Engine) -> bool:
    """Whether a transaction waits for another's lock, looked at for five seconds at most."""
    held = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(100):
        with engine.connect() as connection:
            if connection.scalar(held):
                return True
        time.sleep(0.05)
    return False


def test_what_is_registered_while_its_school_is_merged_opens_at_the_school_that_one_is_part_of(shared: Sitting) -> None:
    s = shared
    row = voted(s)
    s.session.commit()
    engine = s.session.get_bind()
    assert isinstance(engine, sa.Engine)
    approver = s.as_("bureau-approver")

    def register() -> None:
        with Session(engine, expire_on_commit=False) as session:
            ctx = replace(approver, session=session)
            session.get_one(School, s.city.schools["one"])  # as whoever looked at it before has read it
            application_decisions.register(ctx, row.id, "示例批〔2026〕7号")
            session.commit()

    succeeded(s, Subject.SCHOOL, Act.MERGED, Wanted(ONE, into=TWO))
    with ThreadPoolExecutor(1) as pool:
        registering = pool.submit(register)
        waited = waits(engine)
        s.session.commit()
        registering.result(30)

    s.session.expire_all()
    assert waited
    assert specialty(s, row).school_id == s.city.schools["two"]
    assert status.present(s.city.nobody(), f"{TWO}-{FREE}").code == f"{TWO}-{FREE}"
