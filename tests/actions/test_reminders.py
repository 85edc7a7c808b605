"""Everybody who owes something is reminded 14, 7, 2 and 0 days before; once each, and never of what is past or done."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from factories_scored import to_scoring, verified
from remembered import remembered
from small_policy import POLICY
from specialty_eval.actions import evidence, feed, panel, reminders, rounds, verification
from specialty_eval.actions.context import LOCAL
from specialty_eval.actions.evidence import Figures
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.errors import NotYou
from specialty_eval.store.ledger import Event
from specialty_eval.store.reviews import Review


@remembered
def in_round(session: Session) -> tuple[City, dict[str, int], int]:
    city = make_city(session)
    round_id = make_cycle(city, policy=POLICY)
    return city, open_round(city, round_id), round_id


def hand_in(city: City, key: int, head: str = "head-one") -> None:
    evidence.save(city.as_(head), key, Figures({"graduates": "100", "employed": "90"}, {}), "", version=None)
    evidence.submit(city.as_(head), key)


def row(city: City, key: int) -> Review:
    return city.session.get_one(Review, key, populate_existing=True)


def days_before(city: City, due: datetime | None, days: int) -> None:
    """Nine in the morning, so many days before a deadline's last day."""
    assert due is not None
    day = last_local_day(due, LOCAL) - timedelta(days=days)
    city.now = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)


def told(session: Session, kind: str = "review.remind") -> list[tuple[int | None, str, int]]:
    """(row, what, days left) of every reminder, oldest first."""
    found = session.scalars(sa.select(Event).where(Event.kind == kind).order_by(Event.seq))
    return [(e.subject_id, e.facts["what"], e.facts["days_left"]) for e in found]


def test_a_school_is_reminded_four_times_each_once_and_each_counts(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    key = reviews["one-a"]
    for short, head in (("one-b", "head-one"), ("two-a", "head-two"), ("city-a", "head-city")):
        hand_in(city, reviews[short], head)
    rounds.extend(city.as_("secretary"), key, date(2026, 4, 10), "停电")
    due = row(city, key).due

    for days in (15, 14, 13, 8, 7, 6, 3, 2, 1, 0):
        days_before(city, due, days)
        for _ in range(2):
            reminders.remind_due(city.clock(), round_id)
    days_before(city, due, -1)
    assert reminders.remind_due(city.clock(), round_id) == 0

    assert [one for one in told(session) if one[1] == "evidence"] == [(key, "evidence", n) for n in (14, 7, 2, 0)]
    assert row(city, key).reminders == 4
    assert "review.remind" in {event["kind"] for event in feed.of_review(city.as_("head-one"), key)}


def test_a_day_on_which_nobody_acted_is_caught_up_once(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    rounds.extend_all(city.as_("secretary"), round_id, date(2026, 4, 10), "停电")
    due = row(city, reviews["one-a"]).due

    days_before(city, due, 5)
    assert reminders.remind_due(city.clock(), round_id) == len(reviews)
    assert reminders.remind_due(city.clock(), round_id) == 0

    assert {days for _, _, days in told(session)} == {5}


def test_the_secretarys_own_reminder_is_one_of_them(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    rounds.extend_all(city.as_("secretary"), round_id, date(2026, 4, 10), "停电")
    days_before(city, row(city, reviews["one-a"]).due, 7)
    assert reminders.remind(city.as_("secretary"), round_id) == len(reviews)

    assert reminders.remind_due(city.clock(), round_id) == 0
    assert row(city, reviews["one-a"]).reminders == 1


def test_whoever_the_clock_reminded_today_is_not_reminded_again_by_hand(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    for short, key in reviews.items():
        rounds.extend(city.as_("secretary"), key, date(2026, 4, 10 if short == "one-a" else 30), "停电")
    days_before(city, row(city, reviews["one-a"]).due, 14)
    assert reminders.remind_due(city.clock(), round_id) == 1

    assert reminders.remind(city.as_("secretary"), round_id) == len(reviews) - 1
    assert {row(city, key).reminders for key in reviews.values()} == {1}


def test_a_deadline_told_on_the_day_itself_needs_no_reminder_of_it(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    due = row(city, reviews["one-a"]).due
    assert due is not None
    for days in (14, 7, 2, 0):
        rounds_began_in_between = last_local_day(due, LOCAL) - timedelta(days=days) <= date(2026, 3, 2)
        days_before(city, due, days)
        assert reminders.remind_due(city.clock(), round_id) == (0 if rounds_began_in_between else len(reviews))


def test_a_correction_a_county_and_an_expert_are_reminded_of_theirs(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    key, other = reviews["one-a"], reviews["two-a"]
    hand_in(city, other, "head-two")
    hand_in(city, key)
    verification.return_(city.as_("county-one"), key, {"employed": "不符"})
    days_before(city, row(city, other).county_due, 2)
    reminders.remind_due(city.clock(), round_id)
    days_before(city, row(city, key).correction_due, 2)
    reminders.remind_due(city.clock(), round_id)

    found = [(key_, what) for key_, what, days in told(session) if key_ in {key, other} and days == 2]
    assert (other, "county_check") in found
    assert (key, "correction") in found
    assert "county_check" not in {e["facts"].get("what") for e in feed.of_review(city.as_("head-two"), other)}
    assert "county_check" in {e["facts"].get("what") for e in feed.of_review(city.as_("county-two"), other)}
    assert row(city, key).reminders == 0  # only what was never handed in needs two


def test_an_expert_is_reminded_on_the_assignment(session: Session) -> None:
    city, reviews, _ = in_round(session)
    key = reviews["one-a"]
    verified(city, key, "one-a")
    round_id = to_scoring(city, key)
    asked = panel.invite(city.as_("secretary"), key, [city.people["expert-1"]])
    days_before(city, asked[0].due, 2)

    reminders.remind_due(city.clock(), round_id)

    assert told(session, "assignment.remind") == [(asked[0].id, "panel_score", 2)]


@pytest.mark.parametrize("who", ["head-one", "bureau-verifier", "auditor", "nobody"])
def test_nobody_else_reminds(session: Session, who: str) -> None:
    city, _, round_id = in_round(session)
    with pytest.raises(NotYou):
        reminders.remind_due(city.as_(who), round_id)
