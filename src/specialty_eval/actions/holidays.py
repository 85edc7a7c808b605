"""The working days of mainland China as the State Council announces them, year by year, with a bureau's own on top."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from chinese_calendar.constants import holidays, workdays

from specialty_eval.engine.calendar import Calendar

Entered = tuple[tuple[int, tuple[date, ...], tuple[date, ...]], ...]
"""(year, days off, days worked) of each year that a bureau entered, in order."""

ANNOUNCED = frozenset(day.year for day in holidays)
"""The years whose holidays the installed table knows; of the others it knows the weekends alone."""


def chinese_calendar(
    years: Iterable[int], *, days_off: Iterable[date] = (), made_up: Iterable[date] = (), settled: Iterable[int] = ()
) -> Calendar:
    """The calendar of these years; a year that is not announced yet is provisional: weekends only.

    `days_off` and `made_up` (worked for a holiday) overrule the table day by day; a year in `settled` is no longer
    provisional, because the bureau has entered its announcement.
    """
    wanted = frozenset(years)
    off, worked = frozenset(days_off), frozenset(made_up)
    return Calendar(
        days_off=(frozenset(day for day in holidays if day.year in wanted) | off) - worked,
        workdays=(frozenset(day for day in workdays if day.year in wanted) | worked) - off,
        provisional=wanted - ANNOUNCED - frozenset(settled),
    )


@lru_cache(maxsize=32)
def _calendar(years: tuple[int, ...], entered: Entered) -> Calendar:
    return chinese_calendar(
        years,
        days_off=[day for _, off, _ in entered for day in off],
        made_up=[day for _, _, worked in entered for day in worked],
        settled=[year for year, _, _ in entered],
    )


def calendar_with(years: Iterable[int], entered: Entered) -> Calendar:
    """The working days of these years, with what a bureau entered over the table."""
    return _calendar(tuple(years), entered)
