"""A bureau enters a year's days over the table: what is counted from then on, what was told, and what is refused."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, make_organisation, open_round
from factories_applications import closing_decided
from factories_consequences import make_confirmed
from factories_deliberation import decide, make_publicised, make_scored, publicise, refused, serve
from small_policy import POLICY
from specialty_eval.actions import calendars, objections, previews, publications, ratings, rectifications
from specialty_eval.actions.calendars import Days
from specialty_eval.actions.context import LOCAL, SETTLES
from specialty_eval.actions.holidays import ANNOUNCED
from specialty_eval.actions.objections import NewObjection
from specialty_eval.engine.calendar import end_of, last_local_day
from specialty_eval.engine.consequences import Duration
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou
from specialty_eval.store.closings import ClosingProposal
from specialty_eval.store.cycles import Round
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import Objection, Publication, Rectification
from specialty_eval.store.registry import Jurisdiction
from specialty_eval.store.reviews import Review

WHY = "示例：省里公布的放假安排"


@pytest.fixture
def city(session: Session) -> City:
    return make_city(session)


def enter(city: City, year: int, off: list[date], worked: list[date] | None = None, *, who: str = "secretary") -> int:
    return calendars.enter(city.as_(who), year, Days(off, worked or [], WHY))


def test_what_is_entered_is_counted_by_from_then_on(city: City) -> None:
    ten = Duration(2, working=True)
    assert city.clock().calendar().last_day(city.now.date(), ten) == date(2026, 3, 4)

    enter(city, 2026, [date(2026, 3, 3)], [date(2026, 3, 7)])

    calendar = city.clock().calendar()
    assert calendar.last_day(city.now.date(), ten) == date(2026, 3, 5)
    assert calendar.is_working(date(2026, 3, 7)) is True
    shown = calendars.read(city.nobody(), 2026)
    assert date(2026, 3, 3) in shown["days_off"]
    assert date(2026, 10, 1) in shown["days_off"]
    assert date(2026, 3, 7) in shown["workdays"]
    assert (shown["announced"], shown["entered"], shown["assumed"], shown["version"]) == (True, True, False, 1)


def test_a_year_that_nobody_announced_is_assumed_until_it_is_entered(city: City) -> None:
    year = max(ANNOUNCED) + 1
    assert calendars.read(city.nobody(), year)["assumed"] is True
    assert calendars.read(city.nobody(), year)["days_off"] == []

    day = next(d for n in range(7) if (d := date(year, 10, 1) + timedelta(days=n)).weekday() < 5)
    enter(city, year, [day], who="administrator")

    shown = calendars.read(city.nobody(), year)
    assert (shown["assumed"], shown["days_off"]) == (False, [day])
    city.now = datetime(year, 9, 1, 1, tzinfo=UTC)
    assert city.clock().calendar().is_working(day) is False
    assert city.clock().calendar().is_provisional(date(year, 1, 1), date(year, 12, 31)) is False


def test_entering_again_replaces_what_was_entered_and_keeps_both_in_the_log(city: City) -> None:
    enter(city, 2026, [date(2026, 3, 10)])
    with pytest.raises(Changed):
        calendars.enter(city.as_("secretary"), 2026, Days([], [], WHY), version=7)
    enter(city, 2026, [date(2026, 3, 11)])

    assert calendars.read(city.nobody(), 2026)["version"] == 2
    assert city.clock().calendar().is_working(date(2026, 3, 10)) is True
    found = city.session.scalars(sa.select(Event).where(Event.kind == "calendar.enter").order_by(Event.seq))
    assert [event.facts["days_off"] for event in found] == [["2026-03-10"], ["2026-03-11"]]


def test_what_cannot_be_is_refused_with_every_reason(city: City) -> None:
    days = Days([date(2027, 3, 3), date(2026, 2, 27), date(2026, 4, 1)], [date(2026, 4, 1)], " ")

    assert refused(Invalid, lambda: calendars.enter(city.as_("secretary"), 2026, days)) == [
        ("reason-missing", "reason"),
        ("calendar-day-elsewhere", "days_off"),
        ("calendar-day-twice", "days_off"),
        ("calendar-day-past", "days_off"),
    ]
    assert refused(Invalid, lambda: enter(city, 1899, [])) == [("calendar-year-unknown", "year")]
    with pytest.raises(NotFound):
        calendars.read(city.nobody(), 2101)


@pytest.mark.parametrize("who", ["head-one", "county-one", "bureau-verifier", "auditor", "planner", "nobody"])
def test_nobody_else_enters_it(city: City, who: str) -> None:
    with pytest.raises(NotYou):
        enter(city, 2026, [], who=who)


def test_a_date_that_was_told_moves_only_off_a_day_off_and_never_earlier(city: City) -> None:
    round_id = make_cycle(city, policy=POLICY)
    key = open_round(city, round_id)["one-a"]
    told = city.session.get_one(Review, key).due
    assert told is not None
    last = last_local_day(told, LOCAL)

    assert enter(city, 2026, [last - timedelta(days=3)], [last - timedelta(days=1)]) == 0  # days before it: it stays
    assert city.session.get_one(Review, key, populate_existing=True).due == told

    moved = enter(city, 2026, [last])

    later = city.clock().calendar().next_working(last)
    row = city.session.get_one(Review, key, populate_existing=True)
    assert later > last
    assert row.due == end_of(later, LOCAL)
    assert city.session.get_one(Round, round_id, populate_existing=True).collecting_due == row.due
    assert moved == 1 + len(city.codes)
    enter(city, 2026, [])  # taken back: what was told meanwhile stands
    assert city.session.get_one(Review, key, populate_existing=True).due == row.due
    said = list(city.session.scalars(sa.select(Event.facts).where(Event.kind == "review.extend")))
    assert said == [{"what": "evidence", "until": later.isoformat()}] * len(city.codes)


@pytest.mark.parametrize("what", ["preview", "appeal"])
def test_the_days_from_a_decisions_service_end_on_no_day_off_either(session: Session, what: str) -> None:
    """`one that ends on a day off moves to the next working day … a date that was told to somebody never moves earlier`
    (workflow.md).
    """
    s = make_scored(session, {"one-a": "green"})
    if what == "preview":
        previews.preview(decide(s).as_("secretary"), s.round_id)
        previews.acknowledge(s.as_("head-one"), s.reviews["one-a"])
    else:
        serve(decide(s))
        number = publicise(s)
        s.city.wait(30)
        ratings.confirm(s.as_("bureau-approver"), number, "示例〔2026〕1号")

    def due() -> datetime:
        found: datetime = getattr(s.review("one-a"), f"{what}_due")
        return found

    last = last_local_day(due(), LOCAL)
    assert enter(s.city, 2026, [last]) == 1
    later = s.city.clock().calendar().next_working(last)
    assert due() == end_of(later, LOCAL)
    enter(s.city, 2026, [])
    assert due() == end_of(later, LOCAL)
    [event] = session.scalars(sa.select(Event).where(Event.kind == "review.extend"))
    assert event.facts == {"what": what, "until": later.isoformat()}


def test_a_publicity_has_its_whole_days_for_the_public_when_one_of_them_becomes_a_day_off(session: Session) -> None:
    s, number = make_publicised(session, {"one-a": "green"})
    row = session.get_one(Publication, number)
    assert row.closes_at is not None
    told, before = row.closes_at, s.city.clock().calendar()
    first = before.next_working(s.city.clock().today + timedelta(days=1))
    assert first < last_local_day(told, LOCAL)

    assert enter(s.city, 2026, [first]) == 1

    session.refresh(row)
    later = s.city.clock().calendar().next_working(last_local_day(told, LOCAL) + timedelta(days=1))
    assert row.closes_at == end_of(later, LOCAL)
    [event] = session.scalars(sa.select(Event).where(Event.kind == "publication.extend"))
    assert (event.audience, event.reason, event.facts, event.round_id) == (
        "public", WHY, {"until": later.isoformat()}, s.round_id,
    )  # fmt: skip
    s.city.now = told + SETTLES
    assert refused(NotNow, lambda: publications.close(s.as_("secretary"), number)) == [("publicity-running", "")]
    new = NewObjection(s.reviews["one-a"], "示例人", "a@example.org", "示例理由")
    assert objections.lodge(s.city.nobody(), number, new).state == "received"
    assert enter(s.city, 2026, [first, last_local_day(row.closes_at, LOCAL)]) == 1  # also its last
    session.refresh(row)
    assert enter(s.city, 2026, [first]) == 0  # taken back: what was told meanwhile stands
    assert row.closes_at > end_of(later, LOCAL)


def test_a_calendar_that_several_cities_share_is_the_operators(city: City) -> None:
    city.session.add(Jurisdiction(code="371500", name="示例二市", kind="city", parent_code="370000"))
    city.session.flush()
    make_organisation(city.session, kind="bureau", code="bureau:371500", name="示例二市教育局", area="371500")

    assert refused(NotNow, lambda: enter(city, 2026, [])) == [("calendar-of-several-cities", "calendar")]
    assert calendars.enter(city.clock(), 2026, Days([date(2026, 3, 3)], [], WHY)) == 0


def test_what_a_school_has_to_do_beside_the_rounds_ends_on_no_day_off_either(session: Session) -> None:
    """A plan to mend, by which closing would be proposed; the notice of that, and the appeal against the closing."""
    s = make_confirmed(session, {"one-a": "green", "two-a": "red"})
    mended = session.scalars(sa.select(Rectification)).one()
    off = [last_local_day(mended.plan_due, LOCAL)]
    assert enter(s.city, 2026, off) == 1
    later = s.city.clock().calendar().next_working(off[0])
    session.refresh(mended)
    assert mended.plan_due == end_of(later, LOCAL)
    s.city.now = mended.plan_due + timedelta(days=1)
    rectifications.act_on_due(s.as_("secretary"))
    row = session.scalars(sa.select(ClosingProposal)).one()
    for column in ("deemed_served_at", "appeal_due"):
        if column == "appeal_due":
            s.city.now = row.deemed_served_at
            closing_decided(s, row.id)
        off.append(last_local_day(getattr(row, column), LOCAL))
        assert enter(s.city, 2026, off) == 1
        session.refresh(row)
        assert getattr(row, column) == end_of(s.city.clock().calendar().next_working(off[-1]), LOCAL)

    kinds = ["rectification.extend", "closing.extend"]
    found = session.scalars(sa.select(Event).where(Event.kind.in_(kinds)).order_by(Event.seq)).all()
    assert [(e.audience, e.facts["what"]) for e in found] == [
        ("school", "rectification_plan"), ("school", "closing_notice"), ("school", "closing_appeal"),
    ]  # fmt: skip


def test_what_an_office_answers_by_ends_on_no_day_off_either(session: Session) -> None:
    s, number = make_publicised(session, {"one-a": "green"})
    new = NewObjection(s.reviews["one-a"], "示例人", "a@example.org", "示例理由")
    row = session.get_one(Objection, objections.lodge(s.city.nobody(), number, new).id)

    def moves(column: str, off: list[date]) -> None:
        before = getattr(row, column)
        off.append(last_local_day(before, LOCAL))
        assert enter(s.city, 2026, off) >= 1
        session.refresh(row)
        assert getattr(row, column) == end_of(s.city.clock().calendar().next_working(off[-1]), LOCAL) > before

    off: list[date] = []
    moves("admissibility_due", off)
    code = objections.contact(s.as_("secretary"), row.id).confirmation_code
    objections.confirm_contact(s.city.nobody(), row.id, code)
    objections.admit(s.as_("secretary"), row.id)
    moves("answer_due", off)
    found = session.scalars(sa.select(Event).where(Event.kind == "objection.extend").order_by(Event.seq)).all()
    assert [(e.subject_id, e.facts["what"]) for e in found] == [
        (row.id, "admissibility"), (row.id, "objection_answer"),
    ]  # fmt: skip
    assert not {"public", "school"} & {e.audience for e in found}
