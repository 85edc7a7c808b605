"""The working days by which deadlines are counted."""

from datetime import date
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from specialty_eval.actions import calendars
from specialty_eval.actions.calendars import Days

from .bodies import Body, Day
from .deps import Ctx, IfMatch, Transactional, tag

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["calendar"])

MOST = 366


class OwnDaysAnswer(BaseModel):
    """What a bureau entered over the table."""

    days_off: list[date]
    workdays: list[date]
    reason: str


class CalendarAnswer(BaseModel):
    """A year's working days: weekdays that are off, weekend days that are worked, and where that is known from."""

    year: int
    announced: bool = Field(description="节假日表里有这一年 · the installed table of holidays knows the year")
    entered: bool = Field(description="主管部门录入过 · a bureau has entered it")
    assumed: bool = Field(description="都没有：只按周末计算，尚属推定 · neither: weekends alone, an assumption")
    version: int
    days_off: list[date]
    workdays: list[date]
    own: OwnDaysAnswer | None


class CalendarEntered(CalendarAnswer):
    """The same after it was entered, and how many running deadlines now end later."""

    moved: int


class NewDays(Body):
    """The year's own days, whole: what is left out is as the table says."""

    days_off: list[Day] = Field(default_factory=list, max_length=MOST)
    workdays: list[Day] = Field(default_factory=list, max_length=MOST)
    reason: str = Field(max_length=4000)


@router.get("/calendar/{year}", response_model=CalendarAnswer)
def read_calendar(year: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """A year's days off and made-up working days, and whether they are known or assumed (public)."""
    shown = calendars.read(ctx, year)
    tag(response, shown["version"])
    return shown


@router.put("/calendar/{year}", response_model=CalendarEntered)
def enter_calendar(year: int, body: NewDays, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Enter a year's days over the table, also for one that it does not know (secretary, administrator).

    A deadline that would end on a day now off ends with the next working day; no other that was told moves.
    """
    moved = calendars.enter(ctx, year, Days(body.days_off, body.workdays, body.reason), version=version)
    shown = calendars.read(ctx, year)
    tag(response, shown["version"])
    return {**shown, "moved": moved}
