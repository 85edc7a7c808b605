"""Working days and deadlines. Which days are holidays comes from outside; the clock does too."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING

from .errors import Invalid, Problem

if TYPE_CHECKING:
    from .consequences import Duration

_DAY = timedelta(days=1)
_SATURDAY = 5
_LONGEST = 3660
"""A deadline ten years away is a mistake, as is a calendar without a working day."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Weekends are off but for `workdays` (made up for a holiday), other days are working days but for `days_off`.

    In a `provisional` year only the weekends are known: its holidays are not announced yet.
    """

    days_off: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    provisional: frozenset[int] = field(default_factory=frozenset)

    def is_working(self, day: date) -> bool:
        """Whether offices work on that day."""
        if day in self.workdays:
            return True
        return day.weekday() < _SATURDAY and day not in self.days_off

    def is_provisional(self, first: date, last: date) -> bool:
        """Whether a day between the two (inclusive) lies in a year whose holidays are not announced yet."""
        return any(year in self.provisional for year in range(first.year, last.year + 1))

    def next_working(self, day: date) -> date:
        """That day, or the first working day after it."""
        for _ in range(_LONGEST):
            if self.is_working(day):
                return day
            day += _DAY
        raise Invalid(Problem("deadline-too-far", "calendar", {"day": day.isoformat()}))

    def last_day(self, told: date, duration: "Duration") -> date:
        """The last day of a deadline that begins with what happened on day `told`, which is not counted itself.

        One that would end on a day off ends on the next working day. Invalid for more than ten years.
        """
        if duration.days > _LONGEST:
            raise Invalid(Problem("deadline-too-far", "days", {"days": duration.days}))
        if not duration.working:
            return self.next_working(told + duration.days * _DAY)
        day = told
        for _ in range(duration.days):
            day = self.next_working(day + _DAY)
        return self.next_working(day)

    def days_left(self, after: date, last: date, *, working: bool) -> int:
        """How many days of a deadline that ends with day `last` come after the day `after`; 0 once it is past."""
        days = (after + n * _DAY for n in range(1, (last - after).days + 1))
        return sum(not working or self.is_working(day) for day in days)

    def due(self, event_at: datetime, duration: "Duration", zone: tzinfo) -> datetime:
        """When a deadline ends that begins with an event at this instant: in UTC, the first instant no longer in it.

        `event_at` is aware. It is the midnight after the deadline's last local day.
        """
        return end_of(self.last_day(event_at.astimezone(zone).date(), duration), zone)

    def due_unopened(self, shown_at: datetime, deemed: "Duration", duration: "Duration", zone: tzinfo) -> datetime:
        """When a deadline ends that begins with a service nobody made: deemed on the last day of `deemed`.

        As any day on which something happened, that last day is not counted in `duration` itself.
        """
        served_on = last_local_day(self.due(shown_at, deemed, zone), zone)
        return end_of(self.last_day(served_on, duration), zone)


def end_of(day: date, zone: tzinfo) -> datetime:
    """The first instant after that local day, in UTC: what a deadline "until that day" is compared with."""
    return datetime.combine(day + _DAY, time(), zone).astimezone(UTC)


def last_local_day(due: datetime, zone: tzinfo) -> date:
    """The day to tell people: the last local day before `due`, which is the end of one."""
    return (due.astimezone(zone) - timedelta(microseconds=1)).date()


def is_kept(arrived: datetime, due: datetime) -> bool:
    """Whether the last byte arrived before the deadline ended, however long the lock took."""
    return arrived < due


def never_earlier(told: datetime | None, anew: datetime) -> datetime:
    """A date that was told to somebody never moves earlier."""
    return anew if told is None else max(told, anew)


def months_after(day: date, months: int) -> date:
    """The same day so many months later; the month's last day where it has no such day (31 May + 1 → 30 June)."""
    index = day.year * 12 + day.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    following = date((index + 1) // 12, (index + 1) % 12 + 1, 1)
    return first + min(day.day - 1, (following - first).days - 1) * _DAY
