"""Successions and what is decided about opening and closing: which goes where, and what goes nowhere."""

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_applications import FREE, ONE, OPENS, TWO, make_applying, registered, wanted
from factories_consequences import events
from factories_deliberation import Sitting
from specialty_eval.actions import status, successions
from specialty_eval.actions.applications import NewApplication
from specialty_eval.actions.successions import NewSuccession
from specialty_eval.engine.errors import NotNow
from specialty_eval.engine.opening import ApplicationKind
from specialty_eval.engine.succession import Act, Subject, Wanted
from specialty_eval.store.applications import Application
from specialty_eval.store.outcomes import Standing
from specialty_eval.store.registry import Specialty
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
