"""Working days and the ends of deadlines."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specialty_eval.actions.holidays import ANNOUNCED, chinese_calendar
from specialty_eval.engine.calendar import (
    Calendar,
    end_of,
    is_kept,
    last_local_day,
    months_after,
    never_earlier,
)
from specialty_eval.engine.consequences import Duration
from specialty_eval.engine.errors import Invalid

SHANGHAI = ZoneInfo("Asia/Shanghai")
CHINA = chinese_calendar(range(2025, 2028))
PLAIN = Calendar()
DAYS = st.dates(date(2020, 1, 1), date(2040, 1, 1))


def working(days: int) -> Duration:
    return Duration(days, working=True)


def calendar_days(days: int) -> Duration:
    return Duration(days, working=False)


@pytest.mark.parametrize(
    ("told", "duration", "last"),
    [
        (date(2026, 3, 2), working(5), date(2026, 3, 9)),  # Monday: that day is not counted
        (date(2026, 3, 6), working(1), date(2026, 3, 9)),  # Friday → Monday
        (date(2026, 3, 7), working(1), date(2026, 3, 9)),  # told on a Saturday
        (date(2026, 9, 29), working(5), date(2026, 10, 12)),  # over National Day; Saturday the 10th is worked
        (date(2026, 3, 2), calendar_days(4), date(2026, 3, 6)),
        (date(2026, 3, 2), calendar_days(5), date(2026, 3, 9)),  # would end on a Saturday
        (date(2026, 9, 21), calendar_days(10), date(2026, 10, 8)),  # would end on 1 October
        (date(2026, 3, 2), working(0), date(2026, 3, 2)),
        (date(2026, 3, 7), working(0), date(2026, 3, 9)),
    ],
)
def test_a_deadline_leaves_out_its_first_day_and_ends_on_a_working_day(
    told: date, duration: Duration, last: date
) -> None:
    assert CHINA.last_day(told, duration) == last


def test_a_deadline_is_the_end_of_the_local_day() -> None:
    told = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)  # half past midnight on Monday the 2nd in Shanghai

    due = CHINA.due(told, working(5), SHANGHAI)

    assert due == datetime(2026, 3, 9, 16, tzinfo=UTC)
    assert last_local_day(due, SHANGHAI) == date(2026, 3, 9)


def test_days_after_a_service_that_nobody_made_begin_the_day_after_its_last() -> None:
    shown, days = datetime(2026, 4, 1, 1, 0, tzinfo=UTC), calendar_days(5)
    deemed = last_local_day(CHINA.due(shown, days, SHANGHAI), SHANGHAI)
    assert (deemed, CHINA.last_day(deemed, working(10))) == (date(2026, 4, 7), date(2026, 4, 21))
    assert CHINA.due_unopened(shown, days, working(10), SHANGHAI) == end_of(date(2026, 4, 21), SHANGHAI)


def test_a_deadline_is_kept_by_the_last_instant_before_its_end() -> None:
    due = end_of(date(2026, 3, 9), SHANGHAI)

    assert is_kept(due - timedelta(microseconds=1), due) is True
    assert is_kept(due, due) is False


def test_a_date_that_was_told_never_moves_earlier() -> None:
    told, anew = datetime(2026, 3, 9, 16, tzinfo=UTC), datetime(2026, 3, 5, 16, tzinfo=UTC)

    assert never_earlier(told, anew) == told
    assert never_earlier(anew, told) == told
    assert never_earlier(None, anew) == anew


def test_a_bureaus_own_days_overrule_the_table() -> None:
    calendar = chinese_calendar([2026], days_off=[date(2026, 3, 3), date(2026, 10, 10)], made_up=[date(2026, 10, 1)])

    assert calendar.is_working(date(2026, 3, 3)) is False
    assert calendar.is_working(date(2026, 10, 10)) is False
    assert calendar.is_working(date(2026, 10, 1)) is True


def test_a_year_that_is_not_announced_has_weekends_only_and_is_marked() -> None:
    year = max(ANNOUNCED) + 1
    calendar = chinese_calendar([year - 1, year])
    national_day = next(day for n in range(7) if (day := date(year, 10, 1) + timedelta(days=n)).weekday() < 5)

    assert calendar.is_working(national_day) is True
    assert calendar.is_provisional(date(year - 1, 12, 1), date(year, 1, 5)) is True
    assert calendar.is_provisional(date(year - 1, 1, 1), date(year - 1, 12, 31)) is False
    assert chinese_calendar([year], settled=[year]).provisional == frozenset()


def test_a_deadline_beyond_ten_years_and_a_calendar_without_working_days_are_refused() -> None:
    with pytest.raises(Invalid):
        PLAIN.last_day(date(2026, 1, 1), calendar_days(9999))
    never = Calendar(days_off=frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(4000)))
    with pytest.raises(Invalid):
        never.last_day(date(2026, 1, 1), working(1))


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 5, 31), 1, date(2026, 6, 30)),
        (date(2026, 5, 31), 12, date(2027, 5, 31)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 1, 30), 0, date(2026, 1, 30)),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(day: date, months: int, later: date) -> None:
    assert months_after(day, months) == later


@given(DAYS, st.integers(0, 60), st.booleans())
def test_a_longer_deadline_never_ends_earlier_and_always_on_a_working_day(day: date, days: int, works: bool) -> None:
    last = CHINA.last_day(day, Duration(days, works))

    assert CHINA.is_working(last)
    assert last >= day + timedelta(days=0 if works else days)
    assert CHINA.last_day(day, Duration(days + 1, works)) >= last


@given(DAYS, st.integers(1, 60))
def test_working_days_are_counted_one_by_one(day: date, days: int) -> None:
    last = CHINA.last_day(day, working(days))
    between = [day + timedelta(days=n) for n in range(1, (last - day).days + 1)]

    assert sum(CHINA.is_working(d) for d in between) == days
